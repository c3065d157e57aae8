"""Bin tables without holes, as readers of coolers need them.

cooler finds the bins of a region by arithmetic (bins of one size) or by a search for the start of
the region (bins of unequal length). Both are wrong where bins do not begin at 0 or have holes: they
return bins of other places, or of the chromosome before. A table in which one bin without contacts
covers each hole is read correctly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable


@dataclass(frozen=True)
class Tiling:
    """A bin table whose holes are covered.

    Attributes
    ----------
    bins : BinTable
        The bins and one bin for each hole, without extra columns.
    positions : numpy.ndarray or None
        int64 [bins of the map], the number of each bin in ``bins``; None if there are no holes.
    """

    bins: BinTable
    positions: NDArray[np.int64] | None

    def spread(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return a column of the map's bins as a column of the tiling.

        Parameters
        ----------
        values : array [bins of the map]
            Numbers, booleans or text (dtype ``S``).

        Returns
        -------
        array [bins]
            NaN, or empty text, in the bins that cover holes. Integers and booleans become float64
            if there are such bins.
        """
        if self.positions is None:
            return values
        is_text = values.dtype.kind == "S"
        dtype = values.dtype if values.dtype.kind in "Sf" else np.dtype(np.float64)
        column = np.full(len(self.bins), b"" if is_text else np.nan, dtype)
        column[self.positions] = values
        return column


def cover_holes(bins: BinTable) -> Tiling:
    """Return the bins of a map with a bin for each hole.

    Holes lie before the first bin of a chromosome, between bins and after the last one. A
    chromosome without bins is one hole.

    Parameters
    ----------
    bins : BinTable
        Bins of a map, in order and without overlap.

    Returns
    -------
    Tiling
    """
    if bins.is_tiling:
        return Tiling(bins, None)
    ids, sizes = bins.chromosome_ids, np.diff(bins.offsets)
    previous_end = np.zeros(len(bins), bins.end.dtype)
    follows = ids[1:] == ids[:-1]
    previous_end[1:][follows] = bins.end[:-1][follows]
    before = bins.start > previous_end  # there is a hole before the bin
    last_end = np.zeros(len(sizes), np.int64)
    last_end[sizes > 0] = bins.end[bins.offsets[1:][sizes > 0] - 1]
    after = last_end < bins.lengths  # there is a hole at the end of the chromosome
    holes = np.bincount(ids[before], minlength=len(sizes)) + after
    offsets = np.concatenate([[0], np.cumsum(sizes + holes)])
    earlier_ends = np.concatenate([[0], np.cumsum(after)[:-1]])
    positions = np.arange(len(bins)) + np.cumsum(before) + earlier_ends[ids]
    start, end = (np.empty(offsets[-1], bins.start.dtype) for _ in range(2))
    start[positions], end[positions] = bins.start, bins.end
    hole = positions[before] - 1
    start[hole], end[hole] = previous_end[before], bins.start[before]
    hole = offsets[1:][after] - 1
    start[hole], end[hole] = last_end[after], bins.lengths[after]
    return Tiling(BinTable(bins.chromosomes, bins.lengths, offsets, start, end, None), positions)
