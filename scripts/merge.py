"""Sum the maps of several samples at one resolution."""

from counterpoise.jobs.command import parse, run
from counterpoise.store.paths import MapFiles


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.merge import MergeJob

    args = parse(__doc__, MergeJob, "root", "resolution", "map")
    args.job.run(args.root, args.resolution, MapFiles(*args.map))


run(main)
