"""Coolers whose chunks decompress to another size than stated, or by an unknown filter."""

from __future__ import annotations

import time
import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from counterpoise.contacts.bins import BinTable
from counterpoise.errors import InputError
from counterpoise.ingest.read import read_contacts
from tests.support.coolers import write_cool
from tests.support.hostile_coolers import BINS, N, change, replace


def shorten_chunk(file: h5py.File, name: str, number: int, **options: Any) -> None:
    """Let a chunk hold the first half of its bytes only; its checksum, if any, is right."""
    dataset = file[name]
    size = max(len(dataset) // 3, 1)
    replace(file, name, dataset[:], chunks=(size,), maxshape=(None,), **options)
    with h5py.File.in_memory() as scratch:
        half = scratch.create_dataset(
            "x", data=file[name][number * size :][: size // 2], chunks=(size // 2,), **options
        )
        _, packed = half.id.read_direct_chunk((0,))
    file[name].id.write_direct_chunk((number * size,), packed)


FILTERS: dict[str, dict[str, Any]] = {
    "gzip": {"compression": "gzip"},
    "gzip and shuffle": {"compression": "gzip", "shuffle": True},
    "gzip and checksums": {"compression": "gzip", "fletcher32": True},
    "lzf": {"compression": "lzf"},
    "lzf, shuffle and checksums": {"compression": "lzf", "shuffle": True, "fletcher32": True},
}


@pytest.mark.parametrize("filters", FILTERS)
@pytest.mark.parametrize(
    "column",
    ["pixels/count", "pixels/bin1_id", "bins/start", "bins/chrom", "chroms/length", "bins/gc"],
)
@pytest.mark.parametrize("number", [0, 1])
def test_a_chunk_of_too_few_bytes_is_refused(
    path: Path, column: str, filters: str, number: int
) -> None:
    change(path, lambda file: file.create_dataset("bins/gc", data=np.arange(N) / N))
    change(path, lambda file: file.attrs.__setitem__("nchroms", 2))
    if column == "chroms/length":  # long enough for three chunks
        write_cool(path, BinTable.fixed([f"c{i}" for i in range(9)], [10] * 9, 10), empty())
    change(path, lambda file: shorten_chunk(file, column, number, **FILTERS[filters]))
    with pytest.raises(InputError, match=f"damaged.*chunk of /{column} from value") as caught:
        read_contacts(path)
    assert path.name in str(caught.value)


def empty() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int32)


@pytest.mark.parametrize("filters", FILTERS)
@pytest.mark.parametrize("dtype", ["<i4", ">i4", "<i8"])
def test_sound_chunks_are_read_with_every_filter(path: Path, filters: str, dtype: str) -> None:
    expected = read_contacts(path)
    for name in ("pixels/bin1_id", "pixels/count", "bins/start"):
        change(
            path,
            lambda file, name=name: replace(
                file, name, file[name][:].astype(dtype), chunks=(7,), **FILTERS[filters]
            ),
        )
    actual = read_contacts(path)
    np.testing.assert_array_equal(actual.counts, expected.counts)
    np.testing.assert_array_equal(actual.rows, expected.rows)
    np.testing.assert_array_equal(actual.bins.start, expected.bins.start)


def test_a_short_chunk_beside_one_of_wide_values_is_refused(path: Path) -> None:
    """The values of a run are read again where they do not fit 32 bits."""

    def damage(file: h5py.File) -> None:
        values = file["pixels/bin1_id"][:]
        values[0] = 2**40
        replace(file, "pixels/bin1_id", values, chunks=(100,), compression="gzip", shuffle=True)
        packed = zlib.compress(values[300:350].tobytes())
        file["pixels/bin1_id"].id.write_direct_chunk((300,), packed)

    change(path, damage)
    with pytest.raises(InputError, match="chunk of /pixels/bin1_id from value 300 on decompresses"):
        read_contacts(path)


def test_a_filter_that_cannot_be_checked_is_refused(path: Path) -> None:
    change(path, lambda file: replace(file, "bins/start", BINS.start, scaleoffset=0, chunks=(10,)))
    with pytest.raises(InputError, match=r"HDF5 filter 6.*h5repack -f GZIP=6"):
        read_contacts(path)


def test_a_chunk_that_inflates_without_end_costs_nothing(path: Path) -> None:
    bomb = zlib.compress(bytes(300_000_000))

    def damage(file: h5py.File) -> None:
        replace(file, "bins/start", BINS.start, chunks=(N,), compression="gzip")
        file["bins/start"].id.write_direct_chunk((0,), bomb)

    change(path, damage)
    start = time.monotonic()
    with pytest.raises(InputError, match="/bins/start from value 0 on decompresses to 125 bytes"):
        read_contacts(path)
    assert time.monotonic() - start < 20
