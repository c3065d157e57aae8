"""A contact map in memory: the upper triangle by rows, with its bins and where it came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable

if TYPE_CHECKING:
    from collections.abc import Iterable

    import scipy.sparse as sp

# The types of counts that the compiled product exists for, narrowest first.
COUNT_TYPES = [np.dtype(np.uint16), np.dtype(np.uint32), np.dtype(np.float64)]

# Columns (uint32) and counts (uint16, uint32 or float64) of a run of entries.
Entries = tuple[NDArray[np.uint32], NDArray[Any]]

# One piece of a map: int32 bin1, int32 bin2 (bin1 <= bin2) and the counts, sorted by (bin1, bin2).
Chunk = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[Any]]


CHUNK_PIXELS = 1 << 20  # entries that are read together, about a row group of the pixels on disk


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

    def __post_init__(self) -> None:
        """The kernels read these arrays as they lie, so another type is no matter of taste."""
        types = [np.dtype(array.dtype) for array in (self.indptr, self.columns, self.counts)]
        if types[:2] != [np.dtype(np.int64), np.dtype(np.uint32)] or types[2] not in COUNT_TYPES:
            raise ValueError(
                "contacts are made of int64 indptr, uint32 columns and uint16, uint32 or float64 "
                f"counts; these are {', '.join(map(str, types))} (see Contacts.from_chunks)"
            )
        sizes = (len(self.indptr), len(self.columns), len(self.counts))
        if sizes != (len(self.bins) + 1, self.indptr[-1], self.indptr[-1]):
            raise ValueError(
                f"{len(self.bins):,} bins and {self.indptr[-1]:,} entries by indptr do not go with "
                f"arrays of {', '.join(map(str, sizes))} (indptr, columns, counts)"
            )

    @property
    def nnz(self) -> int:
        return len(self.columns)

    @cached_property
    def rows(self) -> NDArray[np.int32]:
        """int32 [nonzeros], the row of each entry."""
        return np.repeat(np.arange(len(self.bins), dtype=np.int32), np.diff(self.indptr))

    @classmethod
    def from_chunks(
        cls,
        bins: BinTable,
        chunks: Iterable[Chunk],
        source: dict[str, Any],
        total: int | None = None,
    ) -> Contacts:
        """Gather sorted chunks of the upper triangle; mostly 6 bytes stay for each nonzero.

        ``total``, where it is known, is at least the number of nonzeros: nothing is then held
        twice.
        """
        per_row = np.zeros(len(bins) + 1, dtype=np.int64)
        columns, counts = _Column(np.dtype(np.uint32), total), _Column(np.dtype(np.uint16), total)
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
            counts.append(narrow_counts(count))
        return cls(
            bins,
            np.cumsum(per_row),
            columns.values(),
            counts.values(),
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
            narrow_counts(upper.data),
            {"format": "matrix"},
        )

    def entries(self, a: int, z: int) -> Entries:
        """Columns and counts of the entries from number a to z."""
        return self.columns[a:z], np.ascontiguousarray(self.counts[a:z])

    def pattern(self) -> Contacts:
        """The same map with every count one."""
        return replace(self, counts=np.broadcast_to(np.uint16(1), (self.nnz,)))

    def load(self) -> Contacts:
        return self

    def full_matrix(self) -> sp.csr_matrix:
        """The full symmetric map as float64 CSR (both triangles): for small maps and notebooks."""
        import scipy.sparse as sp

        upper = sp.csr_matrix(
            (self.counts.astype(np.float64), self.columns.astype(np.int64), self.indptr),
            shape=(len(self.bins), len(self.bins)),
        )
        return sp.csr_matrix(upper + sp.triu(upper, 1).T)


@dataclass(frozen=True)
class StoredContacts:
    """A contact map that stays on disk, for maps larger than memory.

    Attributes
    ----------
    bins, indptr, source : as of ``Contacts``.
    read : gives the columns and counts of the entries from number a to z. Counts are in the
        narrowest of the solver's types that holds those asked for.
    """

    bins: BinTable
    indptr: NDArray[np.int64]
    read: Callable[[int, int], Entries]
    source: dict[str, Any] = field(default_factory=dict)

    @property
    def nnz(self) -> int:
        return int(self.indptr[-1])

    def entries(self, a: int, z: int) -> Entries:
        return self.read(a, z)

    def pattern(self) -> StoredContacts:
        """The same map with every count one."""

        def ones(a: int, z: int) -> Entries:
            columns, _ = self.read(a, z)
            return columns, np.ones(len(columns), np.uint16)

        return replace(self, read=ones)

    def load(self) -> Contacts:
        """The whole map in memory."""
        return Contacts(self.bins, self.indptr, *self.read(0, self.nnz), self.source)


# What methods and masks work on, wherever it is.
ContactMap = Contacts | StoredContacts


def load_rows(contacts: ContactMap, lo: int, hi: int, end: int) -> Contacts:
    """Rows lo to hi in memory, without columns from ``end`` on; all other rows are empty."""
    if (lo, hi) == (0, len(contacts.bins)) and end >= hi:
        return contacts.load()
    sizes = np.zeros(len(contacts.bins) + 1, dtype=np.int64)
    columns, counts = _Column(np.dtype(np.uint32), None), _Column(np.dtype(np.uint16), None)
    begin, stop = int(contacts.indptr[lo]), int(contacts.indptr[hi])
    cuts = lo + np.searchsorted(contacts.indptr[lo:hi], np.arange(begin, stop, CHUNK_PIXELS))
    for first, last in pairwise([*cuts.tolist(), hi]):
        column, count = contacts.entries(int(contacts.indptr[first]), int(contacts.indptr[last]))
        row = np.repeat(np.arange(last - first), np.diff(contacts.indptr[first : last + 1]))
        inside = column < end
        sizes[first + 1 : last + 1] += np.bincount(row[inside], minlength=last - first)
        columns.append(column[inside])
        counts.append(narrow_counts(count[inside]))
    return Contacts(
        contacts.bins, np.cumsum(sizes), columns.values(), counts.values(), contacts.source
    )


class _Column:
    """An array that grows, and widens when a value asks for it."""

    def __init__(self, dtype: np.dtype[Any], total: int | None) -> None:
        self._all = np.empty(total or 0, dtype)
        self._filled = 0

    def append(self, piece: NDArray[Any]) -> None:
        end = self._filled + len(piece)
        wider = COUNT_TYPES.index(piece.dtype) > COUNT_TYPES.index(self._all.dtype)
        if end > len(self._all) or wider:
            # Half as much again, so that a stream of unknown length is copied few times.
            room = len(self._all) if end <= len(self._all) else end * 3 // 2
            larger = np.empty(room, piece.dtype if wider else self._all.dtype)
            larger[: self._filled] = self._all[: self._filled]
            self._all = larger
        self._all[self._filled : end] = piece
        self._filled = end

    def values(self) -> NDArray[Any]:
        return self._all[: self._filled]


def narrow_counts(counts: NDArray[Any]) -> NDArray[Any]:
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
