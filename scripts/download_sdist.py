"""Fetch a source package from PyPI with pip and check its SHA-256."""

from counterpoise.ingest.pypi import download_sdist
from counterpoise.jobs.command import parser, run


def main() -> None:
    args = parser(__doc__, "package", "output").parse_args()
    download_sdist(args.package, args.settings["version"], args.settings["sha256"], args.output)


run(main)
