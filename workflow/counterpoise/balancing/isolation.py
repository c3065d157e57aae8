"""``on_failure: isolate``: set aside the few bins that stand in the way of an exact balancing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.vectors import to_numpy
from counterpoise.balancing.attempt import Outcome, attempt
from counterpoise.balancing.matching import find_support, rows_to_isolate, selected_pattern
from counterpoise.balancing.support import Decision, load_selected
from counterpoise.balancing.task import Part
from counterpoise.methods.base import ExactSettings
from counterpoise.methods.recorder import Recorder
from counterpoise.records.facts import BinsIsolated, IsolationRefused, Remedies

if TYPE_CHECKING:
    import scipy.sparse as sp

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
        The attempt at this part, which failed for the structure of the map.

    Returns
    -------
    Outcome
        That of the others; or ``failed``, with the number of bins that would have to go.
    """
    settings = part.task.settings
    assert isinstance(settings, ExactSettings)
    most = int(settings.isolate_limit * part.operator.size)
    contacts = load_selected(part.task.contacts, part.selection)
    found = find_isolation(selected_pattern(contacts, part.selection), most)
    verdict = failed.verdict
    if len(found.rows) > most or not found.complete:
        refused = IsolationRefused(
            needed=len(found.rows),
            of=part.operator.size,
            at_least=not found.complete,
            limit=settings.isolate_limit,
        )
        return replace(failed, verdict=replace(verdict, facts=(*verdict.facts, refused)))
    kept = np.ones(part.operator.size, dtype=bool)
    kept[found.rows] = False
    recorder = Recorder(part.selection.label, verdict.matvecs, part.task.progress)
    rest = part.restrict(kept, recorder)
    outcome = attempt(rest, Decision(True, "isolation"))
    return _add_isolated(part, rest, outcome, failed)


def _add_isolated(part: Part, rest: Part, outcome: Outcome, failed: Outcome) -> Outcome:
    """Add which bins were set aside and why the part could not be balanced with them."""
    isolated = np.flatnonzero(part.selection.kept & ~rest.selection.kept)
    names = [part.task.contacts.bins.describe(int(bin)) for bin in isolated + part.selection.lo]
    total = float(to_numpy(part.marginal).sum())
    fact = BinsIsolated(
        isolated=len(isolated),
        of=part.operator.size,
        bins=tuple(names),
        contacts=1 - float(to_numpy(rest.marginal).sum()) / total,
        before=tuple(each for each in failed.verdict.facts if not isinstance(each, Remedies)),
    )
    verdict = outcome.verdict
    verdict = replace(verdict, isolated=len(isolated), facts=(fact, *verdict.facts))
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


def find_isolation(pattern: sp.csr_matrix, most: int) -> Isolation:
    """Choose rows to remove, with their columns, until the pattern has total support.

    Each round removes the rows that take away the obstacle, and those that are left without
    entries. Removing all rows that an obstacle consists of would destroy sparse maps.

    Parameters
    ----------
    pattern : csr_matrix, shape (n, n)
        Both triangles; no row is empty.
    most : int
        A large pattern is examined only until more rows than this are removed.
    """
    rows = np.arange(pattern.shape[0])
    left, complete = rows, True
    while len(left):
        inner = pattern[left][:, left]
        empty = np.diff(inner.indptr) == 0
        if empty.any():
            left = left[~empty]
            continue
        support = find_support(inner)
        if support.total:
            break
        removed = len(rows) - len(left) + len(support.unmatched)
        if removed > most and inner.nnz > COUNTED_ENTRIES:
            left, complete = np.delete(left, support.unmatched), False
            break
        left = np.delete(left, rows_to_isolate(inner, support))
    return Isolation(np.setdiff1d(rows, left), complete)
