"""Draw a cohort's samples side by side at one resolution."""

from counterpoise.jobs.command import parse, run
from counterpoise.jobs.compare import CompareJob


def main() -> None:
    """Run the job of the command line."""
    args = parse(__doc__, CompareJob, "root", "resolution", "output")
    args.job.run(args.root, args.resolution, args.output)


run(main)
