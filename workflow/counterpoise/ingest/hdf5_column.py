"""Read one column of an HDF5 table, with its compressed chunks inflated by threads.

h5py inflates on one core and one chunk at a time, and cooler writes chunks of a few thousand
values. Here the locations of all chunks are looked up once, and runs of chunks are read and
inflated in parallel without holding the interpreter's lock. Columns with filters other than gzip
(with or without shuffle), and runs in which anything is odd, are read by h5py, so that errors are
h5py's own.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from zlib_ng import zlib_ng

from counterpoise.native import call

CHUNKS_PER_TASK = 64
MAX_CHUNK_VALUES = 1 << 24  # a header that promises larger chunks is damaged, as h5py will say
GZIP = [h5py.h5z.FILTER_DEFLATE]
SHUFFLED_GZIP = [h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE]


@cache
def _zlib_functions() -> NDArray[np.uint64] | None:
    """Return the addresses of zlib-ng's C functions; None if the package does not export them.

    zlib-ng inflates pixels two to nine times as fast as zlib. Its Python interface would take
    the interpreter's lock twice for every chunk.
    """
    library = ctypes.CDLL(zlib_ng.__file__)
    names = ("zng_inflateInit2", "zng_inflateReset", "zng_inflate", "zng_inflateEnd")
    if not all(hasattr(library, name) for name in names):
        return None
    pointers = [ctypes.cast(getattr(library, name), ctypes.c_void_p).value for name in names]
    return np.array(pointers, np.uint64)


class Column:
    """A one-dimensional HDF5 dataset of numbers, read in slices.

    Parameters
    ----------
    dataset : h5py.Dataset
        The column; its file must be open.
    narrow : bool, default False
        Return int64 as int32, at half the work where the bytes are shuffled. A value that does
        not fit is an error.

    Attributes
    ----------
    dtype : numpy.dtype
        Type of the values that are returned.
    """

    def __init__(self, dataset: h5py.Dataset, narrow: bool = False) -> None:
        self.dataset = dataset
        # HDF5's own descriptor of the open file; pread leaves its position alone.
        self.file: int = dataset.file.id.get_vfd_handle()
        narrow = narrow and dataset.dtype == np.dtype("<i8")
        self.dtype = np.dtype(np.int32) if narrow else dataset.dtype
        self.filters = _filters(dataset)
        can_inflate = self.filters == SHUFFLED_GZIP or (self.filters == GZIP and not narrow)
        self.chunk_locations = _chunk_locations(dataset) if can_inflate else None

    def start_reading(
        self, lo: int, hi: int, pool: ThreadPoolExecutor
    ) -> Callable[[], NDArray[Any]]:
        """Begin to read ``dataset[lo:hi]``.

        Parameters
        ----------
        lo, hi : int
            First value and end of the slice.
        pool : concurrent.futures.ThreadPoolExecutor
            Threads that inflate.

        Returns
        -------
        callable
            Waits for the threads and returns the values. It raises OSError if the bytes of a
            chunk are damaged, and ValueError if a value does not fit into int32.
        """
        if self.chunk_locations is None or hi <= lo:
            return lambda: np.asarray(self.dataset[lo:hi])
        size = self.dataset.chunks[0]
        first, last = lo // size, -(-hi // size)
        # Whole chunks are read; the result is a view of them.
        values = np.empty((last - first) * size, self.dtype)
        tasks = [
            pool.submit(self._read_chunks, chunk, min(chunk + CHUNKS_PER_TASK, last), values, first)
            for chunk in range(first, last, CHUNKS_PER_TASK)
        ]

        def wait() -> NDArray[Any]:
            for task in tasks:
                task.result()
            return values[lo - first * size : hi - first * size]

        return wait

    def _read_chunks(self, start: int, end: int, values: NDArray[Any], first: int) -> None:
        """Read chunks ``start`` to ``end`` into ``values``, which begin with chunk ``first``."""
        functions = _zlib_functions()
        assert self.chunk_locations is not None
        assert functions is not None
        size = self.dataset.chunks[0]
        target = values[(start - first) * size : (end - first) * size]
        failed = call(
            "read_chunks",
            functions,
            self.file,
            end - start,
            self.chunk_locations[0, start:end],
            self.chunk_locations[1, start:end],
            size,
            self.dataset.dtype.itemsize,
            target.itemsize,
            self.filters == SHUFFLED_GZIP,
            target,
        )
        if failed:
            self._read_with_h5py(start * size, end * size, target)

    def _read_with_h5py(self, lo: int, hi: int, target: NDArray[Any]) -> None:
        """Read ``dataset[lo:hi]`` into ``target``; the last chunk may be partly filled."""
        values = self.dataset[lo:hi]
        target[: len(values)] = values
        if (target[: len(values)] != values).any():
            raise ValueError(f"a value between number {lo} and {hi} is beyond 32 bits")


def _filters(dataset: h5py.Dataset) -> list[int]:
    """Return the numbers of the dataset's filters, in the order in which they are applied."""
    properties = dataset.id.get_create_plist()
    return [properties.get_filter(i)[0] for i in range(properties.get_nfilters())]


def _chunk_locations(dataset: h5py.Dataset) -> NDArray[np.int64] | None:
    """Return the byte at which each chunk begins and its length in the file.

    Returns
    -------
    ndarray of int64, shape (2, number of chunks), or None
        None where h5py has to read: a chunk that was never written holds fill values, and one
        may have been stored without a filter.
    """
    if dataset.chunks is None or _zlib_functions() is None or not dataset.dtype.isnative:
        return None
    chunks: list[Any] = []
    dataset.id.chunk_iter(chunks.append)
    size = dataset.chunks[0]
    is_complete = size <= MAX_CHUNK_VALUES and len(chunks) == -(-dataset.shape[0] // size)
    if not is_complete or any(chunk.filter_mask for chunk in chunks):
        return None
    chunks.sort()  # by chunk_offset
    return np.array(
        [[chunk.byte_offset for chunk in chunks], [chunk.size for chunk in chunks]], np.int64
    )
