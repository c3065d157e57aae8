"""Sum a map from a finer one of the same sample, whose pixels were read and checked before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow.parquet as pq

from counterpoise.contacts.bins import format_base_pairs
from counterpoise.contacts.contact_map import Chunk
from counterpoise.errors import InputError, strip_credentials
from counterpoise.ingest.coarsen import coarse_bins, coarsen
from counterpoise.ingest.pixel_checks import Tally
from counterpoise.ingest.read import CheckedMap
from counterpoise.ingest.reader_interface import SourceInfo
from counterpoise.store.paths import MapFiles
from counterpoise.store.pixels import read_bins, read_row_groups
from counterpoise.store.source_record import read_source

# What a record says of a map that is as true of the sums of its pixels.
CARRIED = ("uri", "format", "engine", "assembly", "identity")
CARRIED_IF_ANY = ("chromosomes", "circular", "members", "thinned")


@contextmanager
def open_sum(finer: MapFiles, resolution: int) -> Iterator[CheckedMap]:
    """Open a map whose pixels are summed from a finer map.

    Parameters
    ----------
    finer : MapFiles
        The finer map.
    resolution : int
        Bin size in base pairs, a multiple of that of the finer map.

    Yields
    ------
    CheckedMap
    """
    source = read_source(finer.source)
    bins, mapping = coarse_bins(read_bins(finer.bins), resolution)
    record = {
        **{key: source[key] for key in CARRIED},
        **{key: source[key] for key in CARRIED_IF_ANY if key in source},
        "resolution": resolution,
        "coarsened_from": source["resolution"],
        "group": None,
        "bins": len(bins),
        "column_attributes": {},
        "notes": [f"summed from the map of {format_base_pairs(source['resolution'])}"],
    }
    with pq.ParquetFile(finer.pixels) as file:

        def chunks() -> Iterator[Chunk]:
            return coarsen(read_row_groups(file), mapping, len(bins))

        yield CheckedMap(bins, chunks, Tally(contacts=source["contacts"]), None, record)


@contextmanager
def open_sum_of_source(info: SourceInfo, finer: MapFiles, resolution: int) -> Iterator[CheckedMap]:
    """Do what ``open_sum`` does, if the finer map was read from this source.

    Parameters
    ----------
    info : SourceInfo
        What the source holds.
    finer : MapFiles
        The finer map.
    resolution : int
        Bin size in base pairs, a multiple of that of the finer map.

    Yields
    ------
    CheckedMap

    Raises
    ------
    InputError
        If the finer map was read from another content of the source.
    """
    if read_source(finer.source)["identity"] != info.identity:
        raise InputError(
            finer.source,
            f"belongs to another content of {strip_credentials(info.uri)}.",
            "Delete it and run the workflow again.",
        )
    with open_sum(finer, resolution) as reading:
        reading.record["uri"] = strip_credentials(info.uri)
        yield reading
