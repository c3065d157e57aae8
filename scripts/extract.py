"""Take one file out of a source package."""

from counterpoise.jobs.command import parse, run


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.inputs import ExtractJob

    args = parse(__doc__, ExtractJob, "archive", "output")
    args.job.run(args.archive, args.output)


run(main)
