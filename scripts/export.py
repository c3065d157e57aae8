"""Write a sample's balanced .mcool from its maps and weights."""

from counterpoise.jobs.command import parse, run


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.export import ExportJob

    args = parse(__doc__, ExportJob, "root", "sample", "output")
    args.job.run(args.root, args.sample, args.output)


run(main)
