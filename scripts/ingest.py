"""Turn one resolution of a contact map into pixels and bins."""

from dataclasses import replace

from counterpoise.files import read_json
from counterpoise.ingest.download import name_url_in_errors
from counterpoise.ingest.pixels import write_map
from counterpoise.ingest.reader_interface import SourceInfo
from counterpoise.jobs.command import add_map, parser, run
from counterpoise.process import Progress, say
from counterpoise.store.paths import MapFiles


def main() -> None:
    arguments = parser(__doc__, "record")
    add_map(arguments)
    args = arguments.parse_args()
    settings = args.settings
    info = replace(SourceInfo.from_dict(read_json(args.record)), uri=settings["uri"])
    url, resolution = settings.get("url"), settings["resolution"]
    with name_url_in_errors(url):
        record = write_map(
            info, resolution, MapFiles(*args.map), settings["hic_engine"], Progress(), url
        )
    say(f"{record['nnz']:,} pixels, {record['contacts']:,} contacts. {'; '.join(record['notes'])}")


run(main)
