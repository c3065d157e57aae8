"""Smoothing along a prior: the curve is the prior's bias times a smooth function.

Other maps of the same protocol share much of their bias (enzyme, mappability, GC content), which
changes from bin to bin and so is nothing that a kernel can learn. With h0 their bias and alpha the
strength with which it applies, a bin's contacts are divided by h0^alpha before they are smoothed,
and the curve is multiplied by it: S becomes diag(1 / b) S diag(b), b = h0^-alpha. This is the same
as balancing the map b_i b_j A_ij with the variances of the raw counts, and multiplying its weights
by b.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.vectors import Vector
from counterpoise.contacts.bandwidth import Bandwidth
from counterpoise.contacts.chromosomes import ChromosomeBins
from counterpoise.methods.base import PartPrior
from counterpoise.methods.kernel.settings import KernelSettings
from counterpoise.methods.kernel.smoothing import Smoother

# Share of the kernel below which bins with a prior are out of reach of one without.
LEAST_REACH = 1e-12


class AlongPrior:
    """A ``Smoother`` along the bias of other maps.

    Parameters
    ----------
    inner : Smoother
        The smoother without a prior.
    prior : PartPrior
        The bias of the part's bins.
    like : Vector
        Any vector of the operator; says where to compute.
    xp : module
        numpy or torch, as the operator's.
    """

    def __init__(self, inner: Smoother, prior: PartPrior, like: Vector, xp: Any) -> None:
        self._inner = inner
        log_bias = fill_prior(inner, prior.log_bias, like, xp)
        self._factor = xp.exp(-prior.strength * log_bias)
        self._squared = self._factor * self._factor
        lacking = ~np.isfinite(prior.log_bias)
        self._lacking = xp.asarray(lacking, device=like.device) if lacking.any() else None

    def smooth(self, x: Vector) -> Vector:
        """Return S x; a constant times the prior's bias stays as it is."""
        return self._inner.smooth(self._factor * x) / self._factor

    def spread(self, x: Vector) -> Vector:
        """Return S^T x."""
        return self._factor * self._inner.spread(x / self._factor)

    def variance(self, x: Vector) -> Vector:
        """Return (S * S) x."""
        return self._inner.variance(self._squared * x) / self._squared

    def own_share(self) -> Vector:
        """Return the diagonal of S, which the prior leaves as it is."""
        return self._inner.own_share()

    def kernel(self) -> NDArray[np.float64]:
        """Return the kernel by distance: relative to the prior, it is the kernel without one."""
        return self._inner.kernel()

    def spectrum(self) -> NDArray[np.float64] | None:
        """Return the spectrum, which is likewise that without a prior."""
        return self._inner.spectrum()

    def elsewhere(self) -> tuple[Smoother, Vector] | None:
        """Return the smoother without a prior, and which bins have none."""
        return None if self._lacking is None else (self._inner, self._lacking)


def fill_prior(inner: Smoother, log_bias: NDArray[np.float64], like: Vector, xp: Any) -> Vector:
    """Give bins without a prior the mean of their neighbourhood, which says nothing about them.

    Any other value would be a step in the bias at these bins, which the curve would follow.

    Parameters
    ----------
    inner : Smoother
        The smoother without a prior.
    log_bias : ndarray of float64, shape (bins,)
        NaN where there is no prior.
    like, xp : Vector, module
        As for ``AlongPrior``.

    Returns
    -------
    Vector
        float64 [bins].
    """
    has_prior = np.isfinite(log_bias)
    level = log_bias[has_prior].mean() if has_prior.any() else 0.0
    known = xp.asarray(has_prior.astype(float), device=like.device)
    logs = xp.asarray(np.where(has_prior, log_bias - level, 0.0), device=like.device)
    if has_prior.all():
        return logs
    reach = inner.smooth(known)
    near = reach > LEAST_REACH
    share = xp.where(near, reach, xp.ones_like(reach))
    around = xp.where(near, smooth_signed(inner, logs) / share, xp.zeros_like(reach))
    return xp.where(known > 0, logs, around)


def smooth_signed(smoother: Smoother, x: Vector) -> Vector:
    """Return S x for values of either sign; ``smooth`` clips what is below zero.

    Parameters
    ----------
    smoother : Smoother
        The smoother.
    x : Vector
        float64 [bins].
    """
    return smoother.smooth(x.clip(0)) - smoother.smooth((-x).clip(0))


def make_smoother(
    settings: KernelSettings,
    chromosomes: Sequence[ChromosomeBins],
    bandwidth: Bandwidth,
    like: Vector,
    xp: Any,
    prior: PartPrior | None = None,
) -> Smoother:
    """Return the smoother of a part, along its prior if there is one.

    Parameters
    ----------
    settings : KernelSettings
        The method's settings.
    chromosomes, bandwidth, like, xp : various
        As for ``Gaussian``.
    prior : PartPrior, optional
        The bias of the part's bins by other maps.
    """
    smoother = settings.smoother(chromosomes, bandwidth, like, xp)
    if prior is None or not prior.strength:
        return smoother
    return AlongPrior(smoother, prior, like, xp)
