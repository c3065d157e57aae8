"""Write a cohort's tables, report and files for MultiQC from its results."""

from counterpoise.jobs.command import parse, run
from counterpoise.store.paths import MultiqcFiles


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.report import ReportJob

    args = parse(__doc__, ReportJob, "root", "summary", "samples", "report", "multiqc")
    multiqc = MultiqcFiles(*args.multiqc)
    args.job.run(args.root, args.summary, args.samples, args.report, multiqc)


run(main)
