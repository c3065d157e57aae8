"""Vanilla coverage (VC and VC_SQRT) as Juicer defines it: one pass, no iteration."""

from __future__ import annotations

from dataclasses import dataclass

from counterpoise.backends.vectors import Vector, to_numpy
from counterpoise.contacts.selection import Scope
from counterpoise.methods.base import Method, MethodSettings, Problem, Solution
from counterpoise.records.citations import LIEBERMAN_AIDEN, RAO
from counterpoise.records.excess import Excess
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


def _unevenness(problem: Problem, weights: Vector, power: float) -> Excess:
    """Return the expected excess of new contacts: see ``kernel.unevenness``.

    Of the noise of its row sum r_i, which holds a_i contacts, a bin's own weight takes back the
    share ``power``: power r^2 / a. The weights of its partners take back some of it, too.
    """
    row_sums = weights * problem.operator.product(weights)
    noise = weights * weights * problem.operator.product(weights * weights)
    level = row_sums.mean()
    back = power * row_sums**2 / problem.marginal
    taken = float(back.mean()) + power * _through_partners(problem, weights, row_sums)
    value = (float(((row_sums - level) ** 2).mean() - noise.mean()) + 2 * taken) / float(level) ** 2
    of_bins = row_sums / level, noise / level**2, back / noise
    return Excess.of_bins(value, *map(to_numpy, of_bins))


def _through_partners(problem: Problem, weights: Vector, row_sums: Vector) -> float:
    """Return the covariance of row sums and noise through the weights of partners, over ``power``.

    Contacts of the bins i and j count in both row sums. Those that chance adds for i lower the
    weight of j by power / a_j each, and so the expected row sum of i by its share x_ij = u_i u_j
    A_ij with j. On average over the bins this is x_ij^2 / a_j; A_ij (A_ij - 1) stands for A_ij^2,
    which counting raises. A bin that has contacts with itself is its own partner: x_ii r_i / a_i.
    Most contacts of large bins are of this kind, or with few partners. One pass over the entries.
    """
    u, sums, share = (to_numpy(each) for each in (weights, row_sums, 1 / problem.marginal))
    total = 0.0
    for rows, columns, values in problem.entries():
        balanced = u[rows] * u[columns] * values
        pairs = balanced * balanced * (values - 1) / values
        of_itself = rows == columns
        pairs[of_itself] = 0
        diagonal = rows[of_itself]
        total += float(pairs @ (share[rows] + share[columns]))
        total += float((balanced[of_itself] * sums[diagonal]) @ share[diagonal])
    return total / len(u)


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
