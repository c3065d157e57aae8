"""The pictures of a map that the figures of its runs show: a stretch, and the whole map.

Contacts are read in chunks, once for all runs, so that memory stays small however large the map is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import ContactMap
from counterpoise.native import call
from counterpoise.report.chunks import CHUNK, Flags, Floats, Indices, mean_over_pairs, split_rows

# Bin pairs whose distances differ by less than this factor are expected to have as many contacts.
CLASS_WIDTH = 1.12


@dataclass(frozen=True)
class View:
    """Consecutive bins of a map, summed to cells.

    Attributes
    ----------
    first, stop : int
        The first bin and the end.
    block : int
        Bins per cell, along each axis.
    """

    first: int
    stop: int
    block: int

    @classmethod
    def of_bins(cls, first: int, stop: int, most_cells: int) -> View:
        """Show some bins in at most ``most_cells`` cells along each axis."""
        return cls(first, stop, max(1, -(-(stop - first) // most_cells)))

    @property
    def cells(self) -> int:
        """Number of cells along each axis; at least one."""
        return max(1, -(-(self.stop - self.first) // self.block))

    def count(self, flags: Flags) -> Floats:
        """Return the number of bins with a flag in each cell, float64 [cells]."""
        inside = np.flatnonzero(flags[self.first : self.stop]) // self.block
        return np.bincount(inside, minlength=self.cells).astype(np.float64)

    def middle_bins(self) -> Indices:
        """Return the bin in the middle of each cell, int64 [cells]."""
        middle = self.first + np.arange(self.cells) * self.block + self.block // 2
        return np.minimum(middle, max(self.stop - 1, 0))


@dataclass(frozen=True)
class Picture:
    """A view of a map before and after balancing.

    Attributes
    ----------
    view : View
        What it shows.
    raw : float64 [cells, cells]
        Mean number of contacts of two bins.
    balanced : float64 [cells, cells]
        Mean balanced value of two bins that have weights, scaled so that such pairs have in total
        as many contacts as before.
    kept, weighted : float64 [cells]
        Number of kept bins and of bins with a weight in each cell.
    """

    view: View
    raw: Floats
    balanced: Floats
    kept: Floats
    weighted: Floats


def paint(
    contacts: ContactMap,
    kept: Flags,
    weights: Sequence[Floats],
    view: View,
    *,
    chunk_size: int = CHUNK,
) -> list[Picture]:
    """Compute the pictures of a view for several runs.

    Parameters
    ----------
    contacts : ContactMap
        The map; rows beyond the view are not read.
    kept : bool [bins]
        The mask.
    weights : sequence of float64 [bins]
        Multiplicative weights of each run, NaN on masked bins. They are applied to all contacts,
        whichever of them the method used, as readers of the weights do.
    view : View
        What to show.
    chunk_size : int
        Approximate number of contacts read at a time.

    Returns
    -------
    list of Picture
        One for each run; the raw map is the same array.
    """
    inside = slice(view.first, view.stop)
    scales = [np.nan_to_num(each[inside], posinf=0.0) for each in weights]
    sums = _sum_cells(contacts, [np.ones(view.stop - view.first), *scales], view, chunk_size)
    raw = mean_over_pairs(sums[0], view.count(np.ones(len(kept), bool)))
    kept_bins = view.count(kept)
    pictures = []
    for each, balanced_sums in zip(weights, sums[1:], strict=True):
        weighted = view.count(np.isfinite(each))
        balanced = mean_over_pairs(balanced_sums, weighted)
        pairs = np.outer(weighted, weighted)
        total = float((balanced * pairs).sum())
        if total > 0:
            balanced *= float((raw * pairs).sum()) / total
        pictures.append(Picture(view, raw, balanced, kept_bins, weighted))
    return pictures


def _sum_cells(
    contacts: ContactMap, scales: Sequence[Floats], view: View, chunk_size: int
) -> list[Floats]:
    """Sum the contacts of each cell, times the scales of both bins, for each of the scales."""
    size, cells = view.stop - view.first, view.cells
    sums = [np.zeros((cells, cells)) for _ in scales]
    begin, end = np.zeros(size, np.int64), np.full(size, size)
    for first, stop in split_rows(contacts, chunk_size, view.first, view.stop):
        indptr = contacts.indptr[first : stop + 1]
        columns, counts = contacts.entries(int(indptr[0]), int(indptr[-1]))
        columns, counts = columns - np.uint32(view.first), counts.astype(np.float64)
        first, stop = first - view.first, stop - view.first
        rows = indptr, columns, counts, first, stop - first, begin[first:stop], end[first:stop]
        for scale, upper in zip(scales, sums, strict=True):
            call("add_to_picture", *rows, scale, view.block, cells, upper)
    return [upper + upper.T for upper in sums]


def pool_cells(values: Floats, bins_per_cell: Floats, factor: int) -> tuple[Floats, Floats]:
    """Merge neighbouring cells of a picture.

    Parameters
    ----------
    values : float64 [cells, cells]
        Means over pairs of bins.
    bins_per_cell : float64 [cells]
        Number of bins that count in each cell.
    factor : int
        Cells merged along each axis.

    Returns
    -------
    values : float64 [larger cells, larger cells]
        Means over the pairs of the larger cells.
    bins_per_cell : float64 [larger cells]
        Number of bins that count in them.
    """
    starts = np.arange(0, len(values), factor)
    sums = values * np.outer(bins_per_cell, bins_per_cell)
    sums = np.add.reduceat(np.add.reduceat(sums, starts, axis=0), starts, axis=1)
    merged = np.add.reduceat(bins_per_cell, starts)
    return mean_over_pairs(sums, merged), merged


def distance_classes(bins: BinTable, view: View) -> Indices:
    """Return the class of each cell, within which contacts are expected to be equally many.

    Parameters
    ----------
    bins : BinTable
        The bins.
    view : View
        The cells.

    Returns
    -------
    int64 [cells, cells]
        Classes of distance within chromosomes; the last one is for two chromosomes. A cell at the
        border of chromosomes belongs to that of its middle bin.
    """
    cells = view.cells
    number = np.arange(cells)
    edges = np.unique(np.geomspace(1, cells + 1, _count_classes(cells)).astype(np.int64))
    of_distance = np.searchsorted(edges, number + 1, side="right") - 1
    classes = of_distance[np.abs(number[:, None] - number)]
    if len(bins):
        chromosome = bins.chromosome_ids[view.middle_bins()]
        classes[chromosome[:, None] != chromosome] = len(edges)
    return np.asarray(classes, dtype=np.int64)


def _count_classes(cells: int) -> int:
    """Return the number of edges of classes, of which the first hold one distance each."""
    return 2 + int(np.log(cells + 1) / np.log(CLASS_WIDTH))


def over_expected(values: Floats, bins_per_cell: Floats, classes: Indices) -> Floats:
    """Divide a picture by the mean of each class of cells.

    Parameters
    ----------
    values : float64 [cells, cells]
        Means over pairs of bins.
    bins_per_cell : float64 [cells]
        Number of bins that count in each cell.
    classes : int64 [cells, cells]
        As from ``distance_classes``.

    Returns
    -------
    float64 [cells, cells]
        Ratios; NaN where no pair counts, or where less than one contact is expected.
    """
    pairs = np.outer(bins_per_cell, bins_per_cell)
    sums = np.bincount(classes.ravel(), (values * pairs).ravel())
    counts = np.bincount(classes.ravel(), pairs.ravel())
    expected = np.divide(sums, counts, out=np.zeros_like(sums), where=sums > 0)[classes]
    usable = expected * pairs >= 1
    return np.divide(values, expected, out=np.full_like(values, np.nan), where=usable)
