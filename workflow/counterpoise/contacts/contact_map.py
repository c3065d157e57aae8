"""A contact map: the upper triangle by rows, in memory or on disk, with its bins and its source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.cards import render_card
from counterpoise.contacts.bins import BinTable, pluralise

if TYPE_CHECKING:
    from collections.abc import Iterable

    import scipy.sparse as sp

# Types of counts that the native library knows, narrowest first.
COUNT_TYPES = [np.dtype(np.uint16), np.dtype(np.uint32), np.dtype(np.float64)]

# Columns (uint32) and counts (uint16, uint32 or float64) of a run of entries.
Entries = tuple[NDArray[np.uint32], NDArray[Any]]

# One piece of a map: int32 bin1, int32 bin2 (bin1 <= bin2) and the counts, sorted by (bin1, bin2).
Chunk = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[Any]]


CHUNK_PIXELS = 1 << 20  # pixels read at a time, about a row group of pixels.parquet
MATRIX = "matrix"  # the format of a map that was made of a matrix


@dataclass(frozen=True)
class Contacts:
    """A symmetric contact map, its upper triangle (main diagonal included) stored by rows.

    Attributes
    ----------
    bins : BinTable
        The bins.
    indptr : numpy.ndarray
        int64 [bins + 1]; row i holds entries indptr[i] to indptr[i + 1].
    columns : numpy.ndarray
        uint32 [nonzeros], ascending in each row, never below the row's number.
    counts : numpy.ndarray
        uint16, uint32 or float64 [nonzeros], the narrowest of the three that holds them.
    source : dict
        Identity of the source: path, SHA-256, format, resolution, assembly, notes.

    Raises
    ------
    ValueError
        The arrays are of other types, or their lengths disagree.
    """

    bins: BinTable
    indptr: NDArray[np.int64]
    columns: NDArray[np.uint32]
    counts: NDArray[Any]
    source: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse arrays that the native library, which reads them in place, would misread."""
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
        """Number of stored pixels."""
        return len(self.columns)

    @property
    def holds_counts(self) -> bool:
        """Whether all values are whole numbers."""
        return self.counts.dtype.kind != "f" or bool((self.counts == np.floor(self.counts)).all())

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
        """Concatenate sorted chunks of the upper triangle, usually in 6 bytes a nonzero.

        Parameters
        ----------
        bins : BinTable
            The bins.
        chunks : iterable of Chunk
            Pieces of the map, sorted by (bin1, bin2) within and across pieces.
        source : dict
            Identity of the source.
        total : int, optional
            The number of nonzeros or more, if known; else arrays grow, which takes more memory.

        Returns
        -------
        Contacts

        Raises
        ------
        ValueError
            If counts are negative, NaN or infinite.
        """
        per_row = np.zeros(len(bins) + 1, dtype=np.int64)
        columns = _GrowingArray(np.dtype(np.uint32), total)
        counts = _GrowingArray(np.dtype(np.uint16), total)
        for bin1, bin2, count in chunks:
            if not len(bin1):
                continue
            _check_counts(count)
            add_row_sizes(per_row, bin1)
            columns.append(bin2.view(np.uint32))  # never negative
            counts.append(narrow_counts(count))
        return cls(
            bins,
            np.cumsum(per_row),
            columns.values(),
            counts.values(),
            source,
        )

    def __repr__(self) -> str:
        """Return one line that says what the map is."""
        return _describe_map("Contacts", self)

    def _repr_html_(self) -> str:
        return _render_map("Contacts", self)

    @classmethod
    def from_matrix(cls, matrix: Any) -> Contacts:
        """Make a contact map of a symmetric matrix, or of one triangle of it.

        Parameters
        ----------
        matrix : scipy.sparse matrix or array_like
            [n, n]; taken as one chromosome with bins of 1 bp. A matrix with entries on one side of
            the main diagonal only is mirrored, and ``source["notes"]`` says so.

        Returns
        -------
        Contacts

        Raises
        ------
        ValueError
            The matrix is not a matrix of numbers, is not square, is neither symmetric (to 1e-9 of
            its largest entry) nor one triangle, or has negative, NaN, infinite or masked entries.

        Examples
        --------
        >>> contacts = Contacts.from_matrix([[4, 2], [0, 9]])
        >>> contacts
        <Contacts: 2 bins of 1 bp on 1 chromosome, 3 pixels>
        >>> contacts.full_matrix().toarray().tolist()
        [[4.0, 2.0], [2.0, 9.0]]
        >>> contacts.source["notes"]
        ['The matrix has entries above the main diagonal only, so it was mirrored.']
        """
        import scipy.sparse as sp

        matrix = _check_numbers(matrix)
        full = sp.csr_matrix(matrix)
        notes = []
        if side := _filled_triangle(full):
            full = sp.csr_matrix(full + sp.triu(full, 1).T + sp.tril(full, -1).T)
            notes = [f"The matrix has entries {side} the main diagonal only, so it was mirrored."]
        _check_matrix(full)
        upper = sp.csr_matrix(sp.triu(full))
        upper.eliminate_zeros()
        upper.sum_duplicates()
        bins = BinTable.fixed(("matrix",), (full.shape[0],), 1)
        return cls(
            bins,
            upper.indptr.astype(np.int64),
            upper.indices.astype(np.uint32),
            narrow_counts(upper.data),
            {"format": MATRIX, "notes": notes},
        )

    def entries(self, start: int, stop: int) -> Entries:
        """Return the columns and counts of entries ``start`` to ``stop`` (exclusive).

        Parameters
        ----------
        start, stop : int
            Numbers of entries, as in ``indptr``.
        """
        return self.columns[start:stop], np.ascontiguousarray(self.counts[start:stop])

    def pattern(self) -> Contacts:
        """Return the same map with every count above zero set to one."""
        if self.counts.all():
            return replace(self, counts=np.broadcast_to(np.uint16(1), (self.nnz,)))
        return replace(self, counts=(self.counts > 0).astype(np.uint16))

    def load(self) -> Contacts:
        """Return this map, which is in memory already."""
        return self

    def full_matrix(self) -> sp.csr_matrix:
        """Return both triangles, float64 [bins, bins] in CSR: for small maps and notebooks."""
        import scipy.sparse as sp

        upper = sp.csr_matrix(
            (self.counts.astype(np.float64), self.columns.astype(np.int64), self.indptr),
            shape=(len(self.bins), len(self.bins)),
        )
        return sp.csr_matrix(upper + sp.triu(upper, 1).T)


def add_row_sizes(per_row: NDArray[np.int64], bin1: NDArray[np.int32]) -> None:
    """Add the number of entries of each row.

    Parameters
    ----------
    per_row : int64 [bins + 1]
        Entry ``i + 1`` is that of row ``i``; changed in place.
    bin1 : int32 [entries]
        The row of each entry, ascending; not empty.
    """
    lo, hi = int(bin1[0]), int(bin1[-1]) + 1
    if hi - lo < len(bin1) // 8:  # few rows: searching their starts is faster than counting
        sizes = np.diff(np.searchsorted(bin1, np.arange(lo, hi + 1, dtype=np.int32)))
    else:
        sizes = np.bincount(bin1 - lo, minlength=hi - lo)
    per_row[lo + 1 : hi + 1] += sizes


def is_matrix(value: Any) -> bool:
    """Return whether a value is a scipy sparse matrix or a two-dimensional array of numbers.

    Parameters
    ----------
    value : object
        Anything.
    """
    if hasattr(value, "tocsr"):
        return np.dtype(value.dtype).kind in "buif"
    try:
        array = np.asarray(value)
    except ValueError:  # nested lists of unequal lengths
        return False
    return array.ndim == 2 and array.dtype.kind in "buif"


def _check_numbers(matrix: Any) -> Any:
    """Return a sparse or dense matrix of numbers; refuse everything else."""
    if not is_matrix(matrix):
        raise ValueError(
            "a matrix is a scipy sparse matrix or a two-dimensional array of numbers; "
            f"this is {describe_type(matrix)}"
        )
    # By its attribute: numpy.ma takes long to import.
    if isinstance(matrix, np.ndarray) and np.any(getattr(matrix, "mask", False)):
        raise ValueError(
            "the matrix has masked entries; pass matrix.filled(0), or matrix.data with the bins to "
            "keep as mask="
        )
    matrix = matrix if hasattr(matrix, "tocsr") else np.asarray(matrix)
    if matrix.dtype == bool:
        return matrix.astype(np.uint8)
    return matrix.astype(np.float64) if matrix.dtype == np.float16 else matrix


def describe_type(value: Any) -> str:
    """Return the type of a value in words, for messages; of an array, its shape as well.

    Parameters
    ----------
    value : object
        Anything.
    """
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    name = type(value).__name__
    return f"{name} of {dtype}, shape {shape}" if dtype is not None else name


def plain_number(value: Any) -> Any:
    """Return a number of numpy as a number of Python, which JSON can hold; others as they are.

    Parameters
    ----------
    value : object
        Anything.
    """
    return value.item() if isinstance(value, np.generic) else value


def _filled_triangle(matrix: sp.csr_matrix) -> str:
    """Return on which side of the main diagonal all other entries are; empty for both or none."""
    import scipy.sparse as sp

    if matrix.shape[0] != matrix.shape[1]:
        return ""
    above, below = sp.triu(matrix, 1).count_nonzero(), sp.tril(matrix, -1).count_nonzero()
    if bool(above) == bool(below):
        return ""
    return "above" if above else "below"


def _check_counts(counts: NDArray[Any]) -> None:
    """Refuse counts that are negative, NaN or infinite."""
    if not len(counts) or counts.dtype.kind == "u":
        return
    lowest, highest = counts.min(), counts.max()
    if lowest < 0:
        raise ValueError(f"the contacts have a count of {lowest:g}; give the raw map")
    if not np.isfinite(highest):  # as it is if there is any NaN
        raise ValueError("the contacts have counts that are NaN or infinite; give the raw map")


def _check_matrix(full: sp.csr_matrix) -> None:
    """Refuse a matrix that is not square, symmetric, finite and non-negative."""
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
            f"entry ({j}, {i}) is {full[j, i]}; pass a symmetric matrix, or one triangle of it "
            "(np.triu(M)). If each contact is counted at one of (i, j) and (j, i), add up both: "
            "M + M.T - np.diag(np.diag(M))"
        )


@dataclass(frozen=True)
class StoredContacts:
    """A contact map that stays on disk, for maps larger than memory.

    Attributes
    ----------
    bins : BinTable
        The bins.
    indptr : numpy.ndarray
        int64 [bins + 1]; row i holds entries indptr[i] to indptr[i + 1].
    read : callable
        ``read(start, stop)`` returns the columns and counts of these entries. Counts are in the
        narrowest type of ``COUNT_TYPES`` that holds them.
    source : dict
        Identity of the source.
    holds_counts : bool
        Whether all values are whole numbers.
    """

    bins: BinTable
    indptr: NDArray[np.int64]
    read: Callable[[int, int], Entries]
    source: dict[str, Any] = field(default_factory=dict)
    holds_counts: bool = True

    @property
    def nnz(self) -> int:
        """Number of stored pixels."""
        return int(self.indptr[-1])

    def __repr__(self) -> str:
        """Return one line that says what the map is."""
        return _describe_map("StoredContacts", self)

    def _repr_html_(self) -> str:
        return _render_map("StoredContacts", self)

    def entries(self, start: int, stop: int) -> Entries:
        """Read the columns and counts of entries ``start`` to ``stop`` (exclusive).

        Parameters
        ----------
        start, stop : int
            Numbers of entries, as in ``indptr``.
        """
        return self.read(start, stop)

    def pattern(self) -> StoredContacts:
        """Return the same map with every count above zero set to one."""

        def ones(start: int, stop: int) -> Entries:
            columns, counts = self.read(start, stop)
            return columns, (counts > 0).astype(np.uint16)

        return replace(self, read=ones)

    def load(self) -> Contacts:
        """Read the map into memory."""
        return Contacts(self.bins, self.indptr, *self.read(0, self.nnz), self.source)


# A map in memory or on disk.
ContactMap = Contacts | StoredContacts


def drop_zeros(contacts: ContactMap) -> ContactMap:
    """Return a map without stored zeros, which are no contacts; the same map if it has none.

    Maps on disk have none. Maps in memory have some where a user subtracted or drew counts.

    Parameters
    ----------
    contacts : ContactMap
        The map.

    Raises
    ------
    ValueError
        If counts of a map in memory are negative, NaN or infinite.
    """
    if not isinstance(contacts, Contacts):
        return contacts
    _check_counts(contacts.counts)
    if contacts.counts.all():
        return contacts
    stored = contacts.counts > 0
    before = np.concatenate([[0], np.cumsum(stored, dtype=np.int64)])
    return replace(
        contacts,
        indptr=before[contacts.indptr],
        columns=contacts.columns[stored],
        counts=contacts.counts[stored],
    )


def is_from_matrix(contacts: ContactMap) -> bool:
    """Return whether a map was made of a matrix, which has no genome.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    """
    return bool(contacts.source.get("format") == MATRIX)


def _describe_map(name: str, contacts: ContactMap) -> str:
    """Return a map in one line: its class, its bins, its pixels and its source."""
    source = contacts.source.get("uri")
    pixels = pluralise(contacts.nnz, "pixel")
    return f"<{name}: {contacts.bins.summary()}, {pixels}{f', from {source}' if source else ''}>"


def _render_map(name: str, contacts: ContactMap) -> str:
    """Return a map as a card."""
    source = contacts.source
    total = source.get("contacts")
    rows = [
        ("bins", contacts.bins.summary()),
        ("pixels", f"{contacts.nnz:,}"),
        ("contacts", f"{total:,.0f}" if total is not None else ""),
        ("source", str(source.get("uri", source.get("format", "")))),
        ("assembly", str(source.get("assembly") or "")),
        ("notes", "; ".join(source.get("notes", ()))),
    ]
    return render_card(name, rows)


def load_rows(contacts: ContactMap, lo: int, hi: int, end: int) -> Contacts:
    """Load some rows of a map, the others empty.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    lo, hi : int
        First row and end (exclusive).
    end : int
        End (exclusive) of the columns that are loaded.

    Returns
    -------
    Contacts
        A map of the same bins.
    """
    if (lo, hi) == (0, len(contacts.bins)) and end >= hi:
        return contacts.load()
    sizes = np.zeros(len(contacts.bins) + 1, dtype=np.int64)
    columns, counts = _GrowingArray(np.dtype(np.uint32)), _GrowingArray(np.dtype(np.uint16))
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


class _GrowingArray:
    """An array to which pieces are appended, of the widest type among them."""

    def __init__(self, dtype: np.dtype[Any], capacity: int | None = None) -> None:
        self._buffer = np.empty(capacity or 0, dtype)
        self._filled = 0

    def append(self, piece: NDArray[Any]) -> None:
        """Append a piece."""
        end = self._filled + len(piece)
        wider = COUNT_TYPES.index(piece.dtype) > COUNT_TYPES.index(self._buffer.dtype)
        if end > len(self._buffer) or wider:
            # Grow by half, so that a stream of unknown length is copied few times.
            capacity = len(self._buffer) if end <= len(self._buffer) else end * 3 // 2
            larger = np.empty(capacity, piece.dtype if wider else self._buffer.dtype)
            larger[: self._filled] = self._buffer[: self._filled]
            self._buffer = larger
        self._buffer[self._filled : end] = piece
        self._filled = end

    def values(self) -> NDArray[Any]:
        """Return the array so far."""
        return self._buffer[: self._filled]


def narrow_counts(counts: NDArray[Any]) -> NDArray[Any]:
    """Convert counts to the narrowest type of ``COUNT_TYPES`` that holds every value exactly.

    There are only three types, so that the native library needs three versions of each loop.

    Parameters
    ----------
    counts : numpy.ndarray
        Non-negative numbers of any type.

    Returns
    -------
    numpy.ndarray
        uint16, uint32 or float64, which is exact for whole numbers up to 2**53.
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
