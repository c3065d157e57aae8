"""SSK: symmetric Sinkhorn-Knopp, rows and columns scaled at once (Knight, Ruiz & Ucar 2014).

Algorithm 2 of Park, Hao, Niu & Hu, arXiv 2506.12626. The same solution as KR and ICE by another
path: each step brings a weight half the way, in logarithms, to where its row sum would be one. So
it cannot swing between two states, and slows down only where a map has two groups of bins with
nearly all contacts between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from counterpoise.methods.base import EqualSumsSettings, Method, Problem, Solution
from counterpoise.records.verdict import Cause, Status, counted, not_enough


@dataclass
class SskSettings(EqualSumsSettings):
    """Settings of SSK: all contacts at once, without two diagonals.

    Attributes
    ----------
    tolerance : float, default 1e-8
        Row sums must differ from one by less than this.
    max_iterations : int, default 1000
        Largest number of iterations.
    """

    ignore_diags: int = 2
    tolerance: float = 1e-8
    max_iterations: int = 1000

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        super().__post_init__()
        self.require_positive("tolerance", "max_iterations")


def solve(problem: Problem, settings: SskSettings) -> Solution:
    """Unit row sums: d <- sqrt(d / (A d)), from d = 1."""
    product, root = problem.operator.product, problem.operator.xp.sqrt
    weights = 1 / root(problem.marginal)
    for iteration in range(1, settings.max_iterations + 1):
        row_sums = product(weights)
        row_sums *= weights
        largest, _ = problem.record(iteration, row_sums, 1.0)
        if not isfinite(largest):
            words = (
                f"the weights ran off to zero or infinity after {counted(iteration, 'iteration')}"
            )
            return Solution(weights, Status.FAILED, iteration, Cause.DIVERGED, words, target=1.0)
        if largest < settings.tolerance:
            return Solution(weights, Status.CONVERGED, iteration, target=1.0, row_sums=row_sums)
        weights /= root(row_sums)
    words = not_enough(settings.max_iterations, "iteration")
    return Solution(
        weights, Status.NOT_CONVERGED, settings.max_iterations, Cause.LIMIT, words, target=1.0
    )


METHODS = (
    Method(
        "ssk",
        SskSettings,
        solve,
        "symmetric Sinkhorn-Knopp: the simplest method that converges on every map that has a "
        "solution",
        exact=True,
    ),
)
