"""Download a source package from PyPI with pip and check its SHA-256."""

from counterpoise.jobs.command import parse, run


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.inputs import SdistJob

    args = parse(__doc__, SdistJob, "package", "output")
    args.job.run(args.package, args.output)


run(main)
