"""The distances over which samples are compared, and the size of the window that smooths them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from counterpoise.contacts.bins import BinTable

FARTHEST = 5_000_000  # base pairs
FEWEST_STRATA, MOST_STRATA = 5, 100
SMOOTHING = 0.06  # bins to either side, of the number of strata
MOST_VALUES = 100_000_000  # of all samples on the largest chromosome; 4 bytes each


@dataclass(frozen=True)
class Strata:
    """Distances within chromosomes, in bins.

    Attributes
    ----------
    ignored : int
        Contacts at distances below this are not used at all.
    first, end : int
        The first distance that is a stratum, and the end (exclusive).
    window : int
        Contacts are averaged over this number of bins to either side.
    """

    ignored: int
    first: int
    end: int
    window: int

    @property
    def reach(self) -> int:
        """Number of distances that the windows reach."""
        return self.end + 2 * self.window


def choose_strata(bins: BinTable, ignored: int, samples: int) -> Strata | None:
    """Choose the distances at which samples are compared.

    Parameters
    ----------
    bins : BinTable
        Bins of the samples.
    ignored : int
        Diagonals that the method ignored.
    samples : int
        Number of samples.

    Returns
    -------
    Strata or None
        Up to ``FARTHEST``, or a third of the longest chromosome if that is less. None if the bins
        are too small or too large for it or of unequal length, or the samples too many.
    """
    if bins.resolution is None:
        return None
    farthest = min(FARTHEST, int(bins.lengths.max()) // 3)
    strata = farthest // bins.resolution
    largest = int(np.diff(bins.offsets).max())
    first = max(ignored, 1)
    if not max(first, FEWEST_STRATA) <= strata <= MOST_STRATA:
        return None
    if samples * strata * largest > MOST_VALUES:
        return None
    return Strata(ignored, first, strata + 1, round(SMOOTHING * strata))
