"""The complete test for total support: a largest matching of the whole nonzero pattern."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.records.facts import NAMED_BINS, NoSupport, NoTotalSupport

if TYPE_CHECKING:
    import scipy.sparse as sp


@dataclass(frozen=True)
class Support:
    """Structure of the nonzero pattern of a symmetric map.

    Attributes
    ----------
    components : int
        Number of connected components.
    unmatched : ndarray of int64
        Rows without a partner in a largest matching; none means that there is support.
    outside : int
        Entries that no perfect matching uses; with support and none outside, it is total.
    blocking : ndarray of int64
        Rows that rule out an exact balancing, those with the fewest entries first. Without
        support they have entries in fewer columns than there are rows; without total support, in
        just as many, in which other rows have entries as well. Empty where nothing rules it out.
    partners : int
        Number of those columns.
    match : ndarray of int
        Column that each row is matched with in a largest matching; -1 for none.
    closed : tuple of ndarray of int64
        With support, the blocking rows in groups: each uses up its own columns.
    """

    components: int
    unmatched: NDArray[np.int64]
    outside: int
    blocking: NDArray[np.int64]
    partners: int
    match: NDArray[np.integer[Any]]
    closed: tuple[NDArray[np.int64], ...] = ()

    @property
    def total(self) -> bool:
        """Whether the pattern has total support."""
        return not len(self.unmatched) and self.outside == 0


def find_support(pattern: sp.csr_matrix) -> Support:
    """Examine a symmetric pattern.

    Parameters
    ----------
    pattern : csr_matrix, shape (n, n)
        Both triangles; no row is empty.
    """
    import scipy.sparse as sp
    from scipy.sparse.csgraph import connected_components, maximum_bipartite_matching

    components = int(np.max(connected_components(pattern, directed=False)[1])) + 1
    # match[i] is the column that row i is matched with, -1 if there is none.
    match = maximum_bipartite_matching(pattern, perm_type="column")
    unmatched = np.flatnonzero(match < 0)
    partner = np.full(len(match), -1, dtype=np.int32)
    partner[match[match >= 0]] = np.flatnonzero(match >= 0)
    per_row = np.diff(pattern.indptr)
    if len(unmatched):
        rows, partners = _deficient_rows(pattern, partner, unmatched)
        return Support(components, unmatched, 0, _sparsest_first(rows, per_row), partners, match)
    # With the matching moved onto the diagonal, an entry lies on a cycle, and so on another
    # perfect matching, exactly when it stays inside a strongly connected component.
    columns = partner[pattern.indices]
    moved = sp.csr_matrix((pattern.data, columns, pattern.indptr), shape=pattern.shape)
    labels = connected_components(moved, directed=True, connection="strong")[1]
    source, goal = np.repeat(labels, per_row), labels[columns]
    crossing = source != goal
    # Strong components that are entered but never left: their rows have all their entries in the
    # columns that they are matched with, so nothing is left for the rows that enter.
    closed = np.setdiff1d(goal[crossing], source[crossing])
    rows = _sparsest_first(np.flatnonzero(np.isin(labels, closed)), per_row)
    groups = tuple(rows[labels[rows] == label] for label in closed)
    outside = int(np.count_nonzero(crossing))
    return Support(components, unmatched, outside, rows, len(rows), match, groups)


def _deficient_rows(
    pattern: sp.csr_matrix, partner: NDArray[np.int32], unmatched: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int]:
    """Find rows with fewer columns between them than rows, and count those columns.

    They are what alternating paths reach from the unmatched rows: every column on the way is
    matched, or the matching could grow, so there are as many as rows less the unmatched (Hall).
    """
    rows = np.zeros(len(partner), dtype=bool)
    columns = np.zeros(len(partner), dtype=bool)
    frontier: NDArray[np.integer[Any]] = unmatched
    while len(frontier):
        rows[frontier] = True
        reached = pattern[frontier].indices
        reached = np.unique(reached[~columns[reached]])
        columns[reached] = True
        frontier = partner[reached]
    return np.flatnonzero(rows), int(np.count_nonzero(columns))


def rows_to_isolate(pattern: sp.csr_matrix, support: Support) -> NDArray[np.int64]:
    """Choose rows whose removal, with their columns, takes an obstacle away.

    Without support these are the fewest rows whose removal restores it, one for each unmatched
    row. Any row that an alternating path joins with an unmatched one can be unmatched in its
    place, so the possible choices are the bases of a matroid: exchanges that each take a sparser
    row lead to the sparsest choice, whatever matching they start from. With support, the sparsest
    row of each closed group is chosen.

    Parameters
    ----------
    pattern : csr_matrix, shape (n, n)
        Both triangles; no row is empty.
    support : Support
        Its structure; not total.

    Returns
    -------
    ndarray of int64
        Rows. Those with the fewest entries are preferred, then those that come first.
    """
    if not len(support.unmatched):
        return np.array([group[0] for group in support.closed])
    n = len(support.match)
    rank = np.empty(n, dtype=np.int64)
    rank[_sparsest_first(np.arange(n), np.diff(pattern.indptr))] = np.arange(n)
    match = support.match.astype(np.int64)
    partner = np.full(n, -1)
    partner[match[match >= 0]] = np.flatnonzero(match >= 0)
    chosen = support.unmatched.copy()
    exchanged = True
    while exchanged:
        before = chosen.copy()
        for k, row in enumerate(before):
            chosen[k] = _exchange(pattern, match, partner, rank, int(row))
        exchanged = bool((chosen != before).any())
    return chosen


def _exchange(
    pattern: sp.csr_matrix,
    match: NDArray[np.int64],
    partner: NDArray[np.int64],
    rank: NDArray[np.int64],
    row: int,
) -> int:
    """Match an unmatched row in place of the first by rank that an alternating path reaches.

    Returns the row that is unmatched now; ``match`` and ``partner`` are changed in place.
    """
    origin = np.full(len(match), -1)  # the row from which the search reached a column
    reached, frontier = [row], np.array([row])
    while len(frontier):
        entries = pattern[frontier]
        rows = np.repeat(frontier, np.diff(entries.indptr))
        columns, first = np.unique(entries.indices, return_index=True)
        new = origin[columns] < 0
        origin[columns[new]] = rows[first[new]]
        frontier = partner[columns[new]]
        reached.extend(frontier.tolist())
    given_up = min(reached, key=rank.__getitem__)
    if given_up != row:  # along the path back, each row takes the column of the one after it
        column, match[given_up] = match[given_up], -1
        while column >= 0:
            taker = origin[column]
            match[taker], partner[column], column = column, taker, match[taker]
    return given_up


def _sparsest_first(rows: NDArray[np.int64], per_row: NDArray[np.int32]) -> NDArray[np.int64]:
    """Sort rows by their number of entries."""
    return rows[np.argsort(per_row[rows], kind="stable")]


def find_obstacle(
    support: Support, describe: Callable[[int], str], thin: bool = False
) -> NoSupport | NoTotalSupport | None:
    """Return what rules out an exact balancing.

    Parameters
    ----------
    support : Support
        Structure of the pattern.
    describe : callable
        Names a row of the pattern as a bin.
    thin : bool
        Whether entries are missing, so that those that would have to vanish cannot be counted.

    Returns
    -------
    NoSupport, NoTotalSupport or None
        None where an exact balancing exists.
    """
    if support.total:
        return None
    bins = tuple(describe(int(row)) for row in support.blocking[:NAMED_BINS])
    if len(support.unmatched):
        return NoSupport(len(support.blocking), bins, support.partners)
    entries = None if thin else support.outside
    return NoTotalSupport(len(support.blocking), bins, support.partners, entries)
