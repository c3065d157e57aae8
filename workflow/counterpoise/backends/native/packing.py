"""Packing a selection of contacts into slabs, in memory or in a scratch file.

The rows are cut into slabs and blocks by a rule that depends on the map alone, never on the number
of threads or the memory. Hence every run gives the same bits, on any number of threads, in memory
or from a scratch file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.native.packed_map import (
    HEADER,
    KINDS,
    PANEL,
    PackedMap,
    PackedSlabs,
    thread_pool,
)
from counterpoise.contacts.contact_map import COUNT_TYPES, ContactMap, StoredContacts
from counterpoise.contacts.selection import Scope, Selection, first_far_columns
from counterpoise.errors import ConfigError
from counterpoise.native import call

# More than the cores of a workstation, and few enough that the accumulators stay small.
BLOCKS = 8
MIN_BLOCK = 50_000  # nonzeros below which a further block costs more than it saves
MAX_SLAB = 1 << 21  # nonzeros of a slab: about 6 MB, what is read at a time from a scratch file
GROUP, LIST = 4, 6  # as in native/packed.h: rows of a group; int64 fields of a list


def pack(
    contacts: ContactMap, selection: Selection, threads: int, max_slab: int = MAX_SLAB
) -> PackedMap:
    """Pack the contacts of a selection, in memory or, if the map is on disk, in a scratch file.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    selection : Selection
        Contacts that count; masked bins stay in.
    threads : int
        Threads that make slabs in memory.
    max_slab : int
        Most nonzeros of a slab.

    Raises
    ------
    ConfigError
        The scratch file does not fit on its disk.
    """
    lo, hi = selection.lo, selection.hi
    cuts, blocks = cut_rows(np.asarray(contacts.indptr[lo : hi + 1]), max_slab)
    packer = SlabPacker(contacts, selection)
    spans = list(pairwise(cuts.tolist()))
    if isinstance(contacts, StoredContacts):
        slabs = _pack_to_file(packer, spans)
    else:
        slabs = _pack_in_memory(packer, spans, threads)
    return PackedMap(packer.main, slabs, blocks, packer.panels)


def cut_rows(
    indptr: NDArray[np.int64], max_slab: int = MAX_SLAB
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cut rows into slabs and slabs into blocks.

    Slabs hold about equally many pixels and begin at a multiple of a group of rows.

    Parameters
    ----------
    indptr : numpy.ndarray
        int64 [rows + 1], where the entries of each row begin.
    max_slab : int
        Most nonzeros of a slab.

    Returns
    -------
    cuts : numpy.ndarray
        int64 [slabs + 1], the first row of each slab, and the number of rows.
    blocks : numpy.ndarray
        int64 [blocks + 1], the first slab of each block, and the number of slabs.
    """
    n, nonzeros = len(indptr) - 1, int(indptr[-1] - indptr[0])
    blocks = int(np.clip(nonzeros // MIN_BLOCK, 1, BLOCKS))
    each = max(-(-nonzeros // blocks // max_slab), 1)
    targets = indptr[0] + nonzeros * np.arange(1, blocks * each) / (blocks * each)
    inner = np.searchsorted(indptr, targets) // GROUP * GROUP
    cuts = np.concatenate([[0], inner, [n]]).astype(np.int64)
    return cuts, np.arange(0, blocks * each + 1, each, dtype=np.int64)


@dataclass(frozen=True)
class MeasuredSlab:
    """A slab whose size is known and whose bytes are yet to be written.

    Attributes
    ----------
    table : numpy.ndarray
        int64, its ``Slab`` of native/packed.h.
    size : int
        Its bytes.
    fill : callable
        ``fill(data)`` writes them into zeros, uint8 [size].
    """

    table: NDArray[np.int64]
    size: int
    fill: Callable[[NDArray[np.uint8]], Any]


class SlabPacker:
    """Packs slabs of a selection, one or several at a time.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    selection : Selection
        Contacts that count.

    Attributes
    ----------
    main : numpy.ndarray
        float64 [n], the main diagonal; filled in as slabs are measured.
    panels : int
        Number of panels of columns.
    """

    def __init__(self, contacts: ContactMap, selection: Selection) -> None:
        self._contacts, self._selection = contacts, selection
        n = selection.hi - selection.lo
        self.panels = -(-n // PANEL)
        self.main = np.zeros(n)
        # Where the chromosome of each row ends: cis rows stop there, trans rows begin there.
        # A part that is one chromosome ends where that does.
        self._border = np.full(n, selection.hi, dtype=np.int64)
        if selection.scope is not Scope.GENOME and n == len(contacts.bins):
            self._border = contacts.bins.chromosome_ends
        self._far = selection.lo + first_far_columns(
            n, selection.ignore_diags, selection.chromosome_ends
        )

    def measure(self, rows: tuple[int, int]) -> MeasuredSlab:
        """Read the entries of rows first to last (exclusive) and measure their slab."""
        first, last = rows
        contacts, selection, lo = self._contacts, self._selection, self._selection.lo
        begin, end = contacts.indptr[lo + first], contacts.indptr[lo + last]
        columns, counts = contacts.entries(begin, end)
        entries = (columns, counts, COUNT_TYPES.index(counts.dtype))
        starts = contacts.indptr[lo + first : lo + last] - begin
        ends = contacts.indptr[lo + first + 1 : lo + last + 1] - begin
        call(
            "row_bounds",
            *entries,
            lo + first,
            last - first,
            self._border[first:last],
            self._far[first:last],
            float(selection.diagonal),
            selection.scope == Scope.TRANS,
            starts,
            ends,
            self.main[first:last],
        )
        table = np.zeros(HEADER + self.panels * KINDS * LIST, np.int64)
        table[:2] = first, last
        chosen = (*entries, lo, selection.hi - lo, starts, ends)
        size = call("measure_slab", *chosen, self.panels, table)
        cursors = np.zeros(self.panels * KINDS * 2, np.int64)
        return MeasuredSlab(
            table, size, lambda data: call("fill_slab", *chosen, table, cursors, data)
        )


def _pack_in_memory(packer: SlabPacker, spans: list[tuple[int, int]], threads: int) -> PackedSlabs:
    """Pack slabs of rows in memory, several at a time."""
    map_over = map if threads == 1 or len(spans) == 1 else thread_pool(threads).map
    slabs = list(map_over(packer.measure, spans))
    sizes = [slab.size for slab in slabs]
    # One array, since the system has large pages for large arrays only.
    ends = np.cumsum(sizes)
    data = np.split(np.zeros(ends[-1], np.uint8), ends[:-1])
    list(map_over(lambda slab, piece: slab.fill(piece), slabs, data))
    return PackedSlabs([slab.table for slab in slabs], sizes, data)


def _pack_to_file(packer: SlabPacker, spans: list[tuple[int, int]]) -> PackedSlabs:
    """Pack slabs of rows one after the other into a file that vanishes with the operator."""
    scratch = tempfile.TemporaryFile(prefix="counterpoise-")  # noqa: SIM115
    tables, sizes = [], []
    for span in spans:
        slab = packer.measure(span)
        tables.append(slab.table)
        sizes.append(slab.size)
        data = np.zeros(slab.size, np.uint8)
        slab.fill(data)
        try:
            scratch.write(data.data)
            scratch.flush()
        except OSError as error:
            raise ConfigError(
                f"the scratch file of the map could not be written after "
                f"{sum(sizes):,} bytes ({error.strerror}); set TMPDIR to a folder with more room "
                f"than {tempfile.gettempdir()}, or give the job more memory (mem_mb)."
            ) from error
    return PackedSlabs(tables, sizes, scratch)
