"""The plain backend: the selected map as a scipy matrix. Slow, obvious, the oracle of the tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope, Selection


def selected_matrix(contacts: Contacts, selection: Selection) -> sp.csr_matrix:
    """The symmetric map of a selection, both triangles, float64, kept bins only."""
    chromosome = contacts.bins.chromosome_ids
    lo, hi = selection.lo, selection.hi
    first, end = contacts.indptr[lo], contacts.indptr[hi]
    row = np.repeat(np.arange(lo, hi), np.diff(contacts.indptr[lo : hi + 1]))
    column = contacts.columns[first:end].astype(np.int64)
    inside = (row >= selection.lo) & (column < selection.hi)
    inside &= column - row >= selection.ignore_diags
    if selection.scope is not Scope.GENOME:
        same = chromosome[row] == chromosome[column]
        inside &= same if selection.scope is Scope.CIS else ~same
    row, column = row[inside] - selection.lo, column[inside] - selection.lo
    counts = contacts.counts[first:end][inside].astype(np.float64)
    if selection.factor is not None:
        counts *= selection.factor[row] * selection.factor[column]
    n = selection.hi - selection.lo
    upper = sp.csr_matrix((counts, (row, column)), shape=(n, n))
    full: Any = upper + sp.triu(upper, 1).T
    if selection.diagonal == 2:
        full = full + sp.diags(upper.diagonal())
    return sp.csr_matrix(full)[selection.kept][:, selection.kept]


class ScipyOperator:
    """``y = A x`` by scipy's CSR product (one thread)."""

    xp = np

    def __init__(self, matrix: sp.csr_matrix) -> None:
        self.matrix = matrix
        self.size = int(matrix.shape[0])

    def ones(self) -> NDArray[np.float64]:
        return np.ones(self.size)

    def product(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(self.matrix @ x)

    def restrict(self, kept: NDArray[np.bool_]) -> ScipyOperator:
        return ScipyOperator(sp.csr_matrix(self.matrix[kept][:, kept]))
