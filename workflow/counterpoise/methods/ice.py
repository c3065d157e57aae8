"""ICE: iterative correction (Imakaev et al. 2012), as ``cooler balance`` does it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Union

from counterpoise.backends.vectors import Vector
from counterpoise.errors import ConfigError
from counterpoise.methods.base import (
    EqualSumsSettings,
    Method,
    OnFailure,
    Problem,
    Solution,
    check_diagonal,
)
from counterpoise.methods.fixed_point import Ending, State, ended, iterate, recorded

COOLER_TOLERANCE = 1e-5  # cooler's own default: the variance of row sums, in counts squared


@dataclass
class IceSettings(EqualSumsSettings):
    """Settings of ICE.

    Attributes
    ----------
    on_failure : ``keep`` by default, as cooler does: ICE comes ever closer and its weights are of
        use before they are exact. The verdict and the column's attributes say what they are.
    tolerance : stop when no row sum differs from the mean by more than this share of it; or the
        word ``cooler``, for cooler's rule: variance of the row sums below 1e-5 counts squared,
        which takes the longer the deeper the map.
    max_iterations : give up after as many.
    diagonal : how often a main-diagonal pixel counts in a row sum: 1, or 2 as in cooler
        before 0.11. Without effect where ``ignore_diags`` is above zero.
    """

    ignore_diags: int = 2
    on_failure: str = OnFailure.KEEP.value
    # omegaconf 2.3 reads unions of plain types only in this spelling
    tolerance: Union[float, str] = 1e-5  # noqa: UP007
    max_iterations: int = 1000
    diagonal: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_positive("max_iterations")
        check_diagonal(self.diagonal)
        if isinstance(self.tolerance, str):
            if self.tolerance != "cooler":
                raise ConfigError(
                    f"tolerance is {self.tolerance!r}; it must be a number or the word 'cooler'."
                )
        else:
            self.require_positive("tolerance")


def solve(problem: Problem, settings: IceSettings) -> Solution:
    """Divide by the row sums relative to their mean until they are equal.

    Order and details are cooler's (``cooler._balance``): the scale and the stopping rule look at
    the row sums before the last update, and that update is kept.
    """
    product, scale = problem.operator.product, problem.marginal.mean()

    def relative_row_sums(state: State) -> Vector:
        nonlocal scale
        if state.iteration == 1:
            return problem.marginal / scale
        row_sums = product(state.u)
        row_sums *= state.u
        scale = row_sums.mean()
        return row_sums / scale

    def converged(state: State) -> bool:
        if settings.tolerance == "cooler":
            return (state.rms * float(scale)) ** 2 < COOLER_TOLERANCE
        return state.largest < float(settings.tolerance)

    state = iterate(
        State(problem.operator.ones()),
        measure=relative_row_sums,
        inspect=recorded(problem.record, converged),
        update=divide,
        max_iterations=settings.max_iterations,
        last_update=True,
    )
    if state.ending is Ending.DIVERGED:
        return ended(state)
    scaling = float(scale) ** -0.5
    return replace(ended(state), weights=state.u * scaling, isolated_weight=scaling)


def divide(u: Vector, relative: Vector) -> Vector:
    """Divide u, in place, by the row sums relative to their mean."""
    u /= relative
    return u


METHODS = (Method("ice", IceSettings, solve, exact=True, trans_weighting=True),)
