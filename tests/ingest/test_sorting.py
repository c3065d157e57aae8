"""Pixels in any order are sorted and added up as in a dense matrix."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoise.contacts.contact_map import Chunk
from counterpoise.ingest.sorting import sort_pixels


def random_chunks(seed: int, n: int, sizes: list[int], kinds: list[str]) -> list[Chunk]:
    rng = np.random.default_rng(seed)
    chunks = []
    for size, kind in zip(sizes, kinds, strict=True):
        bins = np.sort(rng.integers(0, n, (2, size)), axis=0).astype(np.int32)
        chunks.append((bins[0], bins[1], rng.integers(1, 100, size).astype(kind)))
    return chunks


def dense(chunks: list[Chunk], n: int) -> np.ndarray:
    matrix = np.zeros((n, n))
    for bin1, bin2, count in chunks:
        np.add.at(matrix, (bin1, bin2), count)
    return matrix


@pytest.mark.hypothesis
@given(
    seed=st.integers(0, 1000),
    n=st.integers(1, 30),
    pieces=st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["u1", "i4", "f8"])), max_size=6),
    run_pixels=st.integers(1, 100),
    chunk_pixels=st.integers(1, 50),
)
def test_sums_are_those_of_a_dense_matrix(
    seed: int, n: int, pieces: list[tuple[int, str]], run_pixels: int, chunk_pixels: int
) -> None:
    chunks = random_chunks(seed, n, [size for size, _ in pieces], [kind for _, kind in pieces])
    with tempfile.TemporaryDirectory() as folder:
        parts = list(sort_pixels(iter(chunks), n, Path(folder), run_pixels, chunk_pixels))
    np.testing.assert_array_equal(dense(parts, n), dense(chunks, n))
    rows = [np.unique(bin1) for bin1, _, _ in parts]
    assert all(len(bin1) for bin1, _, _ in parts)
    assert len(np.unique(np.concatenate([[], *rows]))) == sum(map(len, rows)), "a row is split"
    keys = np.concatenate([[], *(bin1.astype(np.int64) * n + bin2 for bin1, bin2, _ in parts)])
    assert (np.diff(keys) > 0).all()


def test_whole_numbers_stay_exact_and_fractions_are_kept(tmp_path: Path) -> None:
    """The sum is odd and beyond the whole numbers that a double holds."""
    pixel = np.zeros(1, np.int32)
    large = [(pixel, pixel, np.array([2**60])), (pixel, pixel, np.array([1]))]
    [(_, _, count)] = sort_pixels(large, 1, tmp_path, run_pixels=1)
    assert (count.dtype, count.tolist()) == (np.int64, [2**60 + 1])
    mixed = [(pixel, pixel, np.array([2])), (pixel, pixel, np.array([0.25]))]
    (tmp_path / "mixed").mkdir()
    [(_, _, count)] = sort_pixels(mixed, 1, tmp_path / "mixed", run_pixels=1)
    assert (count.dtype, count.tolist()) == (np.float64, [2.25])
