"""Maps drawn by hypothesis, and their pixels as the readers pass them on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Chunk, Contacts


@st.composite
def maps(draw: st.DrawFn) -> tuple[BinTable, np.ndarray]:
    """Draw a bin table of up to four chromosomes and a dense upper triangle of counts."""
    lengths = draw(st.lists(st.integers(1, 60), min_size=1, max_size=4))
    bins = BinTable.fixed([f"c{i}" for i in range(len(lengths))], lengths, draw(st.integers(1, 9)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = len(bins)
    counts = rng.integers(1, 1000, (n, n)) * (rng.random((n, n)) < draw(st.floats(0, 1)))
    return bins, np.triu(counts)


def pixels_of(matrix: np.ndarray) -> Chunk:
    """Return the nonzero entries of a dense upper triangle."""
    bin1, bin2 = np.nonzero(matrix)
    return bin1, bin2, matrix[bin1, bin2]


def split(pixels: Chunk, places: list[int]) -> Iterator[Chunk]:
    """Cut pixels into chunks at any places; some chunks may be empty."""
    edges = [0, *sorted(place % (len(pixels[0]) + 1) for place in places), len(pixels[0])]
    for lo, hi in pairwise(edges):
        yield pixels[0][lo:hi], pixels[1][lo:hi], pixels[2][lo:hi]


def upper_triangle(contacts: Contacts) -> np.ndarray:
    """Return the upper triangle of a map as a dense array."""
    n = len(contacts.bins)
    result = np.zeros((n, n))
    result[contacts.rows, contacts.columns] = contacts.counts
    return result
