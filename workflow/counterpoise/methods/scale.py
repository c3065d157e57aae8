"""SCALE: the matrix balancing of Juicer's successors, as hictk 1.4 does it.

Rows and columns are scaled in turn, as Sinkhorn & Knopp do, until the geometric mean of the two
vectors stands still; where it does not, the rows with the fewest nonzeros are left out, and by
bisection as few of them as it takes. Its stopping rule is loose: row sums of the result differ by
about 1e-4, at most by 5 %. Three programs call three different algorithms SCALE, hence the version.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from counterpoise.backends.vectors import Vector, to_floats, to_numpy
from counterpoise.contacts.selection import Scope
from counterpoise.methods.base import EqualSumsSettings, Method, Problem, Solution
from counterpoise.records.verdict import Cause, Status, not_enough

# hictk's constants. Progress is too slow where WINDOW iterations bring less than SLOWEST.
WINDOW, SLOWEST = 5, 1.05
# Rows that still change are left out singly where they are a smaller share of all than this.
FEW = 1e-5
# No more than this percentile of rows, by their nonzeros, is left out.
MOST_LEFT_OUT = 10
# Weights that stand still are accepted where row sums are within this of one.
LARGEST_DEVIATION = 0.05
# The limit of iterations holds for each choice of rows; for all of them together it is this often.
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
        self.require_positive("tolerance", "max_iterations")


class _Reached(NamedTuple):
    """Weights, and the rows that were left out of them.

    Attributes
    ----------
    left_out : bool [bins]: those with fewer than ``low`` ``nonzeros``, and single ones.
    """

    weights: Vector
    left_out: Vector
    low: int
    nonzeros: Vector
    iterations: int


def solve(problem: Problem, settings: ScaleSettings) -> Solution:
    """Unit row sums on all rows but those left out, about."""
    xp, product = problem.operator.xp, problem.operator.product
    rows = columns = weights = _start(problem)
    sums = problem.marginal * rows  # as hictk has it; not the row sums of the scaled map
    left_out = problem.marginal <= 0  # none yet
    others = xp.where(~left_out)
    # Rows with fewer nonzeros than ``low`` are left out; with ``stalled`` that was too few of them.
    low, stalled = 1, 0
    found: _Reached | None = None  # with the lowest ``low`` that did
    singly = False
    nonzeros, highest = problem.marginal, 1
    changes: list[float] = []
    iterations = extra = 0
    while True:
        rows = rows / xp.where(left_out, 1.0, sums)
        sums = columns * product(rows)
        columns = columns / xp.where(left_out, 1.0, sums)
        sums = rows * product(columns)
        before, weights = weights, xp.sqrt(rows * columns)
        change = xp.where(left_out, 0.0, abs(weights - before) / (weights + before))
        changes.append(float(change.max()))
        iterations += 1
        problem.record(iterations, sums[others], 1.0)
        reached = _Reached(weights, left_out, low, nonzeros, iterations)
        number = len(changes) + extra
        if changes[-1] < settings.tolerance:
            if low - stalled <= 1:
                return _accepted(problem, reached)
            found, singly = reached, True
            low = (low + stalled) // 2
            left_out = nonzeros < low
        elif max(number, iterations / ALL_CHOICES) >= settings.max_iterations:
            return _ended(reached, Cause.LIMIT, not_enough(iterations, "iteration"))
        elif number > WINDOW and not SLOWEST * changes[-1] < changes[-1 - WINDOW :][0]:
            if found and found.low - low <= 1:
                return _accepted(problem, found._replace(iterations=iterations))
            if highest == 1:
                nonzeros = problem.nonzeros()
                ordered = np.sort(to_numpy(nonzeros))
                highest = int(ordered[len(ordered) * MOST_LEFT_OUT // 100])
            stalled = low
            moving = ~(change <= settings.tolerance)
            if singly and float(moving.sum()) < FEW * len(weights):
                left_out, singly = left_out | moving, False
            else:
                low, singly = (low + found.low) // 2 if found else 2 * low, True
                left_out = nonzeros < low
            if low > highest:
                bins = "more" if stalled > 1 else "the sparsest bins"
                words = f"the weights did not settle; leaving out {bins} would cost over "
                return _ended(reached, Cause.DIVERGED, f"{words}{MOST_LEFT_OUT} % of the bins")
        else:
            continue
        rows = columns = xp.where(left_out, 0.0, problem.operator.ones())
        sums = rows * product(columns)
        others, changes = xp.where(~left_out), []
        extra = 1  # hictk takes the restart for an iteration of the new choice


def _start(problem: Problem) -> Vector:
    """Square roots of Juicer's VC vector."""
    marginal = problem.marginal
    inverse = 1 / marginal
    square = (inverse * problem.operator.product(inverse)).sum() / marginal.sum()
    return problem.operator.xp.sqrt(marginal * square**0.5)


def _accepted(problem: Problem, reached: _Reached) -> Solution:
    """Weights that stand still, if the row sums that they give are anywhere near one."""
    sums = reached.weights * problem.operator.product(reached.weights)
    away = problem.operator.xp.where(reached.left_out, 0.0, abs(sums - 1))
    if not float(away.max()) <= LARGEST_DEVIATION:
        words = "the weights stand still, but do not make the row sums equal"
        return _ended(reached, Cause.DIVERGED, words)
    return _ended(reached)


def _ended(reached: _Reached, cause: Cause = Cause.NONE, reason: str = "") -> Solution:
    """The weights of the rows that are not left out; balanced, unless there is a cause."""
    status = Status.NOT_CONVERGED if cause else Status.CONVERGED
    weights, left_out, low = reached.weights, reached.left_out, reached.low
    solution = Solution(weights, status, reached.iterations, cause, reason, target=1.0)
    fewer = left_out & (reached.nonzeros < low)
    count, few = (int(number) for number in to_floats(left_out.sum(), fewer.sum()))
    if count:
        single = f"{count - few:,} that would not settle"
        solution.dropped_reason = f"{few:,} in contact with fewer than {low:,} others" + (
            f", {single}" if count > few else ""
        )
        solution.weights, solution.dropped = weights[~left_out], to_numpy(left_out)
    return solution


METHODS = (
    Method(
        "scale",
        ScaleSettings,
        solve,
        "SCALE of newer `.hic` files, as in hictk: a looser tolerance; drops sparse bins where "
        "necessary",
        version="hictk 1.4",
    ),
)
