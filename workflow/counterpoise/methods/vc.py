"""Vanilla coverage (VC and VC_SQRT) as Juicer defines it: one pass, no iteration."""

from __future__ import annotations

from dataclasses import dataclass

from counterpoise.backends.vectors import Vector
from counterpoise.contacts.selection import Scope
from counterpoise.methods.base import Method, MethodSettings, Problem, Solution
from counterpoise.records.citations import LIEBERMAN_AIDEN, RAO
from counterpoise.records.verdict import Status


@dataclass
class VcSettings(MethodSettings):
    """Settings of VC and VC_SQRT, with Juicer's defaults: by chromosome, with all diagonals.

    There is no ``target``: row sums are not equal, and Juicer's scale is part of the method.
    """

    scope: str = Scope.CIS.value


def _coverage(problem: Problem, power: float) -> Solution:
    """Divide by a power of the row sums; as in Juicer, the total of the map is kept."""
    weights = problem.marginal**-power
    total = (weights * problem.operator.product(weights)).sum()
    factor = (problem.marginal.sum() / total) ** 0.5
    weights *= factor
    # The relative error of a Poisson count s is s ** -0.5, and that of s ** power is power times
    # as large.
    return Solution(
        weights,
        Status.COMPUTED,
        errors=lambda: power * problem.marginal**-0.5,
        unevenness=lambda: _unevenness(problem, weights, power),
    )


def _unevenness(problem: Problem, weights: Vector, power: float) -> float:
    """Return the expected unevenness of new contacts: see ``kernel.unevenness``.

    Of the noise of its row sum r_i, which holds a_i contacts, a bin's own weight takes back the
    share ``power``: c = power r^2 / a on average.
    """
    row_sums = weights * problem.operator.product(weights)
    noise = weights * weights * problem.operator.product(weights * weights)
    level = row_sums.mean()
    back = power * (row_sums**2 / problem.marginal).mean()
    return float((((row_sums - level) ** 2).mean() - noise.mean() + 2 * back) / level**2)


def solve_vc(problem: Problem, settings: VcSettings) -> Solution:
    """Divide by the row sums of both bins.

    Parameters
    ----------
    problem : Problem
        The part.
    settings : VcSettings
        The method's settings.
    """
    return _coverage(problem, 1.0)


def solve_vc_sqrt(problem: Problem, settings: VcSettings) -> Solution:
    """Divide by the square roots of the row sums of both bins.

    Parameters
    ----------
    problem : Problem
        The part.
    settings : VcSettings
        The method's settings.
    """
    return _coverage(problem, 0.5)


METHODS = (
    Method(
        "vc",
        VcSettings,
        solve_vc,
        "vanilla coverage as in Juicer: one pass",
        cites=(LIEBERMAN_AIDEN,),
    ),
    Method(
        "vc_sqrt",
        VcSettings,
        solve_vc_sqrt,
        "square root of vanilla coverage as in Juicer: one pass",
        cites=(LIEBERMAN_AIDEN, RAO),
    ),
)
