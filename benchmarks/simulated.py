"""Hi-C-like maps of given sizes, each written once as a `.cool` file under resources/benchmarks/.

python -m benchmarks.simulated MAP ...        (a b c c10 sparse prime 1M 3M ... 300M)

Bins have a bias with scatter and a wave; contacts within a chromosome fall as s**-1.08 with the
distance s up to 7 Mb (Lieberman-Aiden et al. 2009) and as s**-1.25 beyond; contacts between
chromosomes depend on the biases alone. Rows are drawn in blocks, so memory does not grow with
the map. Seeds are fixed: everyone gets the same maps. README.md, "The maps", says what was chosen.
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
# Steeper beyond the megabase scale, as maps are. The steeper, the more iterations ICE needs: this
# value was chosen for its number of iterations, not fitted to a map (README.md, "The maps").
DISTAL = 1.25
# Contacts that a block of rows is expected to hold: some 500 MB while it is sorted.
BLOCK = 8_000_000
# Lengths of the human chromosomes 1 to 22, X and Y in Mb, rounded: the proportions alone count.
HUMAN = (
    *(248, 242, 198, 190, 182, 171, 159, 145, 138, 134, 135, 133),
    *(114, 107, 102, 90, 83, 80, 59, 64, 47, 51, 156, 57),
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Map:
    """What a simulated map is like.

    Attributes
    ----------
    nonzeros : expected pixels of the upper triangle; what is drawn differs by 1 % or so.
    resolution : bin size, bp.
    chromosomes : bins of each chromosome.
    trans : fraction of the contacts that fall between chromosomes.
    """

    name: str
    nonzeros: int
    resolution: int
    chromosomes: tuple[int, ...]
    trans: float = 0.0

    @property
    def bins(self) -> int:
        return sum(self.chromosomes)

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.cool"


def _proportional(bins: int) -> tuple[int, ...]:
    """So many bins shared out in proportion to the human chromosomes."""
    edges = np.rint(np.cumsum([0, *HUMAN]) * bins / sum(HUMAN)).astype(int)
    return tuple(int(count) for count in np.diff(edges))


def _growing(millions: int) -> Map:
    """One chromosome of 250 Mb; its bins grow with the root of the nonzeros, as map a's density."""
    bins = round(25_000 * (millions / 10) ** 0.5)
    return Map(f"{millions}M", millions * 1_000_000, 250_000_000 // bins, (bins,))


MAPS = {
    made.name: made
    for made in (
        Map("a", 10_000_000, 10_000, (25_000,)),
        Map("b", 50_000_000, 5_000, (50_000,)),
        Map("c", 100_000_000, 10_000, _proportional(300_100), trans=0.25),
        Map("c10", 100_000_000, 10_000, _proportional(300_100), trans=0.10),
        Map("sparse", 1_000_000, 10_000, (25_000,)),
        Map("prime", 10_000_000, 10_000, (24_989,)),
        *map(_growing, (1, 3, 10, 30, 100, 200, 300)),
    )
}


def simulated(name: str) -> Map:
    """The map of that name, written to its path unless it is there already."""
    made = MAPS[name]
    if made.path.exists():
        return made
    import cooler  # here, since whoever only asks for a map's facts is to stay small
    import pandas as pd

    made.path.parent.mkdir(parents=True, exist_ok=True)
    lengths = {f"chr{k + 1}": n * made.resolution for k, n in enumerate(made.chromosomes)}
    table = cooler.binnify(pd.Series(lengths), made.resolution)
    temporary = made.path.with_suffix(".tmp")
    cooler.create_cooler(str(temporary), table, _pixels(made), ordered=True)
    temporary.rename(made.path)
    return made


class _Model:
    """Expected counts: depth * decay(distance) * bias_i * bias_j within a chromosome, and
    between * bias_i * bias_j outside.

    Attributes
    ----------
    bias : float64 [bins], mean near one.
    ends : int64 [bins], the first bin behind the chromosome of each bin.
    depth, between : factors of the counts within and between chromosomes.
    """

    def __init__(self, made: Map, rng: np.random.Generator) -> None:
        n = made.bins
        # The wave's length is that of map a, in base pairs.
        wave = np.sin(np.arange(n) * made.resolution / 3_000_000)
        self.bias = np.exp(0.4 * wave + rng.normal(0, 0.4, n))
        self.ends = np.repeat(np.cumsum(made.chromosomes), made.chromosomes)
        self.knee = KNEE / made.resolution
        self.longest = max(made.chromosomes)
        self.cumulative = np.concatenate([[0.0], np.cumsum(self.bias)])
        within = self._within()
        others = self.cumulative[-1] - self.cumulative[self.ends]
        across = float((self.bias * others).sum())
        ratio = made.trans / (1 - made.trans) * within / across if made.trans else 0.0
        # Nonzeros grow with depth, less than in proportion: bisect on a logarithmic scale.
        low, high = np.log(made.nonzeros / within) - 1, np.log(made.nonzeros / within) + 6
        for _ in range(30):
            middle = (low + high) / 2
            if self._nonzeros(np.exp(middle), ratio) < made.nonzeros:
                low = middle
            else:
                high = middle
        self.depth = float(np.exp(low))
        self.between = self.depth * ratio

    def decay(self, distance: NDArray[np.int64]) -> Floats:
        """Relative frequency of contacts at a distance in bins."""
        s = distance + 1.0
        return np.where(s < self.knee, s**-NEAR, self.knee ** (DISTAL - NEAR) * s**-DISTAL)

    def _distances(self) -> tuple[Integers, Floats]:
        """Distances at which sums over all are taken, and how many distances each stands for."""
        edges = np.unique(np.rint(np.geomspace(1, self.longest + 1, 400)).astype(np.int64)) - 1
        return (edges[:-1] + edges[1:] - 1) // 2, np.diff(edges).astype(float)

    def _pairs(self, distance: int) -> Floats:
        """bias_i * bias_j of the pairs of bins at a distance on one chromosome."""
        inside = np.flatnonzero(np.arange(len(self.bias)) + distance < self.ends)
        product: Floats = self.bias[inside] * self.bias[inside + distance]
        return product

    def _within(self) -> float:
        """Contacts within chromosomes at a depth of one."""
        chosen, width = self._distances()
        sums = np.array([self._pairs(int(distance)).sum() for distance in chosen])
        return float((sums * width * self.decay(chosen)).sum())

    def _nonzeros(self, depth: float, ratio: float) -> float:
        """Expected nonzeros: every pixel's chance not to be empty, over a sample of pixels."""
        chosen, width = self._distances()
        total = 0.0
        for distance, share, decay in zip(chosen, width, self.decay(chosen), strict=True):
            expected = self._pairs(int(distance))[:: 1 if len(self.bias) < 10_000 else 10]
            scale = len(self._pairs(int(distance))) / max(len(expected), 1)
            total += share * scale * float(-np.expm1(-depth * decay * expected).sum())
        # Between chromosomes nearly all pixels hold one contact or none.
        others = self.cumulative[-1] - self.cumulative[self.ends]
        return total + depth * ratio * float((self.bias * others).sum())


def _pixels(made: Map) -> Iterator[dict[str, NDArray[np.int64] | NDArray[np.int32]]]:
    """Pixels in order, a block of rows at a time."""
    rng = np.random.default_rng(1)
    model = _Model(made, rng)
    n = made.bins
    everywhere = np.full(n, n)
    rows = np.arange(n)
    # Within an octave of distances the decay changes little: partners are drawn by their bias from
    # the whole octave and kept with the decay relative to its nearest bin.
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
            place = np.repeat(before, drawn) + rng.random(len(first)) * np.repeat(mass, drawn)
            second = np.searchsorted(model.cumulative, place, side="right") - 1
            # Rounding may push a place over the border of the range.
            second = np.clip(second, start[first], stop[first] - 1)
            if start is not model.ends:
                chance = model.decay(second - first) * model.depth / rate
                kept = rng.random(len(first)) < chance
                first, second = first[kept], second[kept]
            keys.append(first * n + second)
        joined = np.concatenate(keys)
        joined.sort()
        new = np.flatnonzero(np.diff(joined, prepend=-1))
        count = np.diff(new, append=len(joined)).astype(np.int32)
        bin1, bin2 = np.divmod(joined[new], n)
        yield {"bin1_id": bin1, "bin2_id": bin2, "count": count}


if __name__ == "__main__":
    for chosen in sys.argv[1:]:
        print(simulated(chosen).path)
