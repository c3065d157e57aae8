"""Draw the figures of the runs of a map."""

from pathlib import Path

from counterpoise.jobs.command import parse, run
from counterpoise.store.paths import MapFiles, RunFiles


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.plot import PlotJob

    args = parse(__doc__, PlotJob, "map", "mask", "verdicts", "outputs", "sample")
    args.job.run(
        MapFiles(*args.map),
        args.mask,
        [RunFiles.in_folder(Path(verdict).parent) for verdict in args.verdicts],
        args.outputs,
        sample=args.sample,
    )


run(main)
