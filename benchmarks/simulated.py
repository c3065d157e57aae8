"""Simulate Hi-C maps of given sizes as `.cool` files under resources/benchmarks/.

python -m benchmarks.simulated [--folder FOLDER] MAP ...   (a b c c10 sparse prime 1M 3M ... 300M)

Other names are ``genome10kb-N`` and ``genome1kb-N``: a genome with bins of that size and N nonzeros
(N may have underscores).

The bias of a bin has a random and a periodic component. Contacts within a chromosome fall as
s**-1.08 with the distance s up to 7 Mb (Lieberman-Aiden et al. 2009) and as s**-1.25 beyond.
Contacts between chromosomes depend on the biases only. Rows are drawn in blocks, so memory does not
grow with the map. Seeds are fixed, so maps are reproducible. README.md, "The maps", explains the
choices.
"""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice, pairwise
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

# Bins of which the pixels at a distance are sampled, where a map has more than ten times as many.
SAMPLED_BINS = 50_000
# Nonzeros above which two processes draw a map, each block of rows with a seed of its own.
LARGE = 300_000_000
DRAWING_PROCESSES = 2

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Pixels = dict[str, NDArray[np.int64] | NDArray[np.int32]]


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


# Nonzeros of a bin, on average, of a genome of bins of so many base pairs. With 100 million
# nonzeros at 10 kb there are 300,000 bins, with a billion at 1 kb 3.1 million.
NONZEROS_OF_BIN = {10_000: 100e6 / 300e3, 1000: 1e9 / 3.1e6}
GENOME = {f"genome{size // 1000}kb": size for size in NONZEROS_OF_BIN}


def genome(resolution: int, nonzeros: int) -> Map:
    """Describe a genome of human proportions; fewer nonzeros make it shorter, not sparser."""
    bins = round(nonzeros / NONZEROS_OF_BIN[resolution])
    name = f"genome{resolution // 1000}kb-{nonzeros}"
    return Map(name, nonzeros, resolution, human_like(bins), trans=0.10)


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


def find_map(name: str) -> Map:
    """Return the properties of a map by name."""
    kind, _, nonzeros = name.partition("-")
    return genome(GENOME[kind], int(nonzeros)) if kind in GENOME else MAPS[name]


def write_map(name: str, folder: Path = FOLDER) -> Path:
    """Write the file of a map unless it exists, and return its path."""
    spec = find_map(name)
    path = folder / spec.path.name
    if path.exists():
        return path
    import cooler  # imported here to keep processes small that only need the properties of a map
    import pandas as pd

    folder.mkdir(parents=True, exist_ok=True)
    lengths = {f"chr{k + 1}": n * spec.resolution for k, n in enumerate(spec.chromosomes)}
    table = cooler.binnify(pd.Series(lengths), spec.resolution)
    temporary = path.with_suffix(".tmp")
    drawn = draw_in_parallel(spec) if spec.nonzeros > LARGE else draw_pixels(spec)
    cooler.create_cooler(str(temporary), table, drawn, ordered=True)
    temporary.rename(path)
    return path


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
        sample = self._sample()
        for _ in range(30):
            middle = (low + high) / 2
            if self._nonzeros(np.exp(middle), ratio, sample) < spec.nonzeros:
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

    def _sample(self) -> list[tuple[float, Floats]]:
        """Return the relative expectations of a sample of pixels, and what each of them counts.

        The sample has at most 400 distances, and some of the pixels at each.
        """
        chosen, width = self._distances()
        n = len(self.bias)
        stride = 1 if n < 10_000 else max(10, n // SAMPLED_BINS)
        sample = []
        for distance, share, decay in zip(chosen, width, self.decay(chosen), strict=True):
            pairs = self._pairs(int(distance))
            expected = pairs[::stride]
            sample.append((share * len(pairs) / max(len(expected), 1), decay * expected))
        return sample

    def _nonzeros(self, depth: float, ratio: float, sample: list[tuple[float, Floats]]) -> float:
        """Estimate the expected nonzeros from the probabilities of a sample of pixels."""
        total = sum(share * float(-np.expm1(-depth * pairs).sum()) for share, pairs in sample)
        # Between chromosomes nearly all pixels hold one contact or none.
        others = self.cumulative[-1] - self.cumulative[self.ends]
        return total + depth * ratio * float((self.bias * others).sum())


class Drawing:
    """Blocks of rows of a map, and what is needed to draw them.

    The decay changes little within an octave of distances: partners are drawn by bias from the
    octave and kept with a probability equal to the decay relative to the nearest bin.

    Attributes
    ----------
    model : Model
        Expected counts.
    blocks : list of tuple of int
        First row of each block, and the row after its last.
    """

    def __init__(self, spec: Map, rng: np.random.Generator) -> None:
        self.model = model = Model(spec, rng)
        n = spec.bins
        rows = np.arange(n)
        octaves = 2 ** np.arange(int(np.log2(model.longest)) + 1)
        starts = [np.minimum(rows + first - 1, model.ends) for first in octaves]
        stops = [np.minimum(rows + 2 * first - 1, model.ends) for first in octaves]
        rates = [model.depth * model.decay(np.array([first - 1]))[0] for first in octaves]
        self._ranges = list(zip(starts, stops, rates, strict=True))
        self._ranges.append((model.ends, np.full(n, n), model.between))
        load = sum(
            rate * model.bias * (model.cumulative[stop] - model.cumulative[start])
            for start, stop, rate in self._ranges
        )
        borders = np.searchsorted(np.cumsum(load), np.arange(BLOCK, np.sum(load), BLOCK))
        self.blocks = list(pairwise([0, *map(int, borders), n]))

    def draw(self, lo: int, hi: int, rng: np.random.Generator) -> Pixels:
        """Draw the sorted pixels of a block of rows."""
        model, n = self.model, len(self.model.bias)
        rows = np.arange(lo, hi)
        keys = []
        for start, stop, rate in self._ranges:
            before = model.cumulative[start[lo:hi]]
            mass = model.cumulative[stop[lo:hi]] - before
            drawn = rng.poisson(rate * model.bias[lo:hi] * mass)
            first = np.repeat(rows, drawn)
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
        return {"bin1_id": bin1, "bin2_id": bin2, "count": count}


def draw_pixels(spec: Map) -> Iterator[Pixels]:
    """Yield sorted pixels, one block of rows at a time."""
    rng = np.random.default_rng(1)
    drawing = Drawing(spec, rng)
    for lo, hi in drawing.blocks:
        yield drawing.draw(lo, hi, rng)


def draw_in_parallel(spec: Map) -> Iterator[Pixels]:
    """Yield what ``draw_pixels`` does, from other random numbers, drawn by two processes."""
    drawing = Drawing(spec, np.random.default_rng(1))
    blocks = iter(enumerate(drawing.blocks))
    pending: deque[Future[Pixels]] = deque()
    with ProcessPoolExecutor(DRAWING_PROCESSES, initializer=_keep, initargs=(drawing,)) as pool:

        def submit() -> None:
            for number, block in islice(blocks, 1):
                pending.append(pool.submit(_draw_block, number, *block))

        for _ in range(DRAWING_PROCESSES + 1):  # more would wait in memory
            submit()
        while pending:
            yield pending.popleft().result()
            submit()


_kept: list[Drawing] = []  # of a drawing process


def _keep(drawing: Drawing) -> None:
    """Keep the drawing in a process of the pool."""
    _kept.append(drawing)


def _draw_block(number: int, lo: int, hi: int) -> Pixels:
    """Draw a block of rows in a process of the pool."""
    return _kept[0].draw(lo, hi, np.random.default_rng([1, number]))


def main() -> None:
    """Write the maps of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("maps", nargs="+", metavar="MAP")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    args = parser.parse_args()
    for name in args.maps:
        print(write_map(name, args.folder))


if __name__ == "__main__":
    main()
