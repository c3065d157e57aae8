"""The figure of a run: the numbers behind it, and that every kind of outcome can be drawn."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image

import counterpoise as cp
from counterpoise.contacts.bins import BinTable, format_base_pairs
from counterpoise.contacts.contact_map import Contacts
from counterpoise.records.fitness import Fitness
from counterpoise.records.verdict import PartVerdict, Status, Verdict
from counterpoise.report.axes import LETTER_WIDTH, format_tick, place_labels, shorten_names
from counterpoise.report.run.convergence import draw_convergence
from counterpoise.report.run.maps import MAP_SIDE
from counterpoise.report.run.plot import plot_run, survey_runs, trans_factor
from counterpoise.report.run.survey import (
    BalancedContacts,
    compare_biases,
    relative_row_sums,
    survey,
)
from counterpoise.report.run.weights import describe_mask, draw_weights
from counterpoise.report.style import FITNESS_COLOURS, MASKED
from tests.support.maps import random_map

SIZE = {"max_pixels": 600, "dpi": 110}


def small_map(names: tuple[str, ...] = ("chrA", "chrB"), size: int = 20) -> Contacts:
    """Return random counts on chromosomes of ``size`` bins."""
    rng = np.random.default_rng(7)
    n = size * len(names)
    dense = np.triu(rng.poisson(3.0, (n, n)))
    bin1, bin2 = np.nonzero(dense)
    bins = BinTable.fixed(names, [size * 1000] * len(names), 1000)
    chunk = (bin1.astype(np.int32), bin2.astype(np.int32), dense[bin1, bin2])
    return Contacts.from_chunks(bins, [chunk], {"uri": "folder/small.cool"})


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


def plot_alone(
    contacts: Contacts,
    mask: tuple[Any, dict[str, Any]],
    weights: Any,
    errors: Any,
    trace: pa.Table,
    verdict: Verdict,
    path: Path,
    *,
    max_pixels: int,
    dpi: int,
) -> None:
    """Draw the figure of the only run of a map."""
    (numbers,) = survey_runs(
        contacts, mask[0], [(weights, verdict)], max_pixels=max_pixels, dpi=dpi
    )
    plot_run(contacts, mask, weights, errors, trace, verdict, numbers, path, dpi=dpi)


def draw(
    path: Path, contacts: Contacts, weights: Any, verdict: Verdict, **changes: Any
) -> Image.Image:
    given_ = {
        "mask": (np.ones(len(contacts.bins), bool), {"reasons": {"kept": len(contacts.bins)}}),
        "trace": TRACE,
        "errors": np.full(len(contacts.bins), np.nan),
        **changes,
    }
    plot_alone(
        contacts, given_["mask"], weights, given_["errors"], given_["trace"], verdict, path,
        **SIZE,
    )  # fmt: skip
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.size == (1600, 1000)
        return image.convert("RGB")


# --- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", ["genome", "cis", "trans"])
@pytest.mark.parametrize(("ignore_diags", "diagonal"), [(0, 1), (0, 2), (2, 1)])
@pytest.mark.parametrize("ignore_diags_trans", [True, False])
@pytest.mark.parametrize("max_pixels", [7, 100])
def test_survey_equals_dense_arithmetic(
    scope: str, ignore_diags: int, ignore_diags_trans: bool, diagonal: int, max_pixels: int
) -> None:
    contacts = small_map()
    n = len(contacts.bins)
    rng = np.random.default_rng(1)
    kept = rng.random(n) > 0.2
    weights = np.where(kept & (np.arange(n) != 5), rng.random(n) + 0.5, np.nan)
    factor = rng.random(n) + 1
    run = BalancedContacts(weights, scope, ignore_diags, ignore_diags_trans, diagonal, factor)
    another = BalancedContacts(np.ones(n), "genome", 0)
    _, numbers = survey(contacts, kept, [another, run], max_pixels=max_pixels, chunk_size=50)

    full = contacts.full_matrix().toarray()
    i, j = np.indices(full.shape)
    chromosome = contacts.bins.chromosome_ids
    far = abs(i - j) >= ignore_diags
    if not ignore_diags_trans:
        far |= chromosome[:, None] != chromosome
    used = kept[:, None] & kept & far
    if scope != "genome":
        used &= (chromosome[:, None] == chromosome) == (scope == "cis")
    scale = np.nan_to_num(weights)
    balanced = np.where(used, full, 0) * scale[:, None] * scale
    block = -(-n // max_pixels)
    fold = (np.arange(n)[:, None] // block == np.arange(-(-n // block))).astype(float)
    with_weights = fold.T @ np.isfinite(weights)
    pairs = np.outer(with_weights, with_weights)
    counted = np.where(i == j, diagonal, 1) * factor[:, None] * factor

    assert numbers.block == block
    np.testing.assert_allclose(numbers.raw, fold.T @ full @ fold)
    np.testing.assert_allclose(numbers.balanced, fold.T @ balanced @ fold / np.maximum(pairs, 1))
    np.testing.assert_allclose(numbers.before, (np.where(used, full, 0) * counted).sum(axis=1))
    np.testing.assert_allclose(numbers.after, (balanced * counted).sum(axis=1))


@pytest.mark.parametrize("scope", ["genome", "cis", "trans"])
def test_spread_after_balancing_is_the_reported_one(shared_data: Path, scope: str) -> None:
    contacts = cp.read_contacts(shared_data / "yeast.10kb.cool")
    mask = cp.mask_bins(contacts)
    result = cp.balance(
        contacts, "ice", mask=mask.kept, scope=scope, max_iterations=5, on_failure="keep"
    )
    factor = trans_factor(contacts.bins, mask.kept, result.verdict)
    run = BalancedContacts(result.weights, scope, ignore_diags=2, factor=factor)
    (numbers,) = survey(contacts, mask.kept, [run], max_pixels=100)
    relative = relative_row_sums(
        np.where(numbers.before > 0, numbers.after, np.nan), result.verdict.parts
    )
    deviation = relative[np.isfinite(relative)] - 1
    assert np.sqrt(np.mean(deviation**2)) == pytest.approx(result.verdict.rms_deviation, rel=1e-9)


def test_relative_row_sums_are_over_the_mean_of_each_part() -> None:
    parts = [PartVerdict("a", 0, 3, 2, Status.CONVERGED), PartVerdict("b", 3, 2, 0, Status.EMPTY)]
    marginal = np.array([1.0, np.nan, 3.0, 0.0, 0.0])
    expected = [0.5, np.nan, 1.5, np.nan, np.nan]
    np.testing.assert_array_equal(relative_row_sums(marginal, parts), expected)


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


def test_masked_bins_are_grey_in_the_balanced_map(tmp_path: Path) -> None:
    contacts = small_map()
    weights = np.ones(40)
    weights[:20] = np.nan
    image = draw(tmp_path / "a.png", contacts, weights, make_verdict(contacts, Status.CONVERGED))
    grey = rgb(MASKED)
    side = MAP_SIDE
    # Middle of a bin in the masked and in the kept half of the panel at (640, 160).
    assert image.getpixel((640 + side * 5 // 40 + 3, 160 + side * 10 // 40 + 3)) == grey
    assert image.getpixel((640 + side * 30 // 40 + 3, 160 + side * 25 // 40 + 3)) != grey


@pytest.mark.parametrize("scope", ["genome", "cis", "trans"])
def test_all_nan_weights_and_empty_maps_are_drawn(tmp_path: Path, scope: str) -> None:
    contacts = small_map()
    empty = Contacts.from_chunks(contacts.bins, [], {})
    nothing = np.full(40, np.nan)
    trace = make_trace([])
    failed = make_verdict(contacts, Status.FAILED, scope, max_deviation=None, rms_deviation=None)
    first = draw(tmp_path / "a.png", contacts, nothing, failed, trace=trace)
    second = draw(
        tmp_path / "b.png", empty, nothing, replace(failed, status=Status.EMPTY), trace=trace
    )
    white = [
        np.mean(np.asarray(image.crop((72, 160, 572, 660))) == 255) for image in (first, second)
    ]
    assert white[0] < 0.2 < 0.9 < white[1]
    grey = [image.getpixel((700, 200)) for image in (first, second)]
    assert grey == [rgb(MASKED)] * 2


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
    side = (1200, 110, 1600, 1000)
    assert without.crop(maps).tobytes() == with_truth.crop(maps).tobytes()
    assert without.crop(side).tobytes() != with_truth.crop(side).tobytes()


def test_the_page_follows_dpi(tmp_path: Path) -> None:
    contacts = small_map()
    plot_alone(
        contacts,
        (np.ones(40, bool), {}),
        np.ones(40),
        np.full(40, 0.1),
        TRACE,
        make_verdict(contacts, Status.CONVERGED),
        tmp_path / "a.png",
        max_pixels=10,
        dpi=55,
    )
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (800, 500)


@pytest.mark.parametrize("binned", [False, True])
def test_error_bars_reach_two_standard_errors(binned: bool) -> None:
    n = 7000 if binned else 50
    bins = BinTable.fixed(("c",), (n * 1000,), 1000)
    contacts = Contacts.from_chunks(bins, [], {})
    verdict = make_verdict(contacts, Status.CONVERGED)
    errors = np.full(n, 0.25)
    errors[0] = np.nan  # a bin without one
    figure = Figure()
    draw_weights(figure, bins, np.ones(n, bool), np.full(n, 3.0), errors, "", verdict)
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
    texts = " ".join(text.get_text() for text in axes.texts)
    assert ("tolerance" in texts) == drawn
