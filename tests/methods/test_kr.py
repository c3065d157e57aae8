"""KR: unit row sums on any map that has them, few products, and no false verdict."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import assume, given
from hypothesis import strategies as st

import counterpoise as cp
from counterpoise.backends.scipy import selected_matrix
from counterpoise.balancing import run
from counterpoise.balancing.matching import find_support
from counterpoise.balancing.task import Task
from counterpoise.contacts.selection import Scope, select
from counterpoise.methods import kr, methods
from counterpoise.methods.base import Problem
from tests.support.maps import random_map, two_sides
from tests.support.solving import solve_matrix

TUTORIAL = np.array(
    [
        [900, 545, 110, 66, 40],
        [545, 900, 181, 110, 66],
        [110, 181, 100, 60, 36],
        [66, 110, 60, 100, 60],
        [40, 66, 36, 60, 100],
    ]
)


def test_tutorial_map() -> None:
    result = cp.balance(TUTORIAL, "kr")
    np.testing.assert_allclose(
        result.weights, [0.02275, 0.01953, 0.05655, 0.05874, 0.06847], atol=5e-6
    )
    np.testing.assert_allclose(result.matrix().sum(axis=1), 1, atol=1e-8)


def test_weights_are_the_root_of_the_equations() -> None:
    """Two bins solved by hand fulfil a x^2 + b x y = 1 and b x y + c y^2 = 1."""
    a, b, c = 4.0, 2.0, 9.0
    x, y = cp.balance(np.array([[a, b], [b, c]]), "kr").weights
    assert a * x * x + b * x * y == pytest.approx(1, abs=1e-8)
    assert b * x * y + c * y * y == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize("scope", list(Scope))
def test_row_sums_are_one_on_every_valid_bin(shared_data: Path, scope: Scope) -> None:
    """Recomputed by scipy, not by the operator that solved."""
    contacts = cp.read_contacts(shared_data / "gm12878_1_2_3.cool")
    kept = cp.mask_bins(contacts).kept
    result = cp.balance(contacts, "kr", mask=kept, scope=scope.value)
    assert result.status is cp.Status.CONVERGED
    np.testing.assert_array_equal(np.isfinite(result.weights), kept)
    for selection in select(contacts.bins, kept, scope):
        weights = result.weights[selection.lo : selection.hi][selection.kept]
        sums = weights * (selected_matrix(contacts, selection) @ weights)
        np.testing.assert_allclose(sums, 1, atol=1e-6)


def test_products_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    from counterpoise.backends.native import operator as backend

    calls = []
    product = backend.NativeOperator.product
    monkeypatch.setattr(
        backend.NativeOperator, "product", lambda self, x: calls.append(1) or product(self, x)
    )
    result = cp.balance(random_map(40, 1), "kr")
    # One more product, for the standard errors, is not counted for the method.
    assert result.matvecs == len(calls) - 1 > 3


def test_an_outer_step_costs_no_product_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three products are not of inner steps: row sums raw, at the start and at the end."""
    inner = []
    newton_step = kr._newton_step

    def counted(problem: Problem, *arguments: Any) -> Any:
        before = problem.record.matvecs
        step = newton_step(problem, *arguments)
        inner.append(problem.record.matvecs - before)
        return step

    monkeypatch.setattr(kr, "_newton_step", counted)
    result = cp.balance(random_map(60, 1), "kr")
    assert result.status is cp.Status.CONVERGED
    assert result.iterations == len(inner) > 3
    assert result.matvecs == sum(inner) + 3


@pytest.mark.parametrize("matrix", [random_map(60, 1), random_map(30, 2, 0.1)])
def test_row_sums_between_outer_steps_are_those_of_the_weights(matrix: sp.csr_matrix) -> None:
    """Row sums in the trace need no product; the verdict measures the last ones with a product."""
    for limit in range(3, 16):
        result = cp.balance(matrix, "kr", max_products=limit, on_failure="keep")
        assert result.trace[-1].max_deviation == pytest.approx(
            result.verdict.max_deviation, rel=1e-9, abs=1e-13
        )


def wild_map(seed: int) -> np.ndarray:
    """Return a map of eight bins with half of the pixels, over forty orders of magnitude."""
    rng = np.random.default_rng(seed)
    counts = np.exp(rng.normal(0, 14, (8, 8)))
    upper = np.triu(counts * (rng.random((8, 8)) < 0.5))
    return upper + np.triu(upper, 1).T


@pytest.mark.parametrize("seed", [96, 133, 136, 224])
def test_rounding_over_many_outer_steps_does_no_harm(seed: int) -> None:
    """Row sums without a product lose their digits here, so the run must measure them again."""
    matrix = wild_map(seed)
    assert find_support(sp.csr_matrix(matrix)).total
    solution, _ = solve_matrix(methods()["kr"], matrix, np)
    assert solution.status is cp.Status.CONVERGED, solution.facts
    np.testing.assert_allclose(solution.weights * (matrix @ solution.weights), 1, atol=1e-7)


@given(n=st.integers(1, 25), density=st.floats(0.05, 1.0), seed=st.integers(0, 10_000))
def test_never_a_false_verdict(n: int, density: float, seed: int) -> None:
    """A converged run has flat row sums, and a map with total support converges."""
    matrix = random_map(n, seed, density, depth=3.0, diagonal=seed % 2 == 0)
    result = cp.balance(matrix, "kr")
    filled = np.asarray(matrix.sum(axis=1)).ravel() > 0
    if not filled.any():
        assert result.status is cp.Status.EMPTY
        return
    pattern = sp.csr_matrix(matrix[filled][:, filled])
    if result.status is cp.Status.CONVERGED:
        np.testing.assert_array_equal(np.isfinite(result.weights), filled)
        np.testing.assert_allclose(
            np.asarray(result.matrix().sum(axis=1)).ravel()[filled], 1, atol=1e-6
        )
    else:
        assert result.reason
        assert np.isnan(result.weights).all()
    assert (result.status is cp.Status.CONVERGED) == find_support(pattern).total


@given(seed=st.integers(0, 1000), factor=st.sampled_from([1e-6, 0.3, 7.0, 1e6]))
def test_invariant_under_scaling_and_permutation(seed: int, factor: float) -> None:
    matrix = random_map(12, seed, 0.7)
    base = cp.balance(matrix, "kr")
    assume(base.status is cp.Status.CONVERGED)
    scaled = cp.balance(matrix * factor, "kr")
    np.testing.assert_allclose(scaled.weights * np.sqrt(factor), base.weights, rtol=1e-6)
    order = np.random.default_rng(seed).permutation(12)
    permuted = cp.balance(matrix[order][:, order], "kr")
    np.testing.assert_allclose(permuted.weights, base.weights[order], rtol=1e-6)


def test_diverging_weights_are_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row sums come close to one without total support, while some weights diverge.

    A map is examined before the method runs, after it if it is large, or not at all.
    """
    matrix = sp.csr_matrix(np.array([[3.0, 2.0], [2.0, 0.0]]))
    examined = cp.balance(matrix, "kr")
    assert (examined.status, examined.verdict.parts[0].cause) == ("failed", "no_total_support")
    monkeypatch.setattr(run, "Task", partial(Task, examine_limit=0))
    large = cp.balance(matrix, "kr")
    assert (large.status, large.verdict.parts[0].cause) == ("failed", "no_total_support")
    assert large.matvecs > examined.matvecs
    assert "went to zero" in large.reason
    assert np.isnan(large.weights).all()
    result = cp.balance(two_sides(200, 100), "kr")
    assert result.status in (cp.Status.NOT_CONVERGED, cp.Status.FAILED)
    assert "too large to look for the cause" in result.reason
    assert np.isnan(result.weights).all()


def test_one_step_is_not_many() -> None:
    result = cp.balance(random_map(60, 1), "kr", max_products=1)
    assert "1 matrix-vector product was not enough. Row sums still differ" in result.reason
    star = np.zeros((4, 4))
    star[3, :3] = star[:3, 3] = 1, 2, 5
    assert "after 1 step." in cp.balance(star, "kr", on_failure="keep").reason


def test_the_limit_of_products_applies_to_each_attempt() -> None:
    """The map needs too many products with a bin of hardly any contacts, and few without it."""
    matrix = random_map(120, 3, 1.0).toarray() + 5
    matrix[0] = matrix[:, 0] = 1e-9
    matrix[0, 1] = matrix[1, 0] = 1
    rest = cp.balance(matrix[1:, 1:], "kr").matvecs
    assert cp.balance(matrix, "kr").matvecs > rest + 5
    result = cp.balance(matrix, "kr", max_products=rest, on_failure="drop")
    part = result.verdict.parts[0]
    assert (part.status, part.drop_percentile) == ("converged", 1)
    assert part.matvecs > 2 * rest


def test_the_limit_of_products_holds_inside_an_outer_step() -> None:
    n = 2000
    matrix = sp.diags([1.0, 1.0, 1.0], [-1, 0, 1], shape=(n, n))
    assert cp.balance(matrix, "kr", max_products=20).matvecs <= 20 + 2
