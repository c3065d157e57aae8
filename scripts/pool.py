"""Sum the bias of the samples of a group."""

from counterpoise.jobs.command import parse, run


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.prior import PoolJob

    args = parse(__doc__, PoolJob, "root", "resolution", "method", "output")
    args.job.run(args.root, args.resolution, args.method, args.output)


run(main)
