"""An experiment next to its cohort."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from tests.support.cohort import Cohort

pytestmark = pytest.mark.workflow

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
        "mask": 1, "balance": 2, "plot": 1, "export": 1, "report": 1, "differences": 1, "track": 1,
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
