"""The memory of balancing jobs: predicted from the size of a map, and kept to by streaming."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow.parquet as pq

from counterpoise.balancing.support import EXAMINE_LIMIT
from counterpoise.contacts.contact_map import (
    ContactMap,
)
from counterpoise.contacts.selection import Scope
from counterpoise.errors import ConfigError
from counterpoise.files import read_json
from counterpoise.native import available_threads
from counterpoise.process import MIB
from counterpoise.store.paths import MapFiles
from counterpoise.store.pixels import METADATA, ROW_GROUP, open_map, read_bins, read_map

# MiB of a job's memory that are not its program's: on a cluster two processes of Snakemake run
# around it.
AROUND = 400


# Python and its libraries.
BASE = 110 * MIB


# Row groups of pixels that memory holds while a map is read, and two more where it streams.
READING, STREAMED = 5, 2


# For each bin: the table and the mask, the rows' places, the sums of the blocks, vectors.
BIN = 300


# For each nonzero in memory: its column; in the packed format at most four bytes (a byte where one
# pixel in four of the band is there) or, for counts that are no bytes, a column and a double.
COLUMN, PACKED, PACKED_DOUBLE = 4, 4, 10


# Segments of the packed format: a row has at most one for each panel of columns and each kind
# of counts (``native/packed.h``).
SEGMENT, PANEL, KINDS = 8, 1 << 16, 3


# Nonzeros of a slab. Where a map streams, memory holds the entries of one slab, its packed form and
# one packed form for each thread.
SLAB = 1 << 21


# For each nonzero of a part whose structure is examined: its pattern, as scipy copies it.
EXAMINED = 75


# For each bin of a part of which two maps are drawn: eight candidates on each, side by side.
DRAWN_BIN = 3400


# The largest count that the packed format keeps in a byte.
LARGEST_BYTE = 255


@dataclass(frozen=True)
class Size:
    """What of a map decides how much memory it takes.

    Attributes
    ----------
    bins, nonzeros : of the whole map.
    count_bytes : of a count in memory: 2, 4 or 8.
    doubles : nonzeros, at most, whose count is above 255 or no whole number.
    examined : nonzeros, at most, of a part whose structure may be examined.
    drawn_bins, drawn : bins and nonzeros, at most, of a part from which other maps are drawn:
        halves for a search, or maps of a bootstrap. 0 for none.
    """

    bins: int
    nonzeros: int
    count_bytes: int
    doubles: int
    examined: int
    drawn_bins: int = 0
    drawn: int = 0

    @classmethod
    def of(cls, bins: int, nonzeros: int, count_type: str, contacts: float, examined: int) -> Size:
        """From the type of the stored counts, as numpy calls it, and their sum."""
        if count_type.startswith("float"):
            return cls(bins, nonzeros, 8, nonzeros, examined)
        count_bytes = {"uint8": 2, "uint16": 2, "int32": 4, "int64": 8}[count_type]
        doubles = min(nonzeros, int(contacts) // (LARGEST_BYTE + 1))
        return cls(bins, nonzeros, count_bytes, doubles, examined)

    def packed(self, nonzeros: int) -> int:
        """Bytes, at most, of the packed format of so many of the nonzeros, in successive rows.

        A few rows may have twice the large counts of the average, or be twice as many for them.
        """
        share = min(2 * nonzeros / max(self.nonzeros, 1), 1)
        doubles = min(nonzeros, int(self.doubles * share))
        panels = -(-self.bins // PANEL)
        # Of the upper triangle a row has half of the panels, its own among them.
        segments = min(nonzeros, int(KINDS * self.bins * share) * (panels + 1) // 2)
        return nonzeros * PACKED + doubles * (PACKED_DOUBLE - PACKED) + segments * SEGMENT

    def always(self) -> int:
        """Bytes for Python, the bins, reading, and what is drawn."""
        reading = READING * ROW_GROUP * (2 * COLUMN + self.count_bytes)
        return BASE + self.bins * BIN + reading + self._drawing()

    def _drawing(self) -> int:
        """Bytes for a part in memory and two maps drawn from it, packed, with their vectors."""
        entries = self.drawn * (COLUMN + 3 * self.count_bytes)
        return entries + 2 * self.packed(self.drawn) + self.drawn_bins * DRAWN_BIN


def needed(size: Size) -> int:
    """Bytes that balancing a map in memory takes at most."""
    stored = size.nonzeros * (COLUMN + size.count_bytes)
    # A part that may be examined is small, and so is its packed form.
    work = max(size.packed(size.nonzeros), size.examined * EXAMINED)
    return size.always() + stored + work


def needed_streaming(size: Size, threads: int) -> int:
    """Bytes that balancing a map takes at most when it streams from disk."""
    entries = (STREAMED * ROW_GROUP + SLAB) * (COLUMN + size.count_bytes)
    slabs = (1 + threads) * size.packed(SLAB)
    return size.always() + entries + slabs + size.examined * EXAMINED


def forecast(files: MapFiles, scope: Scope, threads: int, drawing: bool = False) -> tuple[int, int]:
    """MiB that a job takes at most: with the map in memory, and when it streams from disk.

    ``drawing``: other maps are drawn from parts of it, for a search or a bootstrap.
    """
    record = read_json(files.source)
    pixels = pq.ParquetFile(files.pixels)
    bins = pq.ParquetFile(files.bins)
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
        drawn_bins, drawn = _largest_part(files, pixels, scope)
        size = replace(size, drawn_bins=drawn_bins, drawn=drawn)
    return -(-needed(size) // MIB), -(-needed_streaming(size, threads) // MIB)


def _largest_part(files: MapFiles, pixels: pq.ParquetFile, scope: Scope) -> tuple[int, int]:
    """Bins, and at most so many pixels, of the part that has most of each."""
    bins = read_bins(files.bins)
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
        for _, lo, hi in bins.chromosome_ranges()
    ]
    return int(np.diff(bins.offsets).max(initial=0)), max(rows, default=0)


def open_map_within(
    files: MapFiles,
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
    whole, streaming = forecast(files, scope, threads or available_threads(), drawing)
    record = read_json(files.source)
    size = f"{record['bins']:,} bins, {record['nnz']:,} pixels"
    if memory_mb is None or whole <= memory_mb:
        say(f"{size}: needs up to {whole:,} MB of memory")
        return read_map(files)
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
    return open_map(files)
