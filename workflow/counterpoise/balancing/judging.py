"""Judge what a method reached, by a table over measured facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from counterpoise.backends.vectors import Vector, deviations, to_numpy
from counterpoise.balancing.support import Decision, decide, examine
from counterpoise.balancing.task import Part, Task
from counterpoise.contacts.selection import Selection
from counterpoise.methods import Balancing
from counterpoise.methods.base import (
    EqualSumsSettings,
    ExactSettings,
    Solution,
)
from counterpoise.methods.kernel.settings import KernelSettings
from counterpoise.records.facts import (
    Balanceable,
    CloseEnough,
    DeviationLeft,
    Disconnected,
    Diverged,
    ExistenceUnknown,
    Fact,
    LargeSpan,
    Measure,
    NotExamined,
)
from counterpoise.records.verdict import Cause, Status

# Weights relative to sqrt(target / raw row sum) are near one on every real map. Where they span
# more than this, the map may lack total support: row sums then approach equality while some weights
# go to zero and others to infinity.
LARGEST_SPAN = 1e3

# A part that stops this close counts as converged: within a multiple of its tolerance, below a
# deviation that no use of the weights can notice, and well below the noise of the weights.
FLOOR_TOLERANCES, FLOOR_DEVIATION, FLOOR_ERRORS = 100, 1e-4, 0.1


@dataclass(frozen=True)
class Measured:
    """Balanced row sums, measured with the final weights.

    Attributes
    ----------
    row_sums : Vector
        float64 [bins].
    max_deviation, rms_deviation : float or None
        Largest and RMS relative deviation from the target; None unless all row sums are finite
        and all weights positive.
    span : float
        Largest over smallest weight, each relative to sqrt(target / raw row sum); infinite where
        the deviations are None.
    """

    row_sums: Vector
    max_deviation: float | None
    rms_deviation: float | None
    span: float

    @property
    def finite(self) -> bool:
        """Whether weights and row sums are usable numbers."""
        return self.max_deviation is not None

    @property
    def weights_diverged(self) -> bool:
        """Whether some weights went to zero and others to infinity."""
        return self.finite and self.span > LARGEST_SPAN


def measure_row_sums(part: Part, solution: Solution) -> Measured:
    """Measure the row sums that a solution's weights give.

    Parameters
    ----------
    part : Part
        The bins that have weights.
    solution : Solution
        What the method returned.
    """
    # A diverging run overflows before the method notices.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore", under="ignore"):
        measured = solution.row_sums
        if measured is None:
            measured = solution.weights * part.operator.product(solution.weights)
    row_sums, weights = to_numpy(measured), to_numpy(solution.weights)
    if not (np.isfinite(row_sums).all() and (weights > 0).all()):
        return Measured(measured, None, None, np.inf)
    largest, rms = deviations(part.relative(row_sums), solution.target)
    marginal = part.relative(to_numpy(part.marginal))
    has_contacts = marginal > 0
    relative = weights[has_contacts] * np.sqrt(marginal[has_contacts])
    with np.errstate(over="ignore"):  # the span itself may overflow
        return Measured(measured, largest, rms, float(relative.max() / relative.min()))


@dataclass(frozen=True)
class Judgement:
    """The verdict on an attempt.

    Attributes
    ----------
    status : Status
        How the attempt ended.
    cause : Cause
        Why the part is not balanced.
    facts : tuple of Fact
        What the reason will say.
    """

    status: Status
    cause: Cause
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Case:
    """Facts about an attempt, on which the rules decide.

    Attributes
    ----------
    task : Task
        The map, the method and its settings.
    selection : Selection
        The bins whose structure is examined; each has a contact unless the method fills.
    solution : Solution
        What the method returned.
    measured : Measured
        Row sums with the final weights.
    decision : Decision or None
        What was decided before the method ran; None if nothing was.
    median_error : callable
        Returns the median standard error of the weights, for at most one product.
    """

    task: Task
    selection: Selection
    solution: Solution
    measured: Measured
    decision: Decision | None
    median_error: Callable[[], float]

    @cached_property
    def structure(self) -> Decision:
        """Whether an exact balancing exists, by the cheapest proof.

        The proof is about equal row sums. With copy numbers it is asked for after the method
        failed: bins that rule out equal row sums are then the likely cause.
        """
        return self.decision or decide(self.task.contacts, self.selection, self.task.examine_limit)

    @cached_property
    def components(self) -> int | None:
        """Connected components of the map; None where it is too large to examine."""
        if self.structure.components is not None:
            return self.structure.components
        return examine(self.task.contacts, self.selection, self.task.examine_limit).components

    # The conditions of the table.

    def is_settled(self) -> bool:
        """Return whether the method succeeded and the measured weights agree."""
        return (
            self.measured.finite
            and self.solution.status.balanced
            and not (self.solution.status is Status.CONVERGED and self.measured.weights_diverged)
        )

    def is_close_enough(self) -> bool:
        """Return whether the method stopped so close that the difference is of no consequence."""
        tolerance = self._tolerance()
        if tolerance is None or not self.measured.finite or self.measured.weights_diverged:
            return False
        deviation, _ = self._deviation()
        close = deviation < min(FLOOR_TOLERANCES * tolerance, FLOOR_DEVIATION)
        return close and deviation < FLOOR_ERRORS * self.median_error()

    def is_inexact(self) -> bool:
        """Return whether the method does not aim at equal row sums."""
        return not isinstance(self.task.settings, EqualSumsSettings)

    def is_not_finite(self) -> bool:
        """Return whether weights or row sums are not finite."""
        return not self.measured.finite

    def is_inexact_and_not_finite(self) -> bool:
        """Return whether both of the last two hold."""
        return self.is_inexact() and self.is_not_finite()

    def weights_diverged(self) -> bool:
        """Return whether the method converged, but its weights go to zero and infinity."""
        return self.solution.status is Status.CONVERGED and self.measured.weights_diverged

    def is_uneven(self) -> bool:
        """Return whether the weights diverged although an exact balancing exists."""
        proven = self.task.target is None and self.structure.exists is True
        return self.weights_diverged() and proven

    def lacks_support(self) -> bool:
        """Return whether no exact balancing exists."""
        return self.structure.cause is Cause.NO_SUPPORT

    def lacks_total_support(self) -> bool:
        """Return whether exact balancing exists only as a limit."""
        return self.structure.cause is Cause.NO_TOTAL_SUPPORT

    def is_disconnected(self) -> bool:
        """Return whether the method needs one scale, but the map has several components."""
        return self.solution.target is None and (self.components or 1) > 1

    def is_disconnected_and_not_finite(self) -> bool:
        """Return whether the map is disconnected and the weights are not finite."""
        return self.is_not_finite() and self.is_disconnected()

    def is_disconnected_and_weights_diverged(self) -> bool:
        """Return whether the map is disconnected and the weights diverged."""
        return self.weights_diverged() and self.is_disconnected()

    def always(self) -> bool:
        """Return True: the last rule."""
        return True

    # The facts of the table.

    def method_facts(self) -> tuple[Fact, ...]:
        """Return what the method says."""
        return self.solution.facts

    def close_facts(self) -> tuple[Fact, ...]:
        """Return how close the method came."""
        tolerance = self._tolerance()
        assert tolerance is not None
        return (CloseEnough(*self._deviation(), tolerance, self.median_error()),)

    def ending_facts(self) -> tuple[Fact, ...]:
        """Return how the method ended, as the measured weights show it."""
        if not self.measured.finite:
            return self.solution.facts or (Diverged(),)
        if self.weights_diverged():
            return (LargeSpan(LARGEST_SPAN),)
        return (*self.solution.facts, DeviationLeft(self.measured.max_deviation or 0.0))

    def obstacle_facts(self) -> tuple[Fact, ...]:
        """Return which bins rule out an exact balancing, and how the method ended."""
        assert self.structure.obstacle is not None
        return (self.structure.obstacle, *self.ending_facts())

    def component_facts(self) -> tuple[Fact, ...]:
        """Return how the method ended, and the number of components."""
        assert self.components is not None
        return (*self.ending_facts(), Disconnected(self.components))

    def remaining_facts(self) -> tuple[Fact, ...]:
        """Return how the method ended, and whether an exact balancing exists."""
        if self.components is None:
            return (*self.ending_facts(), NotExamined(self.task.examine_limit))
        existence = Balanceable() if self.task.target is None else ExistenceUnknown()
        return (*self.ending_facts(), existence)

    def _deviation(self) -> tuple[float, Measure]:
        """Return the deviation that the method compares with its tolerance."""
        if self.solution.smoothed_deviation is not None:
            return self.solution.smoothed_deviation, Measure.LARGEST_SMOOTHED
        largest, rms = self.measured.max_deviation or 0.0, self.measured.rms_deviation or 0.0
        if self.task.method.name == Balancing.KR:
            return rms * len(self.solution.weights) ** 0.5, Measure.NORM
        return largest, Measure.LARGEST

    def _tolerance(self) -> float | None:
        """Return the tolerance of that deviation; None for methods that stop by another rule."""
        settings = self.task.settings
        if isinstance(settings, ExactSettings | KernelSettings):
            value = getattr(settings, "tolerance", None)
            return value if isinstance(value, float) else None
        return None


@dataclass(frozen=True)
class Rule:
    """A row of the table.

    Attributes
    ----------
    when : callable
        Whether the rule matches a case.
    status : Status or None
        The status; None keeps the method's own.
    cause : Cause or None
        The cause; None keeps the method's own.
    facts : callable
        The facts of a case.
    """

    when: Callable[[Case], bool]
    status: Status | None
    cause: Cause | None
    facts: Callable[[Case], tuple[Fact, ...]]


# Rows are tried in order; the first that matches decides. Cheap conditions come first: from
# ``is_uneven`` on, they examine the structure of the map.
RULES = (
    Rule(Case.is_settled, None, Cause.NONE, Case.method_facts),
    Rule(Case.is_close_enough, Status.CONVERGED, Cause.NONE, Case.close_facts),
    Rule(Case.is_inexact_and_not_finite, Status.FAILED, Cause.DIVERGED, Case.ending_facts),
    Rule(Case.is_inexact, None, None, Case.method_facts),
    Rule(Case.is_uneven, None, Cause.NONE, Case.method_facts),
    Rule(Case.lacks_support, Status.FAILED, Cause.NO_SUPPORT, Case.obstacle_facts),
    Rule(Case.lacks_total_support, Status.FAILED, Cause.NO_TOTAL_SUPPORT, Case.obstacle_facts),
    Rule(
        Case.is_disconnected_and_not_finite, Status.FAILED, Cause.DISCONNECTED, Case.component_facts
    ),
    Rule(
        Case.is_disconnected_and_weights_diverged,
        Status.NOT_CONVERGED,
        Cause.DISCONNECTED,
        Case.component_facts,
    ),
    Rule(Case.is_disconnected, None, Cause.DISCONNECTED, Case.component_facts),
    Rule(Case.is_not_finite, Status.FAILED, Cause.DIVERGED, Case.remaining_facts),
    Rule(Case.weights_diverged, Status.NOT_CONVERGED, Cause.DIVERGED, Case.remaining_facts),
    Rule(Case.always, None, None, Case.remaining_facts),
)


def judge(case: Case) -> Judgement:
    """Judge an attempt by the first rule that matches.

    Parameters
    ----------
    case : Case
        What is known of the attempt.
    """
    rule = next(rule for rule in RULES if rule.when(case))
    return Judgement(
        case.solution.status if rule.status is None else rule.status,
        case.solution.cause if rule.cause is None else rule.cause,
        rule.facts(case),
    )
