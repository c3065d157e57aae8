"""KR: the inner-outer Newton iteration of Knight & Ruiz, IMA J. Numer. Anal. 33:1029 (2013).

Solves x * (A x) = t for x > 0, where the target t is one, or the copy number of each bin. Outer
Newton steps; each is solved by conjugate gradients in y = (new x) / x, preconditioned by the
diagonal of the scaled map, and never leaves the cone DELTA_LOW < y < DELTA_HIGH. The start
sqrt(t / (A 1)) halves the products of the paper's 1.

The row sums after an outer step cost no product. The inner steps keep the residual g of their
equation, t + r - r * y - x * A (x * y) with r the row sums before; so the row sums after it,
(x * y) * A (x * y), are y * (t + r - r * y - g). They carry the rounding of all steps, so those
that end the iteration, and those of a run without progress, are computed by a product.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from counterpoise.backends.vectors import Vector, deviations, to_floats
from counterpoise.contacts.selection import Scope
from counterpoise.methods.base import ExactSettings, Method, Problem, Solution
from counterpoise.methods.fixed_point import diverged, limit_reached
from counterpoise.records.citations import KNIGHT_RUIZ, RAO
from counterpoise.records.facts import Stalled, Unit
from counterpoise.records.verdict import Cause, Status

# The paper's constants: how far one outer step may shrink or grow an entry, and the
# forcing sequence that says how well each inner system is solved.
DELTA_LOW, DELTA_HIGH = 0.1, 3.0
G, ETA_MAX, SAFEGUARD = 0.9, 0.1, 0.1
# Outer steps in a row that may bring no smaller residual before the run counts as stuck.
PATIENCE = 30
# A residual counts as smaller when it is below this share of the smallest before.
PROGRESS = 0.99
TINY = sys.float_info.min


@dataclass
class KrSettings(ExactSettings):
    """Settings of KR, with Juicer's defaults: by chromosome, with all diagonals.

    Attributes
    ----------
    tolerance : float, default 1e-8
        Largest 2-norm of the relative deviations of row sums from their target.
    max_products : int, default 2000
        Largest number of matrix-vector products.
    """

    scope: str = Scope.CIS.value
    tolerance: float = 1e-8
    max_products: int = 2000

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        super().__post_init__()
        self.require_positive("tolerance")
        self.require_integers(max_products=1)


def solve(problem: Problem, settings: KrSettings) -> Solution:
    """Find row sums of t, the target: the weights x with x * (A x) = t.

    Parameters
    ----------
    problem : Problem
        The part.
    settings : KrSettings
        The method's settings.
    """
    return replace(_solve(problem, settings), target=1.0)


def _solve(problem: Problem, settings: KrSettings) -> Solution:
    """Take outer Newton steps until row sums have their target, or the method ends otherwise."""
    product, record, target = problem.operator.product, problem.record, problem.target
    last_product = record.matvecs + settings.max_products
    x = target**0.5 / problem.operator.xp.sqrt(problem.marginal)
    row_sums = x * product(x)
    residual = _residual(record(0, row_sums, target), len(x))
    eta, best, stuck, outer = ETA_MAX, residual, 0, 0
    while residual > settings.tolerance**2:
        products_left = last_product - record.matvecs
        if products_left <= 0:
            return limit_reached(x, outer, settings.max_products, Unit.PRODUCTS)
        if stuck >= PATIENCE:
            facts = (Stalled(outer - PATIENCE),)
            return Solution(x, Status.NOT_CONVERGED, outer, Cause.DIVERGED, facts)
        goal = max(eta**2 * residual, settings.tolerance**2)
        y, unsolved = _newton_step(problem, x, row_sums, residual, goal, products_left)
        moved = x * y
        row_sums = y * (target + row_sums * (1 - y) - unsolved)
        if stuck or _residual(deviations(row_sums, target), len(x)) <= settings.tolerance**2:
            row_sums = moved * product(moved)
        new_residual = _residual(record(outer + 1, row_sums, target), len(x))
        if not isfinite(new_residual):
            return diverged(x, outer, Unit.STEPS)
        x = moved
        outer += 1
        eta = _forcing(
            eta, new_residual / residual, settings.tolerance / 2 / max(new_residual, TINY) ** 0.5
        )
        residual = new_residual
        stuck = 0 if residual < PROGRESS * best else stuck + 1
        best = min(best, residual)
    return Solution(x, Status.CONVERGED, outer, row_sums=row_sums)


def _newton_step(
    problem: Problem, x: Vector, row_sums: Vector, rho: float, goal: float, max_products: int
) -> tuple[Vector, Vector]:
    """Solve (D + X A X) y = t + D 1 by conjugate gradients from y = 1, inside the cone.

    Parameters
    ----------
    problem : Problem
        Holds the map A and the target t.
    x, row_sums : Vector
        float64 [bins], the weights and their row sums.
    rho : float
        Squared 2-norm of the relative deviations of the row sums from their target.
    goal : float
        The residual at which the system counts as solved.
    max_products : int
        Limit of matrix-vector products.

    Returns
    -------
    y : Vector
        float64 [bins].
    residual : Vector
        float64 [bins], t + D 1 - (D + X A X) y.
    """
    xp = problem.operator.xp
    y = xp.ones_like(x)
    residual = problem.target - row_sums
    scaled = direction = residual / row_sums
    for step in range(min(len(x) + 1, max_products)):
        if rho <= goal:
            break
        if step == 0:
            rho = float(_dot(residual, scaled))  # from here on in the preconditioner's norm
        image = problem.operator.product(x * direction)
        image *= x
        image += row_sums * direction
        curvature = _dot(direction, image)
        length = rho / curvature
        move = length * direction
        moved = y + move
        image *= length
        new_residual = residual - image
        scaled = new_residual / row_sums
        curvature, lowest, highest, new_rho = to_floats(
            curvature, moved.min(), moved.max(), _dot(new_residual, scaled)
        )
        if not curvature > 0:
            break  # flat within rounding: nothing left to gain in this step
        if lowest <= DELTA_LOW or highest >= DELTA_HIGH:
            share = _share_inside(y, move, lowest)
            return y + share * move, residual - share * image
        y, residual = moved, new_residual
        direction *= new_rho / rho
        direction += scaled
        rho = new_rho
    return y, residual


def _share_inside(y: Vector, move: Vector, lowest: float) -> Any:
    """Return the share of a move that brings y to the border of the cone."""
    if lowest <= DELTA_LOW:
        falling = move < 0
        return ((DELTA_LOW - y[falling]) / move[falling]).min()
    rising = move > 0
    return ((DELTA_HIGH - y[rising]) / move[rising]).min()


def _forcing(eta: float, ratio: float, floor: float) -> float:
    """Return how well to solve the next inner system, from the gain of the last outer step."""
    tolerance = G * ratio
    if G * eta**2 > SAFEGUARD:
        tolerance = max(tolerance, G * eta**2)
    return max(min(tolerance, ETA_MAX), floor)


def _dot(a: Vector, b: Vector) -> Any:
    """Return a . b as a scalar that stays where the vectors are.

    The library's own sum computes it: threads of BLAS next to those of the product make KR four
    times slower.
    """
    return (a * b).sum()


def _residual(deviations: tuple[float, float], size: int) -> float:
    """Return the squared 2-norm of the deviations of row sums, from the largest and the RMS."""
    return size * deviations[1] ** 2


METHODS = (
    Method(
        "kr",
        KrSettings,
        solve,
        "Knight & Ruiz 2013: Newton's method, a few dozen passes where ICE needs hundreds",
        cites=(KNIGHT_RUIZ, RAO),
        follows_copy_number=True,
    ),
)
