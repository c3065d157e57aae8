"""The expected unevenness of new contacts: what a kernel method's weights are worth.

Weights that were learned from one map are used on the next: on new contacts of the same library.
The row sums of new contacts, balanced with these weights, vary more than counting explains. That
excess variance, over the squared mean row sum, is estimated without new contacts, as Mallows' Cp
and Stein's estimate do for other smoothers: the row sums of the map itself vary by it, except that
the weights have taken back part of the map's own noise. For u with u o S A S^T u = mean,

    G = [mean (r - m)^2 - mean v + 2 c] / m^2

with r = u o A u the row sums of the map itself, m their mean, v = u^2 o A u^2 their variance by
counting, and c the covariance of this noise with what it did to the weights' row sums:

    c = mean (S_ii v_i) + (2 / n) sum_d K(d) W(d)
        + mean_k { s_k N_k [(1 + l_k) / (1 + s_k^2 l_k) - 1] }

The first term is a bin's own noise in its own weight. The second is a contact that lies within the
kernel's reach and so counts at both of its ends: K(d) is the kernel and W(d) the sum of
u_i^2 u_j^2 A_ij at the distance d. The third is what the weights of a bin's partners add: waves
along the chromosome, k, of which the kernel leaves s_k and the balanced map l_k, with noise N_k.
It is zero for means of blocks, which leave each wave or remove it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.base import Operator
from counterpoise.backends.vectors import Vector, to_numpy
from counterpoise.methods.kernel.smoothing import Smoother
from counterpoise.records.excess import Excess

# Limits of l_k. Row sums answer to a wave of log weights with at most as much again; without a
# lower limit a wave that the map reverses would have no finite answer.
LEAST_COUPLING, LARGEST_COUPLING = -0.9, 1.0


@dataclass(frozen=True)
class Profiles:
    """Sums over the contacts of a balanced map by distance, and their cosine transforms.

    They hardly depend on the weights, so one measurement serves every bandwidth.

    Attributes
    ----------
    near : numpy.ndarray
        float64 [bins of the largest chromosome], W(d) / n.
    noise : numpy.ndarray
        float64 of the same shape, N_k - mean v.
    coupling : numpy.ndarray
        float64 of the same shape, l_k.
    doubled : float
        What the mean of v lacks, where a pixel of the main diagonal counts twice.
    """

    near: NDArray[np.float64]
    noise: NDArray[np.float64]
    coupling: NDArray[np.float64]
    doubled: float


@dataclass(frozen=True)
class Unevenness:
    """The estimate for the weights of one bandwidth.

    Attributes
    ----------
    excess : Excess
        G and its standard error.
    row_sums, noise : numpy.ndarray
        float64 [bins], r / m and v / m^2.
    """

    excess: Excess
    row_sums: NDArray[np.float64]
    noise: NDArray[np.float64]


def measure_profiles(
    sum_by_distance: Callable[[Vector], NDArray[np.float64]],
    u: Vector,
    mean: float,
    bins: int,
    diagonal: int,
) -> Profiles:
    """Measure how contacts fall with distance.

    Parameters
    ----------
    sum_by_distance : callable
        ``Problem.sum_by_distance``.
    u : Vector
        float64 [bins of the part], a solution; 0 where there is none.
    mean : float
        Mean raw row sum.
    bins : int
        Number of bins with a solution.
    diagonal : {1, 2}
        How often a main-diagonal pixel counts.
    """
    coupling, noise = sum_by_distance(u)
    coupling, noise = coupling / mean / bins, noise / mean**2 / bins
    return Profiles(
        near=noise,
        noise=_waves(noise),
        coupling=(coupling[0] + _waves(coupling)).clip(LEAST_COUPLING, LARGEST_COUPLING),
        doubled=noise[0] / 2 if diagonal == 2 else 0.0,
    )


def _waves(profile: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 2 sum_d profile(d) cos(pi k d / L) for each k, without the distance 0."""
    n = len(profile)
    mirrored = np.zeros(2 * n)
    mirrored[1:n] = profile[1:]
    mirrored[n + 1 :] = profile[:0:-1]
    return np.asarray(np.fft.rfft(mirrored).real[:n])


def estimate_unevenness(
    operator: Operator,
    smoother: Smoother,
    u: Vector,
    mean: float,
    profiles: Profiles,
    own_weight: Vector | None = None,
) -> Unevenness:
    """Estimate the unevenness of new contacts that are balanced with u, for two products.

    Parameters
    ----------
    operator : Operator
        The map.
    smoother : Smoother
        The smoother that u belongs to.
    u : Vector
        float64 [bins], the solution.
    mean : float
        Mean raw row sum.
    profiles : Profiles
        How its contacts fall with distance.
    own_weight : Vector, optional
        float64 [bins], w, the share of a bin's own contacts in its estimate.
    """
    row_sums = to_numpy(u * operator.product(u)) / mean
    noise = to_numpy(u * u * operator.product(u * u)) / mean**2 + profiles.doubled
    level = float(row_sums.mean())
    kernel = smoother.kernel()
    near = 2 * float((kernel[1:] * profiles.near[1:]).sum())
    spectrum = smoother.spectrum()
    own = to_numpy(smoother.own_share() if own_weight is None else own_weight)
    back = float((own * noise).mean())
    if own_weight is None:
        back += near
        passed, twice = spectrum, None if spectrum is None else spectrum**2
    else:
        back += float(1 - own.mean()) * near
        passed = twice = None if spectrum is None else own.mean() + (1 - own.mean()) * spectrum
    if passed is not None and twice is not None:
        answer = (1 + profiles.coupling) / (1 + twice * profiles.coupling) - 1
        of_waves = (noise.mean() + profiles.noise).clip(0)
        back += float((passed * of_waves * answer).mean())
    variance = float(((row_sums - level) ** 2).mean())
    value = (variance - float(noise.mean()) + 2 * back) / level**2
    row_sums, noise = row_sums / level, noise / level**2
    return Unevenness(Excess.of_bins(value, row_sums, noise, own), row_sums, noise)
