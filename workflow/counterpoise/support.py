"""Can a map be balanced exactly at all? Connected parts, support and total support.

A symmetric nonnegative matrix can be scaled to equal row sums exactly when every nonzero entry
lies on a positive diagonal of some permutation (total support); Sinkhorn & Knopp 1967.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components, maximum_bipartite_matching

from counterpoise.verdict import Cause


@dataclass(frozen=True)
class Support:
    """Structure of the nonzero pattern of a symmetric map.

    Attributes
    ----------
    parts : number of connected parts.
    unmatched : rows that no perfect matching can cover; none means that there is support.
    outside : entries that no perfect matching uses; with support and none outside, it is total.
    """

    parts: int
    unmatched: NDArray[np.int64]
    outside: int

    @property
    def total(self) -> bool:
        return not len(self.unmatched) and self.outside == 0


def support(pattern: sp.csr_matrix) -> Support:
    """Examine a symmetric pattern without empty rows; both triangles present."""
    parts = int(np.max(connected_components(pattern, directed=False)[1])) + 1
    # match[i] is the column that row i is paired with, -1 if it stays alone.
    match = maximum_bipartite_matching(pattern, perm_type="column")
    unmatched = np.flatnonzero(match < 0)
    if len(unmatched):
        return Support(parts, unmatched, 0)
    # With the matching moved onto the diagonal, an entry lies on a cycle, and so on another
    # perfect matching, exactly when it stays inside a strongly connected part.
    partner = np.empty(len(match), dtype=np.int64)
    partner[match] = np.arange(len(match))
    entries = pattern.tocoo()
    moved = sp.csr_matrix(
        (np.ones(entries.nnz, np.int8), (entries.row, partner[entries.col])), shape=pattern.shape
    )
    labels = connected_components(moved, directed=True, connection="strong")[1]
    outside = int(np.count_nonzero(labels[entries.row] != labels[partner[entries.col]]))
    return Support(parts, unmatched, outside)


def explain(found: Support, describe: Callable[[int], str]) -> tuple[Cause, str]:
    """What stands in the way of an exact balancing, in words; no cause if nothing does.

    ``describe`` names a row of the pattern as a bin.
    """
    if len(found.unmatched):
        named = ", ".join(describe(int(row)) for row in found.unmatched[:3])
        more = ", ..." if len(found.unmatched) > 3 else ""
        return Cause.NO_SUPPORT, (
            f"no exact balancing exists (no support): the contacts cannot give every bin a partner "
            f"of its own, {len(found.unmatched):,} left over ({named}{more}); "
            "mask more bins, use larger bins or keep the diagonals"
        )
    if found.outside:
        return Cause.NO_TOTAL_SUPPORT, (
            f"exact balancing exists only as a limit (support, but not total support): "
            f"{found.outside:,} entries would have to vanish; mask the sparsest bins, use larger "
            "bins or keep the diagonals"
        )
    return Cause.NONE, ""
