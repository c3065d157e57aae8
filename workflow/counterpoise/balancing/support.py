"""Can a map be balanced exactly at all? Decided before a single product is spent on it.

A symmetric nonnegative matrix can be scaled to equal row sums exactly when every nonzero entry
is used by some perfect matching of rows with columns (total support); with a perfect matching but
entries that none uses (support), scaling exists only as a limit in which those entries vanish;
with none, not even that (Sinkhorn & Knopp, Pacific J. Math. 21:343, 1967).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.contact_map import ContactMap, Contacts, StoredContacts, load_rows
from counterpoise.contacts.selection import Scope, Selection
from counterpoise.records.verdict import Cause

# Above this many contacts no matching of the whole map is looked for: it would take longer and
# more memory than the balancing does.
EXAMINE_LIMIT = 5_000_000


if TYPE_CHECKING:
    import scipy.sparse as sp

# Bins whose contacts with each other are looked at together: a row of them is the bits of an int64.
LARGEST_BLOCK = 62
# Entries of a row that are looked at, beyond those on dropped diagonals.
NEAREST = 16
TOGETHER = 1 << 16  # bins, or entries, whose work space is held at a time
PIECE = 1 << 20  # entries that are counted together: no more than a streaming map holds anyway
NAMED = 3  # bins that a reason names


@dataclass(frozen=True)
class Support:
    """Structure of the nonzero pattern of a symmetric map.

    Attributes
    ----------
    parts : number of connected parts.
    unmatched : rows that a largest matching leaves alone; none means that there is support.
    outside : entries that no perfect matching uses; with support and none outside, it is total.
    blocking : the rows that stand in the way, those with the fewest entries first. Without
        support they have entries in fewer columns than they are; without total support, in just
        as many, which other rows have entries in as well. Empty where nothing stands in the way.
    partners : number of those columns.
    """

    parts: int
    unmatched: NDArray[np.int64]
    outside: int
    blocking: NDArray[np.int64]
    partners: int

    @property
    def total(self) -> bool:
        return not len(self.unmatched) and self.outside == 0


def support(pattern: sp.csr_matrix) -> Support:
    """Examine a symmetric pattern without empty rows; both triangles present."""
    import scipy.sparse as sp
    from scipy.sparse.csgraph import connected_components, maximum_bipartite_matching

    parts = int(np.max(connected_components(pattern, directed=False)[1])) + 1
    # match[i] is the column that row i is paired with, -1 if it stays alone.
    match = maximum_bipartite_matching(pattern, perm_type="column")
    unmatched = np.flatnonzero(match < 0)
    partner = np.full(len(match), -1, dtype=np.int32)
    partner[match[match >= 0]] = np.flatnonzero(match >= 0)
    per_row = np.diff(pattern.indptr)
    if len(unmatched):
        rows, partners = _deficient(pattern, partner, unmatched)
        return Support(parts, unmatched, 0, _sparsest_first(rows, per_row), partners)
    # With the matching moved onto the diagonal, an entry lies on a cycle, and so on another
    # perfect matching, exactly when it stays inside a strongly connected part.
    columns = partner[pattern.indices]
    moved = sp.csr_matrix((pattern.data, columns, pattern.indptr), shape=pattern.shape)
    labels = connected_components(moved, directed=True, connection="strong")[1]
    source, goal = np.repeat(labels, per_row), labels[columns]
    crossing = source != goal
    # Parts that are entered but never left: their rows have all their entries in the columns
    # that they are matched with, so these columns have nothing left for the rows that enter.
    closed = np.setdiff1d(goal[crossing], source[crossing])
    rows = np.flatnonzero(np.isin(labels, closed))
    outside = int(np.count_nonzero(crossing))
    return Support(parts, unmatched, outside, _sparsest_first(rows, per_row), len(rows))


def _deficient(
    pattern: sp.csr_matrix, partner: NDArray[np.int32], unmatched: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int]:
    """Rows with fewer columns between them than they are, and the number of those columns.

    They are what alternating paths reach from the unmatched rows: every column on the way is
    matched, or the matching could grow, so there are as many as rows less the unmatched (Hall).
    """
    rows = np.zeros(len(partner), dtype=bool)
    columns = np.zeros(len(partner), dtype=bool)
    fresh: NDArray[np.integer[Any]] = unmatched
    while len(fresh):
        rows[fresh] = True
        seen = pattern[fresh].indices
        seen = np.unique(seen[~columns[seen]])
        columns[seen] = True
        fresh = partner[seen]
    return np.flatnonzero(rows), int(np.count_nonzero(columns))


def _sparsest_first(rows: NDArray[np.int64], per_row: NDArray[np.int32]) -> NDArray[np.int64]:
    return rows[np.argsort(per_row[rows], kind="stable")]


def explain(found: Support, describe: Callable[[int], str]) -> tuple[Cause, str]:
    """What stands in the way of an exact balancing, in words; no cause if nothing does.

    ``describe`` names a row of the pattern as a bin.
    """
    if found.total:
        return Cause.NONE, ""
    many = len(found.blocking)
    named = name_some(found.blocking, describe)
    bins = f"{many:,} bins ({named}) have" if many > 1 else f"1 bin ({named}) has"
    partners = f"{found.partners:,} bins" if found.partners > 1 else "1 bin"
    if len(found.unmatched):
        return Cause.NO_SUPPORT, (
            f"no exact balancing exists (no support): {bins} contacts with only {partners}, "
            "too few to give each a partner of its own"
        )
    entries = "entries of the map" if found.outside > 1 else "entry of the map"
    return Cause.NO_TOTAL_SUPPORT, (
        f"exact balancing exists only as a limit (support, but not total support): {bins} contacts "
        f"with only {partners}, which would have none left for others: {found.outside:,} "
        f"{entries} would have to vanish"
    )


def name_some(indices: NDArray[np.int64], describe: Callable[[int], str]) -> str:
    """The first few of many bins by name."""
    names = [describe(int(index)) for index in indices[:NAMED]]
    return ", ".join(names + ["..."] * (len(indices) > NAMED))


@dataclass(frozen=True)
class Decision:
    """Whether an exact balancing exists, decided before iterating.

    Attributes
    ----------
    exists : None where it was not decided, since the map is too large to match it whole.
    stage : what decided: ``diagonal``, ``blocks`` or ``matching``; empty where nothing did.
    cause, reason : what stands in the way, the bins named; empty where nothing does.
    parts : connected parts, where the matching was looked for.
    """

    exists: bool | None
    stage: str = ""
    cause: Cause = Cause.NONE
    reason: str = ""
    parts: int | None = None


def decide(contacts: ContactMap, selection: Selection, limit: int) -> Decision:
    """Whether the selected map has total support; the cheapest proof first.

    Every kept bin must have a selected contact. Maps of more pixels than ``limit`` that the
    cheap proofs do not reach are left undecided.

    The cheap proofs rest on this. A pattern is fully indecomposable when it keeps a perfect
    matching after any one row and any one column are taken out; then it has total support.
    If the bins of a symmetric map can be grouped so that inside each group some of the entries are
    fully indecomposable, the map has total support. Proof: more entries inside a group change
    nothing. An entry (i, j) between two groups comes with (j, i): match i with j and j with
    i; what is left of each group lacks one row and one column and has a perfect matching.
    """
    if isinstance(contacts, StoredContacts):
        if too_large(contacts, selection, limit):
            return Decision(None)
        contacts = _loaded(contacts, selection)
    has_diagonal = on_diagonal(contacts, selection)
    if has_diagonal.all():
        return Decision(True, "diagonal")  # one bin with a contact with itself is such a group
    if blocks_certify(has_diagonal, *nearest(contacts, selection)):
        return Decision(True, "blocks")
    return examine(contacts, selection, limit)


def too_large(contacts: ContactMap, selection: Selection, limit: int) -> bool:
    """Whether the rows of a selection hold more pixels than ``limit``.

    Of a chromosome (cis) those with other chromosomes are not counted.
    """
    first, end = int(contacts.indptr[selection.lo]), int(contacts.indptr[selection.hi])
    if selection.scope is not Scope.CIS or end - first <= limit:
        return end - first > limit
    inside = 0
    for a in range(first, end, PIECE):
        columns, _ = contacts.entries(a, min(a + PIECE, end))
        inside += int(np.count_nonzero(columns < selection.hi))
        if inside > limit:
            return True
    return False


def examine(contacts: ContactMap, selection: Selection, limit: int) -> Decision:
    """The complete test: a largest matching of the whole map and what follows from it."""
    if too_large(contacts, selection, limit):
        return Decision(None)
    found = support(selected_pattern(_loaded(contacts, selection), selection))
    bins = np.flatnonzero(selection.kept) + selection.lo
    cause, reason = explain(found, lambda row: contacts.bins.describe(int(bins[row])))
    return Decision(cause is Cause.NONE, "matching", cause, reason, found.parts)


def _loaded(contacts: ContactMap, selection: Selection) -> Contacts:
    """A map whose selected rows are in memory."""
    if isinstance(contacts, Contacts):
        return contacts
    end = selection.hi if selection.scope is Scope.CIS else len(contacts.bins)
    return load_rows(contacts, selection.lo, selection.hi, end)


def selected_pattern(contacts: Contacts, selection: Selection) -> sp.csr_matrix:
    """Where a selection has contacts: both triangles, kept bins only, every value one.

    The same places as ``backends.scipy.selected_matrix`` fills, in a fifth of its memory.
    """
    import scipy.sparse as sp

    lo, hi = selection.lo, selection.hi
    chromosome = contacts.bins.chromosome_ids[lo:hi]
    first, end = contacts.indptr[lo], contacts.indptr[hi]
    per_row = np.diff(contacts.indptr[lo : hi + 1])
    row = np.repeat(np.arange(hi - lo, dtype=np.int32), per_row)
    inside = contacts.columns[first:end] < hi
    row, column = row[inside], contacts.columns[first:end][inside].astype(np.int32) - np.int32(lo)
    inside = column - row >= selection.ignore_diags
    if selection.scope is not Scope.GENOME:
        inside &= (chromosome[row] == chromosome[column]) == (selection.scope is Scope.CIS)
    inside &= selection.kept[row] & selection.kept[column]
    position = (np.cumsum(selection.kept) - 1).astype(np.int32)
    row, column = position[row[inside]], position[column[inside]]
    off = row != column
    both = np.concatenate([row, column[off]]), np.concatenate([column, row[off]])
    n = int(np.count_nonzero(selection.kept))
    return sp.csr_matrix((np.ones(len(both[0]), np.int8), both), shape=(n, n))


def on_diagonal(contacts: Contacts, selection: Selection) -> NDArray[np.bool_]:
    """bool [kept bins], True for bins whose contacts with themselves are selected."""
    bins = np.flatnonzero(selection.kept) + selection.lo
    if selection.ignore_diags or selection.scope is Scope.TRANS:
        return np.zeros(len(bins), dtype=bool)
    first, end = contacts.indptr[bins], contacts.indptr[bins + 1]
    found = first < end
    found[found] = contacts.columns[first[found]] == bins[found]
    return found


def nearest(
    contacts: Contacts, selection: Selection
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """A few selected pixels of each kept bin, those nearest to the main diagonal.

    Returns
    -------
    rows, columns : int32, positions among the kept bins, ``rows < columns``; none that are
        further apart than a block is large.
    """
    if selection.scope is Scope.TRANS:
        return np.empty(0, np.int32), np.empty(0, np.int32)  # none are near it
    bins = np.flatnonzero(selection.kept) + selection.lo
    position = (np.cumsum(selection.kept) - 1).astype(np.int32)
    pieces = []
    for at in range(0, len(bins), TOGETHER):
        some = bins[at : at + TOGETHER]
        places = contacts.indptr[some][:, None] + np.arange(NEAREST + selection.ignore_diags)
        stored = places < contacts.indptr[some + 1][:, None]
        rows = np.repeat(some, np.count_nonzero(stored, axis=1))
        columns = contacts.columns[places[stored]].astype(np.int64)
        wanted = (columns - rows >= max(selection.ignore_diags, 1)) & (columns < selection.hi)
        rows, columns = rows[wanted] - selection.lo, columns[wanted] - selection.lo
        both = selection.kept[columns]
        rows, columns = position[rows[both]], position[columns[both]]
        near = columns - rows < LARGEST_BLOCK  # any others share no block
        pieces.append((rows[near], columns[near]))
    return np.concatenate([found[0] for found in pieces]), np.concatenate(
        [found[1] for found in pieces]
    )


def blocks_certify(
    has_diagonal: NDArray[np.bool_], rows: NDArray[np.int32], columns: NDArray[np.int32]
) -> bool:
    """Whether blocks of neighbouring bins prove total support, see ``decide``; O(bins).

    Small blocks are tried first; those that do not do are joined with their neighbours, twice.

    Parameters
    ----------
    has_diagonal : bool [n].
    rows, columns : int32, positions of some entries above the diagonal, 0 <= rows < columns < n.

    Returns
    -------
    bool : False says nothing about the map.
    """
    n = len(has_diagonal)
    groups = -(-n // LARGEST_BLOCK)
    edges = np.arange(4 * groups + 1) * n // (4 * groups)
    starts = edges[:-1:4]
    group = np.repeat(np.arange(groups, dtype=np.int32), np.diff(edges[::4]))
    # Row i of a group as the bits of one number: bit j for an entry in the group's column j.
    bits = np.where(has_diagonal, 1 << (np.arange(n) - starts[group]), 0)
    for at in range(0, len(rows), TOGETHER):
        some, others = rows[at : at + TOGETHER], columns[at : at + TOGETHER]
        inside = group[some] == group[others]
        some, others = some[inside], others[inside]
        np.bitwise_or.at(bits, some, 1 << (others - starts[group[others]]))
        np.bitwise_or.at(bits, others, 1 << (some - starts[group[some]]))
    if not bits.all():
        return False  # a bin alone in its group: no need to look closer at a sparse map
    proven = np.array([has_diagonal[lo:hi].all() for lo, hi in pairwise(edges)])
    for joined in (1, 2, 4):
        proven = np.logical_and.reduce(proven.reshape(4 * groups // joined, -1), axis=1)
        begins, sizes = edges[:-1:joined], np.diff(edges[::joined])
        for size in np.unique(sizes[~proven]):
            chosen = np.flatnonzero((sizes == size) & ~proven)
            first = begins[chosen][:, None]
            shift = first - starts[chosen * joined // 4][:, None]
            patterns = (bits[first + np.arange(size)] >> shift) & ((1 << size) - 1)
            proven[chosen] = fully_indecomposable(patterns)
    return bool(proven.all())


def fully_indecomposable(patterns: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of many small square patterns are fully indecomposable.

    One is when it has a perfect matching and, with any such matching moved onto the diagonal, is
    strongly connected as a directed graph (Brualdi & Ryser, Combinatorial Matrix Theory, 4.2).
    The first cyclic diagonal that is full, row i with column i + shift, will do; most blocks of a
    map have one, so that paths are followed in a few blocks alone.

    Parameters
    ----------
    patterns : int64 [patterns, size], bit j of row i for an entry (i, j); size <= LARGEST_BLOCK.

    Returns
    -------
    bool [patterns]
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
        match = _matching(rows)
        if match is not None:
            moved[index] = [
                sum(1 << match[column] for column in range(size) if row >> column & 1)
                for row in rows
            ]
    reach = moved
    for k in range(size):  # Warshall: whoever reaches k reaches what k reaches
        reach = np.where((reach >> k) & 1, reach | reach[:, k : k + 1], reach)
    shown: NDArray[np.bool_] = np.logical_and.reduce(reach == full, axis=1)
    return shown


def _matching(rows: list[int]) -> list[int] | None:
    """The row that each column is matched with, or None without a perfect matching (Kuhn).

    ``rows`` : bit j of number i for an entry (i, j).
    """
    match = [-1] * len(rows)

    def place(row: int, tried: int) -> tuple[bool, int]:
        """Give the row a column, moving other rows on; which columns were tried meanwhile."""
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
