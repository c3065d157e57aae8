"""Sound pixels pass unchanged, harmless irregularities are corrected, and faults are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.errors import InputError
from counterpoise.ingest.pixel_checks import Tally, check_pixels
from tests.support.pixels import maps, pixels_of, split, upper_triangle


@given(maps(), st.lists(st.integers(0, 10_000), max_size=8))
def test_chunks_may_be_cut_anywhere(drawn: tuple[BinTable, np.ndarray], places: list[int]) -> None:
    bins, matrix = drawn
    pixels = pixels_of(matrix)
    tally = Tally()
    pieces = list(check_pixels(split(pixels, places), bins, "made", tally))
    actual = [np.concatenate(parts) for parts in zip(*pieces, strict=True)] or [np.empty(0)] * 3
    for column, expected in zip(actual, pixels, strict=True):
        np.testing.assert_array_equal(column, expected)
    assert tally.contacts == matrix.sum()
    rows = [set(piece[0].tolist()) for piece in pieces]
    assert sum(map(len, rows)) == len(set().union(*rows)), "a row is never split"


@given(maps(), st.lists(st.integers(0, 10_000), max_size=8), st.integers(0, 2**32 - 1))
def test_zeros_are_removed_and_rows_sorted(
    drawn: tuple[BinTable, np.ndarray], places: list[int], seed: int
) -> None:
    bins, matrix = drawn
    n = len(bins)
    bin1, bin2 = np.triu_indices(n)  # every pixel is stored, zeros too
    order = np.lexsort((np.random.default_rng(seed).random(len(bin1)), bin1))
    pixels = (bin1[order], bin2[order], matrix[bin1[order], bin2[order]])
    tally = Tally()
    contacts = Contacts.from_chunks(
        bins, check_pixels(split(pixels, places), bins, "made", tally), {}
    )
    np.testing.assert_array_equal(upper_triangle(contacts), matrix)
    assert contacts.nnz == np.count_nonzero(matrix)
    assert tally.zeros == len(bin1) - contacts.nnz


FAULTS = {
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


@pytest.mark.parametrize("words", FAULTS)
@given(data=st.data())
def test_faulty_pixels_are_always_refused(words: str, data: st.DataObject) -> None:
    bins, matrix = data.draw(maps().filter(lambda m: len(m[0]) > 1 and m[1].any()))
    pixels = pixels_of(matrix)
    k = data.draw(st.integers(0, len(pixels[0]) - 1))
    faulty = FAULTS[words](pixels, k, len(bins))
    places = data.draw(st.lists(st.integers(0, 10_000), max_size=6))
    with pytest.raises(InputError, match=words) as caught:
        list(check_pixels(split(faulty, places), bins, "made.cool", Tally()))
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
        list(check_pixels(split(pixels, [place]), bins, "made", Tally()))
