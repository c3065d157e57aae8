"""Record what a contact map holds: format, resolutions, SHA-256. Fails early if it is none."""

from counterpoise.jobs.command import parse, run


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.inspect import InspectJob

    args = parse(__doc__, InspectJob, "output", "state", "first")
    args.job.run(args.output, args.state, *args.first)


run(main)
