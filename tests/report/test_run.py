"""The figure of a run: the numbers behind it, and that every kind of outcome can be drawn."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from PIL import Image

import counterpoise as cp
from counterpoise.contacts.bins import BinTable, format_base_pairs
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.region import parse_region
from counterpoise.errors import ConfigError
from counterpoise.files import write_json
from counterpoise.records.facts import FewWeights, LargeErrors
from counterpoise.records.fitness import Fitness
from counterpoise.records.verdict import PartVerdict, Status, Verdict
from counterpoise.report.axes import LETTER_WIDTH, format_tick, place_labels, shorten_names
from counterpoise.report.run.banner import Banner, describe_outcome, describe_status
from counterpoise.report.run.bias import compare_biases
from counterpoise.report.run.convergence import draw_convergence
from counterpoise.report.run.coverage import KEPT, Coverage, describe_limits, draw_coverage
from counterpoise.report.run.maps import LEFT, MAP_SIDE, RIGHT
from counterpoise.report.run.pictures import (
    View,
    distance_classes,
    over_expected,
    paint,
    pool_cells,
)
from counterpoise.report.run.plot import (
    Run,
    describe_view,
    draw_run,
    paint_overview,
    paint_runs,
)
from counterpoise.report.run.stretch import STRETCH_BINS, choose_stretch
from counterpoise.report.run.weights import describe_mask, draw_weights
from counterpoise.report.style import FITNESS_COLOURS, MASKED
from counterpoise.store.paths import MapFiles
from counterpoise.store.pixels import read_rows, write_bins
from tests.support.maps import random_map


def small_map(names: tuple[str, ...] = ("chrA", "chrB"), size: int = 20) -> Contacts:
    """Return random counts on chromosomes of ``size`` bins."""
    rng = np.random.default_rng(7)
    n = size * len(names)
    dense = np.triu(rng.poisson(3.0, (n, n)))
    bin1, bin2 = np.nonzero(dense)
    bins = BinTable.fixed(names, [size * 1000] * len(names), 1000)
    chunk = (bin1.astype(np.int32), bin2.astype(np.int32), dense[bin1, bin2])
    return Contacts.from_chunks(bins, [chunk], {"uri": "folder/small.cool"})


def write_contacts(contacts: Contacts, files: MapFiles, row_group: int) -> None:
    """Write a map as ``ingest`` does, in row groups of some size."""
    write_bins(files.bins, contacts.bins)
    write_json(files.source, {"bins": len(contacts.bins), "nnz": contacts.nnz})
    columns = {
        "bin1_id": contacts.rows,
        "bin2_id": contacts.columns.astype(np.int32),
        "count": contacts.counts.astype(np.int32),
    }
    pq.write_table(pa.table(columns), files.pixels, row_group_size=row_group)


def make_trace(rows: list[tuple[str, int, float, float]]) -> pa.Table:
    part, iteration, largest, rms = zip(*rows, strict=True) if rows else ([], [], [], [])
    return pa.table(
        {
            "part": pa.array(part, pa.string()).dictionary_encode(),
            "iteration": pa.array(iteration, pa.int32()),
            "matvecs": pa.array(iteration, pa.int32()),
            "max_deviation": pa.array(largest, pa.float64()),
            "rms_deviation": pa.array(rms, pa.float64()),
            "max_smoothed_deviation": pa.array([np.nan] * len(rows), pa.float64()),
            "rms_smoothed_deviation": pa.array([np.nan] * len(rows), pa.float64()),
        }
    )


def make_verdict(
    contacts: Contacts, status: Status, scope: str = "genome", **changes: Any
) -> Verdict:
    n = len(contacts.bins)
    spans = list(contacts.bins.chromosome_ranges()) if scope == "cis" else [(scope, 0, n)]
    parts = tuple(PartVerdict(name, lo, hi - lo, hi - lo, status) for name, lo, hi in spans)
    verdict = Verdict(
        status, "a reason", "ice", "ice", scope, {"ignore_diags": 1, "tolerance": 1e-5},
        n, n, 2, 3, 0.1, 0.01, parts,
    )  # fmt: skip
    return replace(verdict, **changes)


TRACE = make_trace([("genome", 1, 0.5, 0.1), ("genome", 2, 0.0, math.nan)])


def draw(
    path: Path,
    contacts: Contacts,
    weights: Any,
    verdict: Verdict,
    *,
    max_pixels: int = 600,
    dpi: int = 110,
    whole: bool = False,
    **changes: Any,
) -> Image.Image:
    """Draw the figure of the only run of a map."""
    n = len(contacts.bins)
    given_ = {"trace": TRACE, "errors": np.full(n, np.nan), "kept": np.ones(n, bool), **changes}
    kept = given_["kept"]
    counts = np.asarray(contacts.full_matrix().sum(axis=1)).ravel() if n < 5000 else np.ones(n)
    groups = {KEPT: kept, "mad": ~kept}
    coverage = Coverage(counts, groups, {"reasons": {"kept": int(kept.sum())}})
    run = Run(weights, given_["errors"], given_["trace"], verdict)
    stretch = choose_stretch(contacts.bins, kept)
    overview = contacts if whole else None
    size = {"max_pixels": max_pixels, "dpi": dpi}
    (pictures,) = paint_runs(contacts, overview, coverage, [run], stretch, **size)
    title = Path(str(contacts.source.get("uri", "matrix"))).name
    with draw_run(contacts.bins, coverage, run, pictures, title=title, dpi=dpi) as page:
        page.write_png(path)
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.width == 1600 * dpi // 110
        return image.convert("RGB")


# --- numbers -----------------------------------------------------------------------------------


def dense(contacts: Contacts) -> Any:
    return contacts.full_matrix().toarray()


@pytest.mark.parametrize("span", [(0, 40), (20, 40), (3, 17)])
@pytest.mark.parametrize("most_cells", [7, 100])
def test_pictures_equal_dense_arithmetic(span: tuple[int, int], most_cells: int) -> None:
    contacts = small_map()
    rng = np.random.default_rng(1)
    kept = rng.random(40) > 0.2
    weights = np.where(kept & (np.arange(40) != 5), rng.random(40) + 0.5, np.nan)
    view = View.of_bins(*span, most_cells)
    another, picture = paint(contacts, kept, [np.ones(40), weights], view, chunk_size=50)

    lo, hi = span
    block = -(-(hi - lo) // most_cells)
    full = dense(contacts)[lo:hi, lo:hi]
    scale = np.nan_to_num(weights)[lo:hi]
    places = np.arange(hi - lo) // block
    fold = (places[:, None] == np.arange(places[-1] + 1)).astype(float)
    pairs = np.outer(fold.sum(axis=0), fold.sum(axis=0))
    weighted = fold.T @ np.isfinite(weights[lo:hi])
    weighted_pairs = np.outer(weighted, weighted)
    raw = fold.T @ full @ fold / pairs
    balanced = fold.T @ (full * np.outer(scale, scale)) @ fold / np.maximum(weighted_pairs, 1)

    assert (view.block, view.cells) == (block, len(raw))
    np.testing.assert_allclose(picture.raw, raw)
    np.testing.assert_allclose(another.balanced, raw)
    ratio = picture.balanced[balanced > 0] / balanced[balanced > 0]
    np.testing.assert_allclose(ratio, ratio[0])
    np.testing.assert_allclose(
        (picture.balanced * weighted_pairs).sum(), (raw * weighted_pairs).sum()
    )
    np.testing.assert_array_equal(picture.weighted, weighted)
    np.testing.assert_array_equal(picture.kept, fold.T @ kept[lo:hi])


def test_what_depends_on_distance_alone_is_one_over_expected() -> None:
    bins = BinTable.fixed(("a", "b"), [30_000, 20_000], 1000)
    view = View(0, 50, 1)
    classes = distance_classes(bins, view)
    values = 100.0 / (1 + classes)
    np.testing.assert_allclose(over_expected(values, np.ones(50), classes), 1)
    assert len(np.unique(classes[:30, 30:])) == 1, "contacts between chromosomes are one class"
    assert classes[0, 30] not in classes[:30, :30]
    assert (np.diff(classes[0, :30]) >= 0).all()
    stripe = values.copy()
    stripe[7] *= 3
    stripe[:, 7] *= 3
    ratios = over_expected(stripe, np.ones(50), classes)
    assert np.median(ratios[7]) > 2 > 1.1 > np.median(ratios[20])
    masked = over_expected(values, (np.arange(50) != 7).astype(float), classes)
    assert np.isnan(masked[7]).all()
    assert not np.isnan(masked[8, 9:]).any()


def test_cells_expected_to_be_empty_have_no_ratio() -> None:
    classes = distance_classes(BinTable.fixed(("a",), [9000], 1000), View(0, 9, 1))
    values = np.where(classes < 2, 5.0, 0.2)
    ratios = over_expected(values, np.ones(9), classes)
    np.testing.assert_array_equal(np.isfinite(ratios), classes < 2)
    assert np.isfinite(over_expected(values, np.full(9, 3.0), classes)).all()


def test_merged_cells_have_the_mean_over_their_pairs() -> None:
    contacts, number = small_map(), np.ones(40)
    number[3] = 0
    values = dense(contacts) * np.outer(number, number)
    pooled, bins_per_cell = pool_cells(values, number, 8)
    expected = np.array([[values[i : i + 8, j : j + 8].sum() for j in range(0, 40, 8)]
                         for i in range(0, 40, 8)])  # fmt: skip
    np.testing.assert_array_equal(bins_per_cell, [7, 8, 8, 8, 8])
    np.testing.assert_allclose(pooled * np.outer(bins_per_cell, bins_per_cell), expected)


# --- the stretch -------------------------------------------------------------------------------


def test_the_stretch_is_the_same_at_every_resolution_and_for_every_mask() -> None:
    names, lengths = ("small", "large"), [10_000_000, 40_000_000]
    for size in (1000, 5000, 20_000):
        bins = BinTable.fixed(names, lengths, size)
        everything = np.ones(len(bins), bool)
        first, stop = choose_stretch(bins, everything)
        assert stop - first == STRETCH_BINS
        assert bins.start[first] <= 10_000_000 <= bins.end[stop - 1]
        few = np.zeros(len(bins), bool)
        few[first + 3] = True
        for kept in (few, ~everything):  # also of a map that failed
            assert choose_stretch(bins, kept) == (first, stop)


def test_the_stretch_moves_to_the_kept_bins_if_it_has_none() -> None:
    bins = BinTable.fixed(("a", "b"), [4_000_000, 4_100_000], 1000)
    kept = np.zeros(len(bins), bool)
    kept[3000:3400] = True
    first, stop = choose_stretch(bins, kept)
    assert (first, stop) == (3100 - 125, 3100 + 125)
    kept[4000:4500] = True  # on the other chromosome, more and still none in the stretch
    kept[:3300] = False
    assert choose_stretch(bins, kept) == (4000, 4250)


def test_a_short_chromosome_is_shown_to_both_ends() -> None:
    bins = BinTable.fixed(("a", "b"), [9000, 100_000], 1000)
    assert choose_stretch(bins, np.ones(109, bool)) == (9, 109)


def test_a_region_is_shown_as_it_is_or_with_its_surroundings() -> None:
    bins = BinTable.fixed(("a", "b:c"), [1_000_000, 2_000_000], 1000)
    kept = np.ones(3000, bool)
    assert choose_stretch(bins, kept, "b:c:500,000-1,500,001") == (1500, 2501)
    assert choose_stretch(bins, kept, "a:500000-500001") == (375, 625)
    assert choose_stretch(bins, kept, "a:0-10") == (0, STRETCH_BINS)
    with pytest.raises(ConfigError, match=r"qc\.region .* no chromosome d; it has a, b:c"):
        choose_stretch(bins, kept, "d:1-2")
    with pytest.raises(ConfigError, match=r"a ends at 1,000,000"):
        choose_stretch(bins, kept, "a:1000000-2000000")
    for text in ("a", "a:5-5", "a:x-9", "a:9", ":1-2"):
        with pytest.raises(ConfigError, match="must be chromosome:start-end"):
            parse_region(text, "qc.region")


def test_views_are_named() -> None:
    bins = BinTable.fixed(("a", "b"), [4000, 5000], 1000)
    names = {(0, 4): "a", (4, 9): "b", (0, 9): "Genome", (5, 7): "b:1,000-3,000"}
    for (first, stop), name in names.items():
        assert describe_view(bins, View(first, stop, 1)) == name


def test_a_stretch_read_alone_is_that_of_the_map(tmp_path: Path) -> None:
    contacts = small_map(size=700)
    files = MapFiles.in_folder(tmp_path)
    write_contacts(contacts, files, row_group=20_000)
    assert pq.ParquetFile(files.pixels).num_row_groups > 20
    for lo, hi in ((0, 250), (300, 550), (1390, 1400), (0, 1400), (5, 5)):
        part = read_rows(files, lo, hi)
        expected = np.zeros((1400, 1400))
        expected[lo:hi, lo:hi] = dense(contacts)[lo:hi, lo:hi]
        np.testing.assert_array_equal(dense(part), expected)


# --- texts and labels --------------------------------------------------------------------------


def test_biases_agree_whatever_their_scales() -> None:
    bias = np.array([0.5, 1.0, 2.0, 3.0, 0.0])
    weights = np.array([7 / 0.5, 7 / 1.0, np.nan, 7 / 3.0, 1.0])
    truth, estimate = compare_biases(bias, weights)
    assert len(truth) == 3  # one bin has no weight, one no true bias
    np.testing.assert_allclose(truth, estimate)
    assert np.log(estimate).mean() == pytest.approx(0)


@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=40),
    st.integers(1, 12),
    st.booleans(),
)
def test_labels_never_touch(widths: list[int], length: int, upright: bool) -> None:
    edges = np.concatenate([[0.0], np.cumsum(widths)])
    names = [f"{i}".rjust(length, "c") for i in range(len(widths))]
    labels = place_labels(edges, names, 500, upright=upright)
    letter = edges[-1] * LETTER_WIDTH / 500
    for (x, name), (right, after) in pairwise(labels):
        need = letter if upright else letter * (len(name) + len(after)) / 2
        assert right - x >= need


def test_all_labels_with_room_are_placed_and_none_of_ten_thousand() -> None:
    edges = np.arange(0, 26) * 100.0
    names = [str(i) for i in range(25)]
    assert [name for _, name in place_labels(edges, names, 1000)] == names
    narrow = np.arange(0, 10_001) * 1.0
    assert place_labels(narrow, ["c"] * 10_000, 500) == []


def test_names_are_shortened() -> None:
    human = [f"chr{i}" for i in range(1, 8)]
    assert shorten_names(human) == [str(i) for i in range(1, 8)]
    assert shorten_names(["chr1", "chrX"]) == ["chr1", "chrX"]
    (long,) = shorten_names(["ENSG00000127481|ENST00000375254|"])
    assert len(long) == 12
    assert long.startswith("ENSG00")
    assert long.endswith("5254|")


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (0.001, "0.001"), (1e-5, "10⁻⁵"), (2e6, "2·10⁶"), (500.0, "500"), (1e12, "10¹²")],
)
def test_tick_labels(value: float, text: str) -> None:
    assert format_tick(value) == text


def test_base_pairs() -> None:
    sizes = [500, 1000, 2500, 10_000, 2_500_000, None]
    words = ["500 bp", "1 kb", "2.5 kb", "10 kb", "2.5 Mb", "unequal bins"]
    assert [format_base_pairs(size) for size in sizes] == words


def test_mask_caption_counts_by_reason() -> None:
    caption = describe_mask({"reasons": {"kept": 90, "empty": 0, "mad": 10}}, 90, 100)
    assert caption == "90 of 100 bins kept (90 %); masked: mad 10 (10 %)."
    assert describe_mask({}, 5, 5) == "5 of 5 bins kept (100 %); none masked."


# --- pictures ----------------------------------------------------------------------------------


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


@pytest.mark.parametrize("fitness", list(Fitness))
def test_banner_has_the_colour_of_the_fitness(tmp_path: Path, fitness: Fitness) -> None:
    contacts = small_map()
    verdict = make_verdict(contacts, Status.CONVERGED, fitness=fitness)
    image = draw(tmp_path / "a.png", contacts, np.ones(40), verdict)
    assert fitness in FITNESS_COLOURS
    colour = {
        Fitness.GOOD: "#009E73",
        Fitness.CAUTION: "#E69F00",
        Fitness.NO: "#B03A00",
    }[fitness]
    assert image.getpixel((3, 50)) == rgb(colour)


def test_same_input_same_bytes_and_no_version_of_the_plotter(tmp_path: Path) -> None:
    contacts = small_map()
    for name in ("a.png", "b.png"):
        draw(tmp_path / name, contacts, np.ones(40), make_verdict(contacts, Status.CONVERGED))
    content = (tmp_path / "a.png").read_bytes()
    assert content == (tmp_path / "b.png").read_bytes()
    assert b"atplotlib" not in content
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png"]


def panel(image: Image.Image, left: int, side: int = MAP_SIDE) -> Any:
    """Return the pixels of a map of the upper row; its top follows from a banner of two lines."""
    top = 160
    return np.asarray(image.crop((left, top, left + side, top + side)))


def test_masked_bins_are_grey_in_the_balanced_map(tmp_path: Path) -> None:
    contacts = small_map()
    weights = np.ones(40)
    weights[20:30] = np.nan  # the stretch is the first of two chromosomes of the same length
    weights[:10] = np.nan
    image = draw(tmp_path / "a.png", contacts, weights, make_verdict(contacts, Status.CONVERGED))
    grey = rgb(MASKED)
    for left in (LEFT, RIGHT):
        pixels = panel(image, left)
        bin_size = MAP_SIDE // 20
        below, above = pixels[12 * bin_size + 9, 5 * bin_size + 9], pixels[5 * bin_size + 9]
        assert tuple(below) == grey
        assert tuple(pixels[18 * bin_size + 9, 12 * bin_size + 9]) != grey
        if left == LEFT:
            assert tuple(above[12 * bin_size + 9]) != grey, "the raw map shows all contacts"


@pytest.mark.parametrize("scope", ["genome", "cis", "trans"])
@pytest.mark.parametrize("whole", [False, True])
def test_all_nan_weights_and_empty_maps_are_drawn(tmp_path: Path, scope: str, whole: bool) -> None:
    contacts = small_map(size=300)
    empty = Contacts.from_chunks(contacts.bins, [], {})
    nothing = np.full(600, np.nan)
    changes = {"trace": make_trace([]), "whole": whole}
    failed = make_verdict(contacts, Status.FAILED, scope, max_deviation=None, rms_deviation=None)
    first = draw(tmp_path / "a.png", contacts, nothing, failed, **changes)
    second = draw(
        tmp_path / "b.png", empty, nothing, replace(failed, status=Status.EMPTY), **changes
    )
    white = [np.mean(panel(image, LEFT)[:100, 300:] == 255) for image in (first, second)]
    assert white[0] < 0.3 < 0.8 < white[1]
    for image in (first, second):
        assert tuple(panel(image, LEFT)[400, 100]) == rgb(MASKED)
        assert image.height > 1500 if whole else image.height < 1100


@pytest.mark.parametrize(
    ("scope", "shown"), [("genome", "Genome"), ("trans", "Genome"), ("cis", "chrA")]
)
def test_the_whole_map_is_shown_by_scope(scope: str, shown: str) -> None:
    contacts = small_map(size=300)
    bins = contacts.bins
    coverage = Coverage(np.ones(600), {KEPT: np.ones(600, bool)}, {})
    other = "genome" if scope == "cis" else "cis"
    runs = [
        Run(np.ones(600), np.ones(600), TRACE, make_verdict(contacts, Status.CONVERGED, name))
        for name in (other, scope)
    ]
    _, picture = paint_overview(contacts, coverage, runs, max_pixels=100, dpi=110)
    assert picture is not None
    assert describe_view(bins, picture.view) == shown
    assert picture.view.cells == 100
    (small,) = paint_overview(
        small_map(("only",), 40), Coverage(np.ones(40), {KEPT: np.ones(40, bool)}, {}),
        [replace(runs[1], weights=np.ones(40))], max_pixels=100, dpi=110,
    )  # fmt: skip
    assert small is None, "the stretch shows all of it"


def test_a_long_reason_is_written_to_its_end(tmp_path: Path) -> None:
    contacts = small_map()
    reason = " ".join(f"word{number}" for number in range(400)) + " END"
    verdict = make_verdict(contacts, Status.CONVERGED, reason=reason)
    banner = Banner.of(verdict, "a")
    assert "END" in " ".join(banner.outcome)
    assert banner.height > 300
    long = draw(tmp_path / "a.png", contacts, np.ones(40), verdict)
    short = draw(tmp_path / "b.png", contacts, np.ones(40), replace(verdict, reason=""))
    assert long.height - short.height == banner.height - 104
    assert long.getpixel((3, banner.height - 3)) == rgb(FITNESS_COLOURS[verdict.fitness][0])


def test_the_banner_says_what_to_do_first() -> None:
    causes = (LargeErrors(0.4, 0.3), FewWeights(4, 10, 0.5))
    verdict = make_verdict(small_map(), Status.CONVERGED, fitness_causes=causes, weighted=40)
    text = describe_outcome(verdict)
    assert text.startswith("Use larger bins or a deeper library. The median standard error")
    assert text.count("Use larger bins") == 1
    failed = replace(verdict, reason="Mask them. Why.", weighted=0)
    assert describe_outcome(failed).startswith("Mask them. Why.")


def test_the_status_counts_chromosomes_where_they_differ() -> None:
    contacts = small_map(tuple(f"chr{number}" for number in range(1, 8)))
    verdict = make_verdict(contacts, Status.FAILED, "cis")
    good = [replace(part, status=Status.CONVERGED) for part in verdict.parts]
    mixed = replace(verdict, parts=(*good[:-1], replace(good[-1], status=Status.FAILED)))
    assert describe_status(mixed) == "converged on 6 of 7 chromosomes, failed on 1 (chr7)"
    assert describe_status(replace(verdict, status=Status.CONVERGED, parts=tuple(good))) == (
        "converged"
    )


def test_limits_of_the_mask_are_drawn_in_contacts() -> None:
    thresholds = {"min_nnz": 10, "min_count": 0, "max_count": 5000, "mad": {"a": 31.5, "b": 80.2}}
    limits = describe_limits(thresholds)
    assert limits == [((5000, 5000), "max_count 5000"), ((31.5, 80.2), "mad 31.5 to 80.2")]
    axes = Figure().subplots()
    contacts = np.array([0.0, 20, 40, 90, 100, 9000])
    low = np.array([False, True, True, False, False, False])
    groups = {KEPT: contacts > 80, "mad": low, "empty": contacts == 0}
    draw_coverage(axes, Coverage(contacts, groups, {"thresholds": thresholds}))
    places = {float(line.get_xdata()[0]) for line in axes.lines}
    assert places == {5000.0, 31.5, 80.2}
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["kept 3", "mad 2", "empty 1"]
    drawn = [patch for patch in axes.patches if isinstance(patch, StepPatch)]
    heights = [np.sum(patch.get_data().values - patch.get_data().baseline) for patch in drawn]
    assert heights == [3, 2, 0]


def test_one_bin(tmp_path: Path) -> None:
    contacts = Contacts.from_matrix(np.array([[4.0]]))
    verdict = make_verdict(contacts, Status.CONVERGED, settings={"ignore_diags": 0})
    draw(tmp_path / "a.png", contacts, np.array([0.5]), verdict)


def test_ten_thousand_chromosomes_and_dollar_signs(tmp_path: Path) -> None:
    names = ("a$1", r"b$\frac$", *(f"c{i}" for i in range(9_998)))
    bins = BinTable.fixed(names, [10_000, 8_000, *[1] * 9_998], 1)
    rows = np.arange(20_000, dtype=np.int32)
    contacts = Contacts.from_chunks(
        bins, [(rows, rows + 1, np.ones(20_000, int))], {"uri": r"a$\frac$"}
    )
    verdict = make_verdict(contacts, Status.NOT_CONVERGED, "cis")
    trace = make_trace([(name, i, 0.1 / i, 0.1) for name in names[:3000] for i in (1, 2)])
    draw(tmp_path / "a.png", contacts, np.ones(len(bins)), verdict, trace=trace)


def test_unequal_bins(tmp_path: Path) -> None:
    edges = np.array([0, 5, 70, 1000], dtype=np.int32)
    bins = BinTable(("only",), np.array([1000]), np.array([0, 3]), edges[:-1], edges[1:], None)
    chunk = (np.array([0, 1], np.int32), np.array([1, 2], np.int32), np.array([3, 4]))
    contacts = Contacts.from_chunks(bins, [chunk], {})
    draw(tmp_path / "a.png", contacts, np.ones(3), make_verdict(contacts, Status.CONVERGED))


def test_a_simulated_map_gets_a_panel_of_biases(tmp_path: Path) -> None:
    contacts = small_map()
    verdict = make_verdict(contacts, Status.CONVERGED)
    weights = np.linspace(0.5, 2, 40)
    without = draw(tmp_path / "a.png", contacts, weights, verdict)
    contacts.bins.extra["true_bias"] = 1 / weights
    with_truth = draw(tmp_path / "b.png", contacts, weights, verdict)
    maps = (0, 110, 1150, 1000)
    side = (1215, 110, 1600, 1000)
    assert without.crop(maps).tobytes() == with_truth.crop(maps).tobytes()
    assert without.crop(side).tobytes() != with_truth.crop(side).tobytes()


def test_the_page_follows_dpi(tmp_path: Path) -> None:
    contacts = small_map()
    verdict = make_verdict(contacts, Status.CONVERGED)
    full = draw(tmp_path / "a.png", contacts, np.ones(40), verdict)
    half = draw(tmp_path / "b.png", contacts, np.ones(40), verdict, dpi=55, max_pixels=10)
    assert half.size == (full.width // 2, full.height // 2)


@pytest.mark.parametrize("binned", [False, True])
def test_error_bars_reach_two_standard_errors(binned: bool) -> None:
    n = 7000 if binned else 50
    bins = BinTable.fixed(("c",), (n * 1000,), 1000)
    contacts = Contacts.from_chunks(bins, [], {})
    verdict = make_verdict(contacts, Status.CONVERGED)
    errors = np.full(n, 0.25)
    errors[0] = np.nan  # a bin without one
    figure = Figure()
    draw_weights(figure, 0, bins, np.ones(n, bool), np.full(n, 3.0), errors, "", verdict)
    axes = figure.axes[0]
    lines = [np.asarray(line.get_ydata()) for line in axes.lines]
    bars = [ends for ends in lines if np.isnan(ends).any()][-1]
    reach = bars.reshape(-1, 3)[:, :2]  # each bar is followed by a gap
    last = np.array([3 * np.exp(-0.5), 3 * np.exp(0.5)])
    np.testing.assert_allclose(reach[-1], last, rtol=1e-12)
    if not binned:
        np.testing.assert_allclose(reach[0], [3, 3], rtol=1e-12)
    assert "2 standard errors" in " ".join(text.get_text() for text in axes.texts)


@pytest.mark.parametrize(("method", "drawn"), [("kr", True), ("ssk", True), ("scale", False)])
def test_a_tolerance_on_row_sums_is_drawn(method: str, drawn: bool) -> None:
    result = cp.balance(random_map(60, 3), method)
    axes = Figure().subplots()
    rows = [(r.part, r.iteration, r.max_deviation, r.rms_deviation) for r in result.trace]
    draw_convergence(axes, make_trace(rows), result.verdict)
    assert ("tolerance" in axes.get_xlabel()) == drawn
    assert "CV" in " ".join(text.get_text() for text in axes.texts)
