"""Coolers with names, shapes, types and values that a column cannot have."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from counterpoise.errors import InputError
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.ingest.read import read_contacts
from counterpoise.store.paths import MapFiles, ResultPaths
from counterpoise.store.pixels import read_map
from tests.support.coolers import write_cool
from tests.support.hostile_coolers import BINS, Damage, N, change, pixels, replace


def map_files(folder: Path) -> MapFiles:
    return ResultPaths("toy", str(folder)).map_files("s", 10)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (np.array([b"a", b"a"]), "lists a chromosome name twice: 'a'"),
        (np.array([b"a", b""]), "chromosome 2 has no name"),
        (np.array([b" ", b"b"]), "chromosome 1 has no name"),
        (np.array([b"a", b"\0b"]), r"chromosome 2 has the name '\\x00b', which holds control"),
        (np.array([[b"a"], [b"b"]]), r"chroms/name' has the shape \(2, 1\)"),
        (np.empty((2, 0), "S1"), r"chroms/name' has the shape \(2, 0\)"),
        (np.array([1, 2]), "chroms/name' holds values of the type int64 and not text"),
        (np.array([b"a", b"b", b"c"]), "chromosome columns differ in length"),
    ],
)
def test_bad_names_of_chromosomes_are_refused(path: Path, names: np.ndarray, words: str) -> None:
    change(path, lambda file: replace(file, "chroms/name", names))
    with pytest.raises(InputError, match=words):
        read_contacts(path)


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("pixels/count", np.ones((496, 2), int), r"has the shape \(496, 2\)"),
        ("pixels/count", 7, r"has the shape \(\)"),
        ("pixels/count", h5py.Empty("i4"), r"has the shape \(\)"),
        ("pixels/count", np.array([b"1"] * 496), r"type \|S1 and not numbers"),
        ("pixels/count", np.ones(496, complex), "complex128 and not numbers"),
        ("pixels/bin1_id", np.zeros((496, 1), int), r"has the shape \(496, 1\)"),
        ("pixels/bin2_id", np.ones(496), "float64 and not whole numbers"),
        ("pixels/bin2_id", np.array([b"1"] * 496), "not whole numbers"),
        ("bins/start", np.zeros((N, 2), int), r"has the shape \(31, 2\)"),
        ("bins/start", BINS.start - 0.5, r"'bins/start' holds -0\.5 in row 0"),
        ("bins/end", BINS.end + 2.0**60, r"'bins/end' holds 1\.15.*e\+18 in row 0"),
        (
            "bins/end",
            BINS.end.astype(np.int64) + 2**32,
            "bin ends at 4,294,967,501, but the longest chrom",
        ),
        (
            "bins/chrom",
            np.array([b"a"] * 30 + [b"z"]),
            r"not in the chromosome table \(z in row 30",
        ),
        ("bins/chrom", BINS.chromosome_ids.astype(np.uint8)[::-1], "not in the order"),
        ("chroms/length", np.array([205, -1]), "'chroms/length' holds -1 in row 1"),
        ("chroms/length", np.array([205, 2**63], np.uint64), "'chroms/length' holds 9223"),
        ("chroms/length", np.array([205.0, np.nan]), "'chroms/length' holds nan"),
    ],
)
def test_impossible_columns_are_refused_by_name(
    path: Path, column: str, values: Any, words: str
) -> None:
    change(path, lambda file: replace(file, column, values))
    with pytest.raises(InputError, match=words) as caught:
        read_contacts(path)
    assert path.name in str(caught.value)


def test_a_group_in_the_place_of_a_column(path: Path) -> None:
    change(path, lambda file: file.pop("pixels/count"))
    change(path, lambda file: file.create_group("pixels/count"))
    with pytest.raises(InputError, match="'pixels/count' is no column of values"):
        read_contacts(path)


def test_a_dangling_link_in_the_place_of_a_column(path: Path) -> None:
    change(path, lambda file: file.pop("pixels/count"))
    change(path, lambda file: file.__setitem__("pixels/count", h5py.SoftLink("/nowhere")))
    with pytest.raises(InputError, match="has no column 'pixels/count'"):
        read_contacts(path)


@pytest.mark.parametrize("name", ["resolutions", "0"])
def test_values_in_the_place_of_levels(tmp_path: Path, name: str) -> None:
    with h5py.File(tmp_path / "x.mcool", "w") as file:
        file[name] = np.arange(3)
    for uri in (tmp_path / "x.mcool", f"{tmp_path / 'x.mcool'}::/{name}"):
        with pytest.raises(InputError, match=r"x\.mcool.*(not a cooler|no group)"):
            read_contacts(uri)


@pytest.mark.parametrize("dtype", [np.float64, np.longdouble])
def test_counts_without_measure_are_refused(path: Path, dtype: type) -> None:
    values = np.ones(496, dtype)
    values[3] = 1e308
    change(path, lambda file: replace(file, "pixels/count", values))
    with pytest.raises(InputError, match=r"count is 1e\+308 at bins 0 and 3 .*do not fit 64 bits"):
        read_contacts(path)


@pytest.mark.parametrize("kind", [np.int64, np.uint64])
def test_sums_that_do_not_fit_64_bits_are_refused(tmp_path: Path, kind: type) -> None:
    bin1, bin2, _ = pixels()
    for count, words in ((2**62, "pixels/count is 4611"), (2**53, None)):
        write_cool(tmp_path / "x.cool", BINS, (bin1, bin2, np.full(496, count).astype(kind)))
        if words:
            with pytest.raises(InputError, match=words):
                read_contacts(tmp_path / "x.cool")
        else:
            contacts = read_contacts(tmp_path / "x.cool")
            assert contacts.source["contacts"] == 496 * 2**53


def test_long_doubles_text_and_odd_attributes_reach_the_files(path: Path, tmp_path: Path) -> None:
    def add(file: h5py.File) -> None:
        file["bins/long"] = np.arange(N, dtype=np.longdouble) / 7
        file.create_dataset("bins/name", data=["Zürich °"] * N, dtype=h5py.string_dtype())
        file["bins/fixed"] = np.array(["Zürich".encode()] * N)
        replace(file, "pixels/count", file["pixels/count"][:].astype(np.longdouble))
        file["bins/long"].attrs.update(
            {
                "long": np.longdouble(1) / 3,
                "bytes": np.void(b"\xff\x00"),
                "text": b"\xff\xfe",
                "texts": np.array([b"\xff", b"x"]),
                "not utf-8": h5py.Empty("S1"),
                "complex": 1j,
                "place": file["bins"].ref,
                "true": np.True_,
                "table": np.ones((2, 2), np.longdouble),
                "infinite": np.longdouble("1e4000"),
            }
        )

    change(path, add)
    record = write_map(inspect_source(str(path)), 10, map_files(tmp_path))
    attributes = record["column_attributes"]["long"]
    json.dumps(attributes, allow_nan=False).encode()
    assert attributes["long"] == float(np.longdouble(1) / 3)
    assert attributes["table"] == [[1.0, 1.0], [1.0, 1.0]]
    assert attributes["infinite"] == "inf"
    assert attributes["true"] is True
    bins = read_map(map_files(tmp_path)).bins
    assert bins.extra["long"].tolist() == (np.arange(N) / 7).tolist()
    assert bins.extra["name"][0].decode() == "Zürich °"
    assert bins.extra["fixed"][0].decode() == "Zürich"


def label_chromosomes(labels: dict[str, int]) -> Damage:
    dtype = h5py.enum_dtype(labels, np.int32)
    return lambda file: replace(file, "bins/chrom", BINS.chromosome_ids, dtype=dtype)


def test_labels_that_contradict_the_chromosome_table_are_refused(path: Path) -> None:
    change(path, label_chromosomes({"a": 0, "b": 1}))
    assert read_contacts(path).source["notes"] == []
    for labels in ({"a": 1, "b": 0}, {"a": 0, "b": 1, "c": 2}, {"c": -1}):
        change(path, label_chromosomes(labels))
        with pytest.raises(InputError, match=r"bins/chrom labels the number .* contradicts"):
            read_contacts(path)


def test_names_that_the_table_cuts_short_are_noted(path: Path) -> None:
    change(path, label_chromosomes({"a_long_name": 0, "b": 1}))
    contacts = read_contacts(path)
    assert contacts.bins.chromosomes == ("a", "b")
    assert contacts.source["notes"] == [
        "bins/chrom has other names for 1 chromosomes; those of chroms/name were used"
    ]


def test_half_precision_coordinates_are_read(path: Path) -> None:
    for name in ("bins/start", "bins/end", "chroms/length"):
        change(path, lambda file, name=name: replace(file, name, file[name][:].astype("f2")))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_contacts(path).bins.lengths.tolist() == [205, 95]


def test_half_precision_counts_are_read(path: Path) -> None:
    change(path, lambda file: replace(file, "pixels/count", np.arange(496).astype("f2")))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_contacts(path).source["contacts"] == 496 * 495 / 2
