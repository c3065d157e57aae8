"""Choose the bandwidth of a kernel method on each chromosome of a map separately."""

from counterpoise.jobs.command import parse, run
from counterpoise.store.paths import MapFiles


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.bandwidth import BandwidthJob

    args = parse(__doc__, BandwidthJob, "map", "mask", "output", "threads", "memory-mb")
    args.job.run(
        MapFiles(*args.map),
        args.mask,
        args.output,
        threads=args.threads,
        memory_mb=args.memory_mb,
    )


run(main)
