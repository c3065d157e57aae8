"""SCALE: the matrix balancing of Juicer's successors, as hictk 1.4 does it.

Rows and columns are scaled in turn, as Sinkhorn & Knopp do, until the geometric mean of the two
vectors stands still; where it does not, the rows with the fewest nonzeros are left out, and by
bisection as few of them as it takes. Its stopping rule is loose: row sums of the result differ by
about 1e-4, at most by 5 %. Three programs call three different algorithms SCALE, hence the version.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from counterpoise.backends import Vector, to_numpy
from counterpoise.methods import EqualSumsSettings, Method, Problem, Solution
from counterpoise.selection import Scope
from counterpoise.trace import scalars
from counterpoise.verdict import Cause, Status

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
    """Settings of SCALE: Juicer works by chromosome and keeps all diagonals.

    Attributes
    ----------
    tolerance : stop when no weight changes by more than this, relative to twice its value.
    max_iterations : give up on a choice of rows after as many, and on all after three times that.
    """

    scope: str = Scope.CIS.value
    tolerance: float = 1e-4
    max_iterations: int = 200

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_positive("tolerance", "max_iterations")


def solve(problem: Problem, settings: ScaleSettings) -> Solution:
    """Unit row sums on all rows but those left out, about."""
    xp, product = problem.operator.xp, problem.operator.product
    rows = columns = weights = _start(problem)
    sums = problem.marginal * rows  # as hictk has it; not the row sums of the scaled map
    left_out = problem.marginal <= 0  # none yet
    # Rows with fewer nonzeros than ``low`` are left out; with ``stalled`` that was too few of them.
    low, stalled = 1, 0
    found: tuple[int, Vector, Vector] | None = None  # the lowest ``low`` that did, and its result
    singly = False
    nonzeros, highest = problem.marginal, 1
    changes: list[float] = []
    iterations = 0
    while True:
        rows = rows / xp.where(left_out, 1.0, sums)
        sums = columns * product(rows)
        columns = columns / xp.where(left_out, 1.0, sums)
        sums = rows * product(columns)
        before, weights = weights, xp.sqrt(rows * columns)
        change = xp.where(left_out, 0.0, abs(weights - before) / (weights + before))
        changes.append(float(change.max()))
        iterations += 1
        problem.record(iterations, sums[~left_out], 1.0)
        if changes[-1] < settings.tolerance:
            if low - stalled <= 1:
                return _accepted(problem, weights, left_out, low, iterations)
            found, singly = (low, weights, left_out), True
            low = (low + stalled) // 2
            left_out = nonzeros < low
        elif max(len(changes), iterations / ALL_CHOICES) >= settings.max_iterations:
            words = f"{iterations:,} iterations were not enough"
            return _given_up(weights, iterations, Cause.LIMIT, words)
        elif len(changes) > WINDOW and not SLOWEST * changes[-1] < changes[-1 - WINDOW]:
            if found and found[0] - low <= 1:
                return _accepted(problem, found[1], found[2], found[0], iterations)
            if highest == 1:
                nonzeros = problem.nonzeros()
                ordered = np.sort(to_numpy(nonzeros))
                highest = int(ordered[len(ordered) * MOST_LEFT_OUT // 100])
            stalled = low
            moving = ~(change <= settings.tolerance)
            if singly and float(moving.sum()) < FEW * len(weights):
                left_out, singly = left_out | moving, False
            else:
                low, singly = (low + found[0]) // 2 if found else 2 * low, True
                left_out = nonzeros < low
            if low > highest:
                words = "the weights did not settle"
                if stalled > 1:
                    words += f", not even without bins in contact with fewer than {stalled} others"
                words += f"; leaving out more would cost over {MOST_LEFT_OUT} % of the bins"
                return _given_up(weights, iterations, Cause.DIVERGED, words)
        else:
            continue
        rows = columns = xp.where(left_out, 0.0, problem.operator.ones())
        sums = rows * product(columns)
        changes = []


def _start(problem: Problem) -> Vector:
    """Square roots of Juicer's VC vector."""
    marginal = problem.marginal
    inverse = 1 / marginal
    square = (inverse * problem.operator.product(inverse)).sum() / marginal.sum()
    return problem.operator.xp.sqrt(marginal * square**0.5)


def _accepted(
    problem: Problem, weights: Vector, left_out: Vector, low: int, iterations: int
) -> Solution:
    """Weights that stand still, if the row sums that they give are anywhere near one."""
    sums = weights * problem.operator.product(weights)
    (largest,) = scalars(abs(sums - 1)[~left_out].max())
    if not largest <= LARGEST_DEVIATION:
        words = "the weights stand still, but do not make the row sums equal"
        return _given_up(weights, iterations, Cause.DIVERGED, words)
    dropped = to_numpy(left_out)
    count, reason = int(dropped.sum()), ""
    if count:
        bins = "1 bin is" if count == 1 else f"{count:,} bins are"
        reason = f"{bins} left out, so that the others could be balanced: in contact with too few"
        reason += f" others (fewer than {low:,})" if low > 1 else ""
    return Solution(
        weights[~left_out],
        Status.CONVERGED,
        iterations,
        reason=reason,
        target=1.0,
        dropped=dropped if count else None,
    )


def _given_up(weights: Vector, iterations: int, cause: Cause, words: str) -> Solution:
    """No balanced map; the weights are zero on rows that were left out in vain."""
    return Solution(weights, Status.NOT_CONVERGED, iterations, cause, words, target=1.0)


METHODS = (Method("scale", ScaleSettings, solve, version="hictk 1.4"),)
