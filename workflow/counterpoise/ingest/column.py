"""One column of an HDF5 table, its compressed chunks inflated by threads.

h5py inflates on one core, and a chunk at a time; cooler writes chunks of a few thousand values.
Here the place of every chunk is asked for once and the bytes are read and inflated side by side.
Columns with other filters than gzip (with or without shuffle) are read by h5py as usual.
"""

from __future__ import annotations

import os
from collections.abc import Callable
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
        # HDF5's own descriptor of the open file; pread leaves its position alone.
        self.file: int = dataset.file.id.get_vfd_handle()
        self.narrow = narrow and dataset.dtype == np.dtype("<i8")
        self.filters = _filters(dataset)
        # Where each chunk lies in the file, and its length there.
        self.places: dict[int, tuple[int, int]] | None = None
        if dataset.chunks is not None and self.filters in (GZIP, SHUFFLED_GZIP):
            places: dict[int, tuple[int, int]] = {}
            skipped = []

            def note(chunk: Any) -> None:
                places[chunk.chunk_offset[0]] = (chunk.byte_offset, chunk.size)
                skipped.append(chunk.filter_mask)

            dataset.id.chunk_iter(note)
            # A chunk that was never written holds fill values, and one may have been stored without
            # a filter: h5py knows what to do.
            whole = len(places) == -(-dataset.shape[0] // dataset.chunks[0])
            if whole and not any(skipped) and dataset.dtype.isnative:
                self.places = places

    def start(self, lo: int, hi: int, pool: ThreadPoolExecutor) -> Callable[[], NDArray[Any]]:
        """Begin to read ``dataset[lo:hi]``; the call that is returned waits for it.

        Raises
        ------
        OSError, INFLATE_ERROR, ValueError : (by the returned call) the bytes of a chunk are
            damaged, or a value does not fit.
        """
        if self.places is None or hi <= lo:
            return lambda: np.asarray(self.dataset[lo:hi])
        out = np.empty(hi - lo, np.int32 if self.narrow else self.dataset.dtype)
        size = self.dataset.chunks[0]
        firsts = range(lo - lo % size, hi, size)
        jobs = [
            pool.submit(self._place, firsts[i : i + CHUNKS_A_TASK], out, lo, hi)
            for i in range(0, len(firsts), CHUNKS_A_TASK)
        ]

        def wait() -> NDArray[Any]:
            for job in jobs:
                job.result()
            return out

        return wait

    def _place(self, firsts: range, out: NDArray[Any], lo: int, hi: int) -> None:
        """Inflate the chunks that begin at ``firsts`` into ``out``, which begins at ``lo``.

        The bytes of all of them are put in order at once: a step for each chunk would keep other
        threads waiting for the interpreter.
        """
        assert self.places is not None
        size, stored = firsts.step, self.dataset.dtype
        pieces = []
        for first in firsts:
            offset, length = self.places[first]
            pieces.append(
                isal_zlib.decompress(
                    os.pread(self.file, length, offset), bufsize=size * stored.itemsize
                )
            )
            if len(pieces[-1]) != size * stored.itemsize:
                raise ValueError(f"the chunk of values {first} to {first + size} is cut short")
        raw = np.frombuffer(b"".join(pieces), np.uint8)
        if self.filters == SHUFFLED_GZIP:
            # Byte k of every value of a chunk stands together, the lowest first.
            planes = raw.reshape(len(pieces), stored.itemsize, size)
            fits = self.narrow and not planes[:, out.itemsize :].any()
            width, dtype = (out.itemsize, out.dtype) if fits else (stored.itemsize, stored)
            raw = np.ascontiguousarray(planes[:, :width].transpose(0, 2, 1)).reshape(-1)
            values = raw.view(dtype)
        else:
            values = raw.view(stored)
        a, b = max(firsts[0], lo), min(firsts[-1] + size, hi)
        values = values[a - firsts[0] : b - firsts[0]]
        out[a - lo : b - lo] = values
        if values.dtype != out.dtype and (out[a - lo : b - lo] != values).any():
            raise ValueError(f"a value between number {a} and {b} is beyond 32 bits")


def _filters(dataset: h5py.Dataset) -> list[int]:
    plist = dataset.id.get_create_plist()
    return [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
