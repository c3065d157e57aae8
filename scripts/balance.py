"""Balance a map with a method."""

from counterpoise.jobs.command import parse, run
from counterpoise.store.paths import MapFiles, RunFiles


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.balance import BalanceJob

    options = ("map", "mask", "run", "threads", "memory-mb", "sample", "prior", "applied")
    args = parse(__doc__, BalanceJob, *options)
    args.job.run(
        MapFiles(*args.map),
        args.mask,
        RunFiles(*args.run),
        threads=args.threads,
        memory_mb=args.memory_mb,
        sample=args.sample,
        prior=args.prior,
        applied=args.applied,
    )


run(main)
