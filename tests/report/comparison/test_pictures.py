"""Samples side by side: the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

import counterpoise as cp
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.report.comparison.compare import compare
from counterpoise.report.comparison.geometry import LINE
from counterpoise.report.comparison.panels import draw_decay, draw_map
from counterpoise.report.comparison.plot import plot_comparison
from counterpoise.report.comparison.samples import (
    Sample,
    read_sample,
    read_samples,
)
from counterpoise.report.style import PAGE_WIDTH
from counterpoise.store.masks import write_mask
from counterpoise.store.paths import ResultPaths
from counterpoise.store.pixels import read_map
from counterpoise.store.runs import SampleLabels
from counterpoise.store.weights import write_balance
from tests.support.compared_samples import (
    CHROMOSOMES,
    NONE_KNOWN,
    SIZE,
    make_cohort,
    make_map,
    make_sample,
    with_run,
    without_weights,
)


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
