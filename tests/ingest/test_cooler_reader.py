"""Read `.cool` and `.mcool` files: sound, odd, damaged and bad ones."""

from __future__ import annotations

import random
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Chunk, Contacts
from counterpoise.errors import InputError
from counterpoise.ingest import cooler_reader
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.read import read_contacts
from counterpoise.ingest.reader_interface import SourceInfo
from tests.support.coolers import assert_same_map, stored_pixels, write_cool

# The result for each bad .cool: words of the error, or number of pixels and their sum. The README
# of the files says what is wrong with each; test_hic_reader.py has the .hic files.
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


# --- bad and odd files -----------------------------------------------------------------------


def test_every_bad_cool_has_an_expected_result(shared_data: Path) -> None:
    names = {path.name for path in (shared_data / "bad").iterdir() if path.suffix != ".hic"}
    assert names == set(EXPECTED)


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
def test_odd_storage_gives_the_pixels_of_the_control(shared_data: Path, name: str) -> None:
    contacts = read_contacts(shared_data / "bad" / name)
    assert_same_map(contacts, read_contacts(shared_data / "bad" / "control_good.cool"))
    assert contacts.source["notes"], "the notes say what was put right"


def test_the_control_is_read_as_stored(shared_data: Path) -> None:
    path = shared_data / "bad" / "control_good.cool"
    bin1, bin2, count = stored_pixels(path)
    contacts = read_contacts(path)
    assert contacts.source["notes"] == []
    np.testing.assert_array_equal(contacts.rows, bin1)
    np.testing.assert_array_equal(contacts.columns, bin2)
    np.testing.assert_array_equal(contacts.counts, count)


def test_counts_over_int32_are_exact(shared_data: Path) -> None:
    contacts = read_contacts(shared_data / "bad" / "counts_over_int32.cool")
    assert np.count_nonzero(contacts.counts == 2**33) == 3


def test_stored_zeros_are_removed_and_noted(shared_data: Path) -> None:
    contacts = read_contacts(shared_data / "odd.1.cool")
    assert contacts.source["zeros_dropped"] == 191
    assert contacts.nnz == 1847 - 191
    assert any("191 stored zeros" in note for note in contacts.source["notes"])


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.cool: does not exist"):
        read_contacts(tmp_path / "nowhere.cool")


def test_bins_of_unequal_length_have_no_resolution(shared_data: Path) -> None:
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
    filled = rng.random(len(bin1)) < 0.5
    count = rng.integers(1, 300, int(filled.sum())).astype(np.int32)
    pixels = (bin1[filled].astype(np.int64), bin2[filled].astype(np.int64), count)
    path = tmp_path / "small.cool"
    write_cool(path, bins, pixels, {"chunks": (100,), "compression": "gzip", "shuffle": True})
    return path, bins, pixels


def test_damaged_bytes_raise_no_other_error(small: tuple[Path, BinTable, Chunk]) -> None:
    """Damage raises an InputError that names the file, or lies in bytes that are never read."""
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


def lengthen_counts(file: h5py.File) -> None:
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
        (lengthen_counts, r"pixel columns differ in length .*'count': 3"),
        (lambda file: file.pop("pixels"), "not a cooler: it has no bins and pixels"),
        (lambda file: file.pop("chroms"), "has no table 'chroms'"),
        (lambda file: file.pop("bins/end"), "no column 'bins/end'"),
    ],
)
def test_files_that_contradict_themselves_are_refused(
    small: tuple[Path, BinTable, Chunk], damage: Any, message: str
) -> None:
    path, *_ = small
    with h5py.File(path, "r+") as file:
        damage(file)
    with pytest.raises(InputError, match=message) as caught:
        read_contacts(path)
    assert path.name in str(caught.value)


# --- real files ------------------------------------------------------------------------------


def test_old_files_with_levels_at_the_root(shared_data: Path) -> None:
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
    bin1, bin2, count = stored_pixels(path, "/0")
    order = np.lexsort((bin2, bin1))
    coarsest = read_contacts(path, 640_000)
    np.testing.assert_array_equal(coarsest.columns, bin2[order])
    np.testing.assert_array_equal(coarsest.counts, count[order])
    assert "columns were out of order within rows; they were sorted" in coarsest.source["notes"]


def test_several_resolutions_in_a_file_named_cool(shared_data: Path) -> None:
    path = shared_data / "4dn_test.multires.cool"
    info = inspect_source(str(path), identify=False)
    assert info.format == "mcool"
    expected = [100_000 * 2**power for power in range(7)]
    assert sorted(level.resolution or 0 for level in info.levels) == expected
    contacts = read_contacts(path, 6_400_000)
    assert (len(contacts.bins), contacts.nnz) == (495, 69_410)
    names = contacts.bins.chromosomes
    place = names.index("chr7")
    assert names[place : place + 3] == ("chr7", "chrX", "chr8"), "the order of the file"


@pytest.mark.parametrize("resolution", [250_000, 10_000])
def test_an_impossible_resolution_lists_the_levels(shared_data: Path, resolution: int) -> None:
    with pytest.raises(InputError) as caught:
        read_contacts(shared_data / "4dn_test.multires.cool", resolution)
    message = str(caught.value)
    assert f"{resolution:,} bp" in message
    for power in range(7):
        assert f"{100_000 * 2**power:,}" in message


def test_a_file_of_several_levels_needs_a_resolution(shared_data: Path) -> None:
    with pytest.raises(InputError, match=r"several resolutions \(100,000, 1,000,000 bp\)"):
        read_contacts(shared_data / "cooler_test_file.mcool")


def test_a_group_named_in_the_path(shared_data: Path) -> None:
    path = shared_data / "cooler_test_file.mcool"
    assert_same_map(read_contacts(f"{path}::/resolutions/1000000"), read_contacts(path, 1_000_000))
    with pytest.raises(InputError, match=r"no group /resolutions/5 \(it holds /resolutions/100000"):
        read_contacts(f"{path}::/resolutions/5")


def test_a_level_without_bin_size(shared_data: Path) -> None:
    info = inspect_source(str(shared_data / "toy.symm.upper.2.mcool"), identify=False)
    assert [level.resolution for level in info.levels] == [2, 4, 8, 16, None]
    assert info.describe_levels() == "2, 4, 8, 16 bp (and a level of unequal bins)"


def test_bins_of_unequal_length_are_read(shared_data: Path) -> None:
    path = shared_data / "hicstuff_mat.cool"
    contacts = read_contacts(path)
    assert contacts.bins.resolution is None
    assert (len(contacts.bins), contacts.nnz) == (564, 303)
    assert set(contacts.bins.extra) == {"size", "gc_content"}
    np.testing.assert_array_equal(
        contacts.bins.end - contacts.bins.start, contacts.bins.extra["size"]
    )


def test_chromosome_names_with_bars(shared_data: Path) -> None:
    name = "dec2_20_pluslig_1pGene_grch38_UBR4_D_1nt.pairwise.sorted.cool"
    contacts = read_contacts(shared_data / name)
    assert contacts.bins.chromosomes == ("ENSG00000127481|ENST00000375254|",)
    assert contacts.nnz == 653


def test_float_counts_and_attributes_of_bytes(shared_data: Path) -> None:
    """The counts are normalised, and the bins begin in the middle of a chromosome."""
    path = shared_data / "unittest_matrix_2.cool"
    contacts = read_contacts(path)
    assert contacts.counts.dtype == np.float64
    assert contacts.bins.resolution == 10_000
    np.testing.assert_array_equal(contacts.counts, stored_pixels(path)[2])
    with h5py.File(path, "r") as file:
        np.testing.assert_array_equal(contacts.bins.start, file["bins/start"][:])
    assert contacts.bins.start[0] > 100_000_000
    assert contacts.bins.describe(0).startswith(contacts.bins.chromosomes[0])


def test_inexact_floats_are_not_changed(shared_data: Path) -> None:
    path = shared_data / "gm12878_KR.cool"
    contacts = read_contacts(path)
    assert contacts.counts.dtype == np.float64
    np.testing.assert_array_equal(
        contacts.counts, stored_pixels(shared_data / "gm12878_KR.cool")[2]
    )


def test_a_header_of_an_old_version(shared_data: Path) -> None:
    contacts = read_contacts(shared_data / "yeast.10kb.cool")
    assert (contacts.bins.resolution, contacts.nnz) == (10_000, 728_311)
    assert contacts.counts.sum(dtype=np.int64) == 115_245_764
    assert np.isfinite(contacts.bins.extra["weight"]).sum() == 1184


def test_many_contigs_in_bounded_memory(shared_data: Path) -> None:
    """Python objects for each bin, or a loop over chromosomes and bins, would exceed the limits.

    The columns of 10 million bins take 120 MB, and about 0.4 GiB with all that is derived.
    """
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
    )
    assert float(done.stdout) < 1024  # MiB


def test_the_identity_is_the_checksum_of_the_file(shared_data: Path) -> None:
    info = inspect_source(str(shared_data / "bad" / "control_good.cool"))
    sums = dict(
        reversed(line.split(maxsplit=1))
        for line in (shared_data / "SHA256SUMS").read_text().splitlines()
    )
    assert info.identity["sha256"] == sums["bad/control_good.cool"]
    assert info.identity["bytes"] == 41_602
    assert SourceInfo.from_dict(asdict(info)) == info


def test_small_chunks_give_the_same_pixels(small: tuple[Path, BinTable, Chunk]) -> None:
    path, _, pixels = small
    [level] = cooler_reader.inspect(str(path), "h5py").levels
    with cooler_reader.open_level(str(path), level, "h5py", chunk_pixels=7) as opened:
        contacts = Contacts.from_chunks(opened.bins, opened.chunks(), {})
    np.testing.assert_array_equal(contacts.rows, pixels[0])
    np.testing.assert_array_equal(contacts.columns, pixels[1])
    np.testing.assert_array_equal(contacts.counts, pixels[2])
