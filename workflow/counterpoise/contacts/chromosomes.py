"""The bins of each chromosome of a part: which of them are kept, and how long they are."""

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
    kept : bool [bins of the chromosome].
    bin_size : mean length of its bins in base pairs.
    """

    kept: NDArray[np.bool_]
    bin_size: float

    def sigma(self, bandwidth: Bandwidth) -> float:
        """Return a bandwidth in bins of this chromosome."""
        return bandwidth.in_bins(len(self.kept), self.bin_size)


def restrict_chromosomes(
    chromosomes: Sequence[ChromosomeBins], kept: NDArray[np.bool_]
) -> list[ChromosomeBins]:
    """The chromosomes with fewer of their kept bins; ``kept`` is bool [kept bins of all]."""
    begin, still = 0, []
    for chromosome in chromosomes:
        bins = chromosome.kept.copy()
        many = int(np.count_nonzero(bins))
        bins[bins] = kept[begin : begin + many]
        still.append(replace(chromosome, kept=bins))
        begin += many
    return still


def chromosome_bins(bins: BinTable, selection: Selection) -> list[ChromosomeBins]:
    """The chromosomes that a selection has bins on, with its kept ones."""
    found = []
    for _, lo, hi in bins.chromosome_ranges():
        if selection.lo <= lo < hi <= selection.hi:
            kept = selection.kept[lo - selection.lo : hi - selection.lo]
            size = float(bins.resolution or np.mean(bins.end[lo:hi] - bins.start[lo:hi]))
            found.append(ChromosomeBins(kept, size))
    return found
