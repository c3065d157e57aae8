"""A kernel method: what it drives to one, its errors, and the iteration without a record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from counterpoise.backends.base import Operator
from counterpoise.backends.vectors import Vector, deviations
from counterpoise.methods.fixed_point import Ending, State, iterate, make_update
from counterpoise.methods.kernel.evidence import measure_evidence
from counterpoise.methods.kernel.settings import KernelSettings
from counterpoise.methods.kernel.smoothing import Smoother

# Rounding of the transforms, as a share of the largest smoothed row sum.
ROUNDING = 1e-16
LARGEST_ROUNDING = 1e-6

# Float64 [bins], from the operator, the smoother, u, the mean row sum and the settings.
Measure = Callable[[Operator, Any, Vector, Any, Any], Vector]


@dataclass(frozen=True)
class Estimator:
    """The functions and the number that define a kernel method.

    Attributes
    ----------
    step : callable
        The quantity that the method drives to one; the update is u / sqrt(quantity).
    noise : callable
        The relative variance of u by counting noise.
    own_weight : callable or None
        The share of a bin's own contacts in its estimate, beyond that of the kernel; None for
        none.
    precision : callable or None
        The inverse of the relative variance of a bin's own estimate about the curve; None for
        methods that take no prior.
    tie : float
        Candidates whose score is within this many standard deviations of the least count as
        equal, and the widest of them is chosen.
    """

    step: Measure
    noise: Measure
    own_weight: Measure | None = None
    precision: Measure | None = None
    tie: float = 0.0


def within_reach(smoother: Smoother, marginal: Vector, tolerance: float) -> Vector:
    """Return which bins have contacts, or are reached by the kernel of one.

    Where the smoothed row sum is so small that its rounding exceeds the tolerance, a bin would keep
    all others from converging.

    Parameters
    ----------
    smoother : Smoother
        The kernel.
    marginal : Vector
        float64 [bins], raw row sums.
    tolerance : float
        Deviation at which the method stops.

    Returns
    -------
    Vector
        bool [bins].
    """
    reach = smoother.smooth(marginal)
    least = min(ROUNDING / tolerance, LARGEST_ROUNDING)
    return (reach > least * reach.max()) | (marginal > 0)


def approach(
    operator: Operator,
    smoother: Smoother,
    start: Vector,
    mean: Any,
    estimator: Estimator,
    settings: KernelSettings,
    close: Callable[[State], bool],
    max_iterations: int,
) -> State:
    """Iterate towards the solution for one candidate, without a trace.

    Parameters
    ----------
    operator : Operator
        The map.
    smoother : Smoother
        The candidate's smoother.
    start : Vector
        float64 [bins], where u starts.
    mean : float
        Mean raw row sum.
    estimator : Estimator
        The method.
    settings : KernelSettings
        Its settings.
    close : callable
        Whether the deviations in the state are small enough.
    max_iterations : int
        Steps after which the iteration ends.

    Returns
    -------
    State
        The last u, and how it ended.
    """

    def inspect(state: State) -> Ending | None:
        state.largest, state.rms = deviations(state.quantity, 1.0)
        if not isfinite(state.largest):
            return Ending.DIVERGED
        return Ending.CONVERGED if close(state) else None

    with np.errstate(over="ignore", divide="ignore", invalid="ignore", under="ignore"):
        return iterate(
            State(start + 0.0),  # the update may overwrite it
            lambda state: estimator.step(operator, smoother, state.u, mean, settings),
            inspect,
            make_update(settings.solver, 0.5, operator.xp),
            max_iterations,
        )


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
        Its smoother.
    u : Vector
        float64 [bins].
    mean : float
        Mean raw row sum.
    settings : KernelSettings
        The method's settings.
    """
    blurred = smoother.spread(u)
    return u * u * smoother.variance(operator.product(blurred * blurred)) / mean**2


def bin_noise(
    operator: Operator, smoother: Smoother, u: Vector, mean: Any, settings: KernelSettings
) -> Vector:
    """Return the relative variance of a bin's bias: that of the curve, and of bins about it.

    Parameters
    ----------
    operator, smoother, u, mean, settings : various
        As for ``curve_noise``.
    """
    scatter = measure_evidence(operator, smoother, u, mean).scatter.clip(0)
    return curve_noise(operator, smoother, u, mean, settings) + scatter
