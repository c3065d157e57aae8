"""Gaussian smoothing along chromosomes: reflected at their ends, renormalised over masked bins.

Over the kept bins of a chromosome, S = diag(1 / (K m)) K diag(m): K is the Gaussian with the
values beyond the ends folded back, m the 0/1 mask. Rows of S sum to one, so a constant stays one
up to the ends and across gaps. K is applied by a cosine transform, or, what is the same, a Fourier
transform of the chromosome followed by its mirror image, where folding back is wrapping around.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.vectors import Vector
from counterpoise.contacts.bandwidth import Bandwidth
from counterpoise.contacts.chromosomes import ChromosomeBins

# Share of a smoothed value below which the contribution of the other bins is ignored.
FEW = 1e-6
# Differences below this share of a value are rounding.
ROUNDING = 1e-12
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
    """S and its transpose on the kept bins of a part, for one bandwidth or several side by side.

    Vectors are float64 [bins], or [bins, bandwidths] where there are several.
    """

    def smooth(self, x: Vector) -> Vector:
        """Return S x; rows of S sum to one."""
        ...

    def spread(self, x: Vector) -> Vector:
        """Return S^T x."""
        ...

    def variance(self, x: Vector) -> Vector:
        """Return the variance of S e for independent e with variances x: (S * S) x."""
        ...

    def select(self, columns: Sequence[int]) -> Smoother:
        """Return the smoother for some of several bandwidths."""
        ...


def _as_list(bandwidths: Bandwidth | Sequence[Bandwidth]) -> list[Bandwidth]:
    """Return one bandwidth or several as a list."""
    return [bandwidths] if isinstance(bandwidths, Bandwidth) else list(bandwidths)


class Gaussian:
    """The Gaussian ``Smoother``.

    Parameters
    ----------
    chromosomes : sequence of ChromosomeBins
        The chromosomes of the part, in order; vectors hold their kept bins one after the other.
    bandwidths : Bandwidth or sequence of Bandwidth
        One, for vectors [bins], or several, for vectors [bins, bandwidths]. Zero leaves vectors
        as they are.
    like : Vector
        Any vector of the operator; says where to compute.
    xp : module
        numpy or torch, as the operator's.
    """

    def __init__(
        self,
        chromosomes: Sequence[ChromosomeBins],
        bandwidths: Bandwidth | Sequence[Bandwidth],
        like: Vector,
        xp: Any,
    ) -> None:
        self.xp = xp
        self.several = not isinstance(bandwidths, Bandwidth)
        self._bandwidths = _as_list(bandwidths)
        # Of each chromosome with kept bins: their place in vectors and on the chromosome, its
        # number of bins, and the eigenvalues of K for each bandwidth.
        self._runs: list[tuple[slice, Vector, int, Vector]] = []
        self._chromosomes: list[ChromosomeBins] = []
        begin = 0
        for chromosome in chromosomes:
            places = np.flatnonzero(chromosome.kept)
            if not len(places):
                continue
            n = len(chromosome.kept)
            spectrum = np.array([eigenvalues(chromosome.sigma(b), n) for b in self._bandwidths])
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
        ones = xp.ones_like(like)
        self._coverage = self._apply_kernel(xp.stack([ones] * len(self._bandwidths)))
        self._own_share: Vector | None = None

    def smooth(self, x: Vector) -> Vector:
        """Return S x."""
        return self._to_columns(self._apply_kernel(self._to_rows(x)) / self._coverage)

    def spread(self, x: Vector) -> Vector:
        """Return S^T x."""
        return self._to_columns(self._apply_kernel(self._to_rows(x) / self._coverage))

    def variance(self, x: Vector) -> Vector:
        """Return (S * S) x, for one bandwidth.

        With k the kernel round the circle, K_ij = k(i - j) + k(i + j + 1). Of its square, the two
        squares are a kernel like K, and the rest is a product of what depends on i and on j: twice
        the sum, over both ends, of g(i) g(j), g being a Gaussian about the end.
        """
        (bandwidth,) = self._bandwidths
        if not bandwidth.value:
            return x
        xp, out = self.xp, self.xp.empty_like(x)
        for run, chromosome in zip(self._runs, self._chromosomes, strict=True):
            inside, places, n, spectrum = run
            kernel = xp.fft.irfft(spectrum[0], 2 * n)
            mirrored = xp.zeros(2 * n, dtype=x.dtype, device=x.device)
            mirrored[places] = mirrored[2 * n - 1 - places] = x[inside]
            squared = xp.fft.irfft(xp.fft.rfft(kernel**2) * xp.fft.rfft(mirrored), 2 * n)[places]
            for end in end_gaussians(chromosome.sigma(bandwidth), n):
                about_end = xp.asarray(end, device=x.device)[places]
                squared = squared + 2 * about_end * (about_end * x[inside]).sum()
            out[inside] = squared.clip(0)
        return out / self._coverage[0] ** 2

    def without_own(self, x: Vector, smooth: Vector) -> Vector:
        """Return S x without each bin's own value, from x and S x.

        A bin with no other value within reach of the kernel keeps S x.
        """
        if self._own_share is None:
            self._own_share = self._diagonal() / self._coverage
        own = self._to_columns(self._own_share)
        rest = smooth - own * x
        # The others' share is rounding, or the others have nothing.
        isolated = (1 - own < FEW) | (rest <= ROUNDING * smooth)
        where = self.xp.where
        return where(isolated, smooth, rest / where(isolated, self.xp.ones_like(own), 1 - own))

    def _diagonal(self) -> Vector:
        """Return K of each bin with itself and its own mirror image, [bandwidths, bins]."""
        out = self.xp.empty_like(self._coverage)
        for inside, places, n, spectrum in self._runs:
            kernel = self.xp.fft.irfft(spectrum, 2 * n)
            out[:, inside] = kernel[:, :1] + kernel[:, (2 * places + 1) % (2 * n)]
        return out

    def select(self, columns: Sequence[int]) -> Gaussian:
        """Return the smoother for some of several bandwidths."""
        other = copy.copy(self)
        chosen = list(columns)
        other._bandwidths = [self._bandwidths[column] for column in chosen]
        other._runs = [(*run[:3], run[3][chosen]) for run in self._runs]
        other._coverage = self._coverage[chosen]
        other._own_share = None if self._own_share is None else self._own_share[chosen]
        return other

    def _to_rows(self, x: Vector) -> Vector:
        """Return vectors as [bandwidths, bins]."""
        return x.T if self.several else x[None, :]

    def _to_columns(self, rows: Vector) -> Vector:
        """Return [bandwidths, bins] as vectors."""
        return rows.T if self.several else rows[0]

    def _apply_kernel(self, rows: Vector) -> Vector:
        """Return K x for vectors [bandwidths, bins] that are zero on masked bins."""
        xp = self.xp
        unsmoothed = [k for k, bandwidth in enumerate(self._bandwidths) if not bandwidth.value]
        if len(unsmoothed) == len(rows):
            return rows
        out = xp.empty_like(rows)
        if xp is np:  # imported here, so that jobs without a kernel do not pay for it
            from scipy.fft import dct, idct
        for inside, places, n, spectrum in self._runs:
            if xp is np:
                full = np.zeros((len(rows), n))
                full[:, places] = rows[:, inside]
                blurred = idct(dct(full) * spectrum[:, :n])
            else:
                full = xp.zeros((len(rows), 2 * n), dtype=rows.dtype, device=rows.device)
                full[:, places] = full[:, 2 * n - 1 - places] = rows[:, inside]
                blurred = xp.fft.irfft(xp.fft.rfft(full) * spectrum, 2 * n)
            # Where the kernel underflows, the transform leaves +-1e-17.
            out[:, inside] = blurred[:, places].clip(0)
        if unsmoothed:
            out[unsmoothed] = rows[unsmoothed]
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
    bandwidths : Bandwidth or sequence of Bandwidth
        One, for vectors [bins], or several, for vectors [bins, bandwidths].
    like : Vector
        Any vector of the operator; says where to compute.
    xp : module
        numpy or torch, as the operator's.
    """

    def __init__(
        self,
        chromosomes: Sequence[ChromosomeBins],
        bandwidths: Bandwidth | Sequence[Bandwidth],
        like: Vector,
        xp: Any,
    ) -> None:
        self.xp = xp
        self.several = not isinstance(bandwidths, Bandwidth)
        # For each bandwidth: the block of each bin, and the kept bins of each block.
        self._blocks: list[tuple[Vector, Vector]] = []
        for bandwidth in _as_list(bandwidths):
            labels, first = [], 0
            for chromosome in chromosomes:
                width = max(round(chromosome.sigma(bandwidth)), 1)
                places = np.flatnonzero(chromosome.kept)
                labels.append(first + places // width)
                first += -(-len(chromosome.kept) // width)
            _, label, sizes = np.unique(
                np.concatenate(labels), return_inverse=True, return_counts=True
            )
            self._blocks.append(
                (xp.asarray(label, device=like.device), xp.asarray(sizes, device=like.device))
            )

    def smooth(self, x: Vector) -> Vector:
        """Return S x."""
        if not self.several:
            return self._means(x, *self._blocks[0])
        columns = [self._means(x[:, k], *blocks) for k, blocks in enumerate(self._blocks)]
        return self.xp.stack(columns).T

    # Every bin of a block has the same weight in every other's mean, so S is symmetric.
    spread = smooth

    def variance(self, x: Vector) -> Vector:
        """Return (S * S) x, for one bandwidth."""
        ((label, sizes),) = self._blocks
        return self._means(x, label, sizes) / sizes[label]

    def select(self, columns: Sequence[int]) -> Blocks:
        """Return the smoother for some of several bandwidths."""
        other = copy.copy(self)
        other._blocks = [self._blocks[column] for column in columns]
        return other

    def _means(self, x: Vector, label: Vector, sizes: Vector) -> Vector:
        """Return the mean of each block on each of its bins."""
        if self.xp is np:
            sums = np.add.reduceat(x, np.cumsum(sizes) - sizes)
        else:  # bincount's sums have no fixed order on a GPU
            sums = self.xp.segment_reduce(x.contiguous(), "sum", lengths=sizes)
        return (sums / sizes)[label]
