"""``on_failure: isolate``: the fewest bins go, the rest is balanced, and nothing goes unnamed."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import assume, given
from hypothesis import strategies as st

import counterpoise as cp
from counterpoise.backends.choice import BackendChoice
from counterpoise.balancing import pattern as pattern_module
from counterpoise.balancing.attempt import Outcome
from counterpoise.balancing.isolation import find_isolation
from counterpoise.balancing.matching import find_support, rows_to_isolate
from counterpoise.balancing.parts import balance_part
from counterpoise.balancing.pattern import Pattern
from counterpoise.balancing.task import Task
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope, Selection, select
from counterpoise.errors import ConfigError
from counterpoise.methods import methods
from counterpoise.records.facts import BinsIsolated, IsolationRefused, NoTotalSupport
from counterpoise.records.verdict import Cause
from tests.support.maps import random_map

LIMIT = 10**9


@st.composite
def sparse_patterns(draw: st.DrawFn, most: int) -> np.ndarray:
    """A symmetric pattern of few entries without empty rows, bool [n, n]."""
    n = draw(st.integers(2, most))
    node = st.integers(0, n - 1)
    pairs = draw(st.lists(st.tuples(node, node), min_size=n // 2, max_size=2 * n))
    pattern = np.zeros((n, n), bool)
    for i, j in pairs:
        pattern[i, j] = pattern[j, i] = True
    present = pattern.any(axis=1)
    assume(present.sum() > 1)
    return pattern[present][:, present]


def has_support(pattern: np.ndarray) -> bool:
    return bool(pattern.any(axis=1).all()) and not len(
        find_support(sp.csr_matrix(pattern)).unmatched
    )


def path(bins: int) -> np.ndarray:
    """Return a map in which each bin has contacts with the bins beside it, and no others."""
    return np.diag(np.full(bins - 1, 5.0), 1) + np.diag(np.full(bins - 1, 5.0), -1)


def star(leaves: int) -> np.ndarray:
    matrix = np.zeros((leaves + 1, leaves + 1))
    matrix[0, 1:] = matrix[1:, 0] = 7
    return matrix


def with_hanging_bins(bins: int, hanging: int) -> np.ndarray:
    """Return a full map whose last bins have contacts with bin 0 alone."""
    matrix = random_map(bins, 4, 1.0).toarray() + 3
    matrix[-hanging:] = matrix[:, -hanging:] = 0
    matrix[0, -hanging:] = matrix[-hanging:, 0] = np.arange(1, hanging + 1)
    return matrix


def whole(contacts: Contacts, kept: np.ndarray | None = None) -> Selection:
    kept = np.ones(len(contacts.bins), bool) if kept is None else kept
    return next(select(contacts.bins, kept, Scope.GENOME))


def pattern_of(matrix: np.ndarray, limit: int = LIMIT) -> Pattern:
    contacts = Contacts.from_matrix(matrix.astype(float))
    return Pattern(contacts, whole(contacts), limit)


@given(sparse_patterns(most=8))
def test_no_smaller_or_sparser_choice_restores_support(pattern: np.ndarray) -> None:
    """Every set of bins that could be removed is tried."""
    matrix = sp.csr_matrix(pattern)
    support = find_support(matrix)
    assume(len(support.unmatched) > 0)
    chosen = rows_to_isolate(matrix, support)
    n, partners = len(pattern), pattern.sum(axis=1)
    assume(len(chosen) < n)
    rank = np.argsort(np.lexsort((np.arange(n), partners)))

    def restores(removed: tuple[int, ...]) -> bool:
        left = np.delete(np.arange(n), removed)
        return has_support(pattern[left][:, left])

    for fewer in range(len(chosen)):
        assert not any(restores(removed) for removed in combinations(range(n), fewer))
    as_many = [removed for removed in combinations(range(n), len(chosen)) if restores(removed)]
    sparsest = min(as_many, key=lambda removed: sum(rank[list(removed)]))
    assert sorted(chosen) == list(sparsest)


@given(sparse_patterns(most=30))
def test_what_is_left_can_be_balanced(pattern: np.ndarray) -> None:
    found = find_isolation(pattern_of(pattern), 0)
    assert found.complete
    left = np.delete(np.arange(len(pattern)), found.rows)
    if len(left):
        assert find_support(sp.csr_matrix(pattern[left][:, left])).total
    if find_support(sp.csr_matrix(pattern)).total:
        assert not len(found.rows)


@pytest.mark.parametrize("bins", [300, 1000])
@pytest.mark.parametrize("method", ["kr", "ice", "ssk"])
def test_the_bins_in_the_way_are_isolated_by_name(method: str, bins: int) -> None:
    matrix = with_hanging_bins(bins, 3)
    settings = {"ignore_diags": 0}
    result = cp.balance(matrix, method, **settings)
    assert result.status is cp.Status.CONVERGED, result.reason
    kept = np.ones(bins, bool)
    kept[-3:] = False
    np.testing.assert_array_equal(np.isfinite(result.weights), kept)
    masked = cp.balance(matrix, method, mask=kept, on_failure="nan", **settings)
    np.testing.assert_allclose(result.weights, masked.weights, rtol=1e-12)
    np.testing.assert_allclose(result.se, masked.se, rtol=1e-12)
    part = result.verdict.parts[0]
    assert (part.isolated, part.kept, part.dropped) == (3, bins - 3, 0)
    fact = part.facts[0]
    assert isinstance(fact, BinsIsolated)
    assert (fact.isolated, fact.of) == (3, bins)
    assert fact.bins == tuple(f"matrix:{k:,}-{k + 1:,}" for k in range(bins - 3, bins))
    assert fact.contacts == pytest.approx(1 - matrix[:-3, :-3].sum() / matrix.sum())
    assert [each.code for each in fact.before] == ["no_support"]
    assert result.reason.startswith(f"3 of {bins:,} bins were isolated (")


@pytest.mark.parametrize("matrix", [path(41), star(40)], ids=["odd path", "star"])
@pytest.mark.parametrize("method", ["kr", "ice", "ssk"])
def test_a_sparse_map_is_not_destroyed(method: str, matrix: np.ndarray) -> None:
    result = cp.balance(matrix, method)
    part = result.verdict.parts[0]
    assert (part.status, part.cause, part.isolated) == ("failed", "no_support", 0)
    assert np.isnan(result.weights).all()
    fact = part.facts[-1]
    assert isinstance(fact, IsolationRefused)
    assert (fact.needed, fact.of, fact.at_least, fact.limit) == (39, 41, False, 0.01)
    assert "39 of 41 bins would have to be isolated" in result.reason
    assert "isolate_limit" in result.reason


def test_islands_are_isolated_where_a_method_needs_one_scale() -> None:
    """KR and accelerated ICE balance each component on its own, and plain ICE the largest."""
    matrix = np.zeros((302, 302))
    matrix[:300, :300] = random_map(300, 4, 1.0).toarray() + 3
    matrix[300:, 300:] = 5
    result = cp.balance(matrix, "ice", ignore_diags=0, solver="plain")
    assert result.status is cp.Status.CONVERGED, result.reason
    assert np.flatnonzero(np.isnan(result.weights)).tolist() == [300, 301]
    assert "2 of 302 bins were isolated (matrix:300-301, matrix:301-302;" in result.reason
    assert "falls into 2 components" in result.reason
    assert np.isfinite(cp.balance(matrix, "kr").weights).all()
    matrix[200:300, :200] = matrix[:200, 200:300] = 0  # a third of the map is no island
    halves = cp.balance(matrix, "ice", ignore_diags=0, solver="plain", max_iterations=50)
    assert (halves.status, halves.verdict.parts[0].isolated) == (cp.Status.NOT_CONVERGED, 0)
    assert "102 of 302 bins would have to be isolated" in halves.reason


def test_islands_and_hanging_bins_at_once() -> None:
    """Without the hanging bins, the others may form several components."""
    island = np.zeros((403, 403))
    island[:401, :401] = with_hanging_bins(401, 1)
    island[401:, 401:] = 5
    result = cp.balance(island, "ice", ignore_diags=0, solver="plain")
    assert result.status is cp.Status.CONVERGED, result.reason
    assert np.flatnonzero(np.isnan(result.weights)).tolist() == [400, 401, 402]
    assert result.verdict.parts[0].isolated == 3
    isolated = [f for f in result.verdict.parts[0].facts if isinstance(f, BinsIsolated)]
    assert [fact.isolated for fact in isolated] == [1, 2]
    halves = np.zeros((301, 301))
    halves[:150, :150] = random_map(150, 4, 1.0).toarray() + 3
    halves[150:300, 150:300] = 10 * halves[:150, :150]
    halves[0, 300] = halves[300, 0] = 2
    two = cp.balance(halves, "ice", ignore_diags=0, solver="plain", max_iterations=50)
    assert two.verdict.parts[0].cause is Cause.DISCONNECTED, two.reason
    assert two.verdict.parts[0].isolated == 1
    assert "151 of 301 bins would have to be isolated" in two.reason
    assert cp.balance(halves, "kr").verdict.parts[0].isolated == 1


def test_the_limit_counts_bins_with_contacts() -> None:
    matrix = with_hanging_bins(120, 1)
    assert cp.balance(matrix, "kr").status is cp.Status.CONVERGED
    empty = np.zeros((220, 220))  # more bins, but not more with contacts
    empty[:99, :99] = with_hanging_bins(99, 1)
    assert cp.balance(empty, "kr").status is cp.Status.FAILED
    assert cp.balance(empty, "kr", isolate_limit=0.02).status is cp.Status.CONVERGED
    assert cp.balance(path(41), "kr", isolate_limit=1.0).verdict.kept == 2


def test_a_wrong_limit_or_method_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"isolate_limit is 1\.5; it must be from 0 to 1"):
        cp.balance(path(3), "kr", isolate_limit=1.5)
    for method in ("vc", "scale", "kde"):
        with pytest.raises(
            ConfigError, match="on_failure is 'isolate', which only methods with isolate_limit have"
        ):
            cp.balance(path(3), method, on_failure="isolate")


def test_the_rule_of_cooler_keeps_every_bin() -> None:
    matrix = with_hanging_bins(200, 1)
    result = cp.balance(matrix, "ice", tolerance="cooler", max_iterations=20)
    assert result.verdict.settings["on_failure"] == "keep"
    assert np.isfinite(result.weights).all()


def test_weights_that_have_not_converged_are_kept() -> None:
    result = cp.balance(random_map(80, 12), "ice", max_iterations=3)
    assert result.status is cp.Status.NOT_CONVERGED
    assert np.isfinite(result.weights).all()


def test_resampled_maps_lack_the_same_bins() -> None:
    matrix = with_hanging_bins(150, 1)
    kept = np.ones(150, bool)
    kept[-1] = False
    isolated = cp.balance(matrix, "kr", bootstrap=4)
    masked = cp.balance(matrix, "kr", bootstrap=4, mask=kept)
    np.testing.assert_allclose(isolated.se, masked.se, rtol=1e-9)


# --- large maps -------------------------------------------------------------------------------


@given(sparse_patterns(most=60))
def test_a_few_entries_decide_as_all_do(pattern: np.ndarray) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pattern_module, "FEW", 1)
        thin = pattern_of(pattern, limit=0)
        assert thin.thin
        thin.limit = LIMIT
        left = thin.drop_empty_rows(thin.rows)
        np.testing.assert_array_equal(left, thin.rows)
        _, support = thin.examine(left)
    expected = find_support(sp.csr_matrix(pattern))
    assert support.total == expected.total
    assert len(support.unmatched) == len(expected.unmatched)
    assert thin.components().max() + 1 == expected.components
    assert set(support.blocking) <= set(expected.blocking)


def attempt_large(matrix: np.ndarray, method: str = "kr") -> Outcome:
    """Balance a map as if it were too large to be examined first."""
    contacts = Contacts.from_matrix(matrix)
    chosen = methods()[method]
    task = Task(
        contacts,
        chosen,
        chosen.settings(ignore_diags=0),
        BackendChoice("numpy", "cpu"),
        threads=1,
        examine_limit=10,
    )
    return balance_part(task, whole(contacts))


def test_a_healthy_large_map_is_not_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("examined")

    monkeypatch.setattr(Pattern, "__init__", refuse)
    assert attempt_large(random_map(200, 3, 1.0).toarray() + 1).verdict.status.balanced


def test_a_large_map_is_examined_when_its_method_fails() -> None:
    outcome = attempt_large(with_hanging_bins(400, 2))
    assert outcome.verdict.status is cp.Status.CONVERGED, outcome.verdict.reason
    assert np.flatnonzero(np.isnan(outcome.weights)).tolist() == [398, 399]
    few = attempt_large(with_hanging_bins(400, 1))
    assert np.flatnonzero(np.isnan(few.weights)).tolist() == [399]
    (isolated,) = few.verdict.facts
    assert isinstance(isolated, BinsIsolated)
    assert isolated.before[0] == NoTotalSupport(1, ("matrix:399-400",), 1, None)


@pytest.mark.parametrize("method", ["kr", "ssk"])
def test_a_second_obstacle_of_a_large_map_may_stay_hidden(method: str) -> None:
    """Two hanging bins show at once; a block without support needs all entries to be seen."""
    core, block = 400, 200
    rng = np.random.default_rng(0)
    upper = np.zeros((core + 2 * block + 2,) * 2)
    upper[:core, :core] = rng.poisson(3, (core, core)) + 1
    first, second = slice(core, core + block), slice(core + block, core + 2 * block)
    upper[first, second] = rng.poisson(5, (block, block)) + 1
    upper[:core, second] = 1
    upper[0, -2:] = 1
    matrix = np.triu(upper) + np.triu(upper, 1).T
    outcome = attempt_large(matrix, method=method)
    assert outcome.verdict.status is cp.Status.FAILED
    assert "too large to look for the cause" in outcome.verdict.reason


def test_the_two_bins_of_a_real_map(shared_data) -> None:
    """A map of 193,554 bins that cooler calls converged with row sums 4 % off."""
    contacts = cp.read_contacts(str(shared_data / "Scc1-control.10000.cool"))
    kept = cp.mask_bins(contacts).kept
    names = ("chr7:28,440,000-28,450,000", "chr17:28,390,000-28,400,000")
    for method, iterations in (("kr", 6), ("ice", 28)):
        result = cp.balance(contacts, method, mask=kept, scope="genome", ignore_diags=2)
        assert (result.status, result.iterations) == (cp.Status.CONVERGED, iterations)
        assert np.isfinite(result.weights).sum() == 193_552
        assert result.verdict.parts[0].facts[0].bins == names
