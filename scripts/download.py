"""Download a contact map, or find that the downloaded file is still current."""

from counterpoise.jobs.command import parse, run


def main() -> None:
    """Run the job of the command line."""
    from counterpoise.jobs.inputs import DownloadJob

    args = parse(__doc__, DownloadJob, "output")
    args.job.run(args.output)


run(main)
