"""Figures of a map, from the statistics in its ``source.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from counterpoise.report.table import Column

# Base pairs over which the slope of P(s) is fitted. Chromosomes shorter than 30 Mb end it earlier,
# at a third of the longest, and bins larger than 25 kb begin it at two bins.
SLOPE_FROM, SLOPE_TO = 50_000, 10_000_000
FEWEST_CLASSES = 3  # of distance, for a slope


class MapFigures(NamedTuple):
    """Figures of a map; None where unknown.

    Attributes
    ----------
    cis_share : float or None
        Share of the contacts that are within chromosomes.
    cis_20kb_share : float or None
        Share of the contacts that are within chromosomes, 20 kb or more apart.
    cis_20kb_of_cis : float or None
        These as a share of the contacts within chromosomes.
    median_contacts : float or None
        Median of the contacts of a bin.
    bins_with_1000 : float or None
        Share of the bins that have 1,000 contacts.
    decay_slope : float or None
        Slope of the logarithm of P(s) over that of s.
    """

    cis_share: float | None = None
    cis_20kb_share: float | None = None
    cis_20kb_of_cis: float | None = None
    median_contacts: float | None = None
    bins_with_1000: float | None = None
    decay_slope: float | None = None


def map_figures(source: Mapping[str, Any]) -> MapFigures:
    """Compute the figures of a map.

    Parameters
    ----------
    source : mapping
        Its ``source.json``; one of an earlier version has no statistics.

    Returns
    -------
    MapFigures
        The figures.
    """
    statistics = source.get("statistics")
    if not statistics:
        return MapFigures()
    cis, far = statistics["cis"], statistics["cis_beyond_20kb"]
    return MapFigures(
        _share(cis, source["contacts"]),
        _share(far, source["contacts"]),
        _share(far, cis),
        statistics["median_per_bin"],
        statistics["bins_with_1000"],
        fit_slope(statistics["by_distance"]) if statistics["by_distance"] else None,
    )


def fit_slope(by_distance: Mapping[str, Any]) -> float | None:
    """Fit the slope of P(s), the contacts of a pair of bins at distance s, in logarithms.

    Parameters
    ----------
    by_distance : mapping
        ``edges`` (base pairs, one more than classes), ``contacts`` and ``pairs`` of each class.

    Returns
    -------
    float or None
        Slope by least squares over the classes from ``SLOPE_FROM`` (two bins, if that is more) to
        ``SLOPE_TO`` (a third of the longest chromosome, if that is less) that have contacts, each
        at the geometric mean of its distances. None if these are fewer than ``FEWEST_CLASSES``.
    """
    edges, contacts, pairs = (
        np.array(by_distance[key], np.float64) for key in ("edges", "contacts", "pairs")
    )
    bin_size = edges[1]
    first, last = edges[:-1], edges[1:] - bin_size
    used = (first >= max(SLOPE_FROM, 2 * bin_size)) & (contacts > 0)
    used &= last <= min(SLOPE_TO, edges[-1] / 3)
    if np.count_nonzero(used) < FEWEST_CLASSES:
        return None
    distance = np.log(first[used] * last[used]) / 2
    slope, _ = np.polyfit(distance, np.log(contacts[used] / pairs[used]), 1)
    return float(slope)


class DecayCurve(NamedTuple):
    """Contacts by distance of a map, for logarithmic axes.

    Attributes
    ----------
    distance : float64 [classes]
        Geometric mean of the distances of each class, in base pairs.
    density : float64 [classes]
        P(s): share of the contacts within chromosomes that a pair of base pairs has.
    """

    distance: NDArray[np.float64]
    density: NDArray[np.float64]


def decay_curve(by_distance: Mapping[str, Any], fewest: float = 0) -> DecayCurve:
    """Compute P(s) per pair of base pairs, so that maps of all bin sizes and depths compare.

    Parameters
    ----------
    by_distance : mapping
        ``edges`` (base pairs, one more than classes), ``contacts`` and ``pairs`` of each class.
    fewest : float, optional
        Contacts below which a class is left out.

    Returns
    -------
    DecayCurve
        The classes that have contacts, without the main diagonal.
    """
    edges, contacts, pairs = (
        np.array(by_distance[key], np.float64) for key in ("edges", "contacts", "pairs")
    )
    bin_size = edges[1]
    used = (edges[:-1] > 0) & (pairs > 0) & (contacts > 0) & (contacts >= fewest)
    distance = np.sqrt(edges[:-1] * (edges[1:] - bin_size))[used]
    return DecayCurve(distance, contacts[used] / pairs[used] / bin_size**2 / contacts.sum())


def _share(part: float | None, of: float) -> float | None:
    """Return a share; None if it is unknown."""
    return part / of if part is not None and of else None


FIGURE_COLUMNS = (
    Column(
        "cis_share",
        "share of the contacts that are within chromosomes",
        lambda result: result.figures.cis_share,
    ),
    Column(
        "cis_20kb_share",
        "share of the contacts that are within chromosomes and [20 kb or more "
        "apart](#statistics-of-a-map); empty for bins above 20 kb",
        lambda result: result.figures.cis_20kb_share,
    ),
    Column(
        "cis_20kb_of_cis",
        "these as a share of the contacts within chromosomes",
        lambda result: result.figures.cis_20kb_of_cis,
    ),
    Column(
        "median_contacts",
        "median of the contacts of a bin, empty bins included",
        lambda result: result.figures.median_contacts,
    ),
    Column(
        "bins_with_1000",
        "share of all bins that have 1,000 contacts",
        lambda result: result.figures.bins_with_1000,
    ),
    Column(
        "decay_slope",
        "[slope of P(s)](#slope-of-ps): -1 means that contacts fall as one over the distance",
        lambda result: result.figures.decay_slope,
    ),
)
