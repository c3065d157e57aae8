"""The fast backend: one compiled pass over the upper triangle, in threads, the same bits each time.

The rows are cut into a number of blocks that depends on the map alone, never on the number of
threads. Each block adds into an accumulator of its own and the accumulators are summed in a
fixed order, so every run gives the same bits on any number of threads.

A selection costs no copy of the map: since columns ascend within a row, dropped diagonals, trans
or cis are all the same thing, a later start or an earlier end of each row.
"""

from __future__ import annotations

import copy
from typing import Any

import numba
import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from counterpoise.contacts import Contacts
from counterpoise.selection import Scope, Selection

# More than the cores of a workstation, and few enough that the accumulators stay small.
BLOCKS = 8
MIN_BLOCK = 50_000  # nonzeros below which a further block costs more than it brings


class NumbaOperator:
    """``y = A x`` on the kept bins of a selection, by threads.

    Parameters
    ----------
    threads : how many of the process's threads to use; None for all that numba was given.
    """

    xp = np

    def __init__(
        self, contacts: Contacts, selection: Selection, threads: int | None = None
    ) -> None:
        lo, hi = selection.lo, selection.hi
        bins = contacts.bins
        most = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
        numba.set_num_threads(min(threads or most, most))
        # Where the chromosome of each row ends: cis rows stop there, trans rows begin there.
        # A part that is one chromosome ends where that does.
        border = np.full(hi - lo, hi, dtype=np.int64)
        if selection.scope is not Scope.GENOME and hi - lo == len(bins):
            border = np.repeat(bins.offsets[1:], np.diff(bins.offsets))
        self.starts, self.ends, self.diagonal = _row_bounds(
            contacts.indptr,
            contacts.columns,
            contacts.counts,
            lo,
            border,
            selection.ignore_diags,
            float(selection.diagonal),
            selection.scope is Scope.TRANS,
        )
        self.columns, self.counts, self.lo = contacts.columns, contacts.counts, lo
        self.factor = selection.factor
        self.kept = None if selection.kept.all() else np.flatnonzero(selection.kept)
        self.size = int(np.count_nonzero(selection.kept))
        self.n = hi - lo
        self.blocks = _block_bounds(self.ends - self.starts)
        self.reach = _reach(self.blocks, self.starts, self.ends, self.columns, lo)
        widths = self.reach - self.blocks[:-1]
        self.offsets = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
        self.scratch = np.empty(int(self.offsets[-1]))

    def ones(self) -> NDArray[np.float64]:
        return np.ones(self.size)

    def restricted(self, kept: NDArray[np.bool_]) -> NumbaOperator:
        other = copy.copy(self)
        every = np.arange(self.n) if self.kept is None else self.kept
        other.kept = every[kept]
        other.size = len(other.kept)
        return other

    def product(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        full = x
        if self.kept is not None:
            full = np.zeros(self.n)
            full[self.kept] = x
        if self.factor is not None:
            full = full * self.factor
        y = np.zeros(self.n)
        if len(self.blocks) == 2:
            # Starting threads would take longer than a map of one block does.
            _product_of_one_block(
                self.starts,
                self.ends,
                self.columns,
                self.counts,
                self.diagonal,
                self.lo,
                full,
                y,
            )
            return self._restricted(y)
        _product(
            self.starts,
            self.ends,
            self.columns,
            self.counts,
            self.diagonal,
            self.lo,
            full,
            self.blocks,
            self.reach,
            self.offsets,
            self.scratch,
            y,
        )
        return self._restricted(y)

    def _restricted(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.factor is not None:
            y *= self.factor
        return y if self.kept is None else y[self.kept]


def _block_bounds(per_row: NDArray[np.int64]) -> NDArray[np.int64]:
    """Row bounds of blocks of about equally many nonzeros; int64 [blocks + 1]."""
    done = np.concatenate([[0], np.cumsum(per_row)])
    blocks = int(np.clip(done[-1] // MIN_BLOCK, 1, BLOCKS))
    cuts = np.searchsorted(done, done[-1] * np.arange(1, blocks) / blocks)
    return np.concatenate([[0], cuts, [len(per_row)]]).astype(np.int64)


@njit(cache=True)
def _reach(blocks: Any, starts: Any, ends: Any, columns: Any, lo: int) -> Any:
    """For each block, one past the last column that its rows touch (relative to ``lo``)."""
    reach = blocks[1:].copy()
    for b in range(len(blocks) - 1):
        for i in range(blocks[b], blocks[b + 1]):
            if ends[i] > starts[i]:
                reach[b] = max(reach[b], np.int64(columns[ends[i] - 1]) - lo + 1)
    return reach


@njit(cache=True)
def _row_bounds(
    indptr: Any,
    columns: Any,
    counts: Any,
    lo: int,
    border: Any,
    ignore_diags: int,
    diagonal: float,
    trans: bool,
) -> Any:
    """Start and end of each row's selected off-diagonal entries, and the diagonal's counts."""
    n = len(border)
    starts, ends = np.empty(n, np.int64), np.empty(n, np.int64)
    main = np.zeros(n)
    for i in range(n):
        a, b = indptr[lo + i], indptr[lo + i + 1]
        if ignore_diags == 0 and not trans and a < b and columns[a] == lo + i:
            main[i] = diagonal * counts[a]
        first = lo + i + max(ignore_diags, 1)
        if trans:
            first = max(first, border[i])
        elif b > a and columns[b - 1] >= border[i]:
            b = a + np.searchsorted(columns[a:b], np.uint32(border[i]))
        while a < b and a < indptr[lo + i] + 8 and columns[a] < first:
            a += 1  # few entries lie on the dropped diagonals
        if a < b and columns[a] < first:
            a += np.searchsorted(columns[a:b], np.uint32(first))
        starts[i], ends[i] = a, b
    return starts, ends, main


@njit(cache=True)
def _product_of_one_block(
    starts: Any, ends: Any, columns: Any, counts: Any, diagonal: Any, lo: int, x: Any, y: Any
) -> None:
    shift = np.uint32(lo)
    for i in range(len(y)):
        xi = x[i]
        total = diagonal[i] * xi
        for k in range(starts[i], ends[i]):
            j = columns[k] - shift
            count = np.float64(counts[k])
            total += count * x[j]
            y[j] += count * xi
        y[i] += total


@njit(parallel=True, cache=True)
def _product(
    starts: Any,
    ends: Any,
    columns: Any,
    counts: Any,
    diagonal: Any,
    lo: int,
    x: Any,
    blocks: Any,
    reach: Any,
    offsets: Any,
    scratch: Any,
    y: Any,
) -> None:
    n_blocks = len(blocks) - 1
    n = len(y)
    for b in prange(n_blocks):
        first = blocks[b]
        part = scratch[offsets[b] : offsets[b + 1]]
        part[:] = 0.0
        # Columns count from bin 0 of the genome, the accumulator from the block's first row.
        shift = np.uint32(lo + first)
        seen = x[first:]
        for i in range(first, blocks[b + 1]):
            xi = x[i]
            total = diagonal[i] * xi
            for k in range(starts[i], ends[i]):
                j = columns[k] - shift
                count = np.float64(counts[k])
                total += count * seen[j]
                part[j] += count * xi
            part[i - first] += total
    pieces = min(n_blocks, max(n // 4096, 1))
    for p in prange(pieces):
        a, z = p * n // pieces, (p + 1) * n // pieces
        y[a:z] = 0.0
        for b in range(n_blocks):
            first, last = max(a, blocks[b]), min(z, reach[b])
            for i in range(first, last):
                y[i] += scratch[offsets[b] + i - blocks[b]]
