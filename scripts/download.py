"""Download a contact map, or find that the downloaded file is still current."""

from counterpoise.jobs.command import parse, run
from counterpoise.jobs.inputs import DownloadJob


def main() -> None:
    """Run the job of the command line."""
    args = parse(__doc__, DownloadJob, "output")
    args.job.run(args.output)


run(main)
