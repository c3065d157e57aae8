"""A contact map in memory: the upper triangle by rows, with its bins and where it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.bins import BinTable

if TYPE_CHECKING:
    from collections.abc import Iterable

    import scipy.sparse as sp

# One piece of a map: int32 bin1, int32 bin2 (bin1 <= bin2) and the counts, sorted by (bin1, bin2).
Chunk = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[Any]]


@dataclass(frozen=True)
class Contacts:
    """A symmetric contact map, its upper triangle (main diagonal included) stored by rows.

    Attributes
    ----------
    bins : the bin table.
    indptr : int64 [bins + 1]; row i holds entries indptr[i] to indptr[i + 1].
    columns : uint32 [nonzeros], ascending in each row, never below the row's number.
    counts : uint16, uint32 or float64 [nonzeros], the narrowest of the three that holds them.
    source : the source's identity (path, SHA-256, format, resolution, assembly, notes).
    """

    bins: BinTable
    indptr: NDArray[np.int64]
    columns: NDArray[np.uint32]
    counts: NDArray[Any]
    source: dict[str, Any] = field(default_factory=dict)

    @property
    def nnz(self) -> int:
        return len(self.columns)

    @cached_property
    def rows(self) -> NDArray[np.int32]:
        """int32 [nonzeros], the row of each entry."""
        return np.repeat(np.arange(len(self.bins), dtype=np.int32), np.diff(self.indptr))

    @classmethod
    def from_chunks(
        cls, bins: BinTable, chunks: Iterable[Chunk], source: dict[str, Any]
    ) -> Contacts:
        """Gather sorted chunks of the upper triangle; 8 bytes and less stay for each nonzero."""
        per_row = np.zeros(len(bins) + 1, dtype=np.int64)
        columns: list[NDArray[np.uint32]] = []
        counts: list[NDArray[Any]] = []
        for bin1, bin2, count in chunks:
            if not len(bin1):
                continue
            lo, hi = int(bin1[0]), int(bin1[-1]) + 1
            if hi - lo < len(bin1) // 8:  # few rows: where each begins is quicker than a count
                per_row[lo + 1 : hi + 1] += np.diff(
                    np.searchsorted(bin1, np.arange(lo, hi + 1, dtype=np.int32))
                )
            else:
                per_row[lo + 1 : hi + 1] += np.bincount(bin1 - lo, minlength=hi - lo)
            columns.append(bin2.view(np.uint32))  # never negative
            counts.append(solver_counts(count))
        return cls(
            bins,
            np.cumsum(per_row),
            np.concatenate(columns) if columns else np.empty(0, np.uint32),
            np.concatenate(counts) if counts else np.empty(0, np.uint16),
            source,
        )

    @classmethod
    def from_matrix(cls, matrix: Any) -> Contacts:
        """A scipy sparse or dense symmetric matrix, taken as one chromosome of bins of 1 bp.

        Raises
        ------
        ValueError : not square, not symmetric, or with negative, NaN or infinite entries.
        """
        import scipy.sparse as sp

        full = sp.csr_matrix(matrix)
        n, m = full.shape
        if n != m:
            raise ValueError(f"a contact map is square; this matrix has {n} rows and {m} columns")
        if full.nnz and not np.isfinite(full.data).all():
            raise ValueError("the matrix has entries that are NaN or infinite")
        if full.nnz and full.data.min() < 0:
            raise ValueError("the matrix has negative entries; counts are never negative")
        asymmetry = abs(full - full.T)
        if asymmetry.nnz and asymmetry.max() > 1e-9 * abs(full).max():
            i, j = (int(axis[0]) for axis in (asymmetry > 1e-9 * abs(full).max()).nonzero())
            raise ValueError(
                f"the matrix is not symmetric: entry ({i}, {j}) is {full[i, j]}, "
                f"entry ({j}, {i}) is {full[j, i]}; pass (M + M.T) / 2 or the right matrix"
            )
        upper = sp.csr_matrix(sp.triu(full))
        upper.eliminate_zeros()
        upper.sum_duplicates()
        bins = BinTable.fixed(("matrix",), (n,), 1)
        return cls(
            bins,
            upper.indptr.astype(np.int64),
            upper.indices.astype(np.uint32),
            solver_counts(upper.data),
            {"format": "matrix"},
        )

    def full_matrix(self) -> sp.csr_matrix:
        """The full symmetric map as float64 CSR (both triangles): for small maps and notebooks."""
        import scipy.sparse as sp

        upper = sp.csr_matrix(
            (self.counts.astype(np.float64), self.columns.astype(np.int64), self.indptr),
            shape=(len(self.bins), len(self.bins)),
        )
        return sp.csr_matrix(upper + sp.triu(upper, 1).T)


def solver_counts(counts: NDArray[Any]) -> NDArray[Any]:
    """Counts as uint16, uint32 or float64, the narrowest that holds every value exactly.

    Three types and no more, so that the compiled product exists in three versions and the
    cache of compiled code stays small; float64 is exact for whole numbers up to 2**53.
    """
    if not len(counts):
        return counts.astype(np.uint16)
    top = counts.max()
    if counts.dtype.kind == "f" and (top > 2**32 - 1 or (counts != np.floor(counts)).any()):
        return counts.astype(np.float64, copy=False)
    if top <= np.iinfo(np.uint16).max:
        return counts.astype(np.uint16, copy=False)
    if top <= np.iinfo(np.uint32).max:
        return counts.astype(np.uint32, copy=False)
    return counts.astype(np.float64)
