"""Filter the bins of a map."""

from counterpoise.jobs.command import parse, run
from counterpoise.store.paths import MapFiles


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.mask import MaskJob

    args = parse(__doc__, MaskJob, "map", "output")
    args.job.run(MapFiles(*args.map), args.output)


run(main)
