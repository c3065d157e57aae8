"""Sort pixels by row and column and add up those of the same bins, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.contact_map import CHUNK_PIXELS, Chunk, add_row_sizes
from counterpoise.files import scratch_space

RUN_PIXELS = 1 << 22  # pixels that memory sorts at a time


def sort_pixels(
    chunks: Iterable[Chunk],
    n: int,
    folder: Path,
    run_pixels: int = RUN_PIXELS,
    chunk_pixels: int = CHUNK_PIXELS,
) -> Iterator[Chunk]:
    """Sort pixels, and add up the counts of the same pair of bins.

    Sorted runs go to scratch files, which are then merged a block of rows at a time. Memory holds
    a run and the sums of a chunk.

    Parameters
    ----------
    chunks : iterable of (bin1, bin2, count)
        Pixels of the upper triangle in any order.
    n : int
        Number of bins.
    folder : Path
        Folder of the scratch files, 16 bytes a pixel; the caller removes it.
    run_pixels : int
        Number of pixels from which on a run is sorted and written.
    chunk_pixels : int
        Number of pixels up to which rows are merged together.

    Yields
    ------
    bin1, bin2 : ndarray of int32
        Bin numbers, sorted by (bin1, bin2), each pair once; no row is split between chunks.
    count : ndarray of int64 or float64
        Sums of counts; float64 if any count is a floating-point number. The order in which
        fractions are added is that of ``chunks``.
    """
    runs = _Runs(folder, n)
    pending: list[Chunk] = []
    size = 0
    for chunk in chunks:
        pending.append(chunk)
        size += len(chunk[0])
        if size >= run_pixels:
            runs.append(pending)
            pending, size = [], 0
    runs.append(pending)
    yield from runs.merge(chunk_pixels)


class _Runs:
    """Sorted runs of pixels in scratch files, and the number of pixels in each row of all."""

    def __init__(self, folder: Path, n: int) -> None:
        self._folder, self._n = folder, n
        self._runs: list[Chunk] = []
        self._per_row = np.zeros(n + 1, np.int64)
        self._bytes = 0

    def append(self, pieces: list[Chunk]) -> None:
        """Sort some pixels and write them as a run, which is then read where it lies."""
        if not any(len(bin1) for bin1, _, _ in pieces):
            return
        run = _sum_pixels(pieces, self._n)
        add_row_sizes(self._per_row, run[0])
        stored = []
        with scratch_space(self._folder.parent, lambda: self._bytes):
            for number, column in enumerate(run):
                path = self._folder / f"run{len(self._runs)}_{number}.npy"
                np.save(path, column)
                stored.append(np.load(path, mmap_mode="r"))
                self._bytes += column.nbytes
        bin1, bin2, count = stored
        self._runs.append((bin1, bin2, count))

    def merge(self, pixels: int) -> Iterator[Chunk]:
        """Yield the sums of all runs, about so many pixels at a time."""
        ends = np.cumsum(self._per_row)
        cuts = np.searchsorted(ends, np.arange(0, ends[-1], pixels)).tolist()
        for first, last in pairwise(dict.fromkeys([*cuts, self._n])):
            pieces = [piece for run in self._runs if len((piece := _rows(run, first, last))[0])]
            if pieces:
                yield _sum_pixels(pieces, self._n)


def _rows(run: Chunk, first: int, last: int) -> Chunk:
    """Return the pixels of the rows from ``first`` to ``last`` (exclusive) of a run."""
    limits = np.array([first, last], np.int32)  # of the type of the column, which is not copied
    inside = slice(*np.searchsorted(run[0], limits).tolist())
    bin1, bin2, count = (np.asarray(column[inside]) for column in run)
    return bin1, bin2, count


def _sum_pixels(pieces: list[Chunk], n: int) -> Chunk:
    """Return the pixels of several pieces, sorted, with the sums of their counts."""
    is_float = any(count.dtype.kind == "f" for _, _, count in pieces)
    count = np.concatenate([c for _, _, c in pieces], dtype=np.float64 if is_float else np.int64)
    keys = np.concatenate([bin1.astype(np.int64) * n + bin2 for bin1, bin2, _ in pieces])
    # A stable sort merges what is sorted already, and keeps the order of the sums.
    order = np.argsort(keys, kind="stable")
    keys, count = keys[order], count[order]
    starts: NDArray[np.intp] = np.flatnonzero(np.diff(keys, prepend=-1))
    sums, keys = np.add.reduceat(count, starts), keys[starts]
    return (keys // n).astype(np.int32), (keys % n).astype(np.int32), sums
