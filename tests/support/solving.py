"""A method on a dense matrix, in numpy or torch, without the rest of a balance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from counterpoise.backends import Backend
from counterpoise.balancing.api import Balance, balance, make_settings
from counterpoise.contacts.chromosomes import ChromosomeBins
from counterpoise.methods import methods
from counterpoise.methods.base import Problem, Solution
from counterpoise.methods.recorder import Recorder


def close_settings(method: str) -> dict[str, Any]:
    """Return settings under which a method comes close to the exact solution."""
    tight = {"tolerance": 1e-10, "max_iterations": 5000}
    return {key: tight[key] for key in tight if hasattr(methods()[method].settings, key)}


def backends() -> list[dict[str, str]]:
    """Every backend on the CPU, and torch on a GPU if there is one."""
    choices: list[dict[str, str]] = [
        {"backend": str(name)} for name in Backend if name not in ("auto", "torch")
    ]
    try:
        import torch
    except ImportError:
        return choices
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    return [*choices, *({"backend": "torch", "device": device} for device in devices)]


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
    problem = Problem(
        operator,
        marginal,
        recorder,
        nonzeros,
        chromosomes=lambda: [chromosome],
    )
    chosen = methods()[method]
    with np.errstate(all="ignore"):
        return chosen.solve(problem, make_settings(chosen, settings)), recorder


def torch_reads(method: str, matrix: Any, **settings: Any) -> tuple[Balance, list[int]]:
    """Balance on torch, and return the sizes of the tensors that the method read to the CPU."""
    import torch

    sizes: list[int] = []

    def count_reads(original: Any) -> Any:
        def read(self: Any, *arguments: Any, **keywords: Any) -> Any:
            sizes.append(self.numel())
            return original(self, *arguments, **keywords)

        return read

    def solve(problem: Problem, settings: Any) -> Solution:
        with pytest.MonkeyPatch.context() as patch:
            for name in ("tolist", "cpu", "numpy", "item", "__float__", "__array__"):
                patch.setattr(torch.Tensor, name, count_reads(getattr(torch.Tensor, name)))
            return chosen.solve(problem, settings)

    chosen = methods()[method]
    registry = {**methods(), method: replace(chosen, solve=solve)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("counterpoise.balancing.api.methods", lambda: registry)
        result = balance(matrix, method, backend="torch", device="cpu", scope="genome", **settings)
    return result, sizes
