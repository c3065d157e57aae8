"""KR: the inner-outer Newton iteration of Knight & Ruiz, IMA J. Numer. Anal. 33:1029 (2013).

Solves x * (A x) = 1 for x > 0. Outer Newton steps; each is solved by conjugate gradients in
y = (new x) / x, preconditioned by the diagonal of the scaled map, and never leaves the
cone DELTA_LOW < y < DELTA_HIGH. The start 1 / sqrt(A 1) halves the products of the paper's 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from counterpoise.methods import Method, MethodSettings, Problem, Solution
from counterpoise.selection import Scope
from counterpoise.verdict import Cause, Status

# The paper's constants: how far one outer step may shrink or grow an entry, and the
# forcing sequence that says how well each inner system is solved.
DELTA_LOW, DELTA_HIGH = 0.1, 3.0
G, ETA_MAX = 0.9, 0.1
# Outer steps in a row that may bring no smaller residual before the run counts as stuck.
PATIENCE = 30
TINY = np.finfo(np.float64).tiny


@dataclass
class KrSettings(MethodSettings):
    """Settings of KR: Juicer works by chromosome and keeps all diagonals.

    Attributes
    ----------
    tolerance : stop when the 2-norm of (row sums - 1) is at most this.
    max_products : give up after as many matrix-vector products.
    """

    scope: str = Scope.CIS.value
    tolerance: float = 1e-8
    max_products: int = 2000

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_positive("tolerance", "max_products")


def solve(problem: Problem, settings: KrSettings) -> Solution:
    """Unit row sums: the weights x with x * (A x) = 1."""
    product, record = problem.operator.product, problem.record
    x = 1 / np.sqrt(problem.marginal)
    row_sums = x * product(x)
    residual = _square(1 - row_sums)
    eta, best, stuck, outer = ETA_MAX, residual, 0, 0
    record(outer, row_sums, 1.0)
    while residual > settings.tolerance**2:
        if record.matvecs >= settings.max_products:
            words = f"{record.matvecs:,} matrix-vector products were not enough"
            return Solution(x, Status.NOT_CONVERGED, outer, Cause.LIMIT, words, target=1.0)
        if stuck >= PATIENCE:
            words = f"the row sums stopped coming closer to one after {outer - PATIENCE} steps"
            return Solution(x, Status.NOT_CONVERGED, outer, Cause.DIVERGED, words, target=1.0)
        goal = max(eta**2 * residual, settings.tolerance**2)
        left = settings.max_products - record.matvecs
        step = _newton_step(problem, x, row_sums, goal, left)
        moved = x * step
        moved_sums = moved * product(moved)
        new_residual = _square(1 - moved_sums)
        if not np.isfinite(new_residual):
            words = f"the weights ran off to zero or infinity after {outer} steps"
            return Solution(x, Status.FAILED, outer, Cause.DIVERGED, words, target=1.0)
        x, row_sums = moved, moved_sums
        outer += 1
        record(outer, row_sums, 1.0)
        eta = _forcing(
            eta, new_residual / residual, settings.tolerance / 2 / max(new_residual, TINY) ** 0.5
        )
        residual = new_residual
        stuck = 0 if residual < 0.99 * best else stuck + 1
        best = min(best, residual)
    return Solution(x, Status.CONVERGED, outer, target=1.0)


def _newton_step(
    problem: Problem,
    x: NDArray[np.float64],
    row_sums: NDArray[np.float64],
    goal: float,
    max_products: int,
) -> NDArray[np.float64]:
    """Solve (D + X A X) y = 1 + D 1 by conjugate gradients from y = 1, inside the cone."""
    y = np.ones_like(x)
    residual = 1 - row_sums
    rho = _square(residual)
    previous = 0.0
    direction = np.zeros_like(x)
    for step in range(min(len(x) + 1, max_products)):
        if rho <= goal:
            break
        scaled = residual / row_sums
        rho = _dot(residual, scaled)  # from here on in the preconditioner's norm
        direction = scaled if step == 0 else scaled + (rho / previous) * direction
        image = x * problem.operator.product(x * direction) + row_sums * direction
        curvature = _dot(direction, image)
        if not curvature > 0:
            break  # flat within rounding: nothing left to gain in this step
        move = (rho / curvature) * direction
        tried = y + move
        if tried.min() <= DELTA_LOW:
            falling = move < 0
            return y + np.min((DELTA_LOW - y[falling]) / move[falling]) * move
        if tried.max() >= DELTA_HIGH:
            rising = tried > DELTA_HIGH
            return y + np.min((DELTA_HIGH - y[rising]) / move[rising]) * move
        y = tried
        residual = residual - (rho / curvature) * image
        previous = rho
        rho = _dot(residual, residual / row_sums)
    return y


def _forcing(eta: float, ratio: float, floor: float) -> float:
    """How well to solve the next inner system, from how much the last outer step brought."""
    wanted = G * ratio
    if G * eta**2 > 0.1:
        wanted = max(wanted, G * eta**2)
    return max(min(wanted, ETA_MAX), floor)


def _dot(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """a . b by numpy's own sum: BLAS threads beside the product's make KR four times slower."""
    return float(np.sum(a * b))


def _square(a: NDArray[np.float64]) -> float:
    return _dot(a, a)


METHODS = (Method("kr", KrSettings, solve),)
