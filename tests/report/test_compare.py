"""Samples side by side: which are compared by what, the numbers that are drawn, and the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image

import counterpoise as cp
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.records.facts import Shallow
from counterpoise.records.fitness import Fitness
from counterpoise.report.comparison.captions import describe_comparison, describe_uncompared
from counterpoise.report.comparison.compare import compare
from counterpoise.report.comparison.decay import contact_decay, distance_edges, pairs_by_distance
from counterpoise.report.comparison.panels import (
    draw_decay,
    draw_map,
    draw_shares,
    line_style,
    name_sample,
)
from counterpoise.report.comparison.plot import plot_comparison
from counterpoise.report.comparison.region import (
    Region,
    choose_region,
    draw_picture,
    fewest_contacts,
)
from counterpoise.report.comparison.samples import (
    Balanced,
    Sample,
    choose_method,
    group_samples,
    read_sample,
    shared_chromosomes,
    weighted_shares,
)
from counterpoise.report.formats import format_percent
from counterpoise.report.style import FITNESS_COLOURS, PAGE_WIDTH
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
) -> Sample:
    contacts, _ = make_map(seed, chromosomes, depth)
    mask = cp.mask_bins(contacts)
    results = {method: cp.balance(contacts, method, mask=mask.kept) for method in methods}
    runs = {method: Balanced(each.weights, each.verdict) for method, each in results.items()}
    return Sample(name, f"condition {seed}", contacts, mask.kept, runs)


def with_run(sample: Sample, method: str, **changes: Any) -> Sample:
    """Return the sample with another fitness or other weights of a method."""
    run = sample.runs[method]
    if "fitness" in changes:
        run = replace(run, verdict=replace(run.verdict, fitness=changes["fitness"]))
    run = replace(run, weights=changes.get("weights", run.weights))
    return replace(sample, runs={**sample.runs, method: run})


def without_weights(sample: Sample) -> Sample:
    """Return the sample as if no method gave a weight."""
    for method, run in sample.runs.items():
        nothing = np.full(len(run.weights), np.nan)
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
    words = describe_comparison(compare(groups[0], "ice"), "ice")
    assert "Not compared, since not all samples have them: c chrY." in words
    uncompared = describe_uncompared(groups[1])
    assert "its longest chromosome is chr1, 610,000 bp, which no other sample has" in uncompared


def test_the_primary_method_is_shown_where_it_is_good_and_else_the_next() -> None:
    a, b = make_sample("a", 1), make_sample("b", 2)
    assert choose_method([a, b], "kr") == "kr"
    assert describe_comparison(compare([a, b], "kr"), "kr").startswith(
        "Balanced by kr, the cohort's primary method."
    )
    bad = with_run(b, "kr", fitness=Fitness.NO)
    assert choose_method([a, bad], "kr") == "ice"
    assert (
        "Balanced by ice, since the primary method, kr, has no weights, or weights that are not "
        "for use, for b (not for use)."
    ) in describe_comparison(compare([a, bad], "kr"), "kr")
    other = replace(b, runs={**b.runs, "kr": replace(b.runs["kr"], verdict=b.runs["vc"].verdict)})
    words = describe_comparison(compare([a, other], "kr"), "kr")
    assert "These are different methods, which cannot be compared: kr for a; vc for b." in words
    # A result without weights is not usable, whatever its verdict says.
    nothing = with_run(bad, "ice", weights=np.full(90, np.nan))
    assert choose_method([a, nothing], "kr") == "vc"
    # A sample that no method could balance decides nothing.
    assert choose_method([a, without_weights(b)], "kr") == "kr"
    assert choose_method([without_weights(a), without_weights(b)], "kr") == "kr"


def test_the_region_is_as_fine_as_contacts_allow() -> None:
    sample = make_sample("a", chromosomes={"chr1": 300}, depth=3)
    usable = np.ones(300, bool)
    usable[:40] = False
    assert choose_region([sample], "chr1", usable, 100, 0.01) == Region("chr1", 40, 100, 1)
    assert choose_region([sample], "chr1", usable, 300, 0.01) == Region("chr1", 0, 300, 1)
    contacts = fewest_contacts([sample], "chr1", 0, 300)
    inside = fewest_contacts([sample], "chr1", 40, 100)
    dense = make_map(0, {"chr1": 300}, 3)[1]
    assert contacts == np.triu(dense).sum()
    assert inside == np.triu(dense[40:140, 40:140]).sum()
    # The limit is above what the stretch has; the chromosome reaches it with 80 x 80 cells.
    enough = 2 * contacts / 80.5**2
    assert choose_region([sample], "chr1", usable, 100, enough) == Region("chr1", 0, 300, 4)
    assert choose_region([sample], "chr1", usable, 100, 1e9) == Region("chr1", 0, 300, 5)


# --- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 4, 7])
def test_a_picture_equals_dense_arithmetic(block: int) -> None:
    sample = make_sample("a", 3)
    weights = sample.runs["kr"].weights.copy()
    weights[[64, 70]] = np.nan
    picture = draw_picture(sample, weights, Region("chr2", 3, 24, block), 2)

    rows = np.arange(60 + 3, 60 + 27)
    dense = make_map(3)[1][np.ix_(rows, rows)]
    scale = np.nan_to_num(weights[rows])
    apart = abs(np.subtract.outer(rows, rows))
    balanced = np.where(apart >= 2, dense * np.outer(scale, scale), 0)
    fold = (np.arange(24)[:, None] // block == np.arange(-(-24 // block))).astype(float)
    counts = fold.T @ np.isfinite(weights[rows])
    pairs = np.outer(counts, counts)
    expected = fold.T @ balanced @ fold / np.maximum(pairs, 1)
    expected *= pairs.sum() / balanced.sum()
    np.testing.assert_allclose(picture, expected)
    assert (picture * pairs).sum() / pairs.sum() == pytest.approx(1)
    rescaled = draw_picture(sample, 5 * weights, Region("chr2", 3, 24, block), 2)
    np.testing.assert_allclose(rescaled, picture)


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
    decay = contact_decay(sample, weights, usable, pairs, edges, chunk_size=200)

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
    np.testing.assert_allclose(contact_decay(sample, rescaled, usable, pairs, edges), decay)


def test_shares_are_of_the_kept_bins() -> None:
    sample = make_sample("a")
    weights = np.full(90, np.nan)
    weights[:40] = 1.0
    kept = np.arange(90) < 80
    sample = replace(with_run(sample, "kr", weights=weights), kept=kept)
    np.testing.assert_array_equal(weighted_shares(sample), [1.0, 0.5, 1.0])
    nothing = replace(sample, kept=np.zeros(90, bool))
    assert np.isnan(weighted_shares(nothing)).all()


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
    alone, comparison = compare([a, b], "ice"), compare([a, b, c], "ice")
    assert (comparison.method, comparison.region) == (alone.method, alone.region)
    for values, expected in zip(comparison.decay[:2], alone.decay, strict=True):
        np.testing.assert_array_equal(values, expected)
    assert not comparison.pictures[2].any()
    assert not comparison.usable_cells[2].any()
    assert not np.nan_to_num(comparison.decay[2]).any()
    assert comparison.shares[2].tolist() == [0, 0, 0]


def test_a_chromosome_that_one_could_not_balance_is_not_the_one_shown() -> None:
    a, b = make_sample("a", 1, ("kr",)), make_sample("b", 2, ("kr",))
    weights = b.runs["kr"].weights.copy()
    weights[:60] = np.nan
    comparison = compare([a, with_run(b, "kr", fitness=Fitness.NO, weights=weights)], "kr")
    assert comparison.region.chromosome == "chr2"
    reach = [comparison.distance[np.isfinite(values)].max() for values in comparison.decay]
    assert reach[0] == reach[1] < 30 * 1.2 < comparison.distance[-1]


# --- pictures ----------------------------------------------------------------------------------


def draw(path: Path, samples: list[Sample], primary: str = "ice", dpi: int = 110) -> Image.Image:
    plot_comparison(samples, primary, SIZE, path, dpi)
    with Image.open(path) as image:
        assert image.format == "PNG"
        return image.convert("RGB")


def test_the_plot_shows_the_computed_values() -> None:
    samples = [make_sample("wild", 1), without_weights(make_sample("ko", 2)), make_sample("x", 3)]
    comparison = compare(samples, "ice")
    maps, lines, table = Figure().subplots(3)
    draw_map(maps, comparison, 0, (0.1, 10.0))
    np.testing.assert_array_equal(maps.images[-1].get_array().filled(0), comparison.pictures[0])
    norm = maps.images[-1].norm
    assert (norm.vmin, norm.vmax) == (0.1, 10.0)

    draw_decay(lines, comparison)
    drawn = lines.get_lines()
    assert [line.get_label() for line in drawn] == ["wild", "ko: no weights", "x"]
    assert len(drawn[1].get_xdata()) == 0
    positive = np.isfinite(comparison.decay[0]) & (comparison.decay[0] > 0)
    np.testing.assert_allclose(drawn[0].get_xdata(), comparison.distance[positive] * SIZE)
    np.testing.assert_allclose(drawn[0].get_ydata(), comparison.decay[0][positive])

    draw_shares(table, comparison)
    widths = [bar.get_width() for bar in table.patches]
    np.testing.assert_allclose(widths[1::2], 0.86 * np.concatenate(comparison.shares))
    assert [text.get_text() for text in table.texts if "%" in text.get_text()] == [
        *["100 %"] * 3, *["0 %"] * 3, *["100 %"] * 3
    ]  # fmt: skip
    labels = [label.get_text() for label in table.get_yticklabels()]
    assert labels[0] == "wild\n90 of 90 kept"


def test_a_shallow_sample_is_shown_with_caution() -> None:
    a, b = make_sample("a", 1, ("kr",)), make_sample("b", 2, ("kr",))
    b = replace(b, shallow=Shallow(9.0, 100.0, 2, None, 0.2))
    assert [sample.runs["kr"].verdict.fitness for sample in (a, b)] == [Fitness.GOOD] * 2
    assert b.runs["kr"].usable
    good, caution, table = Figure().subplots(3)
    name_sample(good, a, "kr", 600)
    name_sample(caution, b, "kr", 600)
    above = [" ".join(text.get_text() for text in axes.texts) for axes in (good, caution)]
    assert ["use with caution" in text for text in above] == [False, True]

    draw_shares(table, compare([a, b], "kr"))
    colours = [to_hex(bar.get_facecolor()).upper() for bar in table.patches[1::2]]
    assert colours == [FITNESS_COLOURS[each][0] for each in (Fitness.GOOD, Fitness.CAUTION)]
    labels = [text.get_text() for text in table.get_legend().get_texts()]
    assert labels == ["fit for use", "use with caution"]
    unfit = with_run(b, "kr", fitness=Fitness.NO)
    assert unfit.fitness("kr") is Fitness.NO


def test_same_samples_same_bytes(tmp_path: Path) -> None:
    samples = [make_sample("a", 1), make_sample("b", 2)]
    draw(tmp_path / "a.png", samples)
    draw(tmp_path / "b.png", samples)
    content = (tmp_path / "a.png").read_bytes()
    assert content == (tmp_path / "b.png").read_bytes()
    assert b"atplotlib" not in content


def test_the_page_grows_with_samples_and_says_who_has_no_map(tmp_path: Path) -> None:
    samples = [make_sample(f"sample {k}", k, ("ice", "vc")) for k in range(10)]
    heights = {n: draw(tmp_path / "a.png", samples[:n]).height for n in (4, 5, 8, 9)}
    assert heights[4] < heights[5] == heights[8]
    assert heights[8] <= heights[9] < heights[8] + 60  # one more line of words
    comparison = compare(samples, "ice")
    assert (len(comparison.pictures), len(comparison.decay), len(comparison.shares)) == (8, 10, 10)
    caption = describe_comparison(comparison, "ice")
    assert "Only 8 maps are drawn; without a map: sample 8, sample 9." in caption
    styles = [tuple(line_style(k).values()) for k in range(28)]
    assert len(set(styles)) == 28


def test_groups_are_drawn_one_under_the_other(tmp_path: Path) -> None:
    mouse = [make_sample("a", 1), make_sample("b", 2)]
    human = [make_sample(name, 3, chromosomes={"chr1": 80}) for name in "cd"]
    one, both = draw(tmp_path / "a.png", mouse), draw(tmp_path / "b.png", [*mouse, *human])
    assert both.width == one.width == PAGE_WIDTH
    assert both.height > 1.8 * one.height
    top = (0, 70, PAGE_WIDTH, one.height - 80)
    first, again = (np.asarray(image.crop(top), dtype=float) for image in (one, both))
    assert abs(first - again).mean() < 1  # letters fall a part of a pixel elsewhere


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
    long_names = [make_sample("$x_1$ " + "long " * 30, k) for k in range(5)]
    named = [replace(sample, description="w" * 300) for sample in long_names]
    draw(tmp_path / "c.png", named, dpi=55)
    edges = np.array([0, 5, 70, 1000], dtype=np.int32)
    bins = BinTable(("only",), np.array([1000]), np.array([0, 3]), edges[:-1], edges[1:], None)
    chunk = (np.array([0, 1], np.int32), np.array([1, 2], np.int32), np.array([3, 4]))
    unequal = replace(
        with_run(make_sample("u", 0, ("vc",)), "vc", weights=np.ones(3)),
        contacts=Contacts.from_chunks(bins, [chunk], {}), kept=np.ones(3, bool),
    )  # fmt: skip
    draw(tmp_path / "d.png", [unequal, unequal], "vc")


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
    assert (sample.name, sample.description) == ("a", "wild, replicate 2, K562")
    np.testing.assert_array_equal(sample.kept, mask.kept)
    np.testing.assert_array_equal(sample.runs["kr"].weights, result.weights)
    assert sample.runs["kr"].verdict.status is result.verdict.status
    assert sample.contacts.nnz == contacts.nnz
    assert read_sample(paths, "a", SampleLabels(), SIZE, ["kr"]).description == ""
