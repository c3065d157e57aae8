"""Read one column of an HDF5 table, with its compressed chunks inflated by threads.

h5py inflates on one core and one chunk at a time, and cooler writes chunks of a few thousand
values. Here the locations of all chunks are looked up once, and runs of chunks are read and
inflated in parallel without holding the interpreter's lock. Columns with filters other than gzip
(with or without shuffle) are read by h5py, after a check of all their chunks.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from zlib_ng import zlib_ng

from counterpoise.ingest.hdf5_chunks import GZIP, SHUFFLE, check_chunks, check_length, filters
from counterpoise.native import call

CHUNKS_PER_TASK = 64
MAX_CHUNK_VALUES = 1 << 24  # larger chunks are read by h5py, one at a time
INFLATED = ([GZIP], [SHUFFLE, GZIP])
DAMAGED, TOO_WIDE = 1, 2  # what read_chunks in native/reading.c returns


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
        Return shuffled and compressed int64 as int32, at half the work. A value that does not
        fit is an error.

    Raises
    ------
    OSError
        If h5py has to read the column and one of its chunks is damaged.

    Attributes
    ----------
    dtype : numpy.dtype
        Type of the values that are returned.
    """

    def __init__(self, dataset: h5py.Dataset, narrow: bool = False) -> None:
        self.dataset = dataset
        # HDF5's own descriptor of the open file; pread leaves its position alone.
        self.file: int = dataset.file.id.get_vfd_handle()
        self.filters = filters(dataset)
        self.chunk_locations = _chunk_locations(dataset) if self.filters in INFLATED else None
        if self.chunk_locations is None:
            check_chunks(dataset)
        is_narrow = (
            narrow
            and self.chunk_locations is not None
            and self.filters == [SHUFFLE, GZIP]
            and dataset.dtype == np.dtype("<i8")
        )
        self.dtype = np.dtype(np.int32) if is_narrow else dataset.dtype

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
        outcome = call(
            "read_chunks",
            functions,
            self.file,
            end - start,
            self.chunk_locations[0, start:end],
            self.chunk_locations[1, start:end],
            size,
            self.dataset.dtype.itemsize,
            target.itemsize,
            self.filters == [SHUFFLE, GZIP],
            target,
        )
        if outcome in (DAMAGED, TOO_WIDE):
            self._check_run(start, end)
        if outcome == DAMAGED:  # and yet every chunk inflates
            raise OSError(f"a chunk of {self.dataset.name} cannot be read")
        if outcome == TOO_WIDE:
            self._read_wide_values(start * size, end * size, target)

    def _read_wide_values(self, lo: int, hi: int, target: NDArray[Any]) -> None:
        """Read ``dataset[lo:hi]``, whose chunks are sound, and refuse what is beyond 32 bits.

        Values in the padding of the last chunk do not matter.
        """
        values = self.dataset[lo:hi]
        target[: len(values)] = values
        if (target[: len(values)] != values).any():
            raise ValueError(f"a value between number {lo} and {hi} is beyond 32 bits")

    def _check_run(self, start: int, end: int) -> None:
        """Raise the error about the first damaged chunk from ``start`` to ``end``."""
        assert self.chunk_locations is not None
        size = self.dataset.chunks[0]
        expected = size * self.dataset.dtype.itemsize
        for number in range(start, end):
            position, length = self.chunk_locations[:, number].tolist()
            place = f"{self.dataset.name} from value {number * size:,} on"
            packed = os.pread(self.file, length, position)
            check_length(packed, self.filters, expected, place)


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
