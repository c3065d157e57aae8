"""KR: the inner-outer Newton iteration of Knight & Ruiz, IMA J. Numer. Anal. 33:1029 (2013).

Solves x * (A x) = 1 for x > 0. Outer Newton steps; each is solved by conjugate gradients in
y = (new x) / x, preconditioned by the diagonal of the scaled map, and never leaves the
cone DELTA_LOW < y < DELTA_HIGH. The start 1 / sqrt(A 1) halves the products of the paper's 1.

The row sums after an outer step cost no product. The inner steps keep the residual g of their
equation, 1 + r - r * y - x * A (x * y) with r the row sums before; so the row sums after it,
(x * y) * A (x * y), are y * (1 + r - r * y - g). They carry the rounding of all steps, so those
that end the iteration, and those of a run that comes no nearer, are computed anew.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from math import isfinite
from typing import Any

from counterpoise.backends.vectors import Vector, deviations, to_floats
from counterpoise.contacts.selection import Scope
from counterpoise.methods.base import EqualSumsSettings, Method, Problem, Solution
from counterpoise.records.verdict import Cause, Status, counted, not_enough

# The paper's constants: how far one outer step may shrink or grow an entry, and the
# forcing sequence that says how well each inner system is solved.
DELTA_LOW, DELTA_HIGH = 0.1, 3.0
G, ETA_MAX = 0.9, 0.1
# Outer steps in a row that may bring no smaller residual before the run counts as stuck.
PATIENCE = 30
TINY = sys.float_info.min


@dataclass
class KrSettings(EqualSumsSettings):
    """Settings of KR, with Juicer's defaults: by chromosome, with all diagonals.

    Attributes
    ----------
    tolerance : float, default 1e-8
        Largest 2-norm of (row sums - 1).
    max_products : int, default 2000
        Largest number of matrix-vector products.
    """

    scope: str = Scope.CIS.value
    tolerance: float = 1e-8
    max_products: int = 2000

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        super().__post_init__()
        self.require_positive("tolerance", "max_products")


def solve(problem: Problem, settings: KrSettings) -> Solution:
    """Unit row sums: the weights x with x * (A x) = 1."""
    product, record = problem.operator.product, problem.record
    limit = record.matvecs + settings.max_products
    x = 1 / problem.operator.xp.sqrt(problem.marginal)
    row_sums = x * product(x)
    residual = _residual(record(0, row_sums, 1.0), len(x))
    eta, best, stuck, outer = ETA_MAX, residual, 0, 0
    while residual > settings.tolerance**2:
        left = limit - record.matvecs
        if left <= 0:
            words = not_enough(settings.max_products, "matrix-vector product")
            return Solution(x, Status.NOT_CONVERGED, outer, Cause.LIMIT, words, target=1.0)
        if stuck >= PATIENCE:
            steps = counted(outer - PATIENCE, "step")
            words = f"the row sums stopped coming closer to one after {steps}"
            return Solution(x, Status.NOT_CONVERGED, outer, Cause.DIVERGED, words, target=1.0)
        goal = max(eta**2 * residual, settings.tolerance**2)
        y, unsolved = _newton_step(problem, x, row_sums, residual, goal, left)
        moved = x * y
        row_sums = y * (1 + row_sums * (1 - y) - unsolved)
        if stuck or _residual(deviations(row_sums, 1.0), len(x)) <= settings.tolerance**2:
            row_sums = moved * product(moved)
        new_residual = _residual(record(outer + 1, row_sums, 1.0), len(x))
        if not isfinite(new_residual):
            words = f"the weights ran off to zero or infinity after {counted(outer, 'step')}"
            return Solution(x, Status.FAILED, outer, Cause.DIVERGED, words, target=1.0)
        x = moved
        outer += 1
        eta = _forcing(
            eta, new_residual / residual, settings.tolerance / 2 / max(new_residual, TINY) ** 0.5
        )
        residual = new_residual
        stuck = 0 if residual < 0.99 * best else stuck + 1
        best = min(best, residual)
    return Solution(x, Status.CONVERGED, outer, target=1.0, row_sums=row_sums)


def _newton_step(
    problem: Problem, x: Vector, row_sums: Vector, rho: float, goal: float, max_products: int
) -> tuple[Vector, Vector]:
    """Solve (D + X A X) y = 1 + D 1 by conjugate gradients from y = 1, inside the cone.

    ``rho`` is the squared 2-norm of 1 - row sums.

    Returns
    -------
    y : float64 [bins].
    residual : float64 [bins], 1 + D 1 - (D + X A X) y.
    """
    xp = problem.operator.xp
    y = xp.ones_like(x)
    residual = 1 - row_sums
    scaled = direction = residual / row_sums
    for step in range(min(len(x) + 1, max_products)):
        if rho <= goal:
            break
        if step == 0:
            rho = float(_dot(residual, scaled))  # from here on in the preconditioner's norm
        image = problem.operator.product(x * direction)
        image *= x
        image += row_sums * direction
        bend = _dot(direction, image)
        length = rho / bend
        move = length * direction
        tried = y + move
        image *= length
        unsolved = residual - image
        scaled = unsolved / row_sums
        bend, lowest, highest, new_rho = to_floats(
            bend, tried.min(), tried.max(), _dot(unsolved, scaled)
        )
        if not bend > 0:
            break  # flat within rounding: nothing left to gain in this step
        if lowest <= DELTA_LOW or highest >= DELTA_HIGH:
            share = _share_inside(y, move, lowest)
            return y + share * move, residual - share * image
        y, residual = tried, unsolved
        direction *= new_rho / rho
        direction += scaled
        rho = new_rho
    return y, residual


def _share_inside(y: Vector, move: Vector, lowest: float) -> Any:
    """The share of a move that brings y to the border of the cone."""
    if lowest <= DELTA_LOW:
        falling = move < 0
        return ((DELTA_LOW - y[falling]) / move[falling]).min()
    rising = move > 0
    return ((DELTA_HIGH - y[rising]) / move[rising]).min()


def _forcing(eta: float, ratio: float, floor: float) -> float:
    """How well to solve the next inner system, from how much the last outer step brought."""
    wanted = G * ratio
    if G * eta**2 > 0.1:
        wanted = max(wanted, G * eta**2)
    return max(min(wanted, ETA_MAX), floor)


def _dot(a: Vector, b: Vector) -> Any:
    """a . b by the library's own sum: BLAS threads beside the product's make KR four times slower.

    A number that stays where the vectors are.
    """
    return (a * b).sum()


def _residual(deviations: tuple[float, float], size: int) -> float:
    """Squared 2-norm of (row sums - 1), from their largest and RMS deviation."""
    return size * deviations[1] ** 2


METHODS = (
    Method(
        "kr",
        KrSettings,
        solve,
        "Knight & Ruiz 2013: Newton's method, a few dozen passes where ICE needs hundreds",
        exact=True,
    ),
)
