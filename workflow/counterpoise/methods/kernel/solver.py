"""Solver of the kernel methods: the iteration that brings smoothed row sums to one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.base import Operator
from counterpoise.backends.vectors import Vector, to_numpy
from counterpoise.contacts.bandwidth import Bandwidth
from counterpoise.contacts.chromosomes import restrict_chromosomes
from counterpoise.methods.base import Problem, Solution
from counterpoise.methods.fixed_point import (
    Ending,
    State,
    iterate,
    make_update,
    recording_inspection,
    to_solution,
)
from counterpoise.methods.kernel.along_prior import make_smoother
from counterpoise.methods.kernel.estimator import Estimator, within_reach
from counterpoise.methods.kernel.search import find_bandwidth, largest_chromosome
from counterpoise.methods.kernel.settings import AUTO_BANDWIDTH, KernelSettings
from counterpoise.methods.kernel.smoothing import Smoother
from counterpoise.methods.kernel.unevenness import estimate_unevenness, measure_profiles
from counterpoise.records.excess import Excess
from counterpoise.records.facts import DeviationLeft, OutOfReach
from counterpoise.records.verdict import Status
from counterpoise.records.wording import sentence

# An iteration stands still if in this many steps its largest deviation did not fall by a tenth.
# Where all bins that are off have no contacts, and are few, they are dropped, once: their smoothed
# row sums are rounding.
STANDSTILL, LEAST_PROGRESS, LARGEST_SHARE = 20, 0.9, 0.01

# ``Method.quantity`` of the kernel methods.
SMOOTHED = "smoothed row sums"


def solve_by(estimator: Estimator) -> Callable[[Problem, Any], Solution]:
    """Return the solver of a kernel method.

    Parameters
    ----------
    estimator : Estimator
        The method.
    """

    def solve(problem: Problem, settings: KernelSettings) -> Solution:
        bandwidth, search = problem.bandwidth, None
        if bandwidth is None and settings.bandwidth == AUTO_BANDWIDTH:
            search = find_bandwidth(problem, estimator, settings)
            bandwidth = search.bandwidth
            problem.record.progress(f"{search.label}: {sentence(search.fact)}")
        elif bandwidth is None:
            bandwidth = Bandwidth.from_setting(float(settings.bandwidth))
        return replace(_solve(problem, settings, estimator, bandwidth), search=search)

    return solve


@dataclass(frozen=True)
class _Smoothed:
    """The bins within reach of the kernel, with their operator, smoother and mean row sum."""

    operator: Operator
    smoother: Smoother
    marginal: Vector
    mean: Any
    base_pairs: float
    dropped: NDArray[np.bool_] | None

    def everywhere(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Spread a choice among its bins over all bins of the part; others are not chosen."""
        if self.dropped is None:
            return chosen
        all_bins = np.zeros(len(self.dropped), bool)
        all_bins[~self.dropped] = chosen
        return all_bins


@dataclass
class _Watch:
    """Notices that an iteration stands still: see ``STANDSTILL``."""

    largest: list[float] = field(default_factory=list)

    def stands_still(self, largest: float) -> bool:
        """Add the largest deviation of a step, and return whether the last steps were in vain."""
        self.largest.append(largest)
        last = self.largest[-STANDSTILL - 1 :]
        return len(last) > STANDSTILL and min(last[1:]) > LEAST_PROGRESS * last[0]


def _off(state: State, settings: KernelSettings) -> Vector:
    """Return which bins are further from one than the tolerance."""
    return abs(state.quantity - 1) >= settings.stopping.tolerance


def _iterate(
    problem: Problem,
    part: _Smoothed,
    estimator: Estimator,
    settings: KernelSettings,
    start: State,
    watch: _Watch | None = None,
) -> State:
    """Iterate to the end; with a watch, stop where only bins without contacts are in the way."""
    converged = recording_inspection(
        problem.record, lambda state: state.largest < settings.stopping.tolerance
    )

    def inspect(state: State) -> Ending | None:
        ending = converged(state)
        if ending is None and watch and watch.stands_still(state.largest):
            off = _off(state, settings)
            if not (part.marginal[off] > 0).any() and off.sum() <= LARGEST_SHARE * len(off):
                return Ending.STALLED
        return ending

    return iterate(
        start,
        lambda state: estimator.step(part.operator, part.smoother, state.u, part.mean, settings),
        inspect,
        make_update(settings.solver, 0.5, part.operator.xp),
        settings.stopping.max_iterations,
    )


def _solve(
    problem: Problem, settings: KernelSettings, estimator: Estimator, bandwidth: Bandwidth
) -> Solution:
    """Find weights whose mean balanced row sum is one; the rows do not each sum to one."""
    part = _smooth(problem, settings, bandwidth)
    state = _iterate(problem, part, estimator, settings, State(part.operator.ones()), _Watch())
    if state.ending is Ending.STALLED and state.iteration < settings.stopping.max_iterations:
        stuck = to_numpy(_off(state, settings))
        start = State(state.u[part.operator.xp.asarray(~stuck)], state.iteration)
        part = _smooth(problem, settings, bandwidth, part.everywhere(stuck))
        state = _iterate(problem, part, estimator, settings, start)
    operator, smoother, mean, root = part.operator, part.smoother, part.mean, part.operator.xp.sqrt
    solution = to_solution(state)
    if settings.stopping.decides and state.ending is Ending.LIMIT:
        solution = Solution(state.u, Status.COMPUTED, state.iteration)  # by its own definition
    if part.dropped is not None:
        because = OutOfReach(int(np.count_nonzero(part.dropped)))
        solution = replace(solution, dropped=part.dropped, dropped_because=(because,))
    if state.ending is Ending.DIVERGED:
        return solution
    if solution.status is Status.NOT_CONVERGED:
        left = DeviationLeft(state.largest, smoothed=True)
        solution = replace(solution, facts=(*solution.facts, left))
    u = state.u
    row_sums = u * operator.product(u)
    total = row_sums.mean()
    return replace(
        solution,
        weights=u / root(total),
        bandwidth=part.base_pairs,
        smoothed_deviation=state.largest,
        row_sums=row_sums / total,
        unevenness=lambda: _unevenness(problem, part, u, estimator, settings),
        errors=lambda: root(estimator.noise(operator, smoother, u, mean, settings)),
    )


def _unevenness(
    problem: Problem, part: _Smoothed, u: Vector, estimator: Estimator, settings: KernelSettings
) -> Excess:
    """Return the expected excess of new contacts; NaN where its formula does not hold."""
    if not settings.analytic:
        return Excess(nan, nan)
    operator, smoother, mean = part.operator, part.smoother, float(part.mean)
    everywhere = u
    if part.dropped is not None:
        everywhere = np.zeros(problem.operator.size)
        everywhere[~part.dropped] = to_numpy(u)
    profiles = measure_profiles(
        problem.sum_by_distance, everywhere, mean, len(u), settings.diagonal
    )
    own = estimator.own_weight
    weight = None if own is None else own(operator, smoother, u, mean, settings)
    return estimate_unevenness(operator, smoother, u, mean, profiles, weight).excess


def _smooth(
    problem: Problem,
    settings: KernelSettings,
    bandwidth: Bandwidth,
    stuck: NDArray[np.bool_] | None = None,
) -> _Smoothed:
    """Make the smoother, without the bins that no contact's kernel reaches and those stuck."""
    operator, chromosomes = problem.operator, problem.chromosomes()
    marginal, prior = problem.marginal, problem.prior
    largest = largest_chromosome(chromosomes)
    smoother = make_smoother(settings, chromosomes, bandwidth, marginal, operator.xp, prior)
    tolerance = settings.stopping.tolerance
    beyond = ~to_numpy(within_reach(smoother, marginal, tolerance))
    if settings.positive_everywhere:
        beyond[:] = False
    if stuck is not None:
        beyond |= stuck
    if beyond.any():
        operator = operator.restrict(~beyond)
        chromosomes = restrict_chromosomes(chromosomes, ~beyond)
        marginal = marginal[operator.xp.asarray(~beyond)]
        prior = prior and prior.restrict(~beyond)
        smoother = make_smoother(settings, chromosomes, bandwidth, marginal, operator.xp, prior)
    mean = problem.marginal.sum() / operator.size
    base_pairs = largest.sigma(bandwidth) * largest.bin_size
    return _Smoothed(
        operator, smoother, marginal, mean, base_pairs, beyond if beyond.any() else None
    )
