"""Copy numbers of the bins: balanced row sums are then proportional to them.

A region that a cell has in more copies has as many times more contacts. Equal row sums would hide
that; with copy numbers t, the weights x solve x * (A x) = t.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import pluralise
from counterpoise.contacts.selection import Selection
from counterpoise.errors import ConfigError
from counterpoise.records.copy_number import CopyNumberUse


@dataclass(frozen=True)
class CopyNumber:
    """The copy number of each bin.

    Attributes
    ----------
    copies : ndarray of float64, shape (bins,)
        Copies, or any other values that row sums are to be proportional to; 0 for bins that the
        cells do not have, which get no weight.
    uncovered : int
        Bins that the file does not cover, which have its median copy number.
    file, sha256 : str
        Name and SHA-256 of the file; empty for values given as an array.
    """

    copies: NDArray[np.float64]
    uncovered: int = 0
    file: str = ""
    sha256: str = ""

    @classmethod
    def of(cls, values: Any, bins: int) -> Self:
        """Check copy numbers and return them.

        Parameters
        ----------
        values : CopyNumber or array_like of float, shape (bins,)
            The copy numbers.
        bins : int
            Number of bins of the map.

        Raises
        ------
        ConfigError
            If their number is not that of the bins, or one is negative, infinite or NaN.
        """
        checked = values if isinstance(values, cls) else cls(_to_numbers(values))
        copies = checked.copies
        if copies.shape != (bins,):
            raise ConfigError(
                f"copy_number of this map has {pluralise(bins, 'value')}, one for each bin; this "
                f"has {pluralise(copies.size, 'value')}."
            )
        wrong = np.flatnonzero(~(np.isfinite(copies) & (copies >= 0)))
        if len(wrong):
            raise ConfigError(
                f"copy_number is {copies[wrong[0]]} at bin {wrong[0]:,}; it must be a number, zero "
                "or more. Give bins of unknown copy number the usual one, and bins that the cells "
                "do not have zero."
            )
        return checked

    @property
    def present(self) -> NDArray[np.bool_]:
        """Bins that the cells have: bool [bins]."""
        return self.copies > 0

    def targets(self, selections: Sequence[Selection]) -> NDArray[np.float64]:
        """Return the row sums that methods aim at: the mean over the kept bins of a part is one.

        Parameters
        ----------
        selections : sequence of Selection
            The parts of the map; kept bins are among those that the cells have.

        Returns
        -------
        ndarray of float64, shape (bins,)
            NaN outside of all parts.
        """
        targets = np.full(len(self.copies), np.nan)
        for part in selections:
            inside = self.copies[part.lo : part.hi]
            if part.kept.any():
                targets[part.lo : part.hi] = inside / inside[part.kept].mean()
        return targets

    def use(self, kept: NDArray[np.bool_]) -> CopyNumberUse:
        """Describe the copy numbers for the verdict.

        Parameters
        ----------
        kept : ndarray of bool, shape (bins,)
            Bins that the mask keeps.
        """
        balanced = self.copies[kept & self.present]
        return CopyNumberUse(
            file=self.file,
            sha256=self.sha256,
            lowest=float(balanced.min()) if len(balanced) else None,
            highest=float(balanced.max()) if len(balanced) else None,
            absent=int(np.count_nonzero(kept & ~self.present)),
            uncovered=self.uncovered,
        )


def _to_numbers(values: Any) -> NDArray[np.float64]:
    """Return values as an array of float64."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"copy_number is an array with a number for each bin, or a file; this is {values!r}."
        ) from error
