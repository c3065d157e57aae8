"""Turn one resolution of a contact map into sparse triples."""

from dataclasses import replace

from counterpoise.files import read_json
from counterpoise.ingest.download import name_url_in_errors
from counterpoise.ingest.pixels import write_triples
from counterpoise.ingest.reader_interface import SourceInfo
from counterpoise.jobs.command import parser, run
from counterpoise.process import Progress, say


def main() -> None:
    args = parser(__doc__, "record", "pixels", "bins", "source").parse_args()
    settings = args.settings
    info = replace(SourceInfo.from_dict(read_json(args.record)), uri=settings["uri"])
    paths = {"pixels": args.pixels, "bins": args.bins, "source": args.source}
    url, resolution = settings.get("url"), settings["resolution"]
    with name_url_in_errors(url):
        record = write_triples(info, resolution, paths, settings["hic_engine"], Progress(), url)
    say(f"{record['nnz']:,} pixels, {record['contacts']:,} contacts. {'; '.join(record['notes'])}")


run(main)
