"""The input of balancing: the task for the whole map, and the part that is balanced."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends import make_operator
from counterpoise.backends.base import Operator
from counterpoise.backends.choice import BackendChoice
from counterpoise.backends.vectors import Vector, like, to_numpy
from counterpoise.balancing.applied_weights import AppliedWeights
from counterpoise.balancing.bin_size import BinSizes
from counterpoise.balancing.check_solution import check_solution
from counterpoise.balancing.support import EXAMINE_LIMIT
from counterpoise.contacts.bandwidth import Bandwidth
from counterpoise.contacts.chromosomes import chromosome_bins
from counterpoise.contacts.contact_map import ContactMap, Contacts, load_rows
from counterpoise.contacts.distances import sum_by_distance
from counterpoise.contacts.selected import matrix_entries
from counterpoise.contacts.selection import Selection
from counterpoise.methods.base import (
    Method,
    MethodSettings,
    OnFailure,
    PartPrior,
    Problem,
    Solution,
)
from counterpoise.methods.recorder import Recorder
from counterpoise.records.facts import Concentrated
from counterpoise.records.fitness import FitnessSettings


class CountingOperator:
    """An operator that counts its products in the recorder of the trace.

    Parameters
    ----------
    inner : Operator
        Computes the products.
    recorder : Recorder
        Counts them.
    """

    def __init__(self, inner: Operator, recorder: Recorder) -> None:
        self._inner, self.recorder = inner, recorder
        self.size = inner.size

    def with_recorder(self, recorder: Recorder) -> CountingOperator:
        """Return the same operator with another recorder."""
        return CountingOperator(self._inner, recorder)

    @property
    def xp(self) -> Any:
        """The library of its vectors."""
        return self._inner.xp

    def ones(self) -> Vector:
        """Return a vector of ones."""
        return self._inner.ones()

    def product(self, x: Vector) -> Vector:
        """Return A x and count it."""
        self.recorder.matvecs += 1
        return self._inner.product(x)

    def restrict(self, kept: NDArray[np.bool_]) -> CountingOperator:
        """Return the same map on fewer bins."""
        return CountingOperator(self._inner.restrict(kept), self.recorder)


@dataclass(frozen=True)
class Task:
    """The input that all parts of a map and all attempts at them share.

    Attributes
    ----------
    contacts : ContactMap
        The raw map.
    method : Method
        The method.
    settings : MethodSettings
        Its settings.
    backend_choice : BackendChoice
        Backend and device.
    threads : int or None
        Threads of a product; None for the backend's choice.
    progress : callable
        Receives a line of text at intervals while a long part is balanced.
    examine_limit : int
        Pixels up to which the structure of a part is examined.
    log_bias : ndarray of float64, shape (bins,), or None
        The prior, if there is one: ``Prior.log_bias``.
    strength : float
        Power of the prior's bias that applies.
    applied : AppliedWeights or None
        Weights of another map to use instead of the method's; None to run the method.
    target : ndarray of float64, shape (bins,), or None
        Row sums that the method aims at (``CopyNumber.targets``); None to make them equal.
    limits : FitnessSettings
        When weights are fit for use.
    bin_sizes : BinSizes or None
        Suggests larger bins; None for no suggestion.
    concentrated : Concentrated or None
        That few bins have most of the contacts; None for an ordinary map.
    marginal : ndarray of float64, shape (bins,), or None
        All contacts of each bin, as ``Request`` has them; None if they are not known.
    mask : dict
        Summary of the mask; empty for a mask that was given as an array.
    """

    contacts: ContactMap
    method: Method
    settings: MethodSettings
    backend_choice: BackendChoice
    threads: int | None
    progress: Callable[[str], None] = lambda message: None
    examine_limit: int = EXAMINE_LIMIT
    log_bias: NDArray[np.float64] | None = None
    strength: float = 0.0
    applied: AppliedWeights | None = None
    target: NDArray[np.float64] | None = None
    limits: FitnessSettings = field(default_factory=FitnessSettings)
    bin_sizes: BinSizes | None = None
    concentrated: Concentrated | None = None
    marginal: NDArray[np.float64] | None = None
    mask: dict[str, Any] = field(default_factory=dict)

    @property
    def keeps_unbalanced_weights(self) -> bool:
        """Whether weights are written even if the part is not balanced."""
        return self.settings.on_failure == OnFailure.KEEP

    @property
    def isolates(self) -> bool:
        """Whether bins that rule out an exact balancing are isolated."""
        return self.settings.on_failure == OnFailure.ISOLATE

    def solve(self, problem: Problem) -> Solution:
        """Run the method on one part."""
        assert self.method.solve is not None
        solution = self.method.solve(problem, self.settings)
        check_solution(self.method.name, problem, solution)
        return solution

    def sum_contacts(self, selections: Iterable[Selection]) -> NDArray[np.float64]:
        """Sum the contacts of each bin that selections hold, without the weights of chromosomes.

        Parameters
        ----------
        selections : iterable of Selection
            Parts of the map.

        Returns
        -------
        numpy.ndarray
            float64 [bins], 0 for bins that no selection keeps.
        """
        sums = np.zeros(len(self.contacts.bins))
        for selection in selections:
            if selection.holds_pixels:
                operator = self.operator(self.contacts, replace(selection, factor=None))
                bins = selection.lo + np.flatnonzero(selection.kept)
                sums[bins] = to_numpy(operator.product(operator.ones()))
        return sums

    def operator(self, contacts: ContactMap, selection: Selection) -> Operator:
        """Return the operator of a selection of contacts on the chosen backend and device."""
        backend, device = self.backend_choice.backend, self.backend_choice.device
        return make_operator(backend, contacts, selection, self.threads, device)


@dataclass(frozen=True)
class Part:
    """A part of the map, ready to be balanced.

    Attributes
    ----------
    task : Task
        What all parts have in common.
    contacts : ContactMap
        The task's map, or a resampled one.
    selection : Selection
        Its contacts and kept bins.
    operator : CountingOperator
        The map over the kept bins.
    marginal : Vector
        float64 [kept bins], raw row sums.
    """

    task: Task
    contacts: ContactMap
    selection: Selection
    operator: CountingOperator
    marginal: Vector

    @property
    def recorder(self) -> Recorder:
        """The recorder of the trace."""
        return self.operator.recorder

    @property
    def target(self) -> NDArray[np.float64] | None:
        """The row sums that the method aims at, float64 [kept bins]; None to make them equal."""
        if self.task.target is None:
            return None
        inside = self.task.target[self.selection.lo : self.selection.hi]
        return inside[self.selection.kept]

    def relative(self, row_sums: Vector) -> Vector:
        """Return row sums relative to the target; unchanged where all are to be equal.

        Parameters
        ----------
        row_sums : Vector
            float64 [kept bins].
        """
        target = self.target
        return row_sums if target is None else row_sums / like(target, row_sums)

    @property
    def empty(self) -> bool:
        """Whether no kept bin has a contact."""
        return not (self.marginal > 0).any()

    def restrict(self, kept: NDArray[np.bool_], recorder: Recorder | None = None) -> Part:
        """Return the part with fewer bins, and their row sums for one product.

        Parameters
        ----------
        kept : ndarray of bool, shape (kept bins,)
            True for the bins that stay; at least one.
        recorder : Recorder, optional
            Replaces the recorder.
        """
        operator = self.operator.restrict(kept)
        if recorder is not None:
            operator = operator.with_recorder(recorder)
        selection = _restrict_selection(self.selection, kept)
        return replace(
            self,
            selection=selection,
            operator=operator,
            marginal=operator.product(operator.ones()),
        )

    def drop_unconnected(self) -> Part:
        """Return the part without bins that have no contact.

        Their row sums are zero with any weights.
        """
        present = self.marginal > 0
        has_contacts = to_numpy(present)
        operator = self.operator
        if has_contacts.any() and not has_contacts.all():
            operator = operator.restrict(has_contacts)
        selection = _restrict_selection(self.selection, has_contacts)
        return replace(
            self, selection=selection, operator=operator, marginal=self.marginal[present]
        )

    def load(self) -> Contacts:
        """Load the raw contacts of the part's bins, masked ones included, as a map of all bins."""
        lo, hi = self.selection.lo, self.selection.hi
        return load_rows(self.contacts, lo, hi, hi)

    def problem(self, bandwidth: Bandwidth | None = None) -> Problem:
        """Return the part as the method sees it.

        Parameters
        ----------
        bandwidth : Bandwidth, optional
            For a kernel method, whatever its settings say.
        """
        target = self.target
        return Problem(
            operator=self.operator,
            marginal=self.marginal,
            record=self.recorder,
            nonzeros=self._count_partners,
            chromosomes=lambda: chromosome_bins(self.contacts.bins, self.selection),
            sum_by_distance=self._sum_by_distance,
            entries=lambda: matrix_entries(self.contacts, self.selection),
            load=self.load,
            operator_of=lambda contacts: self.task.operator(contacts, self.selection),
            holds_counts=self.task.contacts.holds_counts,
            bandwidth=bandwidth,
            prior=self._prior(),
            target=1.0 if target is None else like(target, self.marginal),
        )

    def total(self, weights: Vector, row_sums: Vector) -> float:
        """Sum the weighted map over both triangles, without the selection's factor.

        Parameters
        ----------
        weights : Vector
            float64 [kept bins].
        row_sums : Vector
            float64 [kept bins], of the map with these weights and the factor. Without a factor
            their sum is the total.
        """
        if self.selection.factor is None:
            return float(row_sums.sum())
        factor = self.selection.factor[self.selection.kept]
        plain = weights / self.operator.xp.asarray(factor, device=weights.device)
        return float((plain * self.operator.product(plain)).sum())

    def _prior(self) -> PartPrior | None:
        """Return the prior of the kept bins."""
        if self.task.log_bias is None:
            return None
        inside = self.task.log_bias[self.selection.lo : self.selection.hi]
        return PartPrior(inside[self.selection.kept], self.task.strength)

    def _sum_by_distance(self, u: Vector) -> NDArray[np.float64]:
        """See ``Problem.sum_by_distance``."""
        weights = np.zeros(len(self.selection.kept))
        weights[self.selection.kept] = to_numpy(u)
        return sum_by_distance(self.contacts, self.selection, weights)

    def _count_partners(self) -> Vector:
        """Count the kept bins that each bin has contacts with; float64 [kept bins]."""
        plain = replace(self.selection, factor=None, diagonal=1)
        operator = self.task.operator(self.contacts.pattern(), plain)
        return operator.product(operator.ones())


def open_part(task: Task, contacts: ContactMap, selection: Selection) -> Part:
    """Return a part with all its kept bins.

    Parameters
    ----------
    task : Task
        What all parts have in common.
    contacts : ContactMap
        The task's map, or a resampled one.
    selection : Selection
        The part; at least one bin is kept.
    """
    recorder = Recorder(selection.label, task.method.quantity, progress=task.progress)
    operator = CountingOperator(task.operator(contacts, selection), recorder)
    return Part(task, contacts, selection, operator, operator.product(operator.ones()))


def _restrict_selection(selection: Selection, kept: NDArray[np.bool_]) -> Selection:
    """Return a selection with fewer of its kept bins; ``kept`` is bool [kept bins]."""
    bins = selection.kept.copy()
    bins[bins] = kept
    return replace(selection, kept=bins)
