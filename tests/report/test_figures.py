"""Figures of a map: shares of contacts and the slope of P(s)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from counterpoise.report.figures import MapFigures, fit_slope, map_figures


def law(edges: list[int], slope: float = -1.0, resolution: int = 10_000) -> dict[str, Any]:
    """Return contacts that follow a power law at the geometric mean of each class."""
    first, last = np.array(edges[:-1], float), np.array(edges[1:], float) - resolution
    distance = np.sqrt(first * last)
    distance[0] = resolution / 2
    pairs = np.arange(2000, 2000 - len(first), -1)
    return {"edges": edges, "contacts": list(7 * distance**slope * pairs), "pairs": list(pairs)}


EDGES = [0, *range(10_000, 200_000, 10_000), 300_000, 1_000_000, 5_000_000, 40_000_000]


def test_shares() -> None:
    statistics = {
        "cis": 80, "cis_beyond_20kb": 20, "median_per_bin": 7.5, "bins_with_1000": 0.25,
        "by_distance": law(EDGES, -1.25),
    }  # fmt: skip
    figures = map_figures({"contacts": 100, "statistics": statistics})
    assert figures[:5] == (0.8, 0.2, 0.25, 7.5, 0.25)
    assert figures.decay_slope == pytest.approx(-1.25)


def test_what_is_unknown_is_none() -> None:
    assert map_figures({"contacts": 5}) == MapFigures()
    statistics = {
        "cis": 0, "cis_beyond_20kb": None, "median_per_bin": 0.0, "bins_with_1000": 0.0,
        "by_distance": None,
    }  # fmt: skip
    empty = map_figures({"contacts": 0, "statistics": statistics})
    assert empty == (None, None, None, 0.0, 0.0, None)


def test_only_distances_in_the_range_decide_the_slope() -> None:
    by_distance = law(EDGES, -0.8)
    assert fit_slope(by_distance) == pytest.approx(-0.8)
    for number, edge in enumerate(EDGES[:-1]):
        changed = {**by_distance, "contacts": list(by_distance["contacts"])}
        changed["contacts"][number] *= 3
        inside = edge >= 50_000 and EDGES[number + 1] - 10_000 <= 10_000_000
        slope = fit_slope(changed)
        assert (slope != pytest.approx(-0.8)) == inside, edge


def test_the_range_ends_at_a_third_of_the_longest_chromosome() -> None:
    edges = [0, *range(10_000, 610_000, 10_000)]  # a chromosome of 600 kb
    by_distance = law(edges)
    beyond = [number for number, edge in enumerate(edges[:-1]) if edge > 200_000]
    for number in beyond:
        by_distance["contacts"][number] *= 5
    assert fit_slope(by_distance) == pytest.approx(-1)


def test_classes_without_contacts_do_not_count() -> None:
    by_distance = law(EDGES)
    by_distance["contacts"][7] = 0
    assert fit_slope(by_distance) == pytest.approx(-1)
    by_distance["contacts"] = [0] * 8 + by_distance["contacts"][8:10] + [0] * (len(EDGES) - 11)
    assert fit_slope(by_distance) is None, "two classes tell no slope"


def test_large_bins_begin_at_two_bins() -> None:
    edges = [0, 1_000_000, 2_000_000, 3_000_000, 4_000_000, 6_000_000, 11_000_000, 90_000_000]
    by_distance = law(edges, -1.1, 1_000_000)
    by_distance["contacts"][1] *= 9
    assert fit_slope(by_distance) == pytest.approx(-1.1)
