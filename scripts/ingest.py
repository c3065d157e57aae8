"""Read one resolution of a contact map and write its pixels, bins and source record."""

from counterpoise.jobs.command import parse, run
from counterpoise.store.paths import MapFiles


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.ingest import IngestJob

    args = parse(__doc__, IngestJob, "record", "state", "map", "finer")
    finer = MapFiles(*args.finer) if args.finer else None
    args.job.run(args.record, args.state, MapFiles(*args.map), finer)


run(main)
