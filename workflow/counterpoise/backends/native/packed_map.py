"""A map in the packed format (``native/packed.h``), and the product with it."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.native import call

# As in native/packed.h.
PANEL, KINDS = 1 << 16, 3
HEADER = 8  # int64 fields of a slab's table before its lists
FIRST, REACH, WINDOW = 0, 2, 3  # fields of a slab's table


@dataclass(frozen=True)
class PackedSlabs:
    """The slabs of a map, in the order of rows.

    Attributes
    ----------
    tables : list of numpy.ndarray
        int64, the table of each slab (``Slab`` of native/packed.h).
    sizes : list of int
        Bytes of each slab.
    data : list of numpy.ndarray, or file
        uint8, the bytes of each slab; or the open file that holds them one after the other.
    """

    tables: list[NDArray[np.int64]]
    sizes: list[int]
    data: list[NDArray[np.uint8]] | IO[bytes]


class _Plan(ctypes.Structure):
    """``Plan`` of native/product.c."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("tables", "bytes", "places")),
        *((name, ctypes.c_int64) for name in ("file", "panels", "blocks")),
        *((name, ctypes.c_void_p) for name in ("slabs", "first", "reach", "band")),
        *((name, ctypes.c_void_p) for name in ("pairs", "near", "main")),
        *((name, ctypes.c_int64) for name in ("n", "longest")),
    )


class PackedMap:
    """A selection of contacts in the packed format, and the product with it.

    Parameters
    ----------
    main : numpy.ndarray
        float64 [n], the main diagonal.
    slabs : PackedSlabs
        The contacts beyond the diagonal.
    blocks : numpy.ndarray
        int64 [blocks + 1], the first slab of each block, and the number of slabs.
    panels : int
        Number of panels of columns.

    Attributes
    ----------
    n : int
        Bins of the selection, masked ones included.
    bytes : int
        Bytes that one product reads.
    """

    def __init__(
        self,
        main: NDArray[np.float64],
        slabs: PackedSlabs,
        blocks: NDArray[np.int64],
        panels: int,
    ) -> None:
        data, in_memory = slabs.data, isinstance(slabs.data, list)
        self.n, self.slabs, self.bytes = len(main), slabs, sum(slabs.sizes)
        self.blocks = len(blocks) - 1
        headers = np.array([table[:HEADER] for table in slabs.tables])
        first = headers[blocks[:-1], FIRST].copy()
        band = np.maximum.reduceat(headers[:, WINDOW], blocks[:-1])
        reach = np.maximum(np.maximum.reduceat(headers[:, REACH], blocks[:-1]), band)
        self._pairs = [np.empty(2 * width) for width in reach - first]
        self._near = [np.empty(width) for width in band - first]
        # Kept here, since the plan holds addresses only.
        self._arrays: dict[str, NDArray[Any]] = {
            "tables": _addresses(slabs.tables),
            "bytes": _addresses(data if isinstance(data, list) else [None] * len(slabs.sizes)),
            "places": np.concatenate([[0], np.cumsum(slabs.sizes)]).astype(np.int64),
            "slabs": blocks,
            "first": first,
            "reach": reach,
            "band": band,
            "main": main,
            "pairs": _addresses(self._pairs),
            "near": _addresses(self._near),
        }
        self._lock = Lock()
        self._plan = _Plan(
            file=-1 if in_memory else data.fileno(),  # type: ignore[union-attr]
            panels=panels,
            blocks=self.blocks,
            n=self.n,
            longest=max(slabs.sizes),
        )
        for name, array in self._arrays.items():
            setattr(self._plan, name, array.ctypes.data)

    def product(
        self, x: NDArray[np.float64], threads: int, level: int | None = None
    ) -> NDArray[np.float64]:
        """Multiply, one call at a time since the sums are shared.

        Parameters
        ----------
        x : numpy.ndarray
            float64 [n], contiguous.
        threads : int
            Number of threads.
        level : int, optional
            Instructions to use: 0 any processor's, 1 AVX2, 2 AVX-512; None for the best that this
            processor has. All give the same bits.

        Raises
        ------
        OSError
            The scratch file cannot be read.
        """
        with self._lock:
            return self._product(x, threads, _processor_level() if level is None else level)

    def _product(self, x: NDArray[np.float64], threads: int, level: int) -> NDArray[np.float64]:
        """Multiply; the caller holds the lock."""
        y = np.empty_like(x)
        counters = np.zeros(4, np.int64)
        plan = ctypes.addressof(self._plan)

        # An interrupt must not free what a helper still reads, so helpers hold it, too.
        def work(reference: PackedMap = self) -> int:
            return call("product", plan, counters, level, x, y)

        # A map of one block is finished before a second thread has started.
        helpers = min(threads, self.blocks) - 1
        futures = [thread_pool(helpers).submit(work) for _ in range(helpers)]
        outcomes = [work(), *(future.result() for future in futures)]
        if not all(outcomes):
            raise OSError("the scratch file of the map could not be read to its end")
        return y


@cache
def thread_pool(count: int) -> ThreadPoolExecutor:
    """Return the pool of threads that all operators share.

    Parameters
    ----------
    count : int
        Number of threads; there is a pool for each number.
    """
    return ThreadPoolExecutor(count, thread_name_prefix="product")


if hasattr(os, "register_at_fork"):
    # A forked process inherits the pool, but not its threads.
    os.register_at_fork(after_in_child=thread_pool.cache_clear)


@cache
def _processor_level() -> int:
    """Return which instructions this processor has: see ``PackedMap.product``."""
    return call("processor_level")


def _addresses(arrays: Sequence[NDArray[Any] | None]) -> NDArray[np.uint64]:
    """Return the address of each array; 0 for None."""
    return np.array([0 if array is None else array.ctypes.data for array in arrays], np.uint64)
