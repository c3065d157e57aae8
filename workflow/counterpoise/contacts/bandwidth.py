"""A bandwidth: a length along chromosomes, with its unit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class BandwidthUnit(StrEnum):
    """Units of bandwidths.

    Attributes
    ----------
    FRACTION : str
        Fraction of a chromosome's bins.
    BASE_PAIRS : str
        Base pairs.
    """

    FRACTION = "fraction"
    BASE_PAIRS = "base_pairs"


@dataclass(frozen=True)
class Bandwidth:
    """A bandwidth of a kernel method.

    Attributes
    ----------
    value : float
        Its size; 0 for no smoothing. A fraction is below 1. Base pairs are 1 or more.
    unit : BandwidthUnit
        Unit of ``value``.

    Examples
    --------
    >>> Bandwidth.from_setting(0.01).in_bins(5000, 10_000)
    50.0
    >>> Bandwidth.from_setting(250_000).in_bins(5000, 10_000)
    25.0
    """

    value: float
    unit: BandwidthUnit = BandwidthUnit.FRACTION

    @classmethod
    def from_setting(cls, setting: float) -> Bandwidth:
        """Return the bandwidth that a configuration spells as a number.

        Parameters
        ----------
        setting : float
            Below 1 a fraction of the chromosome, from 1 up base pairs, 0 for none.
        """
        return cls(setting, BandwidthUnit.FRACTION if setting < 1 else BandwidthUnit.BASE_PAIRS)

    @classmethod
    def from_base_pairs(cls, length: float) -> Bandwidth:
        """Return a bandwidth of a length; lengths between 0 and 1 become one base pair."""
        return cls.from_setting(max(length, 1.0) if length else 0.0)

    @property
    def setting(self) -> float:
        """The number that a configuration spells it as."""
        return self.value

    def in_bins(self, bins: int, bin_size: float) -> float:
        """Return the bandwidth in bins of a chromosome.

        Parameters
        ----------
        bins : int
            Bins of the chromosome.
        bin_size : float
            Their mean length in base pairs.
        """
        if self.unit is BandwidthUnit.FRACTION:
            return self.value * bins
        return self.value / bin_size

    def in_base_pairs(self, bins: int, bin_size: float) -> float:
        """Return the bandwidth in base pairs on a chromosome; see ``in_bins``."""
        if self.unit is BandwidthUnit.FRACTION:
            return self.value * bins * bin_size
        return self.value
