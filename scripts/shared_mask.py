"""Count the samples of a group that keep each bin."""

from counterpoise.jobs.command import parse, run
from counterpoise.store.paths import GroupMaskFiles


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.shared_mask import SharedMaskJob

    args = parse(__doc__, SharedMaskJob, "root", "group", "resolution", "shared")
    args.job.run(args.root, args.group, args.resolution, GroupMaskFiles(*args.shared))


run(main)
