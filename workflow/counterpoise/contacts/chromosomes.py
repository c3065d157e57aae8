"""The chromosomes of a part: which of their bins are kept, and how long these are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bandwidth import Bandwidth
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.selection import Selection


@dataclass(frozen=True)
class ChromosomeBins:
    """The bins of one chromosome in a part.

    Attributes
    ----------
    kept : numpy.ndarray
        bool [bins of the chromosome], False for masked bins.
    bin_size : float
        Mean length of the bins in base pairs.
    """

    kept: NDArray[np.bool_]
    bin_size: float

    def sigma(self, bandwidth: Bandwidth) -> float:
        """Return the standard deviation of a Gaussian in bins.

        Parameters
        ----------
        bandwidth : Bandwidth
            A fraction of the chromosome, or base pairs.
        """
        return bandwidth.in_bins(len(self.kept), self.bin_size)


def restrict_chromosomes(
    chromosomes: Sequence[ChromosomeBins], kept: NDArray[np.bool_]
) -> list[ChromosomeBins]:
    """Mask further bins of chromosomes.

    Parameters
    ----------
    chromosomes : sequence of ChromosomeBins
        The chromosomes of a part.
    kept : numpy.ndarray
        bool [kept bins of all chromosomes], True for the bins that stay.

    Returns
    -------
    list of ChromosomeBins
        One for each chromosome.
    """
    begin, restricted = 0, []
    for chromosome in chromosomes:
        bins = chromosome.kept.copy()
        count = int(np.count_nonzero(bins))
        bins[bins] = kept[begin : begin + count]
        restricted.append(replace(chromosome, kept=bins))
        begin += count
    return restricted


def chromosome_bins(bins: BinTable, selection: Selection) -> list[ChromosomeBins]:
    """Return the chromosomes that lie in a selection and have bins.

    Parameters
    ----------
    bins : BinTable
        Bins of the map.
    selection : Selection
        A chromosome or the genome, with its kept bins.

    Returns
    -------
    list of ChromosomeBins
    """
    chromosomes = []
    for _, lo, hi in bins.chromosome_ranges(selection.lo, selection.hi):
        if lo < hi:
            kept = selection.kept[lo - selection.lo : hi - selection.lo]
            size = float(bins.resolution or np.mean(bins.end[lo:hi] - bins.start[lo:hi]))
            chromosomes.append(ChromosomeBins(kept, size))
    return chromosomes
