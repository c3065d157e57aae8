"""One small run of the real workflow, from a cooler to the report, in the default tier."""

from __future__ import annotations

import json
from pathlib import Path

import cooler
import numpy as np
import pandas as pd

from tests.support.cohort import Cohort

RESULTS = """
inputs/a.json
inputs/states/a.json
triples/a/2000/pixels.parquet
triples/a/2000/bins.parquet
triples/a/2000/source.json
masks/a/2000.parquet
weights/a/2000/ice/weights.parquet
weights/a/2000/ice/trace.parquet
weights/a/2000/ice/verdict.json
weights/a/2000/kr/weights.parquet
weights/a/2000/kr/trace.parquet
weights/a/2000/kr/verdict.json
qc/a/2000/kr.png
coolers/a.mcool
samples.tsv
summary.tsv
report.html
multiqc/general_mqc.json
multiqc/decay_mqc.json
multiqc/masked_mqc.json
multiqc/fitness_mqc.json
tracking.json
"""


def test_one_sample_with_two_methods(tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    cohort.write_sheet("a")
    cohort.run(overrides=("resolutions=[2000]", "~methods.kde"))

    base = tmp_path / "results" / "small"
    logs = {path for folder in ("logs", "benchmarks") for path in (base / folder).rglob("*")}
    files = {path for path in base.rglob("*") if path.is_file()} - logs
    assert sorted(str(path.relative_to(base)) for path in files) == sorted(RESULTS.split())
    for method in ("ice", "kr"):
        verdict = json.loads((base / f"weights/a/2000/{method}/verdict.json").read_text())
        assert verdict["status"] == "converged"
    summary = pd.read_csv(base / "summary.tsv", sep="\t")
    assert list(summary["method"]) == ["ice", "kr"]
    balanced = cooler.Cooler(f"{base}/coolers/a.mcool::/resolutions/2000")
    assert {"weight", "KR", "GW_ICE"} & set(balanced.bins().columns) >= {"weight", "GW_ICE"}
    row_sums = np.nansum(balanced.matrix(balance="weight")[:], axis=1)
    np.testing.assert_allclose(row_sums[row_sums > 0], 1, atol=1e-6)


def test_the_snakefile_of_the_catalog_plans_the_same(tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    planned = cohort.planned()
    assert planned["balance"] == 12
    snakefile = str(cohort.workflow / "workflow" / "Snakefile")
    assert cohort.planned(words=f"-s {snakefile}") == {**planned, "default": 1}
