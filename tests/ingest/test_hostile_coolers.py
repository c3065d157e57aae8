"""Coolers that hide damage, lead to other files or claim what they do not hold."""

from __future__ import annotations

import itertools
import json
import shutil
import sys
import time
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cooler
import h5py
import numpy as np
import pandas as pd
import pytest

from counterpoise.contacts.bins import BinTable
from counterpoise.errors import InputError, SetupError
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.hdf5_trial import Trials
from counterpoise.ingest.pixel_checks import Tally, check_pixels
from counterpoise.ingest.pixels import write_map
from counterpoise.ingest.read import open_contacts, read_contacts
from counterpoise.store.paths import MapFiles, ResultPaths
from counterpoise.store.pixels import read_map
from tests.support.coolers import write_cool

BINS = BinTable.fixed(("a", "b"), (205, 95), 10)
N = len(BINS)
Damage = Callable[[h5py.File], Any]


def pixels() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    bin1, bin2 = np.triu_indices(N)
    count = np.random.default_rng(2).integers(1, 300, len(bin1)).astype(np.int32)
    return bin1.astype(np.int64), bin2.astype(np.int64), count


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A sound map of 31 bins, 496 pixels in chunks of 100."""
    path = tmp_path / "map.cool"
    write_cool(path, BINS, pixels(), {"chunks": (100,), "compression": "gzip"})
    return path


def change(path: Path, damage: Damage) -> None:
    with h5py.File(path, "r+") as file:
        damage(file)


def replace(file: h5py.File, name: str, values: Any, **options: Any) -> None:
    attributes = dict(file[name].attrs)
    del file[name]
    file.create_dataset(name, data=values, **options).attrs.update(attributes)


def map_files(folder: Path) -> MapFiles:
    return ResultPaths("toy", str(folder)).map_files("s", 10)


# --- chunks that inflate to too few bytes


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


# --- what lies in other files


def link_externally(name: str) -> Damage:
    def damage(file: h5py.File) -> None:
        other = Path(file.filename).with_name("other.h5")
        with h5py.File(other, "w") as target:
            file.copy(name, target, "values")
        del file[name]
        file[name] = h5py.ExternalLink("other.h5", "values")

    return damage


def link_over_an_external_link(file: h5py.File) -> None:
    link_externally("pixels")(file)
    file["elsewhere"] = file.get("pixels", getlink=True)
    del file["pixels"]
    file.create_group("pixels")
    for name in ("bin1_id", "bin2_id", "count"):
        file[f"pixels/{name}"] = h5py.SoftLink(f"/elsewhere/{name}")


def store_externally(name: str) -> Damage:
    def damage(file: h5py.File) -> None:
        secret = Path(file.filename).with_name("secret.txt")
        secret.write_bytes(bytes(8 * N))
        if name in file:
            del file[name]
        file.create_dataset(name, (N,), "i8", external=[(str(secret), 0, 8 * N)])

    return damage


def make_virtual(name: str) -> Damage:
    def damage(file: h5py.File) -> None:
        values = file[name][:] if name in file else np.arange(N)
        with h5py.File(Path(file.filename).with_name("other.h5"), "w") as other:
            other["x"] = values
        layout = h5py.VirtualLayout(values.shape, values.dtype)
        layout[:] = h5py.VirtualSource("other.h5", "x", values.shape)
        if name in file:
            del file[name]
        file.create_virtual_dataset(name, layout)

    return damage


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (link_externally("pixels/count"), r"/pixels/count is a link to another file \(other\.h5"),
        (link_externally("pixels"), "/pixels is a link to another file"),
        (link_externally("bins"), "/bins is a link to another file"),
        (link_externally("chroms/name"), "/chroms/name is a link to another file"),
        (
            lambda file: file.__setitem__("bins/x", h5py.ExternalLink("no_such.h5", "/x")),
            "/bins/x is a link to another file",
        ),
        (
            lambda file: file.__setitem__("indexes/deep/x", h5py.ExternalLink("no.h5", "/x")),
            "/indexes/deep/x is a link to another file",
        ),
        (link_over_an_external_link, "/elsewhere is a link to another file"),
        (store_externally("bins/leak"), r"/bins/leak stores its values .*secret\.txt"),
        (store_externally("bins/start"), "/bins/start stores its values in another file"),
        (make_virtual("pixels/count"), "/pixels/count is a virtual dataset"),
        (make_virtual("bins/leak"), "/bins/leak is a virtual dataset"),
    ],
)
def test_what_lies_in_another_file_is_refused(
    path: Path, damage: Damage, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(path, damage)
    opened = []
    inside = h5py.Dataset.__getitem__
    monkeypatch.setattr(
        h5py.Dataset, "__getitem__", lambda self, key: opened.append(self) or inside(self, key)
    )
    for read in (read_contacts, lambda name: inspect_source(str(name))):
        with pytest.raises(InputError, match=words) as caught:
            read(path)
        assert path.name in str(caught.value)
    assert opened == [], "nothing is read before"


def test_other_groups_of_a_file_may_lead_elsewhere(path: Path, tmp_path: Path) -> None:
    """Only the group that is read counts, with all that leads to it."""
    mcool = tmp_path / "map.mcool"
    with h5py.File(path) as source, h5py.File(mcool, "w") as file:
        source.copy("/", file, "resolutions/10")
        file["else/20"] = h5py.ExternalLink("other.h5", "/")
    assert read_contacts(f"{mcool}::/resolutions/10").nnz == 496
    assert read_contacts(mcool, 10).nnz == 496
    with pytest.raises(InputError, match="/else/20 is a link to another file"):
        read_contacts(f"{mcool}::/else/20")


def test_links_within_one_file_are_followed(path: Path, tmp_path: Path) -> None:
    expected = read_contacts(path)

    def link(file: h5py.File) -> None:
        file["hidden/counts"] = file["pixels/count"]
        del file["pixels/count"]
        file["pixels/count"] = h5py.SoftLink("/hidden/counts")
        file["bins/gc"] = np.arange(N) / N
        file["bins/again"] = h5py.SoftLink("gc")
        file["bins/same"] = file["bins/gc"]

    change(path, link)
    actual = read_contacts(path)
    np.testing.assert_array_equal(actual.counts, expected.counts)
    for name in ("gc", "again", "same"):
        np.testing.assert_array_equal(actual.bins.extra[name], np.arange(N) / N)
    assert actual.source["notes"] == []


def test_members_of_no_use_among_the_bins_are_left_out_with_a_note(path: Path) -> None:
    def add(file: h5py.File) -> None:
        file["bins/dangling"] = h5py.SoftLink("/nowhere/at all")
        file["bins/circle"] = h5py.SoftLink("circle")
        file["bins/folder/x"] = np.arange(N)
        file["bins/type"] = np.dtype("i4")
        file["bins/scalar"] = 3
        file["bins/square"] = np.ones((N, 2))
        file["bins/short"] = np.ones(N - 1)
        file["bins/nothing"] = h5py.Empty("f8")
        file["bins/complex"] = np.ones(N, complex)
        file["bins/gc"] = np.ones(N)

    change(path, add)
    contacts = read_contacts(path)
    assert set(contacts.bins.extra) == {"gc"}
    assert contacts.source["notes"] == [
        "members of bins that are no columns of numbers or text ignored: circle, complex, "
        "dangling, folder, nothing, scalar, short, square, type"
    ]


def test_groups_that_contain_themselves_are_read(path: Path) -> None:
    change(path, lambda file: file.__setitem__("indexes/again", file["/"]))
    assert read_contacts(path).nnz == 496


# --- names of chromosomes


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


# --- shapes, types and values


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


# --- sizes that nothing stands for


@pytest.mark.parametrize("chunks", [(1 << 16,), None])
@pytest.mark.parametrize("table", ["pixels", "bins"])
def test_values_that_were_never_written_are_refused_at_once(
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
    start = time.monotonic()
    with pytest.raises(InputError, match=rf"{table}/\w+' claims 1,000,000,000,000 values, but"):
        read_contacts(path)
    assert time.monotonic() - start < 1


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


# --- long chromosomes and bin sizes


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


# --- what the HDF5 library does not survive


def damage_attribute_type(path: Path) -> None:
    """Let an attribute claim a type of variable length that does not exist."""
    data = bytearray(path.read_bytes())
    name = data.index(b"bin-type\0")
    place = data.index(b"\x19\x01", name)  # variable length, a string
    data[place + 1] = 7
    path.write_bytes(data)


def test_a_crash_of_the_hdf5_library_becomes_an_error(path: Path) -> None:
    damage_attribute_type(path)
    with pytest.raises(InputError, match=r"HDF5 library crashes \(SIG[A-Z]+\)") as caught:
        inspect_source(str(path))
    assert path.name in str(caught.value)


def damage_last_heap(path: Path) -> None:
    """Let the free space of the heap that holds text take no bytes."""
    data = bytearray(path.read_bytes())
    first = data.rindex(b"GCOL\1") + 16  # number, references (2 bytes each), unused (4), length (8)
    data[first : first + 2], data[first + 8 : first + 16] = bytes(2), bytes(8)
    path.write_bytes(data)


def test_a_run_without_end_of_the_hdf5_library_becomes_an_error(path: Path) -> None:
    """The text of a bin column is read with the level, and not before."""
    change(
        path, lambda file: file.create_dataset("bins/x", data=["a"] * N, dtype=h5py.string_dtype())
    )
    assert list(read_contacts(path).bins.extra) == ["x"]
    damage_last_heap(path)
    info = inspect_source(str(path))
    with (
        pytest.raises(InputError, match="the HDF5 library does not come to an end"),
        open_contacts(str(path), 10, info=info),
    ):
        pass


def test_an_attribute_that_cannot_be_read_is_not_missing(tmp_path: Path) -> None:
    path = tmp_path / "latest.cool"
    with h5py.File(path, "w", libver="latest") as file:
        file.create_group("bins"), file.create_group("pixels")
        file.attrs.update({f"x{number}": number for number in range(20)})
    data = bytearray(path.read_bytes())
    block = data.index(b"FHDB")  # the block of attributes, with a checksum
    data[block + 30] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"is damaged and cannot be read .*checksum"):
        inspect_source(str(path))


def test_the_process_of_trials_starts_again_after_its_end(path: Path) -> None:
    trials = Trials()
    request = json.dumps({"uri": str(path), "level": None})
    assert trials.ask(request) == 0
    assert trials._process is not None
    trials._process.kill()
    trials._process.wait()
    assert trials.ask(request) == 0
    trials.stop()


def test_threads_that_read_files_at_the_same_time_get_their_own_replies(path: Path) -> None:
    crashing = path.with_name("crashing.cool")
    shutil.copy(path, crashing)
    damage_attribute_type(crashing)
    sound = inspect_source(str(path))

    def inspect(file: Path) -> object:
        try:
            return inspect_source(str(file))
        except InputError as error:
            return str(error)

    files = [path, path, crashing] * 8
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(inspect, files))
    for file, reply in zip(files, replies, strict=True):
        assert reply == sound if file == path else "HDF5 library crashes" in str(reply)


def test_a_process_of_trials_that_does_not_start_is_an_error() -> None:
    with pytest.raises(SetupError, match=r"ends at once; does this print .*exit.* </dev/null"):
        Trials([sys.executable, "-c", "exit()"]).ask("{}")


# --- the sum in the header


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


# --- labels of numbers


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


def test_half_precision_counts_are_read(path: Path) -> None:
    change(path, lambda file: replace(file, "pixels/count", np.arange(496).astype("f2")))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_contacts(path).source["contacts"] == 496 * 495 / 2


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


def test_a_path_too_long_for_a_file_system_is_refused() -> None:
    with pytest.raises(InputError, match="does not exist or is not a file"):
        read_contacts("a" * 300 + ".cool")
