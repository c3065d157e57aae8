"""A Hi-C-like map of a given size, written once as a `.cool` file."""

from __future__ import annotations

from pathlib import Path

import cooler
import numpy as np
import pandas as pd
from numpy.typing import NDArray

RESOLUTION = 10_000


def simulated_cool(path: Path, bins: int, nonzeros: int, seed: int = 1) -> Path:
    """Write a map of one chromosome unless it is there already.

    Contacts are drawn until they fall on ``nonzeros`` different pixels: the first end by a bias with
    scatter and a wave, the second at a distance whose density falls as 1 / distance, kept with
    the partner's bias.
    """
    if path.exists():
        return path
    keys, counts = _drawn(bins, nonzeros, np.random.default_rng(seed))
    bin1, bin2 = np.divmod(keys, bins)
    pixels = pd.DataFrame({"bin1_id": bin1, "bin2_id": bin2, "count": counts.astype(np.int32)})
    path.parent.mkdir(parents=True, exist_ok=True)
    table = cooler.binnify(pd.Series({"chr1": bins * RESOLUTION}), RESOLUTION)
    temporary = path.with_suffix(".tmp")
    cooler.create_cooler(str(temporary), table, pixels, ordered=True)
    temporary.rename(path)
    return path


def _drawn(
    bins: int, nonzeros: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sorted pixel numbers (bin1 * bins + bin2) and their counts."""
    bias = np.exp(0.4 * np.sin(np.arange(bins) / 300) + rng.normal(0, 0.4, bins))
    ends = np.cumsum(bias) / bias.sum()
    keys, counts = np.empty(0, np.int64), np.empty(0, np.int64)
    while len(keys) < nonzeros:
        draws = max(nonzeros // 2, 1000)
        first = np.searchsorted(ends, rng.random(draws))
        distance = np.floor(bins ** rng.random(draws)).astype(np.int64) - 1
        second = first + np.where(rng.random(draws) < 0.5, distance, -distance)
        inside = (second >= 0) & (second < bins)
        first, second = first[inside], second[inside]
        kept = rng.random(len(first)) < bias[second] / bias.max()
        low, high = np.minimum(first, second)[kept], np.maximum(first, second)[kept]
        all_keys = np.concatenate([keys, low * bins + high])
        weights = np.concatenate([counts, np.ones(len(low), np.int64)])
        keys, place = np.unique(all_keys, return_inverse=True)
        counts = np.bincount(place, weights=weights).astype(np.int64)
    chosen = np.sort(rng.choice(len(keys), nonzeros, replace=False))
    return keys[chosen], counts[chosen]
