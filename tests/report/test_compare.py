"""Samples side by side: which are compared by what, the numbers that are drawn, and the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image

import counterpoise as cp
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.records.facts import Shallow
from counterpoise.records.fitness import Fitness
from counterpoise.report.comparison.captions import (
    describe_answers,
    describe_comparison,
    describe_genomes,
)
from counterpoise.report.comparison.colours import set_style
from counterpoise.report.comparison.compare import compare
from counterpoise.report.comparison.decay import contact_decay, distance_edges, pairs_by_distance
from counterpoise.report.comparison.geometry import LINE, MOST_APART, MOST_SETS
from counterpoise.report.comparison.panels import draw_decay, draw_map, draw_ratio
from counterpoise.report.comparison.plot import choose_scales, list_ratios, plot_comparison
from counterpoise.report.comparison.region import (
    PSEUDOCOUNT,
    RATIO_CELLS,
    Picture,
    Pool,
    Region,
    choose_region,
    count_contacts,
    draw_picture,
    list_regions,
    log_ratio,
)
from counterpoise.report.comparison.samples import (
    Balanced,
    Sample,
    choose_method,
    group_samples,
    read_sample,
    read_samples,
    shared_chromosomes,
)
from counterpoise.report.comparison.sets import divide_samples
from counterpoise.report.comparison.strips import draw_strips
from counterpoise.report.concordance import Concordance
from counterpoise.report.formats import format_percent
from counterpoise.report.style import PAGE_WIDTH
from counterpoise.store.masks import write_mask
from counterpoise.store.paths import ResultPaths
from counterpoise.store.pixels import read_map
from counterpoise.store.runs import RunKey, SampleLabels, compared_samples
from counterpoise.store.weights import write_balance

CHROMOSOMES = {"chr1": 60, "chr2": 30}
SIZE = 10_000


def make_map(
    seed: int, chromosomes: dict[str, int] = CHROMOSOMES, depth: float = 60.0
) -> tuple[Contacts, Any]:
    """Return Poisson counts with a bias and distance decay, also as a dense map."""
    rng = np.random.default_rng(seed)
    sizes = list(chromosomes.values())
    bins = BinTable.fixed(tuple(chromosomes), [n * SIZE for n in sizes], SIZE)
    n = len(bins)
    bias = np.exp(rng.normal(0, 0.3, n))
    apart = abs(np.subtract.outer(np.arange(n), np.arange(n)))
    dense = np.triu(rng.poisson(depth * np.outer(bias, bias) / (apart + 1)))
    bin1, bin2 = np.nonzero(dense)
    chunk = (bin1.astype(np.int32), bin2.astype(np.int32), dense[bin1, bin2])
    return Contacts.from_chunks(bins, [chunk], {"uri": "a.cool"}), dense + np.triu(dense, 1).T


def make_sample(
    name: str,
    seed: int = 0,
    methods: tuple[str, ...] = ("ice", "kr", "vc"),
    chromosomes: dict[str, int] = CHROMOSOMES,
    depth: float = 60.0,
    group: str = "",
    contacts: Contacts | None = None,
    **fields: Any,
) -> Sample:
    if contacts is None:
        contacts = make_map(seed, chromosomes, depth)[0]
    mask = cp.mask_bins(contacts)
    results = {method: cp.balance(contacts, method, mask=mask.kept) for method in methods}
    runs = {
        method: Balanced.of(each.verdict, lambda weights=each.weights: weights)
        for method, each in results.items()
    }
    labels = SampleLabels({"condition": group}, group, fields.pop("members", []))
    kept, total = int(mask.kept.sum()), float(contacts.counts.sum())
    return Sample(name, labels, contacts.bins, lambda: contacts, kept, runs, total, **fields)


def make_cohort(sizes: dict[str, int], **options: Any) -> list[Sample]:
    """Return samples of one method, a number of each condition."""
    names = [(group, k) for group, size in sizes.items() for k in range(size)]
    return [
        make_sample(f"{group} {k}", seed, ("vc",), group=group, **options)
        for seed, (group, k) in enumerate(names)
    ]


NONE_KNOWN = Concordance(SIZE, {})


def agree(scores: dict[str, float]) -> Concordance:
    """Return a table in which two samples agree as the worse of them does."""
    pairs = {(a, b): min(scores[a], scores[b]) for a in scores for b in scores if a != b}
    return Concordance(SIZE, pairs)


def with_run(sample: Sample, method: str, **changes: Any) -> Sample:
    """Return the sample with another fitness or other weights of a method."""
    run = sample.runs[method]
    if "fitness" in changes:
        run = replace(run, verdict=replace(run.verdict, fitness=changes["fitness"]))
    if "weights" in changes:
        run = Balanced.of(run.verdict, lambda: changes["weights"])
    return replace(sample, runs={**sample.runs, method: run})


def without_weights(sample: Sample) -> Sample:
    """Return the sample as if no method gave a weight."""
    for method in sample.runs:
        nothing = np.full(len(sample.bins), np.nan)
        sample = with_run(sample, method, fitness=Fitness.NO, weights=nothing)
    return sample


# --- what is compared --------------------------------------------------------------------------


def test_resolutions_with_two_samples_are_compared() -> None:
    rows = [("a", 10), ("a", 20), ("b", 20), ("b", 30), ("a", 20), ("c", 20)]
    runs = [RunKey(sample, resolution, "ice") for sample, resolution in rows]
    assert compared_samples(runs) == {20: ["a", "b", "c"]}
    assert compared_samples([]) == {}


def test_samples_are_grouped_by_their_longest_chromosome() -> None:
    more = {"chr2": 30, "chrY": 5, "chr1": 60}
    other = {"chr1": 61, "chr2": 30}
    samples = [
        make_sample("a"),
        make_sample("b", chromosomes=other),
        make_sample("c", chromosomes=more),
    ]
    groups = group_samples(samples)
    assert [[sample.name for sample in group] for group in groups] == [["a", "c"], ["b"]]
    assert shared_chromosomes(groups[0]) == ["chr1", "chr2"]
    words = describe_comparison(compare(groups[0], "ice", NONE_KNOWN), "ice")
    assert "Left out, since not all samples have them with the same length: chrY of c." in words
    [genomes] = describe_genomes(groups)
    assert "a, c: chr1, 600,000 bp; b: chr1, 610,000 bp" in genomes
    assert "Compared with no other sample: b." in genomes
    assert describe_genomes(groups[:1]) == []


def test_assemblies_that_differ_are_named() -> None:
    assemblies = {"a": "hg19", "b": "hg38", "c": "hg38"}
    samples = [make_sample(name, assembly=assembly) for name, assembly in assemblies.items()]
    [words] = describe_genomes([samples])
    assert "different assemblies (hg19: a; hg38: b, c)" in words
    unnamed = [replace(samples[1], assembly=assembly) for assembly in ("", "unknown")]
    assert describe_genomes([[samples[0], *unnamed]]) == []
    other_length = make_sample("d", chromosomes={"chr1": 60, "chr2": 31})
    comparison = compare([samples[0], other_length], "ice", NONE_KNOWN)
    assert comparison.chromosomes == ["chr1"]
    words = describe_comparison(comparison, "ice")
    assert "with the same length: chr2 of a, d." in words


def test_the_primary_method_is_shown_where_it_is_good_and_else_the_next() -> None:
    a, b = make_sample("a", 1), make_sample("b", 2)
    assert choose_method([a, b], "kr") == "kr"
    assert describe_comparison(compare([a, b], "kr", NONE_KNOWN), "kr").startswith(
        "Balanced by kr, the cohort's primary method."
    )
    bad = with_run(b, "kr", fitness=Fitness.NO)
    assert choose_method([a, bad], "kr") == "ice"
    assert (
        "Balanced by ice, since the primary method, kr, has no weights, or weights that are not "
        "for use, for b (not for use)."
    ) in describe_comparison(compare([a, bad], "kr", NONE_KNOWN), "kr")
    other = replace(b, runs={**b.runs, "kr": replace(b.runs["kr"], verdict=b.runs["vc"].verdict)})
    words = describe_comparison(compare([a, other], "kr", NONE_KNOWN), "kr")
    assert "These are different methods, which cannot be compared: kr for a; vc for b." in words
    # A result without weights is not usable, whatever its verdict says.
    nothing = with_run(bad, "ice", weights=np.full(90, np.nan))
    assert choose_method([a, nothing], "kr") == "vc"
    # A sample that no method could balance decides nothing.
    assert choose_method([a, without_weights(b)], "kr") == "kr"
    assert choose_method([without_weights(a), without_weights(b)], "kr") == "kr"


def test_a_failed_sample_does_not_choose_the_method() -> None:
    samples = [make_sample(name, k, ("vc", "kr")) for k, name in enumerate("abc")]
    failed = replace(with_run(samples[2], "kr", fitness=Fitness.NO), shallow=SHALLOW)
    assert choose_method([*samples[:2], failed], "kr") == "vc"
    comparison = compare([*samples[:2], failed], "kr", NONE_KNOWN)
    assert comparison.method == "kr"
    assert set(comparison.reasons) == {"c"}
    assert "Its weights of kr are not for use" in comparison.reasons["c"]


def test_the_region_is_as_fine_as_contacts_allow() -> None:
    sample = make_sample("a", chromosomes={"chr1": 300}, depth=3)
    usable = np.ones(300, bool)
    usable[:40] = False
    regions = list_regions("chr1", usable, 100)
    stretches = [Region("chr1", 40, 100, 1), Region("chr1", 40, 200, 2)]
    assert regions == [*stretches, Region("chr1", 0, 300, 3)]
    counts = count_contacts(sample, sample.open(), regions)
    dense = make_map(0, {"chr1": 300}, 3)[1]
    assert counts[0] == np.triu(dense[40:140, 40:140]).sum()
    assert counts[-1] == np.triu(dense).sum()

    def choose(enough: float) -> Region:
        return choose_region(regions, counts[None], 100, enough)

    assert choose(0.01) == Region("chr1", 40, 100, 1)
    # No stretch has enough; the chromosome reaches it with 80 x 80 cells.
    assert choose(2 * counts[-1] / 80.5**2) == Region("chr1", 0, 300, 4)
    assert choose(1e9) == Region("chr1", 0, 300, 5)
    # The map with the fewest contacts decides.
    both = np.array([counts, counts / 1e6])
    assert choose_region(regions, both, 100, 0.01) == Region("chr1", 0, 300, 5)


# --- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 4, 7])
def test_a_picture_equals_dense_arithmetic(block: int) -> None:
    sample = make_sample("a", 3)
    weights = sample.runs["kr"].weights.copy()
    weights[[64, 70]] = np.nan
    picture = draw_picture(sample, sample.open(), weights, Region("chr2", 3, 24, block), 2)

    rows = np.arange(60 + 3, 60 + 27)
    dense = make_map(3)[1][np.ix_(rows, rows)]
    scale = np.nan_to_num(weights[rows])
    apart = abs(np.subtract.outer(rows, rows))
    balanced = np.where(apart >= 2, dense * np.outer(scale, scale), 0)
    fold = (np.arange(24)[:, None] // block == np.arange(-(-24 // block))).astype(float)
    counts = fold.T @ np.isfinite(weights[rows])
    pairs = np.outer(counts, counts)
    expected = np.divide(
        fold.T @ balanced @ fold, pairs, out=np.full(pairs.shape, np.nan), where=pairs > 0
    )
    expected /= np.nanmean(expected)
    np.testing.assert_allclose(picture.values, expected)
    kept = np.isfinite(weights[rows])
    assert picture.contacts == np.triu(np.where(apart >= 2, dense, 0)[np.ix_(kept, kept)]).sum()
    rescaled = draw_picture(sample, sample.open(), 5 * weights, Region("chr2", 3, 24, block), 2)
    np.testing.assert_allclose(rescaled.values, picture.values)


def test_a_pool_is_the_mean_weighted_by_contacts() -> None:
    one = Picture(np.array([[1.0, 2.0], [2.0, 1.0]]), 30.0)
    other = Picture(np.array([[3.0, np.nan], [np.nan, np.nan]]), 10.0)
    pool = Pool(2)
    pool.add(one)
    pool.add(other)
    picture = pool.picture()
    expected = np.array([[1.5, 2.0], [2.0, 1.0]])
    np.testing.assert_allclose(picture.values, expected / expected.mean())
    assert picture.contacts == 40
    nothing = Pool(2).picture()
    assert nothing.empty_cells.all()
    assert np.isnan(log_ratio(one, nothing)).all()


def test_a_log_ratio_is_of_maps_with_equal_sums() -> None:
    rng = np.random.default_rng(1)
    values = rng.random((7, 7)) + 1
    one, reference = Picture(8 * values, 1e6), Picture(values, 1e9)
    np.testing.assert_allclose(log_ratio(one, reference), np.zeros((4, 4)), atol=1e-12)
    # An empty cell is not minus infinity, but what PSEUDOCOUNT contacts allow.
    lacking = values.copy()
    lacking[:RATIO_CELLS, :RATIO_CELLS] = 0
    shallow = Picture(lacking, 400.0)
    found = log_ratio(shallow, reference)[0, 0]
    added = PSEUDOCOUNT / 800
    share = values[:2, :2].sum() / values.sum()
    assert found == pytest.approx(np.log2(added / (share + added)))
    # Cells without a value in either map count in neither sum.
    partly = np.where(np.arange(7)[:, None] < 2, np.nan, values)
    ratios = log_ratio(Picture(partly, 1e9), reference)
    assert np.isnan(ratios[0]).all()
    np.testing.assert_allclose(ratios[1:], 0, atol=1e-12)


@given(st.lists(st.booleans(), min_size=1, max_size=70), st.integers(1, 3))
def test_pairs_are_counted(flags: list[bool], first: int) -> None:
    usable = np.array(flags)
    edges = distance_edges(first, 90)
    places = np.flatnonzero(usable)
    apart = np.subtract.outer(places, places)
    expected = np.histogram(apart[apart > 0], np.append(edges[:-1], edges[-1] - 0.5))[0]
    np.testing.assert_array_equal(pairs_by_distance(usable, edges), expected)
    assert (edges[0], edges[-1]) == (first, 90)


def test_decay_is_the_mean_by_distance_whatever_the_scale_of_chromosomes() -> None:
    sample = make_sample("a", 4)
    dense = make_map(4)[1].astype(float)
    weights = sample.runs["kr"].weights
    usable = {"chr1": np.ones(60, bool), "chr2": np.arange(30) != 7}
    edges = distance_edges(2, 60)
    pairs = np.array([pairs_by_distance(flags, edges) for flags in usable.values()])
    contacts = sample.open()
    decay = contact_decay(sample, contacts, weights, usable, edges, chunk_size=200)

    sums = np.zeros(len(edges) - 1)
    for lo, flags in ((0, usable["chr1"]), (60, usable["chr2"])):
        part = slice(lo, lo + len(flags))
        apart = np.subtract.outer(np.arange(len(flags)), np.arange(len(flags)))
        used = np.outer(flags, flags) & (apart >= 2)
        balanced = dense[part, part] * np.outer(weights[part], weights[part])
        balanced *= dense[part, part][used].sum() / balanced[used].sum()
        sums += np.histogram(apart[used], edges, weights=balanced[used])[0]
    among = pairs.sum(axis=0)
    np.testing.assert_allclose(decay, sums / among / (sums.sum() / among.sum()))
    assert (decay * among).sum() / among.sum() == pytest.approx(1)

    rescaled = weights * np.repeat([1.0, 9.0], [60, 30])
    np.testing.assert_allclose(contact_decay(sample, contacts, rescaled, usable, edges), decay)
    lacking = np.where(np.arange(90) == 7, np.nan, weights)
    fewer = {**usable, "chr1": np.arange(60) != 7}
    np.testing.assert_allclose(
        contact_decay(sample, contacts, lacking, usable, edges),
        contact_decay(sample, contacts, weights, fewer, edges),
    )


@pytest.mark.parametrize(
    ("share", "words"),
    [(1, "100 %"), (0, "0 %"), (0.99999, "99.9 %"), (0.9949, "99.5 %"), (0.4812, "48.1 %"),
     (0.00021, "0.021 %"), (1e-9, "less than 0.001 %"), (12.5, "1,250 %"), (np.nan, "\u2013"),
     (None, "\u2013")],
)  # fmt: skip
def test_all_and_nearly_all_are_distinguished(share: float | None, words: str) -> None:
    assert format_percent(share) == words


def test_a_sample_without_weights_keeps_the_others_from_nothing() -> None:
    a, b, c = make_sample("a", 1), make_sample("b", 2), without_weights(make_sample("c", 3))
    alone = compare([a, b], "ice", NONE_KNOWN)
    comparison = compare([a, b, c], "ice", NONE_KNOWN)
    assert comparison.method == alone.method
    for name in "ab":
        np.testing.assert_array_equal(comparison.decay[name], alone.decay[name])
    np.testing.assert_array_equal(comparison.overall, alone.overall)
    assert comparison.pictures[2].empty_cells.all()
    assert not np.isfinite(comparison.decay["c"]).any()
    assert comparison.reasons == {"c": "ice gave it no weights."}


def test_a_chromosome_that_none_could_balance_is_not_the_one_shown() -> None:
    samples = [make_sample(name, k, ("kr",)) for k, name in enumerate("ab")]
    lacking = []
    for sample in samples:
        weights = sample.runs["kr"].weights.copy()
        weights[:60] = np.nan
        lacking.append(with_run(sample, "kr", weights=weights))
    comparison = compare(lacking, "kr", NONE_KNOWN)
    assert comparison.region.chromosome == "chr2"
    reach = comparison.distance[np.isfinite(comparison.decay["a"])].max()
    assert reach < 30 * 1.2 < comparison.distance[-1]


# --- conditions, replicates, samples that stand out ----------------------------------------------

SHALLOW = Shallow(9.0, 100.0, 2, "", 0.2)


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


# --- pictures ----------------------------------------------------------------------------------


def draw(path: Path, samples: list[Sample], primary: str = "ice", dpi: int = 110) -> Image.Image:
    plot_comparison(samples, primary, SIZE, path, dpi, NONE_KNOWN)
    with Image.open(path) as image:
        assert image.format == "PNG"
        return image.convert("RGB")


def test_the_plot_shows_the_computed_values() -> None:
    samples = [make_sample("wild", 1), without_weights(make_sample("ko", 2)), make_sample("x", 3)]
    comparison = compare(samples, "ice", NONE_KNOWN)
    maps, curves, below = Figure().subplots(3)
    draw_map(maps, comparison, comparison.pictures[0], (0.1, 10.0))
    expected = np.nan_to_num(comparison.pictures[0].values)
    np.testing.assert_array_equal(maps.images[-1].get_array().filled(0), expected)
    norm = maps.images[-1].norm
    assert (norm.vmin, norm.vmax) == (0.1, 10.0)

    draw_decay(curves, below, comparison)
    labels = [text.get_text() for text in curves.get_legend().get_texts()]
    assert labels == ["wild", "ko: no weights", "x"]
    drawn = curves.get_lines()[0]
    positive = np.isfinite(comparison.decay["wild"]) & (comparison.decay["wild"] > 0)
    np.testing.assert_allclose(drawn.get_xdata()[positive], comparison.distance[positive] * SIZE)
    np.testing.assert_allclose(drawn.get_ydata()[positive], comparison.decay["wild"][positive])


def test_same_samples_same_bytes(tmp_path: Path) -> None:
    samples = [make_sample("a", 1), make_sample("b", 2)]
    draw(tmp_path / "a.png", samples)
    draw(tmp_path / "b.png", samples)
    content = (tmp_path / "a.png").read_bytes()
    assert content == (tmp_path / "b.png").read_bytes()
    assert b"atplotlib" not in content


def test_the_page_does_not_grow_with_replicates(tmp_path: Path) -> None:
    sizes = [{"wild": n, "mutant": 2, "other": 2} for n in (2, 20)]
    heights = {draw(tmp_path / "a.png", make_cohort(each), "vc").height for each in sizes}
    assert len(heights) == 1


def test_groups_are_drawn_one_under_the_other(tmp_path: Path) -> None:
    mouse = [make_sample("a", 1), make_sample("b", 2)]
    human = [make_sample(name, 3, chromosomes={"chr1": 80}) for name in "cd"]
    one, both = draw(tmp_path / "a.png", mouse), draw(tmp_path / "b.png", [*mouse, *human])
    assert both.width == one.width == PAGE_WIDTH
    assert both.height > 1.8 * one.height
    # One line about the genomes comes first; letters fall a part of a pixel elsewhere.
    first, again = (
        np.asarray(image.crop((0, top, PAGE_WIDTH, top + one.height - 140)), dtype=float)
        for image, top in ((one, 70), (both, 70 + LINE))
    )
    assert abs(first - again).mean() < 1


def test_samples_without_common_bins_are_reported(tmp_path: Path) -> None:
    image = draw(
        tmp_path / "a.png", [make_sample("a"), make_sample("b", chromosomes={"scaffold": 10})]
    )
    assert image.height < 200
    assert draw(tmp_path / "b.png", [make_sample("a")]).height < 200


def test_extremes_can_be_drawn(tmp_path: Path) -> None:
    nothing = [without_weights(make_sample(name, k)) for k, name in enumerate("ab")]
    draw(tmp_path / "a.png", nothing)
    tiny = [make_sample(name, k, ("vc",), {"c": 1}) for k, name in enumerate("ab")]
    draw(tmp_path / "b.png", tiny, "vc")
    long_names = [
        make_sample("$x_1$ " + "long " * 30 + str(k), k, group="w" * 300 + str(k // 2))
        for k in range(5)
    ]
    draw(tmp_path / "c.png", long_names, dpi=55)
    edges = np.array([0, 5, 70, 1000], dtype=np.int32)
    bins = BinTable(("only",), np.array([1000]), np.array([0, 3]), edges[:-1], edges[1:], None)
    chunk = (np.array([0, 1], np.int32), np.array([1, 2], np.int32), np.array([3, 4]))
    contacts = Contacts.from_chunks(bins, [chunk], {})
    unequal = replace(
        with_run(make_sample("u", 0, ("vc",)), "vc", weights=np.ones(3)),
        bins=bins, open=lambda: contacts, kept=3,
    )  # fmt: skip
    draw(tmp_path / "d.png", [unequal, replace(unequal, name="v")], "vc")


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    import cooler
    import pandas as pd

    from counterpoise.ingest.formats import inspect_source
    from counterpoise.ingest.pixels import write_map

    contacts, dense = make_map(5)
    bin1, bin2 = np.nonzero(np.triu(dense))
    pixels = pd.DataFrame({"bin1_id": bin1, "bin2_id": bin2, "count": dense[bin1, bin2]})
    sizes = pd.Series({name: n * SIZE for name, n in CHROMOSOMES.items()})
    cooler.create_cooler(str(tmp_path / "a.cool"), cooler.binnify(sizes, SIZE), pixels)
    paths = ResultPaths("mine", str(tmp_path))
    files = paths.map_files("a", SIZE)
    write_map(inspect_source(str(tmp_path / "a.cool")), SIZE, files)
    mask = cp.mask_bins(read_map(files))
    write_mask(paths.mask("a", SIZE), mask, contacts.bins)
    result = cp.balance(contacts, "kr", mask=mask.kept)
    write_balance(result, contacts.bins, paths.run_files("a", SIZE, "kr"))
    labels = SampleLabels({"condition": "wild", "replicate": "2", "cell": "K562"})
    sample = read_sample(paths, "a", labels, SIZE, ["kr"])
    assert (sample.name, sample.labels, sample.depth) == ("a", labels, contacts.counts.sum())
    assert sample.kept == mask.kept.sum()
    np.testing.assert_array_equal(sample.runs["kr"].weights, result.weights)
    assert sample.runs["kr"].verdict.status is result.verdict.status
    assert sample.runs["kr"].weighted == np.isfinite(result.weights).sum()
    assert sample.open().nnz == contacts.nnz
    [again] = read_samples(paths, {"a": labels}, SIZE, ["kr"], 0.2)
    assert again.shallow is None
