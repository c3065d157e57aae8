"""Weights of one map on another: only their scale changes, and the verdict says what they leave."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import counterpoise as cp
from counterpoise.balancing.api import balance
from counterpoise.balancing.applied_weights import AppliedWeights
from counterpoise.contacts.bins import BinTable
from counterpoise.errors import ConfigError
from counterpoise.records.verdict import Verdict
from tests.support.biased import BINS, draw_biased

SOURCE = balance(draw_biased(300.0, 1), "kr", scope="cis", mask=None)
METHODS = ["kr", "ice", "ssk", "scale", "vc", "kde", "kde_eb"]


def applied(weights: NDArray[np.float64] = SOURCE.weights) -> AppliedWeights:
    return AppliedWeights(weights, SOURCE.se, "bulk")


def put_on(contacts: Any, method: str = "kr", **settings: Any) -> Any:
    settings = {"applied": applied(), "mask": None, "scope": "cis", **settings}
    return balance(contacts, method, **settings)


def sums_by_hand(contacts: cp.Contacts, weights: NDArray[np.float64], diags: int) -> Any:
    """Return the row sums of each chromosome, from the dense matrix."""
    matrix = contacts.full_matrix().toarray()
    far = np.abs(np.subtract.outer(np.arange(len(matrix)), np.arange(len(matrix)))) >= diags
    ids = contacts.bins.chromosome_ids
    matrix *= far & (ids[:, None] == ids)
    u = np.nan_to_num(weights)
    return [(u * (matrix @ u))[(ids == k) & (u > 0)] for k in range(2)]


@pytest.mark.parametrize("method", METHODS)
def test_weights_keep_their_ratios_on_each_chromosome(method: str) -> None:
    contacts = draw_biased(40.0, 2)
    result = put_on(contacts, method, ignore_diags=2)
    assert result.status is cp.Status.COMPUTED
    assert result.iterations == 0
    by_hand = sums_by_hand(contacts, result.weights, 2)
    for part, sums in zip(result.verdict.parts, by_hand, strict=True):
        inside = slice(part.first_bin, part.first_bin + part.bins)
        given = np.isfinite(result.weights[inside])
        ratio = result.weights[inside][given] / SOURCE.weights[inside][given]
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-12)
        assert sums.mean() == pytest.approx(1, rel=1e-12)
        relative = sums / sums.mean() - 1
        assert part.max_deviation == pytest.approx(np.abs(relative).max(), rel=1e-9)
        assert part.rms_deviation == pytest.approx((relative**2).mean() ** 0.5, rel=1e-9)
        np.testing.assert_array_equal(result.se[inside][given], SOURCE.se[inside][given])
    assert result.verdict.weights_of == "bulk"
    assert result.reason.startswith("The weights are those of bulk, scaled to this map")


def test_its_own_weights_leave_a_map_as_it_is() -> None:
    result = put_on(SOURCE.contacts)
    np.testing.assert_allclose(result.weights, SOURCE.weights, rtol=1e-5)
    assert result.verdict.max_deviation < 1e-4


def test_unevenness_is_relative_to_copy_numbers() -> None:
    """An amplicon that row sums follow is no unevenness."""
    copies = np.ones(len(BINS))
    copies[5:12] = 8
    own = balance(SOURCE.contacts, "kr", scope="cis", mask=None, copy_number=copies)
    kept = applied(own.weights)
    followed = put_on(SOURCE.contacts, applied=kept, copy_number=copies).verdict
    assert followed.expected_excess < own.verdict.expected_excess
    flat = put_on(SOURCE.contacts, applied=kept).verdict
    assert flat.expected_unevenness > 10 * own.verdict.expected_unevenness


@pytest.mark.parametrize("target", ["total", "mean"])
def test_weights_have_the_target_of_the_method(target: str) -> None:
    contacts = draw_biased(40.0, 2)
    result = put_on(contacts, target=target, ignore_diags=0)
    sums = [each.sum() for each in sums_by_hand(contacts, result.weights, 0)]
    raw = np.array([part.raw_total for part in result.verdict.parts])
    kept = np.array([part.kept for part in result.verdict.parts])
    expected = raw if target == "total" else kept * raw.sum() / kept.sum()
    np.testing.assert_allclose(sums, expected, rtol=1e-9)


@given(st.sets(st.integers(0, len(BINS) - 1), max_size=40), st.integers(0, 9))
def test_bins_that_are_masked_or_lack_a_weight_have_none(lacking: set[int], seed: int) -> None:
    weights = SOURCE.weights.copy()
    weights[list(lacking)] = np.nan
    kept = np.random.default_rng(seed).random(len(BINS)) < 0.8
    contacts = draw_biased(40.0, 2)
    result = put_on(contacts, applied=applied(weights), mask=kept)
    sums = contacts.full_matrix().toarray()[:, kept & np.isfinite(weights)].sum(axis=1)
    may_have = kept & np.isfinite(weights)
    assert not np.isfinite(result.weights[~may_have]).any()
    assert np.isfinite(result.weights[may_have]).sum() == result.verdict.kept
    assert result.verdict.kept <= np.count_nonzero(may_have & (sums > 0))


def test_the_expected_unevenness_is_that_of_new_contacts() -> None:
    """Maps of one bias, with weights of another bias: the mean over many maps is the truth."""
    rng = np.random.default_rng(5)
    weights = SOURCE.weights * np.exp(rng.normal(0, 0.1, len(BINS)))
    deep = put_on(draw_biased(1e6, 3), applied=applied(weights))
    truth = deep.verdict.rms_deviation**2
    excess = [
        put_on(draw_biased(60.0, seed), applied=applied(weights)).verdict.expected_excess
        for seed in range(10, 30)
    ]
    assert np.mean(excess) == pytest.approx(truth, rel=0.1)
    assert put_on(draw_biased(60.0, 10)).verdict.rms_deviation ** 2 > 1.5 * truth


def test_nothing_is_resampled_and_nothing_decided_first() -> None:
    """A star has no exact balancing, and other weights suit it as any map."""
    star = np.zeros((12, 12))
    star[0, 1:] = star[1:, 0] = 5
    weights = AppliedWeights(np.ones(12), np.full(12, np.nan), "bulk")
    result = balance(star, "kr", applied=weights, bootstrap=5, on_failure="drop")
    assert result.status is cp.Status.COMPUTED
    assert np.isfinite(result.weights).all()
    assert np.isnan(result.se).all()


def test_a_map_without_contacts_is_empty() -> None:
    weights = AppliedWeights(np.ones(5), np.ones(5), "bulk")
    result = balance(np.zeros((5, 5)), "kr", applied=weights)
    assert result.status is cp.Status.EMPTY
    assert np.isnan(result.weights).all()


def test_a_source_without_weights_gives_none_and_the_reason_says_so() -> None:
    result = put_on(draw_biased(40.0, 2), applied=applied(np.full(len(BINS), np.nan)))
    assert result.status is cp.Status.EMPTY
    assert np.isnan(result.weights).all()
    assert result.verdict.fitness.value == "no"
    assert "There are no weights, since bulk has none." in result.reason


def test_the_record_has_the_source_only_if_there_is_one() -> None:
    record = put_on(draw_biased(40.0, 2)).verdict.to_dict()
    assert Verdict.from_dict(record).weights_of == "bulk"
    assert "weights_of" not in SOURCE.verdict.to_dict()


def test_weights_that_do_not_fit_are_refused() -> None:
    other = BinTable.fixed(("chr1",), (9000,), 1000)
    with pytest.raises(ConfigError, match="bulk has 150 bins, and this map has 9 bins"):
        put_on(draw_biased(40.0, 2, other))
    with pytest.raises(ConfigError, match="auto chooses a method for each map"):
        balance(draw_biased(40.0, 2), "auto", applied=applied())
