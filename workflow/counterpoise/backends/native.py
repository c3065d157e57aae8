"""The fast backend: one compiled pass over a compact copy of the map, in threads.

``native/layout.h`` says how the map is laid out. The rows are cut into slabs and blocks by a rule
that looks at the map alone, never at the number of threads or the memory; so every run gives
the same bits, on any number of threads, in memory or from a scratch file.
"""

from __future__ import annotations

import copy
import ctypes
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Lock
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.contact_map import COUNT_TYPES, ContactMap, StoredContacts
from counterpoise.contacts.selection import Scope, Selection
from counterpoise.errors import ConfigError
from counterpoise.native import available_threads, call

# More than the cores of a workstation, and few enough that the accumulators stay small.
BLOCKS = 8
MIN_BLOCK = 50_000  # nonzeros below which a further block costs more than it brings
MAX_SLAB = 1 << 21  # nonzeros of a slab: about 6 MB, what is read at a time from a scratch file

# As in native/layout.h.
GROUP, STEP, LANES, PANEL, KINDS = 4, 64, 8, 1 << 16, 3
WORTH_A_PASS = 4  # vectors; a pass of eight, however few are used, takes as long as about four
HEADER, LIST = 8, 6  # int64 fields of a slab's table and of each of its lists


class NativeOperator:
    """``y = A x`` on the kept bins of a selection.

    Parameters
    ----------
    threads : how many to use; None for as many as this process may run on.

    Attributes
    ----------
    bytes_per_product : bytes of the map that one product reads.
    """

    xp = np

    def __init__(
        self, contacts: ContactMap, selection: Selection, threads: int | None = None
    ) -> None:
        self.kept = None if selection.kept.all() else np.flatnonzero(selection.kept)
        self.size = int(np.count_nonzero(selection.kept))
        self.factor = selection.factor
        self.threads = threads or available_threads()
        self.map = _packed(contacts, selection, self.threads)
        self.bytes_per_product = self.map.bytes

    def ones(self) -> NDArray[np.float64]:
        return np.ones(self.size)

    def restrict(self, kept: NDArray[np.bool_]) -> NativeOperator:
        other = copy.copy(self)
        every = np.arange(self.map.n) if self.kept is None else self.kept
        other.kept = every[kept]
        other.size = len(other.kept)
        return other

    def product(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """A x for one vector [size], or for several [size, k] in passes of up to eight."""
        if x.ndim == 1:
            return self._product(x)
        passes = []
        for first in range(0, x.shape[1], LANES):
            some = x[:, first : first + LANES]
            if some.shape[1] < WORTH_A_PASS:
                passes += [self._product(column)[:, None] for column in some.T]
            else:
                passes.append(self._product(some))
        return np.concatenate(passes, axis=1)

    def _product(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        # Masked bins are zeros of x, and what comes out for them is left out.
        rows = slice(None) if self.kept is None else self.kept
        full = x
        if x.ndim == 2:
            full = np.zeros((self.map.n, LANES))
            full[rows, : x.shape[1]] = x
        elif self.kept is not None:
            full = np.zeros(self.map.n)
            full[rows] = x
        if self.factor is not None:
            # Along the bins, for one vector or several side by side.
            full = (full.T * self.factor).T
        y = self.map.product(np.ascontiguousarray(full, np.float64), self.threads)
        if self.factor is not None:
            y = (y.T * self.factor).T
        return y[rows] if x.ndim == 1 else y[rows, : x.shape[1]]


@cache
def _helpers(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, thread_name_prefix="product")


if hasattr(os, "register_at_fork"):
    # A forked process inherits the pool, but not its threads.
    os.register_at_fork(after_in_child=_helpers.cache_clear)


def _aligned(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """An array that begins at a cache line, as the eight-fold product needs."""
    size = int(np.prod(shape))
    raw = np.empty(size + 8)
    skip = (-raw.ctypes.data % 64) // 8
    return raw[skip : skip + size].reshape(shape)


class _Plan(ctypes.Structure):
    """As in native/product.c."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("tables", "bytes", "places")),
        *((name, ctypes.c_int64) for name in ("file", "panels", "blocks")),
        *((name, ctypes.c_void_p) for name in ("slabs", "first", "reach", "band")),
        *((name, ctypes.c_void_p) for name in ("pairs", "near", "main")),
        *((name, ctypes.c_int64) for name in ("n", "longest")),
    )


class _PackedMap:
    """The compact layout of one part, and the product over it.

    Parameters
    ----------
    main : float64 [n], the diagonal.
    slabs : table (``Slab`` of native/layout.h) and size in bytes of each slab, in the order of
        rows.
    blocks : int64 [blocks + 1], the first slab of each block.
    data : the slabs' bytes, or the file that holds them one after the other.
    """

    def __init__(
        self,
        main: NDArray[np.float64],
        slabs: list[tuple[NDArray[np.int64], int]],
        blocks: NDArray[np.int64],
        panels: int,
        data: list[NDArray[np.uint8]] | IO[bytes],
    ) -> None:
        self.n = len(main)
        sizes = [size for _, size in slabs]
        self.bytes = sum(sizes)
        self.blocks = len(blocks) - 1
        tables = np.array([table[:4] for table, _ in slabs])
        first = tables[blocks[:-1], 0].copy()
        band = np.maximum.reduceat(tables[:, 3], blocks[:-1])
        reach = np.maximum(np.maximum.reduceat(tables[:, 2], blocks[:-1]), band)
        # Kept here, since the plan holds addresses only.
        self._arrays: dict[str, NDArray[Any]] = {
            "tables": _addresses([table for table, _ in slabs]),
            "bytes": _addresses(data if isinstance(data, list) else [None] * len(slabs)),
            "places": np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            "slabs": blocks,
            "first": first,
            "reach": reach,
            "band": band,
            "main": main,
        }
        self.slabs, self._data = slabs, data
        self._near = [np.empty(width) for width in band - first]
        self._arrays["near"] = _addresses(self._near)
        self._sums: dict[int, list[NDArray[np.float64]]] = {}
        self._one_at_a_time = Lock()
        self.file = -1 if isinstance(data, list) else data.fileno()
        self._plan = _Plan(
            file=self.file,
            panels=panels,
            blocks=len(first),
            n=self.n,
            longest=max(sizes),
        )
        for name, array in self._arrays.items():
            setattr(self._plan, name, array.ctypes.data)

    def product(self, x: NDArray[np.float64], threads: int) -> NDArray[np.float64]:
        """A x for contiguous float64 [n] or [n, LANES]; one at a time, for the sums are shared."""
        with self._one_at_a_time:
            return self._product(x, threads)

    def _product(self, x: NDArray[np.float64], threads: int) -> NDArray[np.float64]:
        many = x.ndim == 2
        width = LANES if many else 1
        if width not in self._sums:
            spans = self._arrays["reach"] - self._arrays["first"]
            self._sums[width] = [_aligned((2 * width * span,)) for span in spans]
        pairs = _addresses(self._sums[width])
        self._plan.pairs = pairs.ctypes.data
        y = np.empty_like(x)
        counters = np.zeros(4, np.int64)
        plan = ctypes.addressof(self._plan)

        # An interrupt must not free what a helper still reads, so helpers hold it, too.
        def share(held: Any = (self, pairs)) -> int:
            return call("product", plan, counters, _level(), many, x, y)

        # A map of one block is done before a second thread has started.
        helpers = min(threads, self.blocks) - 1
        others = [_helpers(helpers).submit(share) for _ in range(helpers)]
        done = [share(), *(other.result() for other in others)]
        if not all(done):
            raise OSError("the scratch file of the map could not be read to its end")
        return y


@cache
def _level() -> int:
    return call("processor_level")


def _addresses(arrays: Sequence[NDArray[Any] | None]) -> NDArray[np.uint64]:
    return np.array([0 if array is None else array.ctypes.data for array in arrays], np.uint64)


def _packed(contacts: ContactMap, selection: Selection, threads: int) -> _PackedMap:
    """Lay out the contacts of a selection; slabs are made side by side."""
    lo, hi = selection.lo, selection.hi
    cuts, blocks = _cuts(np.asarray(contacts.indptr[lo : hi + 1]))
    panels = -(-(hi - lo) // PANEL)
    # Where the chromosome of each row ends: cis rows stop there, trans rows begin there.
    # A part that is one chromosome ends where that does.
    border = np.full(hi - lo, hi, dtype=np.int64)
    if selection.scope is not Scope.GENOME and hi - lo == len(contacts.bins):
        border = np.repeat(contacts.bins.offsets[1:], np.diff(contacts.bins.offsets))
    main = np.zeros(hi - lo)

    def measured(span: tuple[int, int]) -> tuple[NDArray[np.int64], int, Callable[..., Any]]:
        """A slab's table, its size in bytes, and what fills them, given as zeros."""
        a, z = span
        begin, end = contacts.indptr[lo + a], contacts.indptr[lo + z]
        columns, counts = contacts.entries(begin, end)
        kind = COUNT_TYPES.index(counts.dtype)
        starts = contacts.indptr[lo + a : lo + z] - begin
        ends = contacts.indptr[lo + a + 1 : lo + z + 1] - begin
        entries = (columns, counts, kind)
        chosen = (selection.ignore_diags, float(selection.diagonal), selection.scope == Scope.TRANS)
        call("row_bounds", *entries, lo + a, z - a, border[a:z], *chosen, starts, ends, main[a:z])
        table = np.zeros(HEADER + panels * KINDS * LIST, np.int64)
        table[:2] = a, z
        rows = (*entries, lo, hi - lo, starts, ends)
        size = call("measure_slab", *rows, panels, table)
        cursors = np.zeros(panels * KINDS * 2, np.int64)
        return table, size, lambda data: call("fill_slab", *rows, table, cursors, data)

    spans = list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True))
    if isinstance(contacts, StoredContacts):
        # One after the other, and kept in a file that vanishes with the operator.
        scratch = tempfile.TemporaryFile(prefix="counterpoise-")  # noqa: SIM115
        slabs = []
        for span in spans:
            table, size, fill = measured(span)
            slabs.append((table, size))
            data = np.zeros(size, np.uint8)
            fill(data)
            try:
                scratch.write(data.data)
                scratch.flush()
            except OSError as error:
                raise ConfigError(
                    f"the scratch file of the map could not be written after "
                    f"{sum(size for _, size in slabs):,} bytes ({error.strerror}); set TMPDIR to a "
                    f"folder with more room than {tempfile.gettempdir()}, or give the job more "
                    "memory (mem_mb)."
                ) from error
        return _PackedMap(main, slabs, blocks, panels, scratch)
    side_by_side = map if threads == 1 or len(spans) == 1 else _helpers(threads).map
    found = list(side_by_side(measured, spans))
    slabs = [(table, size) for table, size, _ in found]
    # One array, since the system has large pages for large ones only.
    ends = np.cumsum([size for _, size in slabs])
    pieces = np.split(np.zeros(ends[-1], np.uint8), ends[:-1])
    list(side_by_side(lambda fill, piece: fill(piece), [fill for _, _, fill in found], pieces))
    return _PackedMap(main, slabs, blocks, panels, pieces)


def _cuts(indptr: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows at which slabs begin (and the end), and the first slab of each block (and the end).

    Slabs hold about equally many pixels and begin at a multiple of a group of rows.
    """
    n, nonzeros = len(indptr) - 1, int(indptr[-1] - indptr[0])
    blocks = int(np.clip(nonzeros // MIN_BLOCK, 1, BLOCKS))
    each = max(-(-nonzeros // blocks // MAX_SLAB), 1)
    wanted = indptr[0] + nonzeros * np.arange(1, blocks * each) / (blocks * each)
    inner = np.searchsorted(indptr, wanted) // GROUP * GROUP
    cuts = np.concatenate([[0], inner, [n]]).astype(np.int64)
    return cuts, np.arange(0, blocks * each + 1, each, dtype=np.int64)
