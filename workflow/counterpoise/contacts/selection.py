"""Which contacts a method uses: the scope, the diagonals and the kept bins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable


class Scope(StrEnum):
    """The whole genome at once, each chromosome by itself, or contacts between chromosomes."""

    GENOME = "genome"
    CIS = "cis"
    TRANS = "trans"


@dataclass(frozen=True)
class Selection:
    """A square part of a map along the diagonal and which of its contacts count.

    Attributes
    ----------
    label : chromosome name (cis), ``genome`` or ``trans``.
    lo, hi : first bin and end (exclusive) of the part.
    scope : cis drops contacts between chromosomes, trans those within one.
    ignore_diags : drop pixels with bin2 - bin1 below this, by bin number alone, so the pixel
        across a chromosome border goes too (as cooler does).
    diagonal : how often a main-diagonal pixel counts in a row sum: 1, or 2 as cooler before 0.11.
    kept : bool [hi - lo], False for masked bins.
    factor : float64 [hi - lo] or None; contacts are multiplied by factor_i factor_j.
    """

    label: str
    lo: int
    hi: int
    scope: Scope
    ignore_diags: int
    diagonal: int
    kept: NDArray[np.bool_]
    factor: NDArray[np.float64] | None = None


def select(
    bins: BinTable,
    kept: NDArray[np.bool_],
    scope: Scope,
    ignore_diags: int = 0,
    diagonal: int = 1,
    trans_weighting: bool = False,
) -> Iterator[Selection]:
    """The parts that are balanced independently: one, or for cis one a chromosome.

    ``trans_weighting`` multiplies trans contacts by cw_i cw_j with cw = 1 / (1 - n_c / N), n_c of
    N bins being on the chromosome, as cooler's ICE does: a bin of a large chromosome has
    fewer trans partners.
    """
    n = len(bins)
    whole = Selection(scope.value, 0, n, scope, ignore_diags, diagonal, kept)
    if scope is Scope.CIS:
        for name, lo, hi in bins.chromosome_ranges():
            yield replace(whole, label=name, lo=lo, hi=hi, kept=kept[lo:hi])
        return
    if scope is Scope.TRANS and trans_weighting:
        sizes = np.diff(bins.offsets)
        share = 1 - np.repeat(sizes, sizes) / n
        # A map of one chromosome has no trans contacts to weight.
        factor = np.divide(1.0, share, out=np.ones(n), where=share > 0)
        whole = replace(whole, factor=factor)
    yield whole
