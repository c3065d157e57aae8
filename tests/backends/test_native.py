"""The native library where its callers do not already test it."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import pytest

import counterpoise as cp
from counterpoise import native
from counterpoise.contacts.bins import BinTable
from counterpoise.errors import SetupError


def test_a_missing_library_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"native library is missing.*make setup"):
        native.load_library(tmp_path)


def test_a_library_of_another_version_is_refused() -> None:
    with pytest.raises(SetupError, match=r"of another version.*make setup"):
        native.load_library(Path(native.__file__).parent, interface=-1)


def test_a_library_that_does_not_load_is_no_damaged_input(tmp_path: Path) -> None:
    (tmp_path / "_native.so").write_bytes(b"no library")
    with pytest.raises(SetupError, match=r"cannot be loaded.*make setup"):
        native.load_library(tmp_path)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="only x86-64 has several levels")
@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="needs Linux's list of features")
def test_the_processor_level_is_the_one_that_linux_reports() -> None:
    features = set(Path("/proc/cpuinfo").read_text().partition("flags")[2].split("\n")[0].split())
    level = 2 if features >= {"avx512f", "avx512dq", "avx512bw", "avx512vl"} else 1
    assert native.call("processor_level") == (level if "avx2" in features else 0)


def test_a_float_is_not_an_integer() -> None:
    with pytest.raises(TypeError):
        native.call("check_pixels", *[np.zeros(1, np.int32)] * 3, 0.0, 1, 3, np.zeros(1, np.int64))


@pytest.mark.parametrize(
    ("indptr", "columns", "counts", "words"),
    [
        (np.int32, np.uint32, np.uint16, "int64 indptr"),
        (np.int64, np.int64, np.uint16, "uint32 columns"),
        (np.int64, np.uint32, np.int32, "uint16, uint32 or float64 counts"),
    ],
)
def test_contacts_of_other_types_are_refused(
    indptr: type, columns: type, counts: type, words: str
) -> None:
    bins = BinTable.fixed(["a"], [2], 1)
    with pytest.raises(ValueError, match=words):
        cp.Contacts(
            bins, np.array([0, 1, 2], indptr), np.array([0, 1], columns), np.ones(2, counts)
        )


def test_contacts_whose_arrays_do_not_go_together_are_refused() -> None:
    bins = BinTable.fixed(["a"], [2], 1)
    with pytest.raises(ValueError, match="do not go with"):
        cp.Contacts(bins, np.array([0, 1, 2]), np.array([0], np.uint32), np.ones(1, np.uint16))


def test_arrays_with_gaps_are_refused() -> None:
    with pytest.raises(ValueError, match="contiguous"):
        native.call("check_pixels", np.arange(10, dtype=np.int32)[::2])


# What check_pixels finds: bits of native/reading.c.
OUT_OF_RANGE, BELOW_DIAGONAL, DISORDER, BAD_COUNT, ZERO_COUNT = 1, 2, 4, 8, 16


@pytest.mark.parametrize(
    ("bin1", "bin2", "count", "faults"),
    [
        ([0, 0, 1], [0, 2, 1], [1, 2, 3], 0),
        ([0, 0, 1], [0, 3, 1], [1, 2, 3], OUT_OF_RANGE),
        ([-1, 0, 1], [0, 2, 1], [1, 2, 3], OUT_OF_RANGE),
        ([0, 0, 1], [0, 2, 0], [1, 2, 3], BELOW_DIAGONAL),
        ([0, 0, 1], [2, 1, 1], [1, 2, 3], DISORDER),
        ([0, 0, 1], [1, 1, 1], [1, 2, 3], DISORDER),
        ([1, 1, 0], [1, 2, 2], [1, 2, 3], DISORDER),
        ([0, 0, 1], [0, 2, 1], [1, -2, 3], BAD_COUNT),
        ([0, 0, 1], [0, 2, 1], [1.5, np.nan, 3], BAD_COUNT),
        ([0, 0, 1], [0, 2, 1], [1.5, np.inf, 3], BAD_COUNT),
        ([0, 0, 1], [0, 2, 1], [1.5, 0, 3], ZERO_COUNT),
        ([0, 0, 1], [0, 2, 1], [1, 0, 3], ZERO_COUNT),
    ],
)
def test_pixels_are_checked_in_one_look(
    bin1: list[int], bin2: list[int], count: list[float], faults: int
) -> None:
    values = np.array(count)
    kind = int(values.dtype.kind == "f")
    values = values.astype(np.float64 if kind else np.int32)
    total = np.zeros(1, np.int64)
    ends = (np.array(bin1, np.int32), np.array(bin2, np.int32))
    assert native.call("check_pixels", *ends, values, kind, len(bin1), 3, total) == faults
    assert total[0] == (0 if kind else sum(count))
