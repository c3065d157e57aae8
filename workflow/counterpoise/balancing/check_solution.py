"""The check that a method returned what ``Solution`` promises."""

from __future__ import annotations

from typing import Any

import numpy as np

from counterpoise.backends.vectors import Vector
from counterpoise.contacts.contact_map import describe_type
from counterpoise.methods.base import Problem, Solution
from counterpoise.records.excess import Excess
from counterpoise.records.verdict import Status


def check_solution(name: str, problem: Problem, solution: Any) -> None:
    """Refuse a solution without a status, or whose arrays do not go with the problem.

    Parameters
    ----------
    name : str
        Name of the method.
    problem : Problem
        The part that it balanced.
    solution : object
        What its ``solve`` returned.

    Raises
    ------
    TypeError
        It is no ``Solution``, its status is no ``Status``, or an array is of another library,
        device, type or shape than its documentation says.
    """
    if not isinstance(solution, Solution):
        raise TypeError(f"solve of {name} returned {describe_type(solution)}, not a Solution")
    if not isinstance(solution.status, Status):
        raise TypeError(
            f"solve of {name} returned status as {describe_type(solution.status)}; return a Status "
            "(see Solution in methods/base.py)"
        )
    size = problem.operator.size
    if solution.dropped is not None:
        check_vector(name, "dropped", solution.dropped, np.empty(size, bool))
        size = int(np.count_nonzero(~solution.dropped))
    expected = problem.marginal[:size]
    check_vector(name, "weights", solution.weights, expected)
    if solution.row_sums is not None:
        check_vector(name, "row_sums", solution.row_sums, expected)


def check_excess(name: str, excess: Any) -> None:
    """Refuse an expected excess without its standard error.

    Parameters
    ----------
    name : str
        Name of the method.
    excess : object
        What ``Solution.unevenness`` returned.

    Raises
    ------
    TypeError
        It is no ``Excess``.
    """
    if not isinstance(excess, Excess):
        raise TypeError(
            f"unevenness of {name} returned {describe_type(excess)}; return an Excess "
            "(see Solution in methods/base.py)"
        )


def check_vector(name: str, attribute: str, array: Any, expected: Vector) -> None:
    """Refuse an array that is not of the kind and shape of another one.

    Parameters
    ----------
    name : str
        Name of the method.
    attribute : str
        The attribute of ``Solution`` that gave the array.
    array : object
        What the method returned.
    expected : Vector
        An array of the right library, device, type and shape.

    Raises
    ------
    TypeError
        One of these differs.
    """
    if _kind(array) != _kind(expected):
        raise TypeError(
            f"solve of {name} returned {attribute} as {_describe(array)}; return "
            f"{_describe(expected)} (see Solution in methods/base.py)"
        )


def _kind(array: Any) -> tuple[Any, ...]:
    """Return the class, type of numbers, shape and device of an array."""
    return type(array), *(getattr(array, key, None) for key in ("dtype", "shape", "device"))


def _describe(array: Any) -> str:
    """Return the kind of an array in words."""
    device = getattr(array, "device", "cpu")
    return describe_type(array) + (f" on {device}" if str(device) != "cpu" else "")
