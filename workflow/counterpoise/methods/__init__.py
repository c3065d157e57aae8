"""Balancing methods: one file each, found by itself.

To add one, write a module in this folder with a settings dataclass derived from
``MethodSettings``, a ``solve`` function and ``METHODS = (Method("name", Settings, solve),)``.
The workflow, the configuration schema and ``counterpoise.balance`` then know it.
"""

from __future__ import annotations

import math
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends import Operator
from counterpoise.errors import ConfigError
from counterpoise.selection import Scope
from counterpoise.trace import Recorder
from counterpoise.verdict import Cause, Status


class OnFailure(StrEnum):
    """What becomes of weights that are not balanced."""

    NAN = "nan"
    KEEP = "keep"
    STOP = "stop"


@dataclass
class MethodSettings:
    """Settings that every method has.

    Attributes
    ----------
    scope : ``genome`` (all contacts at once), ``cis`` (each chromosome by itself) or ``trans``.
    ignore_diags : leave out pixels with bin2 - bin1 below this.
    on_failure : for a map, or a chromosome of it, that is not balanced: ``nan`` writes no weights,
        ``keep`` writes those that were reached (unless they span more than twelve orders of
        magnitude, as they come to on a map without support), ``stop`` ends the job with an error.
    """

    scope: str = Scope.GENOME.value
    ignore_diags: int = 0
    on_failure: str = OnFailure.NAN.value

    def __post_init__(self) -> None:
        _one_of("scope", self.scope, Scope)
        _one_of("on_failure", self.on_failure, OnFailure)
        if self.ignore_diags < 0:
            raise ConfigError(f"ignore_diags is {self.ignore_diags}; it must be zero or more.")

    def require_positive(self, *keys: str) -> None:
        for key in keys:
            if not 0 < getattr(self, key) < math.inf:
                raise ConfigError(
                    f"{key} is {getattr(self, key)}; it must be a number above zero, and finite."
                )


def _one_of(key: str, value: str, allowed: type[StrEnum]) -> None:
    if value not in list(allowed):
        raise ConfigError(f"{key} is {value!r}; it must be one of {', '.join(allowed)}.")


@dataclass
class Solution:
    """What a method found for one part.

    Attributes
    ----------
    weights : float64 [kept bins], multiplicative.
    status : CONVERGED, COMPUTED or NOT_CONVERGED; FAILED where the numbers went astray.
    cause, reason : why not, in types and words; empty where it went well.
    iterations : of the method's outer loop.
    target : balanced row sum that the method aims at; None for "all equal".
    isolated_weight : what bins without a contact get; NaN but for methods that copy a peer's.
    """

    weights: NDArray[np.float64]
    status: Status
    iterations: int = 0
    cause: Cause = Cause.NONE
    reason: str = ""
    target: float | None = None
    isolated_weight: float = np.nan


@dataclass(frozen=True)
class Problem:
    """One part to be balanced: the operator over its bins, none of them without contacts.

    Attributes
    ----------
    operator : the symmetric map A; ``operator.product(x)`` is A x.
    marginal : float64 [bins], A 1, all above zero.
    record : keeps a line of the trace: ``record(iteration, balanced_row_sums, target)``.
    """

    operator: Operator
    marginal: NDArray[np.float64]
    record: Recorder


@dataclass(frozen=True)
class Method:
    """A balancing method: its name, its settings with their defaults, and its solver.

    ``trans_weighting``: see ``selection.select``.
    """

    name: str
    settings: type[MethodSettings]
    solve: Callable[[Problem, Any], Solution]
    trans_weighting: bool = False


@cache
def methods() -> dict[str, Method]:
    """Every method in this folder, by name."""
    found: dict[str, Method] = {}
    for module in pkgutil.iter_modules(__path__):
        for method in import_module(f"{__name__}.{module.name}").METHODS:
            found[method.name] = method
    return found


class Balancing(StrEnum):
    """Names of methods, as the tutorial's enum has them."""

    ICE = "ice"
    KR = "kr"
    VC = "vc"
    VC_SQRT = "vc_sqrt"
