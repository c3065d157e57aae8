"""Levels that are read and levels that are summed: what a damaged or an added one costs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import cooler
import h5py
import pandas as pd
import pytest

from tests.support.cohort import Cohort

pytestmark = pytest.mark.workflow

ONE_METHOD = ("~methods.kde", "~methods.ice")


def spoil(path: Path, group: str) -> None:
    with h5py.File(path, "r+") as file:
        file[f"{group}/pixels/count"][5] = -1


def test_a_damaged_level_costs_itself_and_what_is_summed_from_it(tmp_path: Path) -> None:
    """The file of a has one level; that of b has two, and the good one is read."""
    cohort = Cohort(tmp_path)
    levels = tmp_path / "levels.mcool"
    cooler.zoomify_cooler(str(tmp_path / "b.cool"), str(levels), [1000, 2000], 10**6)
    levels.rename(tmp_path / "b.cool")
    spoil(tmp_path / "a.cool", "/")
    spoil(tmp_path / "b.cool", "/resolutions/1000")
    command = cohort.command(overrides=ONE_METHOD)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    table = pd.read_csv(tmp_path / "results/small/summary.tsv", sep="\t")
    table = table.set_index(["sample", "resolution"])
    reasons = table["reason"].to_dict()
    assert table.loc[("b", 2000), "status"] == "converged"
    assert reasons["a", 1000].startswith("ingest: a.cool: ")
    assert reasons["a", 2000] == reasons["a", 1000].replace("ingest:", "ingest at 1 kb:")
    assert reasons["b", 1000].startswith("ingest: b.cool: ")


def test_a_plan_with_missing_levels_can_be_refused(tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    missing = ("resolutions=[500,2000]", "missing_levels=stop")
    for words in (("-n",), ()):
        command = cohort.command(*words, overrides=(*ONE_METHOD, *missing))
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode != 0
        for name in "ab":
            assert f"  {name} at 500 bp: no 500 bp level in {name}.cool" in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "results").exists()


def test_a_job_of_a_cluster_opens_no_file_of_another_sample(tmp_path: Path) -> None:
    """With ``resolutions: all``, a process that opens the file of b cannot plan."""
    cohort = Cohort(tmp_path)
    (tmp_path / "b.cool").write_text("no cooler at all")
    everything = (*ONE_METHOD, "resolutions=all")
    job = ("--mode", "remote", "--target-jobs", "inspect:sample=a", "--force", "-n")
    assert "a: looking into the input" in cohort.run(*job, overrides=everything)
    command = cohort.command("-n", overrides=everything)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "the levels of sample b are not known" in done.stderr


@pytest.mark.long
def test_a_finer_resolution_that_comes_or_goes_makes_no_other_map_again(tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    both, coarse = (*ONE_METHOD, "resolutions=[1000,2000]"), (*ONE_METHOD, "resolutions=[2000]")
    source = tmp_path / "results/small/triples/a/2000/source.json"
    cohort.run(overrides=coarse)
    assert json.loads(source.read_text())["group"] == "/"
    planned = cohort.planned(*both)
    assert planned == {**planned, "ingest": 2, "mask": 2, "balance": 2}
    cohort.run("--forcerun", "ingest", "--until", "ingest", overrides=both)
    assert json.loads(source.read_text())["group"] == "/"
    source.unlink()
    cohort.run(overrides=both)
    assert json.loads(source.read_text())["coarsened_from"] == 1000
    assert json.loads(source.read_text())["group"] is None
    assert not {"ingest", "mask", "balance"} & set(cohort.planned(*coarse))
    assert cohort.planned(*both) == {}
