"""Pools and priors on disk: a pool without a sample is the pool of the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import counterpoise as cp
from counterpoise.contacts.bins import BinTable
from counterpoise.errors import InputError
from counterpoise.store.paths import ResultPaths
from counterpoise.store.pixels import write_bins
from counterpoise.store.priors import (
    pool_samples,
    read_applied,
    read_prior,
    read_prior_of_others,
    read_settings,
    write_pool,
    write_prior,
)
from counterpoise.store.weights import write_balance
from tests.support.biased import BINS, draw_biased

NAMES = ("a", "b", "c")


@pytest.fixture(scope="module")
def results() -> dict[str, cp.Balance]:
    """Balance three samples; c has no weights on the second chromosome."""
    balanced = {
        name: cp.balance(draw_biased(30.0, seed), "kde_eb", mask=None, scope="cis")
        for seed, name in enumerate(NAMES)
    }
    weights = balanced["c"].weights.copy()
    weights[90:] = np.nan
    return {**balanced, "c": replace(balanced["c"], weights=weights)}


@pytest.fixture
def paths(tmp_path: Path, results: dict[str, cp.Balance]) -> ResultPaths:
    paths = ResultPaths("small", str(tmp_path))
    bins = replace(BINS, extra={"GC": np.ones(len(BINS))})
    for name, result in results.items():
        write_balance(result, BINS, paths.alone_files(name, 1000, "kde_eb"))
        write_bins(paths.map_files(name, 1000).bins, bins)
    return paths


def by_hand(results: dict[str, cp.Balance], names: str) -> cp.PoolSums:
    return cp.PoolSums.total(
        cp.PoolSums.of(BINS, results[name].weights, results[name].se) for name in names
    )


def test_a_pool_without_a_sample_has_the_bits_of_the_sums_by_hand(
    paths: ResultPaths, results: dict[str, cp.Balance], tmp_path: Path
) -> None:
    path = paths.pool("wild", 1000, "kde_eb")
    write_pool(path, pool_samples(paths, NAMES, 1000, "kde_eb"), {"revision": 1})
    first = Path(path).read_bytes()
    for name in NAMES:
        own = paths.alone_files(name, 1000, "kde_eb").weights
        prior = read_prior_of_others(path, own, name, BINS)
        others = [other for other in NAMES if other != name]
        expected = (by_hand(results, "abc") - by_hand(results, name)).prior(others)
        np.testing.assert_array_equal(prior.log_bias, expected.log_bias)
        assert prior.sources == tuple(others)
        direct = by_hand(results, "".join(others)).prior().log_bias
        np.testing.assert_allclose(prior.log_bias, direct, rtol=1e-10, atol=1e-12)
    write_pool(path, pool_samples(paths, NAMES, 1000, "kde_eb"), {"revision": 1})
    assert Path(path).read_bytes() == first
    assert read_settings(path) == {"revision": 1}


def test_a_sample_counts_where_it_has_weights_and_one_without_any_is_not_named(
    paths: ResultPaths, results: dict[str, cp.Balance]
) -> None:
    pool = pool_samples(paths, NAMES, 1000, "kde_eb")
    np.testing.assert_array_equal(pool.sums.samples, [3] * 90 + [2] * 60)
    assert pool.samples == NAMES
    assert pool.bins.extra == {}
    nothing = replace(results["a"], weights=np.full(len(BINS), np.nan))
    write_balance(nothing, BINS, paths.alone_files("a", 1000, "kde_eb"))
    assert pool_samples(paths, NAMES, 1000, "kde_eb").samples == ("b", "c")


def test_other_bins_are_refused_with_both_names(paths: ResultPaths) -> None:
    other = BinTable.fixed(("chr1", "chr2"), (90_000, 59_000), 1000)
    write_bins(paths.map_files("b", 1000).bins, other)
    message = (
        "b/1000/bins.parquet: sample b has other bins than a, .*: chr2 has 59,000 bp in the file "
        "and 60,000 in the map"
    )
    with pytest.raises(InputError, match=message):
        pool_samples(paths, NAMES, 1000, "kde_eb")
    path = paths.file_prior(1000, "kde_eb")
    write_prior(path, cp.Prior(np.zeros(len(BINS))), BINS, {})
    with pytest.raises(InputError, match=r"1000\.parquet: has other bins than the map"):
        read_prior(path, other)
    weights = paths.alone_files("b", 1000, "kde_eb").weights
    with pytest.raises(InputError, match=r"^sample b: has other bins than the map"):
        read_applied(weights, paths.map_files("b", 1000).bins, BINS, "b")


def test_a_prior_and_applied_weights_are_read_as_they_were_written(
    paths: ResultPaths, results: dict[str, cp.Balance]
) -> None:
    log_bias = np.linspace(-1, 1, len(BINS))
    log_bias[0] = np.nan
    path = paths.file_prior(1000, "kde_eb")
    write_prior(path, cp.Prior(log_bias, ("deep.cool",)), BINS, {"column": None})
    prior = read_prior(path, BINS)
    np.testing.assert_array_equal(prior.log_bias, log_bias)
    assert prior.sources == ("deep.cool",)
    assert read_settings(path) == {"column": None}
    files = paths.alone_files("a", 1000, "kde_eb")
    applied = read_applied(files.weights, paths.map_files("a", 1000).bins, BINS, "a")
    np.testing.assert_array_equal(applied.weights, results["a"].weights)
    np.testing.assert_array_equal(applied.errors, results["a"].se)


def test_a_damaged_pool_is_named(paths: ResultPaths) -> None:
    path = paths.pool("wild", 1000, "kde_eb")
    write_bins(path, BINS)
    own = paths.alone_files("a", 1000, "kde_eb").weights
    with pytest.raises(InputError, match=r"1000\.parquet: is damaged or was written by another"):
        read_prior_of_others(path, own, "a", BINS)
