"""Samples side by side: conditions, replicates, and samples that stand out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.report.comparison.captions import (
    describe_answers,
    describe_comparison,
)
from counterpoise.report.comparison.colours import set_style
from counterpoise.report.comparison.compare import compare
from counterpoise.report.comparison.geometry import MOST_APART, MOST_SETS
from counterpoise.report.comparison.panels import draw_decay, draw_ratio
from counterpoise.report.comparison.plot import choose_scales, list_ratios
from counterpoise.report.comparison.region import (
    RATIO_CELLS,
    draw_picture,
)
from counterpoise.report.comparison.sets import divide_samples
from counterpoise.report.comparison.strips import draw_strips
from counterpoise.report.concordance import Concordance
from tests.support.compared_samples import (
    NONE_KNOWN,
    SHALLOW,
    SIZE,
    make_cohort,
    make_sample,
)


def agree(scores: dict[str, float]) -> Concordance:
    """Return a table in which two samples agree as the worse of them does."""
    pairs = {(a, b): min(scores[a], scores[b]) for a in scores for b in scores if a != b}
    return Concordance(SIZE, pairs)


def test_samples_are_divided_by_condition() -> None:
    samples = make_cohort({"wild": 3, "mutant": 2, "": 1})
    sets = divide_samples(samples, {"wild 1"})
    assert [each.name for each in sets] == ["wild", "mutant", "no condition"]
    assert [sample.name for sample in sets[0].samples] == ["wild 0", "wild 2"]
    assert [sample.name for sample in sets[0].apart] == ["wild 1"]
    # A set of which all stand out keeps them.
    [wild, *_] = divide_samples(samples, {f"wild {k}" for k in range(3)})
    assert (len(wild.samples), len(wild.apart)) == (3, 0)
    # A few samples of one condition are compared with each other, many are one set.
    few, many = make_cohort({"wild": 8}), make_cohort({"": 9})
    assert [each.name for each in divide_samples(few, {"wild 1"})] == [s.name for s in few]
    assert [(each.name, len(each.samples)) for each in divide_samples(many, ())] == [
        ("all samples", 9)
    ]


def loop_map(seed: int, factor: float) -> Contacts:
    """Return a map of 240 bins on one chromosome with a loop between bins 100 and 160."""
    n = 240
    apart = abs(np.subtract.outer(np.arange(n), np.arange(n)))
    mean = 4000 / (apart + 1.0)
    for i in range(98, 102):
        for j in range(158, 162):
            mean[i, j] *= 6 * factor
    upper = np.triu(np.random.default_rng(seed).poisson(mean))
    bin1, bin2 = np.nonzero(upper)
    chunk = bin1.astype(np.int32), bin2.astype(np.int32), upper[bin1, bin2]
    return Contacts.from_chunks(BinTable.fixed(("chr1",), [n * SIZE], SIZE), [chunk], {})


def test_a_doubled_loop_is_in_the_log_ratio_where_it_is() -> None:
    samples = [
        make_sample(f"{group} {k}", methods=("ice",), group=group, contacts=loop_map(seed, factor))
        for group, factor, seeds in (("wild", 1.0, (1, 2)), ("mutant", 2.0, (3, 4)))
        for k, seed in enumerate(seeds)
    ]
    comparison = compare(samples, "ice", NONE_KNOWN)
    assert [each.name for each in comparison.sets] == ["wild", "mutant"]
    region = comparison.region
    assert (region.chromosome, region.block) == ("chr1", 1)
    [ratios] = list_ratios(comparison).values()
    row, column = ((bin_ - region.first) // RATIO_CELLS for bin_ in (100, 160))
    loop = ratios[row - 1 : row + 1, column - 1 : column + 1]
    assert loop.mean() == pytest.approx(1, abs=0.25)
    largest = np.unravel_index(np.nanargmax(np.triu(ratios)), ratios.shape)
    assert abs(largest[0] - row) <= 1
    assert abs(largest[1] - column) <= 1
    near = abs(np.subtract.outer(np.arange(len(ratios)), np.arange(len(ratios)))) < 20
    assert abs(np.nanmedian(ratios)) < 0.05
    assert np.nanstd(ratios[near]) < 0.3

    axes = Figure().subplots()
    draw_ratio(axes, comparison, ratios, choose_scales(comparison, {1: ratios}).ratio)
    image = axes.images[-1]
    np.testing.assert_array_equal(image.get_array().filled(np.nan), ratios)
    assert image.norm.vmin == -image.norm.vmax
    assert image.cmap(image.norm(0.0))[:3] == pytest.approx((0.97, 0.97, 0.97), abs=0.01)


def test_replicates_are_lines_and_a_band_around_the_mean_of_their_condition() -> None:
    samples = make_cohort({"wild": 3, "mutant": 2})
    outlier = replace(samples[1], shallow=SHALLOW)
    samples[1] = outlier
    comparison = compare(samples, "vc", NONE_KNOWN)
    curves, below = Figure().subplots(2)
    draw_decay(curves, below, comparison)
    x = comparison.distance * SIZE
    wild = [comparison.decay[f"wild {k}"] for k in (0, 2)]
    band = curves.collections[0].get_paths()[0].vertices
    for low, high, place in zip(np.min(wild, axis=0), np.max(wild, axis=0), x, strict=True):
        if np.isfinite(low + high) and low > 0:
            heights = band[np.isclose(band[:, 0], place), 1]
            assert heights.min() == pytest.approx(low)
            assert heights.max() == pytest.approx(high)
    lines = curves.get_lines()
    thick = {line.get_label(): line for line in lines if not line.get_label().startswith("_")}
    assert list(thick) == ["wild (2)", "mutant (2)"]
    drawn = thick["wild (2)"].get_ydata()
    known = np.isfinite(drawn) & (np.min(wild, axis=0) > 0)
    np.testing.assert_allclose(drawn[known], np.exp(np.mean(np.log(wild), axis=0))[known])
    assert {line.get_color() for line in thick.values()} == {
        set_style(0)["color"], set_style(1)["color"]
    }  # fmt: skip
    # Two replicates of each condition, their means, and the sample that stands out.
    assert len(lines) == 2 + 1 + 1 + 2 + 1
    ratio = below.get_lines()[2].get_ydata()
    np.testing.assert_allclose(ratio[known], (drawn / comparison.overall)[known])


def test_an_outlier_is_shown_even_as_sample_37_of_40() -> None:
    samples = make_cohort({"wild": 20, "mutant": 20})
    outlier = samples[36].name
    scores = {sample.name: 0.9 for sample in samples}
    comparison = compare(samples, "vc", agree({**scores, outlier: 0.2}))
    assert list(comparison.apart) == list(comparison.reasons) == [outlier]
    assert len(comparison.sets[1].samples) == 19
    drawn = draw_picture(
        samples[36], samples[36].open(), samples[36].runs["vc"].weights, comparison.region, 0
    )
    np.testing.assert_allclose(comparison.apart[outlier].values, drawn.values)
    words = " ".join(describe_answers(comparison))
    assert f"{outlier} stands out. At 10 kb its map agrees less" in words
    assert "Concordance of two maps: 0.900 within a condition, 0.900 between conditions" in words
    depth, weighted, concordance = Figure().subplots(1, 3)
    draw_strips((depth, weighted, concordance), comparison)
    assert [text.get_text() for text in depth.texts][-1] == outlier
    dots = [dots.get_offsets() for dots in depth.collections]
    assert sorted(len(each) for each in dots) == [0, 1, 20, 20]
    np.testing.assert_allclose(sorted(dots[0][:, 0]), sorted(s.depth for s in samples[:20]))
    nothing = describe_answers(compare(samples, "vc", agree(scores)))
    assert "No sample stands out." in nothing


def test_many_outliers_are_named_and_the_shallowest_drawn() -> None:
    samples = [replace(each, shallow=SHALLOW) for each in make_cohort({"a": 20})]
    samples += make_cohort({"b": 2})
    samples = [replace(samples[0], shallow=None), *samples[1:]]
    comparison = compare(samples, "vc", NONE_KNOWN)
    assert len(comparison.reasons) == 19
    fewest = sorted(samples[1:20], key=lambda sample: sample.depth)[:MOST_APART]
    assert list(comparison.apart) == [sample.name for sample in fewest]
    assert f"{MOST_APART} of the 19 samples that stand out" in " ".join(
        describe_answers(comparison)
    )


def test_merged_samples_are_not_drawn_twice() -> None:
    samples = make_cohort({"wild": 2, "mutant": 2})
    total = make_sample("wild", 9, ("vc",), group="wild", members=["wild 0", "wild 1"])
    comparison = compare([*samples, total], "vc", NONE_KNOWN)
    assert [sample.name for sample in comparison.samples] == [each.name for each in samples]
    assert "the merged samples wild." in describe_comparison(comparison, "vc")


def test_of_many_conditions_the_first_and_the_most_different_have_maps() -> None:
    small = {"chr1": 40}
    samples = make_cohort({f"c{k}": 1 for k in range(30)}, chromosomes=small)
    rng = np.random.default_rng(0)
    apart = abs(np.subtract.outer(np.arange(40), np.arange(40)))
    upper = np.triu(rng.poisson(60 / (apart + 1.0) ** 0.3))
    bin1, bin2 = np.nonzero(upper)
    chunk = bin1.astype(np.int32), bin2.astype(np.int32), upper[bin1, bin2]
    flat = Contacts.from_chunks(samples[0].bins, [chunk], {})
    samples[27] = make_sample("c27 0", methods=("vc",), group="c27", contacts=flat)
    comparison = compare(samples, "vc", NONE_KNOWN)
    assert len(comparison.shown) == len(comparison.pictures) == MOST_SETS
    assert {0, 27} <= set(comparison.shown)
    assert "24 of 30 conditions have a map" in describe_comparison(comparison, "vc")
    assert len({tuple(set_style(k).values()) for k in range(32)}) == 32
    words = " ".join(describe_answers(comparison))
    assert "; c27 differs most, by " in words
