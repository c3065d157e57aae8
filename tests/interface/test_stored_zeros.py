"""A map in memory: zeros that it stores are no contacts, and other wrong counts are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import counterpoise as cp
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts, drop_zeros


def with_a_loose_bin() -> tuple[Contacts, Contacts]:
    """Return a map whose first bin has one partner, with and without stored zeros."""
    full = np.ones((8, 8)) + np.eye(8)
    loose = full.copy()
    loose[0, :] = loose[:, 0] = 0
    loose[0, 1] = loose[1, 0] = 1
    stored = Contacts.from_matrix(full)
    counts = loose[stored.rows, stored.columns].astype(np.uint16)
    return replace(stored, counts=counts), Contacts.from_matrix(loose)


def test_zeros_are_dropped() -> None:
    stored, loose = with_a_loose_bin()
    dropped = drop_zeros(stored)
    for name in ("indptr", "columns", "counts"):
        np.testing.assert_array_equal(getattr(dropped, name), getattr(loose, name))
    assert drop_zeros(loose) is loose


@pytest.mark.parametrize("method", ["kr", "ice", "scale", "vc", "kde"])
def test_zeros_change_no_result(method: str) -> None:
    """The zero on the diagonal would prove that the map can be balanced, which it cannot."""
    results = [cp.balance(each, method, mask=None) for each in with_a_loose_bin()]
    assert results[0].verdict.status is results[1].verdict.status
    assert results[0].verdict.reason == results[1].verdict.reason
    np.testing.assert_array_equal(results[0].weights, results[1].weights)


def test_filters_count_no_zeros() -> None:
    stored, loose = with_a_loose_bin()
    filters = {"min_nnz": 2, "mad_max": 0, "ignore_diags": 0}
    kept = [cp.mask_bins(each, filters).kept for each in (stored, loose)]
    assert not kept[0][0]
    np.testing.assert_array_equal(*kept)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [(-2.0, "a count of -2"), (-np.inf, "a count of -inf"), (np.nan, "NaN"), (np.inf, "infinite")],
)
@pytest.mark.parametrize("rest", [1.0, 0.0])
def test_wrong_counts_are_refused(wrong: float, reason: str, rest: float) -> None:
    contacts = Contacts.from_matrix(np.array([[4, 2, 1], [2, 9, 3], [1, 3, 5]]))
    damaged = replace(contacts, counts=np.array([4, wrong, rest, 9, 3, 5.0]))
    with pytest.raises(ValueError, match=reason):
        cp.balance(damaged, "kr", mask=None)
    with pytest.raises(ValueError, match=reason):
        cp.mask_bins(damaged)


@pytest.mark.parametrize("dtype", [np.int32, np.float64])
def test_negative_counts_of_chunks_are_refused(dtype: type) -> None:
    """As unsigned numbers they would be large."""
    bin1, bin2 = np.array([[0, 0, 1], [0, 1, 1]], dtype=np.int32)
    chunk = (bin1, bin2, np.array([4, -2, 5], dtype=dtype))
    with pytest.raises(ValueError, match="a count of -2"):
        Contacts.from_chunks(BinTable.fixed(("chr1",), (2,), 1), [chunk], {})
