"""One attempt at a part: solve, measure, judge, record."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.vectors import to_numpy
from counterpoise.balancing.apply_weights import apply_weights
from counterpoise.balancing.judging import (
    Case,
    Judgement,
    Measured,
    judge,
    measure_row_sums,
)
from counterpoise.balancing.standard_errors import (
    bootstrap_part,
    errors_by_formula,
    estimate_excess,
    median_error,
)
from counterpoise.balancing.support import Decision, decide, too_large
from counterpoise.balancing.task import Part
from counterpoise.methods.base import Solution
from counterpoise.records.excess import Excess, record_excess
from counterpoise.records.facts import BinsDropped, Fact, NotWritten, first_names
from counterpoise.records.trace import TraceRow
from counterpoise.records.verdict import PartVerdict, Status

# Weights that span more than this, relative to 1 / sqrt(row sum), are of no use and are not
# written even with ``on_failure: keep``.
USEFUL_SPAN = 1e12


@dataclass(frozen=True)
class Outcome:
    """The result of an attempt.

    Attributes
    ----------
    verdict : PartVerdict
        The verdict; its reason is rendered when the part is finished.
    weights : ndarray of float64, shape (bins of the part,)
        The weights to write; NaN where there are none.
    errors : ndarray of float64, shape (bins of the part,)
        Their relative standard errors; NaN where there are none.
    trace : list of TraceRow
        A row for each iteration.
    unconnected_weight : float
        The weight for bins without a contact, which take no part in an attempt.
    """

    verdict: PartVerdict
    weights: NDArray[np.float64]
    errors: NDArray[np.float64]
    trace: list[TraceRow] = field(default_factory=list)
    unconnected_weight: float = np.nan


def attempt(part: Part, decision: Decision | None = None) -> Outcome:
    """Balance a part and judge the result.

    Parameters
    ----------
    part : Part
        All its bins have contacts, unless the method fills.
    decision : Decision, optional
        Whether an exact balancing exists, where that is known already.
    """
    raw_total = part.total(part.operator.ones(), part.marginal)
    products = part.recorder.matvecs
    decision = decision or _decide_first(part)
    if decision is not None and decision.exists is False:
        return _refuse(part, decision, raw_total, products)
    solution = _solve(part)
    balanced = _drop_given_up(part, solution)
    if balanced is not part:
        raw_total = balanced.total(balanced.operator.ones(), balanced.marginal)
    measured = measure_row_sums(balanced, solution)
    # Where bins lost every partner to those that were dropped, only the whole can be examined.
    examined = balanced if (balanced.marginal > 0).all() else part
    products = part.recorder.matvecs
    judgement = judge(
        Case(
            part.task,
            examined.selection,
            solution,
            measured,
            decision,
            median_error=lambda: median_error(balanced, solution, measured.row_sums),
        )
    )
    part.recorder.matvecs = products  # a product for the error is not the method's
    return _record(part, balanced, solution, measured, judgement, raw_total)


def _decide_first(part: Part) -> Decision | None:
    """Decide whether an exact balancing exists, where that spares the method's iterations.

    Methods that do not aim at equal row sums, and weights of another map, suit any map, and
    ``on_failure: keep`` wants what a method reaches. A map that is too large to examine is tried: a
    proof that it can be balanced would change nothing. With copy numbers every map is tried: the
    decision is about equal row sums.
    """
    task, selection = part.task, part.selection
    if (
        not task.method.exact
        or task.applied is not None
        or task.keeps_unbalanced_weights
        or task.target is not None
        or too_large(task.contacts, selection, task.examine_limit)
    ):
        return None
    return decide(task.contacts, selection, task.examine_limit)


def _refuse(part: Part, decision: Decision, raw_total: float, products: int) -> Outcome:
    """Return the outcome for a part that has no exact balancing, without iterating."""
    assert decision.obstacle is not None
    selection = part.selection
    verdict = PartVerdict(
        label=selection.label,
        first_bin=selection.lo,
        bins=len(selection.kept),
        kept=part.operator.size,
        status=Status.FAILED,
        cause=decision.cause,
        facts=(decision.obstacle,),
        raw_total=raw_total,
        matvecs=products,
    )
    return Outcome(verdict, *np.full((2, len(selection.kept)), np.nan))


def _solve(part: Part) -> Solution:
    """Run the method, or take the weights of another map."""
    if part.task.applied is not None:
        return apply_weights(part)
    # A diverging run overflows before the method notices.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore", under="ignore"):
        return part.task.solve(part.problem())


def _drop_given_up(part: Part, solution: Solution) -> Part:
    """Return the part without the bins that the method dropped."""
    return part if solution.dropped is None else part.restrict(~solution.dropped)


def _record(
    part: Part,
    balanced: Part,
    solution: Solution,
    measured: Measured,
    judgement: Judgement,
    raw_total: float,
) -> Outcome:
    """Return the weights to write, their standard errors and the verdict.

    Parameters
    ----------
    part, balanced : Part
        All bins of the attempt, and those that have weights.
    solution, measured, judgement : Solution, Measured, Judgement
        The results of the earlier steps.
    raw_total : float
        Total of the raw map over the balanced bins.
    """
    facts = [*judgement.facts, *_side_facts(part, balanced, solution, judgement)]
    kept = balanced.selection.kept
    weights, errors = np.full((2, len(kept)), np.nan)
    balanced_total, unconnected_weight, excess = 0.0, np.nan, None
    written = _are_written(part, measured, judgement)
    if written:
        weights[kept] = to_numpy(solution.weights)
        unconnected_weight = solution.unconnected_weight
        balanced_total = balanced.total(solution.weights, to_numpy(measured.row_sums))
    elif part.task.keeps_unbalanced_weights:
        facts.append(NotWritten(USEFUL_SPAN if measured.finite else None))
    products = part.recorder.matvecs  # those for standard errors are not the method's
    if written:
        errors[kept], excess, notes = _estimate_noise(balanced, solution, measured)
        facts.extend(notes)
    verdict = PartVerdict(
        label=part.selection.label,
        first_bin=part.selection.lo,
        bins=len(kept),
        kept=balanced.operator.size,
        status=judgement.status,
        cause=judgement.cause,
        facts=tuple(facts),
        dropped=part.operator.size - balanced.operator.size,
        iterations=solution.iterations,
        matvecs=products,
        max_deviation=measured.max_deviation,
        rms_deviation=measured.rms_deviation,
        max_smoothed_deviation=solution.smoothed_deviation,
        raw_total=raw_total,
        balanced_total=balanced_total,
        bandwidth=solution.bandwidth,
        search=solution.search,
        **record_excess(excess),
    )
    return Outcome(verdict, weights, errors, part.recorder.rows, unconnected_weight)


def _are_written(part: Part, measured: Measured, judgement: Judgement) -> bool:
    """Return whether the weights are written: balanced ones, and others if the settings say so."""
    return (
        judgement.status.balanced
        or (part.task.keeps_unbalanced_weights and measured.span < USEFUL_SPAN)
        or (part.task.isolates and _is_close(judgement, measured))
    )


def _estimate_noise(
    balanced: Part, solution: Solution, measured: Measured
) -> tuple[NDArray[np.float64], Excess | None, list[Fact]]:
    """Return the standard errors of the weights, their expected excess and notes on the errors.

    The excess is that of the errors by the formula, also where a bootstrap replaces these.
    """
    errors = errors_by_formula(balanced, solution, measured.row_sums)
    excess = estimate_excess(balanced, solution, measured.row_sums, errors)
    notes: list[Fact] = []
    if balanced.task.settings.bootstrap and balanced.task.applied is None:
        errors, notes = bootstrap_part(balanced, solution)
    return errors, excess, notes


def _is_close(judgement: Judgement, measured: Measured) -> bool:
    """Return whether the weights merely have not converged."""
    unfinished = judgement.status is Status.NOT_CONVERGED
    return unfinished and measured.finite and not measured.weights_diverged


def _side_facts(part: Part, balanced: Part, solution: Solution, judgement: Judgement) -> list[Fact]:
    """Return how the bandwidth was chosen, and which bins the method dropped."""
    facts: list[Fact] = []
    if solution.search is not None:
        facts.append(solution.search.fact)
    if solution.dropped is not None:
        dropped = np.flatnonzero(part.selection.kept & ~balanced.selection.kept)
        names = first_names(part.task.contacts.bins, dropped + part.selection.lo)
        facts.append(
            BinsDropped(
                dropped=len(dropped),
                of=part.operator.size,
                bins=names,
                because=solution.dropped_because,
                balanced=judgement.status.balanced,
            )
        )
    return facts
