"""Take the bias of a prior from a file."""

from counterpoise.jobs.command import parse, run


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.prior import FilePriorJob

    args = parse(__doc__, FilePriorJob, "output", "threads")
    args.job.run(args.output, threads=args.threads)


run(main)
