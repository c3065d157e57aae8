"""Maps whose bins share a bias from sample to sample, as those of one protocol do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import counterpoise as cp
from counterpoise.contacts.bins import BinTable
from tests.support.coolers import write_cool

BINS = BinTable.fixed(("chr1", "chr2"), (90_000, 60_000), 1000)


def draw_biased(depth: float, seed: int, bins: BinTable = BINS) -> cp.Contacts:
    """Draw a map of about this many contacts a bin; the bias is the same for all seeds."""
    n = len(bins)
    bias = np.exp(np.random.default_rng(0).normal(0, 0.3, n))
    distance = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    mean = np.outer(bias, bias) / (distance + 2)
    mean *= depth / mean.sum(axis=1).mean()
    upper = np.triu(np.random.default_rng(seed).poisson(mean))
    row, column = upper.nonzero()
    chunk = row.astype(np.int32), column.astype(np.int32), upper[row, column]
    return cp.Contacts.from_chunks(bins, [chunk], {})


def write_biased(
    path: Path, depth: float, seed: int, bins: BinTable = BINS, **columns: NDArray[np.float64]
) -> None:
    """Write such a map as a cooler; the columns are those of its bins."""
    contacts = draw_biased(depth, seed, bins)
    pixels = (contacts.rows, contacts.columns.astype(np.int32), contacts.counts)
    write_cool(path, bins, pixels, **columns)
