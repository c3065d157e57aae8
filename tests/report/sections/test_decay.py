"""The section of contacts by distance."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from counterpoise.report import style
from counterpoise.report.multiqc import write_multiqc
from counterpoise.report.page.data import decay_points
from counterpoise.report.sections.collect import Sections
from counterpoise.report.sections.decay import describe_decay, read_curve
from counterpoise.report.svg import COLOURS, Scale, line
from counterpoise.store.paths import ResultPaths
from counterpoise.store.source_record import read_source
from tests.support.report_sections import (
    GROUPS,
    SIZES,
    SVG,
    svg_of,
    table_of,
)


def test_every_group_has_a_curve_and_its_slope(sections: Sections, results: ResultPaths) -> None:
    decay = sections.decay
    assert decay is not None
    assert (decay.without, decay.undrawn) == (0, 0)
    assert [(group.name, group.samples) for group in decay.groups] == [
        ("wild", ["a", "b"]), ("mutant", ["c", "it's"]),
    ]  # fmt: skip
    slopes = {row["sample"]: row["decay_slope"] for row in table_of(results)[2]}
    for group in decay.groups:
        of_group = [slopes[name] for name in group.samples]
        assert group.slope == pytest.approx(np.mean(of_group))
        assert (group.least, group.most) == (max(of_group), min(of_group))
    paths = svg_of(decay.chart).iter(f"{SVG}path")
    titles = [path.findtext(f"{SVG}title") for path in paths]
    # Each sample is a line, each group one in either panel.
    assert [title for title in titles if title in GROUPS] == list(GROUPS)
    assert sum("slope" in (title or "") for title in titles) == 2


def test_each_sample_is_drawn_at_its_finest_map(results: ResultPaths) -> None:
    samples = table_of(results)[2]
    places = [("a", SIZES[0]), ("b", SIZES[1]), ("b", SIZES[0]), ("c", SIZES[1])]
    decay = describe_decay(results, places, samples)
    assert decay is not None
    assert [(group.name, group.samples) for group in decay.groups] == [
        ("wild", ["a", "b"]), ("mutant", ["c"]),
    ]  # fmt: skip
    assert decay.without == 1


def curve_of_sparkline(results: ResultPaths, size: int) -> Any:
    """Return logarithms of distance and P(s) as the table of samples draws them."""
    points = decay_points(read_source(results.map_files("c", size).source)["statistics"])
    return np.array(points) * np.log(10)


def curve_for_multiqc(results: ResultPaths, size: int) -> Any:
    """Return logarithms of distance and P(s) as MultiQC draws them."""
    row = {**table_of(results)[2][2], "resolution": size}
    assert row["sample"] == "c"
    write_multiqc(results.multiqc, results, [row], [], "kr")
    return np.log(json.loads(Path(results.multiqc.decay).read_text())["data"]["c"]).T


def curve_of_chart(results: ResultPaths, size: int) -> Any:
    """Return logarithms of distance and P(s) as the section draws them."""
    return np.log(read_curve(results, "c", size))


@pytest.mark.parametrize("curve_of", [curve_of_sparkline, curve_for_multiqc, curve_of_chart])
def test_contacts_by_distance_do_not_depend_on_the_size_of_bins(
    results: ResultPaths, curve_of: Any
) -> None:
    fine, coarse = (curve_of(results, size) for size in SIZES)
    densities = np.interp(coarse[0, 2:-2], *fine)
    assert len(densities) > 3
    np.testing.assert_allclose(densities, coarse[1, 2:-2], atol=0.1)
    np.testing.assert_allclose(fine, curve_of_chart(results, SIZES[0]), atol=0.02)


def test_replicates_of_large_groups_are_a_band(results: ResultPaths) -> None:
    _runs, _rows, samples = table_of(results)
    maps = [(name, SIZES[0]) for name in GROUPS]
    many = [{**samples[0], "sample": f"s{i}", "sample_group": "all", "stands_out": ""}
            for i in range(9)]  # fmt: skip
    many[4]["stands_out"] = "It does."
    for row in many:  # nine samples of one file each
        for name in ("source", "pixels", "bins"):
            target = Path(getattr(results.map_files(row["sample"], SIZES[0]), name))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(Path(getattr(results.map_files("a", SIZES[0]), name)).read_bytes())
    decay = describe_decay(results, [(row["sample"], SIZES[0]) for row in many], many)
    assert decay is not None
    titles = [each.text for each in svg_of(decay.chart).iter(f"{SVG}title")]
    assert "all: 80 % of 9 samples" in titles
    assert [title for title in titles if re.fullmatch(r"s\d", title or "")] == ["s4"]
    assert describe_decay(results, maps, []) is None  # no samples, no curves


def test_a_merged_sample_is_a_line_and_does_not_count(results: ResultPaths) -> None:
    samples = [{**row, "sample_group": "all"} for row in table_of(results)[2]]
    maps = [(name, SIZES[0]) for name in GROUPS]
    plain, decay = (
        describe_decay(results, maps, samples, members)
        for members in ({}, {"c": ["a", "b"], "it's": ["elsewhere"]})
    )
    assert plain is not None
    assert decay is not None
    (before,), (group,) = plain.groups, decay.groups
    assert (before.samples, before.merged) == (list(GROUPS), [])
    assert (group.samples, group.merged) == (["a", "b", "it's"], ["c"])
    slopes = {row["sample"]: row["decay_slope"] for row in samples}
    assert group.slope == sorted(slopes[name] for name in group.samples)[1]
    assert group.slope != before.slope
    width = {
        path.findtext(f"{SVG}title"): path.get("stroke-width")
        for path in svg_of(decay.chart).iter(f"{SVG}path")
    }
    assert width["c"] == width["a"] == "1"
    alone = [{**samples[2], "sample_group": "pools"}, *samples[:2]]
    found = describe_decay(results, maps, alone, {"c": ["a", "b"]})
    assert found is not None
    assert [each.samples for each in found.groups] == [["c"], ["a", "b"]]


def test_samples_without_a_group_are_drawn_one_by_one(results: ResultPaths) -> None:
    samples = [{**row, "sample_group": None} for row in table_of(results)[2]]
    decay = describe_decay(results, [(name, SIZES[0]) for name in GROUPS], samples)
    assert decay is not None
    assert [group.name for group in decay.groups] == list(GROUPS)


def test_curves_are_placed_on_logarithmic_axes() -> None:
    scale = Scale(1e3, 1e6, 0, 300, logarithmic=True)
    assert scale.place(np.array([1e3, 1e4, 1e6])).tolist() == pytest.approx([0, 100, 300])
    assert scale.ticks == [1e3, 1e4, 1e5, 1e6]
    assert Scale(-2.0, 0.5, 100, 0).ticks == [-2.0, -1.5, -1.0, -0.5, 0.0, 0.5]
    gap = line(np.array([0.0, 1, 2, 3, 4]), np.array([0.0, 1, np.nan, 3, 4]))
    assert re.findall(r'd="([^"]*)"', gap) == ["M0 0L1 1M3 3L4 4"]


def test_the_palette_is_that_of_the_figures() -> None:
    figures = {style.BLUE, style.ORANGE, style.GREEN, style.RED, style.SKY, style.PINK}
    assert set(COLOURS) == figures
