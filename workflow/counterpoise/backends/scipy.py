"""The plain backend: the selected map as a scipy matrix. Slow and simple, to check others against.

It has two names in the configuration, ``scipy`` and ``numpy``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.base import BackendSpec, Operator
from counterpoise.contacts.contact_map import ContactMap, Contacts
from counterpoise.contacts.selection import Scope, Selection

if TYPE_CHECKING:  # importing scipy.sparse takes 0.1 s, which other backends do not pay
    import scipy.sparse as sp


def selected_matrix(contacts: Contacts, selection: Selection) -> sp.csr_matrix:
    """Return the symmetric matrix of a selection.

    Parameters
    ----------
    contacts : Contacts
        The map, in memory.
    selection : Selection
        Bins and contacts that count.

    Returns
    -------
    scipy.sparse.csr_matrix
        float64 [kept bins, kept bins], both triangles.
    """
    import scipy.sparse as sp

    lo, hi = selection.lo, selection.hi
    n = hi - lo
    first, end = contacts.indptr[lo], contacts.indptr[hi]
    row = np.repeat(np.arange(lo, hi), np.diff(contacts.indptr[lo : hi + 1]))
    column = contacts.columns[first:end].astype(np.int64)
    inside = (column < hi) & selection.is_far(row - lo, column - lo)
    if selection.scope is not Scope.GENOME:
        chromosome = contacts.bins.chromosome_ids
        same = chromosome[row] == chromosome[column]
        inside &= same if selection.scope is Scope.CIS else ~same
    row, column = row[inside] - lo, column[inside] - lo
    counts = contacts.counts[first:end][inside].astype(np.float64)
    if selection.factor is not None:
        counts *= selection.factor[row] * selection.factor[column]
    upper = sp.csr_matrix((counts, (row, column)), shape=(n, n))
    full: Any = upper + sp.triu(upper, 1).T
    if selection.diagonal == 2:
        full = full + sp.diags(upper.diagonal())
    return sp.csr_matrix(full)[selection.kept][:, selection.kept]


class ScipyOperator:
    """``y = A x`` by scipy's CSR product, on one thread.

    Parameters
    ----------
    matrix : scipy.sparse.csr_matrix
        Symmetric float64 [size, size].
    """

    xp = np

    def __init__(self, matrix: sp.csr_matrix) -> None:
        self.matrix = matrix
        self.size = int(matrix.shape[0])

    def ones(self) -> NDArray[np.float64]:
        """Return float64 [size] of ones."""
        return np.ones(self.size)

    def product(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Multiply by float64 [size]; see ``Operator.product``."""
        return np.asarray(self.matrix @ x)

    def restrict(self, kept: NDArray[np.bool_]) -> ScipyOperator:
        """Return the operator on fewer bins; ``kept`` is bool [size]."""
        return ScipyOperator(self.matrix[kept][:, kept])


def _make_operator(
    contacts: ContactMap, selection: Selection, threads: int | None, device: str | None
) -> Operator:
    """Make the operator, a ``ScipyOperator``."""
    return ScipyOperator(selected_matrix(contacts.load(), selection))


BACKENDS = (
    BackendSpec("scipy", "slow and simple, to check the other backends", _make_operator),
    BackendSpec("numpy", "another name of `scipy`", _make_operator),
)
