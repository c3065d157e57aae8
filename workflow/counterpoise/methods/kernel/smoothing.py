"""Gaussian smoothing along chromosomes: reflected at their ends, renormalised over masked bins.

Over the kept bins of a chromosome, S = diag(1 / (K m)) K diag(m): K is the Gaussian with the
values beyond the ends folded back, m the 0/1 mask. Rows of S sum to one, so a constant stays one
up to the ends and across gaps. K is applied by a cosine transform, or, what is the same, a Fourier
transform of the chromosome followed by its mirror image, where folding back is wrapping around.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.vectors import Vector
from counterpoise.contacts.bandwidth import Bandwidth
from counterpoise.contacts.chromosomes import ChromosomeBins

# Standard deviations beyond which a Gaussian is zero in double precision.
REACH = 40.0


def eigenvalues(sigma: float, n: int) -> NDArray[np.float64]:
    """Return the eigenvalues of K, the Gaussian at whole bins round a circle of 2 n of them.

    The Gaussian is sampled and then normalised, so it is never negative, sums to one for every
    ``sigma``, tends to the identity for small ones, and is a plain sum of Gaussians at the bins'
    centres. From two bins on its eigenvalues are exp(-(pi k sigma / n)^2 / 2) to rounding.

    Parameters
    ----------
    sigma : float
        Standard deviation in bins; 0 for the identity.
    n : int
        Bins of the chromosome.

    Returns
    -------
    ndarray of float64, shape (n + 1,)
    """
    if not sigma:
        return np.ones(n + 1)
    if sigma > max(n, 2):  # the same to rounding, without the many turns
        return np.asarray(np.exp(-0.5 * (np.pi * np.arange(n + 1) * sigma / n) ** 2))
    distance = np.arange(2 * n)
    values = np.zeros(2 * n)
    turns = _turns(sigma, n)
    for turn in range(-turns, turns + 1):
        values += np.exp(-0.5 * ((distance + 2 * n * turn) / sigma) ** 2)
    return np.fft.rfft(values / values.sum()).real


def _turns(sigma: float, n: int) -> int:
    """Return how often a Gaussian goes round a circle of 2 n bins before it is zero."""
    return int(np.ceil(REACH * sigma / (2 * n))) + 1


def end_gaussians(sigma: float, n: int) -> list[NDArray[np.float64]]:
    """Return the Gaussian about each end of a chromosome, for ``Gaussian.variance``.

    Parameters
    ----------
    sigma : float
        Standard deviation in bins.
    n : int
        Bins of the chromosome.

    Returns
    -------
    list of ndarray of float64, shape (n,)
        For the first and for the last end.
    """
    from_end = np.arange(n) + 0.5
    if sigma > max(n, 2):  # as a sum of a few waves, without the many turns
        waves = np.arange(1, 6)[:, None]
        heights = 2 * np.exp(-((np.pi * waves * sigma / (2 * n)) ** 2))
        return [
            (1 + (heights * np.cos(np.pi * waves * (from_end + end) / n)).sum(axis=0))
            / (np.sqrt(8) * n)
            for end in (0, n)
        ]
    turns = np.arange(-_turns(sigma, n), _turns(sigma, n) + 1)[:, None] * 2 * n
    total = np.exp(-0.5 * ((np.arange(2 * n) + turns) / sigma) ** 2).sum()
    return [
        np.exp(-(((from_end + end + turns) / sigma) ** 2)).sum(axis=0) / total for end in (0, n)
    ]


class Smoother(Protocol):
    """S and its transpose on the kept bins of a part; vectors are float64 [bins]."""

    def smooth(self, x: Vector) -> Vector:
        """Return S x; rows of S sum to one."""
        ...

    def spread(self, x: Vector) -> Vector:
        """Return S^T x."""
        ...

    def variance(self, x: Vector) -> Vector:
        """Return the variance of S e for independent e with variances x: (S * S) x."""
        ...

    def own_share(self) -> Vector:
        """Return the diagonal of S: the share of each bin in its own smoothed value."""
        ...

    def kernel(self) -> NDArray[np.float64]:
        """Return the entries of S by distance, on the largest chromosome far from its ends."""
        ...

    def spectrum(self) -> NDArray[np.float64] | None:
        """Return how much S leaves of each cosine wave along the largest chromosome.

        None if S is a projection.
        """
        ...

    def elsewhere(self) -> tuple[Smoother, Vector] | None:
        """Return the smoother without a prior, and which bins have none (bool [bins]).

        None if there is no prior, or if all bins have one.
        """
        ...


class Gaussian:
    """The Gaussian ``Smoother``.

    Parameters
    ----------
    chromosomes : sequence of ChromosomeBins
        The chromosomes of the part, in order; vectors hold their kept bins one after the other.
    bandwidth : Bandwidth
        Standard deviation of the kernel. Zero leaves vectors as they are.
    like : Vector
        Any vector of the operator; says where to compute.
    xp : module
        numpy or torch, as the operator's.
    """

    def __init__(
        self, chromosomes: Sequence[ChromosomeBins], bandwidth: Bandwidth, like: Vector, xp: Any
    ) -> None:
        self.xp = xp
        self._bandwidth = bandwidth
        # Of each chromosome with kept bins: their place in vectors and on the chromosome, its
        # number of bins, and the eigenvalues of K.
        self._runs: list[tuple[slice, Vector, int, Vector]] = []
        self._chromosomes: list[ChromosomeBins] = []
        begin = 0
        for chromosome in chromosomes:
            places = np.flatnonzero(chromosome.kept)
            if not len(places):
                continue
            n = len(chromosome.kept)
            spectrum = eigenvalues(chromosome.sigma(bandwidth), n)
            self._chromosomes.append(chromosome)
            self._runs.append(
                (
                    slice(begin, begin + len(places)),
                    xp.asarray(places, device=like.device),
                    n,
                    xp.asarray(spectrum, device=like.device),
                )
            )
            begin += len(places)
        self._coverage = self._apply_kernel(xp.ones_like(like))
        largest = max(chromosomes, key=lambda chromosome: len(chromosome.kept))
        self._bins = len(largest.kept)
        self._eigenvalues = eigenvalues(largest.sigma(bandwidth), self._bins)

    def smooth(self, x: Vector) -> Vector:
        """Return S x."""
        return self._apply_kernel(x) / self._coverage

    def spread(self, x: Vector) -> Vector:
        """Return S^T x."""
        return self._apply_kernel(x / self._coverage)

    def variance(self, x: Vector) -> Vector:
        """Return (S * S) x.

        With k the kernel round the circle, K_ij = k(i - j) + k(i + j + 1). Of its square, the two
        squares are a kernel like K, and the rest is a product of what depends on i and on j: twice
        the sum, over both ends, of g(i) g(j), g being a Gaussian about the end.
        """
        if not self._bandwidth.value:
            return x
        xp, out = self.xp, self.xp.empty_like(x)
        for run, chromosome in zip(self._runs, self._chromosomes, strict=True):
            inside, places, n, spectrum = run
            kernel = xp.fft.irfft(spectrum, 2 * n)
            mirrored = xp.zeros(2 * n, dtype=x.dtype, device=x.device)
            mirrored[places] = mirrored[2 * n - 1 - places] = x[inside]
            squared = xp.fft.irfft(xp.fft.rfft(kernel**2) * xp.fft.rfft(mirrored), 2 * n)[places]
            for end in end_gaussians(chromosome.sigma(self._bandwidth), n):
                about_end = xp.asarray(end, device=x.device)[places]
                squared = squared + 2 * about_end * (about_end * x[inside]).sum()
            out[inside] = squared.clip(0)
        return out / self._coverage**2

    def own_share(self) -> Vector:
        """Return the diagonal of S: K of each bin with itself and its own mirror image."""
        return self._own_share

    def kernel(self) -> NDArray[np.float64]:
        """Return the kernel by distance, float64 [bins of the largest chromosome]."""
        return np.asarray(np.fft.irfft(self._eigenvalues, 2 * self._bins)[: self._bins])

    def spectrum(self) -> NDArray[np.float64]:
        """Return the eigenvalues of K, float64 [bins of the largest chromosome]."""
        return self._eigenvalues[: self._bins]

    def elsewhere(self) -> None:
        """Return None: there is no prior."""

    @cached_property
    def _own_share(self) -> Vector:
        """See ``own_share``."""
        out = self.xp.empty_like(self._coverage)
        for inside, places, n, spectrum in self._runs:
            kernel = self.xp.fft.irfft(spectrum, 2 * n)
            out[inside] = kernel[0] + kernel[(2 * places + 1) % (2 * n)]
        return out / self._coverage

    def _apply_kernel(self, x: Vector) -> Vector:
        """Return K x for a vector that is zero on masked bins."""
        xp = self.xp
        if not self._bandwidth.value:
            return x
        out = xp.empty_like(x)
        if xp is np:  # imported here, so that jobs without a kernel do not pay for it
            from scipy.fft import dct, idct
        for inside, places, n, spectrum in self._runs:
            if xp is np:
                full = np.zeros(n)
                full[places] = x[inside]
                blurred = idct(dct(full) * spectrum[:n])
            else:
                full = xp.zeros(2 * n, dtype=x.dtype, device=x.device)
                full[places] = full[2 * n - 1 - places] = x[inside]
                blurred = xp.fft.irfft(xp.fft.rfft(full) * spectrum, 2 * n)
            # Where the kernel underflows, the transform leaves +-1e-17.
            out[inside] = blurred[places].clip(0)
        return out


class Blocks:
    """Means over blocks of equally many bins, so that the map that balances is a coarser one.

    As a ``Smoother`` it turns kernel density balancing into what the paper calls SSK at fewer
    bins, whose density is a histogram. The bandwidth is the length of a block; masked bins are
    not part of it.

    Parameters
    ----------
    chromosomes : sequence of ChromosomeBins
        The chromosomes of the part.
    bandwidth : Bandwidth
        Length of a block.
    like : Vector
        Any vector of the operator; says where to compute.
    xp : module
        numpy or torch, as the operator's.
    """

    def __init__(
        self, chromosomes: Sequence[ChromosomeBins], bandwidth: Bandwidth, like: Vector, xp: Any
    ) -> None:
        self.xp = xp
        largest = max(chromosomes, key=lambda chromosome: len(chromosome.kept))
        self._bins = len(largest.kept)
        self._width = max(round(largest.sigma(bandwidth)), 1)
        labels, first = [], 0
        for chromosome in chromosomes:
            width = max(round(chromosome.sigma(bandwidth)), 1)
            labels.append(first + np.flatnonzero(chromosome.kept) // width)
            first += -(-len(chromosome.kept) // width)
        _, label, sizes = np.unique(np.concatenate(labels), return_inverse=True, return_counts=True)
        # The block of each bin, and the kept bins of each block.
        self._label = xp.asarray(label, device=like.device)
        self._sizes = xp.asarray(sizes, device=like.device)

    def smooth(self, x: Vector) -> Vector:
        """Return S x: the mean of each block on each of its bins."""
        if self.xp is np:
            sums = np.add.reduceat(x, np.cumsum(self._sizes) - self._sizes)
        else:  # bincount's sums have no fixed order on a GPU
            sums = self.xp.segment_reduce(x.contiguous(), "sum", lengths=self._sizes)
        return (sums / self._sizes)[self._label]

    # Every bin of a block has the same weight in every other's mean, so S is symmetric.
    spread = smooth

    def variance(self, x: Vector) -> Vector:
        """Return (S * S) x."""
        return self.smooth(x) / self._sizes[self._label]

    def own_share(self) -> Vector:
        """Return one over the kept bins of each bin's block."""
        return 1.0 / self._sizes[self._label]

    def kernel(self) -> NDArray[np.float64]:
        """Return the mean of S by distance: pairs of bins that far apart share a block or not."""
        together = 1 - np.arange(self._bins) / self._width
        return together.clip(0) / self._width

    def spectrum(self) -> None:
        """Return None: means of blocks are a projection."""

    def elsewhere(self) -> None:
        """Return None: there is no prior."""
