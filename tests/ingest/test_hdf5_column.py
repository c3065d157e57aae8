"""Columns of HDF5 tables that threads inflate equal those that h5py reads."""

from __future__ import annotations

import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from counterpoise.ingest.hdf5_column import Column
from tests.support.coolers import PIXEL_COLUMNS


def read_all(dataset: h5py.Dataset, lo: int, hi: int) -> np.ndarray:
    with ThreadPoolExecutor(2) as pool:
        return Column(dataset).start_reading(lo, hi, pool)()


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("yeast.10kb.cool", "/"),
        ("gm12878_KR.cool", "/"),
        ("4dn_test.multires.cool", "/resolutions/400000"),
        ("hicexplorer_matrix.mcool", "/2"),
        ("unittest_matrix_2.cool", "/"),
        ("bad/counts_over_int32.cool", "/"),
        ("bad/no_pixels.cool", "/"),
    ],
)
def test_real_columns_equal_those_of_h5py(shared_data: Path, name: str, group: str) -> None:
    with h5py.File(shared_data / name, "r", locking=False) as file:
        for column in PIXEL_COLUMNS:
            dataset = file[group]["pixels"][column]
            n = dataset.shape[0]
            for lo, hi in ((0, n), (n // 3, n - n // 5)):
                np.testing.assert_array_equal(read_all(dataset, lo, hi), dataset[lo:hi])


STORAGE: dict[str, dict[str, Any]] = {
    "contiguous": {},
    "chunked": {"chunks": (100,)},
    "gzip": {"chunks": (100,), "compression": "gzip"},
    "gzip shuffle": {"chunks": (100,), "compression": "gzip", "shuffle": True},
    "one chunk, half full": {"chunks": (5000,), "maxshape": (None,), "compression": "gzip"},
    "shuffle alone": {"chunks": (100,), "shuffle": True},
    "lzf": {"chunks": (100,), "compression": "lzf"},
    "lzf shuffle": {"chunks": (100,), "compression": "lzf", "shuffle": True},
    "checksums": {"chunks": (100,), "compression": "gzip", "fletcher32": True},
}


@pytest.mark.parametrize("storage", STORAGE)
@pytest.mark.parametrize("dtype", ["<i4", ">i4", "<i8", "<f8", "<u2", "i1"])
def test_every_kind_of_storage_is_read(tmp_path: Path, storage: str, dtype: str) -> None:
    values = np.random.default_rng(1).integers(0, 120, 1234).astype(dtype)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("x", data=values, **STORAGE[storage])
    with h5py.File(tmp_path / "x.h5") as file:
        dataset = file["x"]
        for lo, hi in ((0, 1234), (37, 1001), (100, 200), (1233, 1234), (5, 5)):
            np.testing.assert_array_equal(read_all(dataset, lo, hi), values[lo:hi])


def test_chunks_that_were_never_written_hold_the_fill_value(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        dataset = file.create_dataset(
            "x", (1000,), np.int32, chunks=(100,), compression="gzip", fillvalue=9
        )
        dataset[300:420] = 1
    with h5py.File(tmp_path / "x.h5") as file:
        expected = np.full(1000, 9)
        expected[300:420] = 1
        np.testing.assert_array_equal(read_all(file["x"], 0, 1000), expected)


def test_a_chunk_stored_without_its_filter(tmp_path: Path) -> None:
    """HDF5 may store a single chunk without a filter and says so in the chunk's mask."""
    values = np.arange(200, dtype=np.int32)
    deflated = zlib.compress(values[:100].tobytes())
    with h5py.File(tmp_path / "x.h5", "w") as file:
        dataset = file.create_dataset(
            "x", (200,), np.int32, chunks=(100,), compression="gzip", shuffle=True
        )
        dataset.id.write_direct_chunk((0,), deflated, filter_mask=0b01)
        dataset.id.write_direct_chunk((100,), values[100:].tobytes(), filter_mask=0b11)
    with h5py.File(tmp_path / "x.h5") as file:
        np.testing.assert_array_equal(file["x"][:], values)
        np.testing.assert_array_equal(read_all(file["x"], 0, 200), values)
