"""Balancing a map: one loop over its parts, the same for every method and scope."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from counterpoise._version import __version__
from counterpoise.backends import Backend, Operator, Vector, make_operator, to_numpy
from counterpoise.backends.device import Choice, choose
from counterpoise.contacts import PIECE, ContactMap, Contacts, StoredContacts
from counterpoise.errors import ConfigError, NotBalancedError
from counterpoise.mask import MaskSettings, mask_bins
from counterpoise.memory import EXAMINE_LIMIT, peak_memory_mb
from counterpoise.methods import (
    Balancing,
    EqualSumsSettings,
    Method,
    MethodSettings,
    OnFailure,
    Problem,
    Solution,
    methods,
)
from counterpoise.selection import Scope, Selection, select
from counterpoise.support import Decision, decide, examine, name_some, too_large
from counterpoise.target import Target, scaled_to
from counterpoise.trace import Recorder, TraceRow, deviations
from counterpoise.verdict import Cause, PartVerdict, Status, Verdict, overall, share

if TYPE_CHECKING:
    import scipy.sparse as sp

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

MaskLike = MaskSettings | dict[str, Any] | NDArray[np.bool_] | None


@dataclass(frozen=True)
class Balance:
    """A balanced map.

    Attributes
    ----------
    contacts : the raw map.
    weights : float64 [bins], multiplicative: balanced_ij = count_ij * w_i * w_j. NaN on masked
        bins, and on parts that failed unless ``on_failure`` keeps them.
    verdict : what came of it, whole and by part.
    trace : a row an iteration.
    """

    contacts: ContactMap
    weights: NDArray[np.float64]
    verdict: Verdict
    trace: tuple[TraceRow, ...]

    @property
    def status(self) -> Status:
        return self.verdict.status

    @property
    def reason(self) -> str:
        return self.verdict.reason

    @property
    def iterations(self) -> int:
        return self.verdict.iterations

    @property
    def matvecs(self) -> int:
        return self.verdict.matvecs

    @cached_property
    def bias(self) -> NDArray[np.float64]:
        """float64 [bins], divisive: 1 / weights, scaled to a mean of one; NaN where they are."""
        bias = 1 / self.weights
        return bias / np.nanmean(bias) if np.isfinite(bias).any() else bias

    def matrix(self) -> sp.csr_matrix:
        """The balanced map, both triangles, float64 CSR; masked rows and columns are empty."""
        import scipy.sparse as sp

        scale = sp.diags(np.nan_to_num(self.weights))
        return sp.csr_matrix(scale @ self.contacts.load().full_matrix() @ scale)


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

    def restricted(self, kept: NDArray[np.bool_]) -> _CountingOperator:
        return _CountingOperator(self._inner.restricted(kept), self.recorder)


def balance(
    contacts: Any,
    method: str = "kr",
    *,
    mask: MaskLike = None,
    backend: str = Backend.AUTO,
    device: str | None = None,
    threads: int | None = None,
    name: str | None = None,
    mask_record: dict[str, Any] | None = None,
    progress: Callable[[str], None] = lambda message: None,
    **settings: Any,
) -> Balance:
    """Balance a contact map.

    Parameters
    ----------
    contacts : ``Contacts``, or a symmetric scipy sparse or dense matrix (taken as one chromosome,
        no diagonal left out unless ``ignore_diags`` asks for it).
    method : name of a method (``counterpoise.methods``).
    mask : filter settings (``MaskSettings`` or a dict of them), a bool array [bins] with True
        for kept bins, or None for empty bins alone.
    backend, device, threads : who computes, see ``counterpoise.backends`` and ``BackendSettings``.
    name : what the result is called in records; the method's name by default.
    mask_record : what the verdict says of a mask given as an array.
    progress : called with a line of text as each part is done.
    settings : the method's own, such as ``scope="cis"``, ``tolerance``, ``ignore_diags``.

    Returns
    -------
    Balance

    Raises
    ------
    ConfigError : unknown method or setting, or a value out of range.
    NotBalancedError : the map is not balanced and ``on_failure`` is ``stop``.
    """
    begin = time.perf_counter()
    chosen = _find_method(method)
    if not isinstance(contacts, Contacts | StoredContacts):
        contacts = Contacts.from_matrix(contacts)
        settings.setdefault("ignore_diags", 0)
        if isinstance(mask, dict):
            mask = {"ignore_diags": 0, **mask}
    resolved = make_settings(chosen, settings)
    if threads is not None and threads < 1:
        raise ConfigError(f"threads is {threads}; it must be one or more.")
    kept, found_record = _resolve_mask(contacts, mask)

    selections = list(
        select(
            contacts.bins,
            kept,
            Scope(resolved.scope),
            resolved.ignore_diags,
            getattr(resolved, "diagonal", 1),
            chosen.trans_weighting,
        )
    )
    computer = choose(backend, device, contacts, selections)
    task = _Task(contacts, chosen, resolved, computer, threads)
    weights = np.full(len(contacts.bins), np.nan)
    parts: list[PartVerdict] = []
    trace: list[TraceRow] = []
    for selection in selections:
        outcome = _balance_part(task, selection)
        part = outcome.part
        weights[selection.lo : selection.hi] = outcome.values
        parts.append(part)
        trace.extend(outcome.rows)
        progress(f"{part.label}: {part.status.value} after {part.matvecs} products. {part.reason}")
    if isinstance(resolved, EqualSumsSettings):
        weights, parts = scaled_to(Target(resolved.target), weights, parts)
    verdict = _verdict(contacts, chosen, name or method, resolved, parts, computer)
    verdict = replace(
        verdict,
        mask=mask_record or found_record,
        run={
            "seconds": round(time.perf_counter() - begin, 3),
            "peak_memory_mb": round(peak_memory_mb(), 1),
        },
    )
    if resolved.on_failure == OnFailure.STOP and not (
        verdict.status.good or verdict.status is Status.EMPTY
    ):
        raise NotBalancedError(f"{verdict.name} ({verdict.status.value}): {verdict.reason}")
    return Balance(contacts, weights, verdict, tuple(trace))


def make_settings(method: Method, settings: dict[str, Any]) -> MethodSettings:
    """The method's settings object; unknown keys are refused by name."""
    known = {field.name for field in fields(method.settings)}
    unknown = sorted(set(settings) - known)
    if unknown:
        raise ConfigError(
            f"{method.name} has no setting {unknown[0]!r}; it has {', '.join(sorted(known))}."
        )
    return method.settings(**settings)


def _find_method(name: str) -> Method:
    if name not in methods():
        raise ConfigError(f"there is no method {name!r}; there are {', '.join(sorted(methods()))}.")
    return methods()[name]


def _resolve_mask(contacts: ContactMap, mask: MaskLike) -> tuple[NDArray[np.bool_], dict[str, Any]]:
    if mask is None:
        filled = np.diff(contacts.indptr) > 0
        for a in range(0, contacts.nnz, PIECE):
            columns, _ = contacts.entries(a, min(a + PIECE, contacts.nnz))
            filled[columns] = True
        return filled, {}
    if isinstance(mask, dict):
        unknown = sorted(set(mask) - {field.name for field in fields(MaskSettings)})
        if unknown:
            raise ConfigError(f"the mask has no setting {unknown[0]!r}.")
        mask = MaskSettings(**mask)
    if isinstance(mask, MaskSettings):
        found = mask_bins(contacts, mask)
        return found.kept, found.summary()
    kept = np.asarray(mask)
    if kept.dtype != bool or kept.shape != (len(contacts.bins),):
        raise ConfigError(
            f"the mask must be {len(contacts.bins):,} values of True (kept) or False; "
            f"it is {kept.dtype} of shape {kept.shape}."
        )
    return kept, {}


@dataclass(frozen=True)
class _Task:
    """What is the same for all parts of a map and all attempts at one."""

    contacts: ContactMap
    method: Method
    settings: MethodSettings
    computer: Choice
    threads: int | None

    def operator(self, contacts: ContactMap, selection: Selection) -> Operator:
        """The operator of a selection, on the chosen backend and device."""
        backend, device = self.computer.backend, self.computer.device
        return make_operator(backend, contacts, selection, self.threads, device)


@dataclass(frozen=True)
class _Outcome:
    """What came of an attempt at one part.

    Attributes
    ----------
    part : the verdict.
    values : float64 [hi - lo], the weights to write; NaN where there are none.
    rows : the trace.
    isolated_weight : for bins without a contact, which take no part in an attempt.
    """

    part: PartVerdict
    values: NDArray[np.float64]
    rows: list[TraceRow] = field(default_factory=list)
    isolated_weight: float = np.nan


def _balance_part(task: _Task, whole: Selection) -> _Outcome:
    """Balance one part; with ``on_failure: drop`` without its sparsest bins, if it takes that."""
    many = int(np.count_nonzero(whole.kept))
    nothing = _Outcome(
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
        np.full(whole.hi - whole.lo, np.nan),
    )
    if not many:
        return nothing
    inner = task.operator(task.contacts, whole)
    operator = _CountingOperator(inner, Recorder(whole.label))
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
        operator = operator.restricted(filled)
    return operator, _fewer(selection, filled), marginal[present]


def _fewer(selection: Selection, kept: NDArray[np.bool_]) -> Selection:
    """The selection with fewer of its kept bins; ``kept`` is bool [kept bins]."""
    still = selection.kept.copy()
    still[still] = kept
    return replace(selection, kept=still)


def _without_sparsest(
    task: _Task,
    whole: Selection,
    operator: _CountingOperator,
    marginal: Vector,
    failed: _Outcome,
) -> _Outcome:
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
            rest = operator.restricted(enough).counted_by(Recorder(whole.label, products))
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
    task: _Task, selection: Selection, operator: _CountingOperator, marginal: Vector
) -> _Outcome:
    """Balance a selection of bins that all have contacts.

    A method that aims at equal row sums is not let loose on a map that has no exact balancing,
    unless what it reaches is wanted all the same (``on_failure: keep``).
    """
    contacts, recorder = task.contacts, operator.recorder
    kept = selection.kept
    values = np.full(len(kept), np.nan)
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
            return _Outcome(replace(part, cause=decision.cause, reason=decision.reason), values)
    balanced = selection
    # A diverging run overflows before it is seen to diverge; what comes of it is looked at below.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore", under="ignore"):
        problem = Problem(operator, marginal, recorder, lambda: _nonzeros(task, selection))
        solution = task.method.solve(problem, task.settings)
        if solution.dropped is not None:
            # Bins that the method gave up are, as masked ones, no part of what it balanced.
            balanced = _fewer(selection, ~solution.dropped)
            operator = operator.restricted(~solution.dropped)
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
    relative = weights * np.sqrt(coverage)
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
    part = replace(
        part,
        status=status,
        cause=cause,
        reason=reason,
        iterations=solution.iterations,
        matvecs=recorder.matvecs,
        max_deviation=largest,
        rms_deviation=rms,
        balanced_total=balanced_total,
    )
    return _Outcome(part, values, recorder.rows, solution.isolated_weight if written else np.nan)


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


def _nonzeros(task: _Task, selection: Selection) -> Vector:
    """float64 [kept bins], the number of kept bins that each has contacts with."""
    plain = replace(selection, factor=None, diagonal=1)
    operator = task.operator(task.contacts.pattern(), plain)
    return operator.product(operator.ones())


def _judged(
    task: _Task,
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


def _verdict(
    contacts: ContactMap,
    method: Method,
    name: str,
    settings: MethodSettings,
    parts: list[PartVerdict],
    computer: Choice,
) -> Verdict:
    status, reason = overall(parts)
    measured = [part for part in parts if part.max_deviation is not None]
    kept = sum(part.kept for part in measured)
    squares = sum(part.kept * (part.rms_deviation or 0.0) ** 2 for part in measured)
    versions = {
        "counterpoise": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    if method.version:
        versions[method.name] = method.version
    used = Backend.NATIVE if computer.backend is Backend.AUTO else computer.backend
    if used is Backend.TORCH:
        versions["torch"] = version("torch")
    return Verdict(
        status=status,
        reason=reason,
        method=method.name,
        name=name,
        scope=settings.scope,
        settings=asdict(settings),
        bins=len(contacts.bins),
        kept=sum(part.kept for part in parts),
        iterations=max((part.iterations for part in parts), default=0),
        matvecs=sum(part.matvecs for part in parts),
        max_deviation=max((part.max_deviation or 0.0 for part in measured), default=None),
        rms_deviation=(squares / kept) ** 0.5 if kept else None,
        parts=tuple(parts),
        backend=used.value,
        device=computer.device_name,
        device_note=computer.note,
        source=contacts.source,
        versions=versions,
    )
