"""`counterpoise check`: every column of a file, level by level."""

from __future__ import annotations

import json
from pathlib import Path

import cooler
import h5py
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

import counterpoise as cp
from counterpoise.cli.main import group, main
from counterpoise.contacts.contact_map import Contacts
from tests.support.coolers import bin_column, write_cool, write_genome
from tests.support.maps import genome_map


def check(*arguments: str) -> Result:
    return CliRunner().invoke(group, ["check", *arguments])


def write_mcool(path: Path, levels: dict[int, Contacts], **columns: dict[int, np.ndarray]) -> None:
    """Write maps as levels of one file, each with the columns that name its resolution."""
    with h5py.File(path, "w") as file:
        file.attrs.update({"format": "HDF5::MCOOL", "format-version": 2})
        for resolution, contacts in levels.items():
            part = path.with_suffix(f".{resolution}.cool")
            pixels = contacts.rows, contacts.columns.astype(np.int32), contacts.counts
            extra = {name: by_size[resolution] for name, by_size in columns.items()}
            write_cool(part, contacts.bins, pixels, **extra)
            with h5py.File(part) as source:
                source.copy("/", file, f"resolutions/{resolution}")
                file[f"resolutions/{resolution}"].attrs.update(source.attrs)


@pytest.fixture
def levels() -> dict[int, Contacts]:
    fine = genome_map({"chr1": 90, "chr2": 60}, 5)
    return {1000: fine}


def test_a_sound_file(tmp_path: Path, levels: dict[int, Contacts]) -> None:
    path = tmp_path / "map.mcool"
    write_mcool(path, levels, weight={1000: cp.balance(levels[1000], "ice").weights})
    result = check(str(path))
    assert result.exit_code == 0, result.output
    assert f"{path}::/resolutions/1000: 150 bins of 1 kb" in result.output
    assert "weight  balanced, multiplicative, all contacts, without 2 diagonals" in result.output
    assert "100 % of the bins with contacts" in result.output


def test_a_column_that_programs_misread(tmp_path: Path, levels: dict[int, Contacts]) -> None:
    weights = cp.balance(levels[1000], "kr").weights
    path = tmp_path / "old.cool"
    contacts = levels[1000]
    pixels = contacts.rows, contacts.columns.astype(np.int32), contacts.counts
    # As hic2cool wrote KR before version 0.5.
    write_cool(path, contacts.bins, pixels, KR=weights, gc=np.linspace(0.1, 0.9, 150))
    result = check(str(path))
    assert result.exit_code == 1
    assert "KR  balanced, multiplicative, each chromosome" in result.output
    assert "! cooler divides by it, which is wrong" in result.output
    assert "gc" not in result.output
    record = json.loads(check(str(path), "--json").output)
    (column,) = record["levels"][0]["columns"]
    assert (column["name"], column["convention"], column["scope"]) == (
        "KR",
        "multiplicative",
        "cis",
    )
    assert column["deviation"] < 1e-6
    assert len(column["faults"]) == 3


def test_levels_that_do_not_belong_together(tmp_path: Path) -> None:
    fine, coarse = genome_map({"chr1": 120, "chr2": 80}, 5), None
    write_mcool(tmp_path / "fine.mcool", {1000: fine})
    uri = f"{tmp_path / 'fine.mcool'}::/resolutions/1000"
    coarse = cp.read_contacts(uri, 2000)
    weights = {
        1000: cp.balance(fine, "kr").weights,
        2000: cp.balance(coarse, "kr").weights,
    }
    path = tmp_path / "map.mcool"
    write_mcool(path, {1000: fine, 2000: coarse}, weight=weights)
    assert check(str(path)).exit_code == 0
    other = {**weights, 2000: 1 / weights[2000]}
    write_mcool(path, {1000: fine, 2000: coarse}, weight=other)
    result = check(str(path))
    assert result.exit_code == 1
    assert "have different conventions (divisive, multiplicative)" in result.output
    scopes = {**weights, 2000: cp.balance(coarse, "kr", scope="genome").weights}
    write_mcool(path, {1000: fine, 2000: coarse}, weight=scopes)
    assert "balance different contacts (genome, cis)" in check(str(path)).output
    with h5py.File(path, "a") as file:
        del file["resolutions/2000/bins/weight"]
    assert f"weight: not in {path}::/resolutions/2000." in check(str(path)).output


def test_no_columns_and_no_file(
    tmp_path: Path, levels: dict[int, Contacts], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "map.mcool"
    write_mcool(path, levels)
    result = check(str(path))
    assert (result.exit_code, "no column of weights" in result.output) == (0, True)
    with pytest.raises(SystemExit) as ended:
        main(["check", str(tmp_path / "none.cool")])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("counterpoise: ")


@pytest.mark.peers
def test_vectors_of_a_hic_file(shared_data: Path) -> None:
    result = check(str(shared_data / "GSE63525_HMEC_combined_example.hic"))
    assert result.exit_code == 0, result.output
    assert "GW_SCALE  balanced, divisive, all contacts" in result.output
    assert "VC_SQRT   square root of coverage, divisive, each chromosome" in result.output


@pytest.mark.peers
def test_files_of_old_and_new_hic2cool(shared_data: Path) -> None:
    old = check(str(shared_data / "hic2cool_0.4.2_single_res.cool"))
    assert "KR       balanced, multiplicative" in old.output
    assert "! cooler divides by it, which is wrong" in old.output
    new = check(str(shared_data / "hic2cool_0.7.0_multi_res.mcool"))
    assert "KR       balanced, divisive" in new.output


def test_bins_of_unequal_length(tmp_path: Path) -> None:
    bins = pd.DataFrame({"chrom": "c", "start": [0, 10, 25], "end": [10, 25, 30]})
    pixels = pd.DataFrame({"bin1_id": [0], "bin2_id": [1], "count": [3]})
    path = str(tmp_path / "map.cool")
    cooler.create_cooler(path, bins, pixels)
    assert f"{path}: 3 bins of unequal length" in check(path).output


def test_regions_that_were_balanced_separately(tmp_path: Path) -> None:
    """Their record goes with the column: from the file that was written to the adopted weight."""
    path, text = write_genome(tmp_path / "map.cool"), tmp_path / "map.txt"
    (tmp_path / "regions.bed").write_text("chr1\t0\t30000\nchr1\t30000\t55000\nchr3\t0\t39000\n")
    mask = {"regions": str(tmp_path / "regions.bed"), "separate_regions": True, "min_nnz": 0}
    cp.balance(path, "kr", mask=mask).to_cooler(path)
    result = check(str(path))
    assert result.exit_code == 0, result.output
    assert "KR  balanced, divisive, each of 3 regions, row sums vary by less than" in result.output
    runner = CliRunner()
    assert runner.invoke(group, ["adopt", str(path), "KR", "--in-place"]).exit_code == 0
    assert "weight  balanced, multiplicative, each of 3 regions" in check(str(path)).output
    # A KR column is on Juicer's scale in each region, as vectors are.
    assert runner.invoke(group, ["vectors", str(path), "-o", str(text)]).exit_code == 0
    values = [float(line) for line in text.read_text().splitlines() if "vector" not in line]
    column = bin_column(path, "KR")
    assert np.isfinite(column).sum() > 80
    np.testing.assert_allclose([x for x in values if x == x], column[np.isfinite(column)])
