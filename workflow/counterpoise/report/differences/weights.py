"""Change of the weights of a run, and the bins that have a weight in one result only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from counterpoise.contacts.bins import BinTable
from counterpoise.report.chunks import Flags, Floats, Indices
from counterpoise.report.differences.folder import RunWeights

ERRORS = 2.0  # a weight has moved if it changed by more than this number of standard errors


class WeightFigures(NamedTuple):
    """The change from the weights of run A to those of run B, in a few numbers.

    Attributes
    ----------
    is_same : bool
        Whether weights and standard errors are the same bit for bit.
    gained, lost : int
        Number of bins with a weight in B only, and in A only.
    compared : int
        Number of bins with a weight and a standard error in both.
    moved : int or None
        Number of those whose weight moved beyond its errors; None where no error is known.
    rms : float or None
        Root mean square of the change of the logarithm; None where no bin has a weight in both.
    largest : float or None
        The weight in B over that in A where it changed most; None if no weight changed.
    largest_at : str
        The bin of this weight, such as ``chr1:10,000-20,000``; empty without one.
    """

    is_same: bool
    gained: int
    lost: int
    compared: int
    moved: int | None
    rms: float | None
    largest: float | None
    largest_at: str

    @property
    def moved_share(self) -> float:
        """Weights that moved as a share of those compared; 0 where no error is known."""
        return (self.moved or 0) / self.compared if self.compared else 0.0


@dataclass(frozen=True)
class WeightChange:
    """The change from the weights of run A to those of run B, bin by bin.

    Attributes
    ----------
    bins : BinTable
        The bins, which both have.
    change : float64 [bins]
        log(w_B / w_A), less its median over the part of the bin; NaN where either has no weight.
    errors : float64 [bins]
        Joint standard error of the change, sqrt(se_A^2 + se_B^2); NaN where either is unknown.
    is_same : bool
        Whether weights and standard errors are the same bit for bit.
    gained, lost : bool [bins]
        Whether a bin has a weight in B only, and in A only.
    """

    bins: BinTable
    change: Floats
    errors: Floats
    is_same: bool
    gained: Flags
    lost: Flags

    @property
    def has_moved(self) -> Flags:
        """Whether the weight of a bin moved beyond its errors, bool [bins]."""
        return np.asarray(np.abs(self.change) > ERRORS * self.errors)

    def figures(self) -> WeightFigures:
        """Return the change in a few numbers."""
        compared = int(np.isfinite(self.change + self.errors).sum())
        finite = self.change[np.isfinite(self.change)]
        size = np.abs(np.nan_to_num(self.change))
        largest = int(np.argmax(size)) if size.any() else None
        return WeightFigures(
            self.is_same,
            int(self.gained.sum()),
            int(self.lost.sum()),
            compared,
            int(self.has_moved.sum()) if compared else None,
            float(np.sqrt(np.mean(finite**2))) if len(finite) else None,
            None if largest is None else float(np.exp(self.change[largest])),
            "" if largest is None else self.bins.describe(largest),
        )


def compare_weights(
    a: RunWeights, b: RunWeights, verdicts: tuple[Mapping[str, Any], Mapping[str, Any]]
) -> WeightChange | None:
    """Compare the weights of two runs.

    Weights that balance a part do so on any scale. So the median change of each part is removed; if
    the two runs have other parts, that of each intersection.

    Parameters
    ----------
    a, b : RunWeights
        The runs.
    verdicts : tuple of dict
        Their verdicts, which name the parts.

    Returns
    -------
    WeightChange or None
        None if the two have other bins.
    """
    if not have_same_bins(a.bins, b.bins):
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.log(b.weights / a.weights)
    has_weight = np.isfinite(a.weights), np.isfinite(b.weights)
    change[~np.isfinite(change)] = np.nan
    numbers = [number_parts(verdict, len(change)) for verdict in verdicts]
    for part in np.unique(numbers, axis=1).T:
        inside = (numbers[0] == part[0]) & (numbers[1] == part[1]) & np.isfinite(change)
        if inside.any():
            change[inside] -= np.median(change[inside])
    return WeightChange(
        a.bins,
        change,
        np.hypot(a.errors, b.errors),
        _same_bits(a.weights, b.weights) and _same_bits(a.errors, b.errors),
        has_weight[1] & ~has_weight[0],
        has_weight[0] & ~has_weight[1],
    )


def have_same_bins(a: BinTable, b: BinTable) -> bool:
    """Return whether two tables hold the same bins in the same order.

    Parameters
    ----------
    a, b : BinTable
        The tables.
    """
    return (
        a.chromosomes == b.chromosomes
        and np.array_equal(a.offsets, b.offsets)
        and np.array_equal(a.start, b.start)
        and np.array_equal(a.end, b.end)
    )


def number_parts(verdict: Mapping[str, Any], bins: int) -> Indices:
    """Return the number of the part of each bin.

    Parameters
    ----------
    verdict : mapping
        The verdict of a run.
    bins : int
        Number of bins.

    Returns
    -------
    int64 [bins]
        Numbers from 0; -1 for bins in no part.
    """
    numbers = np.full(bins, -1)
    for number, part in enumerate(verdict["parts"]):
        numbers[part["first_bin"] : part["first_bin"] + part["bins"]] = number
    return numbers


def _same_bits(a: Floats, b: Floats) -> bool:
    """Return whether two arrays have the same bits."""
    return a.tobytes() == b.tobytes()
