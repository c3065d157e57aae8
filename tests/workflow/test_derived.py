"""Chosen chromosomes, a merged sample and thinning, run by the workflow and read with cooler."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import cooler
import h5py
import numpy as np
import pandas as pd
import pytest

from tests.support.cohort import Cohort

pytestmark = pytest.mark.workflow

ONE_METHOD = ("~methods.kde", "~methods.ice")
DERIVED = (
    *ONE_METHOD,
    "chromosomes.order=[chr2]",
    "+merge.both=[a,b]",
    "thin.least_of=cohort",
)


def read_source(folder: Path, part: str, sample: str, resolution: int) -> dict[str, object]:
    path = folder / f"results/small/{part}/{sample}/{resolution}/source.json"
    return dict(json.loads(path.read_text()))


def level(path: Path, resolution: int) -> tuple[cooler.Cooler, np.ndarray]:
    clr = cooler.Cooler(f"{path}::/resolutions/{resolution}")
    return clr, clr.matrix(balance=False, as_pixels=False)[:]


@pytest.mark.long
def test_all_of_it_end_to_end(tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    jobs = {"find_least": 1, "thin": 6, "merge": 1, "ingest": 2, "inspect": 2, "balance": 6}
    assert cohort.planned(*DERIVED).items() >= jobs.items()
    cohort.run(overrides=DERIVED)
    whole = {name: read_source(tmp_path, "whole", name, 1000) for name in ("a", "b", "both")}
    contacts = {name: int(str(source["contacts"])) for name, source in whole.items()}
    assert contacts["both"] == contacts["a"] + contacts["b"]
    least = json.loads((tmp_path / "results/small/least/all.json").read_text())
    fewest = min(contacts.values())
    assert (least["contacts"], least["samples"]) == (fewest, contacts)
    originals = {
        name: cooler.Cooler(str(tmp_path / f"{name}.cool")).matrix(balance=False)[:]
        for name in "ab"
    }
    order = [*range(25, 40), *range(25)]
    maps = {name: matrix[order][:, order] for name, matrix in originals.items()}
    maps["both"] = maps["a"] + maps["b"]
    for name, before in maps.items():
        path = tmp_path / f"results/small/coolers/{name}.mcool"
        clr, after = level(path, 1000)
        assert clr.chromnames == ["chr2", "chr1"]
        assert np.triu(after).sum() == fewest
        assert (after <= before).all()
        assert clr.bins()["weight"][:].notna().any()
        coarse, sums = level(path, 2000)
        first = [*np.repeat(range(8), 2)[:15], *(8 + np.repeat(range(13), 2)[:25])]
        expected = np.zeros((21, 21))
        i, j = np.nonzero(np.triu(after))
        np.add.at(expected, (np.array(first)[i], np.array(first)[j]), after[i, j])
        np.testing.assert_array_equal(np.triu(sums), expected)
        assert len(coarse.bins()[:]) == 21
    # The sample with the fewest contacts keeps all of them.
    least_name = min(contacts, key=lambda name: contacts[name])
    _, unchanged = level(tmp_path / f"results/small/coolers/{least_name}.mcool", 1000)
    np.testing.assert_array_equal(unchanged, maps[least_name])
    summary = pd.read_csv(tmp_path / "results/small/summary.tsv", sep="\t")
    assert set(summary["contacts"]) == {fewest}
    assert set(summary["sample"]) == set(maps)
    assert summary.set_index("sample")["source"]["both"].tolist() == ["merge of a, b"] * 2
    assert cohort.planned(*DERIVED) == {}

    # Again, from nothing: the same bytes.
    first_run = cohort.digests()
    shutil.rmtree(tmp_path / "results")
    cohort.run("--until", "thin", overrides=DERIVED)
    again = cohort.digests()
    assert again
    assert again.items() <= first_run.items()


def test_only_what_depends_on_a_setting_runs_again(tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    cohort.run("--until", "mask", overrides=ONE_METHOD)
    merged = (*ONE_METHOD, "+merge.both=[a,b]")
    planned = cohort.planned(*merged)
    assert planned == {**planned, "merge": 2, "mask": 2, "balance": 6, "export": 3}
    assert not {"inspect", "ingest"} & set(planned)
    thinned = cohort.planned(*ONE_METHOD, "thin.fraction=0.5")
    assert thinned == {**thinned, "ingest": 2, "thin": 4, "mask": 4, "balance": 4}
    assert "find_least" not in thinned
    cohort.run("--until", "mask", overrides=(*ONE_METHOD, "thin.fraction=0.5"))
    other_seed = cohort.planned(*ONE_METHOD, "thin.fraction=0.5", "thin.seed=1")
    assert other_seed == {**other_seed, "thin": 4, "mask": 4, "balance": 4}
    assert not {"inspect", "ingest"} & set(other_seed)
    without = cohort.planned(*ONE_METHOD)
    assert without == {**without, "ingest": 4, "mask": 4}
    assert "thin" not in without


def test_a_damaged_member_is_named_in_the_row_of_the_merged_sample(tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    with h5py.File(tmp_path / "b.cool", "r+") as file:
        file["pixels/count"][5] = -1
    overrides = (*ONE_METHOD, "+merge.both=[a,b]", "merge_members=only_merge", "resolutions=[1000]")
    command = cohort.command(overrides=overrides)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    [row] = pd.read_csv(tmp_path / "results/small/summary.tsv", sep="\t").to_dict("records")
    assert row["sample"] == "both"
    assert row["reason"].startswith("ingest of b: b.cool: ")
