"""Sum a map into larger bins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Chunk


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


def coarsen(chunks: Iterable[Chunk], mapping: NDArray[np.int32], n: int) -> Iterator[Chunk]:
    """Sum pixels into coarse pixels.

    Parameters
    ----------
    chunks : iterable of (bin1, bin2, count)
        Sorted pixels of fine bins; no row is split between chunks.
    mapping : ndarray of int32
        Coarse bin of each fine bin.
    n : int
        Number of coarse bins.

    Yields
    ------
    bin1, bin2 : ndarray of int32
        Coarse bins, sorted; no row is split between chunks.
    count : ndarray of int64 or float64
        Sums of counts.
    """
    keys = np.empty(0, np.int64)
    sums: NDArray[Any] = np.empty(0, np.int64)
    for bin1, bin2, count in chunks:
        wide = count.astype(np.float64 if count.dtype.kind == "f" else np.int64)
        new_keys = mapping[bin1].astype(np.int64) * n + mapping[bin2]
        keys, sums = _sum_by_key(np.concatenate([keys, new_keys]), np.concatenate([sums, wide]))
        # Later fine rows may still fall into the last coarse row.
        complete = int(np.searchsorted(keys, keys[-1] // n * n))
        if complete:
            yield *_bins_of_keys(keys[:complete], n), sums[:complete]
            keys, sums = keys[complete:], sums[complete:]
    if len(keys):
        yield *_bins_of_keys(keys, n), sums


def _sum_by_key(
    keys: NDArray[np.int64], values: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return the distinct keys in order, and the sum of the values of each."""
    order = np.argsort(keys, kind="stable")
    keys, values = keys[order], values[order]
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[first], np.add.reduceat(values, first)


def _bins_of_keys(keys: NDArray[np.int64], n: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Split keys ``bin1 * n + bin2`` into their two bins."""
    bin1, bin2 = np.divmod(keys, n)
    return bin1.astype(np.int32), bin2.astype(np.int32)
