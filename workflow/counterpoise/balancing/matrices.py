"""Plain functions on any scipy sparse matrix, with the signatures of the gunz_cm tutorial.

They warn if a map is not balanced, since a matrix alone cannot say so; ``counterpoise.balance``
returns the verdict.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from counterpoise.backends import AUTO, Backend
from counterpoise.balancing.api import balance
from counterpoise.balancing.result import Balance
from counterpoise.methods import Balancing
from counterpoise.methods.base import Target
from counterpoise.methods.kernel.settings import AUTO_BANDWIDTH


class NotBalancedWarning(UserWarning):
    """Warning that a returned matrix is not balanced; the text says why."""


def kr_normalize(
    matrix: Any,
    max_iter: int = 200,
    tolerance: float = 1e-5,
    backend: str = AUTO,
    device: str | None = None,
) -> tuple[sp.csr_matrix, NDArray[np.float64]]:
    """Balance with Knight-Ruiz: every row sum of the result is one, up to ``tolerance``.

    Parameters
    ----------
    matrix : sparse matrix or array_like, shape (n, n)
        Symmetric and nonnegative, scipy sparse or dense; rows without entries stay empty.
    max_iter : int
        Limit of matrix-vector products, the unit of KR's cost.
    tolerance : float
        On the 2-norm of (row sums - 1).
    backend : str
        What computes; see ``counterpoise.backends``.
    device : str, optional
        ``cpu`` or ``cuda`` (for the backends ``torch`` and ``auto``); None to choose.

    Returns
    -------
    balanced : csr_matrix of float64, shape (n, n)
        The balanced matrix.
    weights : ndarray of float64, shape (n,)
        NaN for empty rows; ``balanced[i, j] = weights[i] * weights[j] * matrix[i, j]``.
    """
    result = _balance_matrix(
        matrix, Balancing.KR, backend, device, max_products=max_iter, tolerance=tolerance
    )
    return result.matrix(), result.weights


def ice_normalize(
    matrix: Any, max_iter: int = 100, tolerance: float = 1e-5, target: float | None = None
) -> sp.csr_matrix:
    """Balance with ICE: every row sum of the result is ``target``.

    Parameters
    ----------
    matrix : sparse matrix or array_like, shape (n, n)
        Symmetric and nonnegative, scipy sparse or dense; rows without entries stay empty.
    max_iter : int
        Limit of iterations.
    tolerance : float
        On the largest relative deviation of a row sum from the mean.
    target : float, optional
        The row sum; by default the mean row sum of the input, so that the total stays the same.

    Returns
    -------
    csr_matrix of float64, shape (n, n)
    """
    result = _balance_matrix(
        matrix,
        Balancing.ICE,
        AUTO,
        None,
        max_iterations=max_iter,
        tolerance=tolerance,
        target=Target.MEAN,
    )
    balanced, part = result.matrix(), result.verdict.parts[0]
    if target is None or not part.balanced_total:
        return balanced
    return sp.csr_matrix(balanced * (target * part.kept / part.balanced_total))


def vc_normalize(matrix: Any) -> sp.csr_matrix:
    """Balance with vanilla coverage: divide by the row sums of both bins, keep the total.

    Parameters
    ----------
    matrix : sparse matrix or array_like, shape (n, n)
        Symmetric and nonnegative, scipy sparse or dense; rows without entries stay empty.

    Returns
    -------
    csr_matrix of float64, shape (n, n)
    """
    return _balance_matrix(matrix, Balancing.VC, AUTO, None).matrix()


def vc_sqrt_normalize(matrix: Any) -> sp.csr_matrix:
    """Divide by the square roots of the row sums of both bins, keep the total.

    Parameters
    ----------
    matrix : sparse matrix or array_like, shape (n, n)
        Symmetric and nonnegative, scipy sparse or dense; rows without entries stay empty.

    Returns
    -------
    csr_matrix of float64, shape (n, n)
    """
    return _balance_matrix(matrix, Balancing.VC_SQRT, AUTO, None).matrix()


def kde_normalize(
    matrix: Any,
    bandwidth: float | str = AUTO_BANDWIDTH,
    max_iter: int = 1000,
    tolerance: float = 1e-8,
    backend: str = AUTO,
    device: str | None = None,
) -> tuple[sp.csr_matrix, NDArray[np.float64]]:
    """Balance with kernel density balancing: the mean row sum of the result is one.

    Single row sums are not made equal.

    Parameters
    ----------
    matrix : sparse matrix or array_like, shape (n, n)
        Symmetric and nonnegative, scipy sparse or dense; rows without entries stay empty.
    bandwidth : float or str
        Below 1 a fraction of the matrix, from 1 up bins, 0 for none (SSK); ``auto`` chooses the
        one with the least expected unevenness, and needs entries that are whole numbers.
    max_iter : int
        Limit of iterations.
    tolerance : float
        On the largest deviation from one of what the method drives to one.
    backend : str
        What computes; see ``counterpoise.backends``.
    device : str, optional
        ``cpu`` or ``cuda`` (for the backends ``torch`` and ``auto``); None to choose.

    Returns
    -------
    balanced : csr_matrix of float64, shape (n, n)
        The balanced matrix.
    weights : ndarray of float64, shape (n,)
        NaN for empty rows; ``balanced[i, j] = weights[i] * weights[j] * matrix[i, j]``.
    """
    result = _balance_matrix(
        matrix,
        Balancing.KDE,
        backend,
        device,
        bandwidth=bandwidth,
        max_iterations=max_iter,
        tolerance=tolerance,
    )
    return result.matrix(), result.weights


def _balance_matrix(
    matrix: Any, method: str, backend: str, device: str | None, **settings: Any
) -> Balance:
    """Balance a matrix, keep the weights reached, and warn where it is not balanced."""
    if backend not in list(Backend):
        raise ValueError(f"backend is {backend!r}; it must be one of {', '.join(Backend)}")
    result = balance(matrix, method, backend=backend, device=device, on_failure="keep", **settings)
    if not result.status.balanced:
        warnings.warn(f"{result.status.value}: {result.reason}", NotBalancedWarning, stacklevel=3)
    return result
