"""SSK: symmetric Sinkhorn-Knopp, rows and columns scaled at once (Knight, Ruiz & Ucar 2014).

Algorithm 2 of Park, Hao, Niu & Hu, arXiv 2506.12626. The solution is that of KR and ICE: each step
moves a weight half the way, in logarithms, to where its row sum would have its target. So it cannot
swing between two states, and slows down only on maps with two groups of bins and nearly all
contacts between them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from counterpoise.backends.vectors import Vector
from counterpoise.methods.base import ExactSettings, Method, Problem, Solution, require_choice
from counterpoise.methods.fixed_point import (
    Ending,
    Solver,
    State,
    iterate,
    make_update,
    recording_inspection,
    to_solution,
)
from counterpoise.records.citations import SINKHORN_KNOPP


@dataclass
class SskSettings(ExactSettings):
    """Settings of SSK: all contacts at once, without two diagonals.

    Attributes
    ----------
    tolerance : float, default 1e-8
        Row sums must differ from their target by less than this, relative to it.
    max_iterations : int, default 1000
        Largest number of iterations.
    solver : {"anderson", "plain"}, default "anderson"
        How the next iterate follows from the last: anderson or plain.
        ``anderson`` combines the last six steps and needs a third to a half of the products.
    """

    ignore_diags: int = 2
    tolerance: float = 1e-8
    max_iterations: int = 1000
    solver: str = Solver.ANDERSON.value

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        super().__post_init__()
        self.require_positive("tolerance")
        self.require_integers(max_iterations=1)
        require_choice("solver", self.solver, Solver)


def solve(problem: Problem, settings: SskSettings) -> Solution:
    """Find row sums of t, the target: d <- sqrt(t d / (A d)), from d = 1.

    Parameters
    ----------
    problem : Problem
        The part.
    settings : SskSettings
        The method's settings.
    """
    product, root = problem.operator.product, problem.operator.xp.sqrt
    target = problem.target

    def relative_row_sums(state: State) -> Vector:
        sums = product(state.u)
        sums *= state.u
        sums /= target
        return sums

    state = iterate(
        State(target**0.5 / root(problem.marginal)),  # d after its first step
        measure=relative_row_sums,
        inspect=recording_inspection(
            problem.record, lambda state: state.largest < settings.tolerance
        ),
        update=make_update(settings.solver, 0.5, problem.operator.xp),
        max_iterations=settings.max_iterations,
    )
    balanced = state.quantity * target if state.ending is Ending.CONVERGED else None
    return replace(to_solution(state), target=1.0, row_sums=balanced)


METHODS = (
    Method(
        "ssk",
        SskSettings,
        solve,
        "symmetric Sinkhorn-Knopp: the simplest method that converges on every map that has a "
        "solution",
        cites=(SINKHORN_KNOPP,),
        follows_copy_number=True,
        revision=2,
    ),
)
