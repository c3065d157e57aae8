"""Two folders of results side by side: a slow recomputation, and what is missing on one side."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from selenium.webdriver.support.ui import WebDriverWait

import counterpoise as cp
from counterpoise.cli.main import main
from counterpoise.files import write_json
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.mask import MaskSettings, mask_bins
from counterpoise.report.differences.compare import Differences, Kind, compare_folders
from counterpoise.report.differences.folder import ResultFolder
from counterpoise.report.differences.page import write_page
from counterpoise.report.differences.sentences import (
    describe,
    describe_effect,
    describe_settings,
    format_change,
)
from counterpoise.report.differences.settings import list_changes
from counterpoise.report.differences.table import COLUMN_NAMES, difference_rows, write_differences
from counterpoise.report.formats import DASH
from counterpoise.report.summary import summary_rows, write_summary
from counterpoise.report.table import read_table
from counterpoise.store.masks import write_mask
from counterpoise.store.missing import Unfinished
from counterpoise.store.paths import ResultPaths
from counterpoise.store.pixels import read_map
from counterpoise.store.runs import RunKey
from counterpoise.store.weights import write_balance
from tests.support import maps
from tests.support.browser import missing_browser, open_browser, read_console

SIZE = 1000
METHODS: dict[str, dict[str, Any]] = {"kr": {}, "ice": {}}  # of chromosomes, of the genome


def make(
    paths: ResultPaths,
    samples: str = "ab",
    methods: dict[str, dict[str, Any]] | None = None,
    mask: MaskSettings | None = None,
    missing: tuple[tuple[str, str], ...] = (),
) -> ResultPaths:
    """Write the results of small maps as the workflow does; ``missing`` runs have none."""
    chosen = METHODS if methods is None else methods
    runs = [RunKey(sample, SIZE, method) for sample in samples for method in chosen]
    unmade = []
    for sample in samples:
        files = paths.map_files(sample, SIZE)
        if not Path(files.source).is_file():
            cooler = Path(paths.root) / f"{sample}.cool"
            cooler.parent.mkdir(exist_ok=True)
            maps.write_map(cooler, ord(sample))
            write_map(inspect_source(str(cooler)), SIZE, files)
        contacts = read_map(files)
        outcome = mask_bins(contacts, mask or MaskSettings(min_nnz=3))
        write_mask(paths.mask(sample, SIZE), outcome, contacts.bins)
        for method, settings in chosen.items():
            run = paths.run_files(sample, SIZE, method)
            if (sample, method) in missing:
                unmade.append(run.verdict)
                continue
            record = outcome.summary()
            result = cp.balance(contacts, method, mask=outcome.kept, mask_record=record, **settings)
            write_balance(result, contacts.bins, run)
            plot = Path(paths.plot(sample, SIZE, method))
            plot.parent.mkdir(parents=True, exist_ok=True)
            plot.touch()
    write_summary(summary_rows(paths, runs, Unfinished(tuple(unmade))), paths.summary)
    return paths


@pytest.fixture
def base(tmp_path: Path) -> ResultPaths:
    return make(ResultPaths("toy", str(tmp_path / "results")))


def compare(a: ResultPaths, b: ResultPaths) -> Differences:
    return compare_folders(ResultFolder.open(a.base), ResultFolder.open(b.base))


def slow_row(a: ResultPaths, b: ResultPaths, place: tuple[str, int, str]) -> dict[str, Any]:
    """Compute a row with pandas, one bin and one pixel after the other."""
    sides = [pd.read_parquet(paths.run_files(*place).weights) for paths in (a, b)]
    verdicts = [json.loads(Path(p.run_files(*place).verdict).read_text()) for p in (a, b)]
    masks = [pd.read_parquet(paths.mask(*place[:2])) for paths in (a, b)]
    table = sides[0].merge(sides[1], on=["chrom", "start", "end"], suffixes=("_a", "_b"))
    for side, verdict in zip("ab", verdicts, strict=True):
        part = {}
        for each in verdict["parts"]:
            part |= dict.fromkeys(
                range(each["first_bin"], each["first_bin"] + each["bins"]), each["label"]
            )
        table[f"part_{side}"] = table.index.map(part)
    table["shift"] = np.log(table.weight_b) - np.log(table.weight_a)
    table["shift"] -= table.groupby(["part_a", "part_b"], dropna=False)["shift"].transform("median")
    limit = 2 * np.sqrt(table.se_a**2 + table.se_b**2)
    known = table["shift"].notna() & limit.notna()
    largest = table.loc[table["shift"].abs().idxmax()] if table["shift"].abs().max() > 0 else None
    lost = masks[1].reason[masks[0].kept & ~masks[1].kept].value_counts()
    gained = masks[0].reason[masks[1].kept & ~masks[0].kept].value_counts()
    return {
        "bins_lost": int(lost.sum()),
        "bins_gained": int(gained.sum()),
        "lost_reasons": {name: count for name, count in lost.items() if count},
        "gained_reasons": {name: count for name, count in gained.items() if count},
        "weights_lost": int((table.weight_a.notna() & table.weight_b.isna()).sum()),
        "weights_gained": int((table.weight_b.notna() & table.weight_a.isna()).sum()),
        "compared": int(known.sum()),
        "moved": int((table["shift"].abs() > limit)[known].sum()),
        "rms_change": float(np.sqrt((table["shift"].dropna() ** 2).mean())),
        "largest_ratio": None if largest is None else float(np.exp(largest["shift"])),
        "largest_at": ""
        if largest is None
        else f"{largest.chrom}:{largest.start:,}-{largest.end:,}",
        "decay": slow_decay(a, b, place),
    }


def slow_decay(a: ResultPaths, b: ResultPaths, place: tuple[str, int, str]) -> dict[int, float]:
    """Return P(s) of B over that of A by distance in bins, pixel by pixel."""
    curves = []
    for paths in (a, b):
        files = paths.map_files(*place[:2])
        weights = pd.read_parquet(paths.run_files(*place).weights)
        pixels = pd.read_parquet(files.pixels)
        ignored = max(
            json.loads(Path(p.run_files(*place).verdict).read_text())["settings"]["ignore_diags"]
            for p in (a, b)
        )
        balanced: dict[int, float] = {}
        raw: dict[int, float] = {}
        pairs: dict[int, float] = {}
        for _, bins in weights.groupby("chrom", observed=True):
            inside: dict[int, float] = {}
            total = 0.0
            w = bins.weight
            for i, j, count in pixels.itertuples(index=False):
                far = j - i >= max(ignored, 1)
                if far and i in w.index and j in w.index and np.isfinite(w[i] * w[j]):
                    inside[j - i] = inside.get(j - i, 0.0) + count * w[i] * w[j]
                    raw[j - i] = raw.get(j - i, 0.0) + count
                    total += count
            scale = total / sum(inside.values())
            for distance, value in inside.items():
                balanced[distance] = balanced.get(distance, 0.0) + scale * value
            finite = [i for i in w.index if np.isfinite(w[i])]
            for i in finite:
                for j in finite:
                    if j - i >= max(ignored, 1):
                        pairs[j - i] = pairs.get(j - i, 0.0) + 1
        mean = sum(balanced.values()) / sum(pairs.values())
        curves.append((balanced, raw, pairs, mean))
    (one, raw_one, pairs_one, mean_one), (other, raw_other, pairs_other, mean_other) = curves
    return {
        s: (other[s] / pairs_other[s] / mean_other) / (one[s] / pairs_one[s] / mean_one)
        for s in set(one) & set(other)
        if raw_one[s] >= 100 and raw_other[s] >= 100
    }


def test_each_number_is_that_of_a_slow_recomputation(base: ResultPaths) -> None:
    """Another mask loses bins; another scope of ``kr`` changes the parts."""
    other = make(
        replace(base, experiment="other"),
        methods={"kr": {"scope": "genome"}, "ice": {}},
        mask=MaskSettings(min_nnz=3, mad_max=1.2),
    )
    for run in compare(base, other).runs:
        assert run.kind is Kind.CHANGED
        expected = slow_row(base, other, run.place)
        row = next(r for r in difference_rows(compare(base, other)) if _place(r) == run.place)
        assert run.mask is not None
        assert run.decay is not None
        assert run.mask.lost == expected.pop("lost_reasons") != {}
        assert run.mask.gained == expected.pop("gained_reasons")
        decay = expected.pop("decay")
        edges = run.decay.edges // SIZE
        for ratio, first, end in zip(run.decay.ratio, edges[:-1], edges[1:], strict=True):
            if end == first + 1:  # a class of one distance
                assert (first in decay) == bool(np.isfinite(ratio)), first
                if first in decay:
                    assert ratio == pytest.approx(decay[first], rel=1e-9)
        assert row["largest_at"] == expected.pop("largest_at") != ""
        for name, value in expected.items():
            assert row[name] == pytest.approx(value, rel=1e-9), name
        assert row["moved"] > 0


def _place(row: dict[str, Any]) -> tuple[str, int, str]:
    return row["sample"], row["resolution"], row["method"]


def test_a_change_of_scale_is_no_change(base: ResultPaths) -> None:
    """``kr`` scales each chromosome by its own factor, here another one."""
    other = make(replace(base, experiment="other"), methods={"kr": {"target": "mean"}, "ice": {}})
    run = next(run for run in compare(base, other).runs if run.place[2] == "kr")
    assert run.weights is not None
    assert not run.weights.is_same
    assert run.weights.moved == 0
    assert run.weights.rms == pytest.approx(0, abs=1e-6)


def test_identical_folders_have_no_difference(base: ResultPaths, tmp_path: Path) -> None:
    copy = tmp_path / "again" / "toy"
    shutil.copytree(base.base, copy)
    differences = compare(base, ResultPaths("toy", str(copy.parent)))
    assert differences.is_none
    assert differences.settings == []
    assert describe_effect(differences).startswith("No difference: 4 runs")
    assert [run.kind for run in differences.runs] == [Kind.SAME] * 4


def test_one_changed_bit_is_a_difference(base: ResultPaths, tmp_path: Path) -> None:
    copy = tmp_path / "again" / "toy"
    shutil.copytree(base.base, copy)
    other = ResultPaths("toy", str(copy.parent))
    contacts = read_map(other.map_files("a", SIZE))
    result = cp.balance(contacts, "kr", mask=mask_bins(contacts, MaskSettings(min_nnz=3)).kept)
    weights = result.weights.copy()
    place = int(np.flatnonzero(np.isfinite(weights))[3])
    weights[place] = np.nextafter(weights[place], 9)
    files = other.run_files("a", SIZE, "kr")
    verdict = Path(files.verdict).read_text()
    write_balance(replace(result, weights=weights), contacts.bins, files)
    Path(files.verdict).write_text(verdict)
    differences = compare(base, other)
    [run] = differences.differing
    assert run.place == ("a", SIZE, "kr")
    assert run.weights is not None
    assert run.weights.moved == 0
    assert describe_effect(differences) == (
        "Of 4 runs, 3 have the same weights bit for bit and none has another fitness."
    )


def test_samples_and_methods_of_one_folder_only(tmp_path: Path) -> None:
    one = make(ResultPaths("one", str(tmp_path)), "ab", {"kr": {}, "ice": {}})
    other = make(ResultPaths("other", str(tmp_path)), "bc", {"kr": {}, "vc": {}})
    differences = compare(one, other)
    kinds = {(run.place[0], run.place[2]): run.kind for run in differences.runs}
    assert kinds == {
        ("a", "kr"): Kind.ONLY_A,
        ("a", "ice"): Kind.ONLY_A,
        ("b", "ice"): Kind.ONLY_A,
        ("b", "vc"): Kind.ONLY_B,
        ("c", "kr"): Kind.ONLY_B,
        ("c", "vc"): Kind.ONLY_B,
        ("b", "kr"): Kind.SAME,
    }
    assert {run.note for run in differences.differing} == {"no such run"}
    assert describe_effect(differences) == (
        "Of 7 runs, 1 has the same weights bit for bit; 3 have a result in A only; 3 have a "
        "result in B only and none has another fitness."
    )


def test_failed_runs_are_listed_with_their_reason(base: ResultPaths) -> None:
    other = make(replace(base, experiment="other"), missing=(("a", "kr"),))
    third = make(replace(base, experiment="third"), missing=(("a", "kr"),))
    [run] = compare(base, other).differing
    assert (run.place, run.kind) == (("a", SIZE, "kr"), Kind.ONLY_A)
    assert run.note.startswith("balance")
    both = compare(other, third)
    assert [run.place for run in both.of_kind(Kind.NO_RESULT)] == [("a", SIZE, "kr")]
    assert both.is_none
    assert "1 run without a result in both" in describe_effect(both)


def test_other_bins_are_not_compared(base: ResultPaths, tmp_path: Path) -> None:
    other = ResultPaths("toy", str(tmp_path / "other"))
    cooler = tmp_path / "short.cool"
    maps.write_map(cooler, 1)
    write_map(inspect_source(str(cooler)), 2 * SIZE, other.map_files("a", SIZE))
    make(other)
    run = compare(base, other).runs[0]
    assert (run.place[0], run.kind, run.note, run.weights) == (
        "a",
        Kind.CHANGED,
        "other bins",
        None,
    )
    assert "2 have other bins and cannot be compared" in describe_effect(compare(base, other))


def test_settings_versions_and_inputs_that_differ(base: ResultPaths) -> None:
    other = make(
        replace(base, experiment="other"),
        methods={"kr": {"tolerance": 1e-4}, "ice": {}},
        mask=MaskSettings(min_nnz=5),
    )
    for sample in "ab":
        path = Path(other.run_files(sample, SIZE, "ice").verdict)
        verdict = json.loads(path.read_text())
        verdict["versions"]["counterpoise"] = "0.0.9"
        write_json(path, verdict)
    differences = compare(base, other)
    changes = differences.settings
    version = cp.__version__
    assert [tuple(change) for change in changes] == [
        ("methods.kr.tolerance", 1e-8, 1e-4, 2),
        ("mask.min_nnz", 3, 5, 4),
        ("version of counterpoise", version, "0.0.9", 2),
    ]
    assert describe_settings(differences) == (
        "In B, methods.kr.tolerance is 0.0001 instead of 1e-08, mask.min_nnz is 5 instead of 3 "
        f"and version of counterpoise is 0.0.9 instead of {version}."
    )


@pytest.mark.parametrize(
    ("unmade", "sentence"),
    [
        ((), "A and B record the same settings, versions and inputs."),
        (("b",), "B has no result yet, so settings were not compared."),
        (("a",), "A has no result yet, so settings were not compared."),
        (("a", "b"), "A and B have no result yet, so settings were not compared."),
    ],
)
def test_settings_without_a_result_on_one_side(
    base: ResultPaths, unmade: tuple[str, ...], sentence: str
) -> None:
    """As after an experiment that was interrupted before its first result."""
    none = make(replace(base, experiment="none"), missing=tuple(product("ab", METHODS)))
    sides = [none if side in unmade else base for side in "ab"]
    assert describe_settings(compare(*sides)) == sentence


def test_many_values_of_a_setting_become_one_row() -> None:
    def verdict(number: int) -> dict[str, Any]:
        return {"source": {"contacts": number}}

    pairs = [("kr", verdict(number), verdict(number + 100)) for number in range(9)]
    [change] = list_changes(pairs)
    assert change == ("input: contacts", "9 values", "9 values", 9)


def test_a_record_of_an_earlier_version_is_compared(base: ResultPaths) -> None:
    """It lacks values that were added since, and has others that are unknown today."""
    other = make(replace(base, experiment="other"))
    path = Path(other.run_files("a", SIZE, "kr").verdict)
    verdict = json.loads(path.read_text())
    for key in ("fitness", "fitness_causes", "fitness_limits", "choice", "device_note"):
        del verdict[key]
    verdict["facts_of_old"] = []
    write_json(path, verdict)
    names = [change.name for change in compare(base, other).settings]
    assert names
    assert all(name.startswith("fitness.") for name in names)


def test_results_newer_than_the_summary_are_named(base: ResultPaths) -> None:
    other = make(replace(base, experiment="other"))
    path = Path(other.run_files("a", SIZE, "kr").verdict)
    verdict = json.loads(path.read_text())
    verdict["run"]["seconds"] = 1234.5
    write_json(path, verdict)
    text = "\n".join(describe(compare(base, other)))
    assert "The results of 1 run are newer than the summary.tsv" in text
    assert "newer" not in "\n".join(describe(compare(base, base)))


def test_another_fitness_is_a_difference_also_with_the_same_weights(base: ResultPaths) -> None:
    """As with other limits, or if other samples of the cohort are deeper."""
    other = make(replace(base, experiment="other"))
    text = Path(other.summary).read_text()
    assert text.count("\tgood\t\t") == 4
    Path(other.summary).write_text(text.replace("\tgood\t\t", "\tno\t<b>why</b>\t", 1))
    differences = compare(base, other)
    assert [run.place for run in differences.differing] == [("a", SIZE, "kr")]
    assert "1 has another fitness (1 a worse and 0 a better one)" in describe_effect(differences)
    write_page(differences, Path(base.root) / "d.html")
    page = (Path(base.root) / "d.html").read_text()
    assert "<b>why</b>" not in page
    assert "&lt;b&gt;why" in page


@pytest.mark.skipif(bool(missing_browser()), reason=missing_browser())
def test_the_table_of_the_page_is_sorted_and_filtered(base: ResultPaths, tmp_path: Path) -> None:
    other = make(replace(base, experiment="other"), mask=MaskSettings(min_nnz=3, mad_max=1.2))
    differences = compare(base, other)
    write_page(differences, tmp_path / "page.html")
    size = {
        (row["sample"], row["method"]): abs(np.log(row["largest_ratio"]))
        for row in difference_rows(differences)
    }
    rows = (
        "return [...document.querySelectorAll('#runs tbody tr')].filter(row => !row.hidden)"
        ".map(row => [row.dataset.sample, row.dataset.method])"
    )
    with open_browser() as browser:
        browser.get((tmp_path / "page.html").as_uri())
        head = browser.find_element("css selector", "#runs th:nth-child(5)")
        for order, sign in (("ascending", 1), ("descending", -1)):
            head.find_element("tag name", "button").click()
            assert head.get_attribute("aria-sort") == order
            shown = [tuple(each) for each in browser.execute_script(rows)]
            assert shown == sorted(size, key=lambda place: sign * size[place])
        browser.find_element("css selector", "#method option:last-child").click()
        browser.find_element("id", "search").send_keys("B")
        text = browser.find_element("id", "shown")
        WebDriverWait(browser, 5).until(lambda _: text.text == "1 of 4 runs")
        assert browser.execute_script(rows) == [["b", "ice"]]
        figures = "return [...document.querySelectorAll('figure')].map(each => each.hidden)"
        assert sum(browser.execute_script(figures)) >= 1
        assert read_console(browser) == []


def test_the_page_needs_no_other_file_and_is_the_same_every_time(
    base: ResultPaths, tmp_path: Path
) -> None:
    other = make(replace(base, experiment="other"), mask=MaskSettings(min_nnz=3, mad_max=1.2))
    for name in ("one", "two"):
        differences = compare(base, other)
        write_page(differences, tmp_path / f"{name}.html")
        write_differences(differences, tmp_path / f"{name}.tsv")
    page = (tmp_path / "one.html").read_text()
    assert page == (tmp_path / "two.html").read_text()
    assert (tmp_path / "one.tsv").read_bytes() == (tmp_path / "two.tsv").read_bytes()
    assert "mask.mad_max is 1.2 instead of" in page
    assert page.count("<svg") == 2  # a figure for each map, not for each run
    assert not any(word in page for word in ("http://", "https://", "src=", "href="))
    rows = read_table(tmp_path / "one.tsv")
    assert list(rows[0]) == list(COLUMN_NAMES)
    assert [row["difference"] for row in rows] == ["changed"] * 4


def test_contacts_that_are_gone_or_too_many_leave_out_decays(base: ResultPaths) -> None:
    other = make(replace(base, experiment="other"), mask=MaskSettings(min_nnz=3, mad_max=1.2))
    folders = ResultFolder.open(base.base), ResultFolder.open(other.base)
    # Two maps for two runs each: the contacts of the first map are enough.
    contacts = 2 * read_map(base.map_files("a", SIZE)).nnz * 2
    known = [run.decay is not None for run in compare_folders(*folders, contacts).runs]
    assert sum(known) == 2
    shutil.rmtree(Path(base.base) / "triples")
    assert all(run.decay is None for run in compare_folders(*folders).runs)


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (1.12, "+12 %"),
        (0.997, "\u22120.3 %"),
        (3.4, "\u00d7 3.4"),
        (0.25, "\u00f7 4"),
        (None, DASH),
    ],
)
def test_changes_as_text(ratio: float | None, text: str) -> None:
    assert format_change(ratio) == text


def test_paths_of_a_folder(tmp_path: Path) -> None:
    root = str(tmp_path / "results")
    for paths in (ResultPaths("toy", root), ResultPaths("toy", root, "strict")):
        assert ResultPaths.of_folder(paths.base) == paths
    (tmp_path / "experiments" / "toy" / "inputs").mkdir(parents=True)
    home = tmp_path / "experiments" / "toy"
    assert ResultPaths.of_folder(home) == ResultPaths("toy", str(home.parent))


def run_command(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["diff", *words])
    assert isinstance(end.value.code, int)
    return end.value.code


def test_the_command(base: ResultPaths, capsys: pytest.CaptureFixture[str]) -> None:
    other = make(replace(base, experiment="other"), mask=MaskSettings(min_nnz=3, mad_max=1.2))
    page = Path(base.root) / "out" / "page.html"
    page.parent.mkdir()
    assert run_command(base.base, base.base, "-o", str(page)) == 0
    assert "No difference" in capsys.readouterr().out
    assert run_command(base.base, other.base, "-o", str(page)) == 2
    assert "exists already. Replace it with --force." in capsys.readouterr().err
    assert run_command(base.base, other.base, "-o", str(page), "--force") == 1
    assert f"{page}, {page.with_suffix('.tsv')}" in capsys.readouterr().out
    assert "mask.mad_max" in page.read_text()
    assert run_command(base.base, base.root, "-o", str(page), "-f") == 2
    assert "has no summary.tsv" in capsys.readouterr().err
    assert run_command(base.base, other.base, "-o", "page.txt") == 2
    assert "does not end in .html" in capsys.readouterr().err
