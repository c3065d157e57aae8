"""Copy numbers in the workflow: coolers follow them, and a changed table balances again."""

from __future__ import annotations

import json
from pathlib import Path

import cooler
import h5py
import numpy as np
import pandas as pd
import pytest

from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import RunKey
from counterpoise.tracking.values import read_values
from tests.support.cohort import Cohort

pytestmark = pytest.mark.workflow

SEGMENTS = "chr1\t0\t25000\t2\nchr2\t0\t10000\t2\nchr2\t10000\t15000\t8\n"
SETTINGS = ("~methods.kde", "~methods.ice", "resolutions=[1000]")


def test_coolers_follow_the_copy_numbers_of_their_cells(tmp_path: Path) -> None:
    """The sample a has a table of its own, b none."""
    cohort = Cohort(tmp_path)
    (tmp_path / "tumour.bed").write_text(SEGMENTS)
    (tmp_path / "samples.tsv").write_text(
        "sample\tpath\tcopy_number\na\ta.cool\ttumour.bed\nb\tb.cool\n"
    )
    cohort.run(overrides=SETTINGS)
    expected = np.repeat([2.0, 2.0, 8.0], [25, 10, 5])
    for sample, target in (("a", expected), ("b", np.ones(40))):
        uri = f"{tmp_path}/results/small/coolers/{sample}.mcool::/resolutions/1000"
        balanced = cooler.Cooler(uri).matrix(balance="weight")[:]
        kept = np.isfinite(cooler.Cooler(uri).bins()["weight"][:].to_numpy())
        assert kept.mean() > 0.8
        sums = np.nansum(balanced, axis=1)[kept]
        np.testing.assert_allclose(sums, target[kept] / target[kept].mean(), rtol=1e-6)
    with h5py.File(tmp_path / "results/small/coolers/a.mcool") as file:
        attributes = file["resolutions/1000/bins/GW_KR"].attrs
        assert attributes["copy_number"] == "tumour.bed"
    paths = ResultPaths("small", str(tmp_path / "results"))
    summary = pd.read_csv(paths.summary, sep="\t").set_index("sample")
    assert summary["copy_number"].fillna("").to_dict() == {"a": "tumour.bed", "b": ""}
    assert "copy numbers in tumour.bed (2 to 8)" in Path(paths.report).read_text()
    tags = [
        read_values(paths, RunKey(sample, 1000, "kr"), ("good", "")).tags.get("copy_number")
        for sample in "ab"
    ]
    assert tags == ["tumour.bed", None]
    verdict = json.loads(Path(paths.run_files("b", 1000, "kr").verdict).read_text())
    assert "copy_number" not in verdict

    assert cohort.planned(*SETTINGS) == {}
    (tmp_path / "tumour.bed").write_text(SEGMENTS.replace("\t8\n", "\t6\n"))
    planned = cohort.planned(*SETTINGS)
    assert planned["balance"] == 1
    assert not {"inspect", "ingest", "mask"} & set(planned)
