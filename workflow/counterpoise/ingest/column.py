"""One column of an HDF5 table, its compressed chunks inflated by threads.

h5py inflates on one core, and a chunk at a time; cooler writes chunks of a few thousand values.
Here the place of every chunk is asked for once, and runs of chunks are read and inflated side by
side, without the interpreter. Columns with other filters than gzip (with or without shuffle), and
runs in which something is odd, are read by h5py as usual, so that the errors are its own.
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

CHUNKS_A_TASK = 64
MAX_CHUNK = 1 << 24  # values; a header that promises more is damaged, as h5py will say
GZIP = [h5py.h5z.FILTER_DEFLATE]
SHUFFLED_GZIP = [h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE]


@cache
def _inflate() -> NDArray[np.uint64] | None:
    """Addresses of zlib-ng's functions, which inflate pixels two to nine times as fast as zlib's.

    Its interface for Python would take the interpreter's lock twice for every chunk. None where
    the package was built without the functions in sight.
    """
    library = ctypes.CDLL(zlib_ng.__file__)
    names = ("zng_inflateInit2", "zng_inflateReset", "zng_inflate", "zng_inflateEnd")
    if not all(hasattr(library, name) for name in names):
        return None
    pointers = [ctypes.cast(getattr(library, name), ctypes.c_void_p).value for name in names]
    return np.array(pointers, np.uint64)


class Column:
    """Reads slices of a one-dimensional dataset of numbers.

    Parameters
    ----------
    narrow : give int64 as int32, at half the work where the bytes are shuffled; a value that does
        not fit is an error.
    """

    def __init__(self, dataset: h5py.Dataset, narrow: bool = False) -> None:
        self.dataset = dataset
        # HDF5's own descriptor of the open file; pread leaves its position alone.
        self.file: int = dataset.file.id.get_vfd_handle()
        narrow = narrow and dataset.dtype == np.dtype("<i8")
        self.dtype = np.dtype(np.int32) if narrow else dataset.dtype
        self.filters = _filters(dataset)
        # Where each chunk lies in the file, and its length there.
        self.places: NDArray[np.int64] | None = None
        plain = self.filters == GZIP and not narrow
        known = plain or self.filters == SHUFFLED_GZIP
        if dataset.chunks is not None and known and _inflate() is not None:
            found: list[Any] = []
            dataset.id.chunk_iter(found.append)
            # A chunk that was never written holds fill values, and one may have been stored without
            # a filter: h5py knows what to do.
            size = dataset.chunks[0]
            whole = size <= MAX_CHUNK and len(found) == -(-dataset.shape[0] // size)
            if whole and dataset.dtype.isnative and not any(chunk.filter_mask for chunk in found):
                found.sort()  # by chunk_offset
                places = [[chunk.byte_offset for chunk in found], [chunk.size for chunk in found]]
                self.places = np.array(places, np.int64)

    def start(self, lo: int, hi: int, pool: ThreadPoolExecutor) -> Callable[[], NDArray[Any]]:
        """Begin to read ``dataset[lo:hi]``; the call that is returned waits for it.

        Raises
        ------
        OSError, ValueError : (by the returned call) the bytes of a chunk are damaged, or a value
            does not fit.
        """
        if self.places is None or hi <= lo:
            return lambda: np.asarray(self.dataset[lo:hi])
        size = self.dataset.chunks[0]
        first, last = lo // size, -(-hi // size)
        # Whole chunks; what is asked for is a view of them.
        out = np.empty((last - first) * size, self.dtype)
        tasks = range(first, last, CHUNKS_A_TASK)
        jobs = [
            pool.submit(self._place, chunk, min(chunk + CHUNKS_A_TASK, last), out, first)
            for chunk in tasks
        ]

        def wait() -> NDArray[Any]:
            for job in jobs:
                job.result()
            return out[lo - first * size : hi - first * size]

        return wait

    def _place(self, a: int, z: int, out: NDArray[Any], first: int) -> None:
        """Read the chunks from number a to z into ``out``, which begins with chunk ``first``."""
        functions = _inflate()
        assert self.places is not None
        assert functions is not None
        size, stored = self.dataset.chunks[0], self.dataset.dtype
        into = out[(a - first) * size : (z - first) * size]
        if not call(
            "read_chunks",
            functions,
            self.file,
            z - a,
            self.places[0, a:z],
            self.places[1, a:z],
            size,
            stored.itemsize,
            out.itemsize,
            self.filters == SHUFFLED_GZIP,
            into,
        ):
            return
        values = self.dataset[a * size : z * size]
        into[: len(values)] = values
        if (into[: len(values)] != values).any():
            raise ValueError(f"a value between number {a * size} and {z * size} is beyond 32 bits")


def _filters(dataset: h5py.Dataset) -> list[int]:
    plist = dataset.id.get_create_plist()
    return [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
