"""KDE_EB: a kernel curve, and each bin's own contacts in proportion to their evidence.

Beyond the paper of ``kde``. With A the map over its mean row sum, s = A u is the estimate of a
bin's bias from its own contacts, with Poisson variance v = A u^2, and g = S s (without the bin
itself) is the estimate from its neighbours' contacts. A bin's bias is taken to be g times a gamma
variable of mean one and variance 1 / kappa; its estimate is the posterior mean
h = g (kappa + s / phi) / (kappa + g / phi), where phi = v / s, and u <- sqrt(u / h). 1 / kappa is
estimated from the variance of bins about the curve beyond counting noise. With few contacts h is
the kernel curve, with many it is s: ICE's solution.

With a prior, the bias of other maps, S smooths along it and the curve has its shape
(``counterpoise.methods.kernel.along_prior``); the rest is unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from counterpoise.backends.base import Operator
from counterpoise.backends.vectors import Vector
from counterpoise.methods.base import Method
from counterpoise.methods.kernel.estimator import Estimator
from counterpoise.methods.kernel.evidence import Evidence, alone, measure_evidence
from counterpoise.methods.kernel.settings import KernelSettings
from counterpoise.methods.kernel.smoothing import Gaussian
from counterpoise.methods.kernel.solver import SMOOTHED, solve_by
from counterpoise.methods.kernel.strength import rate_by
from counterpoise.records.citations import KERNEL

# Limits of the variance of bins about the curve, relative to it. Below, a bin's own evidence would
# not count; above, the map is sparse and has no exact balancing, and weights would diverge.
LEAST_VARIANCE, LARGEST_VARIANCE = 1e-4, 1.0


@dataclass
class KdeEbSettings(KernelSettings):
    """Settings of empirical-Bayes kernel balancing, those of every kernel method."""


def _evidence(
    operator: Operator, smoother: Gaussian, u: Vector, mean: Any
) -> tuple[Evidence, Vector]:
    """Return the evidence at u, and 1 / kappa."""
    evidence = measure_evidence(operator, smoother, u, mean)
    return evidence, evidence.scatter.clip(LEAST_VARIANCE, LARGEST_VARIANCE)


def _step(
    operator: Operator, smoother: Gaussian, u: Vector, mean: Any, settings: KdeEbSettings
) -> Vector:
    """Return u h, from the posterior means h."""
    evidence, variance = _evidence(operator, smoother, u, mean)
    # (kappa + s / phi) / (kappa + g / phi), times phi / kappa above and below.
    share = (evidence.unit + variance * evidence.own) / (evidence.unit + variance * evidence.curve)
    return u * evidence.curve * share


def _noise(
    operator: Operator, smoother: Gaussian, u: Vector, mean: Any, settings: KdeEbSettings
) -> Vector:
    """Return the relative posterior variance of u.

    It is that of the gamma variable, 1 / (kappa + s / phi), and the curve's noise in proportion to
    the weight of the curve in the estimate. A bin with no contacts has an error, too: the
    variance of bins about the curve.
    """
    evidence, variance = _evidence(operator, smoother, u, mean)
    by_curve = evidence.unit / (evidence.unit + variance * evidence.curve)
    of_curve = smoother.variance(evidence.noise) / evidence.curve**2
    return (
        variance * evidence.unit / (evidence.unit + variance * evidence.own)
        + by_curve**2 * of_curve
    )


def _own_weight(
    operator: Operator, smoother: Gaussian, u: Vector, mean: Any, settings: KdeEbSettings
) -> Vector:
    """Return the share of s in the posterior mean h; one where no other bin is in reach."""
    evidence, variance = _evidence(operator, smoother, u, mean)
    known = variance * evidence.own
    return operator.xp.where(
        alone(smoother), operator.xp.ones_like(u), known / (evidence.unit + known)
    )


def _precision(
    operator: Operator, smoother: Gaussian, u: Vector, mean: Any, settings: KdeEbSettings
) -> Vector:
    """Return the inverse of the relative variance of s about g; 0 where g is 0."""
    evidence, variance = _evidence(operator, smoother, u, mean)
    return evidence.curve / (evidence.unit + variance * evidence.curve)


ESTIMATOR = Estimator(_step, _noise, _own_weight, _precision, tie=0.25)

METHODS = (
    Method(
        "kde_eb",
        KdeEbSettings,
        solve_by(ESTIMATOR),
        "`kde`, corrected for each bin in proportion to the evidence of its own contacts: between "
        "`kde` and `ice`",
        cites=(KERNEL,),
        quantity=SMOOTHED,
        fills=True,
        rate_prior=rate_by(ESTIMATOR),
        revision=3,
    ),
)
