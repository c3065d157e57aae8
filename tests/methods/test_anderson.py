"""Accelerated steps: beside a slow implementation, after a bad step, on real maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import counterpoise as cp
from counterpoise.methods.anderson import MEMORY, Anderson
from tests.support.maps import random_map


def full_map(bins: int, seed: int) -> NDArray[np.float64]:
    return random_map(bins, seed, 1.0).toarray() + 1.0


def row_sums(matrix: NDArray[np.float64], u: NDArray[np.float64]) -> NDArray[np.float64]:
    return u * (matrix @ u) / (matrix.sum() / len(matrix))


def slow_steps(matrix: NDArray[np.float64], power: float, steps: int) -> list[NDArray[np.float64]]:
    """Return the iterates log u, with weights from a least-squares fit of all differences."""
    x, points, residuals = np.zeros(len(matrix)), [], []
    for _ in range(steps):
        residual = -power * np.log(row_sums(matrix, np.exp(x)))
        points, residuals = [*points, x][-MEMORY - 1 :], [*residuals, residual][-MEMORY - 1 :]
        step = residual
        if len(points) > 1:
            changes = np.diff(points, axis=0).T
            residual_changes = np.diff(residuals, axis=0).T
            fit = np.linalg.lstsq(residual_changes, residual, rcond=1e-6)[0]
            step = residual - (changes + residual_changes) @ fit
        x = x + step / max(1, abs(step).max())
    return [*points, x]


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_steps_are_those_of_a_least_squares_fit(power: float) -> None:
    matrix = full_map(40, 3)
    accelerate, u = Anderson(power, np), np.ones(40)
    for _ in range(8):
        u = accelerate(u, row_sums(matrix, u))
    expected = np.exp(slow_steps(matrix, power, 8)[-1])
    np.testing.assert_allclose(u, expected, rtol=1e-6)


def test_after_a_bad_step_it_returns_to_the_best_point() -> None:
    matrix = full_map(30, 1)
    accelerate, u = Anderson(0.5, np), np.ones(30)
    for _ in range(4):
        best, quantity = u, row_sums(matrix, u)
        u = accelerate(u, quantity)
    worse = accelerate(u, quantity * np.exp(np.linspace(-5, 5, 30)))
    np.testing.assert_allclose(worse, best / np.sqrt(quantity), rtol=1e-12)
    for _ in range(12):
        worse = accelerate(worse, row_sums(matrix, worse))
    assert abs(row_sums(matrix, worse) - 1).max() < 1e-8


@pytest.mark.parametrize("method", ["ice", "ssk", "kde", "kde_eb", "ssk_cv"])
def test_accelerated_and_plain_steps_end_at_the_same_weights(method: str) -> None:
    settings = {"bandwidth": 0.05} if method in ("kde", "kde_eb", "ssk_cv") else {}
    matrix = random_map(120, 8)
    found = {
        solver: cp.balance(matrix, method, solver=solver, tolerance=1e-9, **settings)
        for solver in ("anderson", "plain")
    }
    assert [result.status for result in found.values()] == [cp.Status.CONVERGED] * 2
    np.testing.assert_allclose(
        found["anderson"].weights, found["plain"].weights, rtol=1e-7, equal_nan=True
    )
    assert found["anderson"].matvecs < found["plain"].matvecs


def test_rules_that_are_defined_by_their_steps_are_plain() -> None:
    rule = cp.balance(random_map(60, 1), "ice", tolerance="cooler").verdict.settings
    assert rule["solver"] == "plain"
    stopped = cp.balance(random_map(60, 1), "kde", bandwidth=0.05, variant="observation")
    assert stopped.verdict.settings["solver"] == "plain"


def test_ice_needs_no_common_scale() -> None:
    """Plain steps keep the ratio of two unconnected blocks."""
    matrix = np.zeros((80, 80))
    matrix[:40, :40], matrix[40:, 40:] = full_map(40, 1), 10 * full_map(40, 2)
    assert cp.balance(matrix, "ice").status is cp.Status.CONVERGED
    plain = cp.balance(matrix, "ice", solver="plain", isolate_limit=0.0)
    assert not plain.status.balanced


# Products until the largest deviation is below 1e-8, by ``python -m benchmarks.products``.
@pytest.mark.parametrize(
    ("name", "ice", "ssk"),
    [
        ("yeast.10kb.cool", 15, 16),
        ("CN.mm9.1000kb.cool", 12, 15),
        ("hesc_dixon_chr1_40kb.cool", 19, 20),
        ("gm12878_rao_primary_chr22_50kb.cool", 14, 16),
    ],
)
def test_products_on_real_maps(shared_data: Path, name: str, ice: int, ssk: int) -> None:
    contacts = cp.read_contacts(str(shared_data / name))
    mask = cp.mask_bins(contacts)
    for method, products in (("ice", ice), ("ssk", ssk)):
        result = cp.balance(contacts, method, mask=mask, tolerance=1e-8)
        assert result.status is cp.Status.CONVERGED, result.reason
        assert result.matvecs <= products + 1
