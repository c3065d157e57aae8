"""Write what differs between an experiment and its cohort."""

from counterpoise.jobs.command import parse, run


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.differences import DifferencesJob

    args = parse(__doc__, DifferencesJob, "root", "differences", "table")
    args.job.run(args.root, args.differences, args.table)


run(main)
