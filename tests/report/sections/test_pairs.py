"""The section of how alike the maps of two samples are."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from counterpoise.report.concordance import Concordance
from counterpoise.report.sections.collect import Sections
from counterpoise.report.sections.pairs import MOST_CELLS, cluster, describe_pairs
from tests.support.report_sections import (
    SIZES,
    SVG,
    svg_of,
)


def test_pairs_are_clustered_and_named(sections: Sections) -> None:
    pairs = sections.pairs
    assert pairs is not None
    assert pairs.resolution == SIZES[0]
    assert {tuple(sorted(pairs.samples[:2])), tuple(sorted(pairs.samples[2:]))} == {
        ("a", "b"), ("c", "it's"),
    }  # fmt: skip
    assert pairs.least == ("a", "it's", 0.5)
    titles = [each.text for each in svg_of(pairs.chart).iter(f"{SVG}title")]
    assert "a, it's: 0.500" in titles
    assert "it's, a: 0.500" in titles
    assert {"wild", "mutant"} <= set(titles)


def test_many_samples_are_an_image_from_which_numbers_can_be_read() -> None:
    count = 500
    names = [f"sample_{number}" for number in range(count)]
    values = np.random.default_rng(0).uniform(0.61, 0.99, (count, count))
    coefficients = {
        (names[i], names[j]): float(values[min(i, j), max(i, j)])
        for i in range(count)
        for j in range(count)
        if i != j
    }
    concordance = Concordance(10_000, coefficients)
    pairs = describe_pairs(concordance, dict.fromkeys(names, ""))
    assert pairs is not None
    assert len(pairs.chart) < 350_000
    (image,) = svg_of(pairs.chart).iter(f"{SVG}image")
    assert image.get("data-samples", "").split("\t") == pairs.samples
    encoded = image.get("href", "").removeprefix("data:image/png;base64,")
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB"))
    colours = [tuple(bytes.fromhex(each[1:])) for each in image.get("data-colours", "").split()]
    low = float(image.get("data-low", "nan"))
    for row, column in ((0, 1), (17, 400), (499, 3)):
        level = colours.index(tuple(picture[row, column]))
        number = low + (1 - low) * level / (len(colours) - 1)
        exact = coefficients[pairs.samples[row], pairs.samples[column]]
        assert number == pytest.approx(exact, abs=0.005)


def test_an_unknown_pair_is_no_obstacle() -> None:
    names = "abcde"
    values = {
        (one, other): 0.9 if abs(ord(one) - ord(other)) < 2 else 0.3
        for one in names
        for other in names
        if one != other and {one, other} != {"a", "e"}
    }
    concordance = Concordance(10_000, values)
    assert sorted(cluster(concordance)) == list(names)
    pairs = describe_pairs(concordance, dict.fromkeys(names, ""))
    assert pairs is not None
    assert "a, e: unknown" in pairs.chart
    assert len(names) <= MOST_CELLS
    assert describe_pairs(None, {}) is None
    same = describe_pairs(Concordance(1, {("a", "b"): 1.0, ("b", "a"): 1.0}), {"a": "", "b": ""})
    assert same is not None
    assert "a, b: 1.000" in same.chart


@pytest.mark.parametrize(("names", "score"), [("abcdf", 0.1), ("abcdefghijkl", 0.84)])
def test_a_failed_sample_does_not_take_the_colours_of_the_others(names: str, score: float) -> None:
    """It is f: it stands out among few samples, and is far below the quartiles of many."""
    values = {
        (one, other): score if "f" in (one, other) else 0.91 + 0.01 * ((ord(one) + ord(other)) % 5)
        for one in names
        for other in names
        if one != other
    }
    pairs = describe_pairs(Concordance(10_000, values), dict.fromkeys(names, ""))
    assert pairs is not None
    chart = svg_of(pairs.chart)
    assert pairs.low == 0.9
    assert "0.9 or less" in [each.text for each in chart.iter(f"{SVG}text")]
    fills = {each.findtext(f"{SVG}title"): each.get("fill") for each in chart.iter(f"{SVG}rect")}
    failed = {fills[f"{name}, f: {score:.3f}"] for name in names if name != "f"}
    others = {fills[f"{one}, {other}: {value:.3f}"] for (one, other), value in values.items()}
    assert len(failed) == 1
    assert len(others - failed) == 5


def test_samples_that_are_no_longer_in_the_cohort_are_not_drawn() -> None:
    values = {(one, other): 0.9 for one in "abcd" for other in "abcd" if one != other}
    values[("a", "c")] = values[("c", "a")] = 0.1
    pairs = describe_pairs(Concordance(10_000, values), dict.fromkeys("abd", ""))
    assert pairs is not None
    assert sorted(pairs.samples) == ["a", "b", "d"]
    assert pairs.least[2] == 0.9
    assert describe_pairs(Concordance(10_000, values), {"a": ""}) is None
