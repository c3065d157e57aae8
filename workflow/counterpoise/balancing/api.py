"""Balancing a map: one loop over its parts (``parts.py``), the same for every method and scope."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from counterpoise._version import __version__
from counterpoise.backends import AUTO, find_backend
from counterpoise.backends.choice import choose_backend
from counterpoise.balancing.cross_validation import search_parts
from counterpoise.balancing.parts import Task, balance_part
from counterpoise.balancing.rescaling import scaled_to
from counterpoise.contacts.contact_map import CHUNK_PIXELS, ContactMap, Contacts, StoredContacts
from counterpoise.contacts.selection import Scope, Selection, select
from counterpoise.errors import ConfigError, NotBalancedError
from counterpoise.mask import MaskSettings, mask_bins
from counterpoise.methods import methods
from counterpoise.methods.base import EqualSumsSettings, Method, MethodSettings, OnFailure, Target
from counterpoise.methods.kernel.settings import CV, KernelSettings
from counterpoise.process import peak_memory_mb
from counterpoise.records.search import Search
from counterpoise.records.trace import TraceRow
from counterpoise.records.verdict import PartVerdict, Status, Verdict, overall

if TYPE_CHECKING:
    import scipy.sparse as sp

MaskLike = MaskSettings | dict[str, Any] | NDArray[np.bool_] | None


@dataclass(frozen=True)
class Balance:
    """A balanced map.

    Attributes
    ----------
    contacts : the raw map.
    weights : float64 [bins], multiplicative: balanced_ij = count_ij * w_i * w_j. NaN on masked
        bins, and on parts that failed unless ``on_failure`` keeps them.
    se : float64 [bins], standard errors of the weights by counting noise alone, relative (0.02 is
        two percent, of the weight and of the bias alike); NaN where weights are.
    verdict : what came of it, whole and by part.
    trace : a row an iteration.
    """

    contacts: ContactMap
    weights: NDArray[np.float64]
    se: NDArray[np.float64]
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


def balance(
    contacts: Any,
    method: str = "kr",
    *,
    mask: MaskLike = None,
    backend: str = AUTO,
    device: str | None = None,
    threads: int | None = None,
    name: str | None = None,
    mask_record: dict[str, Any] | None = None,
    searches: Sequence[Search] | None = None,
    progress: Callable[[str], None] = lambda message: None,
    **settings: Any,
) -> Balance:
    """Balance a contact map.

    Parameters
    ----------
    contacts : ``Contacts``, or a symmetric scipy sparse or dense matrix (taken as one chromosome of
        bins of one base pair, no diagonal left out unless ``ignore_diags`` asks for it).
    method : name of a method (``counterpoise.methods``).
    mask : filter settings (``MaskSettings`` or a dict of them), a bool array [bins] with True
        for kept bins, or None for empty bins alone.
    backend, device, threads : who computes, see ``counterpoise.backends`` and ``BackendSettings``.
    name : what the result is called in records; the method's name by default.
    mask_record : what the verdict says of a mask given as an array.
    searches : of ``select_bandwidth`` with the same mask and settings, for a method whose
        ``bandwidth`` is ``cv``; made here where they are not given.
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
    task, selections, found_record = _prepared(
        contacts, method, mask, settings, backend, device, threads
    )
    task = replace(task, progress=progress)
    contacts, resolved = task.contacts, task.settings
    searching = isinstance(resolved, KernelSettings) and resolved.bandwidth == CV
    if searches is not None and not searching:
        raise ConfigError(f"searches are of use only for a kernel method with bandwidth: {CV}.")
    if searching:
        if searches is None:
            searches = search_parts(task, selections, progress)
        found = {search.label: (search.bandwidth, search.words()) for search in searches}
        for selection in selections:
            if selection.kept.any() and selection.label not in found:
                raise ConfigError(f"searches say nothing of {selection.label}.")
        task = replace(task, bandwidths=found)
    weights, errors = np.full((2, len(contacts.bins)), np.nan)
    parts: list[PartVerdict] = []
    trace: list[TraceRow] = []
    for selection in selections:
        outcome = balance_part(task, selection)
        part = outcome.part
        weights[selection.lo : selection.hi] = outcome.values
        errors[selection.lo : selection.hi] = outcome.errors
        parts.append(part)
        trace.extend(outcome.rows)
        progress(f"{part.label}: {part.status.value} after {part.matvecs} products. {part.reason}")
    if isinstance(resolved, EqualSumsSettings):
        weights, parts = scaled_to(Target(resolved.target), weights, parts)
    known = errors[np.isfinite(errors)]
    verdict = replace(
        _verdict(task, name or method, parts),
        median_se=_median(known),
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
    return Balance(contacts, weights, errors, verdict, tuple(trace))


def select_bandwidth(
    contacts: Any,
    method: str = "kde",
    *,
    mask: MaskLike = None,
    backend: str = AUTO,
    device: str | None = None,
    threads: int | None = None,
    progress: Callable[[str], None] = lambda message: None,
    **settings: Any,
) -> list[Search]:
    """Choose the bandwidth of a kernel method by cross-validation, for each part by itself.

    Parameters
    ----------
    contacts, method, mask, backend, device, threads, settings : as for ``balance``, to which the
        result can be given (``searches``).

    Raises
    ------
    ConfigError : as for ``balance``; a method without a bandwidth; counts that are not whole.
    """
    task, selections, _ = _prepared(contacts, method, mask, settings, backend, device, threads)
    if not isinstance(task.settings, KernelSettings):
        raise ConfigError(f"{method} has no bandwidth to choose.")
    return search_parts(task, selections, progress)


def _prepared(
    contacts: Any,
    method: str,
    mask: MaskLike,
    settings: dict[str, Any],
    backend: str,
    device: str | None,
    threads: int | None,
) -> tuple[Task, list[Selection], dict[str, Any]]:
    """All that the parts of a map have in common, the parts, and what is to be said of the mask."""
    chosen = _find_method(method)
    if not isinstance(contacts, Contacts | StoredContacts):
        contacts = Contacts.from_matrix(contacts)
        settings = {"ignore_diags": 0, **settings}
        if isinstance(mask, dict):
            mask = {"ignore_diags": 0, **mask}
    resolved = make_settings(chosen, settings)
    if threads is not None and threads < 1:
        raise ConfigError(f"threads is {threads}; it must be one or more.")
    kept, mask_record = _resolve_mask(contacts, mask)
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
    computer = choose_backend(backend, device, contacts, selections)
    return Task(contacts, chosen, resolved, computer, threads), selections, mask_record


def _median(values: NDArray[np.float64]) -> float | None:
    """None of none. ``np.median`` imports numpy.ma first, which costs more than a product."""
    ordered, n = np.sort(values), len(values)
    return float((ordered[(n - 1) // 2] + ordered[n // 2]) / 2) if n else None


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
        for a in range(0, contacts.nnz, CHUNK_PIXELS):
            columns, _ = contacts.entries(a, min(a + CHUNK_PIXELS, contacts.nnz))
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


def _verdict(task: Task, name: str, parts: list[PartVerdict]) -> Verdict:
    method, settings, computer = task.method, task.settings, task.computer
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
    for library in find_backend(computer.backend).libraries:
        versions[library] = version(library)
    return Verdict(
        status=status,
        reason=reason,
        method=method.name,
        name=name,
        scope=settings.scope,
        settings=asdict(settings),
        bins=len(task.contacts.bins),
        kept=sum(part.kept for part in parts),
        iterations=max((part.iterations for part in parts), default=0),
        matvecs=sum(part.matvecs for part in parts),
        max_deviation=max((part.max_deviation or 0.0 for part in measured), default=None),
        rms_deviation=(squares / kept) ** 0.5 if kept else None,
        parts=tuple(parts),
        backend=computer.backend,
        device=computer.device_name,
        device_note=computer.note,
        source=task.contacts.source,
        versions=versions,
    )
