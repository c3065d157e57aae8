"""Write the simulated map of the demo, whose bias is known."""

from counterpoise.jobs.command import parse, run


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.inputs import SimulateJob

    args = parse(__doc__, SimulateJob, "output")
    args.job.run(args.output)


run(main)
