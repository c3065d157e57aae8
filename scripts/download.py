"""Fetch a contact map from a web server, or find that the one fetched before is still the same."""

from counterpoise.cohort.config import address_of
from counterpoise.ingest.download import download
from counterpoise.jobs.command import parser, run
from counterpoise.process import Progress, say


def main() -> None:
    args = parser(__doc__, "output").parse_args()
    download(address_of(args.settings["key"]), args.output, say, Progress(10.0, "bytes"))


run(main)
