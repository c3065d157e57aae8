"""Log a cohort's results to MLflow and record the outcome."""

from counterpoise.jobs.command import parse, run
from counterpoise.jobs.track import TrackJob


def main() -> None:
    """Run the job of the command line."""
    args = parse(__doc__, TrackJob, "root", "summary", "output")
    args.job.run(args.root, args.summary, args.output)


run(main)
