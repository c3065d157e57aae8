"""``on_failure: isolate``: mask the few bins that rule out an exact balancing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.vectors import to_numpy
from counterpoise.balancing.attempt import Outcome, attempt
from counterpoise.balancing.matching import rows_to_isolate
from counterpoise.balancing.pattern import Pattern, TooManyEntriesError
from counterpoise.balancing.support import Decision
from counterpoise.balancing.task import Part
from counterpoise.methods.base import ExactSettings
from counterpoise.records.facts import BinsIsolated, Fact, IsolationRefused, NotExamined
from counterpoise.records.verdict import Cause, PartVerdict

# A pattern with more entries is not examined further once too many of its bins would have to go;
# their number is then a lower bound.
COUNTED_ENTRIES = 200_000


def isolate(part: Part, failed: Outcome) -> Outcome:
    """Balance a part without the bins that rule out an exact balancing, if they are few.

    Parameters
    ----------
    part : Part
        The part with all its bins that have contacts.
    failed : Outcome
        The attempt at this part, which did not converge because of the structure of the map.

    Returns
    -------
    Outcome
        That of the others; or ``failed``, with the number of bins that would have to go.
    """
    return _isolate(part, failed, isolated=0)


def _isolate(part: Part, failed: Outcome, isolated: int) -> Outcome:
    """Isolate bins of a part; ``isolated`` is the number of those that it has lost already."""
    settings, verdict = part.task.settings, failed.verdict
    assert isinstance(settings, ExactSettings)
    bins = part.operator.size + isolated
    most = int(settings.isolate_limit * bins)
    try:
        isolation = _find_isolation(part, verdict.cause, most)
    except TooManyEntriesError:
        return _add_fact(failed, NotExamined(part.task.examine_limit))
    needed = isolated + len(isolation.rows)
    if needed > most or not isolation.complete:
        limit = settings.isolate_limit
        return _add_fact(failed, IsolationRefused(needed, bins, not isolation.complete, limit))
    kept = np.ones(part.operator.size, dtype=bool)
    kept[isolation.rows] = False
    recorder = replace(part.recorder, matvecs=verdict.matvecs, rows=[])
    rest = part.restrict(kept, recorder)
    outcome = attempt(rest, Decision(True, "isolation"))
    if outcome.verdict.cause is Cause.DISCONNECTED:  # the method needs one scale for all others
        outcome = _isolate(rest, outcome, needed)
    return _add_isolated(part, rest, outcome, failed)


def count_bins_in_the_way(part: Part, verdict: PartVerdict) -> IsolationRefused | None:
    """Count the bins without which the others of a part have an exact balancing.

    Parameters
    ----------
    part : Part
        The part with all its bins that have contacts.
    verdict : PartVerdict
        The verdict on it; its cause is structural.

    Returns
    -------
    IsolationRefused or None
        What ``isolate`` said, or what another method would have to isolate, with the default limit
        where it has none; None where the map is too large to know.
    """
    refused = [fact for fact in verdict.facts if isinstance(fact, IsolationRefused)]
    if refused or part.task.isolates:
        return refused[0] if refused else None
    settings, bins = part.task.settings, part.operator.size
    limit = (settings if isinstance(settings, ExactSettings) else ExactSettings).isolate_limit
    try:
        isolation = _find_isolation(part, verdict.cause, int(limit * bins))
    except TooManyEntriesError:
        return None
    return IsolationRefused(len(isolation.rows), bins, not isolation.complete, limit)


def _find_isolation(part: Part, cause: Cause, most: int) -> Isolation:
    """Choose the bins to isolate by the cause; see ``find_isolation`` for ``most``."""
    pattern = Pattern(part.task.contacts, part.selection, part.task.examine_limit)
    return find_islands(pattern) if cause is Cause.DISCONNECTED else find_isolation(pattern, most)


def _add_fact(outcome: Outcome, fact: Fact) -> Outcome:
    """Return an outcome with another fact at the end of its reason."""
    verdict = outcome.verdict
    return replace(outcome, verdict=replace(verdict, facts=(*verdict.facts, fact)))


def _add_isolated(part: Part, rest: Part, outcome: Outcome, failed: Outcome) -> Outcome:
    """Add which bins were isolated and why the part could not be balanced with them."""
    isolated = np.flatnonzero(part.selection.kept & ~rest.selection.kept)
    names = [part.task.contacts.bins.describe(int(bin)) for bin in isolated + part.selection.lo]
    total = float(to_numpy(part.marginal).sum())
    fact = BinsIsolated(
        isolated=len(isolated),
        of=part.operator.size,
        bins=tuple(names),
        contacts=1 - float(to_numpy(rest.marginal).sum()) / total,
        before=failed.verdict.facts,
    )
    verdict = outcome.verdict
    number = verdict.isolated + len(isolated)
    verdict = replace(verdict, isolated=number, facts=(fact, *verdict.facts))
    return replace(outcome, verdict=verdict)


@dataclass(frozen=True)
class Isolation:
    """Bins without which a pattern can be balanced exactly.

    Attributes
    ----------
    rows : ndarray of int64
        Rows of the pattern, in ascending order.
    complete : bool
        Whether the others can be balanced; False where the search stopped at too many.
    """

    rows: NDArray[np.int64]
    complete: bool


def find_islands(pattern: Pattern) -> Isolation:
    """Choose all rows outside the largest connected component.

    Parameters
    ----------
    pattern : Pattern
        The pattern.
    """
    labels = pattern.components()
    return Isolation(np.flatnonzero(labels != np.bincount(labels).argmax()), complete=True)


def find_isolation(pattern: Pattern, most: int) -> Isolation:
    """Choose rows to remove, with their columns, until the pattern has total support.

    Each round removes the rows that take away the obstacle, and those that are left without
    entries. Removing all rows that an obstacle consists of would destroy sparse maps.

    Parameters
    ----------
    pattern : Pattern
        The pattern.
    most : int
        A large pattern is examined only until more rows than this are removed.
    """
    left = pattern.drop_empty_rows(pattern.rows)
    complete = True
    while len(left):
        inner, support = pattern.examine(left)
        if support.total:
            break
        removed = len(pattern.rows) - len(left) + len(support.unmatched)
        if removed > most and inner.nnz > COUNTED_ENTRIES:
            left, complete = np.delete(left, support.unmatched), False
            break
        left = pattern.drop_empty_rows(np.delete(left, rows_to_isolate(inner, support)))
    return Isolation(np.setdiff1d(pattern.rows, left), complete)
