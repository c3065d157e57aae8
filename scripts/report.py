"""Write a cohort's summary.tsv and report.html from its results."""

from counterpoise.jobs.command import parse, run
from counterpoise.jobs.report import ReportJob


def main() -> None:
    """Run the job of the command line."""
    args = parse(__doc__, ReportJob, "root", "summary", "report")
    args.job.run(args.root, args.summary, args.report)


run(main)
