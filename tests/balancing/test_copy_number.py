"""Row sums follow copy numbers: against a direct solution, on an amplicon, and in the verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cooler
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import root

import counterpoise as cp
from counterpoise.backends.scipy import selected_matrix
from counterpoise.balancing.copy_number import CopyNumber
from counterpoise.contacts.selection import Scope, select
from counterpoise.errors import ConfigError, InputError
from counterpoise.methods import methods
from counterpoise.records.facts import ExistenceUnknown, SparsestDropped
from counterpoise.records.verdict import Verdict
from tests.support.maps import genome_map, hanging_bins, random_map, write_map
from tests.support.solving import backends, close_settings

FOLLOWERS = [name for name, method in methods().items() if method.follows_copy_number]
EXACT = [name for name in FOLLOWERS if methods()[name].exact]

Floats = NDArray[np.float64]


def some_copies(bins: int, seed: int = 1) -> Floats:
    """Return copy numbers that differ from bin to bin by an order of magnitude."""
    return np.exp(np.random.default_rng(seed).normal(0, 0.6, bins))


def solve_directly(matrix: Floats, target: Floats) -> Floats:
    """Return the weights with the row sums ``target``, by a root finder for any equations."""

    def left_over(logs: Floats) -> Floats:
        x = np.exp(logs)
        return np.asarray(x * (matrix @ x) - target)

    def derivative(logs: Floats) -> Floats:
        scaled = np.exp(np.add.outer(logs, logs)) * matrix
        return np.asarray(scaled + np.diag(scaled.sum(axis=1)))

    found = root(left_over, np.log(target / matrix.sum(axis=1)) / 2, jac=derivative, tol=1e-13)
    assert np.abs(left_over(found.x)).max() < 1e-10
    return np.asarray(np.exp(found.x))


def row_sums(matrix: Any, result: cp.Balance) -> Floats:
    weights = np.nan_to_num(result.weights)
    return np.asarray(weights * (matrix @ weights))


def balance(matrix: Any, name: str, copies: Any, **settings: Any) -> cp.Balance:
    settings = {"ignore_diags": 0, "scope": "genome", **settings}
    return cp.balance(matrix, name, copy_number=copies, **settings)


@pytest.mark.parametrize("name", FOLLOWERS)
@pytest.mark.parametrize("diagonal", [True, False])
def test_equals_a_direct_solution(name: str, diagonal: bool) -> None:
    matrix = random_map(40, 1, 0.8, diagonal=diagonal).toarray()
    copies = some_copies(40)
    result = balance(matrix, name, copies, **close_settings(name))
    assert result.status is cp.Status.CONVERGED, result.reason
    np.testing.assert_allclose(
        result.weights, solve_directly(matrix, copies / copies.mean()), rtol=1e-6
    )


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("name", EXACT)
def test_row_sums_follow_in_every_part(name: str, scope: Scope) -> None:
    """Recomputed by scipy, not by the operator that solved."""
    contacts = genome_map({"chr1": 60, "chr2": 40, "chr3": 50}, 3, trans=2.0)
    kept = cp.mask_bins(contacts, {"min_nnz": 5, "mad_max": 0}).kept
    copies = some_copies(150)
    settings: dict[str, Any] = {"scope": scope.value, "ignore_diags": 1, "target": "unit"}
    result = balance(contacts, name, copies, mask=kept, **settings)
    assert result.status is cp.Status.CONVERGED, result.reason
    weighting = methods()[name].trans_weighting
    for part in select(contacts.bins, kept, scope, 1, trans_weighting=weighting):
        inside = slice(part.lo, part.hi)
        weights = result.weights[inside][part.kept]
        target = copies[inside][part.kept] / copies[inside][part.kept].mean()
        sums = weights * (selected_matrix(contacts, part) @ weights)
        np.testing.assert_allclose(sums, target, rtol=2e-5)


@pytest.mark.parametrize("name", FOLLOWERS)
def test_same_on_every_backend(name: str) -> None:
    matrix = random_map(300, 2, 0.5).toarray()
    copies = some_copies(300)
    expected = balance(matrix, name, copies, backend="scipy")
    assert expected.status is cp.Status.CONVERGED, expected.reason
    for choice in backends():
        result = balance(matrix, name, copies, **choice)
        np.testing.assert_allclose(result.weights, expected.weights, rtol=1e-10)
        np.testing.assert_allclose(result.se, expected.se, rtol=1e-8)


@pytest.mark.parametrize("target", ["unit", "total", "mean"])
def test_the_setting_target_sets_the_mean_row_sum(target: str) -> None:
    matrix = random_map(40, 1).toarray()
    copies = some_copies(40)
    sums = row_sums(matrix, balance(matrix, "kr", copies, target=target))
    expected = 1.0 if target == "unit" else matrix.sum() / 40
    np.testing.assert_allclose(sums, expected * copies / copies.mean(), rtol=1e-6)


@given(
    seed=st.integers(0, 10_000),
    bins=st.integers(3, 30),
    spread=st.floats(0, 1.5),
    name=st.sampled_from(EXACT),
)
def test_every_map_with_a_diagonal_can_follow(
    seed: int, bins: int, spread: float, name: str
) -> None:
    """A positive diagonal can take up what the other contacts of a bin cannot."""
    matrix = random_map(bins, seed, 0.7, depth=5.0).toarray() + 5 * np.eye(bins)
    copies = np.exp(np.random.default_rng(seed).normal(0, spread, bins))
    limit: dict[str, Any] = {} if name == "kr" else {"max_iterations": 5000}
    result = balance(matrix, name, copies, **limit)
    assert result.status is cp.Status.CONVERGED, result.reason
    relative = row_sums(matrix, result) / copies
    deviation = np.abs(relative / relative.mean() - 1).max()
    assert deviation < 1e-4
    assert deviation == pytest.approx(result.verdict.max_deviation, rel=0.01, abs=1e-7)


@pytest.mark.parametrize("name", FOLLOWERS)
def test_equal_copy_numbers_change_no_bit(name: str) -> None:
    contacts = genome_map({"chr1": 60, "chr2": 40}, 3)
    alone = cp.balance(contacts, name, mask=None, bootstrap=2)
    result = cp.balance(contacts, name, mask=None, bootstrap=2, copy_number=np.full(100, 4.0))
    np.testing.assert_array_equal(result.weights, alone.weights)
    np.testing.assert_array_equal(result.se, alone.se)
    assert result.trace == alone.trace
    assert result.verdict.expected_excess == alone.verdict.expected_excess
    assert "copy_number" not in alone.verdict.to_dict()


def amplicon() -> tuple[NDArray[np.bool_], Floats, Floats, Floats]:
    """Return an amplicon of eight copies, copies, bias and the mean of a map of one chromosome."""
    place = np.arange(200)
    inside = (place >= 90) & (place < 110)
    copies = np.where(inside, 8.0, 1.0)
    decay = 1 / (np.abs(np.subtract.outer(place, place)) + 1.0)
    unbiased = solve_directly(decay, copies)
    bias = np.exp(np.random.default_rng(5).normal(0, 0.3, 200))
    mean = 5000 * np.outer(unbiased * bias, unbiased * bias) * decay
    return inside, copies, bias, mean


@pytest.mark.parametrize("name", FOLLOWERS)
def test_an_amplicon_stays_visible(name: str) -> None:
    inside, copies, bias, mean = amplicon()
    upper = np.triu(np.random.default_rng(6).poisson(mean))
    drawn = upper + np.triu(upper, 1).T
    flat, following = balance(drawn, name, None), balance(drawn, name, copies)

    def ratio(result: cp.Balance) -> float:
        sums = row_sums(drawn, result)
        return float(sums[inside].mean() / sums[~inside].mean())

    def error(result: cp.Balance) -> Floats:
        """Return how far the bias that was removed is from the true one, up to one factor."""
        logs = np.log(result.weights * bias)
        return np.asarray(logs - np.median(logs))

    assert ratio(flat) == pytest.approx(1, abs=0.01)
    assert ratio(following) == pytest.approx(8, rel=0.01)
    assert np.abs(error(flat)[inside]).mean() > 0.3, "copies are taken for bias"
    in_errors = error(following) / following.se
    assert np.abs(in_errors.mean()) < 1
    assert 0.8 < in_errors.std() < 1.25
    assert np.abs(error(following)).max() < 0.1


def test_standard_errors_are_those_of_the_bootstrap() -> None:
    _, copies, _, mean = amplicon()
    upper = np.triu(np.random.default_rng(6).poisson(mean / 20))
    drawn = upper + np.triu(upper, 1).T
    by_formula = balance(drawn, "kr", copies).se
    by_bootstrap = balance(drawn, "kr", copies, bootstrap=40).se
    np.testing.assert_allclose(np.median(by_bootstrap / by_formula), 1, atol=0.15)


def test_the_expected_excess_is_that_of_new_contacts() -> None:
    """Row sums of a second map, relative to the copies, vary by it beyond counting."""
    _, copies, _, mean = amplicon()
    mean = mean / 20
    rng = np.random.default_rng(8)
    realised, expected = [], []
    for _ in range(8):
        upper = np.triu(rng.poisson(mean))
        result = balance(upper + np.triu(upper, 1).T, "kr", copies)
        sums = row_sums(mean, result) / copies
        realised.append(sums.var() / sums.mean() ** 2)
        expected.append(result.verdict.expected_excess)
    assert np.mean(expected) == pytest.approx(np.mean(realised), rel=0.3)


# --- bins without copies -----------------------------------------------------------------------


@pytest.mark.parametrize("name", FOLLOWERS)
def test_bins_of_zero_copies_are_as_masked(name: str) -> None:
    contacts = genome_map({"chr1": 60, "chr2": 40}, 3)
    copies, absent = some_copies(100), np.zeros(100, bool)
    absent[[4, 5, 70]] = True
    masked = balance(contacts, name, copies, mask=~absent)
    result = balance(contacts, name, np.where(absent, 0, copies), mask=np.ones(100, bool))
    np.testing.assert_array_equal(result.weights, masked.weights)
    assert np.isnan(result.weights[absent]).all()
    assert result.verdict.copy_number is not None
    assert result.verdict.copy_number.absent == 3
    assert "3 bins have zero copies and no weight." in result.reason
    assert result.kept.all()


def test_a_map_without_copies_is_empty() -> None:
    result = balance(random_map(10, 1), "kr", np.zeros(10))
    assert result.status is cp.Status.EMPTY
    assert result.verdict.copy_number is not None
    assert result.verdict.copy_number.lowest is None


# --- maps that cannot follow -------------------------------------------------------------------


def test_copy_numbers_decide_whether_weights_exist() -> None:
    """A star has no equal row sums; it has those in which the centre holds as much as the rays."""
    star = np.zeros((12, 12))
    star[0, 1:] = star[1:, 0] = 5
    assert not cp.balance(star, "kr").status.balanced
    copies = np.ones(12)
    copies[0] = 11
    result = balance(star, "kr", copies)
    assert result.status is cp.Status.CONVERGED, result.reason
    sums = row_sums(star, result)
    np.testing.assert_allclose(sums / sums[1], copies, rtol=1e-6)


@pytest.mark.parametrize("name", EXACT)
def test_an_impossible_target_is_reported(name: str) -> None:
    """The first of three bins would need more contacts than the others may have."""
    triangle = 9 * (1 - np.eye(3))
    assert cp.balance(triangle, name, ignore_diags=0).status is cp.Status.CONVERGED
    result = balance(triangle, name, [10, 1, 1])
    assert not result.status.balanced
    (part,) = result.verdict.parts
    assert any(isinstance(fact, ExistenceUnknown) for fact in part.facts), result.reason
    assert "many copies may have contacts with too few others" in result.reason


@pytest.mark.parametrize("name", EXACT)
def test_a_target_that_weights_only_approach_is_reported(name: str) -> None:
    """Two of three bins may have contacts with the first only: one pixel would have to vanish."""
    result = balance(9 * (1 - np.eye(3)), name, [2, 1, 1])
    assert result.status is cp.Status.NOT_CONVERGED, result.reason
    assert np.isnan(result.weights).all()


def test_copy_numbers_of_any_range_are_no_divergence() -> None:
    """The largest weight is a hundred thousand times the smallest, as the copies demand."""
    copies = np.array([1e-10, 1, 2, 3])
    result = balance(5 * np.eye(4), "kr", copies)
    assert result.status is cp.Status.CONVERGED, result.reason
    np.testing.assert_allclose(result.weights, np.sqrt(copies / copies.mean() / 5), rtol=1e-8)


@pytest.mark.parametrize("name", EXACT)
def test_bins_in_the_way_are_isolated(name: str) -> None:
    matrix = hanging_bins()
    copies = some_copies(40)
    copies[[5, 9, 20]] = 1  # two bins would need all contacts of the third
    refused = balance(matrix, name, copies)
    assert not refused.status.balanced
    result = balance(matrix, name, copies, isolate_limit=0.1)
    assert result.status is cp.Status.CONVERGED, result.reason
    kept = np.isfinite(result.weights)
    assert result.verdict.parts[0].isolated == np.count_nonzero(~kept) > 0
    relative = row_sums(matrix, result)[kept] / copies[kept]
    np.testing.assert_allclose(relative, relative.mean(), rtol=1e-4)


def test_bins_with_few_contacts_for_their_copies_are_dropped_first() -> None:
    matrix, copies = hanging_bins(), np.ones(40)
    matrix[7] *= 0.002
    matrix[:, 7] *= 0.002
    copies[7] = 0.002
    without = balance(matrix, "kr", None, on_failure="drop")
    result = balance(matrix, "kr", copies, on_failure="drop")
    assert any(isinstance(fact, SparsestDropped) for fact in result.verdict.parts[0].facts)
    assert np.isnan(without.weights[7])
    assert np.isfinite(result.weights[7])


# --- arguments and records ---------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in methods() if name not in FOLLOWERS])
def test_other_methods_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{name} cannot .*Use ice, kr, scale or ssk, or leave"):
        cp.balance(random_map(10, 1), name, copy_number=np.ones(10))


@pytest.mark.parametrize(
    ("copies", "message"),
    [
        ([1.0, 2.0], "has 10 values, one for each bin; this has 2 values"),
        (np.ones((10, 1)), "has 10 values"),
        ([1.0] * 9 + [np.nan], "is nan at bin 9; .* zero or more"),
        ([1.0, -1.0] + [1.0] * 8, "is -1.0 at bin 1"),
        ([np.inf] + [1.0] * 9, "is inf at bin 0"),
        ([None, "two"], "a number for each bin, or a file"),
        ("segments.bed", "a matrix has no chromosomes"),
    ],
)
def test_wrong_copy_numbers_are_refused(copies: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=f"copy_number .*{message}"):
        cp.balance(random_map(10, 1), "kr", copy_number=copies)


def test_the_verdict_says_what_row_sums_follow() -> None:
    copies = CopyNumber(np.array([1.0, 2.0, 0.0, 8.0]), 1, "segments.bed", "f" * 64)
    matrix = np.full((4, 4), 7.0)
    result = balance(matrix, "ssk", copies)
    record = json.loads(json.dumps(result.verdict.to_dict(), allow_nan=False))
    assert record["copy_number"] == {
        "file": "segments.bed",
        "sha256": "f" * 64,
        "lowest": 1.0,
        "highest": 8.0,
        "absent": 1,
        "uncovered": 1,
    }
    assert Verdict.from_dict(record) == result.verdict
    assert result.reason == (
        "The target of the row sums is proportional to the copy numbers in segments.bed (1 to 8). "
        "1 bin has zero copies and no weight. 1 bin has no segment and the median copy number."
    )
    by_array = balance(matrix, "ssk", copies.copies).reason
    assert by_array.startswith("The target of the row sums is proportional to the copy numbers (1 ")


# --- files -------------------------------------------------------------------------------------


def test_a_table_of_segments_and_a_cooler(tmp_path: Path) -> None:
    """The columns are those of a table; cooler reads row sums that follow them."""
    path, table = tmp_path / "map.cool", tmp_path / "segments.tsv"
    write_map(path, 1)
    segments = "chr1\t5000\t9500\t2.0\t8\nchr2\t0\t15000\t0\t2\n"
    table.write_text("chrom\tstart\tend\tlog2\tcn\n" + segments)
    expected = np.full(40, 2.0)
    expected[5:10] = 8
    settings: dict[str, Any] = {"mask": None, "scope": "genome"}
    result = cp.balance(path, "kr", copy_number=table, **settings)
    by_array = cp.balance(path, "kr", copy_number=expected, **settings)
    np.testing.assert_array_equal(result.weights, by_array.weights)
    result.to_cooler(path, name="weight")
    opened = cooler.Cooler(str(path))
    sums = np.nansum(opened.matrix(balance="weight")[:], axis=1)
    np.testing.assert_allclose(sums, expected / expected.mean(), rtol=1e-6)
    with opened.open("r") as group:
        assert group["bins/weight"].attrs["copy_number"] == "segments.tsv"
        assert len(group["bins/weight"].attrs["copy_number_sha256"]) == 64
    with pytest.raises(InputError, match=r"nowhere\.bed: does not exist\. Check copy_number"):
        cp.balance(path, "kr", copy_number=str(tmp_path / "nowhere.bed"))
