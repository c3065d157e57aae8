"""The region whose balanced maps are shown side by side, and its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import ContactMap, load_rows
from counterpoise.report.chunks import Flags, Floats, add_to_picture, read_chunks
from counterpoise.report.comparison.samples import Sample
from counterpoise.report.run.stretch import bins_of_region

CONTACTS_PER_CELL = 16.0  # of a map, on average
FEWEST_CELLS = 64  # along the side of a map, however few contacts there are
# A log ratio is of contacts plus this number of contacts of the shallower map, so that cells with
# few contacts show no difference.
PSEUDOCOUNT = 4.0
RATIO_CELLS = 2  # cells of a map along the side of a cell of log ratios


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


@dataclass(frozen=True)
class Picture:
    """A balanced map of a region.

    Attributes
    ----------
    values : float64 [cells, cells]
        Mean over the pairs of bins that have weights, over the mean of all such cells; NaN where
        no pair has.
    contacts : float
        Number of contacts that it shows.
    """

    values: Floats
    contacts: float

    @property
    def empty_cells(self) -> Flags:
        """Rows without any value, bool [cells]."""
        return np.asarray(~np.isfinite(self.values).any(axis=1))


def list_regions(chromosome: str, usable: Flags, cells: int) -> list[Region]:
    """List the regions that could be shown, from the shortest to the whole chromosome.

    Parameters
    ----------
    chromosome : str
        The chromosome to show.
    usable : bool [bins of the chromosome]
        True where samples have a weight.
    cells : int
        Largest number of cells along each side.

    Returns
    -------
    list of Region
        The first stretch of each length that has the most usable bins.
    """
    size = len(usable)
    before = np.concatenate([[0], np.cumsum(usable)])
    regions = []
    for block in (step * 10**power for power in range(9) for step in (1, 2, 5)):
        width = cells * block
        if width >= size:
            break
        first = int(np.argmax(before[width:] - before[:-width]))
        regions.append(Region(chromosome, first, width, block))
    return [*regions, Region(chromosome, 0, size, -(-size // cells))]


def locate_region(bins: BinTable, text: str, cells: int) -> Region:
    """Locate the region of the setting ``qc.region``.

    Parameters
    ----------
    bins : BinTable
        The bins of a map.
    text : str
        The setting.
    cells : int
        Largest number of cells along each side.

    Returns
    -------
    Region
        The stretch that the plots of runs show.

    Raises
    ------
    ConfigError
        If the map has no such region.
    """
    first, stop = bins_of_region(bins, text)
    chromosome = int(bins.chromosome_ids[first])
    start = first - int(bins.offsets[chromosome])
    size = stop - first
    return Region(bins.chromosomes[chromosome], start, size, -(-size // cells))


def choose_region(
    regions: Sequence[Region],
    contacts: Floats,
    cells: int,
    contacts_per_cell: float = CONTACTS_PER_CELL,
) -> Region:
    """Choose the shortest region that has enough contacts per cell in every map.

    Parameters
    ----------
    regions : sequence of Region
        Those of ``list_regions``, or the one of the settings.
    contacts : float64 [maps, regions]
        Contacts of each map in each region.
    cells : int
        Largest number of cells along each side.
    contacts_per_cell : float
        How many contacts are enough, on average.

    Returns
    -------
    Region
        The last one in coarser cells if no other has enough contacts.
    """
    fewest = contacts.min(axis=0)
    for region, number in zip(regions[:-1], fewest, strict=False):
        if number >= contacts_per_cell * cells**2 / 2:
            return region
    last = regions[-1]
    affordable = np.sqrt(2 * fewest[-1] / contacts_per_cell)
    cells = int(np.clip(affordable, min(FEWEST_CELLS, cells), cells))
    return Region(last.chromosome, last.first, last.bins, -(-last.bins // cells))


def count_contacts(sample: Sample, contacts: ContactMap, regions: Sequence[Region]) -> Floats:
    """Count the contacts of a sample within regions of one chromosome.

    Parameters
    ----------
    sample : Sample
        The sample.
    contacts : ContactMap
        Its map.
    regions : sequence of Region
        The regions.

    Returns
    -------
    float64 [regions]
        Sums of counts.
    """
    totals = []
    for region in regions:
        lo = sample.span(region.chromosome).start + region.first
        hi = lo + region.bins
        totals.append(float(load_rows(contacts, lo, hi, hi).counts.sum()))
    return np.array(totals)


def draw_picture(
    sample: Sample, contacts: ContactMap, weights: Floats, region: Region, ignore_diags: int
) -> Picture:
    """Compute the balanced map of a region.

    Parameters
    ----------
    sample : Sample
        The sample.
    contacts : ContactMap
        Its map.
    weights : float64 [bins]
        Multiplicative weights, NaN on masked bins.
    region : Region
        The region.
    ignore_diags : int
        Contacts with ``bin2 - bin1`` below this are left out.

    Returns
    -------
    Picture
        The map.
    """
    lo = sample.span(region.chromosome).start + region.first
    hi = lo + region.bins
    cell = (np.arange(len(weights)) - lo) // region.block
    has_weight, scale = np.isfinite(weights), np.nan_to_num(weights)
    sums = np.zeros((region.cells, region.cells))
    total = 0.0
    for _, rows, columns, counts in read_chunks(load_rows(contacts, lo, hi, hi)):
        used = (columns - rows >= ignore_diags) & has_weight[rows] & has_weight[columns]
        rows, columns, counts = rows[used], columns[used], counts[used]
        total += float(counts.sum())
        add_to_picture(sums, cell, rows, columns, counts * scale[rows] * scale[columns])
    weighted = np.bincount(cell[lo:hi], has_weight[lo:hi], region.cells)
    pairs = np.outer(weighted, weighted)
    values = np.divide(sums, pairs, out=np.full_like(sums, np.nan), where=pairs > 0)
    return Picture(_over_mean(values), total)


def _over_mean(values: Floats) -> Floats:
    """Divide by the mean of the values that are known."""
    known = values[np.isfinite(values)]
    return values / known.mean() if known.any() else values


class Pool:
    """The mean of balanced maps, weighted by their contacts, as a running sum.

    Parameters
    ----------
    cells : int
        Cells along each side of the maps.
    """

    def __init__(self, cells: int) -> None:
        self._sums, self._weights = np.zeros((2, cells, cells))
        self._contacts = 0.0

    def add(self, picture: Picture) -> None:
        """Add a map; cells without a value do not count.

        Parameters
        ----------
        picture : Picture
            The map.
        """
        known = np.isfinite(picture.values)
        self._sums[known] += picture.contacts * picture.values[known]
        self._weights[known] += picture.contacts
        self._contacts += picture.contacts

    def picture(self) -> Picture:
        """Return the mean of the maps so far."""
        values = np.full_like(self._sums, np.nan)
        np.divide(self._sums, self._weights, out=values, where=self._weights > 0)
        return Picture(_over_mean(values), self._contacts)


def log_ratio(one: Picture, reference: Picture) -> Floats:
    """Compute the log2 ratio of two maps that are scaled to equal sums.

    Parameters
    ----------
    one, reference : Picture
        Maps of the same region.

    Returns
    -------
    float64 [cells / RATIO_CELLS, cells / RATIO_CELLS]
        Logarithms; NaN where the maps have no value in common. Sums are over the cells where both
        have one, and ``PSEUDOCOUNT`` contacts of the shallower map are added to both.
    """
    both = np.isfinite(one.values) & np.isfinite(reference.values)
    number = sum_cells(both.astype(np.float64))
    sums = [sum_cells(np.where(both, each.values, 0.0)) for each in (one, reference)]
    result = np.full_like(number, np.nan)
    if not all(each.any() for each in sums):
        return result
    # A contact counts in two cells of the symmetric map.
    added = PSEUDOCOUNT / (2 * min(one.contacts, reference.contacts))
    # Cells with few values have small sums, so the added contacts are their share, too.
    added_here = added * number / RATIO_CELLS**2
    upper, lower = (each / each.sum() + added_here for each in sums)
    np.log2(np.divide(upper, lower, out=np.ones_like(upper), where=number > 0), out=result)
    result[number == 0] = np.nan
    return result


def sum_cells(values: Floats) -> Floats:
    """Sum ``RATIO_CELLS`` x ``RATIO_CELLS`` cells of a map.

    Parameters
    ----------
    values : float64 [cells, cells]
        The map.

    Returns
    -------
    float64 [cells / RATIO_CELLS, cells / RATIO_CELLS]
        Sums; the last row and column may be of fewer cells.
    """
    starts = np.arange(0, len(values), RATIO_CELLS)
    rows = np.add.reduceat(values, starts, axis=0)
    return np.asarray(np.add.reduceat(rows, starts, axis=1))
