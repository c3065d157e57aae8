"""Balancing a map: one loop over its parts, the same for every method and scope."""

from __future__ import annotations

import platform
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from counterpoise._version import __version__
from counterpoise.backends import Backend, Operator, Vector, make_operator, to_numpy
from counterpoise.contacts import Contacts
from counterpoise.errors import ConfigError, NotBalancedError
from counterpoise.mask import MaskSettings, mask_bins
from counterpoise.methods import (
    Method,
    MethodSettings,
    OnFailure,
    Problem,
    Solution,
    methods,
)
from counterpoise.selection import Scope, Selection, select
from counterpoise.trace import Recorder, TraceRow, deviations
from counterpoise.verdict import Cause, PartVerdict, Status, Verdict, overall

if TYPE_CHECKING:
    import scipy.sparse as sp

# Above this many contacts a failed map's pattern is not examined: its matching would take longer
# and more memory than the balancing did.
EXAMINE_LIMIT = 5_000_000
TOO_LARGE = "the map is too large to look for the cause in its structure"

# Weights relative to 1 / sqrt(row sum) are near one on every real map. Where they span more than
# this the map may lack total support: row sums come as close to equal as one likes while some
# weights run off to zero and others to infinity.
RUN_OFF = 1e3
# And where they span this much they are no weights any more, wanted (``on_failure: keep``) or not.
BEYOND_USE = 1e12

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

    contacts: Contacts
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
        return sp.csr_matrix(scale @ self.contacts.full_matrix() @ scale)


class _CountingOperator:
    """Counts products into the trace's recorder, so that no method has to."""

    def __init__(self, inner: Operator, recorder: Recorder) -> None:
        self._inner, self._recorder = inner, recorder
        self.size = inner.size

    @property
    def xp(self) -> Any:
        return self._inner.xp

    def ones(self) -> Vector:
        return self._inner.ones()

    def product(self, x: Vector) -> Vector:
        self._recorder.matvecs += 1
        return self._inner.product(x)

    def restricted(self, kept: NDArray[np.bool_]) -> Operator:
        return _CountingOperator(self._inner.restricted(kept), self._recorder)


def balance(
    contacts: Any,
    method: str = "kr",
    *,
    mask: MaskLike = None,
    backend: str = Backend.AUTO,
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
    backend, threads : who computes, see ``counterpoise.backends``.
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
    if not isinstance(contacts, Contacts):
        contacts = Contacts.from_matrix(contacts)
        settings.setdefault("ignore_diags", 0)
        if isinstance(mask, dict):
            mask = {"ignore_diags": 0, **mask}
    resolved = make_settings(chosen, settings)
    kept, found_record = _resolve_mask(contacts, mask)

    weights = np.full(len(contacts.bins), np.nan)
    parts: list[PartVerdict] = []
    trace: list[TraceRow] = []
    for selection in select(
        contacts.bins,
        kept,
        Scope(resolved.scope),
        resolved.ignore_diags,
        getattr(resolved, "diagonal", 1),
        chosen.trans_weighting,
    ):
        part, values, rows = _balance_part(contacts, selection, chosen, resolved, backend, threads)
        if part.status.good or resolved.on_failure == OnFailure.KEEP:
            weights[selection.lo : selection.hi] = values
        parts.append(part)
        trace.extend(rows)
        progress(f"{part.label}: {part.status.value} after {part.matvecs} products. {part.reason}")
    verdict = _verdict(contacts, chosen.name, name or method, resolved, parts, backend)
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


def peak_memory_mb() -> float:
    """The most memory that this process has held so far, MiB."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not getrusage: on Linux its figure begins with that of the program that started this one.
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024**2 if sys.platform == "darwin" else peak / 1024


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


def _resolve_mask(contacts: Contacts, mask: MaskLike) -> tuple[NDArray[np.bool_], dict[str, Any]]:
    if mask is None:
        filled = np.diff(contacts.indptr) > 0
        filled[contacts.columns] = True
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


def _balance_part(
    contacts: Contacts,
    selection: Selection,
    method: Method,
    settings: MethodSettings,
    backend: str,
    threads: int | None,
) -> tuple[PartVerdict, NDArray[np.float64], list[TraceRow]]:
    """Balance one part. Returns its verdict, its weights [hi - lo] and its trace."""
    values = np.full(selection.hi - selection.lo, np.nan)
    recorder = Recorder(selection.label)
    kept = selection.kept
    empty = PartVerdict(
        label=selection.label,
        first_bin=selection.lo,
        bins=len(values),
        kept=0,
        status=Status.EMPTY,
        cause=Cause.EMPTY,
        reason="no contacts are left between kept bins" if kept.any() else "no bin is kept",
        isolated=int(np.count_nonzero(kept)),
    )
    operator: Operator
    if kept.any():
        operator = _CountingOperator(make_operator(backend, contacts, selection, threads), recorder)
        marginal = operator.product(operator.ones())
        filled = to_numpy(marginal > 0)
    if not kept.any() or not filled.any():
        return empty, values, []
    isolated = int(np.count_nonzero(~filled))
    if isolated:
        # Bins without a contact are no part of the problem: no weight could change anything.
        alone = np.flatnonzero(kept)[~filled]
        kept = kept.copy()
        kept[alone] = False
        selection = replace(selection, kept=kept)
        operator = operator.restricted(filled)
        marginal = operator.product(operator.ones())
    # A diverging run overflows before it is seen to diverge; what comes of it is looked at below.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore", under="ignore"):
        solution = method.solve(Problem(operator, marginal, recorder), settings)
        row_sums = to_numpy(solution.weights * operator.product(solution.weights))
    weights, marginal = to_numpy(solution.weights), to_numpy(marginal)
    largest = rms = None
    balanced_total = 0.0
    if np.isfinite(row_sums).all() and (weights > 0).all():
        largest, rms = deviations(row_sums, solution.target)
        balanced_total = float(row_sums.sum())
    relative = weights * np.sqrt(marginal)
    span = float(relative.max() / relative.min()) if largest is not None else np.inf
    status, cause, reason = _judged(contacts, selection, solution, largest, span)
    usable = span < BEYOND_USE
    if usable:
        values[kept] = weights
    if isolated:
        values[alone] = solution.isolated_weight if usable else np.nan
        bins = "1 bin has" if isolated == 1 else f"{isolated:,} bins have"
        note = f"{bins} contacts, but none that is used here (scope, diagonals, masked partners)"
        reason = f"{reason}; {note}" if reason else note
    part = replace(
        empty,
        kept=operator.size,
        status=status,
        cause=cause,
        reason=reason,
        iterations=solution.iterations,
        matvecs=recorder.matvecs,
        max_deviation=largest,
        rms_deviation=rms,
        raw_total=float(marginal.sum()),
        balanced_total=balanced_total,
        isolated=isolated,
    )
    return part, values, recorder.rows


def _judged(
    contacts: Contacts,
    selection: Selection,
    solution: Solution,
    largest: float | None,
    span: float,
) -> tuple[Status, Cause, str]:
    """The method's own verdict, held against the weights that it ended with.

    Parameters
    ----------
    largest : deviation of row sums, measured anew; None where weights or row sums are no numbers.
    span : largest over smallest weight, each relative to 1 / sqrt(row sum).
    """
    status, cause, reason = solution.status, solution.cause, solution.reason
    ran_off = status is Status.CONVERGED and span > RUN_OFF
    if largest is None:
        status, cause = Status.FAILED, Cause.DIVERGED
        reason = reason or "the weights ran off to zero or infinity"
    elif ran_off:
        status, cause = Status.NOT_CONVERGED, Cause.DIVERGED
        reason = "some weights ran off to zero and others to infinity"
    elif status.good:
        return status, Cause.NONE, reason
    found, words = _diagnose(contacts, selection, cause, reason, None if ran_off else largest)
    if found in (Cause.NO_SUPPORT, Cause.NO_TOTAL_SUPPORT):
        return Status.FAILED, found, words
    if ran_off and largest is not None and _stored(contacts, selection) <= EXAMINE_LIMIT:
        return Status.CONVERGED, Cause.NONE, ""  # an uneven map, but one that can be balanced
    return status, found, words


def _stored(contacts: Contacts, selection: Selection) -> int:
    """Pixels in the rows of a selection."""
    return int(contacts.indptr[selection.hi] - contacts.indptr[selection.lo])


def _diagnose(
    contacts: Contacts, selection: Selection, cause: Cause, reason: str, largest: float | None
) -> tuple[Cause, str]:
    """Add to a failure what the map's structure says about it."""
    from counterpoise.backends.scipy import selected_matrix
    from counterpoise.support import explain, support

    if largest is not None:
        reason += f": row sums still differ by up to {largest:.2g} of their target"
    if _stored(contacts, selection) > EXAMINE_LIMIT:
        return cause, f"{reason}; {TOO_LARGE}"
    found = support(selected_matrix(contacts, selection))
    bins = np.flatnonzero(selection.kept) + selection.lo
    structural, words = explain(found, lambda row: contacts.bins.describe(int(bins[row])))
    if structural is not Cause.NONE:
        return structural, f"{words} ({reason})"
    if found.parts > 1:
        return Cause.DISCONNECTED, (
            f"{reason}; the map falls into {found.parts:,} parts without a contact between them, "
            "which have no common scale (kr can balance such a map)"
        )
    hope = "kr may find it" if cause is Cause.DIVERGED else "more iterations would help"
    return cause, f"{reason}; an exact balancing exists, {hope}"


def _verdict(
    contacts: Contacts,
    method: str,
    name: str,
    settings: MethodSettings,
    parts: list[PartVerdict],
    backend: str,
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
    used = Backend.NUMBA if Backend(backend) is Backend.AUTO else Backend(backend)
    return Verdict(
        status=status,
        reason=reason,
        method=method,
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
        source=contacts.source,
        versions=versions,
    )
