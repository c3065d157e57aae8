"""Draw a cohort's samples side by side at one resolution."""

from counterpoise.jobs.command import parse, run


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.compare import CompareJob

    args = parse(__doc__, CompareJob, "root", "resolution", "output")
    args.job.run(args.root, args.resolution, args.output)


run(main)
