"""Properties of all methods: array libraries, one solution, scopes and targets."""

from __future__ import annotations

import re
import time
from itertools import count
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import counterpoise as cp
from counterpoise.backends.vectors import like
from counterpoise.balancing.api import make_settings
from counterpoise.cohort.cohort import Cohort
from counterpoise.cohort.settings import CohortSettings
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope
from counterpoise.errors import ConfigError
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.mask import mask_bins
from counterpoise.methods import Balancing, methods
from counterpoise.methods.base import (
    EqualSumsSettings,
    Method,
    MethodSettings,
    Problem,
    Solution,
    Target,
)
from counterpoise.store.masks import read_mask, write_mask
from counterpoise.store.mcool import write_mcool
from counterpoise.store.paths import ResultPaths
from counterpoise.store.pixels import read_map
from counterpoise.store.weight_columns import DIVISIVE, juicer_vector
from counterpoise.store.weights import write_balance
from tests.support.coolers import write_cool
from tests.support.maps import hanging_bins, random_map
from tests.support.solving import close_settings, existing_settings, solve_matrix

EXACT = sorted(
    name for name, method in methods().items() if issubclass(method.settings, EqualSumsSettings)
)


def test_every_method_has_a_name_in_the_enum() -> None:
    assert {name: str(member) for name, member in Balancing.__members__.items()} == {
        name.upper(): name for name in methods()
    }
    assert Balancing.KR == "kr"


# --- any array library -----------------------------------------------------------------------


def divide_by_largest(problem: Problem, settings: MethodSettings) -> Solution:
    """Divide by the largest entry of each row, and check that the raw contacts give the map."""
    largest = np.zeros(problem.operator.size)
    for rows, columns, values in problem.entries():
        np.maximum.at(largest, rows, values)
        np.maximum.at(largest, columns, values)
    again = problem.operator_of(problem.load())
    assert (again.product(again.ones()) == problem.marginal).all()
    sums = problem.sum_by_distance(again.ones())[0].sum()
    weights = like(largest * sums, problem.marginal) ** -0.5
    problem.record(1, weights * problem.operator.product(weights))
    return Solution(weights, cp.Status.COMPUTED, iterations=1)


SOLVING = [method for method in methods().values() if method.solve]
EXAMPLE = Method("by_largest", MethodSettings, divide_by_largest, "asks for all of a map")


@pytest.mark.parametrize(
    ("matrix", "solver"),
    [
        (random_map(60, 8).toarray(), "anderson"),
        (random_map(60, 8).toarray(), "plain"),
        (hanging_bins(), "plain"),  # accelerated steps double every difference where none converge
    ],
)
@pytest.mark.parametrize("method", [*SOLVING, EXAMPLE], ids=lambda method: method.name)
def test_the_same_on_torch_vectors(
    method: Method, matrix: NDArray[np.float64], solver: str
) -> None:
    import torch

    settings = existing_settings(method, bandwidth=0.03, solver=solver)
    plain, trace = solve_matrix(method, matrix, np, **settings)
    by_torch, torch_trace = solve_matrix(method, matrix, torch, **settings)
    assert isinstance(by_torch.weights, torch.Tensor)
    np.testing.assert_allclose(by_torch.weights.numpy(), plain.weights, rtol=1e-10)
    assert (by_torch.status, by_torch.iterations, by_torch.facts) == (
        plain.status, plain.iterations, plain.facts
    )  # fmt: skip
    np.testing.assert_array_equal(by_torch.dropped, plain.dropped)
    assert len(torch_trace.rows) == len(trace.rows)
    for torch_row, row in zip(torch_trace.rows, trace.rows, strict=True):
        assert torch_row.max_deviation == pytest.approx(row.max_deviation, rel=1e-8, abs=1e-12)
        assert torch_row.rms_deviation == pytest.approx(row.rms_deviation, rel=1e-8, abs=1e-12)


def test_cooler_s_stop_rule_on_torch_vectors() -> None:
    import torch

    matrix = random_map(60, 8).toarray()
    ice = methods()["ice"]
    plain, _ = solve_matrix(ice, matrix, np, tolerance="cooler")
    by_torch, _ = solve_matrix(ice, matrix, torch, tolerance="cooler")
    assert by_torch.iterations == plain.iterations > 5
    np.testing.assert_allclose(by_torch.weights.numpy(), plain.weights, rtol=1e-10)


# --- one solution ----------------------------------------------------------------------------


@st.composite
def small_maps(draw: st.DrawFn) -> NDArray[np.float64]:
    """Every method finds its solution on maps with full support and without extremes."""
    n = draw(st.integers(1, 12))
    seed = draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    bias = np.exp(rng.normal(0, draw(st.sampled_from([0.1, 1.0])), n))
    upper = np.triu(rng.uniform(1, 10, (n, n)) * np.outer(bias, bias))
    return upper + np.triu(upper, 1).T


def close_weights(method: str, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    result = cp.balance(matrix, method, backend="scipy", **close_settings(method))
    assert result.status is cp.Status.CONVERGED, result.reason
    return result.weights


@given(small_maps())
def test_all_find_the_same_weights(matrix: NDArray[np.float64]) -> None:
    expected = close_weights("kr", matrix)
    np.testing.assert_allclose(expected * (matrix @ expected), 1, atol=1e-9)
    for method in EXACT:
        np.testing.assert_allclose(close_weights(method, matrix), expected, rtol=1e-6)


@given(matrix=small_maps(), factor=st.sampled_from([1e-6, 0.3, 1e4]), seed=st.integers(0, 100))
def test_depth_and_order_of_bins(matrix: NDArray[np.float64], factor: float, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(matrix))
    for method in EXACT:
        base = close_weights(method, matrix)
        deeper = close_weights(method, matrix * factor)
        np.testing.assert_allclose(deeper * np.sqrt(factor), base, rtol=1e-7)
        shuffled = close_weights(method, matrix[np.ix_(order, order)])
        np.testing.assert_allclose(shuffled, base[order], rtol=1e-7)


# --- scopes ----------------------------------------------------------------------------------

BINS = BinTable.fixed(("chrA", "chrB", "chrC"), (300, 140, 220), 10)


def three_chromosomes() -> tuple[Contacts, NDArray[np.float64]]:
    """Return a map with trans contacts and an empty bin, also as a dense array."""
    n = len(BINS)
    matrix = random_map(n, 5, depth=60.0).toarray()
    matrix[17], matrix[:, 17] = 0, 0
    bin1, bin2 = np.triu_indices(n)
    counts = matrix[bin1, bin2].astype(np.int64)
    nonzero = counts > 0
    chunk = (bin1[nonzero].astype(np.int32), bin2[nonzero].astype(np.int32), counts[nonzero])
    return Contacts.from_chunks(BINS, [chunk], {}), matrix


def in_scope(matrix: NDArray[np.float64], scope: str, diagonals: int) -> NDArray[np.float64]:
    """Return the contacts that a scope uses, by their definition."""
    i, j = np.indices(matrix.shape)
    cis = BINS.chromosome_ids[i] == BINS.chromosome_ids[j]
    used = {"genome": cis | ~cis, "cis": cis, "trans": ~cis}[scope]
    return np.where(used & (abs(i - j) >= diagonals), matrix, 0.0)


def in_scope_of_cooler(matrix: NDArray[np.float64], diagonals: int) -> NDArray[np.float64]:
    """Return the trans contacts as cooler's ICE weights them by the size of the chromosomes."""
    sizes = np.diff(BINS.offsets)
    factor = 1 / (1 - np.repeat(sizes, sizes) / len(BINS))
    return in_scope(matrix, "trans", diagonals) * np.outer(factor, factor)


def parts_of(scope: str) -> list[slice]:
    if scope == "cis":
        return [slice(lo, hi) for _, lo, hi in BINS.chromosome_ranges()]
    return [slice(0, len(BINS))]


@pytest.mark.parametrize("diagonals", [0, 2])
@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("method", EXACT)
def test_row_sums_are_one_in_every_scope(method: str, scope: str, diagonals: int) -> None:
    contacts, matrix = three_chromosomes()
    settings = {"scope": scope, "ignore_diags": diagonals}
    result = cp.balance(contacts, method, mask=None, **settings, **close_settings(method))
    assert result.status is cp.Status.CONVERGED, result.reason
    assert result.verdict.scope == scope
    used = in_scope(matrix, scope, diagonals)
    if scope == "trans" and methods()[method].trans_weighting:
        used = in_scope_of_cooler(matrix, diagonals)
    weights = np.nan_to_num(result.weights)
    sums = weights * (used @ weights)
    np.testing.assert_array_equal(np.isfinite(result.weights), matrix.any(axis=1))
    np.testing.assert_allclose(sums[matrix.any(axis=1)], 1, atol=1e-7)


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize(("method", "power"), [("vc", 1.0), ("vc_sqrt", 0.5)])
def test_vanilla_coverage_in_every_scope(method: str, power: float, scope: str) -> None:
    contacts, matrix = three_chromosomes()
    used = in_scope(matrix, scope, 0)
    result = cp.balance(contacts, method, mask=None, scope=scope)
    balanced = used * np.outer(*[np.nan_to_num(result.weights)] * 2)
    for part in parts_of(scope):
        sums, weights = used.sum(axis=1)[part], result.weights[part]
        ratio = (weights * sums**power)[sums > 0]
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-12)
        assert balanced[part].sum() == pytest.approx(used[part].sum(), rel=1e-12)


PREFIXES = {"cis": "", "genome": "GW_", "trans": "INTER_"}


def test_columns_are_named_by_method_and_scope(tmp_path: Path) -> None:
    """Every method in every scope is written as in the workflow, and its attributes agree."""
    contacts, _ = three_chromosomes()
    source = tmp_path / "map.cool"
    write_cool(source, BINS, (contacts.rows, contacts.columns.astype(np.int32), contacts.counts))
    runs = {
        f"{method}_{scope}": (method, make_settings(methods()[method], {"scope": scope}))
        for method in methods()
        for scope in PREFIXES
    }
    # Under its own name each method has the plain column of its scope.
    columns = {
        name: Cohort(CohortSettings(), {}, {method: settings}, {method: method}).column(method)
        for name, (method, settings) in runs.items()
    }
    assert columns == {
        name: PREFIXES[settings.scope] + method.upper() for name, (method, settings) in runs.items()
    }
    paths = ResultPaths("mine", str(tmp_path))
    files = paths.map_files("s", 10)
    write_map(inspect_source(str(source)), 10, files)
    read = read_map(files)
    write_mask(paths.mask("s", 10), mask_bins(read), read.bins)
    kept, _ = read_mask(paths.mask("s", 10))
    for name, (method, settings) in runs.items():
        result = cp.balance(read, method, mask=kept, scope=settings.scope)
        assert result.status.balanced, (name, result.reason)
        write_balance(result, read.bins, paths.run_files("s", 10, name))
    write_mcool(paths, "s", [10], columns, "ice_genome", str(tmp_path / "out.mcool"))
    with h5py.File(tmp_path / "out.mcool") as file:
        for name, (method, settings) in runs.items():
            attributes = file[f"resolutions/10/bins/{columns[name]}"].attrs
            candidates = methods()[method].candidates
            assert attributes["method"] in (candidates(settings) if candidates else [method])
            assert attributes["scope"] == settings.scope
            assert attributes["cis_only"] == (settings.scope == "cis")
            assert attributes["trans_only"] == (settings.scope == "trans")
            assert attributes["divisive_weights"] == (columns[name] in DIVISIVE)
            assert ("hictk" in attributes["versions"]) == ("hictk" in methods()[method].version)


# --- targets ---------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("method", EXACT)
def test_targets(method: str, scope: str) -> None:
    contacts, matrix = three_chromosomes()
    used, kept = in_scope(matrix, scope, 2), matrix.any(axis=1)
    results = {
        target: cp.balance(
            contacts,
            method,
            mask=None,
            scope=scope,
            ignore_diags=2,
            target=target,
            **close_settings(method),
        )
        for target in Target
    }
    for target, result in results.items():
        weights = np.nan_to_num(result.weights)
        sums = (weights * (used @ weights))[kept]
        weighted = methods()[method].trans_weighting and scope == "trans"
        totals = [used[part].sum() for part in parts_of(scope)]
        if target == "unit":
            expected: Any = 1.0
        elif target == "mean":
            expected = used.sum() / kept.sum()
        else:
            bins = [np.count_nonzero(kept[part]) for part in parts_of(scope)]
            expected = np.repeat(np.divide(totals, bins), bins)
        if weighted:
            # The row sums of cooler's map are equal; the totals are those of the map itself.
            cooler_s = in_scope_of_cooler(matrix, 2)
            sums = (weights * (cooler_s @ weights))[kept]
            expected = 1.0 if target == "unit" else sums.mean()
        np.testing.assert_allclose(sums, expected, rtol=1e-7)
        balanced = [part.balanced_total for part in result.verdict.parts]
        by_part = [(weights * (used @ weights))[part].sum() for part in parts_of(scope)]
        np.testing.assert_allclose(balanced, by_part, rtol=1e-9)
        raw = [part.raw_total for part in result.verdict.parts]
        np.testing.assert_allclose(raw, totals, rtol=1e-12)
        if target == "total":
            np.testing.assert_allclose(balanced, totals, rtol=1e-12)
        assert result.verdict.settings["target"] == target
        assert result.verdict.max_deviation == results[Target.UNIT].verdict.max_deviation
        # The divisive column is on Juicer's scale, whatever the target.
        np.testing.assert_allclose(
            juicer_vector(result.weights, result.verdict),
            juicer_vector(results[Target.UNIT].weights, results[Target.UNIT].verdict),
            rtol=1e-12,
        )


def test_target_leaves_a_failed_chromosome_alone() -> None:
    """The second chromosome has no support; the first is scaled all the same."""
    bins = BinTable.fixed(("good", "bad"), (40, 30), 10)
    rows = np.array([0, 0, 1, 1, 2, 3, 4, 4], np.int32)
    columns = np.array([0, 1, 1, 2, 3, 3, 5, 6], np.int32)
    contacts = Contacts.from_chunks(bins, [(rows, columns, np.full(8, 3))], {})
    result = cp.balance(contacts, "kr", mask=None, scope="cis", target="total")
    assert [part.status for part in result.verdict.parts] == ["converged", "failed"]
    assert np.isnan(result.weights[4:]).all()
    weights = result.weights[:4]
    sums = weights * (contacts.full_matrix().toarray()[:4, :4] @ weights)
    np.testing.assert_allclose(sums, result.verdict.parts[0].raw_total / 4, rtol=1e-7)


@pytest.mark.parametrize("wrong", [2.0, 1.5, -1, np.float64(2)])
def test_ignore_diags_is_an_integer(wrong: float) -> None:
    with pytest.raises(ConfigError, match=r"ignore_diags is .*; it must be a whole number"):
        cp.balance(random_map(20, 1), "kr", ignore_diags=wrong)


@pytest.mark.parametrize("threads", [-1, 0, 1.5, "2"])
def test_threads_are_a_whole_number_from_one(threads: Any) -> None:
    with pytest.raises(ConfigError, match=r"threads is .*; it must be a whole number from 1 up"):
        cp.balance(random_map(20, 1), "kr", threads=threads)


@pytest.mark.parametrize(
    ("method", "settings", "key"),
    [
        ("kr", {"tolerance": "x"}, "tolerance"),
        ("kr", {"tolerance": None}, "tolerance"),
        ("kr", {"isolate_limit": "x"}, "isolate_limit"),
        ("ice", {"cooler_variance": "x"}, "cooler_variance"),
        ("kde", {"tolerance": "x"}, "tolerance"),
        ("kde", {"mixing": "x"}, "mixing"),
        ("kr", {"mask": {"mad_max": "x"}}, r"mask\.mad_max"),
        ("kr", {"fitness": {"error_no": "x"}}, r"fitness\.error_no"),
    ],
)
def test_a_setting_that_is_no_number_is_named(
    method: str, settings: dict[str, Any], key: str
) -> None:
    with pytest.raises(ConfigError, match=rf"^{key} is ('x'|None); it must be a number\.$"):
        cp.balance(random_map(20, 1), method, **settings)


@pytest.mark.parametrize(
    ("method", "quantity"), [("ice", "row sums"), ("kde", "smoothed row sums")]
)
def test_a_long_run_reports_its_progress(
    method: str, quantity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A clock that goes on by 11 s at each call.
    clock = count(time.monotonic() + 1000, step=11.0)
    monkeypatch.setattr(time, "monotonic", clock.__next__)
    lines: list[str] = []
    result = cp.balance(random_map(60, 5), method, progress=lines.append)
    steps = [line for line in lines if ": iteration " in line]
    assert len(steps) == len(result.trace)
    assert re.match(rf"\w+: iteration 1, \d+ products; {quantity} are off by up to", steps[0])


def test_a_short_run_reports_its_end_only() -> None:
    lines: list[str] = []
    result = cp.balance(random_map(60, 5), "ice", progress=lines.append)
    assert len(result.trace) > 1
    assert len(lines) == 1
