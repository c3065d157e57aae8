"""Selection of the contacts that a method uses: scope, diagonals and kept bins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable


class Scope(StrEnum):
    """The contacts that are balanced.

    ``genome``: all contacts at once; ``cis``: each chromosome separately; ``trans``: only contacts
    between chromosomes, at once.
    """

    GENOME = "genome"
    CIS = "cis"
    TRANS = "trans"


# What the name of a method's column in coolers begins with.
COLUMN_PREFIXES = {Scope.CIS: "", Scope.GENOME: "GW_", Scope.TRANS: "INTER_"}


@dataclass(frozen=True)
class Selection:
    """A square part of a map along the diagonal, and which of its contacts count.

    Attributes
    ----------
    label : str
        Name of the chromosome (cis), ``genome`` or ``trans``.
    lo, hi : int
        First bin and end (exclusive) of the part.
    scope : Scope
        ``cis`` drops contacts between chromosomes, ``trans`` those within one.
    ignore_diags : int
        Pixels with bin2 - bin1 below this are dropped. Only bin numbers count, so the pixel across
        a chromosome border is dropped too, as in cooler.
    diagonal : int
        How often a pixel on the main diagonal counts in a row sum: 1, or 2 as in cooler before
        0.11.
    kept : numpy.ndarray
        bool [hi - lo], False for masked bins.
    factor : numpy.ndarray or None
        float64 [hi - lo]; contacts are multiplied by factor_i factor_j.
    """

    label: str
    lo: int
    hi: int
    scope: Scope
    ignore_diags: int
    diagonal: int
    kept: NDArray[np.bool_]
    factor: NDArray[np.float64] | None = None

    @property
    def holds_pixels(self) -> bool:
        """Whether two kept bins, or one with itself, are far enough apart for a pixel to count."""
        places = np.flatnonzero(self.kept)
        return len(places) > 0 and bool(places[-1] - places[0] >= self.ignore_diags)


def select(
    bins: BinTable,
    kept: NDArray[np.bool_],
    scope: Scope,
    ignore_diags: int = 0,
    diagonal: int = 1,
    trans_weighting: bool = False,
) -> Iterator[Selection]:
    """Iterate over the parts that are balanced independently.

    Parameters
    ----------
    bins : BinTable
        Bins of the map.
    kept : numpy.ndarray
        bool [bins], False for masked bins.
    scope : Scope
        Contacts to balance.
    ignore_diags, diagonal : int
        See ``Selection``.
    trans_weighting : bool
        For ``trans``, multiply contacts by cw_i cw_j with cw = 1 / (1 - n_c / N), where n_c of the
        N bins are on the bin's chromosome, as cooler's ICE does: a bin of a large chromosome has
        fewer trans partners.

    Yields
    ------
    Selection
        One for each chromosome (cis), or one for the genome.
    """
    n = len(bins)
    genome = Selection(scope.value, 0, n, scope, ignore_diags, diagonal, kept)
    if scope is Scope.CIS:
        for name, lo, hi in bins.chromosome_ranges():
            yield replace(genome, label=name, lo=lo, hi=hi, kept=kept[lo:hi])
        return
    if scope is Scope.TRANS and trans_weighting:
        sizes = np.diff(bins.offsets)
        share = 1 - np.repeat(sizes, sizes) / n
        # A map of one chromosome has no trans contacts to weight.
        factor = np.divide(1.0, share, out=np.ones(n), where=share > 0)
        genome = replace(genome, factor=factor)
    yield genome
