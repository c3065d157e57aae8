"""Maps on disk: the form in which every job reads contacts.

``pixels.parquet`` (bin1_id, bin2_id, count), ``bins.parquet`` and ``source.json``; see
``docs/reference/outputs.md``. Delta packing makes sorted bins about a byte a pixel, and any
analyst can open the files from pandas, polars or DuckDB.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from counterpoise.contacts.bins import BinTable, describe_difference
from counterpoise.contacts.contact_map import (
    Chunk,
    Contacts,
    Entries,
    StoredContacts,
    add_row_sizes,
    narrow_counts,
)
from counterpoise.errors import InputError, refuse_other_versions
from counterpoise.store.arrow import bin_columns, strings_to_arrow, to_arrow, to_numpy, write_table
from counterpoise.store.paths import MapFiles
from counterpoise.store.source_record import read_origin

METADATA = "counterpoise"
ROW_GROUP = 1 << 20  # pixels of a row group of pixels.parquet


def write_bins(path: str, bins: BinTable, **record: Any) -> None:
    """Write a bin table, with chromosome lengths and resolution in the schema metadata.

    Parameters
    ----------
    path : str
        Where the Parquet file goes.
    bins : BinTable
        The table; its extra columns are written too.
    **record : object
        Further metadata, as JSON.
    """
    extra = {
        name: strings_to_arrow([value.decode() for value in values.tolist()])
        if values.dtype.kind == "S"
        else to_arrow(values)
        for name, values in bins.extra.items()
    }
    lengths = dict(zip(bins.chromosomes, bins.lengths.tolist(), strict=True))
    record = {"resolution": bins.resolution, "lengths": lengths, **record}
    write_table(path, {**bin_columns(bins), **extra}, {METADATA: json.dumps(record)})


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


def read_common_bins(maps: Mapping[str, MapFiles], sharing: str, remedy: str) -> BinTable:
    """Read the bins of several maps, which must be the same.

    Parameters
    ----------
    maps : mapping of str to MapFiles
        The maps by the names of their samples; at least one.
    sharing : str
        What a sample does with the first one, for the message: ``with which it is merged``.
    remedy : str
        What to do about other bins.

    Returns
    -------
    BinTable
        The bins without further columns.

    Raises
    ------
    InputError
        If the bins of two maps differ; names both samples and the first difference.
    """
    first, *others = maps
    bins = replace(read_bins(maps[first].bins), extra={})
    for name in others:
        if difference := describe_difference(bins, read_bins(maps[name].bins)):
            raise InputError(
                maps[name].bins,
                f"sample {name} has other bins than {first}, {sharing} ({name} is the file, "
                f"{first} the map): {difference}.",
                remedy,
            )
    return bins


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
    record = read_bin_record(path)
    rows = pq.read_metadata(path).num_rows
    return rows, list(record["lengths"].values()), record["resolution"]


def read_bin_record(path: str) -> dict[str, Any]:
    """Read the metadata of a bin table that ``write_bins`` wrote.

    Parameters
    ----------
    path : str
        The Parquet file.

    Returns
    -------
    dict
        ``resolution``, ``lengths`` by chromosome, and the further metadata.
    """
    record: dict[str, Any] = json.loads(pq.read_schema(path).metadata[METADATA.encode()])
    return record


def _read_bins_and_source(files: MapFiles) -> tuple[BinTable, dict[str, Any]]:
    """Read the bins of a map, with the chromosomes that its source record calls circular."""
    source = read_origin(files.source)
    return read_bins(files.bins).with_circular(source.get("circular", ())), source


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
    bins, source = _read_bins_and_source(files)
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
    return StoredContacts(bins, np.cumsum(per_row), read, source, holds_counts)


def read_rows(files: MapFiles, lo: int, hi: int) -> Contacts:
    """Read the pixels between bins of a stretch, and no other row groups than theirs.

    Parameters
    ----------
    files : MapFiles
        The files of the map.
    lo, hi : int
        First bin and end of the stretch.

    Returns
    -------
    Contacts
        A map of the same bins, with these pixels only.
    """
    bins, source = _read_bins_and_source(files)
    with pq.ParquetFile(files.pixels) as file:
        groups = [group for group in range(file.num_row_groups) if _may_hold(file, group, lo, hi)]
        pixels = _pixels_between(read_row_groups(file, groups), lo, hi)
        return Contacts.from_chunks(bins, pixels, source)


def _may_hold(file: pq.ParquetFile, group: int, lo: int, hi: int) -> bool:
    """Tell whether a row group may hold pixels of some rows, by the statistics of Parquet."""
    column = file.metadata.row_group(group).column(file.schema.names.index("bin1_id"))
    rows = column.statistics
    return rows is None or not rows.has_min_max or (rows.min < hi and rows.max >= lo)


def _pixels_between(chunks: Iterator[Chunk], lo: int, hi: int) -> Iterator[Chunk]:
    """Yield the pixels of which both bins are in a stretch."""
    for bin1, bin2, count in chunks:
        inside = (bin1 >= lo) & (bin2 < hi)
        yield bin1[inside], bin2[inside], count[inside]


def read_row_groups(file: pq.ParquetFile, groups: Iterable[int] | None = None) -> Iterator[Chunk]:
    """Read the pixels of a map a row group at a time.

    Parameters
    ----------
    file : pyarrow.parquet.ParquetFile
        The open ``pixels.parquet``.
    groups : iterable of int, optional
        Numbers of the row groups; by default all.

    Yields
    ------
    bin1, bin2 : ndarray of int32
        Bin numbers, sorted by (bin1, bin2); a row may continue in the next chunk.
    count : ndarray
        Counts in the type of the file.
    """
    for group in range(file.num_row_groups) if groups is None else groups:
        table = file.read_row_group(group)
        bin1, bin2, count = (to_numpy(table[name]) for name in ("bin1_id", "bin2_id", "count"))
        yield bin1, bin2, count


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
    bins, source = _read_bins_and_source(files)
    with pq.ParquetFile(files.pixels, memory_map=True) as file:
        pixels = read_row_groups(file)
        contacts = Contacts.from_chunks(bins, pixels, source, file.metadata.num_rows)
    pa.default_memory_pool().release_unused()  # other allocators cannot reuse what the pool keeps
    return contacts
