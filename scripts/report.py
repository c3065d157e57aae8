"""Write a cohort's summary.tsv, samples.tsv and report.html from its results."""

from counterpoise.jobs.command import parse, run


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.report import ReportJob

    args = parse(__doc__, ReportJob, "root", "summary", "samples", "report")
    args.job.run(args.root, args.summary, args.samples, args.report)


run(main)
