"""One column of an HDF5 table, its compressed chunks inflated by threads.

h5py inflates on one core, and a chunk at a time; cooler writes chunks of a few thousand values.
Here the place of every chunk is asked for once and the bytes are read and inflated side by side.
Columns with other filters than gzip (with or without shuffle) are read by h5py as usual.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import h5py
import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

READ_THREADS = 2
CHUNKS_A_TASK = 64
GZIP = [h5py.h5z.FILTER_DEFLATE]
SHUFFLED_GZIP = [h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE]

INFLATE_ERROR: Any = isal_zlib.error


class Column:
    """Reads slices of a one-dimensional dataset of numbers.

    Parameters
    ----------
    narrow : give int64 as int32, at half the work where the bytes are shuffled; a value that does
        not fit is an error.
    """

    def __init__(self, dataset: h5py.Dataset, narrow: bool = False) -> None:
        self.dataset = dataset
        self.narrow = narrow and dataset.dtype == np.dtype("<i8")
        self.filters = _filters(dataset)
        self.places: dict[int, tuple[int, int, int]] | None = None
        usual = dataset.chunks is not None and self.filters in (GZIP, SHUFFLED_GZIP)
        if usual and dataset.dtype.isnative:
            places: dict[int, tuple[int, int, int]] = {}

            def note(chunk: Any) -> None:
                first = chunk.chunk_offset[0]
                places[first] = (chunk.byte_offset, chunk.size, chunk.filter_mask)

            dataset.id.chunk_iter(note)
            # A chunk that was never written holds fill values: h5py knows them.
            if len(places) == -(-dataset.shape[0] // dataset.chunks[0]):
                self.places = places

    def read(self, lo: int, hi: int, pool: ThreadPoolExecutor) -> NDArray[Any]:
        """``dataset[lo:hi]``.

        Raises
        ------
        OSError, INFLATE_ERROR, ValueError : the bytes of a chunk are damaged, or a value does not
            fit.
        """
        if self.places is None or hi <= lo:
            return np.asarray(self.dataset[lo:hi])
        out = np.empty(hi - lo, np.int32 if self.narrow else self.dataset.dtype)
        size = self.dataset.chunks[0]
        firsts = range(lo - lo % size, hi, size)
        file = os.open(self.dataset.file.filename, os.O_RDONLY)
        try:
            jobs = [
                pool.submit(self._place, file, firsts[i : i + CHUNKS_A_TASK], out, lo, hi)
                for i in range(0, len(firsts), CHUNKS_A_TASK)
            ]
            for job in jobs:
                job.result()
        finally:
            os.close(file)
        return out

    def _place(self, file: int, firsts: range, out: NDArray[Any], lo: int, hi: int) -> None:
        """Inflate the chunks that begin at ``firsts`` into ``out``, which begins at ``lo``."""
        assert self.places is not None
        size, itemsize = self.dataset.chunks[0], self.dataset.dtype.itemsize
        shuffled = self.filters == SHUFFLED_GZIP
        inflate_bit = 1 << (len(self.filters) - 1)
        for first in firsts:
            offset, length, mask = self.places[first]
            data = os.pread(file, length, offset)
            # A set bit in the mask says that this chunk was stored without that filter.
            if not mask & inflate_bit:
                data = isal_zlib.decompress(data, bufsize=size * itemsize)
            if shuffled and not mask & 1:
                # Byte k of every value stands together, the lowest first.
                planes = np.frombuffer(data, np.uint8).reshape(itemsize, -1)
                fits = self.narrow and not planes[out.itemsize :].any()
                planes = planes[: out.itemsize] if fits else planes
                dtype = out.dtype if fits else self.dataset.dtype
                values = np.ascontiguousarray(planes.T).reshape(-1).view(dtype)
            else:
                values = np.frombuffer(data, self.dataset.dtype)
            a, b = max(first, lo), min(first + size, hi)
            piece = values[a - first : b - first]
            out[a - lo : b - lo] = piece
            if piece.dtype != out.dtype and (out[a - lo : b - lo] != piece).any():
                raise ValueError(f"a value from {first} to {first + size} is beyond 32 bits")


def _filters(dataset: h5py.Dataset) -> list[int]:
    plist = dataset.id.get_create_plist()
    return [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
