"""A method on a dense matrix, in numpy or torch, without the rest of a balance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.balancing.api import make_settings
from counterpoise.contacts.chromosomes import ChromosomeBins
from counterpoise.methods import methods
from counterpoise.methods.base import Problem, Solution
from counterpoise.methods.recorder import Recorder


def close_settings(method: str) -> dict[str, Any]:
    """Return settings under which a method comes close to the exact solution."""
    tight = {"tolerance": 1e-10, "max_iterations": 5000}
    return {key: tight[key] for key in tight if hasattr(methods()[method].settings, key)}


class DenseOperator:
    """A dense map as an operator, in numpy or in torch."""

    def __init__(self, matrix: Any, xp: Any) -> None:
        self.matrix, self.xp, self.size = matrix, xp, len(matrix)

    def ones(self) -> Any:
        return self.xp.ones_like(self.matrix[0])

    def product(self, x: Any) -> Any:
        assert type(x) is type(self.matrix), "a vector left its library"
        return self.matrix @ x

    def restrict(self, kept: NDArray[np.bool_]) -> DenseOperator:
        return DenseOperator(self.matrix[kept][:, kept], self.xp)


def solve_matrix(method: str, matrix: Any, xp: Any, **settings: Any) -> tuple[Solution, Recorder]:
    operator = DenseOperator(matrix, xp)
    pattern = DenseOperator((matrix > 0) * operator.ones(), xp)
    marginal, recorder = operator.product(operator.ones()), Recorder("genome")
    nonzeros = lambda: pattern.product(pattern.ones())  # noqa: E731
    chromosome = ChromosomeBins(np.ones(len(matrix), bool), 1.0)
    problem = Problem(operator, marginal, recorder, nonzeros, lambda: [chromosome])
    chosen = methods()[method]
    with np.errstate(all="ignore"):
        return chosen.solve(problem, make_settings(chosen, settings)), recorder
