"""The loop of all methods that are fixed points, and the endings of all that iterate.

A fixed-point method has a quantity that depends on the vector u and is one at the solution
(row sums, smoothed row sums), and an update of u by it, such as u / sqrt(quantity).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum
from math import isfinite
from typing import Any

from counterpoise.backends.vectors import Vector
from counterpoise.methods.anderson import Anderson
from counterpoise.methods.base import Solution
from counterpoise.methods.recorder import Recorder
from counterpoise.records.facts import Diverged, LimitReached, Unit
from counterpoise.records.verdict import Cause, Status


class Solver(StrEnum):
    """Ways from one step of a fixed point to the next."""

    ANDERSON = "anderson"
    PLAIN = "plain"


class Ending(Enum):
    """Endings of an iteration; ``STALLED`` where a few bins keep it from converging."""

    CONVERGED = "converged"
    DIVERGED = "diverged"
    LIMIT = "limit"
    STALLED = "stalled"


@dataclass
class State:
    """The state of a fixed-point iteration.

    Attributes
    ----------
    u : Vector
        float64 [bins].
    iteration : int
        Steps so far.
    quantity : Vector
        Value, before the last update, of the quantity that equals one at the solution.
    largest, rms : float
        Its largest and RMS deviation from one.
    ending : Ending or None
        None while the iteration goes on.
    """

    u: Vector
    iteration: int = 0
    quantity: Vector = None
    largest: float = float("inf")
    rms: float = float("inf")
    ending: Ending | None = None


def iterate(
    state: State,
    measure: Callable[[State], Vector],
    inspect: Callable[[State], Ending | None],
    update: Callable[[Vector, Vector], Vector],
    max_iterations: int,
    last_update: bool = False,
) -> State:
    """Iterate u <- update(u, measure(u)) until it ends.

    Parameters
    ----------
    state : State
        Holds the start; changed in place and returned.
    measure : callable
        Returns the quantity that is one at the solution, from the state.
    inspect : callable
        Returns how the iteration ends after the last step; None to go on.
    update : callable
        Returns the next u from u and the quantity; may overwrite u.
    max_iterations : int
        Steps after which the iteration ends.
    last_update : bool
        Whether the update of the step that converged is made, too.
    """
    while state.ending is None:
        if state.iteration >= max_iterations:
            state.ending = Ending.LIMIT
            break
        state.iteration += 1
        state.quantity = measure(state)
        state.ending = inspect(state)
        if state.ending is None or (last_update and state.ending is Ending.CONVERGED):
            state.u = update(state.u, state.quantity)
    return state


def make_update(solver: str, power: float, xp: Any) -> Callable[[Vector, Vector], Vector]:
    """Return the update u <- u / quantity ** power, accelerated or plain.

    Parameters
    ----------
    solver : {"anderson", "plain"}
        The setting ``solver`` of a method.
    power : {1, 0.5}
        Power of the plain step.
    xp : module
        numpy or torch.
    """
    if solver == Solver.ANDERSON:
        return Anderson(power, xp)
    if power == 1:
        return lambda u, quantity: u / quantity
    return lambda u, quantity: u / xp.sqrt(quantity)


def recording_inspection(
    record: Recorder, converged: Callable[[State], bool]
) -> Callable[[State], Ending | None]:
    """Return the inspection of one vector: add a row to the trace, then look at it.

    Parameters
    ----------
    record : Recorder
        The trace.
    converged : callable
        Whether the deviations in the state are small enough.
    """

    def inspect(state: State) -> Ending | None:
        state.largest, state.rms = record(state.iteration, state.quantity, 1.0)
        if not isfinite(state.largest):
            return Ending.DIVERGED
        return Ending.CONVERGED if converged(state) else None

    return inspect


def to_solution(state: State) -> Solution:
    """Return the solution that an iteration ended with; its weights are u.

    Parameters
    ----------
    state : State
        With an ending.
    """
    if state.ending is Ending.DIVERGED:
        return diverged(state.u, state.iteration)
    if state.ending in (Ending.LIMIT, Ending.STALLED):
        return limit_reached(state.u, state.iteration, state.iteration)
    return Solution(state.u, Status.CONVERGED, state.iteration)


def diverged(weights: Vector, iterations: int, unit: Unit = Unit.ITERATIONS) -> Solution:
    """Return the solution of a method whose weights diverged to zero or infinity.

    Parameters
    ----------
    weights : Vector
        The weights reached.
    iterations : int
        Iterations of the method's outer loop.
    unit : Unit
        What they are called.
    """
    facts = (Diverged(iterations, unit),)
    return Solution(weights, Status.FAILED, iterations, Cause.DIVERGED, facts)


def limit_reached(
    weights: Vector, iterations: int, limit: int, unit: Unit = Unit.ITERATIONS
) -> Solution:
    """Return the solution of a method that reached its limit.

    Parameters
    ----------
    weights : Vector
        The weights reached.
    iterations : int
        Iterations of the method's outer loop.
    limit : int
        The limit.
    unit : Unit
        What the limit counts.
    """
    facts = (LimitReached(limit, unit),)
    return Solution(weights, Status.NOT_CONVERGED, iterations, Cause.LIMIT, facts)
