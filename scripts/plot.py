"""Draw the figure of a run."""

from counterpoise.jobs.command import parse, run
from counterpoise.store.paths import MapFiles, RunFiles


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.plot import PlotJob

    args = parse(__doc__, PlotJob, "map", "mask", "run", "output", "sample")
    args.job.run(
        MapFiles(*args.map),
        args.mask,
        RunFiles(*args.run),
        args.output,
        sample=args.sample,
    )


run(main)
