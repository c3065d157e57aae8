"""The method of docs/contributing/adding.md goes through the whole workflow as one new file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from tests.support import REPOSITORY
from tests.support.cohort import Cohort, copy_workflow

NAME = "coverage_cube_root"
PAGE = REPOSITORY / "docs/contributing/adding.md"
METHOD = PAGE.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
COHORT = """\
# @package _global_
defaults:
  - /method@methods.coverage_cube_root: coverage_cube_root
  - /method@methods.all: coverage_cube_root
  - _self_
cohort: small
resolutions: [1000]
primary: coverage_cube_root
sample_sheet: samples.tsv
methods:
  all: {scope: genome}
"""


pytestmark = pytest.mark.workflow


@dataclass(frozen=True)
class FinishedRun:
    """A cohort and what its run printed."""

    cohort: Cohort
    output: str

    @property
    def results(self) -> Path:
        return self.cohort.folder / "results" / "small"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """A cohort of two samples, run with tracking by a copy of the workflow."""
    workflow = copy_workflow(tmp_path_factory.mktemp("workflow") / "copy")
    package = workflow / "workflow" / "counterpoise"
    (package / "methods" / f"{NAME}.py").write_text(METHOD)
    cohort = Cohort(tmp_path_factory.mktemp("cohort"), workflow)
    (cohort.folder / "conf" / "cohort" / "small.yaml").write_text(COHORT)
    return FinishedRun(cohort, cohort.run(overrides=("tracking.enabled=true", "qc.plots=all")))


def test_balanced_and_drawn(run: FinishedRun) -> None:
    for sample in "ab":
        for entry in (NAME, "all"):
            files = run.results / "weights" / sample / "1000" / entry
            verdict = json.loads((files / "verdict.json").read_text())
            assert (verdict["status"], verdict["method"]) == ("computed", NAME)
            assert pd.read_parquet(files / "weights.parquet").weight.notna().any()
            assert (run.results / "qc" / sample / "1000" / f"{entry}.png").stat().st_size


def test_exported_with_its_column(run: FinishedRun) -> None:
    with h5py.File(run.results / "coolers" / "a.mcool") as file:
        bins = file["resolutions/1000/bins"]
        column = bins["COVERAGE_CUBE_ROOT"]
        np.testing.assert_array_equal(column[:], bins["weight"][:])
        assert column.attrs["method"] == NAME
        assert not column.attrs["divisive_weights"]
        assert "GW_ALL" in bins
        assert "COVERAGE_CUBE_ROOT_se" in bins


def test_reported(run: FinishedRun) -> None:
    summary = pd.read_csv(run.results / "summary.tsv", sep="\t")
    assert set(summary.method) == {NAME, "all"}
    assert set(summary.status) == {"computed"}
    assert NAME in (run.results / "report.html").read_text(encoding="utf-8")


def test_tracked(run: FinishedRun) -> None:
    record = json.loads((run.results / "tracking.json").read_text())
    assert len(record["runs"]) == 4


def test_hydra_warns_of_nothing(run: FinishedRun) -> None:
    assert "hydra.cc" not in run.output


def test_nothing_runs_again(run: FinishedRun) -> None:
    assert not run.cohort.planned("tracking.enabled=true", "qc.plots=all")


def test_the_file_alone_was_added(run: FinishedRun) -> None:
    """No other file was added, and ``METHOD`` fits on a screen."""
    assert not (run.cohort.workflow / "conf" / "method" / f"{NAME}.yaml").exists()
    assert len(METHOD.splitlines()) < 40
