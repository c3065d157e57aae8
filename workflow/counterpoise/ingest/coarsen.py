"""Summing a map into larger bins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Chunk


def coarse_bins(bins: BinTable, resolution: int) -> tuple[BinTable, NDArray[np.int32]]:
    """The bins of a multiple of ``bins.resolution`` and, for each fine bin, its coarse bin.

    Bins of one chromosome only ever join bins of the same chromosome.
    """
    if not bins.resolution or resolution % bins.resolution:
        raise ValueError(f"{resolution} is not a multiple of {bins.resolution}")
    coarse = BinTable.fixed(bins.chromosomes, bins.lengths.tolist(), resolution)
    first = np.repeat(coarse.offsets[:-1], np.diff(bins.offsets))
    return coarse, (first + bins.start // resolution).astype(np.int32)


def coarsened(chunks: Iterable[Chunk], mapping: NDArray[np.int32], n: int) -> Iterator[Chunk]:
    """Sum sorted chunks of whole rows into coarse pixels, again sorted and in whole rows.

    Parameters
    ----------
    mapping : int32 [fine bins], the coarse bin of each.
    n : number of coarse bins.
    """
    keys = np.empty(0, np.int64)
    sums: NDArray[Any] = np.empty(0, np.int64)
    for bin1, bin2, count in chunks:
        wide = count.astype(np.float64 if count.dtype.kind == "f" else np.int64)
        new = mapping[bin1].astype(np.int64) * n + mapping[bin2]
        keys, sums = _summed(np.concatenate([keys, new]), np.concatenate([sums, wide]))
        # Later fine rows may still fall into the last coarse row.
        done = int(np.searchsorted(keys, keys[-1] // n * n))
        if done:
            yield *_split(keys[:done], n), sums[:done]
            keys, sums = keys[done:], sums[done:]
    if len(keys):
        yield *_split(keys, n), sums


def _summed(
    keys: NDArray[np.int64], values: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    order = np.argsort(keys, kind="stable")
    keys, values = keys[order], values[order]
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[first], np.add.reduceat(values, first)


def _split(keys: NDArray[np.int64], n: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    bin1, bin2 = np.divmod(keys, n)
    return bin1.astype(np.int32), bin2.astype(np.int32)
