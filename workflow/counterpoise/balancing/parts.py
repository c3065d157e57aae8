"""Balance one part of a map: a chromosome (scope cis) or the genome."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from counterpoise.balancing.advice import advise
from counterpoise.balancing.attempt import Outcome, attempt
from counterpoise.balancing.dropping import drop_sparsest
from counterpoise.balancing.emptiness import explain_empty
from counterpoise.balancing.isolation import isolate
from counterpoise.balancing.task import Task, open_part
from counterpoise.contacts.selection import Selection
from counterpoise.methods.base import OnFailure
from counterpoise.records.facts import Unconnected
from counterpoise.records.verdict import Cause, PartVerdict, Status
from counterpoise.records.wording import part_reason


def balance_part(task: Task, selection: Selection) -> Outcome:
    """Balance one part and render its reason.

    Parameters
    ----------
    task : Task
        The map, the method and its settings.
    selection : Selection
        The part.
    """
    outcome = _balance(task, selection)
    verdict = replace(outcome.verdict, reason=part_reason(outcome.verdict.facts))
    return replace(outcome, verdict=verdict)


def _balance(task: Task, selection: Selection) -> Outcome:
    """Balance one part, without some of its bins if it must be and ``on_failure`` allows it."""
    if not selection.holds_pixels:
        return _empty(task, selection)
    part = open_part(task, task.contacts, selection)
    if part.empty:
        return _empty(task, selection)
    if not task.method.fills:
        part = part.drop_unconnected()
    outcome = attempt(part)
    if task.settings.on_failure == OnFailure.DROP and not outcome.verdict.status.balanced:
        outcome = drop_sparsest(part, outcome)
    elif task.isolates and outcome.verdict.cause.structural:
        outcome = isolate(part, outcome)
    return _add_unconnected(advise(part, outcome, selection.kept), selection, part.selection)


def _empty(task: Task, selection: Selection) -> Outcome:
    """Return the outcome for a part without contacts between kept bins."""
    everything = replace(selection, kept=np.ones_like(selection.kept))
    raw_total = 0.0
    if everything.holds_pixels:
        masked = open_part(task, task.contacts, everything)
        raw_total = masked.total(masked.operator.ones(), masked.marginal)
    kept = int(np.count_nonzero(selection.kept))
    bins = selection.hi - selection.lo
    verdict = PartVerdict(
        label=selection.label,
        first_bin=selection.lo,
        bins=bins,
        kept=0,
        status=Status.EMPTY,
        cause=Cause.EMPTY,
        unconnected=kept,
        raw_total=raw_total,
        facts=(explain_empty(task, selection, raw_total),),
    )
    return Outcome(verdict, *np.full((2, bins), np.nan))


def _add_unconnected(outcome: Outcome, selection: Selection, attempted: Selection) -> Outcome:
    """Give unconnected bins the method's weight for them, and add how many there are."""
    unconnected = selection.kept & ~attempted.kept
    number = int(np.count_nonzero(unconnected))
    if not number:
        return outcome
    outcome.weights[unconnected] = outcome.unconnected_weight
    facts = (*outcome.verdict.facts, Unconnected(number))
    return replace(outcome, verdict=replace(outcome.verdict, unconnected=number, facts=facts))
