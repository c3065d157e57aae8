"""Cells of a single-cell cooler whose groups match a pattern are read as their sum."""

from __future__ import annotations

from pathlib import Path

import cooler
import h5py
import numpy as np
import pandas as pd
import pytest

from counterpoise.errors import InputError
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.ingest.read import read_contacts
from counterpoise.store.paths import MapFiles
from counterpoise.store.pixels import read_map

CELLS = ("t_1", "t_2", "u_1")


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """Return a file of three sparse cells of one genome, written by cooler."""
    bins = cooler.binnify(pd.Series({"chr1": 20_000, "chr2": 9_500}), 1000)
    rng = np.random.default_rng(0)
    pixels = {}
    for name in CELLS:
        bin1, bin2 = np.triu_indices(len(bins))
        counts = rng.poisson(0.3, len(bin1))
        table = pd.DataFrame({"bin1_id": bin1, "bin2_id": bin2, "count": counts})
        pixels[name] = table[table["count"] > 0]
    path = tmp_path / "cells.scool"
    cooler.create_scool(str(path), bins, pixels)
    return path


@pytest.mark.parametrize(
    ("pattern", "names"),
    [("/cells/*", CELLS), ("/cells/t_*", CELLS[:2]), ("/cells/?_1", ("t_1", "u_1"))],
)
def test_the_map_is_the_sum_of_the_cells(
    cells: Path, tmp_path: Path, pattern: str, names: tuple[str, ...]
) -> None:
    single = [read_contacts(f"{cells}::/cells/{name}") for name in names]
    info = inspect_source(f"{cells}::{pattern}")
    (tmp_path / "map").mkdir()
    files = MapFiles.in_folder(tmp_path / "map")
    record = write_map(info, 1000, files)
    expected = sum(cell.full_matrix().toarray() for cell in single)
    np.testing.assert_array_equal(read_map(files).full_matrix().toarray(), expected)
    assert (record["format"], record["group"]) == ("scool", pattern)
    assert record["members"] == {
        f"/cells/{name}": {"contacts": cell.source["contacts"]}
        for name, cell in zip(names, single, strict=True)
    }
    coarse = read_contacts(f"{cells}::{pattern}", 2000)
    assert coarse.counts.sum() == record["contacts"]


def test_a_pattern_of_no_cell_is_refused(cells: Path) -> None:
    with pytest.raises(
        InputError, match=r"cells\.scool: has no cells /cells/x\* \(it has /cells/t_1"
    ):
        inspect_source(f"{cells}::/cells/x*")


def test_a_damaged_cell_is_named(cells: Path) -> None:
    """The sum of its counts would be sound: -1 and the counts of the other cells."""
    with h5py.File(cells, "r+") as file:
        file["cells/t_2/pixels/count"][0] = -1
    with pytest.raises(InputError, match=r"cells\.scool::/cells/t_2: .*negative"):
        read_contacts(f"{cells}::/cells/*")


def test_cells_of_other_bins_are_refused(cells: Path) -> None:
    bins = cooler.binnify(pd.Series({"chr1": 20_000}), 1000)
    pixels = pd.DataFrame({"bin1_id": [0], "bin2_id": [1], "count": [1]})
    cooler.create_cooler(f"{cells}::/cells/v_1", bins, pixels, mode="a")
    with pytest.raises(InputError, match=r"::/cells/v_1: has other bins than /cells/t_1 .*chromos"):
        read_contacts(f"{cells}::/cells/*")
