"""Look into a contact map: format, levels, SHA-256; fails early where it is none."""

from dataclasses import asdict

from counterpoise.errors import without_credentials
from counterpoise.files import write_json
from counterpoise.ingest import inspect_source
from counterpoise.script import parser, run


def main() -> None:
    args = parser(__doc__, "output").parse_args()
    found = inspect_source(args.settings["uri"], args.settings["hic_engine"])
    # The record names no secrets of a signed address; the ingest job is told the address itself.
    write_json(args.output, {**asdict(found), "uri": without_credentials(found.uri)})


run(main)
