"""Give a sample the bins that its group keeps."""

from counterpoise.jobs.command import parse, run
from counterpoise.store.paths import MapFiles


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.shared_mask import FinalMaskJob

    args = parse(__doc__, FinalMaskJob, "map", "mask", "group-mask", "output")
    args.job.run(MapFiles(*args.map), args.mask, args.group_mask, args.output)


run(main)
