"""The nonzero pattern of a part: in full or, for a large map, as little of it as decides."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.balancing.matching import Support, find_support
from counterpoise.contacts.contact_map import CHUNK_PIXELS, ContactMap
from counterpoise.contacts.selected import selected_pixels
from counterpoise.contacts.selection import Scope, Selection

if TYPE_CHECKING:
    import scipy.sparse as sp

# A thin pattern starts with at most so many entries of a row next to the diagonal, and about as
# many anywhere in the row.
FEW = 8
# Entries that a thin pattern may hold, however many bins there are. Together with 3 million bins
# they fit into 4 GB.
MOST_ENTRIES = 20_000_000
# Odd multipliers that scatter the entries (multiplicative hashing, Knuth, TAOCP 6.4).
MIX_ROW, MIX_COLUMN = np.uint32(2_654_435_769), np.uint32(2_246_822_519)

# Positions of entries among the kept bins of a part: rows, and columns that are not smaller.
Entries = tuple[NDArray[np.int32], NDArray[np.int32]]


class TooManyEntriesError(Exception):
    """A thin pattern would need more entries than it may hold."""


class Pattern:
    """The pattern of a part, from which the existence of an exact balancing is decided.

    A thin pattern begins with a few entries of each row. If they have total support, so has the
    whole pattern (the argument is that of ``counterpoise.balancing.support.decide``). If not, the
    rows that stand in the way get all their entries, until those that stand in the way have all
    of theirs: then they stand in the way of the whole map.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    selection : Selection
        The part.
    limit : int
        The pattern of a part with more pixels is thin.

    Attributes
    ----------
    thin : bool
        Whether entries are missing.
    matrix : csr_matrix, shape (kept bins, kept bins)
        int8, both triangles; the entries that are known.
    complete : ndarray of bool, shape (kept bins,)
        Whether all entries of a row are known.
    limit : int
        Pixels to which a thin pattern may grow.
    """

    def __init__(self, contacts: ContactMap, selection: Selection, limit: int) -> None:
        size = int(np.count_nonzero(selection.kept))
        self._contacts, self._selection = contacts, selection
        self.limit = most_entries(size, limit)
        self.thin = count_pixels(contacts, selection, limit) > limit
        self.complete = np.full(size, not self.thin)
        self.matrix = _symmetric(*_no_entries(), size)
        few = min(FEW, max(self.limit // (3 * max(size, 1)), 1))
        self._add(partial(_choose_few, few) if self.thin else _choose_all)

    @property
    def rows(self) -> NDArray[np.int64]:
        """All rows."""
        return np.arange(len(self.complete))

    def examine(self, left: NDArray[np.int64]) -> tuple[sp.csr_matrix, Support]:
        """Return the pattern of some rows, without empty ones, and its structure.

        Parameters
        ----------
        left : ndarray of int64
            Rows, in ascending order.

        Raises
        ------
        TooManyEntriesError
            As many entries as the pattern may hold do not decide.
        """
        while True:
            inner = self.matrix[left][:, left]
            support = find_support(inner)
            unknown = left[support.blocking]
            unknown = unknown[~self.complete[unknown]]
            if not len(unknown):
                return inner, support
            self._complete(unknown)

    def drop_empty_rows(self, left: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those of some rows that have an entry in one of them.

        Parameters
        ----------
        left : ndarray of int64
            Rows, in ascending order.
        """
        while True:
            empty = np.diff(self.matrix[left][:, left].indptr) == 0
            unknown = left[empty & ~self.complete[left]]
            if not len(unknown):
                return left if not empty.any() else self.drop_empty_rows(left[~empty])
            self._complete(unknown)

    def components(self) -> NDArray[np.int32]:
        """Return the connected component of each row of the whole pattern, numbered from 0."""
        from scipy.sparse.csgraph import connected_components

        number, labels = connected_components(self.matrix, directed=False)
        if number == 1 or not self.thin:
            return labels
        between = [_no_entries()]
        for rows, columns, _ in selected_pixels(self._contacts, self._selection):
            pairs = np.unique(np.stack([labels[rows], labels[columns]]), axis=1)
            between.append((pairs[0], pairs[1]))
        merged = _symmetric(*_concatenate(between), number)
        merged_labels: NDArray[np.int32] = connected_components(merged, directed=False)[1]
        return merged_labels[labels]

    def _complete(self, rows: NDArray[np.int64]) -> None:
        """Add all entries of some rows."""
        self.complete[rows] = True
        is_chosen = np.zeros(len(self.complete), dtype=bool)
        is_chosen[rows] = True
        self._add(lambda row, column: is_chosen[row] | is_chosen[column])

    def _add(self, choose: Callable[[NDArray[np.int32], NDArray[np.int32]], Any]) -> None:
        """Add the entries that a function of rows and columns chooses."""
        pieces = [_no_entries()]
        size = self.matrix.nnz // 2
        for rows, columns, _ in selected_pixels(self._contacts, self._selection):
            chosen = choose(rows, columns)
            pieces.append((rows[chosen], columns[chosen]))
            size += len(pieces[-1][0])
            if self.thin and size > self.limit:
                raise TooManyEntriesError
        added = _symmetric(*_concatenate(pieces), len(self.complete))
        self.matrix = self.matrix + added if self.matrix.nnz else added
        self.matrix.data[:] = 1


def _no_entries() -> Entries:
    """Return no entries."""
    return np.empty(0, np.int32), np.empty(0, np.int32)


def _concatenate(pieces: list[Entries]) -> Entries:
    """Join pieces of entries."""
    rows, columns = zip(*pieces, strict=True)
    return np.concatenate(rows), np.concatenate(columns)


def _symmetric(rows: NDArray[np.int32], columns: NDArray[np.int32], size: int) -> sp.csr_matrix:
    """Return a pattern with these entries in both triangles; every value is one."""
    import scipy.sparse as sp

    off = rows != columns
    both = np.concatenate([rows, columns[off]]), np.concatenate([columns, rows[off]])
    matrix = sp.csr_matrix((np.ones(len(both[0]), np.int8), both), shape=(size, size))
    matrix.data[:] = 1  # entries given twice were added
    return matrix


def _choose_all(rows: NDArray[np.int32], columns: NDArray[np.int32]) -> slice:
    """Choose every entry."""
    return slice(None)


def _choose_few(few: int, rows: NDArray[np.int32], columns: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Choose the first few entries of each row, and about as many others all over the row."""
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    lengths = np.diff(starts, append=len(rows))
    rank = np.arange(len(rows)) - np.repeat(starts, lengths)
    scattered = (rows.view(np.uint32) * MIX_ROW ^ columns.view(np.uint32) * MIX_COLUMN) * MIX_ROW
    threshold = np.minimum(few / lengths, 1) * (2**32 - 1)
    return (rank < few) | (scattered <= np.repeat(threshold, lengths))


def most_entries(bins: int, limit: int) -> int:
    """Return the most pixels that the pattern of a part holds.

    Parameters
    ----------
    bins : int
        Bins of the part.
    limit : int
        As for ``Pattern``.
    """
    return max(limit, min(3 * FEW * bins, MOST_ENTRIES))


def count_pixels(contacts: ContactMap, selection: Selection, limit: int) -> int:
    """Count the pixels in the rows of a part, up to any number above a limit.

    For a chromosome (scope cis), pixels with other chromosomes do not count.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    selection : Selection
        The part.
    limit : int
        Above this, the count may stop.
    """
    first, end = int(contacts.indptr[selection.lo]), int(contacts.indptr[selection.hi])
    if selection.scope is not Scope.CIS or end - first <= limit:
        return end - first
    inside = 0
    for a in range(first, end, CHUNK_PIXELS):
        columns, _ = contacts.entries(a, min(a + CHUNK_PIXELS, end))
        inside += int(np.count_nonzero(columns < selection.hi))
        if inside > limit:
            break
    return inside
