"""Balance a contact map: one loop over its parts, the same for every method and scope.

``balance`` is the entry of the package. What happens to one part is in
``counterpoise.balancing.parts``.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from counterpoise._version import __version__
from counterpoise.backends import AUTO, find_backend
from counterpoise.backends.choice import choose_backend
from counterpoise.balancing.assessment import assess, overall_deviation
from counterpoise.balancing.parts import balance_part
from counterpoise.balancing.rescaling import rescale
from counterpoise.balancing.task import Task
from counterpoise.contacts.bins import pluralise
from counterpoise.contacts.contact_map import (
    ContactMap,
    Contacts,
    StoredContacts,
    describe_type,
)
from counterpoise.contacts.selection import Scope, Selection, select
from counterpoise.errors import ConfigError, NotBalancedError
from counterpoise.mask import Mask, MaskSettings, bins_with_contacts, mask_bins
from counterpoise.methods import methods
from counterpoise.methods.base import EqualSumsSettings, Method, MethodSettings, OnFailure, Target
from counterpoise.process import peak_memory_mb
from counterpoise.records.fitness import Fitness, FitnessSettings, make_fitness_settings
from counterpoise.records.search import Search
from counterpoise.records.trace import TraceRow
from counterpoise.records.verdict import PartVerdict, Status, Verdict, overall_status
from counterpoise.records.wording import overall_reason

if TYPE_CHECKING:
    import scipy.sparse as sp

MaskLike = Mask | MaskSettings | dict[str, Any] | NDArray[np.bool_] | None


@dataclass(frozen=True)
class Balance:
    """A balanced map.

    Attributes
    ----------
    contacts : ContactMap
        The raw map.
    weights : ndarray of float64, shape (bins,)
        Multiplicative: balanced_ij = count_ij * w_i * w_j. NaN on masked bins, and on parts that
        failed unless ``on_failure`` keeps their weights.
    se : ndarray of float64, shape (bins,)
        Standard errors of the weights, relative (0.02 is two percent of the weight, and of the
        bias); NaN where weights are.
    verdict : Verdict
        The verdict on the map and on each part.
    trace : tuple of TraceRow
        A row for each iteration.
    """

    contacts: ContactMap
    weights: NDArray[np.float64]
    se: NDArray[np.float64]
    verdict: Verdict
    trace: tuple[TraceRow, ...]

    def __repr__(self) -> str:
        """Return one line that says how it ended and how many bins have weights."""
        weighted = int(np.isfinite(self.weights).sum())
        bins = f"{weighted:,} of {pluralise(len(self.weights), 'bin')} with weights"
        products = pluralise(self.matvecs, "product")
        return (
            f"<Balance: {self.verdict.name}, fitness {self.fitness.value} "
            f"({self.status.value}), {bins}, {products}>"
        )

    @property
    def fitness(self) -> Fitness:
        """Whether the weights may be used."""
        return self.verdict.fitness

    @property
    def status(self) -> Status:
        """The verdict's status."""
        return self.verdict.status

    @property
    def reason(self) -> str:
        """The verdict's reason in words; empty where there is nothing to say."""
        return self.verdict.reason

    @property
    def iterations(self) -> int:
        """The most iterations that a part took."""
        return self.verdict.iterations

    @property
    def matvecs(self) -> int:
        """Symmetric matrix-vector products over all parts."""
        return self.verdict.matvecs

    @property
    def searches(self) -> list[Search]:
        """The search for the bandwidth of each part; empty if no bandwidth was searched for."""
        return [part.search for part in self.verdict.parts if part.search]

    @cached_property
    def bias(self) -> NDArray[np.float64]:
        """float64 [bins], divisive: 1 / weights, scaled to a mean of one; NaN where weights are."""
        bias = 1 / self.weights
        return bias / np.nanmean(bias) if np.isfinite(bias).any() else bias

    def matrix(self) -> sp.csr_matrix:
        """Return the balanced map: both triangles, float64 CSR; masked rows are empty."""
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
    progress: Callable[[str], None] = lambda message: None,
    fitness: FitnessSettings | dict[str, Any] | None = None,
    **settings: Any,
) -> Balance:
    """Balance a contact map that is open: `counterpoise.balance` also opens files.

    Parameters
    ----------
    contacts : ContactMap, sparse matrix or array_like
        The raw map. A scipy sparse or dense matrix is taken as `Contacts.from_matrix` takes it,
        with all diagonals unless ``ignore_diags`` says otherwise.
    method, mask, backend, device, threads, name, mask_record, progress, fitness : various
        As for `counterpoise.balance`.
    **settings : various
        The method's own.

    Returns
    -------
    Balance

    Raises
    ------
    ConfigError
        If the method or a setting is unknown, or a value is out of range.
    NotBalancedError
        If the map is not balanced and ``on_failure`` is ``stop``.
    """
    begin = time.perf_counter()
    task, selections, kept, mask_summary = _prepare(
        contacts, method, mask, settings, backend, device, threads
    )
    task = replace(task, progress=progress)
    weights, errors, parts, trace = _balance_parts(task, selections)
    limits = make_fitness_settings(fitness)
    equal_sums = isinstance(task.settings, EqualSumsSettings)
    with_contacts = kept if mask is None else bins_with_contacts(task.contacts)
    verdict = _summarise(task, name or method, parts)
    verdict = replace(
        assess(
            verdict, weights, errors, with_contacts, task.contacts.holds_counts, equal_sums, limits
        ),
        mask=mask_record or mask_summary,
        run={
            "seconds": round(time.perf_counter() - begin, 3),
            "peak_memory_mb": round(peak_memory_mb(), 1),
        },
    )
    usable = verdict.status.balanced or verdict.status is Status.EMPTY
    if task.settings.on_failure == OnFailure.STOP and not usable:
        raise NotBalancedError(f"{verdict.name} ({verdict.status.value}): {verdict.reason}")
    return Balance(task.contacts, weights, errors, verdict, tuple(trace))


def make_settings(method: Method, settings: dict[str, Any]) -> MethodSettings:
    """Return the method's settings.

    Parameters
    ----------
    method : Method
        The method.
    settings : dict
        The settings that differ from its defaults.

    Raises
    ------
    ConfigError
        If the method has no setting of a name, or a value is out of range.
    """
    names = {field.name for field in fields(method.settings)}
    unknown = sorted(set(settings) - names)
    if unknown:
        raise ConfigError(
            f"{method.name} has no setting {unknown[0]!r}; it has {', '.join(sorted(names))}."
        )
    return method.settings(**settings)


def _prepare(
    contacts: Any,
    method: str,
    mask: MaskLike,
    settings: dict[str, Any],
    backend: str,
    device: str | None,
    threads: int | None,
) -> tuple[Task, list[Selection], NDArray[np.bool_], dict[str, Any]]:
    """Return what all parts have in common, the parts, the kept bins and the mask's summary."""
    chosen = _find_method(method)
    if not isinstance(contacts, Contacts | StoredContacts):
        contacts = Contacts.from_matrix(contacts)
        settings = {"ignore_diags": 0, **settings}
        if isinstance(mask, dict):
            mask = {"ignore_diags": 0, **mask}
    resolved = make_settings(chosen, settings)
    if threads is not None and threads < 1:
        raise ConfigError(f"threads is {threads}; it must be one or more.")
    kept, mask_summary = _resolve_mask(contacts, mask)
    selections = list(
        select(
            contacts.bins,
            kept,
            Scope(resolved.scope),
            resolved.ignore_diags,
            getattr(resolved, "diagonal", 1),
            chosen.trans_weighting,
            resolved.ignore_diags_trans,
        )
    )
    backend_choice = choose_backend(backend, device, contacts, selections)
    task = Task(contacts, chosen, resolved, backend_choice, threads)
    return task, selections, kept, mask_summary


def _find_method(name: str) -> Method:
    """Return a method by its name."""
    if name not in methods():
        raise ConfigError(f"there is no method {name!r}; there are {', '.join(sorted(methods()))}.")
    return methods()[name]


def _resolve_mask(contacts: ContactMap, mask: MaskLike) -> tuple[NDArray[np.bool_], dict[str, Any]]:
    """Return the kept bins and the summary of the mask."""
    if mask is None:
        return bins_with_contacts(contacts), {}
    if isinstance(mask, dict | MaskSettings):
        mask = mask_bins(contacts, mask)
    summary = mask.summary() if isinstance(mask, Mask) else {}
    kept = np.asarray(mask.kept if isinstance(mask, Mask) else mask)
    if kept.dtype != bool or kept.shape != (len(contacts.bins),):
        raise ConfigError(
            f"the mask of this map is {len(contacts.bins):,} values of True (kept) or False, the "
            "result of mask_bins on the same map, MaskSettings, or a dict such as {'min_nnz': 5}; "
            f"this is {describe_type(mask)} with {pluralise(kept.size, 'value')}."
        )
    return kept, summary


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


def _summarise(task: Task, name: str, parts: list[PartVerdict]) -> Verdict:
    """Return the verdict over all parts."""
    method, settings, backend_choice = task.method, task.settings, task.backend_choice
    measured = [part for part in parts if part.max_deviation is not None]
    return Verdict(
        status=overall_status(parts),
        reason=" ".join(filter(None, [overall_reason(parts), *_notes_on_matrix(task.contacts)])),
        method=method.name,
        name=name,
        scope=settings.scope,
        settings=asdict(settings),
        bins=len(task.contacts.bins),
        kept=sum(part.kept for part in parts),
        iterations=max((part.iterations for part in parts), default=0),
        matvecs=sum(part.matvecs for part in parts),
        max_deviation=max((part.max_deviation or 0.0 for part in measured), default=None),
        rms_deviation=overall_deviation(parts),
        parts=tuple(parts),
        backend=backend_choice.backend,
        device=backend_choice.device_name,
        device_note=backend_choice.note,
        source=task.contacts.source,
        versions=_versions(method, backend_choice.backend),
    )


def _notes_on_matrix(contacts: ContactMap) -> list[str]:
    """Return how a matrix was changed to be read as a map; the notes on files stay in `source`."""
    source = contacts.source
    return list(source.get("notes", ())) if source.get("format") == "matrix" else []


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
