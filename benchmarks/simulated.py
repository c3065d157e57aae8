"""Simulate Hi-C maps of given sizes as `.cool` files under resources/benchmarks/.

python -m benchmarks.simulated MAP ...        (a b c c10 sparse prime 1M 3M ... 300M)

The bias of a bin has a random and a periodic component. Contacts within a chromosome fall as
s**-1.08 with the distance s up to 7 Mb (Lieberman-Aiden et al. 2009) and as s**-1.25 beyond.
Contacts between chromosomes depend on the biases only. Rows are drawn in blocks, so memory does not
grow with the map. Seeds are fixed, so maps are reproducible. README.md, "The maps", explains the
choices.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = Path("resources/benchmarks")
NEAR, KNEE = 1.08, 7_000_000
# Real maps are steeper beyond the megabase scale. The steeper, the more iterations ICE needs: this
# value was chosen for its number of iterations, not fitted to a map (README.md, "The maps").
DISTAL = 1.25
# Expected contacts in a block of rows; sorting them takes about 500 MB.
BLOCK = 8_000_000
# Lengths of the human chromosomes 1 to 22, X and Y in Mb; only their proportions matter.
HUMAN = (
    *(248, 242, 198, 190, 182, 171, 159, 145, 138, 134, 135, 133),
    *(114, 107, 102, 90, 83, 80, 59, 64, 47, 51, 156, 57),
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Map:
    """Properties of a simulated map.

    Attributes
    ----------
    name : str
        Name of the map and its file.
    nonzeros : int
        Expected pixels of the upper triangle; the drawn number differs by about 1 %.
    resolution : int
        Bin size in base pairs.
    chromosomes : tuple of int
        Number of bins of each chromosome.
    trans : float
        Fraction of the contacts between chromosomes.
    """

    name: str
    nonzeros: int
    resolution: int
    chromosomes: tuple[int, ...]
    trans: float = 0.0

    @property
    def bins(self) -> int:
        """Number of bins."""
        return sum(self.chromosomes)

    @property
    def path(self) -> Path:
        """The `.cool` file."""
        return FOLDER / f"{self.name}.cool"


def human_like(bins: int) -> tuple[int, ...]:
    """Divide bins in proportion to the human chromosomes."""
    edges = np.rint(np.cumsum([0, *HUMAN]) * bins / sum(HUMAN)).astype(int)
    return tuple(int(count) for count in np.diff(edges))


def one_chromosome(millions: int) -> Map:
    """Describe a chromosome of 250 Mb with the density of map a."""
    bins = round(25_000 * (millions / 10) ** 0.5)
    return Map(f"{millions}M", millions * 1_000_000, 250_000_000 // bins, (bins,))


MAPS = {
    spec.name: spec
    for spec in (
        Map("a", 10_000_000, 10_000, (25_000,)),
        Map("b", 50_000_000, 5_000, (50_000,)),
        Map("c", 100_000_000, 10_000, human_like(300_100), trans=0.25),
        Map("c10", 100_000_000, 10_000, human_like(300_100), trans=0.10),
        Map("sparse", 1_000_000, 10_000, (25_000,)),
        Map("prime", 10_000_000, 10_000, (24_989,)),
        *map(one_chromosome, (1, 3, 10, 30, 100, 200, 300)),
    )
}


def write_map(name: str) -> Map:
    """Return a map by name, and write its file unless it exists."""
    spec = MAPS[name]
    if spec.path.exists():
        return spec
    import cooler  # imported here to keep processes small that only need the properties of a map
    import pandas as pd

    spec.path.parent.mkdir(parents=True, exist_ok=True)
    lengths = {f"chr{k + 1}": n * spec.resolution for k, n in enumerate(spec.chromosomes)}
    table = cooler.binnify(pd.Series(lengths), spec.resolution)
    temporary = spec.path.with_suffix(".tmp")
    cooler.create_cooler(str(temporary), table, draw_pixels(spec), ordered=True)
    temporary.rename(spec.path)
    return spec


class Model:
    """Expected counts of a map.

    They are depth * decay(distance) * bias_i * bias_j within a chromosome and
    between * bias_i * bias_j between chromosomes.

    Attributes
    ----------
    bias : ndarray of float64 [bins]
        Bias with a mean near one.
    ends : ndarray of int64 [bins]
        First bin after the chromosome of each bin.
    depth, between : float
        Factors of the counts within and between chromosomes.
    """

    def __init__(self, spec: Map, rng: np.random.Generator) -> None:
        n = spec.bins
        # The period is that of map a in base pairs.
        wave = np.sin(np.arange(n) * spec.resolution / 3_000_000)
        self.bias = np.exp(0.4 * wave + rng.normal(0, 0.4, n))
        self.ends = np.repeat(np.cumsum(spec.chromosomes), spec.chromosomes)
        self.knee = KNEE / spec.resolution
        self.longest = max(spec.chromosomes)
        self.cumulative = np.concatenate([[0.0], np.cumsum(self.bias)])
        within = self._within()
        others = self.cumulative[-1] - self.cumulative[self.ends]
        across = float((self.bias * others).sum())
        ratio = spec.trans / (1 - spec.trans) * within / across if spec.trans else 0.0
        # Nonzeros grow with depth, less than in proportion: bisect on a logarithmic scale.
        low, high = np.log(spec.nonzeros / within) - 1, np.log(spec.nonzeros / within) + 6
        for _ in range(30):
            middle = (low + high) / 2
            if self._nonzeros(np.exp(middle), ratio) < spec.nonzeros:
                low = middle
            else:
                high = middle
        self.depth = float(np.exp(low))
        self.between = self.depth * ratio

    def decay(self, distance: NDArray[np.int64]) -> Floats:
        """Return the relative frequency of contacts at a distance in bins."""
        s = distance + 1.0
        return np.where(s < self.knee, s**-NEAR, self.knee ** (DISTAL - NEAR) * s**-DISTAL)

    def _distances(self) -> tuple[Integers, Floats]:
        """Return sampled distances and the number of distances that each represents."""
        edges = np.unique(np.rint(np.geomspace(1, self.longest + 1, 400)).astype(np.int64)) - 1
        return (edges[:-1] + edges[1:] - 1) // 2, np.diff(edges).astype(float)

    def _pairs(self, distance: int) -> Floats:
        """Return bias_i * bias_j of the pairs of bins at a distance on one chromosome."""
        inside = np.flatnonzero(np.arange(len(self.bias)) + distance < self.ends)
        product: Floats = self.bias[inside] * self.bias[inside + distance]
        return product

    def _within(self) -> float:
        """Return the contacts within chromosomes at a depth of one."""
        chosen, width = self._distances()
        sums = np.array([self._pairs(int(distance)).sum() for distance in chosen])
        return float((sums * width * self.decay(chosen)).sum())

    def _nonzeros(self, depth: float, ratio: float) -> float:
        """Estimate the expected nonzeros from the probabilities of a sample of pixels."""
        chosen, width = self._distances()
        total = 0.0
        for distance, share, decay in zip(chosen, width, self.decay(chosen), strict=True):
            expected = self._pairs(int(distance))[:: 1 if len(self.bias) < 10_000 else 10]
            scale = len(self._pairs(int(distance))) / max(len(expected), 1)
            total += share * scale * float(-np.expm1(-depth * decay * expected).sum())
        # Between chromosomes nearly all pixels hold one contact or none.
        others = self.cumulative[-1] - self.cumulative[self.ends]
        return total + depth * ratio * float((self.bias * others).sum())


def draw_pixels(spec: Map) -> Iterator[dict[str, NDArray[np.int64] | NDArray[np.int32]]]:
    """Yield sorted pixels, one block of rows at a time."""
    rng = np.random.default_rng(1)
    model = Model(spec, rng)
    n = spec.bins
    everywhere = np.full(n, n)
    rows = np.arange(n)
    # The decay changes little within an octave of distances: partners are drawn by bias from the
    # octave and kept with a probability equal to the decay relative to the nearest bin.
    octaves = 2 ** np.arange(int(np.log2(model.longest)) + 1)
    starts = [np.minimum(rows + first - 1, model.ends) for first in octaves]
    stops = [np.minimum(rows + 2 * first - 1, model.ends) for first in octaves]
    rates = [model.depth * model.decay(np.array([first - 1]))[0] for first in octaves]
    ranges = list(zip(starts, stops, rates, strict=True))
    ranges.append((model.ends, everywhere, model.between))
    load = sum(
        rate * model.bias * (model.cumulative[stop] - model.cumulative[start])
        for start, stop, rate in ranges
    )
    borders = np.searchsorted(np.cumsum(load), np.arange(BLOCK, np.sum(load), BLOCK))
    for lo, hi in zip([0, *borders], [*borders, n], strict=True):
        keys = []
        for start, stop, rate in ranges:
            before = model.cumulative[start[lo:hi]]
            mass = model.cumulative[stop[lo:hi]] - before
            drawn = rng.poisson(rate * model.bias[lo:hi] * mass)
            first = np.repeat(rows[lo:hi], drawn)
            position = np.repeat(before, drawn) + rng.random(len(first)) * np.repeat(mass, drawn)
            second = np.searchsorted(model.cumulative, position, side="right") - 1
            # Rounding may move a position past the end of the range.
            second = np.clip(second, start[first], stop[first] - 1)
            if start is not model.ends:
                probability = model.decay(second - first) * model.depth / rate
                kept = rng.random(len(first)) < probability
                first, second = first[kept], second[kept]
            keys.append(first * n + second)
        sorted_keys = np.sort(np.concatenate(keys))
        first_of_pixel = np.flatnonzero(np.diff(sorted_keys, prepend=-1))
        count = np.diff(first_of_pixel, append=len(sorted_keys)).astype(np.int32)
        bin1, bin2 = np.divmod(sorted_keys[first_of_pixel], n)
        yield {"bin1_id": bin1, "bin2_id": bin2, "count": count}


if __name__ == "__main__":
    for chosen in sys.argv[1:]:
        print(write_map(chosen).path)
