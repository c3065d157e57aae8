"""A prior for the bias of each bin, from weights of other maps with the same bins.

Samples of one protocol share much of their bias. ``PoolSums`` pools the bias of several samples;
``Prior.from_weights`` takes that of one map. ``counterpoise.balancing.borrowing`` uses it.

A pool never holds the sample that it is a prior for, whose noise would then count as evidence of
its own bias. Its weights are those of ``kde_eb`` without a prior: otherwise each sample would be
estimated from the others, and they from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.positive import is_positive

# Standard deviation of a bin's log bias between libraries of one protocol, beyond counting: that of
# the two deep libraries of GM12878 (Rao 2014; chr22 at 50 kb), whose biases differ by 8.6 %, the
# square root of two times as much. It limits how far deep samples outweigh others in a pool. A
# constant, since one estimated from the samples would change with each that is left out.
BETWEEN_SAMPLES = 0.06


@dataclass(frozen=True)
class Prior:
    """The bias of each bin by other maps.

    Attributes
    ----------
    log_bias : ndarray of float64, shape (bins,)
        Logarithm of the bias (the divisive weight), up to a constant on each chromosome; NaN for
        bins of which the other maps say nothing.
    sources : tuple of str
        Names of these maps, for the record.
    """

    log_bias: NDArray[np.float64]
    sources: tuple[str, ...] = ()

    @classmethod
    def from_weights(cls, weights: Any, *, divisive: bool = False, source: str = "") -> Self:
        """Make a prior of the weights of another map with the same bins.

        Parameters
        ----------
        weights : array_like of float, shape (bins,)
            The weights. Values that are no weights (NaN, infinite, zero or negative) leave a bin
            without a prior.
        divisive : bool, default False
            Whether contacts are divided by them, as by Juicer's vectors and by ``bias`` of a
            result; by default they are multiplied, as by cooler's.
        source : str
            Name of the map.

        Examples
        --------
        >>> import counterpoise as cp
        >>> cp.Prior.from_weights([0.5, 2.0, 0.0]).log_bias.round(2).tolist()
        [0.69, -0.69, nan]
        >>> cp.Prior.from_weights([2.0, 0.5, 0.0], divisive=True).log_bias.round(2).tolist()
        [0.69, -0.69, nan]
        """
        values = np.asarray(weights, dtype=np.float64)
        given = is_positive(values)
        logs = np.full(values.shape, np.nan)
        logs[given] = np.log(values[given]) if divisive else -np.log(values[given])
        return cls(logs, (source,) if source else ())


@dataclass(frozen=True)
class PoolSums:
    """Running sums of the bias of samples, so that each sample can be taken out again.

    ``sum(terms) - own term`` is the pool of the other samples, to rounding.

    Attributes
    ----------
    weighted_logs : ndarray of float64, shape (bins,)
        Sum of w log h over the samples; w = 1 / (se^2 + BETWEEN_SAMPLES^2), and h has the
        geometric mean one on each chromosome.
    weights : ndarray of float64, shape (bins,)
        Sum of w.
    samples : ndarray of int64, shape (bins,)
        Number of samples with a weight for the bin.
    """

    weighted_logs: NDArray[np.float64]
    weights: NDArray[np.float64]
    samples: NDArray[np.int64]

    @classmethod
    def of(cls, bins: BinTable, weights: Any, se: Any) -> Self:
        """Return the term of one sample.

        Parameters
        ----------
        bins : BinTable
            Bins of the map.
        weights, se : array_like of float, shape (bins,)
            Multiplicative weights of ``kde_eb`` without a prior, and their relative standard
            errors; NaN where there are none.
        """
        logs, errors = Prior.from_weights(weights).log_bias, np.asarray(se, dtype=np.float64)
        given = np.isfinite(logs) & np.isfinite(errors)
        w = np.zeros(len(logs))
        w[given] = 1 / (errors[given] ** 2 + BETWEEN_SAMPLES**2)
        weighted = np.zeros(len(logs))
        for _, lo, hi in bins.chromosome_ranges(0, len(bins)):
            here = np.flatnonzero(given[lo:hi]) + lo
            if len(here):  # the scale of each chromosome is arbitrary
                weighted[here] = w[here] * (logs[here] - np.average(logs[here], weights=w[here]))
        return cls(weighted, w, given.astype(np.int64))

    @classmethod
    def total(cls, terms: Iterable[PoolSums]) -> PoolSums:
        """Return the sums over some samples; at least one."""
        first, *others = terms
        for term in others:
            first = first + term
        return first

    def __add__(self, other: PoolSums) -> PoolSums:
        """Return the sums with other samples added."""
        return PoolSums(
            self.weighted_logs + other.weighted_logs,
            self.weights + other.weights,
            self.samples + other.samples,
        )

    def __sub__(self, other: PoolSums) -> PoolSums:
        """Return the sums without samples that they hold."""
        return PoolSums(
            self.weighted_logs - other.weighted_logs,
            self.weights - other.weights,
            self.samples - other.samples,
        )

    def prior(self, sources: Iterable[str] = ()) -> Prior:
        """Return the mean bias as a prior; NaN where no sample has a weight.

        Parameters
        ----------
        sources : iterable of str
            Names of the samples, for the record.
        """
        logs = np.full(len(self.weights), np.nan)
        pooled = self.samples > 0
        logs[pooled] = self.weighted_logs[pooled] / self.weights[pooled]
        return Prior(logs, tuple(sources))
