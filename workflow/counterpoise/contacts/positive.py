"""Finite and positive values: those that can be weights, and have a logarithm."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def is_positive(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Flag the finite positive values.

    Parameters
    ----------
    values : ndarray of float64, any shape
        Any values.

    Returns
    -------
    ndarray of bool
        False for NaN, infinity, zero and below.
    """
    return np.isfinite(values) & (values > 0)


def positive_or_nan(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Replace all other values by NaN.

    Parameters
    ----------
    values : ndarray of float64, any shape
        Any values.

    Returns
    -------
    ndarray of float64
        The finite positive values; NaN elsewhere.

    Examples
    --------
    >>> positive_or_nan(np.array([2.0, 0.0, np.inf])).tolist()
    [2.0, nan, nan]
    """
    return np.where(is_positive(values), values, np.nan)
