"""Take one file out of a fetched source package."""

from counterpoise.ingest.pypi import extract_member
from counterpoise.jobs.command import parser, run


def main() -> None:
    args = parser(__doc__, "archive", "member", "output").parse_args()
    extract_member(args.archive, args.member, args.output)


run(main)
