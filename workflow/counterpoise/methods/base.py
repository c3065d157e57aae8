"""The contract between methods and the package: settings, problem, solution."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends import Operator
from counterpoise.backends.vectors import Vector
from counterpoise.contacts.chromosomes import ChromosomeBins
from counterpoise.contacts.selection import Scope
from counterpoise.errors import ConfigError
from counterpoise.methods.recorder import Recorder
from counterpoise.records.facts import Fact
from counterpoise.records.verdict import Cause, Status


class Target(StrEnum):
    """Row sums of one, the raw total of each part kept, or one mean row sum for all parts."""

    UNIT = "unit"
    TOTAL = "total"
    MEAN = "mean"


class OnFailure(StrEnum):
    """What becomes of weights that are not balanced."""

    NAN = "nan"
    KEEP = "keep"
    DROP = "drop"
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
        magnitude, as they come to on a map without support), ``drop`` leaves out bins as
        Juicer does, by row sum, up to the 1st, 2nd, 3rd, 4th and 10th percentile, until the others
        are balanced (of bins with equal row sums all go, which on sparse maps can be many),
        ``stop`` ends the job with an error. With all but ``keep``, whether an exact balancing
        exists is decided first, and nothing is iterated where none does.
    bootstrap : standard errors from so many maps whose counts are drawn anew, Poisson about those
        of the map, each balanced like it; 20 are enough for errors good to a sixth. 0 for those of
        a formula, which costs one product.
    seed : of all that is drawn: these maps, and the splits of a bandwidth's cross-validation.
    """

    scope: str = Scope.GENOME.value
    ignore_diags: int = 0
    on_failure: str = OnFailure.NAN.value
    bootstrap: int = 0
    seed: int = 1

    def __post_init__(self) -> None:
        _one_of("scope", self.scope, Scope)
        _one_of("on_failure", self.on_failure, OnFailure)
        self.require_whole(ignore_diags=0, bootstrap=0, seed=0)
        if self.bootstrap == 1:
            raise ConfigError("bootstrap is 1; it must be 0 (for none), 2 or more.")

    def require_whole(self, **least: int) -> None:
        for key, lowest in least.items():
            value = getattr(self, key)
            if not isinstance(value, Integral) or value < lowest:
                raise ConfigError(
                    f"{key} is {value!r}; it must be a whole number from {lowest} up."
                )

    def require_positive(self, *keys: str) -> None:
        for key in keys:
            if not 0 < getattr(self, key) < math.inf:
                raise ConfigError(
                    f"{key} is {getattr(self, key)}; it must be a number above zero, and finite."
                )


@dataclass
class EqualSumsSettings(MethodSettings):
    """Settings of methods that make all row sums equal.

    Attributes
    ----------
    target : what the row sums become, by one factor on all weights of a part: ``unit``, one;
        ``total``, such that the balanced total of the part equals the raw total (Juicer's scale);
        ``mean``, the mean raw row sum over all parts. The last two differ in scope ``cis`` alone,
        where ``mean`` gives every chromosome the same row sum.
    """

    target: str = Target.UNIT.value

    def __post_init__(self) -> None:
        super().__post_init__()
        _one_of("target", self.target, Target)


def check_diagonal(diagonal: int) -> None:
    """Of the methods that have this setting."""
    if diagonal not in (1, 2):
        raise ConfigError(f"diagonal is {diagonal}; it must be 1 or 2.")


def _one_of(key: str, value: str, allowed: type[StrEnum]) -> None:
    if value not in list(allowed):
        raise ConfigError(f"{key} is {value!r}; it must be one of {', '.join(allowed)}.")


@dataclass
class Solution:
    """What a method found for one part.

    Attributes
    ----------
    weights : Vector
        float64 [kept bins without ``dropped``], multiplicative; numpy or torch, as the operator's
        vectors are.
    status : Status
        CONVERGED, COMPUTED or NOT_CONVERGED; FAILED where the weights diverged.
    iterations : int
        Iterations of the method's outer loop.
    cause : Cause
        Why the method did not succeed.
    facts : tuple of Fact
        The same with its values; empty where the method succeeded.
    target : float or None
        Balanced row sum that the method aims at; None for "all equal".
    isolated_weight : float
        Weight for bins without a contact; NaN but for methods that copy a peer's.
    dropped : ndarray of bool, shape (kept bins,), or None
        True for bins that the method gave up to balance the others; None for none.
    dropped_because : tuple of Fact
        Why, and how many for each reason.
    bandwidth : float or None
        Bandwidth of a kernel method in base pairs (of the largest chromosome).
    row_sums : Vector or None
        float64, balanced row sums of exactly these weights, where the method ended with a product
        that gave them; None where they are still to be measured.
    errors : callable or None
        Returns the relative standard errors of the weights, float64 of their shape (NaN where
        the method has none); None for those of weights that make row sums equal
        (``standard_errors.closed_formula``).
    """

    weights: Vector
    status: Status
    iterations: int = 0
    cause: Cause = Cause.NONE
    facts: tuple[Fact, ...] = ()
    target: float | None = None
    isolated_weight: float = np.nan
    dropped: NDArray[np.bool_] | None = None
    dropped_because: tuple[Fact, ...] = ()
    bandwidth: float | None = None
    row_sums: Vector | None = None
    errors: Callable[[], Vector] | None = None


@dataclass(frozen=True)
class Problem:
    """One part to be balanced: the operator over its bins.

    Attributes
    ----------
    operator : Operator
        The symmetric map A; ``operator.product(x)`` is A x.
    marginal : Vector
        float64 [bins], A 1; all above zero but for methods that fill.
    record : Recorder
        Adds a row to the trace: ``record(iteration, balanced_row_sums, target)``, and returns the
        largest and the RMS relative deviation from the target.
    nonzeros : callable
        Returns the number of bins that each bin has contacts with, float64 [bins]; costs as much
        as building the operator does.
    chromosomes : callable
        Returns where the bins lie on their chromosomes.
    bandwidth : float or None
        The bandwidth that a search chose for this part, as in the settings; None where nothing
        was searched.
    """

    operator: Operator
    marginal: Vector
    record: Recorder
    nonzeros: Callable[[], Vector]
    chromosomes: Callable[[], list[ChromosomeBins]]
    bandwidth: float | None = None


@dataclass(frozen=True)
class Method:
    """A balancing method: its name, its settings with their defaults, and its solver.

    ``exact``: it is out for equal row sums on every bin, which not every map can have.
    ``trans_weighting``: see ``selection.select``. ``version`` says whose algorithm it is where
    several programs call different ones by this name. ``step``: of a kernel method, see
    ``counterpoise.methods.kernel.solver``. ``revision``: see ``counterpoise.cohort.revisions``.
    """

    name: str
    settings: type[MethodSettings]
    solve: Callable[[Problem, Any], Solution]
    exact: bool = False
    trans_weighting: bool = False
    version: str = ""
    step: Callable[..., Vector] | None = None
    revision: int = 1

    @property
    def fills(self) -> bool:
        """It finds weights for bins without a contact of their own, from their neighbours'."""
        return self.step is not None
