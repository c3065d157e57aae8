"""Take one file out of a source package."""

from counterpoise.jobs.command import parse, run
from counterpoise.jobs.inputs import ExtractJob


def main() -> None:
    """Run the job of the command line."""
    args = parse(__doc__, ExtractJob, "archive", "output")
    args.job.run(args.archive, args.output)


run(main)
