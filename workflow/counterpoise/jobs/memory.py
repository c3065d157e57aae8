"""Memory of balancing jobs: predicted from the size of a map, and limited by streaming it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq

from counterpoise.balancing.pattern import most_entries
from counterpoise.balancing.support import EXAMINE_LIMIT
from counterpoise.contacts.contact_map import ContactMap
from counterpoise.contacts.selection import Scope
from counterpoise.errors import ConfigError
from counterpoise.methods.base import ExtraMemory
from counterpoise.native import available_threads
from counterpoise.process import MIB
from counterpoise.store.paths import MapFiles
from counterpoise.store.pixels import ROW_GROUP, open_map, read_bin_counts, read_bins, read_map
from counterpoise.store.source_record import read_source

# Bytes of Python and its libraries.
PYTHON_BYTES = 110 * MIB

# Row groups of pixels that memory holds while a map is read, and two more where it streams.
ROW_GROUPS_READING, ROW_GROUPS_STREAMING = 5, 2

# Bytes for each bin: the table and the mask, the rows' offsets, the sums of the blocks, vectors.
BIN_BYTES = 300

# Bytes for each nonzero in memory: its column; in the packed format at most four (one byte where a
# quarter of the band is filled) or, for counts that are no bytes, a column and a double.
COLUMN_BYTES, PACKED_BYTES, PACKED_DOUBLE_BYTES = 4, 4, 10

# Segments of the packed format: a row has at most one for each panel of columns and each kind of
# counts (``native/packed.h``). Bytes of a segment, columns of a panel, kinds of counts.
SEGMENT_BYTES, PANEL, KINDS = 8, 1 << 16, 3

# Nonzeros of a slab. Where a map streams, memory holds the entries of one slab, its packed form and
# one packed form for each thread.
SLAB = 1 << 21

# Bytes for each nonzero of a part whose structure is examined: its pattern, as scipy copies it.
EXAMINED_BYTES = 75

# Bytes for each bin of the largest part, where two maps are drawn from it: 760 were measured.
RESAMPLED_BIN_BYTES = 1200

NO_EXTRA = ExtraMemory()


# The largest count that the packed format keeps in a byte.
LARGEST_BYTE = 255

# Bytes of a stored count in memory.
COUNT_BYTES = {"uint8": 2, "uint16": 2, "int32": 4, "int64": 8}


class Memory(NamedTuple):
    """Memory that a job takes at most.

    Attributes
    ----------
    in_memory : int
        MiB with the map in memory.
    streaming : int
        MiB with the map on disk.
    """

    in_memory: int
    streaming: int


@dataclass(frozen=True)
class MapSize:
    """The figures of a map that decide how much memory it takes.

    Attributes
    ----------
    bins, nonzeros : int
        Bins and stored pixels of the map.
    count_bytes : int
        Bytes of a count in memory: 2, 4 or 8.
    doubles : int
        Upper bound of the nonzeros whose count is above 255 or not integral.
    examined : int
        Upper bound of the nonzeros of a part whose structure may be examined.
    extra : ExtraMemory
        What is kept in addition to the map, of its largest part.
    part_bins, part_nonzeros : int
        Upper bounds of bins and nonzeros of the largest part; 0 where nothing is kept.
    """

    bins: int
    nonzeros: int
    count_bytes: int
    doubles: int
    examined: int
    extra: ExtraMemory = NO_EXTRA
    part_bins: int = 0
    part_nonzeros: int = 0

    @classmethod
    def of(
        cls, bins: int, nonzeros: int, count_type: str, contacts: float, examined: int
    ) -> MapSize:
        """Compute the figures of a map.

        Parameters
        ----------
        bins, nonzeros : int
            Bins and stored pixels of the map.
        count_type : str
            Type of the stored counts, as numpy calls it.
        contacts : float
            Sum of the counts.
        examined : int
            Upper bound of the nonzeros of a part whose structure may be examined.

        Returns
        -------
        MapSize
            The figures, with nothing in addition to the map.
        """
        if count_type.startswith("float"):
            return cls(bins, nonzeros, 8, nonzeros, examined)
        doubles = min(nonzeros, int(contacts) // (LARGEST_BYTE + 1))
        return cls(bins, nonzeros, COUNT_BYTES[count_type], doubles, examined)

    def packed_bytes(self, nonzeros: int) -> int:
        """Return an upper bound of the bytes of some nonzeros, in successive rows, when packed.

        A few rows may have twice the large counts of the average, or twice as many segments.
        """
        share = min(2 * nonzeros / max(self.nonzeros, 1), 1)
        doubles = min(nonzeros, int(self.doubles * share))
        panels = -(-self.bins // PANEL)
        # In the upper triangle a row has half of the panels, its own among them.
        segments = min(nonzeros, int(KINDS * self.bins * share) * (panels + 1) // 2)
        large_counts = doubles * (PACKED_DOUBLE_BYTES - PACKED_BYTES)
        return nonzeros * PACKED_BYTES + large_counts + segments * SEGMENT_BYTES

    @property
    def bytes_in_memory(self) -> int:
        """Return an upper bound of the bytes of balancing with the map in memory."""
        stored = self.nonzeros * (COLUMN_BYTES + self.count_bytes)
        packed = self.packed_bytes(self.nonzeros)
        return self._fixed_bytes() + stored + packed + self.examined * EXAMINED_BYTES

    def bytes_streaming(self, threads: int) -> int:
        """Return an upper bound of the bytes of balancing with the map on disk."""
        entries = ROW_GROUPS_STREAMING * ROW_GROUP + SLAB
        slabs = (1 + threads) * self.packed_bytes(SLAB)
        examined = self.examined * EXAMINED_BYTES
        return self._fixed_bytes() + entries * (COLUMN_BYTES + self.count_bytes) + slabs + examined

    def _fixed_bytes(self) -> int:
        """Return the bytes of Python, the bins, reading, and what is kept in addition."""
        reading = ROW_GROUPS_READING * ROW_GROUP * (2 * COLUMN_BYTES + self.count_bytes)
        return PYTHON_BYTES + self.bins * BIN_BYTES + reading + self._extra_bytes()

    def _extra_bytes(self) -> int:
        """Return the bytes of what is kept of the largest part, and of two maps drawn from it."""
        kept = self.part_bins * self.extra.bin_bytes + self.part_nonzeros * self.extra.pixel_bytes
        if not self.extra.maps:
            return kept
        entries = self.part_nonzeros * (COLUMN_BYTES + 3 * self.count_bytes)
        packed = 2 * self.packed_bytes(self.part_nonzeros)
        return kept + entries + packed + self.part_bins * RESAMPLED_BIN_BYTES


def predict_memory(
    files: MapFiles,
    scope: Scope,
    threads: int,
    extra: ExtraMemory = NO_EXTRA,
    examine_limit: int = EXAMINE_LIMIT,
) -> Memory:
    """Predict the largest memory that balancing a map takes.

    Parameters
    ----------
    files : MapFiles
        The map.
    scope : Scope
        Scope of the balancing.
    threads : int
        Threads of the job.
    extra : ExtraMemory
        What the job keeps in addition to the map.
    examine_limit : int
        Nonzeros of a part up to which its whole pattern is matched.

    Returns
    -------
    Memory
        In MiB.
    """
    record = read_source(files.source)
    pixels = pq.ParquetFile(files.pixels)
    bins, lengths, resolution = read_bin_counts(files.bins)
    nonzeros = pixels.metadata.num_rows
    # The structure of one part at a time is examined.
    examined_bins = bins
    if scope is Scope.CIS and resolution is not None:
        examined_bins = min(bins, max((-(-length // resolution) for length in lengths), default=0))
    examined = min(nonzeros, most_entries(examined_bins, examine_limit))
    size = MapSize.of(bins, nonzeros, record["count_type"], record["contacts"], examined)
    if extra != NO_EXTRA:
        part_bins, part_nonzeros = _bound_largest_part(files, pixels, scope)
        size = replace(size, extra=extra, part_bins=part_bins, part_nonzeros=part_nonzeros)
    return Memory(-(-size.bytes_in_memory // MIB), -(-size.bytes_streaming(threads) // MIB))


def _bound_largest_part(files: MapFiles, pixels: pq.ParquetFile, scope: Scope) -> tuple[int, int]:
    """Return the most bins, and an upper bound of the most pixels, that a part has."""
    bins = read_bins(files.bins)
    nonzeros = pixels.metadata.num_rows
    if scope is not Scope.CIS:
        return len(bins), nonzeros
    # Row groups record which rows they hold. One that chromosomes share counts in full for each.
    row_groups = []
    for number in range(pixels.num_row_groups):
        group = pixels.metadata.row_group(number)
        rows = group.column(0).statistics
        if rows is None or not rows.has_min_max:
            return len(bins), nonzeros
        row_groups.append((rows.min, rows.max, group.num_rows))
    pixels_of_parts = [
        sum(count for first, last, count in row_groups if first < hi and last >= lo)
        for _, lo, hi in bins.chromosome_ranges()
    ]
    return int(np.diff(bins.offsets).max(initial=0)), max(pixels_of_parts, default=0)


def open_map_within(
    files: MapFiles,
    memory_mb: int | None,
    log_progress: Callable[[str], None],
    scope: Scope = Scope.CIS,
    threads: int | None = None,
    extra: ExtraMemory = NO_EXTRA,
) -> ContactMap:
    """Load a map if balancing it in memory stays within the limit, else open it on disk.

    Parameters
    ----------
    files : MapFiles
        The map.
    memory_mb : int or None
        The job's limit in MiB; None for no limit.
    log_progress : callable
        Receives a line about the memory that the job will need.
    scope : Scope
        Scope of the balancing; the default may take most.
    threads : int or None
        Threads of the job; None for all that this process may use.
    extra : ExtraMemory
        What the job keeps in addition to the map.

    Returns
    -------
    ContactMap
        The map, in memory or on disk.

    Raises
    ------
    ConfigError
        If balancing exceeds the limit even with the map on disk.
    """
    predicted = predict_memory(files, scope, threads or available_threads(), extra)
    record = read_source(files.source)
    size = f"{record['bins']:,} bins, {record['nnz']:,} pixels"
    if memory_mb is None or predicted.in_memory <= memory_mb:
        log_progress(f"{size}: needs up to {predicted.in_memory:,} MB of memory")
        return read_map(files)
    if predicted.streaming > memory_mb:
        task, alternative = "balancing", ""
        if extra.maps:
            task = "drawing maps from those of"
            alternative = (
                ", or set bootstrap: 0, scope: cis or, for a kernel method, the default score"
            )
        raise ConfigError(
            f"{task} {size} takes up to {min(predicted):,} MB of memory even when the pixels "
            f"stream from disk, and the job has {memory_mb:,} MB; give its rule more (mem_mb)"
            f"{alternative}."
        )
    log_progress(
        f"{size}: would need up to {predicted.in_memory:,} MB of memory, and the job has "
        f"{memory_mb:,} MB (mem_mb); so the map streams from a scratch file in TMPDIR, with up "
        f"to {predicted.streaming:,} MB of memory; the result is bitwise identical"
    )
    return open_map(files)
