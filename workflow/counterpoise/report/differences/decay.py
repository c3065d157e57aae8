"""Change of P(s), the balanced contacts of a pair of bins at distance s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import ContactMap
from counterpoise.report.chunks import Floats, Indices, read_chunks
from counterpoise.report.comparison.decay import decay_edges, pairs_by_distance
from counterpoise.report.figures import fit_slope

# Raw contacts of a class of distance in both maps, below which counting noise would show.
FEWEST_CONTACTS = 100

# Contacts that are read for P(s), times the runs that they are balanced for.
MOST_CONTACTS = 5_000_000_000


@dataclass(frozen=True)
class DecayChange:
    """The change from P(s) of run A to that of run B.

    Attributes
    ----------
    ratio : float64 [classes]
        P(s) of B over that of A, each divided by its mean over all pairs of bins; NaN for classes
        of distance with few contacts.
    edges : int64 [classes + 1]
        Edges of the classes in base pairs.
    slopes : tuple of float or None
        Slope of each over the distances of ``decay_slope``; None where too few are known.
    """

    ratio: Floats
    edges: Indices
    slopes: tuple[float | None, float | None]

    @property
    def largest(self) -> tuple[float, int] | None:
        """The ratio that differs most from 1 and its distance in base pairs, if any is known."""
        size = np.abs(np.log(self.ratio))
        if not np.isfinite(size).any():
            return None
        place = int(np.nanargmax(size))
        return float(self.ratio[place]), int(self.edges[place])


@dataclass(frozen=True)
class Decay:
    """P(s) of a balanced map.

    Attributes
    ----------
    contacts : float64 [classes]
        Balanced contacts; those of each chromosome are scaled to the total of its raw ones.
    pairs : float64 [classes]
        Pairs of bins with weights.
    raw : float64 [classes]
        Raw contacts of these pairs.
    """

    contacts: Floats
    pairs: Floats
    raw: Floats

    @property
    def relative(self) -> Floats:
        """P(s) divided by its mean over all pairs, float64 [classes]; NaN without contacts."""
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = self.contacts.sum() / self.pairs.sum()
            return np.asarray(self.contacts / self.pairs / mean)


def compare_decays(a: Decay, b: Decay, edges: Indices, resolution: int) -> DecayChange:
    """Compare P(s) of two runs.

    Parameters
    ----------
    a, b : Decay
        P(s) of each.
    edges : int64 [classes + 1]
        Edges of the classes in bins, from 0.
    resolution : int
        Bin size in base pairs.

    Returns
    -------
    DecayChange
        The change.
    """
    known = (a.raw >= FEWEST_CONTACTS) & (b.raw >= FEWEST_CONTACTS)
    ratio = np.full(len(known), np.nan)
    np.divide(b.relative, a.relative, out=ratio, where=known)
    in_base_pairs = edges * resolution
    slopes = [
        fit_slope({"edges": in_base_pairs, "contacts": each.contacts, "pairs": each.pairs})
        for each in (a, b)
    ]
    return DecayChange(ratio, in_base_pairs, (slopes[0], slopes[1]))


def class_edges(bins: BinTable) -> Indices:
    """Return the edges of the classes of distance; the first class is the main diagonal.

    Parameters
    ----------
    bins : BinTable
        The bins.

    Returns
    -------
    int64 [classes + 1]
        Edges in bins.
    """
    longest = int(np.diff(bins.offsets).max())
    return np.concatenate([[0], decay_edges(1, max(longest, 2))])


def measure_decays(
    contacts: ContactMap, weights: Sequence[Floats], ignored: Sequence[int], edges: Indices
) -> list[Decay]:
    """Measure P(s) of a map with several vectors of weights, in one pass over its contacts.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    weights : sequence of float64 [bins]
        Weights, NaN on bins without one.
    ignored : sequence of int
        For each vector, the distance in bins below which contacts are left out.
    edges : int64 [classes + 1]
        Edges of the classes in bins.

    Returns
    -------
    list of Decay
        P(s) for each vector.
    """
    bins, classes = contacts.bins, len(edges) - 1
    chromosome = bins.chromosome_ids
    class_of = np.searchsorted(edges, np.arange(edges[-1]), side="right") - 1
    cells = len(bins.chromosomes) * classes
    raw, balanced = np.zeros((2, len(weights), cells))
    for _, rows, columns, counts in read_chunks(contacts):
        distance = columns - rows
        used = (chromosome[rows] == chromosome[columns]) & (distance < edges[-1])
        rows, columns, counts, distance = (
            values[used] for values in (rows, columns, counts, distance)
        )
        cell = chromosome[rows] * classes + class_of[distance]
        for number, (vector, first) in enumerate(zip(weights, ignored, strict=True)):
            factor = vector[rows] * vector[columns]
            counted = np.isfinite(factor) & (distance >= first)
            raw[number] += np.bincount(cell[counted], counts[counted], cells)
            values = counts[counted] * factor[counted]
            balanced[number] += np.bincount(cell[counted], values, cells)
    shape = (len(bins.chromosomes), classes)
    return [
        _scale(raw[number].reshape(shape), balanced[number].reshape(shape), pairs)
        for number, (vector, first) in enumerate(zip(weights, ignored, strict=True))
        for pairs in [_count_pairs(bins, vector, first, edges)]
    ]


def _scale(raw: Floats, balanced: Floats, pairs: Floats) -> Decay:
    """Scale the balanced contacts of each chromosome to its raw ones, and sum chromosomes."""
    total = balanced.sum(axis=1)
    factor = np.divide(raw.sum(axis=1), total, out=np.zeros_like(total), where=total > 0)
    return Decay(factor @ balanced, pairs, raw.sum(axis=0))


def _count_pairs(bins: BinTable, weights: Floats, ignored: int, edges: Indices) -> Floats:
    """Count the pairs of bins with weights in each class of distance."""
    pairs = np.zeros(len(edges) - 1)
    for _, lo, hi in bins.chromosome_ranges():
        if lo < hi:
            pairs += pairs_by_distance(np.isfinite(weights[lo:hi]), edges)
    pairs[edges[1:] <= ignored] = 0
    return pairs
