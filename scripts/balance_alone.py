"""Balance a map without a prior, for the pools of other samples."""

from counterpoise.jobs.command import parse, run
from counterpoise.store.paths import MapFiles, RunFiles


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.prior import AloneJob

    args = parse(__doc__, AloneJob, "map", "mask", "run", "threads", "memory-mb")
    args.job.run(
        MapFiles(*args.map),
        args.mask,
        RunFiles(*args.run),
        threads=args.threads,
        memory_mb=args.memory_mb,
    )


run(main)
