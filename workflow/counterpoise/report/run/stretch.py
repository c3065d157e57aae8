"""The stretch of the genome that the figure of a run shows bin by bin.

It follows from the bins alone, so that it is the same for all samples and methods, and its middle
is the same at all resolutions.
"""

from __future__ import annotations

import numpy as np

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.region import parse_region
from counterpoise.errors import ConfigError
from counterpoise.report.chunks import Flags

STRETCH_BINS = 250  # shown one by one, in two pixels of the page each

# Where the middle of the stretch is along the longest chromosome. Half-way is often a centromere.
PLACE = 0.25


def choose_stretch(bins: BinTable, kept: Flags, region: str | None = None) -> tuple[int, int]:
    """Choose the stretch.

    Parameters
    ----------
    bins : BinTable
        The bins.
    kept : bool [bins]
        The mask. If it has kept bins, but none in the stretch, the stretch moves to them: to one
        quarter of the kept bins of the chromosome that has the most.
    region : str, optional
        The setting ``qc.region``, which is shown as it is.

    Returns
    -------
    tuple of int
        First bin and end, on one chromosome.
    """
    if region is not None:
        return bins_of_region(bins, region)
    if not len(bins):
        return 0, 0
    sizes = np.diff(bins.offsets)
    longest = int(np.argmax(np.where(sizes > 0, bins.lengths, -1)))
    lo, hi = bins.offsets[longest : longest + 2].tolist()
    first, stop = _around(lo + int(PLACE * (hi - lo)), lo, hi)
    if kept.any() and not kept[first:stop].any():
        per_chromosome = np.add.reduceat(kept.astype(np.int64), bins.offsets[:-1][sizes > 0])
        best = int(np.flatnonzero(sizes > 0)[np.argmax(per_chromosome)])
        lo, hi = bins.offsets[best : best + 2].tolist()
        usable = lo + np.flatnonzero(kept[lo:hi])
        first, stop = _around(int(usable[int(PLACE * len(usable))]), lo, hi)
    return first, stop


def _around(middle: int, lo: int, hi: int) -> tuple[int, int]:
    """Return ``STRETCH_BINS`` bins around one, within a chromosome from ``lo`` to ``hi``."""
    first = max(lo, min(middle - STRETCH_BINS // 2, hi - STRETCH_BINS))
    return first, min(first + STRETCH_BINS, hi)


def bins_of_region(bins: BinTable, text: str) -> tuple[int, int]:
    """Return the bins of a region, or those around it if they are fewer than ``STRETCH_BINS``.

    Parameters
    ----------
    bins : BinTable
        The bins.
    text : str
        The setting ``qc.region``.

    Returns
    -------
    tuple of int
        First bin and end, on one chromosome.

    Raises
    ------
    ConfigError
        If the map has no such chromosome, or it ends before the region.
    """
    region = parse_region(text, "qc.region")
    if region.chromosome not in bins.chromosomes:
        names = ", ".join(bins.chromosomes[:5]) + (", ..." if len(bins.chromosomes) > 5 else "")
        raise ConfigError(
            f"qc.region is {text}, and the map has no chromosome {region.chromosome}; it has "
            f"{names}. Name a chromosome that all maps have, or set qc.region to null."
        )
    index = bins.chromosomes.index(region.chromosome)
    lo, hi = bins.offsets[index : index + 2].tolist()
    first = lo + int(np.searchsorted(bins.end[lo:hi], region.start, side="right"))
    stop = lo + int(np.searchsorted(bins.start[lo:hi], region.end, side="left"))
    if first >= stop:
        raise ConfigError(
            f"qc.region is {text}, and {region.chromosome} ends at {bins.lengths[index]:,}. Name a "
            "region on it, or set qc.region to null."
        )
    return (first, stop) if stop - first >= STRETCH_BINS else _around((first + stop) // 2, lo, hi)
