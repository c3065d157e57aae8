"""The summary table and the report: complete, self-contained, safe and the same every time."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import counterpoise as cp
from counterpoise.files import write_json
from counterpoise.mask import MaskSettings
from counterpoise.records.fitness import Fitness, FitnessSettings
from counterpoise.records.verdict import Status
from counterpoise.report.costs import read_costs
from counterpoise.report.mixed_methods import describe_mixed_methods
from counterpoise.report.page import write_report
from counterpoise.report.sections.masks import describe_thresholds
from counterpoise.report.statuses import fitness_meanings
from counterpoise.report.summary import COLUMN_NAMES, summary_rows, write_summary
from counterpoise.store.masks import write_mask
from counterpoise.store.missing import Unfinished, missing_reason
from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import RunKey
from counterpoise.store.weights import write_balance
from tests.support import REPOSITORY
from tests.support.maps import rough_map, smooth_map
from tests.support.report_page import Page

SCRIPTS = REPOSITORY / "scripts"
HOSTILE = "<script>alert('x')</script> & \"quotes\""


@pytest.fixture
def cohort(tmp_path: Path) -> tuple[ResultPaths, list[RunKey]]:
    """Two samples x two methods, with results written by the package, and plain pictures."""
    paths = ResultPaths("co<hort>", str(tmp_path / "results"))
    dense = np.random.default_rng(3).poisson(5.0, (30, 30))
    contacts = cp.Contacts.from_matrix(dense + dense.T)
    runs = []
    for sample, source in (
        ("wild", {"format": "cool", "coarsened_from": 5000, "identity": {"sha256": "ab" * 32}}),
        ("ko", {"format": "hic", "coarsened_from": None, "identity": {"sha256": "cd" * 32}}),
    ):
        mask = cp.mask_bins(contacts)
        write_mask(paths.mask(sample, 10_000), mask, contacts.bins)
        record = {"uri": f"{sample}.map", "contacts": 12_345, "nnz": 678, "notes": [HOSTILE]}
        write_json(paths.map_files(sample, 10_000).source, {**record, **source})
        for method in ("ice", "vc"):
            result = cp.balance(contacts, method, mask=mask.kept)
            if (sample, method) == ("ko", "ice"):
                bad = replace(
                    result.verdict,
                    status=Status.FAILED,
                    fitness=Fitness.NO,
                    reason=f"tab\there, {HOSTILE}",
                )
                result = replace(result, verdict=bad)
            write_balance(result, contacts.bins, paths.run_files(sample, 10_000, method))
            plot = Path(paths.plot(sample, 10_000, method))
            plot.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (160, 100), "teal").save(plot)
            labels = {"condition": HOSTILE, "replicate": "1"}
            runs.append(RunKey(sample, 10_000, method, labels if sample == "ko" else {}))
    comparison = Path(paths.comparison(10_000))
    comparison.parent.mkdir(parents=True)
    Image.new("RGB", (160, 120), "gold").save(comparison)
    return paths, runs


def written(paths: ResultPaths, runs: list[RunKey], **options: Any) -> str:
    write_report(paths, runs, summary_rows(paths, runs), paths.report, **options)
    return Path(paths.report).read_text(encoding="utf-8")


def test_summary_has_a_row_a_run(cohort: tuple[ResultPaths, list[RunKey]]) -> None:
    paths, runs = cohort
    write_summary(summary_rows(paths, runs), paths.summary)
    with open(paths.summary, encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    assert tuple(rows[0]) == COLUMN_NAMES
    assert [(row["sample"], row["method"]) for row in rows] == [
        ("wild", "ice"), ("wild", "vc"), ("ko", "ice"), ("ko", "vc"),
    ]  # fmt: skip
    assert [row["status"] for row in rows] == ["converged", "computed", "failed", "computed"]
    first, failed = rows[0], rows[2]
    assert first["condition"] == ""
    assert first["sha256"] == "ab" * 32
    assert (first["coarsened_from"], failed["coarsened_from"]) == ("5000", "")
    assert float(first["max_deviation"]) < 1e-5
    assert 0 < float(first["median_se"]) < 1
    assert float(first["seconds"]) >= 0
    assert failed["reason"] == f"tab here, {HOSTILE}"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ('=HYPERLINK("http://x","y")', """'=HYPERLINK("http://x","y")"""),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("\t =1", "'=1"),
        ("a=b", "a=b"),
    ],
)
def test_spreadsheets_execute_no_cell_of_the_summary(
    cohort: tuple[ResultPaths, list[RunKey]], text: str, cell: str
) -> None:
    paths, runs = cohort
    changed = [replace(run, labels={"condition": text}) for run in runs]
    write_summary(summary_rows(paths, changed), paths.summary)
    with open(paths.summary, encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    assert [row["condition"] for row in rows] == [cell] * 4
    assert (
        summary_rows(paths, [replace(runs[0], labels={"condition": text})])[0]["condition"] == text
    )


def test_intervals_of_a_blacklist_that_fit_no_chromosome_are_reported(
    cohort: tuple[ResultPaths, list[RunKey]],
) -> None:
    paths, runs = cohort
    assert {row["blacklist_unmatched"] for row in summary_rows(paths, runs)} == {None}
    contacts = cp.Contacts.from_matrix(np.full((30, 30), 9))
    name = contacts.bins.chromosomes[0]
    bed = Path(paths.summary).with_name("list.bed")
    bed.write_text(f"{name}\t0\t1\n<Un>\t0\t5\n<Un>\t7\t9\n")
    mask = cp.mask_bins(contacts, MaskSettings(blacklist=str(bed)))
    write_mask(paths.mask("wild", 10_000), mask, contacts.bins)
    result = cp.balance(contacts, "vc", mask=mask.kept)
    result = replace(result, verdict=replace(result.verdict, mask=mask.summary()))
    write_balance(result, contacts.bins, paths.run_files("wild", 10_000, "vc"))
    counts = [row["blacklist_unmatched"] for row in summary_rows(paths, runs)]
    assert counts == [None, 2, None, None]
    words = "blacklist: 2 of 3 intervals are on chromosomes that the map does not have (<Un>)"
    assert words in "".join(Page(written(paths, runs)).text)


def test_report_holds_all_and_needs_nothing(
    cohort: tuple[ResultPaths, list[RunKey]],
) -> None:
    paths, runs = cohort
    text = written(paths, runs)
    page = Page(text)
    sources = [image["src"] or "" for image in page.all("img")]
    assert len(sources) == 1
    assert set(page.pictures) == set(range(len(runs)))
    sources += [page.element_texts[f"picture-{run}"] for run in page.pictures]
    assert all(source.startswith("data:image/webp;base64,") for source in sources)
    assert not page.all("link")
    assert all("src" not in script for script in page.all("script"))
    assert not re.search("<[^>]+https?:", re.sub("(?s)<script.*?</script>", "", text))
    assert "@import" not in text
    assert "url(" not in text
    order = [text.index(f"<h2>{title}") for title in (
        "Reasons", "Samples side by side", "Runs"
    )]  # fmt: skip
    assert order == sorted(order)
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    links = {a["href"] for a in page.all("a") if (a["href"] or "").startswith("#")}
    assert links
    assert links <= {f"#{identity}" for identity in ids}
    data = page.data
    places = zip(data["runs"]["sample"], data["runs"]["method"], strict=True)
    shown = [(data["samples"]["name"][s], data["methods"][m]) for s, m in places]
    assert shown == [(run.sample, run.method) for run in runs]
    assert data["runs"]["plot"] == [-1] * len(runs)


def test_samples_are_side_by_side_where_there_are_two(
    cohort: tuple[ResultPaths, list[RunKey]],
) -> None:
    paths, runs = cohort
    page = Page(written(paths, runs))
    (comparison,) = [figure for figure in page.all("figure") if "id" not in figure]
    assert comparison == {"data-resolution": "10000"}
    first = page.all("img")[0]
    assert (first["width"], first["height"]) == ("160", "120")
    assert "of 2 samples at 10 kb" in str(first["alt"])
    assert "10 kb \u00b7 2 samples" in page.text

    single = [run for run in runs if run.sample == "wild"]
    Path(paths.comparison(10_000)).unlink()
    text = written(paths, single)
    assert "side by side" not in text
    assert not Page(text).all("img")
    assert len(Page(text).pictures) == len(single)


def test_report_tells_counts_thresholds_and_sources(
    cohort: tuple[ResultPaths, list[RunKey]],
) -> None:
    paths, runs = cohort
    page = Page(written(paths, runs))
    text = "".join(page.text)
    for label, count in (("fit for use", 3), ("use with caution", 0), ("not for use", 1)):
        assert f"{label} ({count})" in text  # among the choices
    assert "1 sample can be used at 10 kb; 1 cannot." in text
    for words in ("summed from 5 kb", "as stored", "ab" * 32, "cd" * 32, "12,345", "min_nnz 10"):
        assert words in text
    assert page.data["maps"]["contacts"] == [12_345, 12_345]


def test_the_page_states_the_limits_as_they_were_set(
    cohort: tuple[ResultPaths, list[RunKey]],
) -> None:
    paths, runs = cohort
    limits = FitnessSettings(
        error_caution=0.125, error_no=0.999, uneven_caution=0.07, parts_caution=0.005,
        depth_caution=0.0000001,
    )  # fmt: skip
    text = written(paths, runs, limits=limits)
    for words in (
        "error of a weight is above 12.5 % or unknown;", "above 99.9 %,", "vary by more than 7 %,",
        "more than 0.5 % of the contacts", "fewer than 1e-05 % of the contacts",
        "fewer than 80 % of the bins",
    ):  # fmt: skip
        assert words in text
    assert "%" not in re.sub("[0-9] %", "", "".join(fitness_meanings(limits).values()))


def test_report_tells_how_uncertain_weights_are(
    cohort: tuple[ResultPaths, list[RunKey]],
) -> None:
    paths, runs = cohort
    errors = Page(written(paths, runs)).data["runs"]["median_se"]
    assert len(set(errors)) > 1
    assert errors == pytest.approx([row["median_se"] for row in summary_rows(paths, runs)], 1e-3)


def test_the_page_warns_of_samples_that_different_methods_balanced(
    cohort: tuple[ResultPaths, list[RunKey]],
) -> None:
    paths, runs = cohort
    assert "cannot be compared" not in written(paths, runs)
    for sample, matrix in (("wild", rough_map(300, 6e6)[1]), ("ko", smooth_map(150, 200)[1])):
        result = cp.balance(matrix, "auto")
        write_balance(result, result.contacts.bins, paths.run_files(sample, 10_000, "auto"))
        plot = Path(paths.plot(sample, 10_000, "auto"))
        Image.new("RGB", (160, 100), "teal").save(plot)
        runs.append(RunKey(sample, 10_000, "auto"))
    text = " ".join(Page(written(paths, runs)).text)
    assert "At 10 kb, auto chose kr for wild; kde for ko." in text
    row = summary_rows(paths, runs)[-1]
    assert row["algorithm"] == "kde"
    empty = {**row, "sample": "empty", "algorithm": "kr", "weighted": 0}
    assert describe_mixed_methods([row, empty]) == []
    many = [{**row, "sample": f"s{k}", "algorithm": "kr"} for k in range(11)]
    assert describe_mixed_methods([row, *many]) == [
        "At 10 kb, auto chose kde for ko; kr for s0, s1, s2, s3, s4, s5, s6, s7 and 3 more."
    ]


def test_text_of_users_is_escaped(cohort: tuple[ResultPaths, list[RunKey]]) -> None:
    paths, runs = cohort
    text = written(paths, runs)
    assert "<script>alert" not in text
    assert "co<hort>" not in text
    page = Page(text)
    assert HOSTILE in "".join(page.text)
    assert "co<hort>" in page.text
    assert HOSTILE in page.data["texts"]


def test_png_links_are_relative_and_lead_to_the_files(
    cohort: tuple[ResultPaths, list[RunKey]],
) -> None:
    paths, runs = cohort
    page = Page(written(paths, runs))
    links = [a["href"] or "" for a in page.all("a")]
    files = [link for link in links if not link.startswith("#")]
    assert len(files) == 1
    files += [
        page.data["plot_pattern"].format(
            sample=run.sample, resolution=run.resolution, method=run.method
        )
        for run in runs
    ]
    assert all((Path(paths.base) / link).is_file() for link in files)


def test_same_files_same_bytes(cohort: tuple[ResultPaths, list[RunKey]]) -> None:
    paths, runs = cohort
    assert written(paths, runs) == written(paths, runs)


def test_wide_plots_are_made_smaller(cohort: tuple[ResultPaths, list[RunKey]]) -> None:
    paths, runs = cohort
    write_report(paths, runs, summary_rows(paths, runs), paths.report, image_width=80)
    pictures = Page(Path(paths.report).read_text(encoding="utf-8")).pictures
    assert {(each["data-width"], each["data-height"]) for each in pictures.values()} == {
        ("80", "50")
    }


@pytest.mark.parametrize(
    ("missing", "step"),
    [("verdict", "balance"), ("mask", "mask"), ("source", "ingest")],
)
def test_a_missing_result_is_reported_with_its_reason(
    cohort: tuple[ResultPaths, list[RunKey]], missing: str, step: str
) -> None:
    paths, runs = cohort
    place = ("ko", "10000", "vc")
    path = {
        "verdict": paths.run_files(*place).verdict,
        "mask": paths.mask("ko", 10_000),
        "source": paths.map_files("ko", 10_000).source,
    }[missing]
    Path(path).unlink()
    text = written(paths, runs)
    assert "has not run" in text
    assert "no result" in Page(text).data["runs"]["label"]
    log = Path(paths.log(step, *place if step == "balance" else place[:2]))
    log.parent.mkdir(parents=True)
    log.write_text("12:00:00 begun\ncounterpoise: ko.map: is <broken>. Fetch it again.\n")
    page = Page(written(paths, runs))
    gone = [run for run in runs if missing in ("mask", "source") or run.method == "vc"]
    gone = [run for run in gone if run.sample == "ko"]
    write_summary(summary_rows(paths, runs), paths.summary)
    table = pd.read_csv(paths.summary, sep="\t").query("status == 'missing'")
    assert set(table["reason"]) == {f"{step}: ko.map: is <broken>. Fetch it again."}
    assert list(table["method"]) == [run.method for run in gone]
    reasons = page.data["runs"]["reason"]
    assert sum("ko.map: is <broken>" in (reason or "") for reason in reasons) == len(gone)
    # Everywhere else, the reason is said once: for the sample, and in the answer if its primary
    # method is concerned.
    said = " ".join(page.text).replace(page.element_texts["data"], "")
    assert said.count("ko.map: is <broken>") == (2 if len(gone) > 1 else 1)
    # The other runs have pictures, and no comparison is shown without one of the samples.
    assert len(page.pictures) == len(runs) - len(gone)
    assert not page.all("img")
    log.write_text("12:00:00 begun\n")
    assert f"see {log}; the last line is: 12:00:00 begun" in "".join(
        Page(written(paths, runs)).text
    )


def test_a_run_without_a_plot_is_reported_with_its_result(
    cohort: tuple[ResultPaths, list[RunKey]],
) -> None:
    paths, runs = cohort
    plot = paths.plot("ko", 10_000, "vc")
    images = len(Page(written(paths, runs)).pictures)
    rows = summary_rows(paths, runs)
    # The file is there, but the workflow failed before it was made again.
    assert summary_rows(paths, runs, Unfinished((plot,))) == rows
    write_report(paths, runs, rows, paths.report, Unfinished((plot,)))
    page = Page(Path(paths.report).read_text(encoding="utf-8"))
    assert len(page.pictures) == images - 1
    data = page.data
    assert [data["texts"][each] for each in data["runs"]["plot"] if each >= 0] == [
        "plot: has not run"
    ]
    Path(plot).unlink()
    log = Path(paths.log("plot", "ko", "10000"))
    log.parent.mkdir(parents=True)
    log.write_text("counterpoise: a disk is full\n")
    assert "plot: a disk is full" in Page(written(paths, runs)).data["texts"]


def test_a_level_that_a_file_lacks_is_reported_and_costs_nothing_else(
    cohort: tuple[ResultPaths, list[RunKey]],
) -> None:
    """Also where results of that level are left from another file."""
    paths, runs = cohort
    reason = "no 5 kb level in <ko>.map (it has 10 kb)"
    absent = [RunKey("ko", 5_000, method, absent=reason) for method in ("ice", "vc")]
    shutil.copytree(
        Path(paths.run_files("ko", 10_000, "vc").verdict).parent,
        Path(paths.run_files("ko", 5_000, "vc").verdict).parent,
    )
    page = Page(written(paths, runs + absent))
    assert page.data["runs"]["reason"].count(reason) == 2
    assert len(page.pictures) == len(runs)
    assert len(page.all("img")) == 1  # the comparison at 10 kb
    write_summary(summary_rows(paths, runs + absent), paths.summary)
    table = pd.read_csv(paths.summary, sep="\t").query("status == 'missing'")
    assert list(zip(table["resolution"], table["method"], table["reason"], strict=True)) == [
        (5_000, "ice", reason),
        (5_000, "vc", reason),
    ]


def test_old_files_are_no_results_of_a_run_that_failed(
    cohort: tuple[ResultPaths, list[RunKey]],
) -> None:
    """An output that a failed workflow should have made again counts as missing."""
    paths, runs = cohort
    failed = Unfinished(
        ("resources/map.mcool", paths.mask("wild", 10_000), paths.cooler("wild")),
        {"ko": ("resources/map.mcool", "logs/download.log")},
    )
    write_report(paths, runs, summary_rows(paths, runs, failed), paths.report, failed)
    page = Page(Path(paths.report).read_text(encoding="utf-8"))
    text, reasons = "".join(page.text), page.data["runs"]["reason"]
    assert reasons.count("mask: has not run") == reasons.count("download: has not run") == 2
    assert "No sample can be used at 10 kb." in text
    assert page.data["runs"]["label"] == ["no result"] * 4
    assert f"a job failed or did not run: {paths.cooler('wild')}." in text


def test_many_plots_lie_next_to_the_page(cohort: tuple[ResultPaths, list[RunKey]]) -> None:
    paths, runs = cohort
    page = Page(written(paths, runs, most_figures=3))
    assert not page.pictures
    data = page.data
    assert data["runs"]["plot"] == [-1] * 4
    assert not data["plots_embedded"]
    assert data["plot_pattern"] == "qc/{sample}/{resolution}/{method}.png"
    elsewhere = Path(paths.base) / "elsewhere" / "page.html"
    write_report(paths, runs, summary_rows(paths, runs), elsewhere, most_figures=4)
    page = Page(elsewhere.read_text(encoding="utf-8"))
    assert len(page.pictures) == 4
    assert page.data["plot_pattern"] is None


def test_costs_of_each_step(cohort: tuple[ResultPaths, list[RunKey]]) -> None:
    paths, runs = cohort
    assert "Time and memory" not in written(paths, runs)
    for method, seconds, memory in (("ice", "4000.5", "210.5"), ("vc", "0.2", "-")):
        path = Path(paths.benchmark("balance", "wild", "10000", method))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:00\t{memory}\n")
    peaks = (4000.5, "wild 10 kb ice"), (210.5, "wild 10 kb ice")
    assert read_costs(paths, runs) == [("balance", 2, 4000.7, *peaks)]
    assert "1 h 6 min" in written(paths, runs)


def test_no_runs(tmp_path: Path) -> None:
    paths = ResultPaths("none", str(tmp_path))
    write_summary([], paths.summary)
    assert Path(paths.summary).read_text() == "\t".join(COLUMN_NAMES) + "\n"
    Page(written(paths, []))


def test_thresholds_in_words() -> None:
    thresholds = {"mad": {"chr1": 1601.5, "chr2": 20.25}, "min_count": 0, "min_nnz": 10}
    expected = "mad 20.25 to 1,602 by chromosome; min_count 0; min_nnz 10"
    assert describe_thresholds(thresholds) == expected
    assert describe_thresholds({"mad": {}, "min_nnz": 3}) == "min_nnz 3"


def by_hand(script: str, arguments: dict[str, str | tuple[str, ...]]) -> None:
    values = {name: (v,) if isinstance(v, str) else v for name, v in arguments.items()}
    words = [word for name, value in values.items() for word in (f"--{name}", *value)]
    subprocess.run([sys.executable, str(SCRIPTS / script), *words], check=True)


def test_scripts_run_by_hand(tmp_path: Path, shared_data: Path) -> None:
    from counterpoise.ingest.formats import inspect_source
    from counterpoise.ingest.pixels import write_map
    from counterpoise.store.pixels import read_map

    paths = ResultPaths("hand", str(tmp_path))
    place = ("small", 10_000)
    write_map(
        inspect_source(str(shared_data / "bad/control_good.cool")), 10_000, paths.map_files(*place)
    )
    contacts = read_map(paths.map_files(*place))
    mask = cp.mask_bins(contacts)
    write_mask(paths.mask(*place), mask, contacts.bins)
    files = paths.run_files(*place, "kr")
    write_balance(cp.balance(contacts, "kr", mask=mask.kept), contacts.bins, files)

    arguments = {"map": paths.map_files(*place), "mask": paths.mask(*place)}
    arguments["settings"] = "{'max_pixels': 600, 'dpi': 110}"
    arguments |= {"verdicts": files.verdict, "outputs": paths.plot(*place, "kr")}
    by_hand("plot.py", arguments)
    sample = {"labels": {}, "group": "", "resolutions": [10_000]}
    settings = {
        "cohort": "hand",
        "samples": {"small": sample},
        "methods": ["kr"],
        "primary": "kr",
        "plotted": ["kr"],
    }
    outputs = {"summary": paths.summary, "samples": paths.samples, "report": paths.report}
    outputs["multiqc"] = paths.multiqc
    by_hand("report.py", {"root": str(tmp_path), "settings": str(settings), **outputs})
    assert "small\t\t\t10000\tkr\tgood\t\t\tconverged" in Path(paths.summary).read_text()
    assert len(Page(Path(paths.report).read_text(encoding="utf-8")).pictures) == 1


def test_a_map_that_waits_for_a_finer_one_has_its_error(
    cohort: tuple[ResultPaths, list[RunKey]],
) -> None:
    paths, _ = cohort
    run = RunKey("ko", 60_000, "vc")
    sources = {size: paths.map_files("ko", size).source for size in (5_000, 20_000, 60_000)}
    finer = {sources[60_000]: 20_000, sources[20_000]: 5_000}
    log = Path(paths.log("ingest", "ko", "20000"))
    log.parent.mkdir(parents=True)
    log.write_text("counterpoise: a disk is full\n")
    failed = Unfinished((sources[20_000], sources[60_000]), finer_maps=finer)
    assert missing_reason(paths, run, failed) == "ingest at 20 kb: a disk is full"
    alone = Unfinished((sources[60_000],), finer_maps=finer)
    assert missing_reason(paths, run, alone) == "ingest: has not run"


def test_a_merged_and_thinned_map_has_the_error_of_the_first_step(
    cohort: tuple[ResultPaths, list[RunKey]],
) -> None:
    """The steps: inspect and ingest of each member, merge, thin at the finest level, thin."""
    paths, _ = cohort
    run = RunKey("both", 20_000, "vc")
    whole = replace(paths, thinned=True)
    steps = {
        "inspect of wild": (paths.input_record("wild"), ("inspect", "wild")),
        "ingest of wild": (whole.whole_map_files("wild", 5_000).source, ("ingest", "wild", "5000")),
        "inspect of ko": (paths.input_record("ko"), ("inspect", "ko")),
        "ingest of ko": (whole.whole_map_files("ko", 5_000).source, ("ingest", "ko", "5000")),
        "merge": (whole.whole_map_files("both", 5_000).source, ("merge", "both", "5000")),
        "thin at 5 kb": (paths.map_files("both", 5_000).source, ("thin", "both", "5000")),
        "thin": (paths.map_files("both", 20_000).source, ("thin", "both", "20000")),
    }
    for result, rule in steps.values():
        log = Path(paths.log(*rule))
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(f"counterpoise: no {result}\n")
    for step, (result, _) in steps.items():
        failed = Unfinished(
            tuple(result for result, _ in list(steps.values())[list(steps).index(step) :]),
            finer_maps={paths.map_files("both", 20_000).source: 5_000},
            members={"both": ["wild", "ko"]},
            thinned=True,
        )
        assert missing_reason(paths, run, failed) == f"{step}: no {result}"
