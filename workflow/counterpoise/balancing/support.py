"""Decide whether a map can be balanced exactly, before a product is spent on it.

A symmetric nonnegative matrix can be scaled to equal row sums exactly when every nonzero entry
is used by some perfect matching of rows with columns (total support). With a perfect matching but
entries that none uses (support), scaling exists only as a limit in which those entries vanish;
without one, not even that (Sinkhorn & Knopp, Pacific J. Math. 21:343, 1967).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from counterpoise.balancing.blocks import nearest_pixels, on_diagonal, prove_by_blocks
from counterpoise.balancing.matching import find_obstacle
from counterpoise.balancing.pattern import Pattern, TooManyEntriesError, count_pixels
from counterpoise.contacts.contact_map import ContactMap, Contacts, load_rows
from counterpoise.contacts.selection import Scope, Selection
from counterpoise.records.facts import NoSupport, NoTotalSupport
from counterpoise.records.verdict import Cause

# A map with more pixels is tried first, and examined only if the method fails: to match its whole
# pattern would take more time and memory than balancing does.
EXAMINE_LIMIT = 5_000_000


@dataclass(frozen=True)
class Decision:
    """Decision on whether an exact balancing exists, made before iterating.

    Attributes
    ----------
    exists : bool or None
        None where it was not decided, since too many contacts would have to be looked at.
    stage : str
        What decided: ``diagonal``, ``blocks``, ``matching`` or ``isolation``; empty where nothing
        did.
    obstacle : NoSupport, NoTotalSupport or None
        What rules out an exact balancing; None where nothing is known to.
    components : int or None
        Connected components, where the map was matched.
    """

    exists: bool | None
    stage: str = ""
    obstacle: NoSupport | NoTotalSupport | None = None
    components: int | None = None

    @property
    def cause(self) -> Cause:
        """The obstacle as a cause of failure."""
        return Cause(self.obstacle.code) if self.obstacle else Cause.NONE


def decide(contacts: ContactMap, selection: Selection, limit: int) -> Decision:
    """Decide whether the selected map has total support, by the cheapest proof.

    The cheap proofs rest on this. A pattern is fully indecomposable when it keeps a perfect
    matching after any one row and any one column are taken out; then it has total support.
    If the bins of a symmetric map can be grouped so that inside each group some of the entries are
    fully indecomposable, the map has total support. Proof: more entries inside a group change
    nothing. An entry (i, j) between two groups comes with (j, i): match i with j and j with
    i; what is left of each group lacks one row and one column and has a perfect matching.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    selection : Selection
        Every kept bin must have a selected contact.
    limit : int
        Pixels up to which the whole pattern is matched.
    """
    if isinstance(contacts, Contacts) or not too_large(contacts, selection, limit):
        loaded = _load_rows(contacts, selection)
        has_diagonal = on_diagonal(loaded, selection)
        if has_diagonal.all():
            return Decision(True, "diagonal")  # each bin is such a group of one
        if prove_by_blocks(has_diagonal, *nearest_pixels(loaded, selection)):
            return Decision(True, "blocks")
    return examine(contacts, selection, limit)


def examine(contacts: ContactMap, selection: Selection, limit: int) -> Decision:
    """Decide whether the selected map has total support, by matching its pattern.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    selection : Selection
        Every kept bin must have a selected contact.
    limit : int
        Pixels up to which the whole pattern is matched; of a larger one, as little as decides.
    """
    try:
        pattern = Pattern(contacts, selection, limit)
        _, support = pattern.examine(pattern.drop_empty_rows(pattern.rows))
        components = int(pattern.components().max()) + 1
    except TooManyEntriesError:
        return Decision(None)
    bins = np.flatnonzero(selection.kept) + selection.lo
    obstacle = find_obstacle(
        support, lambda row: contacts.bins.describe(int(bins[row])), pattern.thin
    )
    return Decision(obstacle is None, "matching", obstacle, components)


def too_large(contacts: ContactMap, selection: Selection, limit: int) -> bool:
    """Return whether a part has more pixels than are examined before its method runs.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    selection : Selection
        The part.
    limit : int
        Number of pixels.
    """
    return count_pixels(contacts, selection, limit) > limit


def _load_rows(contacts: ContactMap, selection: Selection) -> Contacts:
    """Return a map whose selected rows are in memory."""
    if isinstance(contacts, Contacts):
        return contacts
    end = selection.hi if selection.scope is Scope.CIS else len(contacts.bins)
    return load_rows(contacts, selection.lo, selection.hi, end)
