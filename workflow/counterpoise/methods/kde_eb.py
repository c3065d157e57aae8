"""KDE_EB: a kernel curve for every bin, and the bin's own evidence as far as it has enough.

Beyond the paper of ``kde``. With A the map over its mean row sum, s = A u is what the contacts of
a bin say of it, with Poisson variance v = A u^2, and g = S s (without the bin itself) what its
neighbours say. A bin's bias is taken to be g times a gamma variable of mean one and variance
1 / kappa; its estimate is the posterior mean h = g (kappa + s / phi) / (kappa + g / phi), where
phi = v / s, and u <- sqrt(u / h). kappa comes from how far bins stray from their neighbours beyond
counting noise. With few contacts h is the kernel curve, with many it is s: ICE's solution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from counterpoise.backends.base import Operator
from counterpoise.backends.vectors import Vector
from counterpoise.methods.base import Method
from counterpoise.methods.kernel.settings import KernelSettings
from counterpoise.methods.kernel.smoothing import Gaussian
from counterpoise.methods.kernel.solver import solve_by

# Variance of bins about the curve, relative to it. With less, a bin's own evidence would not count;
# more is the mark of a sparse map that has no exact balancing, on which weights feed on themselves.
LEAST_VARIANCE, LARGEST_VARIANCE = 1e-4, 1.0


@dataclass
class KdeEbSettings(KernelSettings):
    """Settings of empirical-Bayes kernel balancing, those of every kernel method."""


@dataclass(frozen=True)
class Evidence:
    """What is known of each bin, float64 [bins] (or [bins, bandwidths], and [bandwidths]).

    Attributes
    ----------
    own : s, from the bin's own contacts.
    noise : v, its Poisson variance.
    curve : g, from its neighbours'.
    unit : phi, variance of a unit of s; where a bin has no contacts, as around it.
    variance : 1 / kappa.
    """

    own: Vector
    noise: Vector
    curve: Vector
    unit: Vector
    variance: Vector


def weigh(operator: Operator, smoother: Gaussian, u: Vector, mean: Any) -> Evidence:
    """The evidence at u."""
    xp = operator.xp
    own = operator.product(u) / mean
    noise = operator.product(u * u) / mean**2
    around = smoother.smooth(own)
    curve = smoother.without_own(own, around)
    unit_around = smoother.smooth(noise) / around
    unit = xp.where(own > 0, noise / own, unit_around)
    # Each bin as much as there is of its curve: a plain mean would be decided by bins with next to
    # nothing around them, and a ratio of sums of squares by those with most.
    stray = ((own - curve) ** 2 / curve - unit_around).sum(0) / curve.sum(0)
    return Evidence(own, noise, curve, unit, stray.clip(LEAST_VARIANCE, LARGEST_VARIANCE))


def step(
    operator: Operator, smoother: Gaussian, u: Vector, mean: Any, settings: KdeEbSettings
) -> Vector:
    """u h, from the posterior means h."""
    at = weigh(operator, smoother, u, mean)
    # (kappa + s / phi) / (kappa + g / phi), times phi / kappa above and below.
    share = (at.unit + at.variance * at.own) / (at.unit + at.variance * at.curve)
    return u * at.curve * share


def noise(
    operator: Operator, smoother: Gaussian, u: Vector, mean: Any, settings: KdeEbSettings
) -> Vector:
    """Relative posterior variance: of the gamma variable, 1 / (kappa + s / phi), and the curve's.

    Of the curve's own noise a bin takes on as much as it goes by the curve. So bins with no
    contacts have errors, too: how far bins stray from their neighbours.
    """
    at = weigh(operator, smoother, u, mean)
    by_curve = at.unit / (at.unit + at.variance * at.curve)
    of_curve = smoother.variance(at.noise) / at.curve**2
    return at.variance * at.unit / (at.unit + at.variance * at.own) + by_curve**2 * of_curve


METHODS = (
    Method(
        "kde_eb",
        KdeEbSettings,
        solve_by(step, noise),
        "`kde`, corrected for each bin in proportion to the evidence of its own contacts: between "
        "`kde` and `ice`",
        step=step,
    ),
)
