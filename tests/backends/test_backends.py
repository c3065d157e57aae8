"""The fast operator against scipy's, on random maps and every kind of selection."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoise.backends.native.operator import NativeOperator
from counterpoise.backends.native.packing import BLOCKS, MIN_BLOCK
from counterpoise.backends.scipy import ScipyOperator, selected_matrix
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts, narrow_counts
from counterpoise.contacts.selection import Scope, select
from counterpoise.native import call
from tests.support import REPOSITORY
from tests.support.maps import hic_like


def random_contacts(
    sizes: list[int], density: float, seed: int, top: float = 100.0, integral: bool = True
) -> Contacts:
    """Return a random upper triangle over chromosomes with the given numbers of bins."""
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    dense = np.triu(rng.random((n, n)) < density)
    bin1, bin2 = (axis.astype(np.int32) for axis in np.nonzero(dense))
    count = rng.random(len(bin1)) * top + 1
    if integral:
        count = np.floor(count)
    bins = BinTable.fixed([f"c{i}" for i in range(len(sizes))], sizes, 1)
    return Contacts.from_chunks(bins, [(bin1, bin2, count)] if len(bin1) else [], {})


@given(
    sizes=st.lists(st.sampled_from([1, 1, 1, 2, 7, 12]), min_size=1, max_size=8),
    density=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    seed=st.integers(0, 1000),
    scope=st.sampled_from(list(Scope)),
    ignore_diags=st.integers(0, 4),
    diagonal=st.sampled_from([1, 2]),
    weighting=st.booleans(),
    trans=st.booleans(),
    top=st.sampled_from([100.0, 1e5, 1e12]),
    integral=st.booleans(),
)
def test_native_equals_scipy(
    sizes: list[int],
    density: float,
    seed: int,
    scope: Scope,
    ignore_diags: int,
    diagonal: int,
    weighting: bool,
    trans: bool,
    top: float,
    integral: bool,
) -> None:
    contacts = random_contacts(sizes, density, seed, top, integral)
    rng = np.random.default_rng(seed)
    kept = rng.random(len(contacts.bins)) < 0.8
    for selection in select(contacts.bins, kept, scope, ignore_diags, diagonal, weighting, trans):
        slow = ScipyOperator(selected_matrix(contacts, selection))
        fast = NativeOperator(contacts, selection)
        assert slow.size == fast.size == np.count_nonzero(selection.kept)
        x = rng.random(slow.size)
        np.testing.assert_allclose(fast.product(x), slow.product(x), rtol=1e-12, atol=0)


def test_scipy_equals_a_dense_sum() -> None:
    """The oracle is spelt out on a small cis map without two diagonals and one masked bin."""
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


def count_packed(operator: NativeOperator) -> tuple[int, dict[str, int]]:
    """Return the bytes in the band and the entries in the lists of each kind, over all slabs."""
    cells, entries = 0, dict.fromkeys(("ones", "bytes", "doubles"), 0)
    for table in operator.map.slabs.tables:
        cells += int(table[5])
        for number, kind in enumerate(entries):
            entries[kind] += int(table[8:].reshape(-1, 3, 6)[:, number, 1].sum())
    return cells, entries


@pytest.mark.parametrize("integral", [True, False])
@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("ignore_diags", [0, 1, 2, 70])
def test_band_and_lists_equal_scipy(scope: Scope, ignore_diags: int, integral: bool) -> None:
    """The band and every kind of list are in use, and give what the plain matrix gives."""
    contacts = hic_like(3000, 200_000, 5, integral)
    rng = np.random.default_rng(1)
    kept = rng.random(3000) < 0.95
    for selection in select(contacts.bins, kept, scope, ignore_diags, 1, True):
        slow = ScipyOperator(selected_matrix(contacts, selection))
        fast = NativeOperator(contacts, selection)
        cells, entries = count_packed(fast)
        assert all(entries.values())
        # A band grows from the diagonal on, so dropping many diagonals leaves none of it.
        assert (cells > 0) == (ignore_diags < 64)
        x = rng.random(slow.size)
        np.testing.assert_allclose(fast.product(x), slow.product(x), rtol=1e-12)
        fewer = rng.random(slow.size) < 0.5
        part = fast.restrict(fewer)
        y = x[fewer]
        np.testing.assert_allclose(part.product(y), slow.restrict(fewer).product(y), rtol=1e-12)


def test_more_columns_than_sixteen_bits_name() -> None:
    """Rows reach over several panels of columns, and some blocks begin in a later panel."""
    n, rng = 200_000, np.random.default_rng(3)
    keys = np.unique(np.sort(rng.integers(0, n, (600_000, 2)), axis=1) @ np.array([n, 1]))
    pixels = (
        (keys // n).astype(np.int32),
        (keys % n).astype(np.int32),
        rng.integers(1, 400, len(keys)),
    )
    contacts = Contacts.from_chunks(BinTable.fixed(["a"], [n], 1), [pixels], {})
    (selection,) = select(contacts.bins, np.ones(n, dtype=bool), Scope.GENOME)
    x = rng.random(n)
    expected = ScipyOperator(selected_matrix(contacts, selection)).product(x)
    fast = NativeOperator(contacts, selection, 2)
    assert fast.map.blocks == BLOCKS
    np.testing.assert_allclose(fast.product(x), expected, rtol=1e-12)


def test_the_same_bits_on_any_number_of_threads_and_any_processor() -> None:
    contacts = hic_like(6000, 2 * BLOCKS * MIN_BLOCK, 7)
    (selection,) = select(contacts.bins, np.ones(6000, dtype=bool), Scope.GENOME, 1)
    x = np.random.default_rng(2).random(6000)
    products = []
    for level in range(call("processor_level") + 1):
        for threads in (1, 2, 3, 2):
            operator = NativeOperator(contacts, selection, threads, level=level)
            assert operator.map.blocks == BLOCKS
            products.append(operator.product(x).tobytes())
    assert len(set(products)) == 1


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
def test_narrow_counts_hold_every_value(values: list[float], dtype: type) -> None:
    stored = narrow_counts(np.array(values))
    assert stored.dtype == dtype
    np.testing.assert_array_equal(stored.astype(np.float64), values)


def test_one_operator_serves_several_threads() -> None:
    contacts = hic_like(3000, 200_000, 5)
    (selection,) = select(contacts.bins, np.ones(3000, dtype=bool), Scope.GENOME)
    operator = NativeOperator(contacts, selection, 2)
    vectors = np.random.default_rng(4).random((40, 3000))
    alone = [operator.product(x).tobytes() for x in vectors]
    with ThreadPoolExecutor(4) as pool:
        together = [y.tobytes() for y in pool.map(operator.product, vectors)]
    assert together == alone


FORK = """
import multiprocessing

import numpy as np
from counterpoise.backends.native.operator import NativeOperator
from counterpoise.contacts.selection import Scope, select
from tests.support import REPOSITORY
from tests.support.maps import hic_like


def product_of_ones(_):
    contacts = hic_like(3000, 200_000, 5)
    (selection,) = select(contacts.bins, np.ones(3000, dtype=bool), Scope.GENOME)
    operator = NativeOperator(contacts, selection, 2)
    return float(operator.product(operator.ones()).sum())


product_of_ones(0)
with multiprocessing.get_context("fork").Pool(1) as pool:
    print(pool.map(product_of_ones, [0, 0]))
"""


def test_a_forked_process_can_balance() -> None:
    """A fork inherits the pool of threads without its threads."""
    done = subprocess.run(
        [sys.executable, "-c", FORK],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(set(done.stdout.strip("[]\n").split(", "))) == 1
