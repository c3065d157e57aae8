"""Kernel density balancing against slow references: direct Gaussian sums, pairs and quadrature."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import counterpoise as cp
from counterpoise.contacts.bandwidth import Bandwidth
from counterpoise.contacts.chromosomes import ChromosomeBins
from counterpoise.methods.kernel.smoothing import Gaussian, eigenvalues
from tests.support.maps import random_map
from tests.support.smoothers import direct_smoother, reflected

Floats = NDArray[np.float64]


def direct_density(matrix: Floats, kept: NDArray[np.bool_], sigma: float) -> Floats:
    """Return the weights of reading C on the kept bins, with a mean balanced row sum of one."""
    smooth = direct_smoother(kept, sigma)
    raw = matrix[np.ix_(kept, kept)]
    density = smooth @ (raw / raw.sum() * len(raw)) @ smooth.T
    u = np.ones(len(raw))
    for _ in range(5000):
        moved = np.sqrt(u / (density @ u))
        if abs(moved / u - 1).max() < 1e-14:
            break
        u = moved
    return u / np.sqrt((u * (raw @ u)).mean())


def by_quadrature(pairs: Floats, n: int, bandwidth: float) -> Floats:
    """Return h of reading C from raw pairs on [0, 1], by the midpoint rule on n points."""
    grid = (np.arange(n) + 0.5) / n
    left = reflected(grid, pairs[:, 0], bandwidth, 1.0)
    right = reflected(grid, pairs[:, 1], bandwidth, 1.0)
    density = left @ right.T
    density = density + density.T
    density /= density.mean()
    u = np.ones(n)
    for _ in range(2000):
        u = np.sqrt(u / (density @ u / n))
    return 1 / u


@pytest.mark.parametrize("sigma", [0.3, 1.0, 3.7, 25.0, 300.0])
@pytest.mark.parametrize("n", [1, 7, 60])
def test_the_kernel_is_a_plain_sum_of_gaussians(sigma: float, n: int) -> None:
    bandwidth = sigma if sigma >= 1 else sigma / n
    smoother = Gaussian(
        [ChromosomeBins(np.ones(n, bool), 1.0)], Bandwidth.from_setting(bandwidth), np.ones(n), np
    )
    columns = [smoother.smooth(unit) for unit in np.eye(n)]
    expected = direct_smoother(np.ones(n, bool), sigma)
    np.testing.assert_allclose(np.array(columns).T, expected, rtol=0, atol=1e-14)
    np.testing.assert_allclose(np.array(columns), expected, rtol=0, atol=1e-14)


def test_the_kernel_is_the_heat_kernel() -> None:
    n, sigma = 500, 12.5
    heat = np.exp(-0.5 * (np.pi * np.arange(n) * sigma / n) ** 2)
    np.testing.assert_allclose(eigenvalues(sigma, n)[:n], heat, atol=1e-14)


def test_smoothing_over_gaps_and_its_transpose() -> None:
    rng = np.random.default_rng(5)
    chromosomes = [
        ChromosomeBins(rng.random(40) < 0.7, 1.0),
        ChromosomeBins(np.zeros(9, bool), 1.0),
        ChromosomeBins(rng.random(25) < 0.5, 2.0),
    ]
    sizes = [int(c.kept.sum()) for c in chromosomes]
    n = sum(sizes)
    smoother = Gaussian(chromosomes, Bandwidth.from_setting(6.0), np.ones(n), np)
    expected = np.zeros((n, n))
    expected[: sizes[0], : sizes[0]] = direct_smoother(chromosomes[0].kept, 6.0)
    expected[sizes[0] :, sizes[0] :] = direct_smoother(chromosomes[2].kept, 3.0)
    x = rng.random(n)
    np.testing.assert_allclose(smoother.smooth(x), expected @ x, rtol=1e-12)
    np.testing.assert_allclose(smoother.spread(x), expected.T @ x, rtol=1e-12)
    np.testing.assert_allclose(smoother.smooth(np.ones(n)), 1, rtol=1e-12)


@pytest.mark.parametrize("bandwidth", [0.01, 0.05, 0.3, 4.0])
@pytest.mark.parametrize("gaps", [False, True])
def test_equals_direct_gaussian_sums(bandwidth: float, gaps: bool) -> None:
    matrix = random_map(80, 11, density=0.3, depth=3.0).toarray()
    kept = np.ones(80, bool)
    if gaps:
        kept[20:35] = kept[-3:] = False
    sigma = bandwidth * 80 if bandwidth < 1 else bandwidth
    result = cp.balance(matrix, "kde", bandwidth=bandwidth, mask=kept, tolerance=1e-13)
    assert result.status is cp.Status.CONVERGED, result.reason
    expected = direct_density(matrix, kept, sigma)
    np.testing.assert_allclose(result.weights[kept], expected, rtol=1e-10)
    assert np.isnan(result.weights[~kept]).all()
    sums = np.asarray(result.matrix().sum(axis=1)).ravel()[kept]
    assert sums.mean() == pytest.approx(1, rel=1e-12)


def test_equals_quadrature_over_raw_pairs() -> None:
    """The estimate from 600 pairs in 512 bins is near the estimate from the pairs themselves."""
    rng = np.random.default_rng(2)
    first = rng.beta(1.5, 1.2, 600)
    second = np.clip(first + rng.normal(0, 0.15, 600), 0, 1 - 1e-9)
    n = 512
    expected = by_quadrature(np.stack([first, second], axis=1), n, 0.05)
    i, j = (np.minimum((x * n).astype(int), n - 1) for x in (first, second))
    counts = sp.coo_matrix((np.ones(600), (i, j)), shape=(n, n)).toarray()
    result = cp.balance(counts + counts.T, "kde", bandwidth=0.05, mask=np.ones(n, bool))
    bias = 1 / result.weights
    bias *= np.exp(np.log(expected / bias).mean())
    np.testing.assert_allclose(bias, expected, rtol=5e-3)


def test_no_bandwidth_is_ssk() -> None:
    matrix = random_map(60, 4)
    ssk = cp.balance(matrix, "ssk", tolerance=1e-12)
    for settings_ in ({"bandwidth": 0}, {"bandwidth": 0, "variant": "observation"}):
        kde = cp.balance(matrix, "kde", tolerance=1e-12, max_iterations=1000, **settings_)
        np.testing.assert_allclose(kde.weights, ssk.weights, rtol=1e-11)
    narrow = cp.balance(matrix, "kde", bandwidth=1e-4, tolerance=1e-12)
    np.testing.assert_allclose(narrow.weights, ssk.weights, rtol=1e-6)


def test_the_letter_of_the_paper_smooths_because_it_is_stopped() -> None:
    """Its fixed point is SSK's at any bandwidth, and the verdict records its stopping rule."""
    matrix = random_map(40, 9)
    stopped = cp.balance(matrix, "kde", variant="observation", bandwidth=2.0)
    assert stopped.status is cp.Status.CONVERGED
    used = stopped.verdict.settings
    assert (used["tolerance"], used["max_iterations"]) == (1e-2, 100)
    ssk = cp.balance(matrix, "ssk")
    far = cp.balance(
        matrix,
        "kde",
        variant="observation",
        bandwidth=0.7 / 40,
        tolerance=1e-9,
        max_iterations=20000,
    )
    assert far.status is cp.Status.CONVERGED
    np.testing.assert_allclose(far.weights, ssk.weights, rtol=1e-6)
    assert abs(stopped.weights / ssk.weights - 1).max() > 0.05


def test_stopped_at_its_own_limit_it_is_computed(shared_data: Path) -> None:
    contacts = cp.read_contacts(str(shared_data / "hesc_dixon_chr1_40kb.cool"))
    mask = cp.mask_bins(contacts)
    result = cp.balance(contacts, "kde", mask=mask, variant="observation", bandwidth=640_000)
    assert (result.status, result.iterations) == (cp.Status.COMPUTED, 100), result.reason
    assert np.isfinite(result.weights).sum() == mask.kept.sum()
    few = cp.balance(
        random_map(40, 9), "kde", variant="observation", bandwidth=2.0, max_iterations=2
    )
    assert (few.status, few.iterations) == (cp.Status.COMPUTED, 2)
    density = cp.balance(random_map(40, 9), "kde", bandwidth=2.0, max_iterations=2)
    assert density.status is cp.Status.NOT_CONVERGED


def test_scaling_and_mirroring() -> None:
    matrix = random_map(70, 3, density=0.2, depth=4).toarray()
    kept = np.ones(70, bool)
    kept[30:36] = False
    plain = cp.balance(matrix, "kde", bandwidth=0.02, mask=kept, tolerance=1e-12)
    scaled = cp.balance(matrix * 7, "kde", bandwidth=0.02, mask=kept, tolerance=1e-12)
    np.testing.assert_allclose(scaled.weights * 7**0.5, plain.weights, rtol=1e-10)
    mirrored = cp.balance(
        matrix[::-1, ::-1], "kde", bandwidth=0.02, mask=kept[::-1], tolerance=1e-12
    )
    np.testing.assert_allclose(mirrored.weights[::-1], plain.weights, rtol=1e-10)


def test_coarsening_at_a_wide_bandwidth() -> None:
    """Bins half as wide change little if the kernel is much wider than both sizes."""
    matrix = random_map(400, 8, density=0.2, depth=2).toarray()
    coarse = matrix.reshape(200, 2, 200, 2).sum(axis=(1, 3))
    fine = cp.balance(matrix, "kde", bandwidth=0.05).bias
    both = cp.balance(coarse, "kde", bandwidth=0.05).bias
    np.testing.assert_allclose(fine.reshape(200, 2).mean(axis=1), both, rtol=5e-3)


def test_constant_visibility_has_no_ends() -> None:
    """Every bin has the same bias, also at the ends, if counts treat all bins alike."""
    distance = np.abs(np.subtract.outer(np.arange(90), np.arange(90)))
    result = cp.balance(np.ones((90, 90)), "kde", bandwidth=0.05)
    np.testing.assert_allclose(result.bias, 1, rtol=1e-12)
    ring = np.minimum(distance, 90 - distance)
    result = cp.balance(1000 // (ring + 1), "kde", bandwidth=0.001)
    np.testing.assert_allclose(result.bias, 1, rtol=1e-7)


def path(n: int) -> Floats:
    matrix = np.zeros((n, n))
    matrix[np.arange(n - 1), np.arange(1, n)] = 1
    return matrix + matrix.T


def star(n: int) -> Floats:
    matrix = np.zeros((n, n))
    matrix[0, 1:] = matrix[1:, 0] = 1
    return matrix


def pendants(n: int) -> Floats:
    """Return a full map whose first two bins have one and the same partner."""
    matrix = np.ones((n, n)) - np.eye(n)
    matrix[:2, :] = matrix[:, :2] = 0
    matrix[:2, 2] = matrix[2, :2] = 1
    return matrix


def sparse(contacts_a_bin: float) -> Floats:
    rng = np.random.default_rng(17)
    n = 120
    distance = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    mean = 1 / (distance + 1.0)
    mean *= contacts_a_bin * n / mean.sum()
    upper = np.triu(rng.poisson(mean), 1)
    return (upper + upper.T).astype(float)


NO_SUPPORT = {
    "odd path": path(41),
    "even path": path(40),
    "pendants": pendants(40),
    "2 contacts a bin": sparse(2.0),
    "0.3 contacts a bin": sparse(0.3),
}


@pytest.mark.parametrize("name", NO_SUPPORT)
def test_balances_maps_without_an_exact_balancing(name: str) -> None:
    matrix = NO_SUPPORT[name]
    kept = np.ones(len(matrix), bool)
    for method in ("ssk", "kr"):
        exact = cp.balance(matrix, method, mask=kept)
        if name != "even path":
            assert exact.status is cp.Status.FAILED, name
            assert exact.reason
    result = cp.balance(matrix, "kde", bandwidth=0.05, tolerance=1e-10, mask=kept)
    assert result.status is cp.Status.CONVERGED
    assert result.iterations <= 60
    assert np.isfinite(result.weights).all()


def test_the_verdict_on_a_star_is_honest() -> None:
    """All contacts are at one bin; weights diverge where the kernel underflows, with a reason."""
    result = cp.balance(star(40), "kde", bandwidth=0.05, tolerance=1e-10)
    assert result.status is cp.Status.FAILED
    assert "diverged" in result.reason
    assert np.isnan(result.weights).all()
    # A sufficiently wide kernel has a solution like that of any other map.
    wide = cp.balance(star(40), "kde", bandwidth=0.25, tolerance=1e-10)
    expected = direct_density(star(40), np.ones(40, bool), 10.0)
    assert wide.status is cp.Status.CONVERGED
    np.testing.assert_allclose(wide.weights, expected, rtol=1e-6)


def test_bins_beyond_reach_are_dropped_and_named() -> None:
    matrix = np.zeros((100, 100))
    matrix[:10, :10] = 1
    kept = np.ones(100, bool)
    kept[12:60] = False
    result = cp.balance(matrix, "kde", bandwidth=1.5, mask=kept)
    assert result.status is cp.Status.CONVERGED
    np.testing.assert_array_equal(np.isfinite(result.weights), np.arange(100) < 12)
    assert "40 of 52 bins were dropped" in result.reason
    assert "40 without a contact within reach of the kernel" in result.reason
    assert "matrix:60-61" in result.reason
    mixed = cp.balance(matrix, "kde", bandwidth=1.5, mask=kept, mixing=1e-6, max_iterations=9)
    assert mixed.status is cp.Status.NOT_CONVERGED
    assert not mixed.verdict.parts[0].dropped


def test_an_empty_part_is_empty() -> None:
    result = cp.balance(np.zeros((5, 5)), "kde", bandwidth=0.1, mask=np.ones(5, bool))
    assert result.status is cp.Status.EMPTY


def test_torch_runs_the_same_code() -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    matrix = random_map(60, 12, density=0.2, depth=3).toarray()
    kept = np.ones(60, bool)
    kept[10:14] = False
    for variant in ("density", "observation"):
        expected = cp.balance(matrix, "kde", mask=kept, variant=variant, bandwidth=0.02)
        by_torch = cp.balance(
            matrix, "kde", mask=kept, variant=variant, bandwidth=0.02, backend="torch", device="cpu"
        )
        assert by_torch.iterations == expected.iterations
        np.testing.assert_allclose(by_torch.weights, expected.weights, rtol=1e-10)


@given(
    st.integers(2, 30),
    st.integers(0, 2**32 - 1),
    st.floats(0.01, 0.9),
    st.floats(0.05, 3.0),
    st.floats(0, 0.5),
)
def test_sparse_maps_never_lie(
    n: int, seed: int, density: float, sigma: float, masked: float
) -> None:
    rng = np.random.default_rng(seed)
    upper = np.triu((rng.random((n, n)) < density) * rng.integers(1, 5, (n, n)), 1)
    matrix = (upper + upper.T).astype(float)
    kept = rng.random(n) >= masked
    bandwidth = min(sigma / n, 0.99)
    result = cp.balance(matrix, "kde", bandwidth=bandwidth, mask=kept, max_iterations=300)
    if result.status is cp.Status.EMPTY:
        assert not matrix[np.ix_(kept, kept)].any()
        return
    given_ = np.isfinite(result.weights)
    assert not given_[~kept].any()
    dropped = result.verdict.parts[0].dropped
    if result.status is cp.Status.CONVERGED:
        assert given_.sum() == kept.sum() - dropped
        smooth = direct_smoother(given_, bandwidth * n)
        inside = matrix[np.ix_(given_, given_)]
        u = result.weights[given_]
        sums = u * (smooth @ (inside @ (smooth.T @ u)))
        np.testing.assert_allclose(sums, sums.mean(), rtol=1e-6)
        has_data = matrix[np.ix_(kept, kept)].sum(axis=1) > 0
        assert given_[kept][has_data].all()
    else:
        assert result.reason


def test_a_diagonal_pixel_can_count_twice_as_in_the_paper() -> None:
    """The paper counts each pair from both ends, which doubles the cells of the diagonal."""
    matrix = random_map(60, 3).toarray()
    doubled = matrix + np.diag(np.diag(matrix))
    twice = cp.balance(matrix, "kde", bandwidth=4.0, diagonal=2)
    same = cp.balance(doubled, "kde", bandwidth=4.0)
    np.testing.assert_allclose(twice.weights, same.weights, rtol=1e-12)
    once = cp.balance(matrix, "kde", bandwidth=4.0)
    assert np.abs(once.weights / twice.weights - 1).max() > 1e-3
    without = [
        cp.balance(matrix, "kde", bandwidth=4.0, diagonal=times, ignore_diags=1) for times in (1, 2)
    ]
    np.testing.assert_array_equal(without[0].weights, without[1].weights)
