"""Every place that leaves out diagonals agrees with a loop over a dense map.

The maps have many chromosomes of one bin. Their contacts with the next chromosome are on the first
diagonals, so that ``ignore_diags_trans`` decides on them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import counterpoise as cp
from counterpoise.backends.native.operator import NativeOperator
from counterpoise.backends.scipy import selected_matrix
from counterpoise.balancing.blocks import nearest_pixels, on_diagonal
from counterpoise.balancing.pattern import Pattern
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope, Selection, first_far_columns, select
from counterpoise.errors import ConfigError
from counterpoise.methods import methods
from counterpoise.records.facts import Remedy

SIZES = st.lists(st.sampled_from([1, 1, 1, 2, 5]), min_size=1, max_size=9)


def make_map(sizes: list[int], density: float, seed: int) -> Contacts:
    """Return random contacts on chromosomes of the given numbers of bins."""
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    upper = np.triu(rng.integers(1, 9, (n, n)) * (rng.random((n, n)) < density))
    bin1, bin2 = np.nonzero(upper)
    bins = BinTable.fixed([f"c{i}" for i in range(len(sizes))], sizes, 1)
    pixels = (bin1.astype(np.int32), bin2.astype(np.int32), upper[bin1, bin2])
    return Contacts.from_chunks(bins, [pixels], {})


def dense(contacts: Contacts, scope: Scope, ignore_diags: int, trans: bool) -> np.ndarray:
    """Return the contacts that count, decided pixel by pixel."""
    used = contacts.full_matrix().toarray().astype(float)
    chromosome = contacts.bins.chromosome_ids
    for i, j in np.ndindex(*used.shape):
        is_trans = chromosome[i] != chromosome[j]
        ignored = abs(i - j) < ignore_diags and (trans or not is_trans)
        outside = (scope is Scope.CIS and is_trans) or (scope is Scope.TRANS and not is_trans)
        if ignored or outside:
            used[i, j] = 0
    return used


def part_of(used: np.ndarray, selection: Selection) -> np.ndarray:
    kept = selection.lo + np.flatnonzero(selection.kept)
    return used[np.ix_(kept, kept)]


@given(
    SIZES,
    st.sampled_from([0.3, 1.0]),
    st.integers(0, 99),
    st.sampled_from(list(Scope)),
    st.integers(0, 6),
    st.booleans(),
)
def test_every_part_equals_the_dense_map(
    sizes: list[int], density: float, seed: int, scope: Scope, ignore_diags: int, trans: bool
) -> None:
    contacts = make_map(sizes, density, seed)
    used = dense(contacts, scope, ignore_diags, trans)
    kept = np.random.default_rng(seed).random(len(used)) < 0.8
    for selection in select(contacts.bins, kept, scope, ignore_diags, ignore_diags_trans=trans):
        expected = part_of(used, selection)
        np.testing.assert_array_equal(selected_matrix(contacts, selection).toarray(), expected)
        product = NativeOperator(contacts, selection).product(np.ones(len(expected)))
        np.testing.assert_array_equal(product, expected.sum(axis=1))
        assert selection.holds_pixels or not expected.any()
        if not selection.kept.any():
            continue
        pattern = Pattern(contacts, selection, 10**6)
        np.testing.assert_array_equal(pattern.matrix.toarray() != 0, expected != 0)
        diagonal = expected.diagonal() > 0
        np.testing.assert_array_equal(on_diagonal(contacts, selection), diagonal)
        rows, columns = nearest_pixels(contacts, selection)
        assert (expected[rows, columns] > 0).all()
        if scope is not Scope.TRANS:  # there are fewer bins than the entries that it looks at
            assert len(rows) == np.count_nonzero(np.triu(expected, 1))


@given(SIZES, st.integers(0, 6), st.booleans())
def test_first_far_column(sizes: list[int], ignore_diags: int, trans: bool) -> None:
    contacts = make_map(sizes, 1.0, 1)
    ends = None if trans else contacts.bins.chromosome_ends
    used = np.triu(dense(contacts, Scope.GENOME, ignore_diags, trans)) > 0
    first = first_far_columns(len(used), ignore_diags, ends)
    for row, column in enumerate(first):
        assert not used[row, :column].any()
        assert used[row, column:].all()


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("name", list(methods()))
def test_methods_balance_the_pixels_that_count(name: str, scope: Scope) -> None:
    """A map from which the ignored pixels were removed gives the same weights."""
    contacts = make_map([1] * 12 + [9, 14] + [1] * 6, 1.0, 3)
    used = np.triu(dense(contacts, scope, 2, False))
    bin1, bin2 = np.nonzero(used)
    pixels = (bin1.astype(np.int32), bin2.astype(np.int32), used[bin1, bin2].astype(np.int64))
    removed = Contacts.from_chunks(contacts.bins, [pixels], {})
    settings: dict[str, Any] = {"scope": scope.value, "bootstrap": 2}
    if methods()[name].fills:
        settings |= {"bandwidth": 2.0}
    kept = np.ones(len(used), bool)
    actual = cp.balance(
        contacts, name, mask=kept, ignore_diags=2, ignore_diags_trans=False, **settings
    )
    expected = cp.balance(removed, name, mask=kept, ignore_diags=0, **settings)
    np.testing.assert_allclose(actual.weights, expected.weights, rtol=1e-9)
    by_default = cp.balance(contacts, name, mask=kept, ignore_diags=2, **settings)
    same = np.array_equal(actual.weights, by_default.weights, equal_nan=True)
    assert same == (scope is Scope.CIS)


def test_bandwidth_search_uses_the_pixels_that_count() -> None:
    """Thirty-two bins have no pixel beyond as many diagonals, unless trans pixels count."""
    contacts = make_map([16, 16], 1.0, 1)
    settings = {"scope": "genome", "ignore_diags": 32, "mask": np.ones(32, bool)}
    assert cp.balance(contacts, "kde", **settings).searches == []  # nothing to choose
    (trans,) = cp.balance(contacts, "kde", ignore_diags_trans=False, **settings).searches
    assert len(trans.candidates) > 1


def test_remedy_names_diagonals_only_where_they_are_ignored() -> None:
    """Five chromosomes of one bin: a triangle and a pair; without neighbours a star is left."""
    pairs = np.array([[0, 2], [0, 3], [1, 4], [2, 3]], np.int32)
    bins = BinTable.fixed(tuple("abcde"), (1000,) * 5, 1000)
    contacts = Contacts.from_chunks(bins, [(*pairs.T, np.full(4, 100))], {})

    def balance(**settings: Any) -> cp.Balance:
        settings = {"scope": "trans", "ignore_diags": 2, "on_failure": "nan", **settings}
        return cp.balance(contacts, "kr", mask=None, **settings)

    failed = balance()
    assert failed.status is cp.Status.FAILED
    (part,) = failed.verdict.parts
    assert any(Remedy.KEEP_DIAGONALS in str(fact) for fact in part.facts)
    assert "set ignore_diags: 0" in failed.reason.lower()
    assert balance(ignore_diags=0).status is cp.Status.CONVERGED
    assert balance(ignore_diags_trans=False).status is cp.Status.CONVERGED


def test_wrong_value() -> None:
    with pytest.raises(ConfigError, match=r"ignore_diags_trans is 'no'; it must be true or false"):
        cp.balance(np.ones((4, 4)), "kr", ignore_diags_trans="no")
