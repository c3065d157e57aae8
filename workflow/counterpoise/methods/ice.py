"""ICE: iterative correction (Imakaev et al. 2012), as ``cooler balance`` does it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Union

from counterpoise.backends.vectors import Vector
from counterpoise.errors import ConfigError
from counterpoise.methods.base import (
    ExactSettings,
    Method,
    OnFailure,
    Problem,
    Solution,
    require_choice,
    require_diagonal,
)
from counterpoise.methods.fixed_point import (
    Ending,
    Solver,
    State,
    iterate,
    make_update,
    recording_inspection,
    to_solution,
)
from counterpoise.records.citations import IMAKAEV


@dataclass
class IceSettings(ExactSettings):
    """Settings of ICE, with cooler's defaults: all contacts at once, without two diagonals.

    Attributes
    ----------
    tolerance : float or "cooler", default 1e-5
        Largest relative deviation of a row sum from the mean, or the word cooler.
        ``cooler`` stands for cooler's rule: the variance of the row sums is below
        ``cooler_variance``, which takes longer the deeper the map. It implies ``solver:
        plain``, and ``on_failure: keep`` instead of ``isolate``, so that bins and weights are
        cooler's.
    cooler_variance : float, default 1e-5
        Largest variance of the row sums, in counts squared, for ``tolerance: cooler``.
    max_iterations : int, default 1000
        Largest number of iterations.
    solver : {"anderson", "plain"}, default "anderson"
        How the next iterate follows from the last: anderson or plain.
        ``anderson`` combines the last six steps and needs a third to a half of the products;
        ``plain`` gives cooler's iterates. ``tolerance: cooler`` implies ``plain``.
    diagonal : {1, 2}, default 1
        How often a main-diagonal pixel counts in a row sum: 1, or 2 as in cooler before 0.11.
        Without effect if ``ignore_diags`` is above zero.
    """

    ignore_diags: int = 2
    # omegaconf 2.3 reads unions of plain types only in this spelling, and 1 not as a float
    tolerance: Union[int, float, str] = 1e-5  # noqa: UP007
    cooler_variance: float = 1e-5
    max_iterations: int = 1000
    solver: str = Solver.ANDERSON.value
    diagonal: int = 1

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        super().__post_init__()
        self.require_positive("cooler_variance")
        self.require_integers(max_iterations=1)
        require_diagonal(self.diagonal)
        require_choice("solver", self.solver, Solver)
        if isinstance(self.tolerance, str):
            if self.tolerance != "cooler":
                raise ConfigError(
                    f"tolerance is {self.tolerance!r}; it must be a number or the word 'cooler'."
                )
            self.solver = Solver.PLAIN.value
            if self.on_failure == OnFailure.ISOLATE:
                self.on_failure = OnFailure.KEEP.value
        else:
            self.require_positive("tolerance")


def solve(problem: Problem, settings: IceSettings) -> Solution:
    """Divide by the row sums, relative to the target and to their mean, until they are equal.

    Order and details of the plain steps are cooler's (``cooler._balance``): the scale and the
    stopping rule look at the row sums before the last update, and that update is kept.

    Parameters
    ----------
    problem : Problem
        The part.
    settings : IceSettings
        The method's settings.
    """
    product, target = problem.operator.product, problem.target
    raw = problem.marginal / target
    scale = raw.mean()
    plain = settings.solver == Solver.PLAIN

    def relative_row_sums(state: State) -> Vector:
        nonlocal scale
        if state.iteration == 1:
            return raw / scale
        row_sums = product(state.u)
        row_sums *= state.u
        row_sums /= target
        scale = row_sums.mean()
        return row_sums / scale

    def converged(state: State) -> bool:
        if settings.tolerance == "cooler":
            deviation = state.rms * float(scale)
            # Where row sums diverge, ** raises an OverflowError; * gives infinity.
            return deviation * deviation < settings.cooler_variance
        return state.largest < float(settings.tolerance)

    state = iterate(
        State(problem.operator.ones()),
        measure=relative_row_sums,
        inspect=recording_inspection(problem.record, converged),
        update=make_update(settings.solver, 1, problem.operator.xp),
        max_iterations=settings.max_iterations,
        last_update=plain,
    )
    if state.ending is Ending.DIVERGED:
        return to_solution(state)
    scaling = float(scale) ** -0.5
    solution = replace(to_solution(state), weights=state.u * scaling)
    if plain:
        return replace(solution, unconnected_weight=scaling)
    if state.ending is Ending.CONVERGED:
        return replace(solution, row_sums=state.quantity * target)
    return solution


METHODS = (
    Method(
        "ice",
        IceSettings,
        solve,
        "iterative correction; with `tolerance: cooler`, cooler's algorithm step by step",
        cites=(IMAKAEV,),
        revision=2,
        trans_weighting=True,
        follows_copy_number=True,
    ),
)
