"""Apply the filters to a map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bed import Overlap, find_overlap
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import ContactMap, drop_zeros
from counterpoise.errors import InputError
from counterpoise.mask.counting import CHUNK_PIXELS, count_contacts
from counterpoise.mask.outcome import Mask, Reason
from counterpoise.mask.settings import DEFAULT_MASK, MaskOptions, MaskSettings, make_mask_settings


def mask_bins(
    contacts: ContactMap,
    settings: MaskOptions = DEFAULT_MASK,
    *,
    chunk_pixels: int = CHUNK_PIXELS,
) -> Mask:
    """Filter the bins of a map.

    The order is cooler's: contacts between chromosomes (``cis_only``) and near the diagonal are
    not counted; then ``min_nnz``, ``min_count`` and ``mad_max`` are applied (medians include bins
    that the first two mask), then the blacklist. ``regions`` comes before these, and the medians
    are those of bins in the regions; ``max_count`` and ``mad_max_above`` come before the
    blacklist. The first filter that a bin fails is its reason.

    Parameters
    ----------
    contacts : ContactMap
        The map, in memory or on disk.
    settings : MaskSettings, dict, None or "default"
        The filters; a dict holds those that differ from the defaults, None masks empty bins only.
    chunk_pixels : int
        Pixels read at a time.

    Returns
    -------
    Mask

    Raises
    ------
    ConfigError
        A setting is unknown or out of range.
    InputError
        The blacklist or the file of regions cannot be read, or names none of the map's
        chromosomes.

    Examples
    --------
    >>> from counterpoise.contacts.contact_map import Contacts
    >>> contacts = Contacts.from_matrix([[4, 2, 0], [2, 9, 1], [0, 1, 0]])
    >>> mask_bins(contacts, {"min_nnz": 2, "mad_max": 0, "ignore_diags": 0})
    <Mask: 2 of 3 bins kept; masked: 1 min_nnz>
    """
    settings = make_mask_settings(settings)
    nnz, marginal = count_contacts(drop_zeros(contacts), settings, chunk_pixels)
    measured = MeasuredBins(contacts.bins, nnz, marginal, _find_regions(contacts.bins, settings))
    reasons = np.full(len(contacts.bins), Reason.KEPT, dtype=np.uint8)
    thresholds: dict[str, Any] = {}
    notes: dict[str, Any] = {}
    for reason, find_failures in FILTERS:
        failures, threshold, note = find_failures(measured, settings)
        reasons[failures & (reasons == Reason.KEPT)] = reason
        if threshold is not None:
            thresholds[reason.name.lower()] = threshold
        if note is not None:
            notes[reason.name.lower()] = note
    mask = Mask(reasons, nnz, marginal, settings, thresholds, notes)
    if measured.regions is not None and settings.separate_regions:
        mask = replace(mask, regions=measured.regions.ranges)
    return mask


def _find_regions(bins: BinTable, settings: MaskSettings) -> Overlap | None:
    """Return the bins that overlap one of the ``regions``; None without this setting."""
    if settings.regions is None:
        return None
    regions = find_overlap(bins, settings.regions, "mask.regions")
    if not regions.bins.any():
        raise InputError(
            settings.regions,
            "has no region with a bin of the map.",
            "Name at least one region, or leave out mask.regions.",
        )
    return regions


class MeasuredBins(NamedTuple):
    """Measurements of bins, on which filters decide.

    Attributes
    ----------
    bins : BinTable
        The bins of the map.
    nnz, marginal : numpy.ndarray
        See ``Mask``.
    regions : Overlap or None
        The bins that overlap one of the ``regions``; None without this setting.
    """

    bins: BinTable
    nnz: NDArray[np.int64]
    marginal: NDArray[np.float64]
    regions: Overlap | None = None


class Failures(NamedTuple):
    """The outcome of one filter.

    Attributes
    ----------
    bins : numpy.ndarray
        bool [bins], True for bins that fail.
    threshold : object
        What ``Mask.thresholds`` records of the filter; None for nothing.
    note : dict or None
        What ``Mask.notes`` records of the filter's file; None for nothing.
    """

    bins: NDArray[np.bool_]
    threshold: Any = None
    note: dict[str, Any] | None = None


def _fail_none(measured: MeasuredBins, threshold: Any = None) -> Failures:
    """Return the outcome of a filter that masks no bin."""
    return Failures(np.zeros(len(measured.bins), dtype=bool), threshold)


def _find_empty(measured: MeasuredBins, settings: MaskSettings) -> Failures:
    """Find bins without contacts."""
    return Failures(measured.nnz == 0)


def _find_beyond_regions(measured: MeasuredBins, settings: MaskSettings) -> Failures:
    """Find bins that overlap none of the ``regions``."""
    if measured.regions is None:
        return _fail_none(measured)
    return Failures(~measured.regions.bins, note=measured.regions.note)


def _find_few_partners(measured: MeasuredBins, settings: MaskSettings) -> Failures:
    """Find bins in contact with fewer than ``min_nnz`` bins."""
    return Failures(measured.nnz < settings.min_nnz, settings.min_nnz)


def _find_few_contacts(measured: MeasuredBins, settings: MaskSettings) -> Failures:
    """Find bins with fewer than ``min_count`` contacts."""
    return Failures(measured.marginal < settings.min_count, settings.min_count)


def _find_many_contacts(measured: MeasuredBins, settings: MaskSettings) -> Failures:
    """Find bins with more than ``max_count`` contacts."""
    if settings.max_count <= 0:
        return _fail_none(measured)
    return Failures(measured.marginal > settings.max_count, settings.max_count)


def _find_low_outliers(measured: MeasuredBins, settings: MaskSettings) -> Failures:
    """Find bins with few contacts for their chromosome, by ``mad_max``."""
    relative = _relate_to_medians(measured) if settings.mad_max > 0 else None
    if relative is None:
        return _fail_none(measured, {})
    floor = relative.distance(-settings.mad_max)
    # Relative to the median, as in cooler, so that ties fall the same way.
    return Failures(relative.contacts < floor, relative.threshold(floor))


def _find_high_outliers(measured: MeasuredBins, settings: MaskSettings) -> Failures:
    """Find bins with many contacts for their chromosome, by ``mad_max_above``."""
    relative = _relate_to_medians(measured) if settings.mad_max_above > 0 else None
    if relative is None:
        return _fail_none(measured)
    ceiling = relative.distance(settings.mad_max_above)
    return Failures(relative.contacts > ceiling, relative.threshold(ceiling))


class RelativeContacts(NamedTuple):
    """Contacts of bins, relative to the median of their chromosome.

    Bins without contacts, and bins that overlap none of the ``regions``, count neither in medians
    nor in the spread.

    Attributes
    ----------
    contacts : numpy.ndarray
        float64 [bins], NaN on chromosomes on which no bin counts.
    medians : dict of str to float
        Contacts at the median of each other chromosome.
    center, spread : float
        Median and MAD of the logarithms of the relative contacts.
    """

    contacts: NDArray[np.float64]
    medians: dict[str, float]
    center: float
    spread: float

    def distance(self, mads: float) -> float:
        """Return the relative contacts at a distance from the center, in MADs of logarithms."""
        return float(np.exp(self.center + mads * self.spread))

    def threshold(self, relative: float) -> dict[str, float]:
        """Return relative contacts in contacts of each chromosome."""
        return {name: relative * median for name, median in self.medians.items()}


def _relate_to_medians(measured: MeasuredBins) -> RelativeContacts | None:
    """Divide contacts by the median of their chromosome; None if no bin counts."""
    marginal = measured.marginal
    counted = marginal > 0
    if measured.regions is not None:
        counted &= measured.regions.bins
    if not counted.any():
        return None
    medians: dict[str, float] = {}
    relative = np.full(len(marginal), np.nan)
    for name, lo, hi in measured.bins.chromosome_ranges():
        if counted[lo:hi].any():
            medians[name] = _median(marginal[lo:hi][counted[lo:hi]])
            relative[lo:hi] = marginal[lo:hi] / medians[name]
    logs = np.log(relative[counted])
    center = _median(logs)
    return RelativeContacts(relative, medians, center, _median(np.abs(logs - center)))


def _median(values: NDArray[np.float64]) -> float:
    """Return the median of one or more finite values.

    ``numpy.median`` gives the same bits but imports ``numpy.ma``, which would slow every job.
    """
    lower, upper = (len(values) - 1) // 2, len(values) // 2
    ordered = np.partition(values, [lower, upper])
    return float((ordered[lower] + ordered[upper]) / 2)


def _find_blacklisted(measured: MeasuredBins, settings: MaskSettings) -> Failures:
    """Find bins that overlap an interval of the ``blacklist``."""
    if settings.blacklist is None:
        return _fail_none(measured)
    overlap = find_overlap(measured.bins, settings.blacklist, "mask.blacklist")
    return Failures(overlap.bins, note=overlap.note)


# Filters in the order in which they are applied: a bin's reason is the first that it fails.
FILTERS: tuple[tuple[Reason, Callable[[MeasuredBins, MaskSettings], Failures]], ...] = (
    (Reason.EMPTY, _find_empty),
    (Reason.REGIONS, _find_beyond_regions),
    (Reason.MIN_NNZ, _find_few_partners),
    (Reason.MIN_COUNT, _find_few_contacts),
    (Reason.MAD, _find_low_outliers),
    (Reason.MAX_COUNT, _find_many_contacts),
    (Reason.MAD_ABOVE, _find_high_outliers),
    (Reason.BLACKLIST, _find_blacklisted),
)
