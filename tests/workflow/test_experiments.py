"""An experiment next to its cohort."""

from __future__ import annotations

import json
import re
import subprocess
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


FAILING = """# @package _global_
methods:
  kr: {max_products: 1, on_failure: stop}
mask: {min_nnz: 20}
"""


def read_differences(cohort: Cohort, experiment: str) -> pd.DataFrame:
    folder = cohort.folder / "results" / "small" / "experiments" / experiment
    return pd.read_csv(folder / "differences.tsv", sep="\t").set_index("method")


@pytest.mark.long
def test_an_experiment_is_compared_with_its_cohort(tmp_path: Path) -> None:
    """Also again when the cohort's results change, and if a job of the experiment failed."""
    cohort = Cohort(tmp_path)
    cohort.write_sheet("a")
    (tmp_path / "conf" / "experiment").mkdir()
    (tmp_path / "conf" / "experiment" / "failing.yaml").write_text(FAILING)
    small = ("resolutions=[1000]", "~methods.kde")
    cohort.run(overrides=small)
    output = cohort.run(overrides=small, experiment="strict_mask")
    assert "In B, mask.mad_max is 3 instead of 5 and mask.min_nnz is 20 instead of 10." in output
    page = tmp_path / "results/small/experiments/strict_mask/differences.html"
    assert f"Differences: {page.relative_to(tmp_path)}" in output
    assert "small · strict_mask" in page.read_text()
    table = read_differences(cohort, "strict_mask")
    assert list(table["fitness_a"].notna()) == [True, True]
    verdicts = {
        name: json.loads(
            (tmp_path / f"results/small/weights/a/1000/{name}/verdict.json").read_text()
        )
        for name in ("ice", "kr")
    }
    assert {name: table["seconds_a"][name] for name in verdicts} == {
        name: verdict["run"]["seconds"] for name, verdict in verdicts.items()
    }
    assert cohort.planned(*small, experiment="strict_mask") == {}

    cohort.run(overrides=(*small, "methods.ice.tolerance=1e-3"))
    assert cohort.planned(*small, experiment="strict_mask") == {"differences": 1}
    output = cohort.run(overrides=small, experiment="strict_mask")
    assert "methods.ice.tolerance is 1e-05 instead of 0.001" in output

    command = cohort.command("--keep-going", overrides=small, experiment="failing")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    table = read_differences(cohort, "failing")
    assert dict(table["difference"]) == {"kr": "only_a", "ice": "changed"}
    assert table["note"]["kr"].startswith("balance")


@pytest.mark.long
def test_an_experiment_leaves_its_cohort_alone(tmp_path: Path) -> None:
    from mlflow import MlflowClient

    cohort = Cohort(tmp_path)
    cohort.write_sheet("a")
    (tmp_path / "conf" / "experiment").mkdir()
    (tmp_path / "conf" / "experiment" / "loose.yaml").write_text(OVERLAY)
    small = ("tracking=sqlite", "resolutions=[1000]", "~methods.kde")
    alone = cohort.run("-n", overrides=small, experiment="loose")
    assert "so no differences are written. Run the workflow with cohort=small" in alone
    assert "differences.html" not in alone
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
    differences = {"differences.html", "differences.tsv"}
    differences |= {"logs/differences.log", "benchmarks/differences.tsv"}
    assert differences < new_paths
    new_paths -= differences
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
    kept = client.search_runs([experiment.experiment_id], "tags.kind = 'cohort'")
    assert {run.info.run_name for run in kept} == {"small", "small · loose"}
    runs = client.search_runs([experiment.experiment_id], "tags.kind = 'run'")
    assert {run.info.run_name for run in runs} == {
        "a 1 kb ice", "a 1 kb kr", "a 1 kb ice · loose", "a 1 kb kr · loose",
    }  # fmt: skip
    assert len(runs) == 4
    assert {run.data.tags["counterpoise.current"] for run in runs} == {"true"}
    assert sorted(run.data.tags["experiment"] for run in runs) == ["base"] * 2 + ["loose"] * 2
