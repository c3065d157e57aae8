"""Draw contacts of a map at random, or sum the pixels of a finer thinned map."""

from counterpoise.jobs.command import parse, run
from counterpoise.store.paths import MapFiles


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.thin import ThinJob

    args = parse(__doc__, ThinJob, "sample", "resolution", "map", "whole", "finer", "least")
    whole, finer = (MapFiles(*files) if files else None for files in (args.whole, args.finer))
    least = args.least[0] if args.least else None
    args.job.run(args.sample, args.resolution, MapFiles(*args.map), whole, finer, least)


run(main)
