"""Draw a cohort's samples side by side at one resolution, and compare all pairs."""

from counterpoise.jobs.command import parse, run


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.compare import CompareJob

    args = parse(__doc__, CompareJob, "root", "output", "concordance")
    args.job.run(args.root, args.output, args.concordance)


run(main)
