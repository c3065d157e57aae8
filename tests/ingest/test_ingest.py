"""Reading .cool and .mcool files: good, odd and broken ones, checks of pixels, coarsening."""

from __future__ import annotations

import random
import subprocess
import sys
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import cooler
import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Chunk, Contacts
from counterpoise.errors import InputError
from counterpoise.ingest import cooler_reader
from counterpoise.ingest.coarsen import coarse_bins, coarsen
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.hdf5_column import Column
from counterpoise.ingest.pixel_checks import Tally, check_pixels
from counterpoise.ingest.read import open_contacts, read_contacts
from counterpoise.ingest.reader_interface import Level, SourceInfo

COLUMNS = ("bin1_id", "bin2_id", "count")

# What each bad .cool comes to: words of the error, or number of pixels and their sum. README.md
# beside the files says what is wrong with each; test_hic.py has the .hic ones.
EXPECTED: dict[str, str | tuple[int, float]] = {
    "2dtexttocool.cool": r"negative \(-1\.24\d*\) at bins 12148 and 187822 \(chr1:121,480,000",
    "arrow_full_diagonal.cool": (119, 1888),
    "arrow_zero_diagonal.cool": (59, 1341),
    "asymmetric_square.cool": r"not symmetric: the pixel \(0, 1\) with count 28",
    "bipartite_equal.cool": (900, 5510),
    "bipartite_unequal.cool": (800, 4910),
    "control_good.cool": (2718, 21294),
    "counts_over_int32.cool": (2718, 25_769_824_906),
    "diagonal_only.cool": (60, 25201),
    "duplicate_pixels.cool": r"bins 0 and 20 \(chrA:0-10,000 and .*more than once",
    "hdf5_but_not_cooler.cool": r"HDF5 file but not a cooler.*it holds matrix",
    "inf_counts.cool": r"not a finite number \(inf\) at bins 33 and 35 \(chrA:330,000",
    "missing_count_column.cool": r"has no column 'pixels/count' \(it has bin1_id, bin2_id\)",
    "nan_counts.cool": r"not a finite number \(nan\) at bins 13 and 57 .*one of 4 such",
    "negative_counts.cool": r"negative \(-9\) at bins 5 and 13 .*one of 5 such pixels",
    "no_pixels.cool": (0, 0),
    "one_bin_hanging_by_one_contact.cool": (2649, 20748),
    "one_chromosome_empty.cool": (1189, 12661),
    "only_zero_counts.cool": (0, 0),
    "pixels_out_of_order.cool": (2718, 21294),
    "single_bin.cool": (1, 7),
    "support_not_total.cool": (60, 2311),
    "symmetric_square_storage.cool": (2718, 21294),
    "text_file.cool": r"not an HDF5 file",
    "toy.asymm.2.cool": r"stored as a full square and is not symmetric: the pixel \(0, 8\)",
    "toy.symm.upper.var.cool": (37, 96),
    "tridiagonal_only.cool": (119, 5474),
    "truncated.cool": r"cut short",
    "two_blocks.cool": (948, 8261),
    "variable_bins.cool": (2016, 6634),
    "zero_bytes.cool": r"is empty \(0 bytes\)",
}


def stored(path: Path, group: str = "/") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pixel columns as plain h5py reads them."""
    with h5py.File(path, "r", locking=False) as file:
        bin1, bin2, count = (file[group]["pixels"][name][:] for name in COLUMNS)
    return bin1, bin2, count


def dense(contacts: Contacts) -> np.ndarray:
    """The upper triangle as a dense array."""
    n = len(contacts.bins)
    result = np.zeros((n, n))
    result[contacts.rows, contacts.columns] = contacts.counts
    return result


def assert_same_map(ours: Contacts, theirs: Contacts) -> None:
    np.testing.assert_array_equal(ours.indptr, theirs.indptr)
    np.testing.assert_array_equal(ours.columns, theirs.columns)
    np.testing.assert_array_equal(ours.counts, theirs.counts)


def write_cool(path: Path, bins: BinTable, pixels: Chunk, **filters: Any) -> None:
    """A .cool by hand, so that the storage of its columns can be chosen."""
    with h5py.File(path, "w") as file:
        file.attrs.update({"format": "HDF5::Cooler", "format-version": 3, "bin-type": "fixed"})
        file.attrs.update({"storage-mode": "symmetric-upper", "bin-size": bins.resolution})
        file["chroms/name"] = np.array(bins.chromosomes, dtype="S")
        file["chroms/length"] = bins.lengths
        file["bins/chrom"] = bins.chromosome_ids
        file["bins/start"], file["bins/end"] = bins.start, bins.end
        for name, column in zip(COLUMNS, pixels, strict=True):
            file.create_dataset(f"pixels/{name}", data=column, **filters)


# --- bad and awkward files -------------------------------------------------------------------


def test_every_bad_cool_is_expected(shared_data: Path) -> None:
    there = {path.name for path in (shared_data / "bad").iterdir() if path.suffix != ".hic"}
    assert there == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_bad_cool(shared_data: Path, name: str) -> None:
    path, expected = shared_data / "bad" / name, EXPECTED[name]
    if isinstance(expected, str):
        with pytest.raises(InputError, match=expected) as caught:
            read_contacts(path)
        assert str(path) in str(caught.value)
        assert caught.value.remedy
    else:
        contacts = read_contacts(path)
        assert (contacts.nnz, contacts.counts.sum(dtype=np.float64)) == expected
        assert (contacts.counts > 0).all()


@pytest.mark.parametrize("name", ["symmetric_square_storage.cool", "pixels_out_of_order.cool"])
def test_odd_storage_gives_the_control(shared_data: Path, name: str) -> None:
    contacts = read_contacts(shared_data / "bad" / name)
    assert_same_map(contacts, read_contacts(shared_data / "bad" / "control_good.cool"))
    assert contacts.source["notes"], "what was put right is told"


def test_control_equals_the_stored_pixels(shared_data: Path) -> None:
    path = shared_data / "bad" / "control_good.cool"
    bin1, bin2, count = stored(path)
    contacts = read_contacts(path)
    assert contacts.source["notes"] == []
    np.testing.assert_array_equal(contacts.rows, bin1)
    np.testing.assert_array_equal(contacts.columns, bin2)
    np.testing.assert_array_equal(contacts.counts, count)


def test_counts_over_int32_are_exact(shared_data: Path) -> None:
    contacts = read_contacts(shared_data / "bad" / "counts_over_int32.cool")
    assert np.count_nonzero(contacts.counts == 2**33) == 3


def test_stored_zeros_are_reported(shared_data: Path) -> None:
    contacts = read_contacts(shared_data / "odd.1.cool")
    assert contacts.source["zeros_dropped"] == 191
    assert contacts.nnz == 1847 - 191
    assert any("191 stored zeros" in note for note in contacts.source["notes"])


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.cool: does not exist"):
        read_contacts(tmp_path / "nowhere.cool")


def test_variable_bins_have_no_size_to_ask_for(shared_data: Path) -> None:
    path = shared_data / "bad" / "variable_bins.cool"
    assert read_contacts(path).bins.resolution is None
    with pytest.raises(InputError, match=r"no level of 10,000 bp.*of unequal bins"):
        read_contacts(path, 10_000)


@pytest.fixture
def small(tmp_path: Path) -> tuple[Path, BinTable, Chunk]:
    """A sound .cool of three chromosomes, 39 bins."""
    bins = BinTable.fixed(("a", "b", "c"), (205, 100, 77), 10)
    rng = np.random.default_rng(5)
    bin1, bin2 = np.triu_indices(len(bins))
    seen = rng.random(len(bin1)) < 0.5
    count = rng.integers(1, 300, int(seen.sum())).astype(np.int32)
    pixels = (bin1[seen].astype(np.int64), bin2[seen].astype(np.int64), count)
    path = tmp_path / "small.cool"
    write_cool(path, bins, pixels, chunks=(100,), compression="gzip", shuffle=True)
    return path, bins, pixels


def test_damaged_bytes_never_escape_as_another_error(small: tuple[Path, BinTable, Chunk]) -> None:
    """Every damage is an InputError that names the file, or was in a place that holds nothing."""
    path, *_ = small
    sound = path.read_bytes()
    rng = random.Random(7)
    messages = []
    for _ in range(150):
        data = bytearray(sound)
        for _ in range(rng.randint(1, 20)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(data)
        try:
            read_contacts(path)
        except InputError as error:
            messages.append(str(error))
    assert len(messages) > 20
    assert all(path.name in message for message in messages)


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_cut_short(small: tuple[Path, BinTable, Chunk], share: float) -> None:
    path, *_ = small
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InputError, match="cut short"):
        read_contacts(path)


def swap_bins(file: h5py.File) -> None:
    for name in ("start", "end"):
        column = file[f"bins/{name}"][:]
        column[[3, 4]] = column[[4, 3]]
        file[f"bins/{name}"][:] = column


def grow(file: h5py.File) -> None:
    del file["pixels/count"]
    file["pixels/count"] = np.ones(3, np.int32)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (swap_bins, "bins overlap, are out of order or are empty"),
        (lambda file: file["bins/chrom"].write_direct(np.full(39, 3)), "chromosome table"),
        (lambda file: file["bins/chrom"].__setitem__(0, 2), "order of the chromosome table"),
        (lambda file: file.attrs.__setitem__("bin-size", 7), "promises bins of 7 bp"),
        (lambda file: file["bins/start"].__setitem__(0, 1), "promises bins of 10 bp"),
        (
            lambda file: file["pixels/bin2_id"].__setitem__(-1, 39),
            "names bin 39, but .* has 39 bins",
        ),
        (lambda file: file["pixels/bin1_id"].__setitem__(0, -1), "names bin -1"),
        (lambda file: file["pixels/bin2_id"].__setitem__(-1, 0), "lies below the diagonal"),
        (lambda file: file["pixels/bin1_id"].__setitem__(-1, 0), "out of order"),
        (grow, r"pixel columns differ in length .*'count': 3"),
        (lambda file: file.pop("pixels"), "not a cooler: it has no bins and pixels"),
        (lambda file: file.pop("chroms"), "has no table 'chroms'"),
        (lambda file: file.pop("bins/end"), "no column 'bins/end'"),
    ],
)
def test_contradictions_are_refused(
    small: tuple[Path, BinTable, Chunk], damage: Any, message: str
) -> None:
    path, *_ = small
    with h5py.File(path, "r+") as file:
        damage(file)
    with pytest.raises(InputError, match=message) as caught:
        read_contacts(path)
    assert path.name in str(caught.value)


# --- real files ------------------------------------------------------------------------------


def test_old_layout(shared_data: Path) -> None:
    """Levels at /0 to /4, and columns out of order within rows in the first four."""
    path = shared_data / "hicexplorer_matrix.mcool"
    info = inspect_source(str(path), identify=False)
    assert info.format == "mcool"
    assert {level.group: level.resolution for level in info.levels} == {
        "/0": 640_000,
        "/1": 320_000,
        "/2": 160_000,
        "/3": 80_000,
        "/4": 40_000,
    }
    for group, resolution, bins, nnz in (
        ("/0", 640_000, 209, 21_798),
        ("/4", 40_000, 3315, 418_518),
    ):
        by_size = read_contacts(path, resolution)
        assert (len(by_size.bins), by_size.nnz) == (bins, nnz)
        assert_same_map(by_size, read_contacts(f"{path}::{group}"))
        assert by_size.source["coarsened_from"] is None
    bin1, bin2, count = stored(path, "/0")
    order = np.lexsort((bin2, bin1))
    coarsest = read_contacts(path, 640_000)
    np.testing.assert_array_equal(coarsest.columns, bin2[order])
    np.testing.assert_array_equal(coarsest.counts, count[order])
    assert "columns were out of order within rows; they were sorted" in coarsest.source["notes"]


def test_several_resolutions_named_cool(shared_data: Path) -> None:
    path = shared_data / "4dn_test.multires.cool"
    info = inspect_source(str(path), identify=False)
    assert info.format == "mcool"
    expected = [100_000 * 2**power for power in range(7)]
    assert sorted(level.resolution or 0 for level in info.levels) == expected
    contacts = read_contacts(path, 6_400_000)
    assert (len(contacts.bins), contacts.nnz) == (495, 69_410)
    names = contacts.bins.chromosomes
    place = names.index("chr7")
    assert names[place : place + 3] == ("chr7", "chrX", "chr8"), "the file's own order"


@pytest.mark.parametrize("resolution", [250_000, 10_000])
def test_a_level_that_cannot_be_made_lists_those_there_are(
    shared_data: Path, resolution: int
) -> None:
    with pytest.raises(InputError) as caught:
        read_contacts(shared_data / "4dn_test.multires.cool", resolution)
    message = str(caught.value)
    assert f"{resolution:,} bp" in message
    for power in range(7):
        assert f"{100_000 * 2**power:,}" in message


def test_several_levels_and_none_asked_for(shared_data: Path) -> None:
    with pytest.raises(InputError, match=r"several resolutions \(100,000, 1,000,000 bp\)"):
        read_contacts(shared_data / "cooler_test_file.mcool")


def test_group_by_name(shared_data: Path) -> None:
    path = shared_data / "cooler_test_file.mcool"
    assert_same_map(read_contacts(f"{path}::/resolutions/1000000"), read_contacts(path, 1_000_000))
    with pytest.raises(InputError, match=r"no group /resolutions/5 \(it holds /resolutions/100000"):
        read_contacts(f"{path}::/resolutions/5")


def test_level_without_a_bin_size(shared_data: Path) -> None:
    info = inspect_source(str(shared_data / "toy.symm.upper.2.mcool"), identify=False)
    assert [level.resolution for level in info.levels] == [2, 4, 8, 16, None]
    assert info.describe_levels() == "2, 4, 8, 16 bp (and a level of unequal bins)"


def test_variable_bins(shared_data: Path) -> None:
    path = shared_data / "hicstuff_mat.cool"
    contacts = read_contacts(path)
    assert contacts.bins.resolution is None
    assert (len(contacts.bins), contacts.nnz) == (564, 303)
    assert set(contacts.bins.extra) == {"size", "gc_content"}
    np.testing.assert_array_equal(
        contacts.bins.end - contacts.bins.start, contacts.bins.extra["size"]
    )


def test_chromosome_name_with_bars(shared_data: Path) -> None:
    name = "dec2_20_pluslig_1pGene_grch38_UBR4_D_1nt.pairwise.sorted.cool"
    contacts = read_contacts(shared_data / name)
    assert contacts.bins.chromosomes == ("ENSG00000127481|ENST00000375254|",)
    assert contacts.nnz == 653


def test_float_counts_and_header_of_bytes(shared_data: Path) -> None:
    """Normalised values, attributes that are the text of bytes, bins that begin far inside."""
    path = shared_data / "unittest_matrix_2.cool"
    contacts = read_contacts(path)
    assert contacts.counts.dtype == np.float64
    assert contacts.bins.resolution == 10_000
    np.testing.assert_array_equal(contacts.counts, stored(path)[2])
    with h5py.File(path, "r") as file:
        np.testing.assert_array_equal(contacts.bins.start, file["bins/start"][:])
    assert contacts.bins.start[0] > 100_000_000
    assert contacts.bins.describe(0).startswith(contacts.bins.chromosomes[0])


def test_inexact_floats_stay_as_they_are(shared_data: Path) -> None:
    contacts = read_contacts(shared_data / "gm12878_KR.cool")
    assert contacts.counts.dtype == np.float64
    np.testing.assert_array_equal(contacts.counts, stored(shared_data / "gm12878_KR.cool")[2])


def test_old_header(shared_data: Path) -> None:
    contacts = read_contacts(shared_data / "yeast.10kb.cool")
    assert (contacts.bins.resolution, contacts.nnz) == (10_000, 728_311)
    assert contacts.counts.sum(dtype=np.int64) == 115_245_764
    assert np.isfinite(contacts.bins.extra["weight"]).sum() == 1184


def test_many_contigs_in_bounded_memory(shared_data: Path) -> None:
    """The columns of 10 million bins are 120 MB, and about 0.4 GiB in memory with all that is
    derived from them; Python objects for each bin, or a loop of chromosomes by bins, would take
    more than the 1 GiB allowed here, or the time."""
    program = (
        "import sys; from counterpoise.ingest.read import read_contacts\n"
        "from counterpoise.process import peak_memory_mb\n"
        "contacts = read_contacts(sys.argv[1]); assert len(contacts.bins) == 10_000_000\n"
        "assert len(contacts.bins.chromosomes) == 10_000; assert contacts.nnz == 1847 - 191\n"
        "print(peak_memory_mb())"
    )
    path = str(shared_data / "manycontigs.1.cool")
    done = subprocess.run(
        [sys.executable, "-c", program, path],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert float(done.stdout) < 1024  # MiB


def test_identity(shared_data: Path) -> None:
    info = inspect_source(str(shared_data / "bad" / "control_good.cool"))
    sums = dict(
        reversed(line.split(maxsplit=1))
        for line in (shared_data / "SHA256SUMS").read_text().splitlines()
    )
    assert info.identity["sha256"] == sums["bad/control_good.cool"]
    assert info.identity["bytes"] == 41_602
    assert SourceInfo.from_dict(asdict(info)) == info


# --- the reader of compressed chunks ---------------------------------------------------------


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
def test_chunk_reader_equals_h5py(shared_data: Path, name: str, group: str) -> None:
    with h5py.File(shared_data / name, "r", locking=False) as file:
        for column in COLUMNS:
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
def test_chunk_reader_on_any_storage(tmp_path: Path, storage: str, dtype: str) -> None:
    values = np.random.default_rng(1).integers(0, 120, 1234).astype(dtype)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("x", data=values, **STORAGE[storage])
    with h5py.File(tmp_path / "x.h5") as file:
        dataset = file["x"]
        for lo, hi in ((0, 1234), (37, 1001), (100, 200), (1233, 1234), (5, 5)):
            np.testing.assert_array_equal(read_all(dataset, lo, hi), values[lo:hi])


def test_chunks_never_written_hold_the_fill_value(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        dataset = file.create_dataset(
            "x", (1000,), np.int32, chunks=(100,), compression="gzip", fillvalue=9
        )
        dataset[300:420] = 1
    with h5py.File(tmp_path / "x.h5") as file:
        expected = np.full(1000, 9)
        expected[300:420] = 1
        np.testing.assert_array_equal(read_all(file["x"], 0, 1000), expected)


def test_chunk_stored_without_its_filter(tmp_path: Path) -> None:
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


def test_reading_in_small_pieces(small: tuple[Path, BinTable, Chunk]) -> None:
    path, _, pixels = small
    [level] = cooler_reader.inspect(str(path), "h5py").levels
    with cooler_reader.open_level(str(path), level, "h5py", chunk_pixels=7) as opened:
        contacts = Contacts.from_chunks(opened.bins, opened.chunks(), {})
    np.testing.assert_array_equal(contacts.rows, pixels[0])
    np.testing.assert_array_equal(contacts.columns, pixels[1])
    np.testing.assert_array_equal(contacts.counts, pixels[2])


# --- checks on pixels ------------------------------------------------------------------------


@st.composite
def maps(draw: st.DrawFn) -> tuple[BinTable, np.ndarray]:
    """A bin table of up to four chromosomes and a dense upper triangle of counts, zeros stored
    as -1 nowhere: an entry of 0 is no pixel."""
    lengths = draw(st.lists(st.integers(1, 60), min_size=1, max_size=4))
    bins = BinTable.fixed([f"c{i}" for i in range(len(lengths))], lengths, draw(st.integers(1, 9)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = len(bins)
    shape = rng.integers(1, 1000, (n, n)) * (rng.random((n, n)) < draw(st.floats(0, 1)))
    return bins, np.triu(shape)


def pixels_of(matrix: np.ndarray) -> Chunk:
    bin1, bin2 = np.nonzero(matrix)
    return bin1, bin2, matrix[bin1, bin2]


def cut(pixels: Chunk, places: list[int]) -> Iterator[Chunk]:
    edges = [0, *sorted(place % (len(pixels[0]) + 1) for place in places), len(pixels[0])]
    for lo, hi in pairwise(edges):
        yield pixels[0][lo:hi], pixels[1][lo:hi], pixels[2][lo:hi]


@given(maps(), st.lists(st.integers(0, 10_000), max_size=8))
def test_chunk_boundaries_change_nothing(
    drawn: tuple[BinTable, np.ndarray], places: list[int]
) -> None:
    bins, matrix = drawn
    pixels = pixels_of(matrix)
    tally = Tally()
    pieces = list(check_pixels(cut(pixels, places), bins, "made", tally))
    got = [np.concatenate(parts) for parts in zip(*pieces, strict=True)] or [np.empty(0)] * 3
    for ours, theirs in zip(got, pixels, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert tally == Tally(contacts=matrix.sum())
    rows = [set(piece[0].tolist()) for piece in pieces]
    assert sum(map(len, rows)) == len(set().union(*rows)), "a row is never split"


@given(maps(), st.lists(st.integers(0, 10_000), max_size=8), st.randoms(use_true_random=False))
def test_zeros_and_order_within_rows_are_corrected(
    drawn: tuple[BinTable, np.ndarray], places: list[int], shuffler: random.Random
) -> None:
    bins, matrix = drawn
    n = len(bins)
    bin1, bin2 = np.triu_indices(n)  # every pixel is stored, zeros too
    order = sorted(range(len(bin1)), key=lambda k: (bin1[k], shuffler.random()))
    pixels = (bin1[order], bin2[order], matrix[bin1[order], bin2[order]])
    tally = Tally()
    contacts = Contacts.from_chunks(
        bins, check_pixels(cut(pixels, places), bins, "made", tally), {}
    )
    np.testing.assert_array_equal(dense(contacts), matrix)
    assert contacts.nnz == np.count_nonzero(matrix)
    assert tally.zeros == len(bin1) - contacts.nnz


BREAKS = {
    "more than once": lambda p, k, n: tuple(np.insert(c, k, c[k]) for c in p),
    "below the diagonal": lambda p, k, n: (
        np.append(p[0], n - 1),
        np.append(p[1], n - 2),
        np.append(p[2], 1),
    ),
    f"names bin {10**6}": lambda p, k, n: (
        p[0],
        np.where(np.arange(len(p[0])) == k, 10**6, p[1]),
        p[2],
    ),
    "names bin -3": lambda p, k, n: (p[0], np.where(np.arange(len(p[0])) == k, -3, p[1]), p[2]),
    "nan": lambda p, k, n: (*p[:2], np.where(np.arange(len(p[0])) == k, np.nan, p[2])),
    r"\(inf\)": lambda p, k, n: (*p[:2], np.where(np.arange(len(p[0])) == k, np.inf, p[2])),
    r"negative \(-1": lambda p, k, n: (*p[:2], np.where(np.arange(len(p[0])) == k, -1, p[2])),
}


@pytest.mark.parametrize("words", BREAKS)
@given(data=st.data())
def test_broken_pixels_are_always_refused(words: str, data: st.DataObject) -> None:
    bins, matrix = data.draw(maps().filter(lambda m: len(m[0]) > 1 and m[1].any()))
    pixels = pixels_of(matrix)
    k = data.draw(st.integers(0, len(pixels[0]) - 1))
    broken = BREAKS[words](pixels, k, len(bins))
    places = data.draw(st.lists(st.integers(0, 10_000), max_size=6))
    with pytest.raises(InputError, match=words) as caught:
        list(check_pixels(cut(broken, places), bins, "made.cool", Tally()))
    assert str(caught.value).startswith("made.cool: ")


@given(maps(), st.integers(0, 10_000))
def test_rows_out_of_order_are_always_refused(
    drawn: tuple[BinTable, np.ndarray], place: int
) -> None:
    bins, matrix = drawn
    bin1, bin2, count = pixels_of(matrix)
    if not len(bin1) or bin1[0] == bin1[-1]:
        return
    k = int(np.flatnonzero(np.diff(bin1))[place % np.count_nonzero(np.diff(bin1))])
    order = np.arange(len(bin1))
    order[[k, k + 1]] = order[[k + 1, k]]  # across the border of two rows
    pixels = (bin1[order], bin2[order], count[order])
    with pytest.raises(InputError, match="out of order"):
        list(check_pixels(cut(pixels, [place]), bins, "made", Tally()))


# --- coarsening ------------------------------------------------------------------------------


@given(maps(), st.integers(1, 12), st.lists(st.integers(0, 10_000), max_size=6), st.booleans())
def test_coarsening_equals_a_dense_sum(
    drawn: tuple[BinTable, np.ndarray], factor: int, places: list[int], floats: bool
) -> None:
    bins, matrix = drawn
    assert bins.resolution is not None
    if floats:
        matrix = matrix / 4  # sums of quarters are exact
    coarse, mapping = coarse_bins(bins, bins.resolution * factor)
    pieces = coarsen(
        check_pixels(cut(pixels_of(matrix), places), bins, "made", Tally()), mapping, len(coarse)
    )
    got = dense(Contacts.from_chunks(coarse, check_pixels(pieces, coarse, "coarse", Tally()), {}))

    # Written out bin by bin, with nothing of the package.
    place: list[int] = []
    size = bins.resolution * factor
    first = 0
    for length in bins.lengths.tolist():
        fine = -(-length // bins.resolution)
        place += [first + (i * bins.resolution) // size for i in range(fine)]
        first += -(-length // size)
    assert len(coarse) == first
    expected = np.zeros((first, first))
    np.add.at(expected, np.ix_(place, place), matrix)
    np.testing.assert_array_equal(got, expected)
    assert (
        coarse.end.tolist()
        == np.minimum(
            coarse.start + size, np.repeat(bins.lengths, np.diff(coarse.offsets))
        ).tolist()
    )


def test_coarsening_equals_the_files_own_levels(shared_data: Path, tmp_path: Path) -> None:
    """Every level of this file is the sum of its finest one."""
    path = shared_data / "4dn_test.multires.cool"
    with open_contacts(f"{path}::/resolutions/100000", 400_000) as reading:
        summed = Contacts.from_chunks(reading.bins, reading.chunks(), {})
        record = reading.source_record(summed.nnz)
    own = read_contacts(path, 400_000)
    assert_same_map(summed, own)
    np.testing.assert_array_equal(summed.bins.start, own.bins.start)
    np.testing.assert_array_equal(summed.bins.end, own.bins.end)
    assert (record["coarsened_from"], record["resolution"]) == (100_000, 400_000)
    assert "summed from the file's level of 100,000 bp" in record["notes"]
    assert own.source["coarsened_from"] is None


def test_coarsening_equals_cooler(shared_data: Path, tmp_path: Path) -> None:
    source = str(shared_data / "yeast.10kb.cool")
    target = str(tmp_path / "coarse.cool")
    cooler.coarsen_cooler(source, target, factor=7, chunksize=10_000_000)
    assert_same_map(read_contacts(source, 70_000), read_contacts(target))


def test_coarsening_takes_the_coarsest_divisor() -> None:
    info = SourceInfo("x.mcool", "mcool", tuple(Level(size) for size in (10, 1000, 500, 40)))
    assert info.find_level(2000).resolution == 1000
    assert info.find_level(80).resolution == 40
    assert info.find_level(500).resolution == 500
    assert info.find_level(30).resolution == 10


def test_coarsening_bins_that_begin_inside(shared_data: Path) -> None:
    """The map covers a part of a chromosome; its coarse bins lie on the chromosome's own grid."""
    path = shared_data / "unittest_matrix_2.cool"
    fine, coarse = read_contacts(path), read_contacts(path, 100_000)
    assert coarse.counts.sum(dtype=np.float64) == pytest.approx(fine.counts.sum(), rel=1e-12)
    filled = np.unique(np.concatenate([coarse.rows, coarse.columns]))
    assert coarse.bins.start[filled[0]] == fine.bins.start[0] // 100_000 * 100_000


def test_a_map_of_one_bin_has_any_resolution_from_its_length_on(shared_data: Path) -> None:
    """cooler calls such bins variable, since it sees no second one."""
    path = shared_data / "bad" / "single_bin.cool"
    contacts = read_contacts(path, 10_000)
    assert (contacts.bins.resolution, len(contacts.bins), contacts.nnz) == (10_000, 1, 1)
    with pytest.raises(InputError, match="no level of 5,000 bp"):
        read_contacts(path, 5_000)


@pytest.mark.parametrize("resolution", [0, -10_000, "10000"])
def test_a_resolution_is_an_integer(shared_data: Path, resolution: int) -> None:
    with pytest.raises(InputError, match="whole number of base pairs"):
        read_contacts(shared_data / "bad" / "control_good.cool", resolution)


def test_secrets_of_an_address_are_not_recorded() -> None:
    error = InputError("https://user:secret@host/map.hic?sig=secret", "is not there.", "Look.")
    assert str(error) == "https://host/map.hic: is not there. Look."
