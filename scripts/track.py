"""Log a cohort's results to MLflow and record the outcome."""

from counterpoise.jobs.command import parse, run


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.track import TrackJob

    args = parse(__doc__, TrackJob, "root", "summary", "samples", "output")
    args.job.run(args.root, args.summary, args.samples, args.output)


run(main)
