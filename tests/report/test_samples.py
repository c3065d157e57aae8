"""``samples.tsv``: what is known of each sample, from the results of all of its maps."""

from __future__ import annotations

import csv
import json
import subprocess
import venv
from pathlib import Path

import cooler
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import counterpoise as cp
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.mask import MaskSettings
from counterpoise.records.fitness import FitnessSettings
from counterpoise.report.concordance import write_concordance
from counterpoise.report.multiqc import write_multiqc
from counterpoise.report.page import write_report
from counterpoise.report.samples import COLUMN_NAMES, sample_rows, write_samples
from counterpoise.report.summary import summary_rows
from counterpoise.report.table import Row
from counterpoise.store.masks import write_mask
from counterpoise.store.missing import Unfinished
from counterpoise.store.paths import ResultPaths
from counterpoise.store.pixels import read_map
from counterpoise.store.runs import RunKey, SampleEntry, list_runs
from counterpoise.store.weights import write_balance
from tests.support.report_page import Page

SIZES = (10_000, 40_000)
DEPTHS = {"a": 100, "b": 90, "c": 110, "d": 2}
METHODS = ("vc", "kr")
LABELS = {"condition": "wild type", "cell": "K562"}
ENTRIES = {name: SampleEntry(list(SIZES), LABELS, "wild type") for name in DEPTHS}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> ResultPaths:
    """Results of two methods on four maps at two resolutions; that of ``d`` is shallow."""
    folder = tmp_path_factory.mktemp("samples")
    paths = ResultPaths("mine", str(folder / "results"))
    bins = cooler.binnify(pd.Series({"chr1": 600_000, "chr2": 400_000}), SIZES[0])
    bin1, bin2 = np.triu_indices(len(bins))
    for seed, (name, depth) in enumerate(DEPTHS.items()):
        counts = np.random.default_rng(seed).poisson(depth / (1 + (bin2 - bin1) / 4))
        counts[(bin1 == 7) | (bin2 == 7)] = 0
        pixels = pd.DataFrame({"bin1_id": bin1, "bin2_id": bin2, "count": counts})
        source = str(folder / f"{name}.cool")
        cooler.create_cooler(source, bins, pixels[counts > 0])
        for size in SIZES:
            write_map(inspect_source(source), size, paths.map_files(name, size))
            contacts = read_map(paths.map_files(name, size))
            mask = cp.mask_bins(contacts, MaskSettings(min_nnz=3, mad_max=0))
            write_mask(paths.mask(name, size), mask, contacts.bins)
            for method in METHODS:
                result = cp.balance(contacts, method, mask=mask.kept)
                write_balance(result, contacts.bins, paths.run_files(name, size, method))
                plot = Path(paths.plot(name, size, method))
                plot.parent.mkdir(parents=True, exist_ok=True)
                Image.new("RGB", (16, 10)).save(plot)
    groups = dict.fromkeys(DEPTHS, "wild type")
    for size in SIZES:
        Path(paths.concordance(size)).parent.mkdir(parents=True, exist_ok=True)
    pairs = [(one, other, 0.9) for one, other in ("ab", "ac", "bc")]
    bad = [(name, "d", 0.1) for name in "abc"]
    write_concordance(pairs, groups, paths.concordance(10_000))
    write_concordance([*pairs, *bad], groups, paths.concordance(40_000))
    return paths


def rows_of(
    paths: ResultPaths, entries: dict[str, SampleEntry] = ENTRIES, **options: object
) -> dict[str, Row]:
    runs = list_runs(entries, METHODS, METHODS)
    rows = sample_rows(paths, entries, summary_rows(paths, runs), "kr", **options)
    assert [row["sample"] for row in rows] == list(entries)
    return {row["sample"]: row for row in rows}


def test_a_row_holds_the_numbers_of_the_finest_map(results: ResultPaths) -> None:
    row = rows_of(results)["b"]
    assert [name for name in row if name != "cell"] == list(COLUMN_NAMES)
    assert list(row)[:5] == ["sample", "condition", "replicate", "cell", "sample_group"]
    assert (row["condition"], row["cell"], row["sample_group"]) == (
        "wild type", "K562", "wild type"
    )  # fmt: skip
    run = next(
        each
        for each in summary_rows(results, list_runs(ENTRIES, METHODS, METHODS))
        if (each["sample"], each["resolution"], each["method"]) == ("b", 10_000, "kr")
    )
    for name in ("resolution", "contacts", "cis_share", "median_contacts", "decay_slope", "bins"):
        assert row[name] == run[name]
    assert row["expected_unevenness"] == run["expected_unevenness"]
    reasons = [name for name in row if name.startswith("masked_")]
    assert row["kept"] + sum(row[name] for name in reasons) == row["bins"] == 100
    assert row["masked_empty"] == 1


def test_the_usable_resolution_is_the_finest_with_enough_contacts(results: ResultPaths) -> None:
    usable = {name: row["usable_resolution"] for name, row in rows_of(results).items()}
    expected = {}
    for name in DEPTHS:
        expected[name] = None
        for size in reversed(SIZES):
            contacts = read_map(results.map_files(name, size))
            upper = np.zeros((len(contacts.bins),) * 2)
            upper[contacts.rows, contacts.columns] = contacts.counts
            per_bin = (upper + np.triu(upper, 1).T).sum(axis=1)
            if np.mean(per_bin >= 1000) >= 0.8:
                expected[name] = size
    assert usable == expected
    assert set(usable.values()) == {None, 10_000}


def test_concordance_is_taken_where_most_samples_are_compared(results: ResultPaths) -> None:
    rows = rows_of(results)
    assert {row["concordance_resolution"] for row in rows.values()} == {40_000}
    assert rows["a"]["concordance_within"] == 0.9
    assert rows["d"]["concordance_within"] == 0.1
    assert {row["concordance_between"] for row in rows.values()} == {None}
    groups = {"a": "x", "b": "x", "c": "", "d": "y"}
    others = {name: SampleEntry(list(SIZES), LABELS, group) for name, group in groups.items()}
    rows = rows_of(results, others)
    assert (rows["a"]["concordance_within"], rows["a"]["concordance_between"]) == (0.9, 0.5)
    assert (rows["c"]["concordance_within"], rows["c"]["concordance_between"]) == (None, 0.9)


def test_a_merged_sample_is_no_peer_of_its_members(results: ResultPaths) -> None:
    entries = {**ENTRIES, "d": SampleEntry(list(SIZES), LABELS, "wild type", members=["a", "b"])}
    rows = rows_of(results, entries)
    assert [rows[name]["stands_out"] for name in "abcd"] == [""] * 4
    assert rows["a"]["concordance_within"] == 0.9
    assert rows["d"]["concordance_within"] == 0.1  # with c, which is not its member


def test_a_table_that_a_failed_workflow_left_is_not_read(results: ResultPaths) -> None:
    old = Unfinished((results.concordance(40_000),))
    rows = rows_of(results, unfinished=old)
    assert rows["a"]["concordance_resolution"] == 10_000
    assert rows["d"]["concordance_resolution"] is None


def test_a_sample_that_stands_out_says_why(results: ResultPaths) -> None:
    rows = rows_of(results)
    assert [rows[name]["stands_out"] for name in "abc"] == [""] * 3
    shallow, discordant = rows["d"]["stands_out"].split("At 40 kb")
    assert shallow.startswith("The map has ")
    assert "of the median of the group wild type" in shallow
    assert "median concordance is 0.10, theirs 0.90" in discordant
    patient = FitnessSettings(depth_caution=0.001)
    assert rows_of(results, limits=patient)["d"]["stands_out"] == f"At 40 kb{discordant}"


def test_what_has_no_result_is_empty(results: ResultPaths) -> None:
    entries = {**ENTRIES, "lost": SampleEntry([10_000]), "a": SampleEntry([5000, *SIZES])}
    rows = rows_of(results, entries)
    assert {name for name, value in rows["lost"].items() if value} == {"sample"}
    assert rows["a"]["resolution"] == 10_000, "the finest map that has a result"


def test_the_table_and_the_page_have_each_sample(results: ResultPaths, tmp_path: Path) -> None:
    rows = list(rows_of(results).values())
    write_samples(rows, tmp_path / "samples.tsv")
    with open(tmp_path / "samples.tsv", encoding="utf-8", newline="") as lines:
        written = list(csv.DictReader(lines, delimiter="\t"))
    assert [row["sample"] for row in written] == list(DEPTHS)
    assert written[0]["concordance_between"] == ""
    runs: list[RunKey] = list_runs(ENTRIES, METHODS, METHODS)
    write_report(results, runs, summary_rows(results, runs), tmp_path / "page.html", samples=rows)
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    samples = page.data["samples"]
    assert samples["name"] == list(DEPTHS)
    assert samples["stands_out"] == [row["stands_out"] or None for row in rows]
    assert str(rows[3]["stands_out"]) in " ".join(page.text)
    assert samples["usable_resolution"] == [row["usable_resolution"] for row in rows]
    write_report(results, runs, summary_rows(results, runs), tmp_path / "page.html")
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert page.data["samples"]["stands_out"] == [None] * len(DEPTHS)


def sections_for_multiqc(paths: ResultPaths) -> dict[str, Row]:
    """Write the files for MultiQC and return their content; sample ``e`` has no result."""
    entries = {**ENTRIES, "e": SampleEntry(list(SIZES), LABELS, "wild type")}
    summary = summary_rows(paths, list_runs(entries, METHODS, METHODS))
    samples = sample_rows(paths, entries, summary, "kr")
    write_multiqc(paths.multiqc, paths, samples, summary, "kr")
    contents = (json.loads(Path(path).read_text()) for path in paths.multiqc)
    return dict(zip(paths.multiqc._fields, contents, strict=True))


def test_the_files_for_multiqc_hold_the_figures_of_the_tables(results: ResultPaths) -> None:
    sections = sections_for_multiqc(results)
    row, general = rows_of(results)["b"], sections["general"]["data"]
    assert set(general) == set("abcde")
    assert general["b"] == pytest.approx(
        {
            "contacts": row["contacts"],
            "cis": 100 * row["cis_share"],
            "resolution": row["usable_resolution"],
            "kept": row["kept"],
            "unevenness": row["expected_unevenness"],
            "fitness": "good",
        }
    )
    assert general["d"]["fitness"] != "good"
    assert general["e"] == {}
    masked = sections["masked"]["data"]
    assert set(masked) == set("abcd")
    assert all(sum(counts.values()) == row["bins"] for counts in masked.values())
    assert masked["b"]["masked_empty"] == 1
    fitness = sections["fitness"]["data"]
    assert fitness["e"] == dict.fromkeys(sections["fitness"]["headers"], "missing")
    assert fitness["b"]["kr_10000"] == "good"


def test_contacts_by_distance_for_multiqc(results: ResultPaths) -> None:
    """The first class is that of neighbours, as a share of all contacts within chromosomes."""
    curve = np.array(sections_for_multiqc(results)["decay"]["data"]["b"])
    contacts = read_map(results.map_files("b", SIZES[0]))
    distance = contacts.columns - contacts.rows
    cis = (contacts.rows < 60) == (contacts.columns < 60)
    neighbours = contacts.counts[cis & (distance == 1)].sum() / (59 + 39)
    density = neighbours / SIZES[0] ** 2 / contacts.counts[cis].sum()
    assert curve[0] == pytest.approx([SIZES[0], density], rel=1e-12)
    assert (np.diff(curve[:, 0]) > 0).all()
    assert (np.diff(curve[:, 1]) < 0).all()


@pytest.fixture(scope="session")
def multiqc(pytestconfig: pytest.Config) -> str:
    """Return the command of MultiQC, which is installed once in an environment of its own.

    Among our packages it would cost memory: MLflow imports polars if this is there.
    """
    folder = pytestconfig.cache.mkdir("multiqc-1.35")
    command = folder / "bin" / "multiqc"
    if not command.is_file():
        venv.create(folder, with_pip=True, clear=True)
        install = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "multiqc==1.35"]
        done = subprocess.run(install, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"MultiQC cannot be installed: {done.stderr.strip()[-200:]}")
    return str(command)


@pytest.mark.workflow
def test_multiqc_shows_the_cohort(results: ResultPaths, tmp_path: Path, multiqc: str) -> None:
    sections = sections_for_multiqc(results)
    command = [multiqc, "--strict", "--outdir", str(tmp_path)]
    command += ["--cl-config", "no_version_check: true", str(Path(results.multiqc.general).parent)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "multiqc_report.html").is_file()
    parsed = tmp_path / "multiqc_data"
    with open(parsed / "multiqc_general_stats.txt", newline="") as file:
        shown = {row.pop("Sample"): row for row in csv.DictReader(file, delimiter="\t")}
    assert set(shown) == set("abcd")
    for sample, row in shown.items():
        known = {key.rpartition("-")[2]: value for key, value in row.items() if value}
        expected = sections["general"]["data"][sample]
        assert known.pop("fitness") == expected.pop("fitness")
        assert {key: float(value) for key, value in known.items()} == pytest.approx(expected)
    names = {path.name for path in parsed.glob("multiqc_counterpoise_mine_*_plot.txt")}
    assert names == {
        f"multiqc_counterpoise_mine_{key}_plot.txt" for key in ("decay", "fitness", "masked")
    }
