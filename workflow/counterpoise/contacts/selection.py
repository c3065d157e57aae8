"""Selection of the contacts that a method uses: scope, diagonals and kept bins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

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


def column_name(scope: str, name: str) -> str:
    """Return the name of a method's column in coolers: ``KR``, ``GW_KR`` or ``INTER_KR``.

    Parameters
    ----------
    scope : str
        Value of a `Scope`.
    name : str
        Name of the method.
    """
    return COLUMN_PREFIXES[Scope(scope)] + name.upper()


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
        Pixels with bin2 - bin1 below this are dropped, as ``is_far`` decides.
    diagonal : int
        How often a pixel on the main diagonal counts in a row sum: 1, or 2 as in cooler before
        0.11.
    kept : numpy.ndarray
        bool [hi - lo], False for masked bins.
    factor : numpy.ndarray or None
        float64 [hi - lo]; contacts are multiplied by factor_i factor_j.
    chromosome_ends : numpy.ndarray or None
        int64 [hi - lo], the end of each bin's chromosome, counted from ``lo``, if diagonals are
        ignored within chromosomes only and the part has pixels to which this matters. None if
        bin numbers alone decide.
    """

    label: str
    lo: int
    hi: int
    scope: Scope
    ignore_diags: int
    diagonal: int
    kept: NDArray[np.bool_]
    factor: NDArray[np.float64] | None = None
    chromosome_ends: NDArray[np.int64] | None = None

    @property
    def holds_pixels(self) -> bool:
        """Whether two kept bins, or one with itself, are far enough apart for a pixel to count."""
        places = np.flatnonzero(self.kept)
        return len(places) > 0 and bool(self.is_far(places[:1], places[-1:])[0])

    def is_far(self, rows: NDArray[Any], columns: NDArray[Any]) -> NDArray[np.bool_]:
        """Return whether each pixel is beyond the ignored diagonals.

        Parameters
        ----------
        rows, columns : numpy.ndarray
            Integers [pixels], bins counted from ``lo``; ``rows <= columns``.

        Returns
        -------
        numpy.ndarray
            bool [pixels].
        """
        return np.asarray(is_far(rows, columns, self.ignore_diags, self.chromosome_ends))


def is_far(rows: Any, columns: Any, ignore_diags: int, chromosome_ends: Any = None) -> Any:
    """Return whether each pixel is beyond the ignored diagonals.

    Parameters
    ----------
    rows, columns : numpy.ndarray or torch.Tensor
        Integers [pixels], the bins of each pixel; ``rows <= columns``.
    ignore_diags : int
        Pixels with ``columns - rows`` below this are near.
    chromosome_ends : numpy.ndarray or None
        int64 [bins], the end of each bin's chromosome, if pixels between chromosomes are never
        near; None if bin numbers alone decide, as in cooler.

    Returns
    -------
    numpy.ndarray or torch.Tensor
        bool [pixels].
    """
    far = columns - rows >= ignore_diags
    if chromosome_ends is not None:
        far |= columns >= chromosome_ends[rows]
    return far


def first_far_columns(
    bins: int, ignore_diags: int, chromosome_ends: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Return the first column of each row that ``is_far``.

    Parameters
    ----------
    bins : int
        Number of rows.
    ignore_diags, chromosome_ends : int, numpy.ndarray or None
        As for ``is_far``.

    Returns
    -------
    numpy.ndarray
        int64 [bins]; can be beyond the last bin.
    """
    columns = np.arange(bins, dtype=np.int64) + ignore_diags
    if chromosome_ends is not None:
        np.minimum(columns, chromosome_ends, out=columns)
    return columns


def select(
    bins: BinTable,
    kept: NDArray[np.bool_],
    scope: Scope,
    ignore_diags: int = 0,
    diagonal: int = 1,
    trans_weighting: bool = False,
    ignore_diags_trans: bool = True,
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
    ignore_diags_trans : bool
        Whether ignored diagonals include pixels between chromosomes; see ``MethodSettings``.

    Yields
    ------
    Selection
        One for each chromosome (cis), or one for the genome.
    """
    n = len(bins)
    ends = None
    if not ignore_diags_trans and scope is Scope.TRANS:
        ignore_diags = 0
    if not ignore_diags_trans and scope is Scope.GENOME:
        ends = bins.chromosome_ends
    genome = Selection(scope.value, 0, n, scope, ignore_diags, diagonal, kept, chromosome_ends=ends)
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
