"""Balance a map with one method: one loop over its parts, the same for every method and scope.

What happens to one part is in ``counterpoise.balancing.parts``.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise._version import __version__
from counterpoise.backends import find_backend
from counterpoise.backends.choice import choose_backend
from counterpoise.balancing.applied_weights import AppliedWeights
from counterpoise.balancing.assessment import BalancedBins, assess, overall_deviation
from counterpoise.balancing.bin_size import BinSizes, Required
from counterpoise.balancing.borrowing import borrow_strength
from counterpoise.balancing.copy_number import CopyNumber
from counterpoise.balancing.emptiness import count_masked
from counterpoise.balancing.notes import add_notes, find_concentration
from counterpoise.balancing.parts import balance_part
from counterpoise.balancing.prior import Prior
from counterpoise.balancing.rescaling import rescale
from counterpoise.balancing.result import Balance
from counterpoise.balancing.task import Task
from counterpoise.contacts.bins import RegionBins
from counterpoise.contacts.circular import leave_out_near_origin
from counterpoise.contacts.contact_map import ContactMap, is_from_matrix
from counterpoise.contacts.selection import Scope, Selection, select
from counterpoise.methods.base import EqualSumsSettings, Method, MethodSettings, Target
from counterpoise.records.fitness import FitnessSettings
from counterpoise.records.prior import PriorUse
from counterpoise.records.trace import TraceRow
from counterpoise.records.verdict import PartVerdict, Verdict, overall_status
from counterpoise.records.wording import (
    applied_reason,
    copy_number_reason,
    overall_reason,
    prior_reason,
)


@dataclass(frozen=True)
class Request:
    """A map to balance, and the settings that do not depend on the method.

    Attributes
    ----------
    contacts : ContactMap
        The raw map.
    kept : ndarray of bool, shape (bins,)
        Bins that the mask keeps.
    marginal : ndarray of float64, shape (bins,)
        All contacts of each bin; 0 for bins beyond the mask's regions, which need no weights.
    mask : dict
        Summary of the mask.
    name : str
        What the result is called.
    backend : str
        Backend of the product; ``auto`` chooses one.
    device : str or None
        Its device; None lets the backend choose.
    threads : int or None
        Threads of a product; None for the backend's choice.
    progress : callable
        Receives a line of text as each part is done.
    limits : FitnessSettings
        When weights are fit for use.
    prior : Prior or None
        The bias of the bins by other maps, for a method that takes it.
    applied : AppliedWeights or None
        Weights of another map to use instead of the method's; None to run the method.
    copy_number : CopyNumber or None
        The copy numbers that row sums are to be proportional to; None to make them equal.
    regions : sequence of pairs of int, or None
        First bin and end (exclusive) of each region that is balanced separately, in order.
    """

    contacts: ContactMap
    kept: NDArray[np.bool_]
    marginal: NDArray[np.float64]
    mask: dict[str, Any]
    name: str
    backend: str
    device: str | None
    threads: int | None
    progress: Callable[[str], None]
    limits: FitnessSettings
    prior: Prior | None = None
    applied: AppliedWeights | None = None
    copy_number: CopyNumber | None = None
    regions: Sequence[Sequence[int]] | None = None


def balance_with(request: Request, method: Method, settings: MethodSettings) -> Balance:
    """Balance a map with one method.

    Parameters
    ----------
    request : Request
        The map and the means.
    method : Method
        The method.
    settings : MethodSettings
        Its settings.
    """
    if request.applied is not None:
        request = replace(request, kept=request.kept & request.applied.given)
    task, selections = open_task(request, method, settings)
    use = None
    if request.prior is not None:
        task, use = borrow_strength(task, selections, request.prior)
    weights, errors, parts, trace = _balance_parts(task, selections)
    bins = BalancedBins(
        weights,
        errors,
        request.marginal > 0,
        request.contacts.holds_counts,
        method,
        use is not None and use.strength > 0,
    )
    summary = _summarise(task, request, parts, use)
    verdict = assess(summary, bins, request.limits, bool(request.regions))
    verdict = add_notes(verdict, task)
    return Balance(request.contacts, weights, errors, verdict, tuple(trace), request.kept)


def open_task(
    request: Request, method: Method, settings: MethodSettings
) -> tuple[Task, list[Selection]]:
    """Return what all parts of a map have in common, and the parts.

    Parameters
    ----------
    request, method, settings : Request, Method, MethodSettings
        As for ``balance_with``.
    """
    contacts = leave_out_near_origin(request.contacts, settings.ignore_diags)
    if request.regions:
        contacts = replace(contacts, bins=RegionBins.of(contacts.bins, request.regions))
    kept, copies = request.kept, request.copy_number
    selections = list(
        select(
            contacts.bins,
            kept if copies is None else kept & copies.present,
            Scope(settings.scope),
            settings.ignore_diags,
            getattr(settings, "diagonal", 1),
            method.trans_weighting,
            settings.ignore_diags_trans,
        )
    )
    if request.regions:
        starts = {first for first, _ in request.regions}
        selections = [each for each in selections if each.lo in starts]
    backend_choice = choose_backend(request.backend, request.device, contacts, selections)
    task = Task(
        contacts,
        method,
        settings,
        backend_choice,
        request.threads,
        request.progress,
        applied=request.applied,
        target=None if copies is None else copies.targets(selections),
        limits=request.limits,
        marginal=request.marginal,
        mask=request.mask,
    )
    return _look_at_whole_map(task, request, selections), selections


def _look_at_whole_map(task: Task, request: Request, selections: Sequence[Selection]) -> Task:
    """Return the task with what is known of the map before any part is balanced."""
    if request.mask.get("settings", {}).get("regions"):
        return replace(task, bin_sizes=_suggest_for_regions(task, request, selections))
    concentrated = find_concentration(request.marginal)
    if concentrated is not None:  # also without masked bins and ignored diagonals?
        concentrated = find_concentration(task.sum_contacts(selections))
    sizes = _make_bin_sizes(task, request.marginal, selections)
    return replace(task, bin_sizes=sizes, concentrated=concentrated)


def _suggest_for_regions(task: Task, request: Request, selections: Sequence[Selection]) -> BinSizes:
    """Return what suggests larger bins by the contacts within the mask's regions alone."""
    scope = Scope.CIS if task.settings.scope == Scope.CIS else Scope.GENOME
    inside = select(task.contacts.bins, request.marginal > 0, scope)
    return _make_bin_sizes(task, task.sum_contacts(inside), selections)


def _make_bin_sizes(
    task: Task, marginal: NDArray[np.float64], selections: Sequence[Selection]
) -> BinSizes:
    """Return what suggests larger bins, by the contacts of each bin."""
    settings = task.settings
    return BinSizes(
        task.contacts,
        Scope(settings.scope),
        settings.ignore_diags,
        marginal,
        task.limits.error_caution,
        lambda: task.sum_contacts(selections),
        Required.of(task.mask),
    )


def _balance_parts(
    task: Task, selections: Sequence[Selection]
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[PartVerdict], list[TraceRow]]:
    """Balance the parts one by one; return weights, standard errors, verdicts and trace."""
    weights, errors = np.full((2, len(task.contacts.bins)), np.nan)
    parts: list[PartVerdict] = []
    trace: list[TraceRow] = []
    for selection in selections:
        outcome = balance_part(task, selection)
        part = outcome.verdict
        weights[selection.lo : selection.hi] = outcome.weights
        errors[selection.lo : selection.hi] = outcome.errors
        parts.append(part)
        trace.extend(outcome.trace)
        task.progress(
            f"{part.label}: {part.status.value} after {part.matvecs} products. {part.reason}"
        )
    if isinstance(task.settings, EqualSumsSettings):
        weights, parts = rescale(Target(task.settings.target), weights, parts)
    return weights, errors, parts, trace


def _summarise(
    task: Task, request: Request, parts: list[PartVerdict], prior: PriorUse | None
) -> Verdict:
    """Return the verdict over all parts."""
    method, settings, backend_choice = task.method, task.settings, task.backend_choice
    measured = [part for part in parts if part.max_deviation is not None]
    copies = None if request.copy_number is None else request.copy_number.use(request.kept)
    masked = count_masked(request.mask, int(np.count_nonzero(request.marginal)))
    reasons = [
        overall_reason(parts, "region" if request.regions else "chromosome", masked),
        copy_number_reason(copies) if copies else "",
        prior_reason(prior) if prior else "",
        _describe_applied(request),
        *_notes_on_matrix(task.contacts),
    ]
    return Verdict(
        status=overall_status(parts),
        reason=" ".join(filter(None, reasons)),
        method=method.name,
        name=request.name,
        scope=settings.scope,
        settings=asdict(settings),
        bins=len(task.contacts.bins),
        kept=sum(part.kept for part in parts),
        iterations=max((part.iterations for part in parts), default=0),
        matvecs=sum(part.matvecs for part in parts),
        max_deviation=max((part.max_deviation or 0.0 for part in measured), default=None),
        rms_deviation=overall_deviation(parts),
        parts=tuple(parts),
        prior=prior,
        weights_of=request.applied.source if request.applied else None,
        copy_number=copies,
        backend=backend_choice.backend,
        device=backend_choice.device_name,
        device_note=backend_choice.note,
        source=task.contacts.source,
        mask=request.mask,
        versions=_versions(method, backend_choice.backend),
    )


def _describe_applied(request: Request) -> str:
    """Return that the weights are those of another map; empty for weights of its own."""
    applied = request.applied
    return applied_reason(applied.source, int(applied.given.sum())) if applied else ""


def _notes_on_matrix(contacts: ContactMap) -> list[str]:
    """Return how a matrix was changed to be read as a map; the notes on files stay in `source`."""
    return list(contacts.source.get("notes", ())) if is_from_matrix(contacts) else []


def _versions(method: Method, backend: str) -> dict[str, str]:
    """Return the versions of the software, and of the algorithm where several have its name."""
    versions = {
        "counterpoise": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    if method.version:
        versions[method.name] = method.version
    libraries = find_backend(backend).libraries
    if libraries:
        from importlib.metadata import version  # imports email and socket, which few runs need

        versions |= {library: version(library) for library in libraries}
    return versions
