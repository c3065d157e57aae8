"""A cohort whose groups share their masks, read back from cooler."""

from __future__ import annotations

import subprocess
from pathlib import Path

import cooler
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.support.cohort import COHORT, Cohort
from tests.support.maps import write_map

pytestmark = pytest.mark.workflow

# Each sample, its group, and its bin at 1 kb that has few contacts.
SAMPLES = {"a": ("one", 3), "b": ("one", 20), "c": ("two", 5), "d": ("two", 5), "e": ("two", 9)}


def weaken(path: Path, number: int) -> None:
    """Leave a bin the contacts with three others only."""
    source = cooler.Cooler(str(path))
    bins, pixels = source.bins()[:][["chrom", "start", "end"]], source.pixels()[:]
    first, second = pixels["bin1_id"], pixels["bin2_id"]
    touches = (first == number) | (second == number)
    few = (first - second).abs().isin([2, 3])
    cooler.create_cooler(str(path), bins, pixels[~touches | few])


@pytest.fixture
def cohort(tmp_path: Path) -> Cohort:
    cohort = Cohort(tmp_path)
    text = COHORT.replace("  - /method@methods.ice: ice\n  - /method@methods.kr: kr\n", "")
    text = text.replace("  - /method@methods.kde: kde\n", "  - /method@methods.kr: kr\n")
    text += "mask: {shared: 0.6, mad_max: 0, min_nnz: 8}\n"
    text = text.replace("[1000, 2000]", "[1000]")
    (tmp_path / "conf" / "cohort" / "small.yaml").write_text(text)
    rows = ["sample\tpath\tcondition\n"]
    for seed, (name, (group, number)) in enumerate(SAMPLES.items()):
        write_map(tmp_path / f"{name}.cool", seed)
        weaken(tmp_path / f"{name}.cool", number)
        rows.append(f"{name}\t{name}.cool\t{group}\n")
    (tmp_path / "samples.tsv").write_text("".join(rows))
    return cohort


def leave_three_samples(cohort: Cohort) -> None:
    """Shorten the sheet to a and b of the first group and c of the second."""
    sheet = cohort.folder / "samples.tsv"
    sheet.write_text("".join(sheet.read_text().splitlines(keepends=True)[:4]))


def masked_bins(folder: Path, sample: str) -> list[int]:
    """Return the bins at 1 kb without a weight, as cooler reads it."""
    uri = f"{folder}/results/small/coolers/{sample}.mcool::/resolutions/1000"
    weights = cooler.Cooler(uri).bins()["weight"][:].to_numpy()
    return np.flatnonzero(np.isnan(weights)).tolist()


def test_samples_of_a_group_have_the_same_bins(cohort: Cohort) -> None:
    cohort.run()
    # In a group of two, 0.6 asks for both samples; in one of three, for two.
    expected = {"a": [3, 20], "b": [3, 20], "c": [5], "d": [5], "e": [5]}
    assert {name: masked_bins(cohort.folder, name) for name in SAMPLES} == expected
    results = cohort.folder / "results" / "small"
    mask = pq.read_table(results / "masks" / "a" / "1000.parquet")["reason"].to_pylist()
    assert mask[3] == "min_nnz"
    assert mask[20] == "shared"
    costs = pd.read_csv(results / "shared_masks" / "two" / "1000.tsv", sep="\t")
    assert costs.set_index("sample")["removed_with_others"].to_dict() == {"c": 1, "d": 1, "e": 0}
    assert costs.set_index("sample")["regained"].to_dict() == {"c": 0, "d": 0, "e": 1}
    summary = pd.read_csv(results / "summary.tsv", sep="\t")
    assert set(summary["status"]) == {"converged"}
    assert '<th class="n">shared</th>' in (results / "report.html").read_text(encoding="utf-8")
    assert cohort.planned() == {}
    again = cohort.planned("mask.shared=union")
    assert "mask" not in again
    assert again["shared_mask"] == 2
    assert again["final_mask"] == 5


def test_a_sample_of_another_assembly_is_named(cohort: Cohort) -> None:
    leave_three_samples(cohort)
    bins = cooler.binnify(pd.Series({"chr1": 25_000, "chr3": 15_000}), 1000)
    pixels = cooler.Cooler(str(cohort.folder / "b.cool")).pixels()[:]
    cooler.create_cooler(str(cohort.folder / "b.cool"), bins, pixels)
    done = subprocess.run(cohort.command(), cwd=cohort.folder, capture_output=True, text=True)
    assert done.returncode != 0
    assert "sample b has other bins than a" in done.stdout + done.stderr
    table = pd.read_csv(cohort.folder / "results/small/summary.tsv", sep="\t")
    statuses = table.groupby("sample")["status"].unique().str.join(" ").to_dict()
    assert statuses == {"a": "missing", "b": "missing", "c": "converged"}
    reason = table.set_index(["sample", "resolution"]).loc[("a", 1000), "reason"]
    assert reason.startswith("shared_mask: ")
    assert "sample b has other bins than a" in reason


def test_a_sample_that_fails_is_named_by_its_group(cohort: Cohort) -> None:
    leave_three_samples(cohort)
    (cohort.folder / "b.cool").write_text("no cooler at all")
    done = subprocess.run(cohort.command(), cwd=cohort.folder, capture_output=True, text=True)
    assert done.returncode != 0
    table = pd.read_csv(cohort.folder / "results/small/summary.tsv", sep="\t")
    reasons = table.set_index(["sample", "resolution"])["reason"].to_dict()
    assert reasons["a", 1000].startswith("shared_mask: waits for b, which failed; ")
    assert reasons["b", 1000].startswith("inspect: b.cool")
    assert table.set_index("sample").loc["c", "status"] == "converged"
