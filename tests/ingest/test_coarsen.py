"""Maps summed into larger bins, and the choice of the level to sum."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cooler
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.errors import InputError
from counterpoise.ingest.coarsen import coarse_bins, coarsen
from counterpoise.ingest.pixel_checks import Tally, check_pixels
from counterpoise.ingest.read import open_contacts, read_contacts
from counterpoise.ingest.reader_interface import Level, SourceInfo
from tests.support.coolers import assert_same_map
from tests.support.pixels import maps, pixels_of, split, upper_triangle


@given(
    maps(),
    st.integers(1, 12),
    st.lists(st.integers(0, 10_000), max_size=6),
    st.booleans(),
    st.booleans(),
    st.sampled_from([1, 10, 10**6]),
)
def test_coarsening_equals_a_dense_sum(
    drawn: tuple[BinTable, np.ndarray],
    factor: int,
    places: list[int],
    floats: bool,
    whole_rows: bool,
    chunk_pixels: int,
) -> None:
    bins, matrix = drawn
    assert bins.resolution is not None
    if floats:
        matrix = matrix / 4  # sums of quarters are exact
    coarse, mapping = coarse_bins(bins, bins.resolution * factor)
    pixels = split(pixels_of(matrix), places)
    if whole_rows:
        pixels = check_pixels(pixels, bins, "made", Tally())
    pieces = list(coarsen(pixels, mapping, len(coarse), chunk_pixels))
    tally = Tally()
    checked = check_pixels(pieces, coarse, "coarse", tally)
    actual = upper_triangle(Contacts.from_chunks(coarse, checked, {}))
    assert tally.contacts == matrix.sum()
    rows = [piece[0] for piece in pieces]
    assert all(one[-1] < other[0] for one, other in pairwise(rows)), "a row is in two chunks"

    # The expected sums are made bin by bin, without the package.
    coarse_bin: list[int] = []
    size = bins.resolution * factor
    first = 0
    for length in bins.lengths.tolist():
        fine = -(-length // bins.resolution)
        coarse_bin += [first + (i * bins.resolution) // size for i in range(fine)]
        first += -(-length // size)
    assert len(coarse) == first
    expected = np.zeros((first, first))
    np.add.at(expected, np.ix_(coarse_bin, coarse_bin), matrix)
    np.testing.assert_array_equal(actual, expected)
    assert (
        coarse.end.tolist()
        == np.minimum(
            coarse.start + size, np.repeat(bins.lengths, np.diff(coarse.offsets))
        ).tolist()
    )


def test_few_pixels_among_many_bins() -> None:
    """Columns are found through two levels of bits: here, most words of both are empty."""
    rng = np.random.default_rng(1)
    bins = BinTable.fixed(("one",), (3_000_000,), 1)
    coarse, mapping = coarse_bins(bins, 3)
    bin1, bin2 = np.sort(rng.integers(0, len(bins), (2, 5000)), axis=0)
    order = np.lexsort((bin2, bin1))
    bin1, bin2, count = bin1[order], bin2[order], rng.integers(1, 9, 5000)
    # Three pixels at the edges of words, of which two fall together.
    bin1 = np.concatenate([[0, 1, 2], bin1])
    bin2 = np.concatenate([[3 * 4096, 3 * 63, 3 * 4096 + 2], bin2])
    count = np.concatenate([[1, 2, 4], count])
    order = np.lexsort((bin2, bin1))
    chunks = [(bin1[order], bin2[order], count[order])]
    expected: dict[tuple[int, int], int] = {}
    for i, j, value in zip((bin1 // 3).tolist(), (bin2 // 3).tolist(), count, strict=True):
        expected[i, j] = expected.get((i, j), 0) + int(value)
    (actual,) = coarsen(chunks, mapping, len(coarse))
    places = list(zip(actual[0].tolist(), actual[1].tolist(), strict=True))
    assert places == sorted(expected)
    assert actual[2].tolist() == [expected[place] for place in places]
    assert expected[0, 4096] == 5


def test_coarsening_equals_the_levels_of_the_file(shared_data: Path, tmp_path: Path) -> None:
    """Every level of this file is the sum of its finest one."""
    path = shared_data / "4dn_test.multires.cool"
    with open_contacts(f"{path}::/resolutions/100000", 400_000) as reading:
        summed = Contacts.from_chunks(reading.bins, reading.chunks(), {})
        record = reading.source_record(summed.nnz)
    stored = read_contacts(path, 400_000)
    assert_same_map(summed, stored)
    np.testing.assert_array_equal(summed.bins.start, stored.bins.start)
    np.testing.assert_array_equal(summed.bins.end, stored.bins.end)
    assert (record["coarsened_from"], record["resolution"]) == (100_000, 400_000)
    assert "summed from the file's level of 100 kb" in record["notes"]
    assert stored.source["coarsened_from"] is None


def test_coarsening_equals_cooler(shared_data: Path, tmp_path: Path) -> None:
    source = str(shared_data / "yeast.10kb.cool")
    target = str(tmp_path / "coarse.cool")
    cooler.coarsen_cooler(source, target, factor=7, chunksize=10_000_000)
    assert_same_map(read_contacts(source, 70_000), read_contacts(target))


def test_the_coarsest_level_that_divides_is_summed() -> None:
    info = SourceInfo("x.mcool", "mcool", tuple(Level(size) for size in (10, 1000, 500, 40)))
    assert info.find_level(2000).resolution == 1000
    assert info.find_level(80).resolution == 40
    assert info.find_level(500).resolution == 500
    assert info.find_level(30).resolution == 10


def test_a_map_of_part_of_a_chromosome_keeps_its_grid(shared_data: Path) -> None:
    """Coarse bins lie on the grid of the chromosome, not of its covered part."""
    path = shared_data / "unittest_matrix_2.cool"
    fine, coarse = read_contacts(path), read_contacts(path, 100_000)
    assert coarse.counts.sum(dtype=np.float64) == pytest.approx(fine.counts.sum(), rel=1e-12)
    filled = np.unique(np.concatenate([coarse.rows, coarse.columns]))
    assert coarse.bins.start[filled[0]] == fine.bins.start[0] // 100_000 * 100_000


def test_a_single_bin_has_every_resolution_from_its_length_on(shared_data: Path) -> None:
    """cooler calls such bins variable, because there is no second one."""
    path = shared_data / "bad" / "single_bin.cool"
    contacts = read_contacts(path, 10_000)
    assert (contacts.bins.resolution, len(contacts.bins), contacts.nnz) == (10_000, 1, 1)
    with pytest.raises(InputError, match="no level of 5,000 bp"):
        read_contacts(path, 5_000)


@pytest.mark.parametrize("resolution", [0, -10_000, "10000"])
def test_a_resolution_is_a_whole_number_of_base_pairs(shared_data: Path, resolution: int) -> None:
    with pytest.raises(InputError, match="whole number of base pairs"):
        read_contacts(shared_data / "bad" / "control_good.cool", resolution)
