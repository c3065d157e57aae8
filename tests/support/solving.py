"""A method on a dense matrix, in numpy or torch, and methods that are not in the package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from counterpoise.backends import Backend
from counterpoise.backends.base import Operator
from counterpoise.backends.choice import BackendChoice
from counterpoise.backends.scipy import selected_matrix
from counterpoise.balancing.api import Balance, balance, make_settings
from counterpoise.balancing.task import Task, open_part
from counterpoise.contacts.contact_map import ContactMap, Contacts
from counterpoise.contacts.selection import Scope, Selection, select
from counterpoise.methods import methods
from counterpoise.methods.base import Method, Problem, Solution
from counterpoise.methods.recorder import Recorder


def existing_settings(method: Method, **settings: Any) -> dict[str, Any]:
    """Return those of some settings that a method has."""
    return {key: value for key, value in settings.items() if hasattr(method.settings, key)}


def close_settings(method: str) -> dict[str, Any]:
    """Return settings under which a method comes close to the exact solution."""
    return existing_settings(methods()[method], tolerance=1e-10, max_iterations=5000)


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


@contextmanager
def registered(method: Method) -> Iterator[None]:
    """Add a method to the registry, in place of the one of its name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(methods(), method.name, method)
        yield


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


@dataclass(frozen=True)
class DenseTask(Task):
    """A task whose operators are dense, in numpy or in torch."""

    xp: Any = np

    def operator(self, contacts: ContactMap, selection: Selection) -> Operator:
        matrix = selected_matrix(contacts.load(), selection).toarray()
        return DenseOperator(self.xp.asarray(matrix), self.xp)


def solve_matrix(
    method: Method, matrix: NDArray[np.float64], xp: Any, **settings: Any
) -> tuple[Solution, Recorder]:
    """Balance all contacts of a matrix, whatever the settings select."""
    contacts = Contacts.from_matrix(matrix)
    (selection,) = select(contacts.bins, np.ones(len(matrix), bool), Scope.GENOME)
    of_method = make_settings(method, settings)
    task = DenseTask(contacts, method, of_method, BackendChoice("scipy"), threads=1, xp=xp)
    part = open_part(task, contacts, selection)
    with np.errstate(all="ignore"):
        return task.solve(part.problem()), part.recorder


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
    with registered(replace(chosen, solve=solve)):
        result = balance(matrix, method, backend="torch", device="cpu", scope="genome", **settings)
    return result, sizes
