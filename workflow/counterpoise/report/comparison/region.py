"""The region whose balanced maps are shown side by side, and its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from counterpoise.contacts.contact_map import load_rows
from counterpoise.report.chunks import Flags, Floats, add_to_picture, read_chunks
from counterpoise.report.comparison.samples import Sample

CONTACTS_PER_CELL = 16.0  # of a map, on average
FEWEST_CELLS = 64  # along the side of a map, however few contacts there are


@dataclass(frozen=True)
class Region:
    """A stretch of a chromosome.

    Attributes
    ----------
    chromosome : str
        Its name.
    first : int
        The first bin, counted from the start of the chromosome.
    bins : int
        Number of bins.
    block : int
        Bins per cell of the picture.
    """

    chromosome: str
    first: int
    bins: int
    block: int

    @property
    def cells(self) -> int:
        """Cells along each side of the picture."""
        return -(-self.bins // self.block)


def choose_region(
    samples: Sequence[Sample],
    chromosome: str,
    usable: Flags,
    cells: int,
    contacts_per_cell: float = CONTACTS_PER_CELL,
) -> Region:
    """Choose the finest picture that has enough contacts per cell in every sample.

    Parameters
    ----------
    samples : sequence of Sample
        The samples.
    chromosome : str
        The chromosome to show.
    usable : bool [bins of the chromosome]
        True where all samples have a weight.
    cells : int
        Largest number of cells along each side.
    contacts_per_cell : float
        How many contacts are enough, on average.

    Returns
    -------
    Region
        The first stretch with the most usable bins; the whole chromosome in coarser cells if
        nothing smaller has enough contacts.
    """
    size = len(usable)
    before = np.concatenate([[0], np.cumsum(usable)])
    for block in (step * 10**power for power in range(9) for step in (1, 2, 5)):
        width = cells * block
        if width >= size:
            break
        first = int(np.argmax(before[width:] - before[:-width]))
        enough = contacts_per_cell * cells**2 / 2
        if fewest_contacts(samples, chromosome, first, width) >= enough:
            return Region(chromosome, first, width, block)
    contacts = fewest_contacts(samples, chromosome, 0, size)
    affordable = np.sqrt(2 * contacts / contacts_per_cell)
    cells = int(np.clip(affordable, min(FEWEST_CELLS, cells), cells))
    return Region(chromosome, 0, size, -(-size // cells))


def fewest_contacts(samples: Sequence[Sample], chromosome: str, first: int, bins: int) -> float:
    """Return the contacts within a stretch, in the sample that has fewest.

    Parameters
    ----------
    samples : sequence of Sample
        The samples.
    chromosome : str
        The chromosome.
    first, bins : int
        The stretch's first bin on the chromosome and its number of bins.

    Returns
    -------
    float
        The smallest number of contacts.
    """
    totals = []
    for sample in samples:
        lo = sample.span(chromosome).start + first
        totals.append(float(load_rows(sample.contacts, lo, lo + bins, lo + bins).counts.sum()))
    return min(totals)


def draw_picture(sample: Sample, weights: Floats, region: Region, ignore_diags: int) -> Floats:
    """Compute the balanced map of a region, divided by its mean.

    Parameters
    ----------
    sample : Sample
        The sample.
    weights : float64 [bins]
        Multiplicative weights, NaN on masked bins.
    region : Region
        The region.
    ignore_diags : int
        Contacts with ``bin2 - bin1`` below this are left out.

    Returns
    -------
    float64 [cells, cells]
        A cell is the mean over its pairs of bins that have weights; zero without a pair.
    """
    lo = sample.span(region.chromosome).start + region.first
    hi = lo + region.bins
    cell = (np.arange(len(weights)) - lo) // region.block
    scale = np.nan_to_num(weights)
    sums = np.zeros((region.cells, region.cells))
    for _, rows, columns, counts in read_chunks(load_rows(sample.contacts, lo, hi, hi)):
        far = columns - rows >= ignore_diags
        rows, columns = rows[far], columns[far]
        add_to_picture(sums, cell, rows, columns, counts[far] * scale[rows] * scale[columns])
    has_weight = np.bincount(cell[lo:hi], np.isfinite(weights[lo:hi]), region.cells)
    pairs = np.outer(has_weight, has_weight)
    total = sums.sum()
    sums *= pairs.sum() / total if total else 0.0
    return np.divide(sums, pairs, out=np.zeros_like(sums), where=pairs > 0)


def cells_with_weights(sample: Sample, weights: Floats, region: Region) -> Flags:
    """Flag the cells of a region in which any bin has a weight.

    Parameters
    ----------
    sample : Sample
        The sample.
    weights : float64 [bins]
        Weights, NaN on masked bins.
    region : Region
        The region.

    Returns
    -------
    bool [cells]
        True where a bin has a weight.
    """
    lo = sample.span(region.chromosome).start + region.first
    has_weight = np.isfinite(weights[lo : lo + region.bins])
    return np.asarray(np.logical_or.reduceat(has_weight, np.arange(0, region.bins, region.block)))
