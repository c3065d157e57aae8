"""Sum a map into larger bins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Chunk
from counterpoise.native import call

CHUNK_PIXELS = 1 << 20  # as many as a row group of pixels.parquet holds


def coarse_bins(bins: BinTable, resolution: int) -> tuple[BinTable, NDArray[np.int32]]:
    """Return the bin table of a coarser resolution and the coarse bin of each fine bin.

    Bins are only merged with bins of the same chromosome.

    Parameters
    ----------
    bins : BinTable
        Fine bins of one size.
    resolution : int
        Coarse bin size in base pairs, a multiple of ``bins.resolution``.

    Returns
    -------
    coarse : BinTable
        Coarse bins, without extra columns.
    mapping : ndarray of int32, shape (len(bins),)
        Coarse bin of each fine bin.

    Raises
    ------
    ValueError
        If ``resolution`` is not a multiple of the fine bin size.
    """
    if not bins.resolution or resolution % bins.resolution:
        raise ValueError(f"{resolution} is not a multiple of {bins.resolution}")
    coarse = BinTable.fixed(bins.chromosomes, bins.lengths.tolist(), resolution)
    first = np.repeat(coarse.offsets[:-1], np.diff(bins.offsets))
    return coarse, (first + bins.start // resolution).astype(np.int32)


def coarsen(
    chunks: Iterable[Chunk], mapping: NDArray[np.int32], n: int, pixels: int = CHUNK_PIXELS
) -> Iterator[Chunk]:
    """Sum pixels into coarse pixels.

    Memory holds a chunk, a coarse row and the pixels of a coarse chunk.

    Parameters
    ----------
    chunks : iterable of (bin1, bin2, count)
        Pixels of fine bins, sorted by row; a row may continue in the next chunk.
    mapping : ndarray of int32
        Coarse bin of each fine bin.
    n : int
        Number of coarse bins.
    pixels : int
        Number of pixels up to which the sums of several chunks are passed on together.

    Yields
    ------
    bin1, bin2 : ndarray of int32
        Coarse bins, sorted; no row is split between chunks.
    count : ndarray of int64 or float64
        Sums of counts, added in the order of the fine pixels.
    """
    summing: _Summing | None = None
    pending: list[Chunk] = []
    for bin1, bin2, count in chunks:
        kind = np.float64 if count.dtype.kind == "f" else np.int64
        summing = summing or _Summing(mapping, n, np.dtype(kind))
        piece = summing.add(bin1, bin2, count)
        if sum(len(other[0]) for other in (*pending, piece)) > pixels:
            yield from _join(pending)
            pending = []
        pending.append(piece)
    if summing is not None:
        yield from _join([*pending, summing.finish()])


class _Summing:
    """The coarse row that is being summed, for the native library.

    Parameters
    ----------
    mapping : ndarray of int32
        Coarse bin of each fine bin.
    n : int
        Number of coarse bins.
    kind : numpy.dtype
        Type of the sums: int64 or float64.
    """

    def __init__(self, mapping: NDArray[np.int32], n: int, kind: np.dtype[Any]) -> None:
        self._mapping, self._kind = mapping, kind
        words = -(-n // 64)
        self._arrays = np.zeros(words, np.uint64), np.zeros(-(-words // 64), np.uint64)
        self._sums = np.zeros(n, kind)
        addresses = [array.ctypes.data for array in (*self._arrays, self._sums)]
        self._row = np.array([-1, 0, *addresses], np.int64)  # the structure Row of coarsening.c

    def add(self, bin1: NDArray[Any], bin2: NDArray[Any], count: NDArray[Any]) -> Chunk:
        """Add pixels, and return the coarse rows that are finished."""
        return self._call(bin1, bin2, count, last=False)

    def finish(self) -> Chunk:
        """Return the last coarse row."""
        none = np.empty(0, np.int32)
        return self._call(none, none, none, last=True)

    def _call(
        self, bin1: NDArray[Any], bin2: NDArray[Any], count: NDArray[Any], *, last: bool
    ) -> Chunk:
        capacity = len(bin1) + int(self._row[1])
        first, second = np.empty(capacity, np.int32), np.empty(capacity, np.int32)
        sums = np.empty(capacity, self._kind)
        written = call(
            "coarsen_pixels",
            np.ascontiguousarray(bin1, np.int32),
            np.ascontiguousarray(bin2, np.int32),
            np.ascontiguousarray(count, self._kind),
            int(self._kind == np.float64),
            len(bin1),
            self._mapping,
            self._row,
            int(last),
            first,
            second,
            sums,
        )
        return first[:written].copy(), second[:written].copy(), sums[:written].copy()


def _join(pieces: list[Chunk]) -> Iterator[Chunk]:
    """Yield pieces as one chunk, if they have pixels."""
    if any(len(piece[0]) for piece in pieces):
        bin1, bin2, count = (np.concatenate(columns) for columns in zip(*pieces, strict=True))
        yield bin1, bin2, count
