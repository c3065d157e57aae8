"""A Hi-C-like map of a given size, written once as a `.cool` file.

python -m benchmarks.simulated OUTPUT BINS NONZEROS
"""

from __future__ import annotations

import sys
from pathlib import Path

import cooler
import numpy as np
import pandas as pd
from numpy.typing import NDArray

RESOLUTION = 10_000
# Steeper beyond the megabase scale, as maps are. The steeper, the more iterations ICE needs: this
# value was chosen for its number of iterations, not fitted to a map (README.md, "The map").
DISTAL = 1.25


def simulated_cool(path: Path, bins: int, nonzeros: int, seed: int = 1) -> Path:
    """Write a map of one chromosome unless it is there already.

    Contacts are drawn until they fall on ``nonzeros`` different pixels: the first end by a bias
    with scatter and a wave, the second at a distance s whose density falls as s**-1.08 up to 7 Mb
    (Lieberman-Aiden et al. 2009) and as s**-DISTAL beyond, kept with the partner's bias.
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
    s = np.arange(1.0, bins + 1)
    knee = 7_000_000 / RESOLUTION
    decay = np.where(s < knee, s**-1.08, knee ** (DISTAL - 1.08) * s**-DISTAL)
    reach = np.cumsum(decay) / decay.sum()
    keys, counts = np.empty(0, np.int64), np.empty(0, np.int64)
    while len(keys) < nonzeros:
        draws = max(nonzeros // 2, 1000)
        first = np.searchsorted(ends, rng.random(draws))
        distance = np.searchsorted(reach, rng.random(draws))
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


if __name__ == "__main__":
    simulated_cool(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
