"""SSK: the paper's Algorithm 2 step by step, and where it settles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import counterpoise as cp
from tests.support.maps import random_map


def by_the_paper(matrix: np.ndarray, steps: int) -> np.ndarray:
    """Return d after steps of d <- sqrt(d / (A d)) from d = 1."""
    d = np.ones(len(matrix))
    for _ in range(steps):
        d = np.sqrt(d / (matrix @ d))
    return d


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_its_steps_are_the_papers(steps: int) -> None:
    matrix = random_map(30, 6).toarray()
    result = cp.balance(matrix, "ssk", solver="plain", max_iterations=steps, on_failure="keep")
    assert result.status is cp.Status.NOT_CONVERGED
    limit = f"{steps} iterations were" if steps > 1 else "1 iteration was"
    assert f"{limit} not enough. Row sums still differ from their target by up to" in result.reason
    # Iteration k looks at the row sums after k steps and then takes one more.
    np.testing.assert_allclose(result.weights, by_the_paper(matrix, steps + 1), rtol=1e-12)
    last = by_the_paper(matrix, steps)
    sums = last * (matrix @ last)
    assert result.trace[-1].max_deviation == pytest.approx(abs(sums - 1).max(), rel=1e-9)


def test_defaults() -> None:
    """A plain matrix is balanced as a whole, and no diagonal is left out."""
    result = cp.balance(random_map(50, 2), "ssk")
    assert result.status is cp.Status.CONVERGED
    settings = result.verdict.settings
    assert (settings["scope"], settings["ignore_diags"]) == ("genome", 0)
    np.testing.assert_allclose(result.matrix().sum(axis=1), 1, atol=1e-8)


@pytest.mark.parametrize(
    ("name", "iterations"),
    [
        ("yeast.10kb.cool", 60),
        ("cooler_test_file.mcool::/resolutions/100000", 100),
        ("imr90_hindiii_chr20.mcool::/resolutions/50000", 60),
    ],
)
def test_equals_kr_by_default(shared_data: Path, name: str, iterations: int) -> None:
    contacts = cp.read_contacts(str(shared_data / name))
    kept = cp.mask_bins(contacts).kept
    kr = cp.balance(contacts, "kr", mask=kept, scope="genome", ignore_diags=2)
    ssk = cp.balance(contacts, "ssk", mask=kept)
    assert ssk.status is cp.Status.CONVERGED
    assert ssk.iterations < iterations
    np.testing.assert_allclose(ssk.weights, kr.weights, rtol=1e-6, equal_nan=True)


@pytest.mark.parametrize("name", ["two_blocks", "bipartite_equal"])
def test_settles_where_simple_iterations_swing(shared_data: Path, name: str) -> None:
    contacts = cp.read_contacts(shared_data / "bad" / f"{name}.cool")
    result = cp.balance(contacts, "ssk", mask=None, ignore_diags=0)
    assert result.status is cp.Status.CONVERGED
    np.testing.assert_allclose(np.asarray(result.matrix().sum(axis=1)).ravel(), 1, atol=1e-7)
    matrix = contacts.full_matrix()
    plain = np.ones(matrix.shape[0])
    for _ in range(2000):
        plain = 1 / (matrix @ plain)
    assert abs(plain * (matrix @ plain) - 1).max() > 0.1, "the map is no test of it"


@pytest.mark.parametrize("name", ["arrow_zero_diagonal", "bipartite_unequal"])
def test_no_support_is_no_success(shared_data: Path, name: str) -> None:
    contacts = cp.read_contacts(shared_data / "bad" / f"{name}.cool")
    result = cp.balance(contacts, "ssk", mask=None, ignore_diags=0)
    assert result.status is cp.Status.FAILED
    assert result.verdict.parts[0].cause == "no_support"
    assert np.isnan(result.weights).all()
