"""Balancing one part of a map: attempts, what is dropped between them, and how they are judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends import make_operator
from counterpoise.backends.base import Operator
from counterpoise.backends.choice import BackendChoice
from counterpoise.backends.vectors import Vector, deviations, to_numpy
from counterpoise.balancing.standard_errors import bootstrap, free_formula
from counterpoise.balancing.support import (
    EXAMINE_LIMIT,
    Decision,
    decide,
    examine,
    name_some,
    too_large,
)
from counterpoise.contacts.chromosomes import chromosome_bins
from counterpoise.contacts.contact_map import ContactMap, Contacts, load_rows
from counterpoise.contacts.selection import Selection
from counterpoise.methods import Balancing
from counterpoise.methods.base import (
    EqualSumsSettings,
    Method,
    MethodSettings,
    OnFailure,
    Problem,
    Solution,
)
from counterpoise.methods.recorder import Recorder
from counterpoise.records.trace import TraceRow
from counterpoise.records.verdict import Cause, PartVerdict, Status, share

TOO_LARGE = "the map is too large to look for the cause in its structure"

# Weights relative to 1 / sqrt(row sum) are near one on every real map. Where they span more than
# this the map may lack total support: row sums come as close to equal as one likes while some
# weights run off to zero and others to infinity.
RUN_OFF = 1e3
# And where they span this much they are no weights any more, wanted (``on_failure: keep``) or not.
BEYOND_USE = 1e12
BEYOND_USE_WORDS = "span more than twelve orders of magnitude and "

# ``on_failure: drop``, as Juicer's KR does it: bins with row sums up to these percentiles of all
# positive ones are left out, a step at a time (``NormalizationCalculations.getOffset``).
DROP_PERCENTILES = (1, 2, 3, 4, 10)


class _CountingOperator:
    """Counts products into the trace's recorder, so that no method has to."""

    def __init__(self, inner: Operator, recorder: Recorder) -> None:
        self._inner, self.recorder = inner, recorder
        self.size = inner.size

    def counted_by(self, recorder: Recorder) -> _CountingOperator:
        return _CountingOperator(self._inner, recorder)

    @property
    def xp(self) -> Any:
        return self._inner.xp

    def ones(self) -> Vector:
        return self._inner.ones()

    def product(self, x: Vector) -> Vector:
        self.recorder.matvecs += 1
        return self._inner.product(x)

    def restrict(self, kept: NDArray[np.bool_]) -> _CountingOperator:
        return _CountingOperator(self._inner.restrict(kept), self.recorder)


@dataclass(frozen=True)
class Task:
    """What is the same for all parts of a map and all attempts at one.

    ``progress`` is told how far a long part is. ``bandwidths``: what a search says of each part,
    by label; see ``Problem.bandwidth``.
    """

    contacts: ContactMap
    method: Method
    settings: MethodSettings
    computer: BackendChoice
    threads: int | None
    progress: Callable[[str], None] = lambda message: None
    bandwidths: dict[str, tuple[float, str]] = field(default_factory=dict)

    def operator(self, contacts: ContactMap, selection: Selection) -> Operator:
        """The operator of a selection, on the chosen backend and device."""
        backend, device = self.computer.backend, self.computer.device
        return make_operator(backend, contacts, selection, self.threads, device)


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt at one part.

    Attributes
    ----------
    part : the verdict.
    values : float64 [hi - lo], the weights to write; NaN where there are none.
    errors : float64 [hi - lo], their relative standard errors; NaN where there are none.
    rows : the trace.
    isolated_weight : for bins without a contact, which take no part in an attempt.
    """

    part: PartVerdict
    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    rows: list[TraceRow] = field(default_factory=list)
    isolated_weight: float = np.nan


def balance_part(task: Task, whole: Selection) -> Outcome:
    """Balance one part; with ``on_failure: drop`` without its sparsest bins, if it takes that."""
    many = int(np.count_nonzero(whole.kept))
    nothing = Outcome(
        PartVerdict(
            label=whole.label,
            first_bin=whole.lo,
            bins=whole.hi - whole.lo,
            kept=0,
            status=Status.EMPTY,
            cause=Cause.EMPTY,
            reason="no contacts are left between kept bins" if many else "no bin is kept",
            isolated=many,
        ),
        *np.full((2, whole.hi - whole.lo), np.nan),
    )
    if not many:
        return nothing
    inner = task.operator(task.contacts, whole)
    operator = _CountingOperator(inner, Recorder(whole.label, progress=task.progress))
    if task.method.fills:
        selection, marginal = whole, operator.product(operator.ones())
        if not (marginal > 0).any():
            return nothing
    else:
        operator, selection, marginal = _filled(operator, whole)
        if not selection.kept.any():
            return nothing
    outcome = _attempt(task, selection, operator, marginal)
    if task.settings.on_failure == OnFailure.DROP and not outcome.part.status.good:
        outcome = _without_sparsest(task, selection, operator, marginal, outcome)
    part = outcome.part
    if part.cause in (Cause.NO_SUPPORT, Cause.NO_TOTAL_SUPPORT):
        part = replace(part, reason=f"{part.reason}; {_remedy(task.settings)}")
    alone = whole.kept & ~selection.kept
    isolated = int(np.count_nonzero(alone))
    if isolated:
        outcome.values[alone] = outcome.isolated_weight
        bins = "1 bin has" if isolated == 1 else f"{isolated:,} bins have"
        note = f"{bins} contacts, but none that is used here (scope, diagonals, masked partners)"
        reason = f"{part.reason}; {note}" if part.reason else note
        part = replace(part, isolated=isolated, reason=reason)
    return replace(outcome, part=part)


def _remedy(settings: MethodSettings) -> str:
    """What to do about a map that has no exact balancing."""
    if settings.on_failure == OnFailure.DROP:
        mask = "mask more of its sparse bins"
    else:
        mask = "mask its sparsest bins (on_failure: drop does)"
    return f"{mask}{', keep the diagonals' if settings.ignore_diags else ''} or use larger bins"


def _filled(
    operator: _CountingOperator, selection: Selection
) -> tuple[_CountingOperator, Selection, Vector]:
    """Leave out bins without a contact, for which no weight could change anything.

    Returns
    -------
    operator, selection : of the other bins; where there are none, the selection keeps no bin.
    marginal : float64 [their number], row sums.
    """
    marginal = operator.product(operator.ones())
    present = marginal > 0
    filled = to_numpy(present)
    if filled.any() and not filled.all():
        operator = operator.restrict(filled)
    return operator, _fewer(selection, filled), marginal[present]


def _fewer(selection: Selection, kept: NDArray[np.bool_]) -> Selection:
    """The selection with fewer of its kept bins; ``kept`` is bool [kept bins]."""
    still = selection.kept.copy()
    still[still] = kept
    return replace(selection, kept=still)


def _without_sparsest(
    task: Task,
    whole: Selection,
    operator: _CountingOperator,
    marginal: Vector,
    failed: Outcome,
) -> Outcome:
    """Drop the sparsest bins, more at each attempt, until the others are balanced.

    ``failed`` is what came of the part with nothing dropped, and the outcome if none of it helps.
    """
    row_sums = to_numpy(marginal)
    products = failed.part.matvecs
    tried = 0
    for percentile in DROP_PERCENTILES:
        # Apache Commons' percentile, which Juicer calls; bins at the threshold are dropped, too.
        enough = row_sums > np.percentile(row_sums, percentile, method="weibull")
        selection = _fewer(whole, enough)
        if enough.any():
            recorder = Recorder(whole.label, products, task.progress)
            rest = operator.restrict(enough).counted_by(recorder)
            rest, selection, rest_marginal = _filled(rest, selection)
            products = rest.recorder.matvecs
        if not selection.kept.any():
            break
        tried = percentile
        if failed.part.cause is Cause.DISCONNECTED and _disconnected(task.contacts, selection):
            continue  # it would fail again, after as many iterations
        outcome = _attempt(task, selection, rest, rest_marginal)
        products = outcome.part.matvecs
        if outcome.part.status.good:
            dropped = np.flatnonzero(whole.kept & ~selection.kept) + whole.lo
            names = name_some(dropped, task.contacts.bins.describe)
            bins = share(len(dropped), operator.size)
            reason = (
                f"{bins} dropped ({names}), by percentile {percentile} of row sums, "
                f"so that the others could be balanced; with them {failed.part.reason}"
            )
            if outcome.part.reason:
                reason += f". Of the others, {outcome.part.reason}"
            part = replace(
                outcome.part,
                dropped=outcome.part.dropped + len(dropped),
                drop_percentile=percentile,
                reason=reason,
            )
            return replace(outcome, part=part)
    useless = "dropping the sparsest bins would leave none"
    if tried:
        useless = f"dropping the bins up to percentile {tried} of row sums did not help"
        if tried < DROP_PERCENTILES[-1]:
            useless += ", and dropping more would leave none"
    reason = f"{failed.part.reason}; {useless}"
    return replace(failed, part=replace(failed.part, matvecs=products, reason=reason))


def _disconnected(contacts: ContactMap, selection: Selection) -> bool:
    """Whether bins that all have contacts fall into parts without a contact between them."""
    return (examine(contacts, selection, EXAMINE_LIMIT).parts or 1) > 1


def _attempt(
    task: Task, selection: Selection, operator: _CountingOperator, marginal: Vector
) -> Outcome:
    """Balance a selection of bins, all with contacts unless the method fills.

    A method that aims at equal row sums is not let loose on a map that has no exact balancing,
    unless what it reaches is wanted all the same (``on_failure: keep``).
    """
    contacts, recorder = task.contacts, operator.recorder
    kept = selection.kept
    values, errors = np.full((2, len(kept)), np.nan)
    part = PartVerdict(
        label=selection.label,
        first_bin=selection.lo,
        bins=len(kept),
        kept=operator.size,
        status=Status.FAILED,
        raw_total=_total(operator, selection, operator.ones(), marginal),
        matvecs=recorder.matvecs,
    )
    decision = None
    keep = task.settings.on_failure == OnFailure.KEEP
    # What cannot be examined to the end is tried: a proof that all is well would change nothing.
    if task.method.exact and not keep and not too_large(contacts, selection, EXAMINE_LIMIT):
        decision = decide(contacts, selection, EXAMINE_LIMIT)
        if decision.exists is False:
            return Outcome(
                replace(part, cause=decision.cause, reason=decision.reason), values, errors
            )
    balanced = selection
    # A diverging run overflows before it is seen to diverge; what comes of it is looked at below.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore", under="ignore"):
        solution = task.method.solve(_problem(task, selection, operator, marginal), task.settings)
        if solution.dropped is not None:
            # Bins that the method gave up are, as masked ones, no part of what it balanced.
            balanced = _fewer(selection, ~solution.dropped)
            operator = operator.restrict(~solution.dropped)
            marginal = operator.product(operator.ones())
            part = replace(
                part,
                kept=operator.size,
                dropped=part.kept - operator.size,
                raw_total=_total(operator, balanced, operator.ones(), marginal),
            )
        measured = solution.row_sums
        if measured is None:
            measured = solution.weights * operator.product(solution.weights)
        row_sums = to_numpy(measured)
    weights, coverage = to_numpy(solution.weights), to_numpy(marginal)
    largest = rms = None
    if np.isfinite(row_sums).all() and (weights > 0).all():
        largest, rms = deviations(row_sums, solution.target)
    seen = coverage > 0
    relative = weights[seen] * np.sqrt(coverage[seen])
    with np.errstate(over="ignore"):  # no weights at all span more than numbers do
        span = float(relative.max() / relative.min()) if largest is not None else np.inf
    # Where bins have lost every partner to those given up, only the whole can be judged.
    judged = balanced if coverage.all() else selection
    status, cause, reason = _judged(task, judged, solution, decision, largest, span)
    if part.dropped:
        gone = np.flatnonzero(kept & ~balanced.kept) + selection.lo
        note = f"{share(part.dropped, part.dropped + part.kept)} left out "
        note += f"({name_some(gone, contacts.bins.describe)}"
        note += "), so that the others could be balanced: " if status.good else "): "
        reason = "; ".join(words for words in (reason, note + solution.dropped_reason) if words)
    written = status.good or (keep and span < BEYOND_USE)
    balanced_total = 0.0
    if written:
        values[balanced.kept] = weights
        balanced_total = _total(operator, balanced, solution.weights, row_sums)
    elif keep:
        beyond = BEYOND_USE_WORDS if largest is not None else ""
        reason = f"{reason}; the weights {beyond}are not written"
    matvecs = recorder.matvecs  # the method's; those for standard errors are no part of it
    if written:
        errors[balanced.kept], note = _standard_errors(task, balanced, operator, solution, measured)
        reason = "; ".join(words for words in (reason, note) if words)
    part = replace(
        part,
        status=status,
        cause=cause,
        reason=reason,
        iterations=solution.iterations,
        matvecs=matvecs,
        max_deviation=largest,
        rms_deviation=rms,
        balanced_total=balanced_total,
        bandwidth=solution.bandwidth,
    )
    isolated_weight = solution.isolated_weight if written else np.nan
    return Outcome(part, values, errors, recorder.rows, isolated_weight)


def _problem(
    task: Task, selection: Selection, operator: _CountingOperator, marginal: Vector
) -> Problem:
    return Problem(
        operator,
        marginal,
        operator.recorder,
        lambda: _nonzeros(task, selection),
        lambda: chromosome_bins(task.contacts.bins, selection),
        task.bandwidths.get(selection.label),
    )


def _standard_errors(
    task: Task,
    selection: Selection,
    operator: Operator,
    solution: Solution,
    row_sums: Vector,
) -> tuple[NDArray[np.float64], str]:
    """Relative standard errors of a solution's weights, and what is to be said of them.

    Parameters
    ----------
    selection, operator : of the bins that have weights.
    row_sums : balanced, with these weights.
    """
    times, seed = task.settings.bootstrap, task.settings.seed
    if times:
        contacts = load_rows(task.contacts, selection.lo, selection.hi, selection.hi)
        solve = partial(_weights_alone, task, selection)
        errors, used = bootstrap(contacts, solve, times, seed, selection.label)
        if used == times:
            return errors, ""
        return errors, (
            f"standard errors rest on {used} of {times} resampled maps, since the others could not "
            "be balanced"
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        if solution.errors is not None:
            return to_numpy(solution.errors()), ""
        factor = selection.factor
        if factor is not None:
            factor = operator.xp.asarray(factor[selection.kept], device=row_sums.device)
        return to_numpy(free_formula(operator, solution.weights, row_sums, factor)), ""


def _weights_alone(task: Task, selection: Selection, contacts: Contacts) -> NDArray[np.float64]:
    """Weights of another map with the same bins, float64 [kept bins]; NaN where there are none."""
    operator = _CountingOperator(task.operator(contacts, selection), Recorder(selection.label))
    found = np.full(operator.size, np.nan)
    present, marginal = selection, operator.product(operator.ones())
    if not task.method.fills:
        operator, present, marginal = _filled(operator, selection)
    if not (marginal > 0).any():
        return found
    with np.errstate(over="ignore", divide="ignore", invalid="ignore", under="ignore"):
        problem = _problem(task, present, operator, marginal)
        solution = task.method.solve(problem, task.settings)
    keep = task.settings.on_failure == OnFailure.KEEP
    if solution.status.good or (keep and solution.status is Status.NOT_CONVERGED):
        if solution.dropped is not None:
            present = _fewer(present, ~solution.dropped)
        found[present.kept[selection.kept]] = to_numpy(solution.weights)
    return found


def _total(
    operator: _CountingOperator, selection: Selection, weights: Vector, row_sums: Vector
) -> float:
    """Sum over both triangles of the map with these weights, without the selection's factor.

    Parameters
    ----------
    row_sums : with these weights and the factor; where there is no factor they give the sum.
    """
    if selection.factor is None:
        return float(row_sums.sum())
    factor = selection.factor[selection.kept]
    plain = weights / operator.xp.asarray(factor, device=weights.device)
    return float((plain * operator.product(plain)).sum())


def _nonzeros(task: Task, selection: Selection) -> Vector:
    """float64 [kept bins], the number of kept bins that each has contacts with."""
    plain = replace(selection, factor=None, diagonal=1)
    operator = task.operator(task.contacts.pattern(), plain)
    return operator.product(operator.ones())


def _judged(
    task: Task,
    selection: Selection,
    solution: Solution,
    decision: Decision | None,
    largest: float | None,
    span: float,
) -> tuple[Status, Cause, str]:
    """The method's own verdict, held against the weights that it ended with.

    Where a method aims at equal row sums and missed them, what stands in the way.

    Parameters
    ----------
    decision : what was found before iterating; None if that was not asked for.
    largest : deviation of row sums, measured anew; None where weights or row sums are no numbers.
    span : largest over smallest weight, each relative to 1 / sqrt(row sum).
    """
    contacts = task.contacts
    status, cause, reason = solution.status, solution.cause, solution.reason
    ran_off = status is Status.CONVERGED and span > RUN_OFF
    if largest is None:
        status, cause = Status.FAILED, Cause.DIVERGED
        reason = reason or "the weights ran off to zero or infinity"
    elif status.good and not ran_off:
        return status, Cause.NONE, reason
    if not isinstance(task.settings, EqualSumsSettings):
        return status, cause, reason
    decision = decision or decide(contacts, selection, EXAMINE_LIMIT)
    if ran_off and largest is not None:
        if decision.exists:
            return status, Cause.NONE, reason  # an uneven map, but one that can be balanced
        status, cause = Status.NOT_CONVERGED, Cause.DIVERGED
        reason = "some weights ran off to zero and others to infinity"
    elif largest is not None:
        reason += f": row sums still differ by up to {largest:.2g} of their target"
    if decision.exists is False:
        return Status.FAILED, decision.cause, f"{decision.reason} ({reason})"
    if decision.parts is None:
        decision = examine(contacts, selection, EXAMINE_LIMIT)
    if decision.parts is None:
        return status, cause, f"{reason}; {TOO_LARGE}"
    if decision.parts > 1 and solution.target is None:
        return (
            status,
            Cause.DISCONNECTED,
            (
                f"{reason}; the map falls into {decision.parts:,} parts without a contact between "
                f"them, which have no common scale ({Balancing.KR} can balance such a map)"
            ),
        )
    hope = "masking the sparsest bins brings it nearer"
    if cause is not Cause.DIVERGED:
        hope = "more iterations would help"
        # With contacts weighted by chromosome size, it is another map that kr would balance.
        if task.method.name != Balancing.KR and selection.factor is None:
            hope += f", or {Balancing.KR}, which takes far fewer"
    return status, cause, f"{reason}; an exact balancing exists, {hope}"
