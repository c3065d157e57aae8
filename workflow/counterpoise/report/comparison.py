"""The samples of a cohort side by side at one resolution: maps, contact decay, bins with weights.

Only what is alike is compared: samples whose longest chromosome is the same, on the chromosomes
that all of them have, with the weights of one method. Equal inputs give equal bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.contact_map import ContactMap, load_rows
from counterpoise.records.verdict import Verdict
from counterpoise.report import plot as qc
from counterpoise.report.survey import Flags, Floats, add_to_picture, chunks
from counterpoise.store.masks import read_mask
from counterpoise.store.paths import Layout
from counterpoise.store.pixels import open_triples
from counterpoise.store.weights import read_verdict, read_weights

COLUMNS, MAPS = 4, 8  # maps in a row, and at most
ENOUGH = 16.0  # contacts in a cell of a map, on average
FEWEST = 64  # cells along the side of a map, however few contacts there are
STEPS_OF_DECAY = 12  # to a tenfold distance

# Of the maps on the page, in pixels at ``qc.PAGE_DPI``: their ends and what is between two.
LEFT, RIGHT, GAP = 72, 1516, 28


@dataclass(frozen=True)
class Balanced:
    """What one method made of a sample: its weights, float64 [bins] with NaN, and its verdict."""

    weights: Floats
    verdict: Verdict

    @property
    def rank(self) -> tuple[bool, bool]:
        """Whether the weights are to be used, and whether there are any."""
        any_weight = bool(np.isfinite(self.weights).any())
        return self.verdict.status.good and any_weight, any_weight


@dataclass(frozen=True)
class Sample:
    """A sample at one resolution.

    Attributes
    ----------
    name, words : as in the sample sheet; the words are its condition and replicate.
    contacts : its map.
    kept : bool [bins], the mask.
    runs : what came of each method, in the order of the configuration.
    """

    name: str
    words: str
    contacts: ContactMap
    kept: Flags
    runs: dict[str, Balanced]

    def span(self, chromosome: str) -> slice:
        """The bins of a chromosome."""
        index = self.contacts.bins.chromosomes.index(chromosome)
        return slice(*map(int, self.contacts.bins.offsets[index : index + 2]))

    def signature(self, chromosome: str) -> tuple[str, int, bytes]:
        """What is equal where a chromosome of two samples is the same, cut in the same bins."""
        bins = self.contacts.bins
        length = int(bins.lengths[bins.chromosomes.index(chromosome)])
        return chromosome, length, bins.start[self.span(chromosome)].tobytes()

    def longest(self) -> str:
        bins = self.contacts.bins
        return bins.chromosomes[int(np.argmax(bins.lengths))]


def read_sample(
    layout: Layout, name: str, about: dict[str, Any], resolution: int, methods: Sequence[str]
) -> Sample:
    """A sample from its results; ``about`` holds its condition and replicate, or None for them."""
    words = [str(about["condition"] or "")]
    if about["replicate"] is not None:
        words.append(f"replicate {about['replicate']}")
    runs = {}
    for method in methods:
        paths = layout.weights(name, resolution, method)
        runs[method] = Balanced(read_weights(paths["weights"]), read_verdict(paths["verdict"]))
    return Sample(
        name,
        ", ".join(word for word in words if word),
        open_triples(layout.triples(name, resolution)),
        read_mask(layout.mask(name, resolution))[0],
        runs,
    )


# --- what is compared --------------------------------------------------------------------------


def groups(samples: Sequence[Sample]) -> list[list[Sample]]:
    """Samples whose longest chromosome is the same, in the order of the first of each group."""
    found: dict[tuple[str, int, bytes], list[Sample]] = {}
    for sample in samples:
        found.setdefault(sample.signature(sample.longest()), []).append(sample)
    return list(found.values())


def shared_chromosomes(samples: Sequence[Sample]) -> list[str]:
    """Chromosomes that all samples have and cut into the same bins, in the order of the first."""
    every = [
        {sample.signature(name) for name in sample.contacts.bins.chromosomes} for sample in samples
    ]
    first, common = samples[0], set.intersection(*every)
    return [name for name in first.contacts.bins.chromosomes if first.signature(name) in common]


def chosen_method(samples: Sequence[Sample], primary: str) -> str:
    """The method that gave good weights to most samples, or any at all if it comes to that.

    Of equals the primary one, then in the order of the configuration.
    """
    others = [method for method in samples[0].runs if method != primary]
    ranks = {
        method: tuple(map(sum, zip(*(sample.runs[method].rank for sample in samples), strict=True)))
        for method in (primary, *others)
    }
    return max(ranks, key=lambda method: ranks[method])


@dataclass(frozen=True)
class Region:
    """A stretch of a chromosome that is drawn: its first bin there, bins, and bins a cell."""

    chromosome: str
    first: int
    bins: int
    block: int

    @property
    def cells(self) -> int:
        return -(-self.bins // self.block)


def choose_region(samples: Sequence[Sample], chromosome: str, usable: Flags, cells: int) -> Region:
    """The finest picture that has enough contacts a cell in every sample.

    Parameters
    ----------
    usable : bool [bins of the chromosome], true where all samples have a weight.
    cells : that there may be along each side.

    Returns
    -------
    The stretch of the chromosome with the most usable bins, the first of them; the whole chromosome
    in coarser cells, where nothing smaller has enough contacts.
    """
    size = len(usable)
    before = np.concatenate([[0], np.cumsum(usable)])
    for block in (step * 10**power for power in range(9) for step in (1, 2, 5)):
        width = cells * block
        if width >= size:
            break
        first = int(np.argmax(before[width:] - before[:-width]))
        if fewest_contacts(samples, chromosome, first, width) >= ENOUGH * cells**2 / 2:
            return Region(chromosome, first, width, block)
    contacts = fewest_contacts(samples, chromosome, 0, size)
    cells = int(np.clip(np.sqrt(2 * contacts / ENOUGH), min(FEWEST, cells), cells))
    return Region(chromosome, 0, size, -(-size // cells))


def fewest_contacts(samples: Sequence[Sample], chromosome: str, first: int, bins: int) -> float:
    """Within a stretch of a chromosome, in the sample that has fewest."""
    found = []
    for sample in samples:
        lo = sample.span(chromosome).start + first
        found.append(float(load_rows(sample.contacts, lo, lo + bins, lo + bins).counts.sum()))
    return min(found)


def picture(sample: Sample, weights: Floats, region: Region, ignore_diags: int) -> Floats:
    """The balanced map of a region over its mean, float64 [cells, cells].

    A cell is the mean over its pairs of bins that have weights, zero without any.
    """
    lo = sample.span(region.chromosome).start + region.first
    hi = lo + region.bins
    cell = (np.arange(len(weights)) - lo) // region.block
    scale = np.nan_to_num(weights)
    sums = np.zeros((region.cells, region.cells))
    for _, rows, columns, counts in chunks(load_rows(sample.contacts, lo, hi, hi)):
        far = columns - rows >= ignore_diags
        rows, columns = rows[far], columns[far]
        add_to_picture(sums, cell, rows, columns, counts[far] * scale[rows] * scale[columns])
    has_weight = np.bincount(cell[lo:hi], np.isfinite(weights[lo:hi]), region.cells)
    pairs = np.outer(has_weight, has_weight)
    total = sums.sum()
    sums *= pairs.sum() / total if total else 0.0
    return np.divide(sums, pairs, out=np.zeros_like(sums), where=pairs > 0)


def distance_edges(first: int, last: int) -> NDArray[np.int64]:
    """Ends of the classes of distance, in bins: single ones first, then ever more of them."""
    steps = int(np.ceil(STEPS_OF_DECAY * np.log10(max(last / first, 1)))) + 1
    return np.unique(np.round(np.geomspace(first, max(last, first + 1), steps + 1)).astype(int))


def pairs_by_distance(usable: Flags, edges: NDArray[np.int64]) -> Floats:
    """Pairs of usable bins of a chromosome in each class of distance, float64 [classes]."""
    n = len(usable)
    length = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(usable.astype(np.float64), length)
    apart = np.zeros(max(n, int(edges[-1])))
    apart[:n] = np.round(np.fft.irfft(abs(spectrum) ** 2, length)[:n])
    before = np.concatenate([[0.0], np.cumsum(apart)])
    return np.asarray(np.diff(before[edges]))


def decay(
    sample: Sample,
    weights: Floats,
    usable: dict[str, Flags],
    pairs: Floats,
    edges: NDArray[np.int64],
) -> Floats:
    """Balanced contacts of a pair of bins by their distance, over the mean of all pairs.

    Parameters
    ----------
    usable : bool [bins] of each chromosome that is looked at.
    pairs : float64 [chromosomes, classes], of usable bins.
    edges : int64 [classes + 1], in bins.

    Returns
    -------
    float64 [classes]; NaN without pairs. Each chromosome has the total of its raw contacts, so
    that it does not matter to which scale a method brings it.
    """
    bins = sample.contacts.bins
    number = np.full(len(bins.chromosomes), -1)
    there = np.zeros(len(bins), dtype=bool)
    for index, (name, flags) in enumerate(usable.items()):
        number[bins.chromosomes.index(name)] = index
        there[sample.span(name)] = flags
    chromosome = number[bins.chromosome_ids]
    scale = np.nan_to_num(weights)  # of a sample without any
    classes = len(edges) - 1
    class_of = np.searchsorted(edges, np.arange(edges[-1]), side="right") - 1
    raw, balanced = np.zeros(pairs.size), np.zeros(pairs.size)
    for _, rows, columns, counts in chunks(sample.contacts):
        apart = columns - rows
        used = there[rows] & there[columns] & (chromosome[rows] == chromosome[columns])
        used &= (apart >= edges[0]) & (apart < edges[-1])
        rows, columns, counts = rows[used], columns[used], counts[used]
        flat = chromosome[rows] * classes + class_of[apart[used]]
        raw += np.bincount(flat, counts, pairs.size)
        balanced += np.bincount(flat, counts * scale[rows] * scale[columns], pairs.size)
    raw_total, total = (each.reshape(pairs.shape).sum(axis=1) for each in (raw, balanced))
    factor = np.divide(raw_total, total, out=np.zeros_like(total), where=total > 0)
    of_class, among = factor @ balanced.reshape(pairs.shape), pairs.sum(axis=0)
    mean = of_class.sum() / among.sum() if of_class.any() else 1.0
    result = np.full(classes, np.nan)
    np.divide(of_class / mean, among, out=result, where=among > 0)
    return result


def shares(sample: Sample) -> Floats:
    """Share of the bins that the mask kept to which each method gave a weight; NaN for none kept.

    Returns
    -------
    float64 [methods]
    """
    kept = np.count_nonzero(sample.kept)
    weights = (run.weights[sample.kept] for run in sample.runs.values())
    given = np.array([np.count_nonzero(np.isfinite(each)) for each in weights])
    return given / kept if kept else np.full(len(given), np.nan)


def map_side(maps: int) -> int:
    """Pixels on the page along a map's side, an even number: cells are two pixels wide."""
    columns = min(maps, COLUMNS)
    return (RIGHT - LEFT - GAP * (columns - 1)) // columns // 2 * 2


@dataclass(frozen=True)
class Comparison:
    """All that is drawn of the samples of a group.

    Attributes
    ----------
    samples : the group.
    method : whose weights the maps and the decay show.
    region : that the maps show.
    pictures : float64 [cells, cells] of each sample that gets a map.
    usable_cells : bool [cells] of each, true where a bin has a weight.
    chromosomes : that all samples have.
    distance : float64 [classes], in bins, the middle of the class.
    decay : float64 [classes] of each sample.
    shares : float64 [methods] of each sample.
    """

    samples: list[Sample]
    method: str
    region: Region
    pictures: list[Floats]
    usable_cells: list[Flags]
    chromosomes: list[str]
    distance: Floats
    decay: list[Floats]
    shares: list[Floats]


def compare(samples: list[Sample], primary: str) -> Comparison:
    """Compare the samples of a group."""
    method = chosen_method(samples, primary)
    runs = [sample.runs[method] for sample in samples]
    chromosomes = shared_chromosomes(samples)
    # One without any weight is drawn as such, and keeps the others from nothing.
    able = [sample for sample in samples if sample.runs[method].rank[1]] or samples
    usable = {name: usable_bins(able, method, name) for name in chromosomes}
    # By length; one without weights shows nothing.
    largest = max(chromosomes, key=lambda name: (usable[name].any(), len(usable[name])))
    region = choose_region(able, largest, usable[largest], map_side(len(samples)) // 2)
    ignored = qc.ignored_diagonals(runs[0].verdict)
    edges = distance_edges(max(ignored, 1), max(map(len, usable.values())))
    pairs = np.array([pairs_by_distance(flags, edges) for flags in usable.values()])
    shown = list(zip(samples, runs, strict=True))[:MAPS]
    return Comparison(
        samples,
        method,
        region,
        [picture(sample, run.weights, region, ignored) for sample, run in shown],
        [cells_with_weights(sample, run.weights, region) for sample, run in shown],
        chromosomes,
        np.sqrt(edges[:-1] * (edges[1:] - 1.0)),
        [
            decay(sample, run.weights, usable, pairs, edges)
            for sample, run in zip(samples, runs, strict=True)
        ],
        [shares(sample) for sample in samples],
    )


def usable_bins(samples: Sequence[Sample], method: str, chromosome: str) -> Flags:
    """bool [bins of the chromosome], which have a weight in every sample."""
    weights = [sample.runs[method].weights[sample.span(chromosome)] for sample in samples]
    return np.asarray(np.isfinite(weights).all(axis=0))


def cells_with_weights(sample: Sample, weights: Floats, region: Region) -> Flags:
    """bool [cells], whether any bin of it has a weight."""
    lo = sample.span(region.chromosome).start + region.first
    there = np.isfinite(weights[lo : lo + region.bins])
    return np.asarray(np.logical_or.reduceat(there, np.arange(0, region.bins, region.block)))
