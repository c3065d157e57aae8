"""SCALE: the matrix balancing of Juicer's successors, as hictk 1.4 does it.

Rows and columns are scaled in turn, as Sinkhorn & Knopp do, until the geometric mean of the two
vectors settles. Where it does not, the rows with the fewest nonzeros are dropped, and bisection
finds how few are enough. The stopping rule is loose: row sums of the result differ by about 1e-4,
at most by 5 %. Three programs call three different algorithms SCALE, hence the version. They stop
at different steps: vectors stored by Juicer differ by up to 5e-3, on most maps by less than 1e-3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from counterpoise.backends.vectors import Vector, to_floats, to_numpy
from counterpoise.contacts.selection import Scope
from counterpoise.methods.base import EqualSumsSettings, Method, Problem, Solution
from counterpoise.methods.fixed_point import limit_reached
from counterpoise.records.citations import JUICER
from counterpoise.records.facts import Fact, FewPartners, SettledUnequal, Unsettled, WouldNotSettle
from counterpoise.records.verdict import Cause, Status

# hictk's constants. Progress is too slow where WINDOW iterations bring less than SLOWEST.
WINDOW, SLOWEST = 5, 1.05
# Rows that still change are dropped one by one where they are a smaller share of all than this.
FEW = 1e-5
# No more than this percentile of rows, by their nonzeros, is dropped.
MOST_DROPPED = 10
# Weights that settled are accepted where row sums are within this share of their target.
LARGEST_DEVIATION = 0.05
# The limit of iterations holds for each choice of rows; for all choices together it is this many
# times as large.
ALL_CHOICES = 3


@dataclass
class ScaleSettings(EqualSumsSettings):
    """Settings of SCALE, with Juicer's defaults: by chromosome, with all diagonals.

    Attributes
    ----------
    tolerance : float, default 0.0001
        Largest change of a weight in one iteration, relative to twice its value.
    max_iterations : int, default 200
        Largest number of iterations for one choice of rows, and three times that in total.
    """

    scope: str = Scope.CIS.value
    tolerance: float = 1e-4
    max_iterations: int = 200

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        super().__post_init__()
        self.require_positive("tolerance")
        self.require_integers(max_iterations=1)


@dataclass
class _Choice:
    """Choice of the rows to drop, by bisection of the nonzeros that a row must have.

    Attributes
    ----------
    problem : Problem
        The map.
    dropped : Vector
        bool [bins], rows with fewer than ``low`` ``nonzeros``, and single ones.
    low, stalled : int
        Rows with fewer nonzeros than ``low`` are dropped; with ``stalled`` that was too few rows.
    settled : Reached or None
        The weights that settled with the lowest ``low``.
    singly : bool
        Whether rows that still change may be dropped one by one.
    nonzeros : Vector
        float64 [bins], counted when rows are first dropped.
    highest : int
        Largest ``low`` that does not drop more than ``MOST_DROPPED`` percent of the rows.
    """

    problem: Problem
    dropped: Vector
    nonzeros: Vector
    low: int = 1
    stalled: int = 0
    settled: _Reached | None = None
    singly: bool = False
    highest: int = 1

    def reached(self, weights: Vector, iterations: int) -> _Reached:
        """Return weights together with the rows that are dropped now."""
        return _Reached(weights, self.dropped, self.low, self.nonzeros, iterations)

    def readmit(self, reached: _Reached) -> bool:
        """Drop fewer rows, after weights settled; False if these are the fewest."""
        if self.low - self.stalled <= 1:
            return False
        self.settled, self.singly = reached, True
        self.low = (self.low + self.stalled) // 2
        self.dropped = self.nonzeros < self.low
        return True

    def is_exhausted(self) -> bool:
        """Return whether no choice lies between one that settled and one that stalled."""
        return self.settled is not None and self.settled.low - self.low <= 1

    def drop_more(self, change: Vector, tolerance: float) -> bool:
        """Drop more rows, after progress stalled; False if that would be too many."""
        if self.highest == 1:
            self.nonzeros = self.problem.nonzeros()
            ordered = np.sort(to_numpy(self.nonzeros))
            self.highest = int(ordered[len(ordered) * MOST_DROPPED // 100])
        self.stalled = self.low
        moving = ~(change <= tolerance)
        if self.singly and float(moving.sum()) < FEW * len(change):
            self.dropped, self.singly = self.dropped | moving, False
        else:
            self.low = (self.low + self.settled.low) // 2 if self.settled else 2 * self.low
            self.dropped, self.singly = self.nonzeros < self.low, True
        return self.low <= self.highest


@dataclass(frozen=True)
class _Reached:
    """Weights, and the rows that were dropped for them; see ``_Choice``."""

    weights: Vector
    dropped: Vector
    low: int
    nonzeros: Vector
    iterations: int


def solve(problem: Problem, settings: ScaleSettings) -> Solution:
    """Find row sums of the target, approximately, on all rows but those that are dropped.

    Parameters
    ----------
    problem : Problem
        The part.
    settings : ScaleSettings
        The method's settings.
    """
    xp, product, target = problem.operator.xp, problem.operator.product, problem.target
    rows = columns = weights = _start(problem)
    sums = problem.marginal * rows / target  # as in hictk; not the row sums of the scaled map
    choice = _Choice(problem, problem.marginal <= 0, problem.marginal)  # no row is dropped yet
    others = xp.where(~choice.dropped)
    changes: list[float] = []
    iterations = extra = 0
    while True:
        rows = rows / xp.where(choice.dropped, 1.0, sums)
        sums = columns * product(rows) / target
        columns = columns / xp.where(choice.dropped, 1.0, sums)
        sums = rows * product(columns) / target
        before, weights = weights, xp.sqrt(rows * columns)
        change = xp.where(choice.dropped, 0.0, abs(weights - before) / (weights + before))
        changes.append(float(change.max()))
        iterations += 1
        problem.record(iterations, sums[others], 1.0)
        reached = choice.reached(weights, iterations)
        number = len(changes) + extra
        if changes[-1] < settings.tolerance:
            if not choice.readmit(reached):
                return _accept(problem, reached)
        elif max(number, iterations / ALL_CHOICES) >= settings.max_iterations:
            return _end(reached, limit_reached(weights, iterations, iterations))
        elif number > WINDOW and not SLOWEST * changes[-1] < changes[-1 - WINDOW :][0]:
            if choice.settled and choice.is_exhausted():
                return _accept(problem, replace(choice.settled, iterations=iterations))
            dropped_before = choice.low > 1
            if not choice.drop_more(change, settings.tolerance):
                return _end(
                    reached, _stopped(reached, WouldNotSettle(dropped_before, MOST_DROPPED))
                )
        else:
            continue
        rows = columns = xp.where(choice.dropped, 0.0, problem.operator.ones())
        sums = rows * product(columns) / target
        others, changes = xp.where(~choice.dropped), []
        extra = 1  # hictk counts the restart as an iteration of the new choice


def _start(problem: Problem) -> Vector:
    """Return the square roots of Juicer's VC vector."""
    marginal = problem.marginal
    inverse = 1 / marginal
    square = (inverse * problem.operator.product(inverse)).sum() / marginal.sum()
    return problem.operator.xp.sqrt(marginal * square**0.5)


def _accept(problem: Problem, reached: _Reached) -> Solution:
    """Accept weights that settled if the row sums that they give are near their target."""
    sums = reached.weights * problem.operator.product(reached.weights) / problem.target
    deviation = problem.operator.xp.where(reached.dropped, 0.0, abs(sums - 1))
    if float(deviation.max()) <= LARGEST_DEVIATION:
        return _end(reached, Solution(reached.weights, Status.CONVERGED, reached.iterations))
    return _end(reached, _stopped(reached, SettledUnequal(LARGEST_DEVIATION)))


def _stopped(reached: _Reached, fact: Fact) -> Solution:
    """Return the solution of a run that can make no more progress."""
    return Solution(
        reached.weights, Status.NOT_CONVERGED, reached.iterations, Cause.DIVERGED, (fact,)
    )


def _end(reached: _Reached, solution: Solution) -> Solution:
    """Return a solution for the rows that are not dropped, with the reasons for the others."""
    solution = replace(solution, target=1.0)
    with_few = reached.dropped & (reached.nonzeros < reached.low)
    dropped, few = (int(number) for number in to_floats(reached.dropped.sum(), with_few.sum()))
    if not dropped:
        return solution
    because: tuple[Fact, ...] = (FewPartners(few, reached.low),)
    if dropped > few:
        because = (*because, Unsettled(dropped - few))
    return replace(
        solution,
        weights=reached.weights[~reached.dropped],
        dropped=to_numpy(reached.dropped),
        dropped_because=because,
    )


METHODS = (
    Method(
        "scale",
        ScaleSettings,
        solve,
        "SCALE of newer `.hic` files, as in hictk: a looser tolerance; drops sparse bins where "
        "necessary",
        version="hictk 1.4",
        cites=(JUICER,),
        follows_copy_number=True,
        revision=2,
    ),
)
