"""Cohorts that fail, or reach a limit: what the user reads and what is left."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import cooler
import pandas as pd
import pytest

from tests.support.cohort import COHORT, Cohort
from tests.support.report_page import Page

pytestmark = pytest.mark.workflow

SMALL = ("resolutions=[2000]", "~methods.kde")


def test_a_method_that_stops_does_not_stop_the_others(tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    ice = ("methods.ice.max_iterations=1", "methods.ice.on_failure=stop")
    failing = (*SMALL, *ice, "qc.plots=all")
    done = subprocess.run(
        cohort.command(overrides=failing), cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "counterpoise: ice (not_converged)" in done.stdout + done.stderr
    verdicts = list(tmp_path.glob("results/small/weights/*/*/kr/verdict.json"))
    assert len(verdicts) == 2
    assert not list(tmp_path.glob("results/small/weights/*/*/ice/*"))
    # The other method has its plots, which the next run of the workflow draws again.
    plots = list(tmp_path.glob("results/small/qc/*/*/*.png"))
    assert [plot.name for plot in plots] == ["kr.png"] * 2
    assert all(plot.stat().st_mtime < 1e9 for plot in plots)
    table = pd.read_csv(tmp_path / "results/small/summary.tsv", sep="\t").set_index("method")
    assert set(table.loc["kr", "status"]) == {"converged"}
    assert set(table.loc["ice", "status"]) == {"missing"}
    page = (tmp_path / "results/small/report.html").read_text(encoding="utf-8")
    assert len(Page(page).pictures) == 2
    planned = cohort.planned(*SMALL, "~methods.ice", "qc.plots=all")
    assert planned["plot"] == 2


def test_a_broken_input_is_named(tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    (tmp_path / "b.cool").write_text("no cooler at all")
    done = subprocess.run(
        cohort.command(overrides=SMALL), cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "b.cool: is not an HDF5 file" in done.stdout + done.stderr
    assert (tmp_path / "results/small/coolers/a.mcool").is_file()


@pytest.mark.long
def test_a_level_that_a_file_lacks_costs_that_level_of_that_sample(tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    coarse = tmp_path / "c.cool"
    cooler.coarsen_cooler(str(tmp_path / "b.cool"), str(coarse), 2, 10**6)
    cohort.write_sheet("abc")
    one_method = ("~methods.kde", "~methods.ice")
    reason = "no 1 kb level in c.cool (it has 2 kb)"
    block = f"skipped; all others are made:\n  c at 1 kb: {reason}\n"
    assert block in cohort.run("-n", overrides=one_method)
    assert block in cohort.run(overrides=one_method)
    results = tmp_path / "results" / "small"
    assert (results / "compare" / "1000.png").is_file()
    assert (results / "tracking.json").is_file()
    levels = cooler.fileops.list_coolers(str(results / "coolers" / "c.mcool"))
    assert levels == ["/resolutions/2000"]
    table = pd.read_csv(results / "summary.tsv", sep="\t").query("status == 'missing'")
    assert table[["sample", "resolution", "reason"]].values.tolist() == [["c", 1000, reason]]
    assert cohort.planned(*one_method) == {}
    named = cohort.command("-n", "results/small/masks/c/1000.parquet", overrides=one_method)
    done = subprocess.run(named, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert f"sample c: {reason}; ask for a level" in done.stdout + done.stderr


def test_descriptions_of_samples_may_be_longer_than_an_argument(tmp_path: Path) -> None:
    """Two samples with long descriptions are as long as a thousand with short ones."""
    cohort = Cohort(tmp_path)
    text = COHORT.replace("[1000, 2000]", "[1000]")
    for method in ("ice", "kde"):
        text = text.replace(f"  - /method@methods.{method}: {method}\n", "")
    (tmp_path / "conf" / "cohort" / "small.yaml").write_text(text)
    condition = "control " * 9_000
    assert 2 * len(condition) > 128 * 1024  # the most that Linux takes as one argument
    rows = "".join(f"{name}\t{name}.cool\t{condition}\n" for name in "ab")
    (tmp_path / "samples.tsv").write_text("sample\tpath\tcondition\n" + rows)
    cohort.run()
    assert (tmp_path / "results/small/compare/1000.png").is_file()
    assert (tmp_path / "results/small/tracking.json").is_file()
    summary = (tmp_path / "results/small/summary.tsv").read_text()
    assert summary.count(condition.strip()) == 2


def test_a_misspelt_key_ends_at_once(tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    command = cohort.command("-n", overrides=("methods.kr.tolerence=1",))
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert "methods.kr.tolerence" in done.stderr
    assert "Did you mean tolerance?" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.long
def test_a_failed_job_is_reported_with_all_other_results(tmp_path: Path) -> None:
    """Old results of a failed job are reported as missing, and are made again once it works."""
    cohort = Cohort(tmp_path)
    logged = ("~method@methods.kde", "~method@methods.ice", "resolutions=[2000]", "tracking=sqlite")

    def summary() -> dict[str, str]:
        table = pd.read_csv(tmp_path / "results/small/summary.tsv", sep="\t", dtype=str).fillna("")
        return {row["sample"]: f"{row['status']} {row['reason']}" for _, row in table.iterrows()}

    def tracked() -> tuple[str, list[str]]:
        record = json.loads((tmp_path / "results/small/tracking.json").read_text())
        return record["status"], [run["state"] for run in record["runs"]]

    def fails() -> None:
        done = subprocess.run(
            cohort.command(overrides=logged),
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode != 0
        print(done.stdout + done.stderr)

    cohort.run(overrides=logged)
    assert summary() == {"a": "converged ", "b": "converged "}
    content = (tmp_path / "a.cool").read_bytes()
    (tmp_path / "a.cool").write_text("no cooler any more")
    fails()
    now = summary()
    assert now["a"].startswith("missing inspect: a.cool: is not an HDF5 file")
    assert now["b"] == "converged "
    assert tracked() == ("partial", ["missing", "logged"])
    page = (tmp_path / "results/small/report.html").read_text(encoding="utf-8")
    for path in ("coolers/a.mcool", "compare/2000.png"):
        assert f"results/small/{path}" in page
    # The content is restored, so the reported failure must disappear.
    (tmp_path / "a.cool").write_bytes(content)
    cohort.run(overrides=logged)
    assert summary() == {"a": "converged ", "b": "converged "}
    assert tracked() == ("logged", ["logged", "logged"])
    # This sample fails from the beginning and is removed again.
    (tmp_path / "c.cool").write_text("no cooler at all")
    cohort.write_sheet("abc")
    fails()
    assert summary()["c"].startswith("missing inspect: c.cool: is not an HDF5 file")
    cohort.write_sheet("ab")
    cohort.run(overrides=logged)
    assert summary() == {"a": "converged ", "b": "converged "}
    assert tracked() == ("logged", ["logged", "logged"])
    assert (tmp_path / "results/small/report.html").stat().st_mtime > 1e9
