"""The fast operator against scipy's, on random maps and every kind of selection."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoise.backends.numba import BLOCKS, MIN_BLOCK, NumbaOperator
from counterpoise.backends.scipy import ScipyOperator, selected_matrix
from counterpoise.bins import BinTable
from counterpoise.contacts import Contacts, solver_counts
from counterpoise.selection import Scope, select


def random_contacts(
    sizes: list[int], density: float, seed: int, top: float = 100.0, whole: bool = True
) -> Contacts:
    """A random upper triangle over chromosomes of the given numbers of bins."""
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    dense = np.triu(rng.random((n, n)) < density)
    bin1, bin2 = (axis.astype(np.int32) for axis in np.nonzero(dense))
    count = rng.random(len(bin1)) * top + 1
    if whole:
        count = np.floor(count)
    bins = BinTable.fixed([f"c{i}" for i in range(len(sizes))], sizes, 1)
    return Contacts.from_chunks(bins, [(bin1, bin2, count)] if len(bin1) else [], {})


@given(
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=4),
    density=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    seed=st.integers(0, 1000),
    scope=st.sampled_from(list(Scope)),
    ignore_diags=st.integers(0, 4),
    diagonal=st.sampled_from([1, 2]),
    weighting=st.booleans(),
    top=st.sampled_from([100.0, 1e5, 1e12]),
    whole=st.booleans(),
)
def test_numba_equals_scipy(
    sizes: list[int],
    density: float,
    seed: int,
    scope: Scope,
    ignore_diags: int,
    diagonal: int,
    weighting: bool,
    top: float,
    whole: bool,
) -> None:
    contacts = random_contacts(sizes, density, seed, top, whole)
    rng = np.random.default_rng(seed)
    kept = rng.random(len(contacts.bins)) < 0.8
    for selection in select(contacts.bins, kept, scope, ignore_diags, diagonal, weighting):
        slow, fast = (
            ScipyOperator(selected_matrix(contacts, selection)),
            NumbaOperator(contacts, selection),
        )
        assert slow.size == fast.size == np.count_nonzero(selection.kept)
        x = rng.random(slow.size)
        np.testing.assert_allclose(fast.product(x), slow.product(x), rtol=1e-12, atol=0)


def test_scipy_equals_a_dense_sum() -> None:
    """The oracle itself, spelt out on a small map: cis, two diagonals dropped, one bin masked."""
    contacts = random_contacts([4, 3], 1.0, 3)
    full = contacts.full_matrix().toarray()
    expected = np.zeros((7, 7))
    chromosome = [0, 0, 0, 0, 1, 1, 1]
    for i in range(7):
        for j in range(7):
            if abs(i - j) >= 2 and chromosome[i] == chromosome[j]:
                expected[i, j] = full[i, j]
    kept = np.array([True, True, False, True, True, True, True])
    parts = list(select(contacts.bins, kept, Scope.CIS, 2))
    inside = [np.flatnonzero(kept[:4]), 4 + np.arange(3)]
    for part, index in zip(parts, inside, strict=True):
        np.testing.assert_array_equal(
            selected_matrix(contacts, part).toarray(), expected[np.ix_(index, index)]
        )


def test_large_map_in_blocks_and_threads() -> None:
    """Enough nonzeros for every block; the same bits on one thread, on two, and again."""
    rng = np.random.default_rng(0)
    n, per_row = 6000, 2 * BLOCKS * MIN_BLOCK // 6000
    bin1 = np.repeat(np.arange(n, dtype=np.int32), per_row)
    keys = np.unique(bin1.astype(np.int64) * n + rng.integers(bin1, n))
    bin1, bin2 = (keys // n).astype(np.int32), (keys % n).astype(np.int32)
    counts = rng.integers(1, 300, len(keys))
    contacts = Contacts.from_chunks(
        BinTable.fixed(["a", "b"], [4000, 2000], 1), [(bin1, bin2, counts)], {}
    )
    kept = np.ones(n, dtype=bool)
    x = rng.random(n)
    before = numba.get_num_threads()
    for selection in select(contacts.bins, kept, Scope.GENOME, 1):
        products = []
        for threads in (1, 2, 2):
            operator = NumbaOperator(contacts, selection, threads)
            assert len(operator.blocks) == BLOCKS + 1
            products.append(operator.product(x))
        np.testing.assert_allclose(
            products[0], ScipyOperator(selected_matrix(contacts, selection)).product(x), rtol=1e-12
        )
        for other in products[1:]:
            assert other.tobytes() == products[0].tobytes()
    numba.set_num_threads(before)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([], np.uint16),
        ([1, 65535], np.uint16),
        ([65536], np.uint32),
        ([2**32 - 1], np.uint32),
        ([2**32], np.float64),
        ([2**33, 5], np.float64),
        ([1.0, 7.0], np.uint16),
        ([0.5], np.float64),
        ([3e20], np.float64),
    ],
)
def test_solver_counts_hold_every_value(values: list[float], dtype: type) -> None:
    stored = solver_counts(np.array(values))
    assert stored.dtype == dtype
    np.testing.assert_array_equal(stored.astype(np.float64), values)
