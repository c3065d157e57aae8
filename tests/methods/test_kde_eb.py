"""Empirical-Bayes kernel balancing: its formula, and its two ends."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import counterpoise as cp
from tests.support.maps import random_map, rough_map
from tests.support.smoothers import direct_smoother

Floats = NDArray[np.float64]


def by_the_formula(matrix: Floats, kept: NDArray[np.bool_], sigma: float) -> Floats:
    """Return the weights by the formula's sections, with sums over the other bins written out."""
    raw = matrix[np.ix_(kept, kept)]
    scaled = raw / raw.sum() * len(raw)
    mean = raw.sum() / len(raw)
    smooth = direct_smoother(kept, sigma)
    others = smooth - np.diag(np.diag(smooth))
    others /= others.sum(axis=1, keepdims=True)
    u = np.ones(len(raw))
    for _ in range(3000):
        s, v = scaled @ u, scaled @ u**2 / mean
        g = others @ s
        around = (smooth @ v) / (smooth @ s)
        phi = np.where(s > 0, v / np.where(s > 0, s, 1), around)
        kappa = 1 / np.clip(((s - g) ** 2 / g - around).sum() / g.sum(), 1e-4, 1)
        h = g * (kappa + s / phi) / (kappa + g / phi)
        u = np.sqrt(u / h)
    return u / np.sqrt((u * (raw @ u)).mean())


@pytest.mark.parametrize("depth", [0.4, 5.0])
def test_equals_its_formula(depth: float) -> None:
    matrix = random_map(70, 13, density=0.3, depth=depth).toarray()
    kept = np.ones(70, bool)
    kept[25:33] = False
    result = cp.balance(matrix, "kde_eb", bandwidth=4.0, mask=kept, tolerance=1e-12)
    assert result.status is cp.Status.CONVERGED, result.reason
    np.testing.assert_allclose(result.weights[kept], by_the_formula(matrix, kept, 4.0), rtol=1e-9)


def test_no_bandwidth_is_ssk() -> None:
    matrix = random_map(60, 4)
    ssk = cp.balance(matrix, "ssk", tolerance=1e-12)
    eb = cp.balance(matrix, "kde_eb", bandwidth=0, tolerance=1e-12)
    np.testing.assert_allclose(eb.weights, ssk.weights, rtol=1e-10)


def relative_error(weights: Floats, bias: Floats) -> float:
    """Return the RMS error of the logarithm of the bias, up to a factor."""
    error = -np.log(weights) - np.log(bias)
    return float(np.std(error))


def test_is_ice_where_contacts_are_many() -> None:
    _, contacts = rough_map(200, 3e8)
    ice = cp.balance(contacts, "ice", ignore_diags=0, tolerance=1e-10)
    eb = cp.balance(contacts, "kde_eb", bandwidth=10.0, ignore_diags=0)
    np.testing.assert_allclose(
        eb.weights / np.exp(np.log(eb.weights / ice.weights).mean()), ice.weights, rtol=1e-3
    )


@pytest.mark.parametrize("contacts", [2000, 6000, 20_000, 60_000])
def test_beats_both_its_ends_between(contacts: int) -> None:
    """The method beats ICE and the kernel on maps with few contacts and a bias of single bins."""
    wins = {"ice": 0, "kde": 0}
    for seed in range(5):
        bias, drawn = rough_map(200, contacts, seed)
        kept = np.ones(200, bool)
        settings = {"mask": kept, "ignore_diags": 0}
        eb = cp.balance(drawn, "kde_eb", bandwidth=10.0, **settings)
        assert eb.status is cp.Status.CONVERGED
        eb_error = relative_error(eb.weights, bias)
        ice = cp.balance(drawn, "ice", **settings).weights
        kde = cp.balance(drawn, "kde", bandwidth=10.0, **settings).weights
        wins["ice"] += not np.isfinite(ice).all() or eb_error < relative_error(ice, bias)
        wins["kde"] += eb_error < relative_error(kde, bias)
    assert wins["ice"] >= 4
    assert wins["kde"] >= 4


@pytest.mark.parametrize("depth", [0.05, 0.1, 0.2, 0.4])
@pytest.mark.parametrize("seed", range(5))
def test_converges_without_an_exact_balancing(depth: float, seed: int) -> None:
    matrix = random_map(70, seed, density=0.3, depth=depth).toarray()
    kept = np.ones(70, bool)
    assert cp.balance(matrix, "kr", mask=kept).status is cp.Status.FAILED
    result = cp.balance(matrix, "kde_eb", bandwidth=4.0, mask=kept)
    assert result.status is cp.Status.CONVERGED
    assert np.isfinite(result.weights).all()


def test_bins_beyond_reach_are_dropped() -> None:
    matrix = random_map(30, 3).toarray()
    matrix[5], matrix[:, 5] = 0, 0
    result = cp.balance(matrix, "kde_eb", bandwidth=0, mask=np.ones(30, bool))
    assert result.status is cp.Status.CONVERGED
    np.testing.assert_array_equal(np.isnan(result.weights), np.arange(30) == 5)


@pytest.mark.parametrize("sigma", [0.05, 0.1, 0.135, 0.14, 0.15, 0.18, 0.25, 0.3, 0.5, 1.0])
def test_narrow_kernels(sigma: float) -> None:
    """The narrowest kernels give neighbours a share below rounding; the widest do not."""
    rng = np.random.default_rng(9)
    matrix = np.triu(rng.poisson(50, (60, 60)))
    matrix = matrix + np.triu(matrix, 1).T
    result = cp.balance(matrix, "kde_eb", bandwidth=sigma / 60)
    assert result.status is cp.Status.CONVERGED
    ssk = cp.balance(matrix, "ssk").weights
    np.testing.assert_allclose(result.weights, ssk, rtol=0.05)


def test_searches_for_a_bandwidth_too() -> None:
    _, contacts = rough_map(150, 20_000)
    result = cp.balance(contacts, "kde_eb")
    assert result.status is cp.Status.CONVERGED
    assert "new contacts are expected to be uneven by" in result.reason


def test_torch_runs_the_same_code() -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    _, contacts = rough_map(60, 2000)
    expected = cp.balance(contacts, "kde_eb", bandwidth=5.0)
    by_torch = cp.balance(contacts, "kde_eb", bandwidth=5.0, backend="torch", device="cpu")
    np.testing.assert_allclose(by_torch.weights, expected.weights, rtol=1e-10)
