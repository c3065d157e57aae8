"""SSK on coarser bins: the coarse map's own balancing, and the choice of how coarse."""

from __future__ import annotations

import numpy as np
import pytest

import counterpoise as cp
from counterpoise.methods.ssk_cv import ALL, SskCvSettings
from tests.support.maps import random_map, smooth_map


@pytest.mark.parametrize("width", [2, 3, 7])
@pytest.mark.parametrize("gaps", [False, True])
def test_is_ssk_of_the_coarse_map(width: int, gaps: bool) -> None:
    n = 61
    matrix = random_map(n, 21, density=0.4, depth=3).toarray()
    kept = np.ones(n, bool)
    if gaps:
        kept[10:13] = kept[30] = False
    result = cp.balance(
        matrix, "ssk_cv", bandwidth=width / n, mask=kept, tolerance=1e-12, ignore_diags=0
    )
    assert result.status is cp.Status.CONVERGED
    label = np.arange(n) // width
    taken = np.zeros((label[-1] + 1, n))
    taken[label, np.arange(n)] = kept
    coarse, sizes = taken @ matrix @ taken.T, taken.sum(axis=1)
    filled = sizes > 0
    coarse, sizes = coarse[np.ix_(filled, filled)], sizes[filled]
    u = np.ones(len(coarse))
    for _ in range(5000):  # SSK with row sums that go by the number of valid fine bins
        u = np.sqrt(u * sizes / (coarse @ u))
    fine = (u @ taken[filled])[kept]
    ratio = result.weights[kept] / fine
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)


def test_candidates() -> None:
    settings = SskCvSettings()
    widths = np.array(settings.candidates(1000)) * 1000
    np.testing.assert_allclose(widths[:9], [0, 2, 3, 4, 5, 6, 8, 11, 16], atol=1e-12)
    assert widths[-1] <= 250
    assert settings.candidates(1) == settings.candidates(3) == [0, ALL]


def test_a_sparse_map_takes_bins_together() -> None:
    _, contacts = smooth_map(240, 1500)
    result = cp.balance(contacts, "ssk_cv", ignore_diags=0)
    (search,) = result.searches
    assert search.bandwidth.value
    assert result.status is cp.Status.CONVERGED
    steps = np.count_nonzero(np.diff(result.weights[np.isfinite(result.weights)]))
    assert steps <= 1 / search.bandwidth.value


def test_a_deep_map_does_not() -> None:
    _, contacts = smooth_map(48, 5e7)
    (search,) = cp.balance(contacts, "ssk_cv", ignore_diags=0).searches
    assert search.bandwidth.value == 0


def test_torch_runs_the_same_code() -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    _, contacts = smooth_map(60, 2000)
    expected = cp.balance(contacts, "ssk_cv")
    by_torch = cp.balance(contacts, "ssk_cv", backend="torch", device="cpu")
    np.testing.assert_allclose(by_torch.weights, expected.weights, rtol=1e-10)
