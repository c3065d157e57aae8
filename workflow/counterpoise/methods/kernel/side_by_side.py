"""Solve for several bandwidths side by side, in passes over the map that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from counterpoise.backends.base import Operator
from counterpoise.backends.vectors import Vector, to_numpy
from counterpoise.contacts.bandwidth import Bandwidth
from counterpoise.contacts.chromosomes import ChromosomeBins
from counterpoise.methods.anderson import Anderson
from counterpoise.methods.fixed_point import Ending, State, iterate, make_update
from counterpoise.methods.kernel.settings import KernelSettings
from counterpoise.methods.kernel.smoothing import Smoother
from counterpoise.methods.kernel.solver import Step, within_reach
from counterpoise.records.wording import NO_CONTACT_IN_REACH, WEIGHTS_DIVERGED, not_converged_after

# For a search of the bandwidth. This tolerance moves a score by less than neighbouring candidates
# differ.
TOLERANCE = 1e-5
MAX_ITERATIONS = 300


@dataclass
class _Columns:
    """Bandwidths that iterate side by side; each column of u ends separately.

    Attributes
    ----------
    operator, mean, step, settings : various
        The arguments of the method's step, and the step.
    smoother : Smoother
        For all columns.
    tolerance : float
        Largest deviation from one at which a column has converged.
    rejected : list of str
        Why each column is rejected; empty while it is not.
    """

    operator: Operator
    smoother: Smoother
    mean: Any
    step: Step
    settings: KernelSettings
    tolerance: float
    rejected: list[str]

    def __post_init__(self) -> None:
        """Make every column active that is not rejected."""
        self.iterations = [0] * len(self.rejected)
        self.active = [k for k, reason in enumerate(self.rejected) if not reason]
        self._stepped: list[int] = []
        self._active_smoother = self.smoother
        self._moving: Vector = None
        self._update = make_update(self.settings.solver, 0.5, self.operator.xp)

    def measure(self, state: State) -> Vector:
        """Return the quantity that is one at the solution, for the active columns."""
        if self._stepped != self.active:
            if isinstance(self._update, Anderson):
                self._update.select([self._stepped.index(k) for k in self.active if self._stepped])
            self._stepped, self._active_smoother = self.active, self.smoother.select(self.active)
        self._moving = state.u[:, self._stepped]
        return self.step(
            self.operator, self._active_smoother, self._moving, self.mean, self.settings
        )

    def inspect(self, state: State) -> Ending | None:
        """End the columns that converged or diverged; the iteration ends with the last."""
        deviations = to_numpy(self.operator.xp.amax(abs(state.quantity - 1), 0))
        self.active = []
        for k, deviation in zip(self._stepped, deviations, strict=True):
            if not np.isfinite(deviation):
                self.rejected[k] = WEIGHTS_DIVERGED
            elif deviation < self.tolerance:
                self.iterations[k] = state.iteration
            else:
                self.active.append(k)
        return None if self.active else Ending.CONVERGED

    def update(self, u: Vector, quantity: Vector) -> Vector:
        """Update the columns of the last step."""
        u[:, self._stepped] = self._update(self._moving, quantity)
        return u


def solve_together(
    operator: Operator,
    chromosomes: Sequence[ChromosomeBins],
    bandwidths: list[Bandwidth],
    start: Vector,
    step: Step,
    settings: KernelSettings,
) -> tuple[Vector, list[int], list[str]]:
    """Solve for several bandwidths side by side.

    Parameters
    ----------
    operator : Operator
        The map.
    chromosomes : sequence of ChromosomeBins
        Where its bins lie.
    bandwidths : list of Bandwidth
        One for each column.
    start : Vector
        float64 [bins], where every column starts.
    step : Step
        The method's step.
    settings : KernelSettings
        The method's settings.

    Returns
    -------
    u : Vector
        float64 [bins, bandwidths].
    iterations : list of int
        Iterations of each column; 0 for those that are rejected.
    rejected : list of str
        Why each column is rejected; empty where it is not.
    """
    xp, stopping = operator.xp, settings.stopping
    smoother = settings.smoother(chromosomes, bandwidths, start, xp)
    marginal = operator.product(operator.ones())
    tolerance, limit = stopping.tolerance, stopping.max_iterations
    if not stopping.decides:
        tolerance, limit = max(tolerance, TOLERANCE), min(limit, MAX_ITERATIONS)
    # A method that smooths because it is stopped always starts from one.
    u = xp.stack([xp.ones_like(start) if stopping.decides else start] * len(bandwidths)).T
    rejected = [""] * len(bandwidths)
    if not settings.positive_everywhere:
        reached = to_numpy(within_reach(smoother, xp.stack([marginal] * len(bandwidths)).T))
        rejected = ["" if column.all() else NO_CONTACT_IN_REACH for column in reached.T]
    mean = marginal.sum() / operator.size
    columns = _Columns(operator, smoother, mean, step, settings, tolerance, rejected)
    state = State(u)
    if columns.active:
        # Columns that diverge overflow before they are rejected.
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            iterate(
                state, columns.measure, columns.inspect, columns.update, limit, last_update=True
            )
    for k in columns.active:
        columns.iterations[k] = limit
        if not stopping.decides:
            rejected[k], columns.iterations[k] = not_converged_after(limit), 0
    return state.u, columns.iterations, rejected
