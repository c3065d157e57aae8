"""What kernel methods share: their settings, and the loop that brings smoothed row sums to one."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

from counterpoise.backends.base import Operator
from counterpoise.backends.vectors import Vector, to_numpy
from counterpoise.contacts.chromosomes import restrict_chromosomes
from counterpoise.methods.base import Problem, Solution
from counterpoise.methods.kernel.settings import KernelSettings
from counterpoise.methods.kernel.smoothing import Smoother
from counterpoise.records.verdict import Cause, Status, counted, not_enough

# Of the largest smoothed row sum: less than this is the transforms' rounding.
NOISE = 1e-14


# What a step of a method makes one, from its operator, smoother, u, mean row sum and settings:
# float64 [bins], or [bins, bandwidths] for u and a smoother of as many. Then u <- u / sqrt(it).
Step = Callable[[Operator, Any, Vector, Any, Any], Vector]

# Relative variance of u = 1 / h by counting noise, float64 [bins], from the same.
Noise = Callable[[Operator, Any, Vector, Any, Any], Vector]


def within_reach(smoother: Smoother, marginal: Vector) -> Vector:
    """bool [bins] (or [bins, bandwidths]): the bins that a contact's kernel gets to."""
    reach = smoother.smooth(marginal)
    return reach > NOISE * reach.max()


def curve_noise(
    operator: Operator, smoother: Smoother, u: Vector, mean: Any, settings: KernelSettings
) -> Vector:
    """Relative variance of h = S A S^T u by the noise of the contacts that it is a mean of.

    With v = S^T u that of A v is A v^2. Two things are left out, which nearly make up for each
    other: a contact within reach of the kernel counts at both its ends, and the balance takes
    back part of what noise does to a stretch of bins. A bootstrap finds errors .8 to 1 times these.
    """
    blurred = smoother.spread(u)
    return u * u * smoother.variance(operator.product(blurred * blurred)) / mean**2


def solve_by(step: Step, noise: Noise) -> Callable[[Problem, Any], Solution]:
    """The solver of a kernel method, from its step and the noise of what that leads to."""

    def solve(problem: Problem, settings: KernelSettings) -> Solution:
        return _solve(problem, settings, step, noise)

    return solve


def _solve(problem: Problem, settings: KernelSettings, step: Step, noise: Noise) -> Solution:
    """Weights whose mean balanced row sum is one; the rows do not each sum to one."""
    operator, chromosomes = problem.operator, problem.chromosomes()
    xp, note = operator.xp, ""
    if problem.bandwidth is not None:
        bandwidth, note = problem.bandwidth
    else:
        bandwidth = float(settings.bandwidth)
    widest = max(chromosomes, key=lambda chromosome: len(chromosome.kept))
    smoother = settings.smoother(chromosomes, bandwidth, problem.marginal, xp)
    mean = problem.marginal.sum() / operator.size
    within = to_numpy(within_reach(smoother, problem.marginal))
    dropped = None if within.all() or settings.positive_everywhere else ~within
    if dropped is not None:
        operator = operator.restrict(within)
        smoother = settings.smoother(
            restrict_chromosomes(chromosomes, within), bandwidth, operator.ones(), xp
        )
        mean = problem.marginal.sum() / operator.size

    stopping = settings.stopping
    u = operator.ones()
    status, cause, reason = Status.NOT_CONVERGED, Cause.LIMIT, note
    iteration = 0
    while iteration < stopping.max_iterations:
        iteration += 1
        sums = step(operator, smoother, u, mean, settings)
        largest, _ = problem.record(iteration, sums, 1.0)
        if not isfinite(largest):
            words = (
                f"the weights ran off to zero or infinity after {counted(iteration, 'iteration')}"
            )
            return Solution(u, Status.FAILED, iteration, Cause.DIVERGED, words, dropped=dropped)
        if largest < stopping.tolerance:
            status, cause = Status.CONVERGED, Cause.NONE
            break
        u = u / xp.sqrt(sums)
    else:
        words = not_enough(stopping.max_iterations, "iteration")
        reason = f"{words}: smoothed row sums still differ by up to {largest:.2g} from one"
        reason = f"{reason}; {note}" if note else reason
    row_sums = u * operator.product(u)
    total = row_sums.mean()
    return Solution(
        u / xp.sqrt(total),
        status,
        iteration,
        cause,
        reason,
        dropped=dropped,
        dropped_reason="no contact within reach of the kernel" if dropped is not None else "",
        bandwidth=widest.sigma(bandwidth) * widest.bin_size,
        row_sums=row_sums / total,
        errors=lambda: xp.sqrt(noise(operator, smoother, u, mean, settings)),
    )
