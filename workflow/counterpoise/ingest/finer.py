"""Sum a map from a finer one of the same source, whose pixels were read and checked before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow.parquet as pq

from counterpoise.contacts.contact_map import Chunk
from counterpoise.errors import InputError, strip_credentials
from counterpoise.ingest.coarsen import coarse_bins, coarsen
from counterpoise.ingest.pixel_checks import Tally
from counterpoise.ingest.read import CheckedMap
from counterpoise.ingest.reader_interface import SourceInfo
from counterpoise.store.arrow import to_numpy
from counterpoise.store.paths import MapFiles
from counterpoise.store.pixels import read_bins
from counterpoise.store.source_record import read_source


@contextmanager
def open_sum(info: SourceInfo, resolution: int, finer: MapFiles) -> Iterator[CheckedMap]:
    """Open a map whose pixels are summed from a finer map.

    Parameters
    ----------
    info : SourceInfo
        What the source holds.
    resolution : int
        Bin size in base pairs, a multiple of that of the finer map.
    finer : MapFiles
        The finer map.

    Yields
    ------
    CheckedMap

    Raises
    ------
    InputError
        If the finer map was read from another content of the source.
    """
    source = read_source(finer.source)
    if source["identity"] != info.identity:
        raise InputError(
            finer.source,
            f"belongs to another content of {strip_credentials(info.uri)}.",
            "Delete it and run the workflow again.",
        )
    bins, mapping = coarse_bins(read_bins(finer.bins), resolution)
    record = {
        "uri": strip_credentials(info.uri),
        "format": info.format,
        "engine": source["engine"],
        "assembly": info.assembly,
        "identity": info.identity,
        "resolution": resolution,
        "coarsened_from": source["resolution"],
        "group": None,
        "bins": len(bins),
        "column_attributes": {},
        "notes": [f"summed from the map of {source['resolution']:,} bp"],
    }
    with pq.ParquetFile(finer.pixels) as file:

        def chunks() -> Iterator[Chunk]:
            return coarsen(_read_pixels(file), mapping, len(bins))

        yield CheckedMap(bins, chunks, Tally(contacts=source["contacts"]), None, record)


def _read_pixels(file: pq.ParquetFile) -> Iterator[Chunk]:
    """Return the pixels of a map, a row group at a time."""
    for group in range(file.num_row_groups):
        table = file.read_row_group(group)
        bin1, bin2, count = (to_numpy(table[name]) for name in ("bin1_id", "bin2_id", "count"))
        yield bin1, bin2, count
