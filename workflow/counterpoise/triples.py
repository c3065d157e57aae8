"""Sparse triples on disk: the form in which every job reads a map.

``pixels.parquet`` (bin1_id, bin2_id, count), ``bins.parquet`` and ``source.json``; see
``docs/outputs.md``. Delta packing makes sorted bins about a byte a pixel, and any analyst can
open the files from pandas, polars or DuckDB.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from counterpoise.balancing.support import EXAMINE_LIMIT
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import (
    Chunk,
    ContactMap,
    Contacts,
    Entries,
    StoredContacts,
    solver_counts,
)
from counterpoise.contacts.selection import Scope
from counterpoise.errors import ConfigError
from counterpoise.files import read_json, replacing, write_json
from counterpoise.ingest import open_contacts
from counterpoise.ingest.source import SourceInfo
from counterpoise.memory import ROW_GROUP, Size, needed, needed_streaming
from counterpoise.native import available_threads
from counterpoise.process import MIB
from counterpoise.results import bin_columns, numbers, values_of, words, write_table

METADATA = "counterpoise"


def write_triples(
    info: SourceInfo,
    resolution: int,
    paths: dict[str, str],
    engine: str = "hictkpy",
    progress: Callable[[int, int | None], None] = lambda done, total: None,
    url: str | None = None,
) -> dict[str, Any]:
    """Stream one level of a source into ``paths["pixels"]``, ``["bins"]`` and ``["source"]``.

    Memory stays at a few chunks whatever the size: pixels pass through uncompressed scratch files
    in TMPDIR (12 to 16 bytes a pixel), because the narrowest count type is known only when all
    have been seen.

    Parameters
    ----------
    progress : called with the number of pixels read so far and the total, if known.
    url : where the file was fetched from; recorded in place of its path.

    Returns
    -------
    The record written to ``source.json``.
    """
    with (
        open_contacts(info.uri, resolution, engine, info) as reading,
        tempfile.TemporaryDirectory(prefix="counterpoise-") as scratch,
    ):
        spool = _Spool(Path(scratch))
        for chunk in reading.chunks():
            spool.append(chunk)
            progress(spool.nnz, reading.total)
        with replacing(paths["pixels"]) as temporary:
            _write_pixels(temporary, spool)
        write_bins(paths["bins"], reading.bins)
        record = reading.finished_record(spool.nnz)
        record["count_type"] = str(spool.count_type())
        record["uri"] = url or record["uri"]
        write_json(paths["source"], record)
        return record


class _Spool:
    """Chunks on disk, uncompressed, with what must be known of all of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.nnz = 0
        self.pieces = 0
        self.whole = True
        self.top = 0.0

    def append(self, chunk: Chunk) -> None:
        count = chunk[2]
        if count.dtype.kind == "f" and self.whole:
            self.whole = bool((count == np.floor(count)).all())
        self.top = max(self.top, count.max())
        for name, column in zip("abc", chunk, strict=True):
            np.save(self.folder / f"{self.pieces}{name}.npy", column)
        self.pieces += 1
        self.nnz += len(count)

    def count_type(self) -> np.dtype[Any]:
        """The narrowest of uint8, uint16, int32, int64 for whole counts, else float64."""
        if not self.whole or self.top >= 2**63:
            return np.dtype(np.float64)
        types = (np.uint8, np.uint16, np.int32, np.int64)
        return np.dtype(next(t for t in types if self.top <= np.iinfo(t).max))

    def __iter__(self) -> Iterator[Chunk]:
        for piece in range(self.pieces):
            bin1, bin2, count = (np.load(self.folder / f"{piece}{name}.npy") for name in "abc")
            yield bin1, bin2, count.astype(self.count_type())


def _write_pixels(path: Path, spool: _Spool) -> None:
    count_type = pa.from_numpy_dtype(spool.count_type())
    schema = pa.schema([("bin1_id", pa.int32()), ("bin2_id", pa.int32()), ("count", count_type)])
    delta = {"bin1_id": "DELTA_BINARY_PACKED", "bin2_id": "DELTA_BINARY_PACKED"}
    if not pa.types.is_floating(count_type):
        delta["count"] = "DELTA_BINARY_PACKED"
    with pq.ParquetWriter(
        path, schema, compression="zstd", use_dictionary=False, column_encoding=delta
    ) as writer:
        for columns in spool:
            writer.write_table(
                pa.Table.from_arrays([numbers(c) for c in columns], schema=schema),
                row_group_size=ROW_GROUP,
            )


def write_bins(path: str, bins: BinTable) -> None:
    """The bin table, with chromosome lengths and resolution in the schema metadata."""
    extra = {
        name: words(values.astype(str).tolist()) if values.dtype.kind == "S" else numbers(values)
        for name, values in bins.extra.items()
    }
    lengths = dict(zip(bins.chromosomes, bins.lengths.tolist(), strict=True))
    metadata = {METADATA: json.dumps({"resolution": bins.resolution, "lengths": lengths})}
    write_table(path, {**bin_columns(bins), **extra}, metadata)


def read_bins(path: str) -> BinTable:
    """The bin table that ``write_bins`` wrote."""
    table = pq.ParquetFile(path).read()
    facts = json.loads(table.schema.metadata[METADATA.encode()])
    columns = {name: table[name].combine_chunks() for name in table.column_names}
    chrom = values_of(columns["chrom"].indices)
    names = tuple(facts["lengths"])
    return BinTable(
        names,
        np.array(list(facts["lengths"].values()), dtype=np.int64),
        np.searchsorted(chrom, np.arange(len(names) + 1)).astype(np.int64),
        values_of(columns["start"]),
        values_of(columns["end"]),
        facts["resolution"],
        {
            name: values_of(column)
            for name, column in columns.items()
            if name not in ("chrom", "start", "end")
        },
    )


def forecast(
    paths: dict[str, str], scope: Scope, threads: int, drawing: bool = False
) -> tuple[int, int]:
    """MiB that a job takes at most: with the map in memory, and when it streams from disk.

    ``drawing``: other maps are drawn from parts of it, for a search or a bootstrap.
    """
    record = read_json(paths["source"])
    pixels = pq.ParquetFile(paths["pixels"])
    bins = pq.ParquetFile(paths["bins"])
    nonzeros = pixels.metadata.num_rows
    chromosomes = len(json.loads(bins.schema_arrow.metadata[METADATA.encode()])["lengths"])
    # Of many chromosomes one may be just small enough for its structure to be examined.
    examined = nonzeros if nonzeros <= EXAMINE_LIMIT else 0
    if scope is Scope.CIS and chromosomes > 1:
        examined = min(nonzeros, EXAMINE_LIMIT)
    size = Size.of(
        bins.metadata.num_rows, nonzeros, record["count_type"], record["contacts"], examined
    )
    if drawing:
        drawn_bins, drawn = _largest_part(paths, pixels, scope)
        size = replace(size, drawn_bins=drawn_bins, drawn=drawn)
    return -(-needed(size) // MIB), -(-needed_streaming(size, threads) // MIB)


def _largest_part(paths: dict[str, str], pixels: pq.ParquetFile, scope: Scope) -> tuple[int, int]:
    """Bins, and at most so many pixels, of the part that has most of each."""
    bins = read_bins(paths["bins"])
    nonzeros = pixels.metadata.num_rows
    if scope is not Scope.CIS:
        return len(bins), nonzeros
    # Row groups say which rows they hold; those that a chromosome shares count for it whole.
    of_groups = []
    for number in range(pixels.num_row_groups):
        group = pixels.metadata.row_group(number)
        known = group.column(0).statistics
        if known is None or not known.has_min_max:
            return len(bins), nonzeros
        of_groups.append((known.min, known.max, group.num_rows))
    rows = [
        sum(many for first, last, many in of_groups if first < hi and last >= lo)
        for _, lo, hi in bins.spans()
    ]
    return int(np.diff(bins.offsets).max(initial=0)), max(rows, default=0)


def triples_within(
    paths: dict[str, str],
    memory_mb: int | None,
    say: Callable[[str], None],
    scope: Scope = Scope.CIS,
    threads: int | None = None,
    drawing: bool = False,
) -> ContactMap:
    """The map in memory if balancing it there stays within ``memory_mb``, else left on disk.

    Parameters
    ----------
    memory_mb : the job's limit, MiB; None for no limit.
    say : is told what the job will need.
    scope : of the balancing; the default is the one that may take most.
    threads : None for as many as this process may run on.
    drawing : see ``forecast``.

    Raises
    ------
    ConfigError : even streaming takes more.
    """
    whole, streaming = forecast(paths, scope, threads or available_threads(), drawing)
    record = read_json(paths["source"])
    size = f"{record['bins']:,} bins, {record['nnz']:,} pixels"
    if memory_mb is None or whole <= memory_mb:
        say(f"{size}: needs up to {whole:,} MB of memory")
        return read_triples(paths)
    if streaming > memory_mb:
        least, job, otherwise = min(whole, streaming), "balancing", ""
        if drawing:
            job = "drawing maps from those of"
            otherwise = ", or a bandwidth instead of 'cv', bootstrap: 0 or scope: cis"
        raise ConfigError(
            f"{job} {size} takes up to {least:,} MB of memory even when the pixels stream "
            f"from disk, and the job has {memory_mb:,} MB; give its rule more (mem_mb){otherwise}."
        )
    say(
        f"{size}: would need up to {whole:,} MB of memory, and the job has {memory_mb:,} MB "
        "(mem_mb); so the map streams from a scratch file in TMPDIR, with up "
        f"to {streaming:,} MB of memory; the result is the same, to the bit"
    )
    return open_triples(paths)


def open_triples(paths: dict[str, str]) -> StoredContacts:
    """The map of one sample and resolution, left on disk: see ``StoredContacts``."""
    file = pq.ParquetFile(paths["pixels"])
    bins = read_bins(paths["bins"])
    ends = np.cumsum(
        [0, *(file.metadata.row_group(g).num_rows for g in range(file.num_row_groups))]
    )
    per_row = np.zeros(len(bins) + 1, dtype=np.int64)
    for group in range(file.num_row_groups):
        bin1 = values_of(file.read_row_group(group, columns=["bin1_id"])["bin1_id"])
        lo, hi = int(bin1[0]), int(bin1[-1]) + 1
        per_row[lo + 1 : hi + 1] += np.bincount(bin1 - lo, minlength=hi - lo)

    reading = Lock()

    @lru_cache(maxsize=2)  # runs of entries are asked for in order and may begin in the last group
    def group_entries(group: int) -> Entries:
        table = file.read_row_group(group, columns=["bin2_id", "count"])
        counts = solver_counts(values_of(table["count"]))
        return values_of(table["bin2_id"]).view(np.uint32), counts

    def read(a: int, z: int) -> Entries:
        if a == z:
            return np.empty(0, np.uint32), np.empty(0, np.uint16)
        groups = range(np.searchsorted(ends, a, side="right") - 1, np.searchsorted(ends, z))
        inside = [slice(max(a - ends[group], 0), z - ends[group]) for group in groups]
        with reading:  # a Parquet file is read by one thread at a time
            pieces = [group_entries(group) for group in groups]
        columns = [piece[0][part] for piece, part in zip(pieces, inside, strict=True)]
        counts = [piece[1][part] for piece, part in zip(pieces, inside, strict=True)]
        return np.concatenate(columns), solver_counts(np.concatenate(counts))

    return StoredContacts(bins, np.cumsum(per_row), read, read_json(paths["source"]))


def read_triples(paths: dict[str, str]) -> Contacts:
    """The map of one sample and resolution, from the files that ``write_triples`` wrote."""
    bins, source = read_bins(paths["bins"]), read_json(paths["source"])
    with pq.ParquetFile(paths["pixels"], memory_map=True) as file:

        def chunks() -> Iterator[Chunk]:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group)
                names = ("bin1_id", "bin2_id", "count")
                bin1, bin2, count = (values_of(table[name]) for name in names)
                yield bin1, bin2, count

        contacts = Contacts.from_chunks(bins, chunks(), source, file.metadata.num_rows)
    pa.default_memory_pool().release_unused()  # no other allocator gets at what it keeps
    return contacts
