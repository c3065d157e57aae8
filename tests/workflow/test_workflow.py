"""The whole workflow on a small cohort: what runs, what reruns, and what survives kill -9.

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
from tests.support.cohort import COHORT, Cohort, copy_workflow
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
                assert (base / "qc" / sample / resolution / f"{method}.png").is_file()
            assert (base / "weights" / sample / resolution / "kde" / "bandwidth.parquet").is_file()
    for resolution in ("1000", "2000"):
        assert (base / "compare" / f"{resolution}.png").is_file()
    summary = pd.read_csv(base / "summary.tsv", sep="\t")
    assert len(summary) == 12
    assert (base / "report.html").stat().st_size > 100_000
    hidden = [path for path in base.rglob(".*") if path.is_file()]
    assert hidden == []


def test_balanced_coolers_are_flat_in_cooler(finished: Cohort) -> None:
    for resolution in (1000, 2000):
        uri = f"{finished.folder}/results/small/coolers/a.mcool::/resolutions/{resolution}"
        kept = np.isfinite(cooler.Cooler(uri).bins()["weight"][:].to_numpy())
        balanced = cooler.Cooler(uri).matrix(balance="weight")[:]
        assert kept.sum() > 0.8 * len(kept)
        np.testing.assert_allclose(np.nansum(balanced, axis=1)[kept], 1, atol=1e-6)


# --- docs/reprocessing.md: what runs again when what changes ----------------------------------


def rows() -> list[tuple[str, str, dict[str, int]]]:
    """Return the change, the example and the number of jobs per rule of each row."""
    page = (REPOSITORY / "docs" / "reprocessing.md").read_text(encoding="utf-8")
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


def other_map(cohort: Cohort, name: str) -> dict[str, int]:
    path = cohort.folder / f"{name}.cool"
    before, status = path.read_bytes(), path.stat()
    write_map(path, 11)
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
    "an input touched, up to 1 MB": lambda cohort: with_touch(cohort, cohort.folder / "a.cool"),
    # The limit is set below the size of this map, instead of using a map above the limit.
    "an input touched, above 1 MB": lambda cohort: with_touch(
        cohort, cohort.folder / "a.cool", "--max-checksum-file-size 1000"
    ),
    "threads, memory, cores": lambda cohort: cohort.planned(
        words="--set-threads balance=1 --set-resources balance:mem_mb=900 --cores 1"
    ),
    "the package's version": lambda cohort: with_edit(
        cohort, f"{PACKAGE}/_version.py", f'"{cp.__version__}"', '"99.0.0"'
    ),
    "the revision of a method": lambda cohort: with_edit(
        cohort, f"{PACKAGE}/methods/kde.py", "step=_step,\n", "step=_step,\n        revision=99,\n"
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


# --- an experiment next to its cohort ---------------------------------------------------------

OVERLAY = """# @package _global_
defaults:
  - override /mask: none
  - _self_
methods:
  ice: {tolerance: 1e-3}
"""


def test_an_experiment_leaves_its_cohort_alone(tmp_path: Path) -> None:
    from mlflow import MlflowClient

    cohort = Cohort(tmp_path)
    cohort.write_sheet("a")
    (tmp_path / "conf" / "experiment").mkdir()
    (tmp_path / "conf" / "experiment" / "loose.yaml").write_text(OVERLAY)
    small = ("tracking=sqlite", "resolutions=[1000]", "~methods.kde")
    cohort.run(overrides=small)
    before = cohort.files()
    assert cohort.planned(*small, experiment="loose") == {
        "mask": 1, "balance": 2, "plot": 2, "export": 1, "report": 1, "track": 1,
    }  # fmt: skip

    cohort.run(overrides=small, experiment="loose")
    after = cohort.files()
    assert {path: after[path] for path in before} == before
    assert cohort.planned(*small) == {}
    assert cohort.planned(*small, experiment="loose") == {}
    base = "results/small"
    new_paths = {
        path.removeprefix(f"{base}/experiments/loose/") for path in set(after) - set(before)
    }
    assert new_paths == {
        path.removeprefix(f"{base}/")
        for path in before
        if not re.match(rf"{base}/(inputs|triples|\w+/(inspect|ingest))/", path)
    }

    for folder, name, mask, tolerance in (
        (base, "base", 10, 1e-5),
        (f"{base}/experiments/loose", "loose", 0, 1e-3),
    ):
        verdict = json.loads((tmp_path / folder / "weights/a/1000/ice/verdict.json").read_text())
        assert verdict["mask"]["settings"]["min_nnz"] == mask
        assert verdict["settings"]["tolerance"] == tolerance
        summary = pd.read_csv(tmp_path / folder / "summary.tsv", sep="\t")
        assert list(summary["experiment"]) == [name, name]
    assert "<h1>small · loose</h1>" in (tmp_path / folder / "report.html").read_text()

    client = MlflowClient(f"sqlite:///{tmp_path}/results/mlflow.db")
    experiment = client.get_experiment_by_name("small")
    runs = client.search_runs([experiment.experiment_id])
    assert {run.info.run_name for run in runs} == {
        "a 1 kb ice", "a 1 kb kr", "a 1 kb ice · loose", "a 1 kb kr · loose",
    }  # fmt: skip
    assert len(runs) == 4
    assert {run.data.tags["counterpoise.current"] for run in runs} == {"true"}
    assert sorted(run.data.tags["experiment"] for run in runs) == ["base"] * 2 + ["loose"] * 2


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
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("results/small/weights/*/*/*/verdict.json")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "results/small/report.html").exists()
    cohort.run("--unlock")
    cohort.run()
    assert cohort.digests() == finished.digests()
    assert len(cohort.digests()) > 40


def test_a_method_that_stops_does_not_stop_the_others(tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    failing = ("methods.ice.max_iterations=1", "methods.ice.on_failure=stop")
    done = subprocess.run(
        cohort.command(overrides=failing), cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode != 0
    assert "counterpoise: ice (not_converged)" in done.stdout + done.stderr
    verdicts = list(tmp_path.glob("results/small/weights/*/*/kr/verdict.json"))
    assert len(verdicts) == 4
    assert not list(tmp_path.glob("results/small/weights/*/*/ice/*"))


def test_a_broken_input_is_named(tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    (tmp_path / "b.cool").write_text("no cooler at all")
    done = subprocess.run(
        cohort.command(), cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode != 0
    assert "b.cool: is not an HDF5 file" in done.stdout + done.stderr
    assert (tmp_path / "results/small/coolers/a.mcool").is_file()


def test_an_unknown_sample_is_named(finished: Cohort) -> None:
    for target in ("coolers/c.mcool", "weights/c/1000/kr/verdict.json"):
        command = finished.command("-n", f"results/small/{target}")
        done = subprocess.run(
            command, cwd=finished.folder, capture_output=True, text=True, timeout=60
        )
        assert done.returncode != 0
        assert "the cohort small has no sample 'c'" in done.stdout + done.stderr


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
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "methods.kr.tolerence" in done.stderr
    assert "Did you mean tolerance?" in done.stderr
    assert "Traceback" not in done.stderr


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
            timeout=300,
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
