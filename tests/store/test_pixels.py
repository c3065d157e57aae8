"""Triples on disk: read back as written, complete or absent, the same bytes each time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Chunk, Contacts
from counterpoise.errors import DiskFullError, InputError
from counterpoise.ingest import cooler_reader, pixels
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.ingest.read import read_contacts
from counterpoise.store.paths import ResultPaths
from counterpoise.store.pixels import read_bins, read_map, write_bins


def paths_in(folder: Path) -> dict[str, str]:
    return ResultPaths("cohort", str(folder)).map_files("sample", 10)


def write_cool(path: Path, counts: np.ndarray, **extra: np.ndarray) -> BinTable:
    """A .cool of two chromosomes of 9 and 4 bins; ``counts`` fill its upper triangle."""
    bins = BinTable.fixed(("one", "two"), (90, 35), 10)
    bin1, bin2 = np.triu_indices(len(bins))
    with h5py.File(path, "w") as file:
        file.attrs.update({"bin-type": "fixed", "bin-size": 10, "genome-assembly": "toy1"})
        file["chroms/name"] = np.array(bins.chromosomes, dtype="S")
        file["chroms/length"] = bins.lengths
        file["bins/chrom"] = bins.chromosome_ids
        file["bins/start"], file["bins/end"] = bins.start, bins.end
        for name, values in extra.items():
            file[f"bins/{name}"] = values
        file["pixels/bin1_id"], file["pixels/bin2_id"] = bin1, bin2
        file["pixels/count"] = counts
    return bins


def read_in_chunks_of_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the reader of coolers pass on ten pixels at a time."""
    open_level = partial(cooler_reader.open_level, chunk_pixels=10)
    monkeypatch.setattr(cooler_reader, "open_level", open_level)


PIXELS = 13 * 14 // 2
COUNTS = {
    "uint8": np.arange(PIXELS) % 256,
    "uint16": np.arange(PIXELS) * 700,
    "int32": np.arange(PIXELS) * 20_000_000,
    "int64": np.arange(PIXELS, dtype=np.int64) * 2**40,
    "double": np.arange(PIXELS) / 8,
}


def ingest(source: Path, folder: Path, resolution: int = 10) -> tuple[dict[str, str], dict]:
    files = paths_in(folder)
    return files, write_map(inspect_source(str(source)), resolution, files)


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("stored_as_float", [False, True])
def test_round_trip_and_narrowest_type(
    tmp_path: Path, name: str, stored_as_float: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Integers that are stored as floats are read as integers."""
    read_in_chunks_of_ten(monkeypatch)  # several pieces
    counts = COUNTS[name].astype(np.float64) if stored_as_float else COUNTS[name]
    source = tmp_path / "map.cool"
    write_cool(source, counts)
    files, record = ingest(source, tmp_path)
    table = pd.read_parquet(files.pixels)
    kinds = {"bin1_id": "int32", "bin2_id": "int32", "count": name.replace("double", "float64")}
    assert table.dtypes.astype(str).to_dict() == kinds
    assert record["count_type"] == kinds["count"]
    bin1, bin2 = np.triu_indices(13)
    present = counts != 0
    np.testing.assert_array_equal(table["bin1_id"], bin1[present])
    np.testing.assert_array_equal(table["bin2_id"], bin2[present])
    np.testing.assert_array_equal(table["count"], counts[present])
    written, direct = read_map(files), read_contacts(source)
    np.testing.assert_array_equal(written.indptr, direct.indptr)
    np.testing.assert_array_equal(written.columns, direct.columns)
    np.testing.assert_array_equal(written.counts, direct.counts)
    assert written.counts.dtype == direct.counts.dtype


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        (255, "uint8"),
        (256, "uint16"),
        (65_535, "uint16"),
        (65_536, "int32"),
        (2**31 - 1, "int32"),
        (2**31, "int64"),
        (2**62, "int64"),
    ],
)
def test_the_largest_count_decides(tmp_path: Path, top: int, expected: str) -> None:
    counts = np.ones(PIXELS, np.int64)
    counts[40] = top
    write_cool(tmp_path / "map.cool", counts)
    files, record = ingest(tmp_path / "map.cool", tmp_path)
    assert record["count_type"] == expected
    assert pd.read_parquet(files.pixels)["count"].max() == top


def test_bins_keep_lengths_and_extra_columns(tmp_path: Path) -> None:
    extra = {
        "weight": np.linspace(0, 1, 13),
        "gc": np.arange(13, dtype=np.float32),
        "size": np.arange(13, dtype=np.int64),
        "good": np.arange(13) % 2 == 0,
        "band": np.array([f"p{i}" for i in range(13)], dtype="S"),
    }
    extra["weight"][3] = np.nan
    bins = write_cool(tmp_path / "map.cool", COUNTS["uint8"], **extra)
    files, _ = ingest(tmp_path / "map.cool", tmp_path)
    back = read_bins(files.bins)
    assert back.chromosomes == bins.chromosomes
    assert back.resolution == 10
    for name in ("lengths", "offsets", "start", "end"):
        np.testing.assert_array_equal(getattr(back, name), getattr(bins, name))
        assert getattr(back, name).dtype == getattr(bins, name).dtype
    assert set(back.extra) == set(extra)
    for name, values in extra.items():
        np.testing.assert_array_equal(back.extra[name], values)
        assert back.extra[name].dtype == values.dtype
    table = pd.read_parquet(files.bins)
    assert list(table)[:3] == ["chrom", "start", "end"]
    assert table["chrom"].astype(str).tolist() == ["one"] * 9 + ["two"] * 4


def test_chromosomes_without_bins_and_variable_bins(tmp_path: Path) -> None:
    bins = BinTable(
        ("a", "none", "b"),
        np.array([30, 0, 7]),
        np.array([0, 2, 2, 3]),
        np.array([0, 12, 0], np.int32),
        np.array([12, 30, 7], np.int32),
        None,
    )
    write_bins(str(tmp_path / "bins.parquet"), bins)
    back = read_bins(str(tmp_path / "bins.parquet"))
    assert list(back.chromosome_ranges()) == [("a", 0, 2), ("none", 2, 2), ("b", 2, 3)]
    assert back.resolution is None
    np.testing.assert_array_equal(back.lengths, bins.lengths)


def test_source_record(tmp_path: Path) -> None:
    counts = np.arange(PIXELS) % 5
    source = tmp_path / "map.cool"
    write_cool(source, counts, weight=np.ones(13))
    with h5py.File(source, "r+") as file:
        file["bins/weight"].attrs.update({"ignore_diags": 2, "var": np.nan, "scale": [1.5, 2.0]})
    files, record = ingest(source, tmp_path)
    assert json.loads(Path(files.source).read_text()) == record
    zeros = int((counts == 0).sum())
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    assert record["identity"] == {"sha256": digest, "bytes": source.stat().st_size}
    assert {key: record[key] for key in ("uri", "format", "assembly", "resolution", "group")} == {
        "uri": str(source),
        "format": "cool",
        "assembly": "toy1",
        "resolution": 10,
        "group": "/",
    }
    assert record["nnz"] == PIXELS - zeros
    assert record["contacts"] == counts.sum()
    assert record["zeros_dropped"] == zeros
    assert record["coarsened_from"] is None
    assert record["notes"] == [f"{zeros} stored zeros were ignored: they are not data"]
    attributes = {"ignore_diags": 2, "var": "nan", "scale": [1.5, 2.0]}
    assert record["column_attributes"] == {"weight": attributes}


def test_coarsened_record(tmp_path: Path) -> None:
    source = tmp_path / "map.cool"
    write_cool(source, COUNTS["uint8"], weight=np.ones(13))
    files, record = ingest(source, tmp_path, 30)
    assert record["coarsened_from"] == 10
    assert record["resolution"] == 30
    assert "summed from the file's level of 10 bp" in record["notes"]
    assert record["column_attributes"] == {}
    contacts = read_map(files)
    assert contacts.bins.extra == {}, "a column of fine bins says nothing of coarse ones"
    assert np.diff(contacts.bins.offsets).tolist() == [3, 2]
    assert contacts.counts.sum(dtype=np.int64) == COUNTS["uint8"].sum() == record["contacts"]


def test_same_bytes_twice(tmp_path: Path) -> None:
    write_cool(tmp_path / "map.cool", COUNTS["int32"], weight=np.arange(13.0))
    first, _ = ingest(tmp_path / "map.cool", tmp_path / "first")
    second, _ = ingest(tmp_path / "map.cool", tmp_path / "second")
    for one, other in zip(first, second, strict=True):
        assert Path(one).read_bytes() == Path(other).read_bytes(), one


def test_nothing_else_is_left(tmp_path: Path) -> None:
    write_cool(tmp_path / "map.cool", COUNTS["int32"])
    files, _ = ingest(tmp_path / "map.cool", tmp_path)
    assert sorted(Path(files.pixels).parent.iterdir()) == sorted(map(Path, files))


def test_an_error_on_the_way_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last pixel is negative, after all other pieces were written."""
    read_in_chunks_of_ten(monkeypatch)
    counts = COUNTS["int32"].copy()
    counts[-1] = -1
    write_cool(tmp_path / "map.cool", counts)
    with pytest.raises(InputError, match="negative"):
        ingest(tmp_path / "map.cool", tmp_path)
    assert not any(Path(path).exists() for path in paths_in(tmp_path))
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["map.cool"]


def test_a_full_disk_keeps_the_old_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error while the final file is written leaves the old file complete, and no other file."""
    source = tmp_path / "map.cool"
    write_cool(source, COUNTS["int32"])
    files, _ = ingest(source, tmp_path)
    before = {path: Path(path).read_bytes() for path in files}

    def full(self: object) -> Iterator[Chunk]:
        yield np.zeros(1, np.int32), np.zeros(1, np.int32), np.ones(1, np.int32)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pixels._Spool, "__iter__", full)
    with pytest.raises(DiskFullError, match="full"):
        ingest(source, tmp_path)
    folder = Path(files.pixels).parent
    assert {str(path): path.read_bytes() for path in folder.iterdir()} == before


def test_empty_map(tmp_path: Path) -> None:
    write_cool(tmp_path / "map.cool", np.zeros(PIXELS, np.int32))
    files, record = ingest(tmp_path / "map.cool", tmp_path)
    contacts = read_map(files)
    assert isinstance(contacts, Contacts)
    assert (contacts.nnz, len(contacts.bins), record["nnz"]) == (0, 13, 0)
    assert contacts.indptr.tolist() == [0] * 14
    assert len(pd.read_parquet(files.pixels)) == 0


def test_progress_ends_at_the_number_of_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_in_chunks_of_ten(monkeypatch)
    write_cool(tmp_path / "map.cool", COUNTS["int32"] + 1)
    reports: list[tuple[int, int | None]] = []
    info = inspect_source(str(tmp_path / "map.cool"))
    write_map(info, 10, paths_in(tmp_path), progress=lambda *now: reports.append(now))
    assert reports[-1] == (PIXELS, PIXELS)
    assert len(reports) > 3
    assert reports == sorted(reports)


@pytest.mark.parametrize("name", ["gm12878_1_2_3.cool", "unittest_matrix_2.cool"])
def test_real_maps(shared_data: Path, tmp_path: Path, name: str) -> None:
    source = shared_data / name
    info = inspect_source(str(source))
    files = paths_in(tmp_path)
    write_map(info, info.levels[0].resolution or 0, files)
    written, direct = read_map(files), read_contacts(source)
    for column in ("indptr", "columns", "counts"):
        np.testing.assert_array_equal(getattr(written, column), getattr(direct, column))
    assert written.bins.extra.keys() == direct.bins.extra.keys()
