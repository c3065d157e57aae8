"""A cheap proof of total support: blocks of neighbouring bins, in time linear in the bins.

``counterpoise.balancing.support.decide`` says what the proof rests on.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope, Selection, is_far

# Largest block of bins: a row of it is the bits of an int64.
LARGEST_BLOCK = 62
# Entries of a row that are looked at, not counting those on ignored diagonals.
NEAREST = 16
# Bins, or entries, that are processed at a time, to bound the work space.
BATCH = 1 << 16


def on_diagonal(contacts: Contacts, selection: Selection) -> NDArray[np.bool_]:
    """Return whether each bin has selected contacts with itself.

    Parameters
    ----------
    contacts : Contacts
        The map.
    selection : Selection
        The part.

    Returns
    -------
    ndarray of bool, shape (kept bins,)
    """
    bins = np.flatnonzero(selection.kept) + selection.lo
    if selection.ignore_diags or selection.scope is Scope.TRANS:
        return np.zeros(len(bins), dtype=bool)
    first, end = contacts.indptr[bins], contacts.indptr[bins + 1]
    has_diagonal = first < end
    row_filled = has_diagonal.copy()
    has_diagonal[row_filled] = contacts.columns[first[row_filled]] == bins[row_filled]
    return has_diagonal


def nearest_pixels(
    contacts: Contacts, selection: Selection
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return a few selected pixels of each kept bin, those nearest to the main diagonal.

    Parameters
    ----------
    contacts : Contacts
        The map.
    selection : Selection
        The part; at least one bin is kept.

    Returns
    -------
    rows, columns : ndarray of int32
        Positions among the kept bins, ``rows < columns``, at most a block's size apart.
    """
    if selection.scope is Scope.TRANS:
        return np.empty(0, np.int32), np.empty(0, np.int32)  # trans pixels are far from it
    bins = np.flatnonzero(selection.kept) + selection.lo
    position = (np.cumsum(selection.kept) - 1).astype(np.int32)
    nearest = max(selection.ignore_diags, 1)
    pieces = []
    for at in range(0, len(bins), BATCH):
        batch = bins[at : at + BATCH]
        places = contacts.indptr[batch][:, None] + np.arange(NEAREST + selection.ignore_diags)
        in_row = places < contacts.indptr[batch + 1][:, None]
        rows = np.repeat(batch, np.count_nonzero(in_row, axis=1))
        columns = contacts.columns[places[in_row]].astype(np.int64)
        rows -= selection.lo
        columns -= selection.lo
        selected = is_far(rows, columns, nearest, selection.chromosome_ends)
        selected &= columns < len(selection.kept)
        rows, columns = rows[selected], columns[selected]
        both_kept = selection.kept[columns]
        rows, columns = position[rows[both_kept]], position[columns[both_kept]]
        near = columns - rows < LARGEST_BLOCK  # others share no block
        pieces.append((rows[near], columns[near]))
    all_rows, all_columns = zip(*pieces, strict=True)
    return np.concatenate(all_rows), np.concatenate(all_columns)


def prove_by_blocks(
    has_diagonal: NDArray[np.bool_], rows: NDArray[np.int32], columns: NDArray[np.int32]
) -> bool:
    """Return whether blocks of neighbouring bins prove total support.

    Small blocks are tried first; those that prove nothing are joined with their neighbours, twice.

    Parameters
    ----------
    has_diagonal : ndarray of bool, shape (n,)
        Whether each bin has contacts with itself.
    rows, columns : ndarray of int32
        Positions of some entries above the diagonal, ``0 <= rows < columns < n``.

    Returns
    -------
    bool
        False says nothing about the map.
    """
    n = len(has_diagonal)
    groups = -(-n // LARGEST_BLOCK)
    edges = np.arange(4 * groups + 1) * n // (4 * groups)
    starts = edges[:-1:4]
    bits = _group_rows(has_diagonal, rows, columns, edges)
    if not bits.all():
        return False  # a bin without a contact in its group: the map is too sparse for this proof
    proven = np.array([has_diagonal[lo:hi].all() for lo, hi in pairwise(edges)])
    for width in (1, 2, 4):  # quarters of a group, halves, the group
        proven = np.logical_and.reduce(proven.reshape(4 * groups // width, -1), axis=1)
        begins, sizes = edges[:-1:width], np.diff(edges[::width])
        for size in np.unique(sizes[~proven]):
            chosen = np.flatnonzero((sizes == size) & ~proven)
            first = begins[chosen][:, None]
            shift = first - starts[chosen * width // 4][:, None]
            patterns = (bits[first + np.arange(size)] >> shift) & ((1 << size) - 1)
            proven[chosen] = fully_indecomposable(patterns)
    return bool(proven.all())


def _group_rows(
    has_diagonal: NDArray[np.bool_],
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    edges: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return each row inside its group as bits: bit j for an entry in the group's column j."""
    n, starts = len(has_diagonal), edges[:-1:4]
    group = np.repeat(np.arange(len(starts), dtype=np.int32), np.diff(edges[::4]))
    bits = np.where(has_diagonal, 1 << (np.arange(n) - starts[group]), 0)
    for at in range(0, len(rows), BATCH):
        i, j = rows[at : at + BATCH], columns[at : at + BATCH]
        inside = group[i] == group[j]
        i, j = i[inside], j[inside]
        np.bitwise_or.at(bits, i, 1 << (j - starts[group[j]]))
        np.bitwise_or.at(bits, j, 1 << (i - starts[group[i]]))
    return bits


def fully_indecomposable(patterns: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which of many small square patterns are fully indecomposable.

    A pattern is when it has a perfect matching and, with any such matching moved onto the
    diagonal, is strongly connected as a directed graph (Brualdi & Ryser, Combinatorial Matrix
    Theory, 4.2).

    Parameters
    ----------
    patterns : ndarray of int64, shape (patterns, size)
        Bit j of row i for an entry (i, j); size <= LARGEST_BLOCK.

    Returns
    -------
    ndarray of bool, shape (patterns,)
    """
    size = patterns.shape[1]
    full = (1 << size) - 1
    reach = _match_onto_diagonal(patterns)
    for k in range(size):  # Warshall: a node that reaches k reaches what k reaches
        reach = np.where((reach >> k) & 1, reach | reach[:, k : k + 1], reach)
    indecomposable: NDArray[np.bool_] = np.logical_and.reduce(reach == full, axis=1)
    return indecomposable


def _match_onto_diagonal(patterns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move a perfect matching of each pattern onto its diagonal; zeros where there is none.

    The first cyclic diagonal that is full (row i with column i + shift) serves; most blocks of a
    map have one, so that few blocks need a search for a matching.
    """
    size = patterns.shape[1]
    full = (1 << size) - 1
    node = np.arange(size)
    moved = np.zeros_like(patterns)
    for shift in range(size):
        # Column j becomes node j - shift, the row that it is matched with.
        turned = ((patterns >> shift) | (patterns << (size - shift))) & full
        fits = ((turned >> node) & 1).all(axis=1) & (moved[:, 0] == 0)
        moved[fits] = turned[fits]
    for index in np.flatnonzero(moved[:, 0] == 0):
        rows = [int(row) for row in patterns[index]]
        match = _find_matching(rows)
        if match is not None:
            moved[index] = [
                sum(1 << match[column] for column in range(size) if row >> column & 1)
                for row in rows
            ]
    return moved


def _find_matching(rows: list[int]) -> list[int] | None:
    """Return the row that each column is matched with, or None without a perfect matching (Kuhn).

    Bit j of number i in ``rows`` stands for an entry (i, j).
    """
    match = [-1] * len(rows)

    def place(row: int, tried: int) -> tuple[bool, int]:
        """Match a row, moving other rows on; also return the columns tried so far."""
        for column in range(len(rows)):
            if rows[row] & ~tried & (1 << column):
                tried |= 1 << column
                free = match[column] < 0
                if not free:
                    free, tried = place(match[column], tried)
                if free:
                    match[column] = row
                    return True, tried
        return False, tried

    return match if all(place(row, 0)[0] for row in range(len(rows))) else None
