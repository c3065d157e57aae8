"""Two estimates of each bin's bias: from its own contacts, and from those of its neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from counterpoise.backends.base import Operator
from counterpoise.backends.vectors import Vector
from counterpoise.methods.kernel.smoothing import Smoother

# Share of a smoothed value below which the contribution of the other bins is ignored.
FEW = 1e-6
# Differences below this share of a value are rounding.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Evidence:
    """Evidence of the contacts on each bin, float64 [bins].

    Attributes
    ----------
    own : Vector
        s, from the bin's own contacts.
    noise : Vector
        v, its Poisson variance.
    curve : Vector
        g, from its neighbours' contacts.
    unit : Vector
        phi, the variance of a unit of s; that around the bin where it has no contacts.
    scatter : float or Vector
        Variance of bins about the curve beyond counting noise, relative to it; negative by chance.
        One for all bins, or float64 [bins] where only some have a prior.
    """

    own: Vector
    noise: Vector
    curve: Vector
    unit: Vector
    scatter: Any


def measure_evidence(operator: Operator, smoother: Smoother, u: Vector, mean: Any) -> Evidence:
    """Return the evidence at u, for two products.

    Parameters
    ----------
    operator : Operator
        The map.
    smoother : Smoother
        The kernel.
    u : Vector
        float64 [bins].
    mean : float
        Mean raw row sum.
    """
    own = operator.product(u) / mean
    noise = operator.product(u * u) / mean**2
    xp = operator.xp
    curve, unit_around, scatter = _compare(xp, smoother, own, noise)
    unit = xp.where(own > 0, noise / own, unit_around)
    elsewhere = smoother.elsewhere()
    if elsewhere is not None:  # bins without a prior scatter as all bins do without one
        plain, lacking = elsewhere
        scatter = xp.where(lacking, _compare(xp, plain, own, noise)[2], scatter)
    return Evidence(own, noise, curve, unit, scatter)


def _compare(
    xp: Any, smoother: Smoother, own: Vector, noise: Vector
) -> tuple[Vector, Vector, Vector]:
    """Return the curve, the variance of a unit around each bin, and the scatter of all bins."""
    around = smoother.smooth(own)
    curve = without_own(xp, smoother, own, around)
    unit_around = smoother.smooth(noise) / around
    # Each bin counts in proportion to its curve: a plain mean would be decided by bins with almost
    # nothing around them, and a ratio of sums of squares by bins with the largest curve.
    near = curve > 0  # bins beyond the reach of every contact say nothing
    own_near, curve_near = own[near], curve[near]
    squares = (own_near - curve_near) ** 2 / curve_near - unit_around[near]
    return curve, unit_around, squares.sum() / curve_near.sum()


def alone(smoother: Smoother) -> Vector:
    """Return which bins have no other bin within reach of the kernel.

    Parameters
    ----------
    smoother : Smoother
        The kernel.

    Returns
    -------
    Vector
        bool [bins].
    """
    return 1 - smoother.own_share() < FEW


def without_own(xp: Any, smoother: Smoother, x: Vector, smooth: Vector) -> Vector:
    """Return S x without each bin's own value.

    Parameters
    ----------
    xp : module
        numpy or torch.
    smoother : Smoother
        The kernel.
    x, smooth : Vector
        float64 [bins], x and S x.

    Returns
    -------
    Vector
        float64 [bins]. A bin with no other value within reach of the kernel keeps S x.
    """
    own = smoother.own_share()
    rest = smooth - own * x
    # The others' share is rounding, or the others have nothing.
    isolated = alone(smoother) | (rest <= ROUNDING * smooth)
    return xp.where(isolated, smooth, rest / xp.where(isolated, xp.ones_like(own), 1 - own))
