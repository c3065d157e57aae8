"""Solver of the kernel methods: the iteration that brings smoothed row sums to one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
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
from counterpoise.methods.kernel.estimator import Estimator, within_reach
from counterpoise.methods.kernel.search import find_bandwidth, largest_chromosome
from counterpoise.methods.kernel.settings import AUTO_BANDWIDTH, KernelSettings
from counterpoise.methods.kernel.smoothing import Smoother
from counterpoise.methods.kernel.unevenness import estimate_unevenness, measure_profiles
from counterpoise.records.facts import DeviationLeft, OutOfReach
from counterpoise.records.verdict import Status
from counterpoise.records.wording import sentence


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
    mean: Any
    base_pairs: float
    dropped: NDArray[np.bool_] | None


def _solve(
    problem: Problem, settings: KernelSettings, estimator: Estimator, bandwidth: Bandwidth
) -> Solution:
    """Find weights whose mean balanced row sum is one; the rows do not each sum to one."""
    part = _smooth(problem, settings, bandwidth)
    operator, smoother, mean, root = part.operator, part.smoother, part.mean, part.operator.xp.sqrt
    state = iterate(
        State(operator.ones()),
        measure=lambda state: estimator.step(operator, smoother, state.u, mean, settings),
        inspect=recording_inspection(
            problem.record, lambda state: state.largest < settings.stopping.tolerance
        ),
        update=make_update(settings.solver, 0.5, operator.xp),
        max_iterations=settings.stopping.max_iterations,
    )
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
) -> float:
    """Return the expected unevenness of new contacts; NaN where its formula does not hold."""
    if not settings.analytic:
        return nan
    operator, smoother, mean = part.operator, part.smoother, float(part.mean)
    everywhere = u
    if part.dropped is not None:
        everywhere = np.zeros(problem.operator.size)
        everywhere[~part.dropped] = to_numpy(u)
    profiles = measure_profiles(problem.sum_by_distance, everywhere, mean, settings.diagonal)
    own = estimator.own_weight
    weight = None if own is None else own(operator, smoother, u, mean, settings)
    return estimate_unevenness(operator, smoother, u, mean, profiles, weight).value


def _smooth(problem: Problem, settings: KernelSettings, bandwidth: Bandwidth) -> _Smoothed:
    """Make the smoother, without the bins that no contact's kernel reaches."""
    operator, chromosomes = problem.operator, problem.chromosomes()
    largest = largest_chromosome(chromosomes)
    smoother = settings.smoother(chromosomes, bandwidth, problem.marginal, operator.xp)
    within = to_numpy(within_reach(smoother, problem.marginal))
    dropped = None if within.all() or settings.positive_everywhere else ~within
    if dropped is not None:
        operator, chromosomes = operator.restrict(within), restrict_chromosomes(chromosomes, within)
        smoother = settings.smoother(chromosomes, bandwidth, operator.ones(), operator.xp)
    mean = problem.marginal.sum() / operator.size
    base_pairs = largest.sigma(bandwidth) * largest.bin_size
    return _Smoothed(operator, smoother, mean, base_pairs, dropped)
