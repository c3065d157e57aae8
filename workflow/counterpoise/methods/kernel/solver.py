"""Solver of the kernel methods: the iteration that brings smoothed row sums to one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
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
from counterpoise.methods.kernel.settings import KernelSettings
from counterpoise.methods.kernel.smoothing import Smoother
from counterpoise.records.facts import DeviationLeft, OutOfReach
from counterpoise.records.verdict import Status

# Values below this share of the largest smoothed row sum are the transforms' rounding.
NOISE = 1e-14


# The quantity that a method drives to one, from the operator, the smoother, u, the mean row sum
# and the settings: float64 [bins], or [bins, bandwidths] for u and a smoother of as many columns.
# The update is u / sqrt(quantity).
Step = Callable[[Operator, Any, Vector, Any, Any], Vector]

# The relative variance of u = 1 / h by counting noise, float64 [bins], from the same arguments.
Noise = Callable[[Operator, Any, Vector, Any, Any], Vector]


def within_reach(smoother: Smoother, marginal: Vector) -> Vector:
    """Return which bins the kernel of a contact reaches.

    Parameters
    ----------
    smoother : Smoother
        The kernel.
    marginal : Vector
        float64 [bins] (or [bins, bandwidths]), raw row sums.

    Returns
    -------
    Vector
        bool, of the same shape.
    """
    reach = smoother.smooth(marginal)
    return reach > NOISE * reach.max()


def curve_noise(
    operator: Operator, smoother: Smoother, u: Vector, mean: Any, settings: KernelSettings
) -> Vector:
    """Return the relative variance of h = S A S^T u by the noise of the contacts it averages.

    With v = S^T u, the variance of A v is A v^2. Two effects that nearly cancel are neglected: a
    contact within reach of the kernel counts at both its ends, and balancing takes back part of
    what noise does to a stretch of bins. A bootstrap finds errors .8 to 1 times these.

    Parameters
    ----------
    operator : Operator
        The map.
    smoother : Smoother
        For one bandwidth, or for as many as u has columns.
    u : Vector
        float64 [bins] or [bins, bandwidths].
    mean : float
        Mean raw row sum.
    settings : KernelSettings
        The method's settings.
    """
    blurred = smoother.spread(u)
    return u * u * smoother.variance(operator.product(blurred * blurred)) / mean**2


def solve_by(step: Step, noise: Noise) -> Callable[[Problem, Any], Solution]:
    """Return the solver of a kernel method.

    Parameters
    ----------
    step : Step
        The quantity that the method drives to one.
    noise : Noise
        Relative variance of the solution.
    """

    def solve(problem: Problem, settings: KernelSettings) -> Solution:
        return _solve(problem, settings, step, noise)

    return solve


@dataclass(frozen=True)
class _Smoothed:
    """The bins within reach of the kernel, with their operator, smoother and mean row sum."""

    operator: Operator
    smoother: Smoother
    mean: Any
    base_pairs: float
    dropped: NDArray[np.bool_] | None


def _solve(problem: Problem, settings: KernelSettings, step: Step, noise: Noise) -> Solution:
    """Find weights whose mean balanced row sum is one; the rows do not each sum to one."""
    part = _smooth(problem, settings)
    operator, smoother, mean, root = part.operator, part.smoother, part.mean, part.operator.xp.sqrt
    state = iterate(
        State(operator.ones()),
        measure=lambda state: step(operator, smoother, state.u, mean, settings),
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
        errors=lambda: root(noise(operator, smoother, u, mean, settings)),
    )


def _smooth(problem: Problem, settings: KernelSettings) -> _Smoothed:
    """Make the smoother, without the bins that no contact's kernel reaches."""
    operator, chromosomes = problem.operator, problem.chromosomes()
    bandwidth = problem.bandwidth or Bandwidth.from_setting(float(settings.bandwidth))
    largest = max(chromosomes, key=lambda chromosome: len(chromosome.kept))
    smoother = settings.smoother(chromosomes, bandwidth, problem.marginal, operator.xp)
    within = to_numpy(within_reach(smoother, problem.marginal))
    dropped = None if within.all() or settings.positive_everywhere else ~within
    if dropped is not None:
        operator, chromosomes = operator.restrict(within), restrict_chromosomes(chromosomes, within)
        smoother = settings.smoother(chromosomes, bandwidth, operator.ones(), operator.xp)
    mean = problem.marginal.sum() / operator.size
    base_pairs = largest.sigma(bandwidth) * largest.bin_size
    return _Smoothed(operator, smoother, mean, base_pairs, dropped)
