"""Coolers with long chromosomes, and with bins whose size no header states."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from counterpoise.contacts.bins import BinTable
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.ingest.read import read_contacts
from counterpoise.store.paths import ResultPaths
from counterpoise.store.pixels import read_map
from tests.support.coolers import write_cool
from tests.support.hostile_coolers import N, change


def test_chromosomes_beyond_32_bits(tmp_path: Path) -> None:
    sizes = (3_136_375_085, 718_908_455)
    bins = BinTable.fixed(("chr6", "chr13"), sizes, 20_000_000)
    n = len(bins)
    assert bins.start.dtype == np.int64
    assert bins.end.max() == sizes[0]
    ids = np.arange(n)
    write_cool(tmp_path / "x.cool", bins, (ids, ids, np.full(n, 5)))
    info = inspect_source(str(tmp_path / "x.cool"))
    files = ResultPaths("toy", str(tmp_path)).map_files("s", 40_000_000)
    write_map(info, 40_000_000, files)
    contacts = read_map(files)
    assert contacts.bins.end.max() == sizes[0]
    assert (contacts.bins.start[:79] == np.arange(79) * 40_000_000).all()
    assert contacts.counts.sum() == 5 * n
    fine = read_contacts(tmp_path / "x.cool").bins
    np.testing.assert_array_equal(fine.start, bins.start)
    np.testing.assert_array_equal(fine.end, bins.end)


@pytest.mark.parametrize("header", ["null", "nothing", "variable"])
@pytest.mark.parametrize("first", [205, 7])
def test_the_bin_size_is_found_in_the_table(tmp_path: Path, header: str, first: int) -> None:
    """The first chromosome may be shorter than a bin."""
    bins = BinTable.fixed(("M", "a", "b"), (first, 100, 77), 10)
    ids = np.arange(len(bins))
    write_cool(tmp_path / "x.cool", bins, (ids, ids, ids + 1))

    def edit(file: h5py.File) -> None:
        del file.attrs["bin-size"], file.attrs["bin-type"]
        if header != "nothing":
            file.attrs.update({"bin-size": "null", "bin-type": "variable"})
        if header == "null":
            file.attrs["bin-type"] = "fixed"

    change(tmp_path / "x.cool", edit)
    assert read_contacts(tmp_path / "x.cool", 10).bins.resolution == 10
    assert read_contacts(tmp_path / "x.cool", 20).bins.resolution == 20


def test_unequal_bins_are_not_taken_for_equal_ones(tmp_path: Path) -> None:
    bins = BinTable.fixed(("a", "b"), (205, 95), 10)
    bins.end[3], bins.start[4] = 35, 35
    ids = np.arange(N)
    write_cool(tmp_path / "x.cool", bins, (ids, ids, ids + 1))
    change(tmp_path / "x.cool", lambda file: file.attrs.update({"bin-size": "null"}))
    assert read_contacts(tmp_path / "x.cool").bins.resolution is None
