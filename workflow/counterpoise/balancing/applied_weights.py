"""Weights of another map, which are put on a map as they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.positive import is_positive


@dataclass(frozen=True)
class AppliedWeights:
    """Weights of another map with the same bins, from which a map takes its own.

    Attributes
    ----------
    weights : ndarray of float64, shape (bins,)
        Multiplicative; NaN for bins without a weight.
    errors : ndarray of float64, shape (bins,)
        Their relative standard errors; NaN where unknown.
    source : str
        Name of the other map.
    """

    weights: NDArray[np.float64]
    errors: NDArray[np.float64]
    source: str

    @property
    def given(self) -> NDArray[np.bool_]:
        """Whether a bin has a weight; bool [bins]."""
        return is_positive(self.weights)
