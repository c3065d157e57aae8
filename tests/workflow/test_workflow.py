"""The whole workflow on a small cohort: what runs, what runs again, and what survives kill -9.

Everything here runs in a clone without the shared maps too.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path

import cooler
import numpy as np
import pandas as pd
import pytest

import counterpoise as cp
from tests.support import REPOSITORY
from tests.support.cohort import Cohort, copy_workflow
from tests.support.maps import write_map

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    workflow = copy_workflow(tmp_path_factory.mktemp("workflow") / "clone")
    cohort = Cohort(tmp_path_factory.mktemp("cohort"), workflow)
    cohort.run()
    return cohort


def test_every_output_is_there(finished: Cohort) -> None:
    base = finished.folder / "results" / "small"
    for sample in "ab":
        assert (base / "coolers" / f"{sample}.mcool").is_file()
        for resolution in ("1000", "2000"):
            assert (base / "masks" / sample / f"{resolution}.parquet").is_file()
            for name in ("pixels.parquet", "bins.parquet", "source.json"):
                assert (base / "triples" / sample / resolution / name).is_file()
            for method in ("ice", "kr", "kde"):
                folder = base / "weights" / sample / resolution / method
                verdict = json.loads((folder / "verdict.json").read_text())
                assert verdict["status"] == "converged"
                assert (folder / "weights.parquet").is_file()
                assert (folder / "trace.parquet").is_file()
                plot = base / "qc" / sample / resolution / f"{method}.png"
                assert plot.is_file() == (method == "kr"), "the primary method has one"
                searched = [part["search"] for part in verdict["parts"] if part["search"]]
                assert bool(searched) == (method == "kde")
    for resolution in ("1000", "2000"):
        assert (base / "compare" / f"{resolution}.png").is_file()
        assert (base / "compare" / f"{resolution}.tsv").is_file()
    summary = pd.read_csv(base / "summary.tsv", sep="\t")
    assert len(summary) == 12
    assert (base / "report.html").stat().st_size > 100_000
    hidden = [path for path in base.rglob(".*") if path.is_file()]
    assert hidden == []


def test_each_sample_has_a_row(finished: Cohort) -> None:
    base = finished.folder / "results" / "small"
    table = pd.read_csv(base / "samples.tsv", sep="\t").set_index("sample")
    assert list(table.index) == ["a", "b"]
    assert list(table["sample_group"]) == ["condition a", "condition b"]
    assert list(table["resolution"]) == [1000, 1000]
    for sample in "ab":
        upper = np.triu(
            cooler.Cooler(str(finished.folder / f"{sample}.cool")).matrix(balance=False)[:]
        )
        row = table.loc[sample]
        assert row["contacts"] == upper.sum()
        cis = upper[:25, :25].sum() + upper[25:, 25:].sum()
        assert row["cis_share"] == pytest.approx(cis / upper.sum())
        assert row["cis_20kb_share"] == pytest.approx(
            np.triu(upper[:25, :25], 20).sum() / upper.sum()
        )
        assert row["median_contacts"] == np.median((upper + np.triu(upper, 1).T).sum(axis=1))
        verdict = json.loads((base / f"weights/{sample}/1000/kr/verdict.json").read_text())
        assert row["expected_unevenness"] == pytest.approx(verdict["expected_unevenness"])
        assert row["kept"] + row.filter(like="masked_").sum() == row["bins"] == 40
    pairs = pd.read_csv(base / "compare" / "1000.tsv", sep="\t")
    assert pairs[["sample", "other", "same_group"]].to_numpy().tolist() == [["a", "b", False]]
    assert table["concordance_between"].tolist() == pairs["scc"].tolist() * 2
    assert table["concordance_within"].isna().all()
    assert pd.read_csv(base / "compare" / "2000.tsv", sep="\t").empty, "bins are too large"


def test_balanced_coolers_are_flat_in_cooler(finished: Cohort) -> None:
    for resolution in (1000, 2000):
        uri = f"{finished.folder}/results/small/coolers/a.mcool::/resolutions/{resolution}"
        kept = np.isfinite(cooler.Cooler(uri).bins()["weight"][:].to_numpy())
        balanced = cooler.Cooler(uri).matrix(balance="weight")[:]
        assert kept.sum() > 0.8 * len(kept)
        np.testing.assert_allclose(np.nansum(balanced, axis=1)[kept], 1, atol=1e-6)


# --- docs/guides/reprocessing.md: what runs again when what changes ---------------------------


def rows() -> list[tuple[str, str, dict[str, int]]]:
    """Return the change, the example and the number of jobs per rule of each row."""
    page = (REPOSITORY / "docs/guides/reprocessing.md").read_text(encoding="utf-8")
    table = page.partition("| what changed |")[2].partition("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return [
        (what, example, {rule: int(n) for rule, n in re.findall(r"`(\w+)` (\d+)", jobs)})
        for what, example, jobs in cells
    ]


@contextmanager
def edited(path: Path, old: str, new: str) -> Iterator[None]:
    """Replace a piece of a file's text, and restore the file afterwards."""
    before, status = path.read_text(), path.stat()
    assert before.count(old) == 1, f"{path}: {old}"
    path.write_text(before.replace(old, new))
    try:
        yield
    finally:
        path.write_text(before)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@contextmanager
def touched(path: Path) -> Iterator[None]:
    status = path.stat()
    path.touch()
    try:
        yield
    finally:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def other_map(cohort: Cohort, name: str, date: float | None = None) -> dict[str, int]:
    """Plan with another map in a file, perhaps with an older date."""
    path = cohort.folder / f"{name}.cool"
    before, status = path.read_bytes(), path.stat()
    write_map(path, 11)
    if date is not None:
        os.utime(path, (date, date))
    try:
        return cohort.planned()
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def with_sheet(cohort: Cohort, names: str) -> dict[str, int]:
    cohort.write_sheet(names)
    try:
        return cohort.planned()
    finally:
        cohort.write_sheet("ab")


def with_sample(cohort: Cohort) -> dict[str, int]:
    write_map(cohort.folder / "c.cool", 7)
    return with_sheet(cohort, "abc")


def with_edit(cohort: Cohort, file: str, old: str, new: str) -> dict[str, int]:
    with edited(cohort.workflow / file, old, new):
        return cohort.planned()


def with_touch(cohort: Cohort, path: Path, words: str = "") -> dict[str, int]:
    with touched(path):
        return cohort.planned(words=words)


def second_clone(cohort: Cohort) -> dict[str, int]:
    """Plan with another copy of the workflow in the same working folder."""
    workflow = copy_workflow(cohort.workflow.parent / "second")
    moved = copy(cohort)
    moved.workflow = workflow
    return moved.planned()


PACKAGE = "workflow/counterpoise"

# The rows whose example is not an override.
CHANGES: dict[str, Callable[[Cohort], dict[str, int]]] = {
    "nothing": Cohort.planned,
    "a sample added": with_sample,
    "a sample removed": lambda cohort: with_sheet(cohort, "a"),
    "an input's content": lambda cohort: other_map(cohort, "a"),
    "an input replaced by an older file": lambda cohort: other_map(cohort, "a", 10**9),
    # The limit is set below the size of this map, so that Snakemake compares no content.
    "an input touched": lambda cohort: with_touch(
        cohort, cohort.folder / "a.cool", "--max-checksum-file-size 1000"
    ),
    "threads, memory, cores": lambda cohort: cohort.planned(
        words="--set-threads balance=1 --set-resources balance:mem_mb=900 --cores 1"
    ),
    "the package's version": lambda cohort: with_edit(
        cohort, f"{PACKAGE}/_version.py", f'"{cp.__version__}"', '"99.0.0"'
    ),
    "the revision of a method": lambda cohort: with_edit(
        cohort, f"{PACKAGE}/methods/kde.py", "revision=", "revision=99"
    ),
    "the revision of a stage": lambda cohort: with_edit(
        cohort, f"{PACKAGE}/cohort/revisions.py", '"mask": ', '"mask": 99'
    ),
    "a script or a module": lambda cohort: with_edit(
        cohort, "scripts/mask.py", "run(main)", "# A remark.\nrun(main)"
    ),
    "the workflow in another folder": second_clone,
    "an experiment begun": lambda cohort: cohort.planned(experiment="strict_mask"),
}


def test_every_change_has_a_row() -> None:
    documented = [what for what, _, _ in rows()]
    assert set(CHANGES) <= set(documented)
    assert len(documented) == len(set(documented))


@pytest.mark.parametrize(("what", "example", "jobs"), rows(), ids=[row[0] for row in rows()])
def test_what_runs_again(finished: Cohort, what: str, example: str, jobs: dict[str, int]) -> None:
    if what in CHANGES:
        planned = CHANGES[what](finished)
    else:
        override = re.fullmatch("`(.+)`", example)
        assert override, f"{what}: neither an override nor one of CHANGES"
        planned = finished.planned(override[1])
    listing = ", ".join(f"`{rule}` {number}" for rule, number in planned.items()) or "none"
    assert planned == jobs, f"the row should be\n| {what} | {example} | {listing} |"


def test_a_sample_added_to_a_group_runs_no_job_of_another_sample(finished: Cohort) -> None:
    write_map(finished.folder / "c.cool", 7)
    sheet = finished.folder / "samples.tsv"
    with edited(sheet, "b\tb.cool", "c\tc.cool\tcondition a\nb\tb.cool"):
        messages = set(re.findall(r"^Job \d+: (.+)$", finished.run("-n"), re.MULTILINE))
    shared = {
        "samples side by side at 1000 bp, log2 ratios to condition a",
        "samples side by side at 2000 bp, log2 ratios to condition a",
        "writing the report",
        "logging to MLflow",
    }
    assert shared < messages
    assert {message[:2] for message in messages - shared} == {"c ", "c:"}


def test_a_copy_of_workflow_and_results_runs_nothing(finished: Cohort, tmp_path: Path) -> None:
    """No path of the first copy is among what Snakemake records."""
    moved = copy(finished)
    moved.workflow = copy_workflow(tmp_path / "clone")
    moved.folder = tmp_path / "cohort"
    shutil.copytree(finished.folder, moved.folder)
    assert "Nothing to be done" in moved.run("-n")
    records = (moved.folder / ".snakemake" / "metadata").rglob("*")
    texts = [path.read_text() for path in records if path.is_file()]
    assert len(texts) > 40
    assert not [text for text in texts if str(finished.workflow) in text]


def test_kill_and_again_gives_the_same_bytes(finished: Cohort, tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    for name in ("a.cool", "b.cool"):  # coolers hold the time of their making
        (tmp_path / name).write_bytes((finished.folder / name).read_bytes())
    process = subprocess.Popen(
        cohort.command(),
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not list(tmp_path.glob("results/small/weights/*/*/*/verdict.json")):
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "results/small/report.html").exists()
    cohort.run("--unlock")
    cohort.run()
    assert cohort.digests() == finished.digests()
    assert len(cohort.digests()) > 40


def test_an_unknown_sample_is_named(finished: Cohort) -> None:
    for target in ("coolers/c.mcool", "weights/c/1000/kr/verdict.json"):
        command = finished.command("-n", f"results/small/{target}")
        done = subprocess.run(command, cwd=finished.folder, capture_output=True, text=True)
        assert done.returncode != 0
        assert "the cohort small has no sample 'c'" in done.stdout + done.stderr
