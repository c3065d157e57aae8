"""Maps on disk: the form in which every job reads contacts.

``pixels.parquet`` (bin1_id, bin2_id, count), ``bins.parquet`` and ``source.json``; see
``docs/outputs.md``. Delta packing makes sorted bins about a byte a pixel, and any analyst can
open the files from pandas, polars or DuckDB.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import (
    Chunk,
    Contacts,
    Entries,
    StoredContacts,
    add_row_sizes,
    narrow_counts,
)
from counterpoise.errors import refuse_other_versions
from counterpoise.store.arrow import bin_columns, strings_to_arrow, to_arrow, to_numpy, write_table
from counterpoise.store.paths import MapFiles
from counterpoise.store.source_record import read_origin

METADATA = "counterpoise"
ROW_GROUP = 1 << 20  # pixels of a row group of pixels.parquet


def write_bins(path: str, bins: BinTable) -> None:
    """Write a bin table, with chromosome lengths and resolution in the schema metadata.

    Parameters
    ----------
    path : str
        Where the Parquet file goes.
    bins : BinTable
        The table; its extra columns are written too.
    """
    extra = {
        name: strings_to_arrow([value.decode() for value in values.tolist()])
        if values.dtype.kind == "S"
        else to_arrow(values)
        for name, values in bins.extra.items()
    }
    lengths = dict(zip(bins.chromosomes, bins.lengths.tolist(), strict=True))
    metadata = {METADATA: json.dumps({"resolution": bins.resolution, "lengths": lengths})}
    write_table(path, {**bin_columns(bins), **extra}, metadata)


def read_bins(path: str) -> BinTable:
    """Read a bin table that ``write_bins`` wrote.

    Parameters
    ----------
    path : str
        The Parquet file.

    Returns
    -------
    BinTable
        The table.
    """
    with refuse_other_versions(path):
        table = pq.ParquetFile(path).read()
        metadata = json.loads(table.schema.metadata[METADATA.encode()])
    columns = {name: table[name].combine_chunks() for name in table.column_names}
    chrom = to_numpy(columns["chrom"].indices)
    names = tuple(metadata["lengths"])
    return BinTable(
        names,
        np.array(list(metadata["lengths"].values()), dtype=np.int64),
        np.searchsorted(chrom, np.arange(len(names) + 1)).astype(np.int64),
        to_numpy(columns["start"]),
        to_numpy(columns["end"]),
        metadata["resolution"],
        {
            name: to_numpy(column)
            for name, column in columns.items()
            if name not in ("chrom", "start", "end")
        },
    )


def read_bin_counts(path: str) -> tuple[int, list[int], int | None]:
    """Read the size of a bin table that ``write_bins`` wrote, and not its bins.

    Parameters
    ----------
    path : str
        The Parquet file.

    Returns
    -------
    bins : int
        Number of bins.
    lengths : list of int
        Lengths of the chromosomes in base pairs.
    resolution : int or None
        Bin size in base pairs; None for unequal bins.
    """
    footer = pq.read_metadata(path)
    metadata = json.loads(footer.schema.to_arrow_schema().metadata[METADATA.encode()])
    return footer.num_rows, list(metadata["lengths"].values()), metadata["resolution"]


def open_map(files: MapFiles) -> StoredContacts:
    """Open a map and leave its pixels on disk.

    Parameters
    ----------
    files : MapFiles
        The files of the map.

    Returns
    -------
    StoredContacts
        The map, whose pixels are read when they are asked for.
    """
    file = pq.ParquetFile(files.pixels)
    bins = read_bins(files.bins)
    ends = np.cumsum(
        [0, *(file.metadata.row_group(g).num_rows for g in range(file.num_row_groups))]
    )
    per_row = np.zeros(len(bins) + 1, dtype=np.int64)
    for group in range(file.num_row_groups):
        rows = file.read_row_group(group, columns=["bin1_id"])
        add_row_sizes(per_row, to_numpy(rows["bin1_id"]))

    reading = Lock()

    @lru_cache(maxsize=2)  # spans are read in order, and one may begin in the group before
    def group_entries(group: int) -> Entries:
        table = file.read_row_group(group, columns=["bin2_id", "count"])
        counts = narrow_counts(to_numpy(table["count"]))
        return to_numpy(table["bin2_id"]).view(np.uint32), counts

    def read(a: int, z: int) -> Entries:
        if a == z:
            return np.empty(0, np.uint32), np.empty(0, np.uint16)
        groups = range(np.searchsorted(ends, a, side="right") - 1, np.searchsorted(ends, z))
        slices = [slice(max(a - ends[group], 0), z - ends[group]) for group in groups]
        with reading:  # a Parquet file is read by one thread at a time
            pieces = [group_entries(group) for group in groups]
        columns = [piece[0][inside] for piece, inside in zip(pieces, slices, strict=True)]
        counts = [piece[1][inside] for piece, inside in zip(pieces, slices, strict=True)]
        return np.concatenate(columns), narrow_counts(np.concatenate(counts))

    holds_counts = pa.types.is_integer(file.schema_arrow.field("count").type)
    return StoredContacts(bins, np.cumsum(per_row), read, read_origin(files.source), holds_counts)


def read_map(files: MapFiles) -> Contacts:
    """Read a map into memory.

    Parameters
    ----------
    files : MapFiles
        The files of the map.

    Returns
    -------
    Contacts
        The map.
    """
    bins, source = read_bins(files.bins), read_origin(files.source)
    with pq.ParquetFile(files.pixels, memory_map=True) as file:

        def chunks() -> Iterator[Chunk]:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group)
                names = ("bin1_id", "bin2_id", "count")
                bin1, bin2, count = (to_numpy(table[name]) for name in names)
                yield bin1, bin2, count

        contacts = Contacts.from_chunks(bins, chunks(), source, file.metadata.num_rows)
    pa.default_memory_pool().release_unused()  # other allocators cannot reuse what the pool keeps
    return contacts
