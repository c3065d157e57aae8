"""Look into a contact map: format, levels, SHA-256; fails early where it is none."""

from dataclasses import asdict

from counterpoise.files import write_json
from counterpoise.ingest.download import name_url_in_errors
from counterpoise.ingest.formats import inspect_source
from counterpoise.jobs.command import parser, run


def main() -> None:
    args = parser(__doc__, "output").parse_args()
    url = args.settings.get("url")
    with name_url_in_errors(url):
        found = inspect_source(args.settings["uri"], args.settings["hic_engine"])
    write_json(args.output, {**asdict(found), "uri": url or found.uri})


run(main)
