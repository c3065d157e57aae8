"""Gaussian smoothing along chromosomes: reflected at their ends, renormalised over masked bins.

Over the kept bins of a chromosome, S = diag(1 / (K m)) K diag(m): K is the Gaussian with the
values beyond the ends folded back, m the 0/1 mask. Rows of S sum to one, so a constant stays one
up to the ends and across gaps. K is applied by a cosine transform, or, what is the same, a Fourier
transform of the chromosome followed by its mirror image: there, folding back is going round.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.vectors import Vector
from counterpoise.contacts.chromosomes import ChromosomeBins

FEW = 1e-6  # share of a smoothed value below which the other bins' part of it counts for nothing
ROUNDING = 1e-12
REACH = 40.0  # standard deviations beyond which a Gaussian is zero in double precision


def eigenvalues(sigma: float, n: int) -> NDArray[np.float64]:
    """float64 [n + 1], eigenvalues of K: the Gaussian at whole bins, round a circle of 2 n of them.

    Sampled and then normalised: so it is never negative, sums to one for every ``sigma``, tends to
    the identity for small ones, and is a plain sum of Gaussians at the bins' centres. From two bins
    on its eigenvalues are exp(-(pi k sigma / n)^2 / 2) to rounding.
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
    """How often a Gaussian goes round a circle of 2 n bins before it is zero."""
    return int(np.ceil(REACH * sigma / (2 * n))) + 1


def end_gaussians(sigma: float, n: int) -> list[NDArray[np.float64]]:
    """float64 [n] for each end of a chromosome: what ``Gaussian.variance`` needs of its mirror."""
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
    whole = np.exp(-0.5 * ((np.arange(2 * n) + turns) / sigma) ** 2).sum()
    return [
        np.exp(-(((from_end + end + turns) / sigma) ** 2)).sum(axis=0) / whole for end in (0, n)
    ]


class Smoother(Protocol):
    """S and its transpose on the kept bins of a part, for one bandwidth or several side by side.

    Vectors are float64 [bins], or [bins, bandwidths] where there are several.
    """

    def smooth(self, x: Vector) -> Vector:
        """S x; rows of S sum to one."""
        ...

    def spread(self, x: Vector) -> Vector:
        """S^T x."""
        ...

    def variance(self, x: Vector) -> Vector:
        """Variance of S e, the entries of e being independent with variances x: (S * S) x."""
        ...

    def only(self, columns: Sequence[int]) -> Smoother:
        """The same for some of several bandwidths."""
        ...


class Gaussian:
    """The Gaussian ``Smoother``.

    Parameters
    ----------
    chromosomes : of the part, in order; vectors hold their kept bins one after the other.
    bandwidths : one number, for vectors [bins]; or several, for vectors [bins, bandwidths]. Zero
        leaves vectors as they are.
    like : any vector of the operator's; says where to compute.
    xp : numpy or torch, as the operator's.
    """

    def __init__(
        self,
        chromosomes: Sequence[ChromosomeBins],
        bandwidths: float | Sequence[float],
        like: Vector,
        xp: Any,
    ) -> None:
        self.xp = xp
        self.several = not isinstance(bandwidths, float | int)
        wanted = [bandwidths] if isinstance(bandwidths, float | int) else list(bandwidths)
        self._bandwidths = wanted
        self._runs: list[tuple[slice, Vector, int, Vector]] = []
        self._chromosomes: list[ChromosomeBins] = []  # those with bins, as the runs
        begin = 0
        for chromosome in chromosomes:
            places = np.flatnonzero(chromosome.kept)
            if not len(places):
                continue
            n = len(chromosome.kept)
            spectrum = np.array([eigenvalues(chromosome.sigma(b), n) for b in wanted])
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
        self._coverage = self._kernel(xp.stack([ones] * len(wanted)))
        self._own: Vector | None = None

    def smooth(self, x: Vector) -> Vector:
        """S x."""
        return self._shaped(self._kernel(self._rows(x)) / self._coverage)

    def spread(self, x: Vector) -> Vector:
        """S^T x."""
        return self._shaped(self._kernel(self._rows(x) / self._coverage))

    def variance(self, x: Vector) -> Vector:
        """(S * S) x, for one bandwidth.

        With k the kernel round the circle, K_ij = k(i - j) + k(i + j + 1). Of its square, the two
        squares are a kernel like K, and the rest is a product of what depends on i and on j: twice
        the sum, over both ends, of g(i) g(j), g being a Gaussian about the end.
        """
        (bandwidth,) = self._bandwidths
        if not bandwidth:
            return x
        xp, out = self.xp, self.xp.empty_like(x)
        for run, chromosome in zip(self._runs, self._chromosomes, strict=True):
            inside, places, n, spectrum = run
            kernel = xp.fft.irfft(spectrum[0], 2 * n)
            full = xp.zeros(2 * n, dtype=x.dtype, device=x.device)
            full[places] = full[2 * n - 1 - places] = x[inside]
            squared = xp.fft.irfft(xp.fft.rfft(kernel**2) * xp.fft.rfft(full), 2 * n)[places]
            for end in end_gaussians(chromosome.sigma(bandwidth), n):
                own = xp.asarray(end, device=x.device)[places]
                squared = squared + 2 * own * (own * x[inside]).sum()
            out[inside] = squared.clip(0)
        return out / self._coverage[0] ** 2

    def without_own(self, x: Vector, smooth: Vector) -> Vector:
        """S x with each bin's own value left out, from x and S x.

        A bin that has nothing but its own in reach of the kernel keeps S x.
        """
        if self._own is None:
            self._own = self._diagonal() / self._coverage
        own = self._shaped(self._own)
        rest = smooth - own * x
        # Too few others to be told from rounding, or others that have nothing.
        alone = (1 - own < FEW) | (rest <= ROUNDING * smooth)
        where = self.xp.where
        return where(alone, smooth, rest / where(alone, self.xp.ones_like(own), 1 - own))

    def _diagonal(self) -> Vector:
        """K of each bin with itself and its own mirror image, [bandwidths, bins]."""
        out = self.xp.empty_like(self._coverage)
        for inside, places, n, spectrum in self._runs:
            kernel = self.xp.fft.irfft(spectrum, 2 * n)
            out[:, inside] = kernel[:, :1] + kernel[:, (2 * places + 1) % (2 * n)]
        return out

    def only(self, columns: Sequence[int]) -> Gaussian:
        """The same for some of several bandwidths."""
        other = copy.copy(self)
        chosen = list(columns)
        other._bandwidths = [self._bandwidths[column] for column in chosen]
        other._runs = [(*run[:3], run[3][chosen]) for run in self._runs]
        other._coverage = self._coverage[chosen]
        other._own = None if self._own is None else self._own[chosen]
        return other

    def _rows(self, x: Vector) -> Vector:
        return x.T if self.several else x[None, :]

    def _shaped(self, rows: Vector) -> Vector:
        return rows.T if self.several else rows[0]

    def _kernel(self, rows: Vector) -> Vector:
        """K of vectors [bandwidths, bins] that are zero on masked bins, on the kept ones."""
        xp = self.xp
        idle = [number for number, bandwidth in enumerate(self._bandwidths) if not bandwidth]
        if len(idle) == len(rows):
            return rows
        out = xp.empty_like(rows)
        if xp is np:  # here and not above: jobs without a kernel do not pay for it
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
        if idle:
            out[idle] = rows[idle]
        return out


class Blocks:
    """Means over runs of equally many bins, so the map that balances is a coarser one.

    As a ``Smoother`` it makes of kernel density balancing what the paper calls SSK at fewer bins:
    its density is a histogram. A bandwidth is the length of a run; masked bins are no part of it.
    """

    def __init__(
        self,
        chromosomes: Sequence[ChromosomeBins],
        bandwidths: float | Sequence[float],
        like: Vector,
        xp: Any,
    ) -> None:
        self.xp = xp
        self.several = not isinstance(bandwidths, float | int)
        wanted = [bandwidths] if isinstance(bandwidths, float | int) else list(bandwidths)
        self._runs: list[tuple[Vector, Vector]] = []
        for bandwidth in wanted:
            labels, first = [], 0
            for chromosome in chromosomes:
                width = max(round(chromosome.sigma(bandwidth)), 1)
                places = np.flatnonzero(chromosome.kept)
                labels.append(first + places // width)
                first += -(-len(chromosome.kept) // width)
            _, label, sizes = np.unique(
                np.concatenate(labels), return_inverse=True, return_counts=True
            )
            self._runs.append(
                (xp.asarray(label, device=like.device), xp.asarray(sizes, device=like.device))
            )

    def smooth(self, x: Vector) -> Vector:
        """S x."""
        if not self.several:
            return self._means(x, *self._runs[0])
        columns = [self._means(x[:, k], *run) for k, run in enumerate(self._runs)]
        return self.xp.stack(columns).T

    # Every bin of a run has the same weight in every other's mean.
    spread = smooth

    def variance(self, x: Vector) -> Vector:
        """(S * S) x, for one bandwidth."""
        ((label, sizes),) = self._runs
        return self._means(x, label, sizes) / sizes[label]

    def only(self, columns: Sequence[int]) -> Blocks:
        """The same for some of several bandwidths."""
        other = copy.copy(self)
        other._runs = [self._runs[column] for column in columns]
        return other

    def _means(self, x: Vector, label: Vector, sizes: Vector) -> Vector:
        """Means of runs, which ``sizes`` are the lengths of, on each of their bins."""
        if self.xp is np:
            sums = np.add.reduceat(x, np.cumsum(sizes) - sizes)
        else:  # bincount's sums have no fixed order on a GPU
            sums = self.xp.segment_reduce(x.contiguous(), "sum", lengths=sizes)
        return (sums / sizes)[label]
