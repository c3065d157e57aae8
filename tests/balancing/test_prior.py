"""A prior is used in proportion to its agreement with the map, and changes nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import counterpoise as cp
from counterpoise.balancing.api import balance as balance_open
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.errors import ConfigError
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.records.prior import PriorUse, RatedStrength
from counterpoise.records.verdict import Verdict
from counterpoise.records.wording import prior_reason
from counterpoise.store.paths import MapFiles
from counterpoise.store.pixels import open_map, read_map
from tests.support.coolers import write_cool
from tests.support.smoothers import direct_smoother
from tests.support.solving import backends

BINS = 240
SIGMA = 6.0
ALL = np.ones(BINS, bool)
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)

Floats = NDArray[np.float64]


def rough(seed: int, size: float = 0.3) -> Floats:
    """Return a log bias that changes from bin to bin."""
    return np.random.default_rng(seed).normal(0, size, BINS)


def expected_map(log_bias: Floats, depth: float) -> Floats:
    """Return the mean of a map with this bias, a smooth one and a decay with distance."""
    place = np.arange(len(log_bias))
    bias = np.exp(log_bias + 0.4 * np.sin(place / 25))
    distance = np.abs(np.subtract.outer(place, place))
    mean = np.outer(bias, bias) / (distance + 2)
    mean[distance < 2] = 0
    return mean * depth / mean.sum(axis=1).mean()


def draw(mean: Floats, seed: int, bins: BinTable | None = None) -> Contacts:
    upper = np.triu(np.random.default_rng(seed).poisson(mean))
    if bins is None:
        return Contacts.from_matrix(upper + np.triu(upper, 1).T)
    row, column = upper.nonzero()
    chunk = row.astype(np.int32), column.astype(np.int32), upper[row, column]
    return Contacts.from_chunks(bins, [chunk], {})


def without_diagonals(contacts: Contacts) -> Floats:
    """Return the full matrix without the two diagonals that are ignored."""
    matrix: Floats = contacts.full_matrix().toarray()
    matrix[np.abs(np.subtract.outer(np.arange(BINS), np.arange(BINS))) < 2] = 0
    return matrix


def balance(contacts: Any, log_bias: Floats | None = None, **settings: Any) -> cp.Balance:
    settings = {"mask": ALL, "ignore_diags": 2, "scope": "cis", **settings}
    prior = None if log_bias is None else cp.Prior(log_bias)
    return cp.balance(contacts, "kde_eb", prior=prior, **settings)


def use_of(result: cp.Balance) -> PriorUse:
    assert result.verdict.prior is not None
    return result.verdict.prior


def realised(mean: Floats, weights: Floats) -> float:
    """Return the variance of the row sums of infinitely many new contacts, relative to the mean."""
    sums = weights * (mean @ weights)
    return float(sums.var() / sums.mean() ** 2)


def by_the_formula(matrix: Floats, log_bias: Floats, strength: float, sigma: float) -> Floats:
    """Return weights with sums written out: the map divided by the prior, its noise in counts."""
    b = np.exp(-strength * log_bias)
    n, mean = len(matrix), matrix.sum() / len(matrix)
    smooth = direct_smoother(np.ones(n, bool), sigma)
    others = smooth - np.diag(np.diag(smooth))
    others /= others.sum(axis=1, keepdims=True)
    u = np.ones(n)
    for _ in range(400):
        s = b * (matrix @ (b * u)) / mean
        v = b**2 * (matrix @ (b**2 * u**2)) / mean**2
        g = others @ s
        # The noise of a unit about a bin, and the scatter of bins, do not depend on how the prior
        # divides the bins' contacts.
        around = b * (smooth @ (v / b)) / (smooth @ s)
        phi = np.where(s > 0, v / np.where(s > 0, s, 1), around)
        scatter = (((s - g) ** 2 / g - around) / b).sum() / (g / b).sum()
        kappa = 1 / np.clip(scatter, 1e-4, 1)
        h = g * (kappa + s / phi) / (kappa + g / phi)
        u = np.sqrt(u / h)
    weights = b * u
    return np.asarray(weights / np.sqrt((weights * (matrix @ weights)).mean()))


def shared_and_own(seed: int = 1, size: float = 0.2) -> tuple[Floats, Floats]:
    """Return the log biases of two samples that share half of their variance."""
    shared = rough(seed, size)
    return shared + rough(seed + 100, size), shared + rough(seed + 200, size)


@pytest.mark.parametrize("depth", [4.0, 40.0])
@pytest.mark.parametrize("share", [1.0, 0.5])
def test_equals_its_formula(depth: float, share: float) -> None:
    log_bias = rough(1)
    contacts = draw(expected_map(log_bias, depth), 3)
    prior = share * log_bias + (1 - share) * rough(2)
    result = balance(contacts, prior, bandwidth=SIGMA / BINS, tolerance=1e-12)
    strength = use_of(result).strength
    assert strength > 0
    by_hand = by_the_formula(without_diagonals(contacts), prior, strength, SIGMA)
    np.testing.assert_allclose(result.weights, by_hand, rtol=1e-8)


@pytest.mark.parametrize("bandwidth", ["auto", SIGMA / BINS])
@pytest.mark.parametrize("method_score", ["unevenness", "cvm"])
def test_a_prior_of_zeros_or_none_changes_no_bit(bandwidth: Any, method_score: str) -> None:
    contacts = draw(expected_map(rough(1), 20.0), 3)
    settings = {"bandwidth": bandwidth, "score": method_score, "splits": 1}
    alone = balance(contacts, **settings)
    for log_bias in (np.zeros(BINS), np.full(BINS, np.nan), np.full(BINS, 2.0)):
        result = balance(contacts, log_bias, **settings)
        assert use_of(result).strength == 0
        np.testing.assert_array_equal(result.weights, alone.weights)
        np.testing.assert_array_equal(result.se, alone.se)
        assert result.trace == alone.trace
        assert result.verdict.expected_excess == alone.verdict.expected_excess
    assert "prior" not in alone.verdict.to_dict()


@pytest.mark.parametrize("depth", [8.0, 40.0, 400.0])
def test_the_right_bias_helps_and_the_result_knows(depth: float) -> None:
    mean = expected_map(rough(1), depth)
    ratios, predicted, found = [], [], []
    for seed in range(6):
        contacts = draw(mean, seed)
        result = balance(contacts, rough(1))
        assert 0.75 <= use_of(result).strength <= 1
        ratios.append(realised(mean, result.weights) / realised(mean, balance(contacts).weights))
        assert result.verdict.expected_excess is not None
        predicted.append(result.verdict.expected_excess)
        found.append(realised(mean, result.weights))
    assert np.mean(ratios) < 0.4
    noise = 2 * (2 / BINS) ** 0.5 / depth / len(found) ** 0.5  # of the mean of the estimates
    assert np.mean(predicted) == pytest.approx(np.mean(found), abs=2 * noise)


@pytest.mark.parametrize("depth", [20.0, 100.0])
def test_a_wrong_prior_does_nothing(depth: float) -> None:
    for seed in range(3):
        contacts = draw(expected_map(rough(1), depth), seed)
        result = balance(contacts, rough(1)[::-1])
        use = use_of(result)
        assert use.strength == 0
        assert use.error is not None
        assert use.error < 0.2
        np.testing.assert_array_equal(result.weights, balance(contacts).weights)
        assert "The prior was not used, since it does not help on this map" in result.reason


def test_the_strength_is_learned_where_samples_share_half_of_their_bias() -> None:
    """All of the prior, and none of it, leave new contacts more uneven."""
    one, other = shared_and_own()
    mean = expected_map(one, 30.0)
    learned: list[float] = []
    by_strength: list[list[float]] = []
    for seed in range(4):
        contacts = draw(mean, seed)
        result = balance(contacts, other, bandwidth=SIGMA / BINS)
        assert 0.25 <= use_of(result).strength <= 0.75
        learned.append(realised(mean, result.weights))
        matrix = without_diagonals(contacts)
        weights = [by_the_formula(matrix, other, each, SIGMA) for each in STRENGTHS[:5]]
        by_strength.append([realised(mean, each) for each in weights])
    none, *between, everything = np.mean(by_strength, axis=0)
    assert np.mean(learned) < 1.03 * min(between)
    assert np.mean(learned) < 0.97 * none
    assert np.mean(learned) < 0.92 * everything


def pool(results: Sequence[cp.Balance]) -> cp.PoolSums:
    return cp.PoolSums.total(
        cp.PoolSums.of(each.contacts.bins, each.weights, each.se) for each in results
    )


def test_a_cohort_of_shallow_samples_helps_each_of_them() -> None:
    mean = expected_map(rough(1), 10.0)
    alone = [balance(draw(mean, seed)) for seed in range(8)]
    everyone = pool(alone)
    ratios = []
    for result in alone[:3]:
        prior = (everyone - pool([result])).prior().log_bias
        helped = balance(result.contacts, prior)
        ratios.append(realised(mean, helped.weights) / realised(mean, result.weights))
    assert np.mean(ratios) < 0.6


def test_a_sample_in_its_own_pool_takes_its_noise_for_evidence() -> None:
    """The map seems to become even, but new contacts are no more even than without a prior."""
    mean = expected_map(rough(1, 0.05), 10.0)
    alone = balance(draw(mean, 1))
    own = balance(alone.contacts, pool([alone]).prior().log_bias)
    assert use_of(own).strength == 1
    assert own.verdict.expected_excess is not None
    assert own.verdict.expected_excess < 0
    assert realised(mean, own.weights) > realised(mean, alone.weights) > 0.005


def test_a_pool_without_its_only_sample_is_no_prior() -> None:
    alone = balance(draw(expected_map(rough(1), 10.0), 1))
    others = (pool([alone]) - pool([alone])).prior()
    assert np.isnan(others.log_bias).all()
    result = balance(alone.contacts, others.log_bias)
    assert use_of(result).bins == 0
    np.testing.assert_array_equal(result.weights, alone.weights)


def test_taking_a_sample_out_is_pooling_the_others() -> None:
    mean = expected_map(rough(1), 20.0)
    results = [balance(draw(mean * depth, seed)) for seed, depth in enumerate((0.2, 1, 5, 30))]
    results[0].weights[:9] = np.nan  # only the first lacks these
    for result in results[1:]:
        result.weights[-7:] = np.nan  # only the first has these
    everyone = pool(results)
    for number, result in enumerate(results):
        taken_out = (everyone - pool([result])).prior().log_bias
        direct = pool(results[:number] + results[number + 1 :]).prior().log_bias
        np.testing.assert_allclose(taken_out, direct, rtol=1e-11, atol=1e-13)
        assert np.isnan(taken_out[-7:]).all() == (number == 0)
        assert np.isfinite(taken_out[:-7]).all()


def test_a_pool_is_the_weighted_mean_on_each_chromosome() -> None:
    bins = BinTable.fixed(("a", "b"), (3, 2), 1)
    weights = np.array([[1.0, 2.0, 4.0, 1.0, 3.0], [5.0, 5.0, np.nan, 2.0, 2.0]])
    se = np.array([[0.1, 0.1, 0.1, 0.3, 0.3], [0.2, 0.2, np.nan, 0.1, 0.1]])
    terms = [cp.PoolSums.of(bins, *each) for each in zip(weights, se, strict=True)]
    logs = cp.PoolSums.total(terms).prior().log_bias
    w = 1 / (se**2 + 0.06**2)
    first = -np.log(weights[0])
    first -= np.array([first[:3].mean()] * 3 + [first[3:].mean()] * 2)
    expected = w[0] * first / (w[0] + w[1])  # the second sample's bias is one
    expected[2] = first[2]
    np.testing.assert_allclose(logs, expected, rtol=1e-12)
    scaled = weights * [1, 1, 1, 9, 9]  # each chromosome's scale is arbitrary
    terms = [cp.PoolSums.of(bins, *each) for each in zip(scaled, se, strict=True)]
    np.testing.assert_allclose(cp.PoolSums.total(terms).prior().log_bias, logs, rtol=1e-12)


def test_the_scale_of_a_prior_is_arbitrary_on_each_chromosome() -> None:
    bins = BinTable.fixed(("a", "b"), (150, 90), 1)
    contacts = draw(expected_map(rough(1), 30.0), 3, bins)
    shifted = rough(1) + np.repeat([3.0, -2.0], [150, 90])
    for scope in ("genome", "cis"):
        one, other = (
            balance(contacts, prior, scope=scope, bandwidth=5.0, tolerance=1e-12)
            for prior in (rough(1), shifted)
        )
        assert use_of(one).strength == use_of(other).strength > 0
        np.testing.assert_allclose(one.weights, other.weights, rtol=1e-9)


def test_all_chromosomes_have_one_strength() -> None:
    """Two chromosomes whose biases agree outweigh a small one, whose prior is wrong."""
    bins = BinTable.fixed(("a", "b", "c"), (120, 100, 20), 1)
    contacts = draw(expected_map(rough(1), 30.0), 3, bins)
    prior = rough(1)
    prior[220:] = prior[220:][::-1]
    result = balance(contacts, prior)
    use = use_of(result)
    assert use.strength >= 0.75
    assert use.bins == BINS
    assert len(use.candidates) == len(STRENGTHS)
    parts = [np.arange(120), np.arange(120, 220), np.arange(220, 240)]
    excess = []
    for part in parts:
        own = np.zeros(BINS, bool)
        own[part] = True
        excess.append(
            [each.excess for each in use_of(balance(contacts, prior, mask=own)).candidates]
        )
    mean = np.average(excess, axis=0, weights=[120, 100, 20])
    np.testing.assert_allclose([each.excess for each in use.candidates], mean, rtol=1e-9)


@pytest.mark.parametrize("missing", ["every third bin", "a stretch"])
def test_bins_without_a_prior_are_estimated_as_without_one(missing: str) -> None:
    """A prior of other bins, and one with a wave that is none of theirs, does not harm them."""
    place = np.arange(BINS)
    lacks = place % 3 == 0 if missing == "every third bin" else (place > 80) & (place < 110)
    mean = expected_map(rough(1), 30.0)
    prior = rough(1) + 0.8 * np.cos(place / 40)
    prior[lacks] = np.nan
    of_lacking, of_others = [], []
    for seed in range(4):
        contacts = draw(mean, seed)
        alone, helped = balance(contacts), balance(contacts, prior)
        assert use_of(helped).bins == BINS - lacks.sum()
        assert np.isfinite(helped.weights).all()
        squares, before = (squared_error(each.weights) for each in (helped, alone))
        of_lacking.append(squares[lacks].mean() / before[lacks].mean())
        of_others.append(squares[~lacks].mean() / before[~lacks].mean())
    assert np.mean(of_others) < 0.6
    assert np.mean(of_lacking) < 1.1


def squared_error(weights: Floats) -> Floats:
    """Return the squared error of log weights, up to a factor, with the bias ``rough(1)``."""
    error = np.log(weights) + rough(1) + 0.4 * np.sin(np.arange(BINS) / 25)
    return np.asarray((error - error.mean()) ** 2)


def test_the_same_bits_from_disk_and_threads_and_the_same_numbers_on_backends(
    tmp_path: Path,
) -> None:
    bins = BinTable.fixed(("chrA", "chrB"), (1500, 900), 10)
    contacts = draw(expected_map(rough(1), 30.0), 3, bins)
    pixels = (contacts.rows, contacts.columns.astype(np.int32), contacts.counts)
    write_cool(tmp_path / "map.cool", bins, pixels)
    files = MapFiles.in_folder(tmp_path / "map")
    write_map(inspect_source(str(tmp_path / "map.cool")), 10, files, row_group=100)
    prior = rough(1)
    prior[::11] = np.nan
    expected = balance(read_map(files), prior, threads=1)
    assert use_of(expected).strength > 0
    for choice in ({"threads": 2}, *backends()):
        result = balance(read_map(files), prior, **choice)
        if "threads" in choice:
            np.testing.assert_array_equal(result.weights, expected.weights)
        np.testing.assert_allclose(result.weights, expected.weights, rtol=1e-10)
        np.testing.assert_allclose(result.se, expected.se, rtol=1e-8)
        assert use_of(result).strength == use_of(expected).strength
    stored = balance_open(
        open_map(files),
        "kde_eb",
        prior=cp.Prior(prior),
        mask=ALL,
        threads=1,
    )
    np.testing.assert_array_equal(stored.weights, expected.weights)
    np.testing.assert_array_equal(stored.se, expected.se)
    assert stored.verdict.prior == expected.verdict.prior


def test_resampled_maps_have_the_strength_of_the_map() -> None:
    contacts = draw(expected_map(rough(1), 60.0), 3)
    sampled, alone = (
        balance(contacts, prior, bandwidth=SIGMA / BINS, bootstrap=20) for prior in (rough(1), None)
    )
    assert use_of(sampled).strength == 1
    assert np.median(sampled.se) < 0.7 * np.median(alone.se)


def test_the_record_and_its_words() -> None:
    contacts = draw(expected_map(rough(1), 30.0), 3)
    weights = np.exp(-rough(1))
    weights[3] = 0
    prior = cp.Prior.from_weights(weights, source="deep")
    result = balance(contacts, prior.log_bias)
    named = cp.balance(contacts, "kde_eb", mask=ALL, ignore_diags=2, scope="cis", prior=prior)
    np.testing.assert_array_equal(named.weights, result.weights)
    use = use_of(named)
    assert (use.sources, use.bins) == (("deep",), BINS - 1)
    record = named.verdict.to_dict()
    assert Verdict.from_dict(record).prior == use
    assert Verdict.from_dict(balance(contacts).verdict.to_dict()).prior is None
    assert (
        f"The bias of another map was used for {BINS - 1} bins, with the strength" in named.reason
    )


def test_words_of_a_prior_that_is_not_used() -> None:
    use = PriorUse(("a", "b"), 0, 0.0, None, 0, ())
    assert "no bias for any bin" in prior_reason(use)
    assert "too few contacts" in prior_reason(PriorUse(("a", "b"), 4, 0.0, None, 9, ()))
    rated = tuple(RatedStrength(each, 0.04 - 0.03 * each, 0.001) for each in (0.0, 0.5, 1.0))
    assert prior_reason(PriorUse(("a", "b"), 4, 1.0, 0.123, 9, rated)) == (
        "The bias of 2 other maps was used for 4 bins, with the strength 1 \u00b1 0.1: new "
        "contacts are expected to be uneven by 10 %, without it by 20 %."
    )
    below = (rated[0], RatedStrength(1.0, -0.001, 0.0))
    assert prior_reason(PriorUse(("a",), 4, 1.0, None, 9, below)).endswith(
        "uneven by less than can be measured, without it by 20 %."
    )


def test_what_cannot_have_a_prior_is_refused() -> None:
    contacts = draw(expected_map(rough(1), 30.0), 3)
    with pytest.raises(ConfigError, match=r"kr takes no prior\. Use kde_eb"):
        cp.balance(contacts, "kr", prior=cp.Prior(rough(1)))
    wrong: Any = rough(1)
    with pytest.raises(ConfigError, match=r"Prior\.from_weights"):
        cp.balance(contacts, "kde_eb", prior=wrong)
    with pytest.raises(ConfigError, match="240 values, one for each bin; this has 239 values"):
        cp.balance(contacts, "kde_eb", prior=cp.Prior(rough(1)[1:]))
    scaled = contacts.full_matrix() * 0.3
    with pytest.raises(ConfigError, match="leave the prior out, or give the raw map"):
        cp.balance(scaled, "kde_eb", bandwidth=0.05, prior=cp.Prior(rough(1)))
