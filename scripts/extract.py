"""Take one file out of a fetched source package."""

from counterpoise.ingest.sdist import extract
from counterpoise.jobs.command import parser, run


def main() -> None:
    args = parser(__doc__, "archive", "member", "output").parse_args()
    extract(args.archive, args.member, args.output)


run(main)
