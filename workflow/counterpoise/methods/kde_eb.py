"""KDE_EB: a kernel curve, and each bin's own contacts in proportion to their evidence.

Beyond the paper of ``kde``. With A the map over its mean row sum, s = A u is the estimate of a
bin's bias from its own contacts, with Poisson variance v = A u^2, and g = S s (without the bin
itself) is the estimate from its neighbours' contacts. A bin's bias is taken to be g times a gamma
variable of mean one and variance 1 / kappa; its estimate is the posterior mean
h = g (kappa + s / phi) / (kappa + g / phi), where phi = v / s, and u <- sqrt(u / h). 1 / kappa is
estimated from the variance of bins about the curve beyond counting noise. With few contacts h is
the kernel curve, with many it is s: ICE's solution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from counterpoise.backends.base import Operator
from counterpoise.backends.vectors import Vector
from counterpoise.methods.base import Method
from counterpoise.methods.kernel.estimator import Estimator
from counterpoise.methods.kernel.settings import KernelSettings
from counterpoise.methods.kernel.smoothing import FEW, Gaussian
from counterpoise.methods.kernel.solver import solve_by

# Limits of the variance of bins about the curve, relative to it. Below, a bin's own evidence would
# not count; above, the map is sparse and has no exact balancing, and weights would diverge.
LEAST_VARIANCE, LARGEST_VARIANCE = 1e-4, 1.0


@dataclass
class KdeEbSettings(KernelSettings):
    """Settings of empirical-Bayes kernel balancing, those of every kernel method."""


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
    variance : Vector
        1 / kappa, a number.
    """

    own: Vector
    noise: Vector
    curve: Vector
    unit: Vector
    variance: Vector


def _evidence(operator: Operator, smoother: Gaussian, u: Vector, mean: Any) -> Evidence:
    """Return the evidence at u."""
    xp = operator.xp
    own = operator.product(u) / mean
    noise = operator.product(u * u) / mean**2
    around = smoother.smooth(own)
    curve = smoother.without_own(own, around)
    unit_around = smoother.smooth(noise) / around
    unit = xp.where(own > 0, noise / own, unit_around)
    # Each bin counts in proportion to its curve: a plain mean would be decided by bins with almost
    # nothing around them, and a ratio of sums of squares by bins with the largest curve.
    excess_variance = ((own - curve) ** 2 / curve - unit_around).sum(0) / curve.sum(0)
    return Evidence(own, noise, curve, unit, excess_variance.clip(LEAST_VARIANCE, LARGEST_VARIANCE))


def _step(
    operator: Operator, smoother: Gaussian, u: Vector, mean: Any, settings: KdeEbSettings
) -> Vector:
    """Return u h, from the posterior means h."""
    evidence = _evidence(operator, smoother, u, mean)
    # (kappa + s / phi) / (kappa + g / phi), times phi / kappa above and below.
    share = (evidence.unit + evidence.variance * evidence.own) / (
        evidence.unit + evidence.variance * evidence.curve
    )
    return u * evidence.curve * share


def _noise(
    operator: Operator, smoother: Gaussian, u: Vector, mean: Any, settings: KdeEbSettings
) -> Vector:
    """Return the relative posterior variance of u.

    It is that of the gamma variable, 1 / (kappa + s / phi), and the curve's noise in proportion to
    the weight of the curve in the estimate. A bin with no contacts has an error, too: the
    variance of bins about the curve.
    """
    evidence = _evidence(operator, smoother, u, mean)
    by_curve = evidence.unit / (evidence.unit + evidence.variance * evidence.curve)
    of_curve = smoother.variance(evidence.noise) / evidence.curve**2
    return (
        evidence.variance * evidence.unit / (evidence.unit + evidence.variance * evidence.own)
        + by_curve**2 * of_curve
    )


def _own_weight(
    operator: Operator, smoother: Gaussian, u: Vector, mean: Any, settings: KdeEbSettings
) -> Vector:
    """Return the share of s in the posterior mean h; one where no other bin is in reach."""
    evidence = _evidence(operator, smoother, u, mean)
    known = evidence.variance * evidence.own
    alone = 1 - smoother.own_share() < FEW
    return operator.xp.where(alone, operator.xp.ones_like(u), known / (evidence.unit + known))


METHODS = (
    Method(
        "kde_eb",
        KdeEbSettings,
        solve_by(Estimator(_step, _noise, _own_weight, tie=0.25)),
        "`kde`, corrected for each bin in proportion to the evidence of its own contacts: between "
        "`kde` and `ice`",
        fills=True,
        revision=3,
    ),
)
