"""Write the yeast map of the demo, as .cool or .hic."""

from counterpoise.jobs.command import parse, run


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.inputs import YeastJob

    args = parse(__doc__, YeastJob, "matrix", "bed", "output")
    args.job.run(args.matrix, args.bed, args.output)


run(main)
