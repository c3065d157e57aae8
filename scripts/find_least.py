"""Find the sample with the fewest contacts, to which others are thinned."""

from counterpoise.jobs.command import parse, run


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.thin import FindLeastJob

    args = parse(__doc__, FindLeastJob, "root", "output")
    args.job.run(args.root, args.output)


run(main)
