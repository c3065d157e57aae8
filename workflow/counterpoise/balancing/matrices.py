"""Plain functions on any scipy sparse matrix, with the signatures of the gunz_cm tutorial.

They warn where a map is not balanced, since a matrix alone cannot say so; ``counterpoise.balance``
returns the verdict itself.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from counterpoise.backends import AUTO, Backend
from counterpoise.balancing.api import Balance, balance
from counterpoise.methods import Balancing
from counterpoise.methods.base import Target
from counterpoise.methods.kernel.settings import CV


class NotBalancedWarning(UserWarning):
    """The returned matrix is not balanced; the text says why."""


def kr_normalize(
    matrix: Any,
    max_iter: int = 200,
    tolerance: float = 1e-5,
    backend: str = AUTO,
    device: str | None = None,
) -> tuple[sp.csr_matrix, NDArray[np.float64]]:
    """Knight-Ruiz: every row sum of the result is one, up to ``tolerance``.

    Parameters
    ----------
    matrix : symmetric, nonnegative, scipy sparse or dense [n, n]; rows without entries stay so.
    max_iter : limit of matrix-vector products, the unit of KR's cost.
    tolerance : on the 2-norm of (row sums - 1).
    device : ``cpu``, ``cuda`` (with the backends ``torch`` and ``auto``), or None to choose.

    Returns
    -------
    balanced : float64 CSR [n, n].
    weights : float64 [n], NaN for empty rows; ``balanced[i, j] = w[i] * w[j] * matrix[i, j]``.
    """
    result = _normalized(
        matrix, Balancing.KR, backend, device, max_products=max_iter, tolerance=tolerance
    )
    return result.matrix(), result.weights


def ice_normalize(
    matrix: Any, max_iter: int = 100, tolerance: float = 1e-5, target: float | None = None
) -> sp.csr_matrix:
    """ICE: every row sum of the result is ``target``.

    Parameters
    ----------
    max_iter : limit of iterations.
    tolerance : on the largest relative deviation of a row sum from the mean.
    target : None for the mean row sum of the input, so that the total stays the same.
    """
    result = _normalized(
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
    """Vanilla coverage: divided by the row sums of both bins, the total kept (as Juicer does)."""
    return _normalized(matrix, Balancing.VC, AUTO, None).matrix()


def vc_sqrt_normalize(matrix: Any) -> sp.csr_matrix:
    """Divided by the square roots of the row sums of both bins, the total kept."""
    return _normalized(matrix, Balancing.VC_SQRT, AUTO, None).matrix()


def kde_normalize(
    matrix: Any,
    bandwidth: float | str = CV,
    max_iter: int = 1000,
    tolerance: float = 1e-8,
    backend: str = AUTO,
    device: str | None = None,
) -> tuple[sp.csr_matrix, NDArray[np.float64]]:
    """Kernel density balancing: the mean row sum of the result is one, not each of them.

    Parameters
    ----------
    bandwidth : below 1 a fraction of the matrix, from 1 up bins, 0 for none (SSK); ``cv`` lets
        cross-validation choose, for which the entries must be whole numbers.
    max_iter, tolerance : of the iteration.
    backend, device : see ``kr_normalize``.

    Returns
    -------
    balanced : float64 CSR [n, n].
    weights : float64 [n], NaN for empty rows.
    """
    result = _normalized(
        matrix,
        Balancing.KDE,
        backend,
        device,
        bandwidth=bandwidth,
        max_iterations=max_iter,
        tolerance=tolerance,
    )
    return result.matrix(), result.weights


def _normalized(
    matrix: Any, method: str, backend: str, device: str | None, **settings: Any
) -> Balance:
    if backend not in list(Backend):
        raise ValueError(f"backend is {backend!r}; it must be one of {', '.join(Backend)}")
    result = balance(matrix, method, backend=backend, device=device, on_failure="keep", **settings)
    if not result.status.good:
        warnings.warn(f"{result.status.value}: {result.reason}", NotBalancedWarning, stacklevel=3)
    return result
