"""Coolers whose header or sizes promise what their tables do not hold."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import cooler
import h5py
import numpy as np
import pandas as pd
import pytest

from counterpoise.errors import InputError
from counterpoise.ingest.pixel_checks import Tally, check_pixels
from counterpoise.ingest.read import read_contacts
from tests.support.coolers import write_cool
from tests.support.hostile_coolers import BINS, Damage, change, pixels


@pytest.mark.parametrize("chunks", [(1 << 16,), None])
@pytest.mark.parametrize("table", ["pixels", "bins"])
def test_values_that_were_never_written_are_refused(
    path: Path, table: str, chunks: tuple[int] | None
) -> None:
    def claim(file: h5py.File) -> None:
        file.attrs.update({"nnz": 10**12, "nbins": 10**12})
        for name in list(file[table]):
            dtype = file[table][name].dtype
            del file[table][name]
            file[table].create_dataset(name, (10**12,), dtype, chunks=chunks)

    change(path, claim)
    assert path.stat().st_size < 100_000
    with pytest.raises(InputError, match=rf"{table}/\w+' claims 1,000,000,000,000 values, but"):
        read_contacts(path)


@pytest.mark.parametrize("square", [False, True])
def test_more_pixels_than_bins_allow_are_refused(tmp_path: Path, square: bool) -> None:
    zeros = np.zeros(1000, np.int64)
    write_cool(tmp_path / "x.cool", BINS, (zeros, zeros, zeros))
    mode = "square" if square else "symmetric-upper"
    change(tmp_path / "x.cool", lambda file: file.attrs.update({"storage-mode": mode}))
    words = f"claims 1,000 pixels, but 31 bins have {961 if square else 496} at most"
    with pytest.raises(InputError, match=words):
        read_contacts(tmp_path / "x.cool")


def test_a_row_longer_than_the_map_is_refused_before_its_end() -> None:
    zeros = np.zeros(10, np.int32)
    endless = itertools.repeat((zeros, zeros, zeros))
    with pytest.raises(InputError, match="row 0 has 40 pixels or more, but the map has 31 bins"):
        list(check_pixels(endless, BINS, "x.cool", Tally()))


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("nnz", r"promises 7 pixels \(nnz\), but the table has 496"),
        ("nbins", r"promises 7 bins \(nbins\), but the table has 31"),
        ("nchroms", r"promises 7 chroms \(nchroms\), but the table has 2"),
    ],
)
def test_a_header_that_promises_other_sizes_is_refused(path: Path, key: str, words: str) -> None:
    change(path, lambda file: file.attrs.update({key: 7}))
    with pytest.raises(InputError, match=words):
        read_contacts(path)


def promise(value: Any) -> Damage:
    return lambda file: file.attrs.__setitem__("sum", value)


@pytest.mark.parametrize("storage", ["symmetric-upper", "square"])
@pytest.mark.parametrize("dtype", ["i4", "f4", "f8"])
def test_counts_must_add_up_to_the_sum_in_the_header(
    tmp_path: Path, storage: str, dtype: str
) -> None:
    bin1, bin2, count = pixels()
    count = count.astype(dtype)
    if storage == "square":
        off = bin1 != bin2
        bin1, bin2 = np.concatenate([bin1, bin2[off]]), np.concatenate([bin2, bin1[off]])
        count = np.concatenate([count, count[off]])
        order = np.lexsort((bin2, bin1))
        bin1, bin2, count = bin1[order], bin2[order], count[order]
    path = tmp_path / "map.cool"
    write_cool(path, BINS, (bin1, bin2, count))
    change(path, lambda file: file.attrs.__setitem__("storage-mode", storage))
    total = count.sum()
    for good in (total, float(total), np.int64(total), np.nan, "unknown", [1, 2]):
        change(path, promise(good))
        assert read_contacts(path).nnz == 496
    change(path, promise(int(total) + 100))
    with pytest.raises(InputError, match=r"add up to 1?\d\d,\d\d\d.* promises a sum of 1?\d\d,"):
        read_contacts(path)


def test_fractions_that_cooler_cut_off_may_be_missing_from_the_sum(tmp_path: Path) -> None:
    """cooler adds up what it is given, and stores whole numbers."""
    bin1, bin2, count = pixels()
    frame = pd.DataFrame({"bin1_id": bin1, "bin2_id": bin2, "count": count + 0.75})
    bins = cooler.binnify(pd.Series(dict(zip("ab", BINS.lengths.tolist(), strict=True))), 10)
    path = tmp_path / "cut.cool"
    cooler.create_cooler(str(path), bins, frame)
    with h5py.File(path) as file:
        assert file["pixels/count"].dtype == np.int32
        promised = file.attrs["sum"]
    assert promised == count.sum() + 0.75 * 496
    assert read_contacts(path).source["contacts"] == count.sum()
    for wrong in (promised + 200, float(count.sum()) - 1):
        change(path, promise(wrong))
        with pytest.raises(InputError, match="its header promises a sum of"):
            read_contacts(path)


def test_a_changed_count_is_noticed(path: Path) -> None:
    change(path, promise(int(pixels()[2].sum())))
    assert read_contacts(path).nnz == 496
    change(path, lambda file: file["pixels/count"].__setitem__(7, 2**30))
    with pytest.raises(InputError, match="its header promises a sum of") as caught:
        read_contacts(path)
    assert path.name in str(caught.value)


def test_fractions_that_cooler_rounded_down(tmp_path: Path) -> None:
    """cooler states the sum of the values that it was given, and stores whole numbers."""
    path = tmp_path / "map.cool"
    bins = cooler.binnify(pd.Series({"chr1": 1000}), 100)
    pixels = pd.DataFrame({"bin1_id": [0, 1, 2], "bin2_id": [1, 2, 3], "count": [1.7, 2.9, 3.2]})
    cooler.create_cooler(str(path), bins, pixels)
    assert read_contacts(path).counts.tolist() == [1, 2, 3]
    with h5py.File(path, "r+") as file:
        file.attrs["sum"] = 9.1  # more than three fractions can lose
    with pytest.raises(InputError, match=r"add up to 6, but its header promises a sum of 9\.1"):
        read_contacts(path)


@pytest.mark.parametrize("value", [-1, 495, 497.0, 496.5, "495", [495], np.uint64(2**63)])
def test_a_header_that_promises_another_number_of_pixels_is_refused(path: Path, value: Any) -> None:
    change(path, lambda file: file.attrs.__setitem__("nnz", value))
    with pytest.raises(
        InputError, match=r"its header promises .* pixels \(nnz\), but the table has"
    ):
        read_contacts(path)


@pytest.mark.parametrize("value", [496, 496.0, "496", "unknown", [1, 2], "9" * 5000, "\u00b2"])
def test_a_header_that_promises_the_right_number_or_none_is_accepted(
    path: Path, value: Any
) -> None:
    change(path, lambda file: file.attrs.__setitem__("nnz", value))
    assert read_contacts(path).nnz == 496
