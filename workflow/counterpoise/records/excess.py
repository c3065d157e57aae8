"""The expected excess: how much new contacts would vary, balanced with the weights of a map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:  # records import no numpy
    import numpy as np
    from numpy.typing import NDArray

# Standard errors between the estimate and its upper bound.
ERRORS_TO_BOUND = 2.0
# An estimate that is more standard errors below zero is not due to chance: the map has too few
# contacts for it, or the weights know them, as with a prior of the same reads.
ERRORS_OF_CHANCE = 3.0


@dataclass(frozen=True)
class Excess:
    """An estimate of the excess, G, and how far chance may have moved it.

    Attributes
    ----------
    value : float
        Variance of the row sums of new contacts beyond counting, over their squared mean. Chance
        can make the estimate negative. NaN where a method has no formula.
    error : float
        Its standard error.
    """

    value: float
    error: float

    @classmethod
    def of_bins(
        cls,
        value: float,
        row_sums: NDArray[np.float64],
        noise: NDArray[np.float64],
        own: NDArray[np.float64] | float,
    ) -> Self:
        """Return an estimate with its standard error, that of a mean over bins.

        A bin contributes q = (r - 1)^2 - v + 2 w v. By counting alone the variance of its square is
        4 v' (r - 1)^2 - 2 v'^2, with v' = (1 - w)^2 v the noise that is left in r. Of the other
        terms the variance over the bins is taken. This is too large where bins have a contact or
        none, so that v is hardly known. The variance of q over the bins is too large where bins
        truly differ. The smaller one is taken.

        The noise that row sums share through the weights of their partners is left out. Over
        simulated replicates, the error is the scatter of the estimate for ``kde``, 0.6 to 1.2 of it
        for ``vc`` and ``kde_eb``, and three times it for ``kr``.

        Parameters
        ----------
        value : float
            The estimate.
        row_sums, noise : ndarray of float64, shape (bins,)
            r, the balanced row sums over their mean, and v, their variance by counting.
        own : float or ndarray of float64, shape (bins,)
            w, the share of a bin's own noise that its weight takes back: 1 for equal row sums.
        """
        squares, left = (row_sums - 1) ** 2, (1 - own) ** 2 * noise
        rest = (2 * own - 1) * noise
        by_counting = float((4 * left * squares - 2 * left**2).mean() + rest.var())
        variance = min(max(by_counting, 0.0), float((squares + rest).var()))
        return cls(value, (variance / len(noise)) ** 0.5)

    @classmethod
    def of_record(cls, value: float | None, error: float | None) -> Self | None:
        """Return an estimate that a record holds; None if it holds none.

        Parameters
        ----------
        value, error : float or None
            The estimate and its standard error.
        """
        return None if value is None or error is None else cls(value, error)

    @classmethod
    def mean(cls, estimates: Sequence[Excess], bins: Sequence[int]) -> Self | None:
        """Return the mean of independent estimates; None without any bin.

        Parameters
        ----------
        estimates : sequence of Excess
            The estimates.
        bins : sequence of int
            The number of bins of each.
        """
        total = sum(bins)
        if not total:
            return None
        value = sum(n * each.value for n, each in zip(bins, estimates, strict=True))
        square = sum((n * each.error) ** 2 for n, each in zip(bins, estimates, strict=True))
        return cls(value / total, square**0.5 / total)

    @property
    def unevenness(self) -> float | None:
        """Square root of the estimate, a fraction; None where its error is larger."""
        return self.value**0.5 if self.value >= self.error else None

    @property
    def at_most(self) -> float | None:
        """Upper bound of the unevenness, a fraction; None where chance does not explain it."""
        if self.value < -ERRORS_OF_CHANCE * self.error:
            return None
        return float((max(self.value, 0.0) + ERRORS_TO_BOUND * self.error) ** 0.5)


def record_excess(excess: Excess | None) -> dict[str, Any]:
    """Return what a verdict records of an estimate, by the names of its keys.

    Parameters
    ----------
    excess : Excess or None
        The estimate, if there is one.
    """
    known, bound = (excess.unevenness, excess.at_most) if excess else (None, None)
    return {
        "expected_excess": excess and excess.value,
        "excess_error": excess and excess.error,
        "expected_unevenness": None if known is None else 100 * known,
        "unevenness_at_most": None if bound is None else 100 * bound,
    }
