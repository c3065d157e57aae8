"""The expected unevenness: that of contacts which no method has seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import counterpoise as cp
from counterpoise.contacts import distances
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts, StoredContacts
from counterpoise.contacts.distances import sum_by_distance
from counterpoise.records.excess import Excess, record_excess
from tests.support.maps import random_contacts, some_selections

BINS, REPLICATES = 160, 16
SETTINGS: dict[str, dict[str, Any]] = {
    "kr": {},
    "ice": {},
    "ssk": {},
    "scale": {},
    "vc": {},
    "vc_sqrt": {},
    "kde": {"bandwidth": 2 / BINS},
    "kde_eb": {"bandwidth": 6 / BINS},
    "ssk_cv": {"bandwidth": 5 / BINS},
}


def expected_map(depth: float, rough: float = 0.15) -> NDArray[np.float64]:
    """Return the mean of a map: a smooth bias, a rough one, and a decay with distance."""
    rng = np.random.default_rng(5)
    place = np.arange(BINS)
    bias = np.exp(0.4 * np.sin(place / 12) + rng.normal(0, rough, BINS))
    distance = np.abs(np.subtract.outer(place, place))
    mean = np.outer(bias, bias) / (distance + 2)
    mean[distance < 2] = 0
    return mean * depth / mean.sum(axis=1).mean()


def draw(mean: NDArray[np.float64], seed: int) -> Contacts:
    upper = np.triu(np.random.default_rng(seed).poisson(mean))
    return Contacts.from_matrix(upper + np.triu(upper, 1).T)


def realised(mean: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return the variance of the row sums of infinitely many new contacts, relative to the mean."""
    row_sums = weights * (mean @ weights)
    return float(row_sums.var() / row_sums.mean() ** 2)


@pytest.mark.parametrize("depth", [60.0, 600.0])
@pytest.mark.parametrize("method", list(SETTINGS))
def test_it_predicts_what_new_contacts_show(method: str, depth: float) -> None:
    mean = expected_map(depth)
    predicted, found = [], []
    for seed in range(REPLICATES):
        settings = {"scope": "cis", "ignore_diags": 2, **SETTINGS[method]}
        result = cp.balance(draw(mean, seed), method, mask=np.ones(BINS, bool), **settings)
        assert result.verdict.expected_unevenness is not None
        predicted.append((result.verdict.expected_unevenness / 100) ** 2)
        found.append(realised(mean, result.weights))
    assert np.mean(predicted) == pytest.approx(np.mean(found), rel=0.12)


@pytest.mark.parametrize("method", ["vc", "vc_sqrt"])
def test_coverage_of_few_partners(method: str) -> None:
    """Most contacts are with the bin itself and its neighbours, as those of large bins."""
    place = np.arange(BINS)
    distance = np.abs(np.subtract.outer(place, place))
    mean = np.exp(-0.7 * distance)
    mean *= 40 / mean.sum(axis=1).mean()
    predicted, found = [], []
    for seed in range(REPLICATES):
        result = cp.balance(draw(mean, seed), method, mask=None, scope="cis")
        predicted.append(result.verdict.expected_excess)
        found.append(realised(mean, result.weights))
    assert np.mean(predicted) == pytest.approx(np.mean(found), rel=0.15)


def test_the_formula_of_equal_sums_is_the_mean_square_of_the_errors() -> None:
    result = cp.balance(draw(expected_map(200.0), 1), "kr", scope="cis", ignore_diags=2)
    assert result.verdict.expected_unevenness == pytest.approx(
        100 * np.sqrt(np.mean(result.se**2)), rel=1e-4
    )


def test_no_counts_no_prediction() -> None:
    corrected = draw(expected_map(200.0), 1).full_matrix() * 0.3
    assert cp.balance(corrected, "kr").verdict.expected_unevenness is None
    unbalanced = cp.balance([[0, 1, 0], [1, 0, 1], [0, 1, 0]], "kr")
    assert unbalanced.verdict.expected_unevenness is None


def test_the_map_is_the_mean_of_its_chromosomes() -> None:
    """The figure of the map weights each chromosome by its bins."""
    bins = BinTable.fixed(["a", "b"], [100, 60], 1)
    pieces = Contacts.from_matrix(draw(expected_map(300.0), 2).full_matrix())
    contacts = Contacts(bins, pieces.indptr, pieces.columns, pieces.counts)
    verdict = cp.balance(contacts, "kr", mask=None, scope="cis").verdict
    squares = [(part.expected_unevenness or 0) ** 2 for part in verdict.parts]
    expected = np.average(squares, weights=[part.kept for part in verdict.parts]) ** 0.5
    assert verdict.expected_unevenness == pytest.approx(expected)


def test_dropped_bins_change_nothing() -> None:
    """A map with bins beyond reach has the figure of the map without them."""
    matrix = np.zeros((400, 400))
    matrix[:BINS, :BINS] = draw(expected_map(200.0), 3).full_matrix().toarray()
    whole = cp.balance(matrix, "kde", mask=np.ones(400, bool), bandwidth=4 / 400, ignore_diags=2)
    assert whole.verdict.parts[0].dropped > 100
    kept = np.isfinite(whole.weights)
    alone = cp.balance(matrix, "kde", mask=kept, bandwidth=4 / 400, ignore_diags=2)
    assert whole.verdict.expected_unevenness == pytest.approx(
        alone.verdict.expected_unevenness, rel=1e-6
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("chunk", [7, 1 << 20])
def test_sums_by_distance_are_those_of_the_full_matrix(
    seed: int, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distances, "CHUNK_PIXELS", chunk)
    contacts = random_contacts([9, 14, 1], 0.6, seed)
    stored = StoredContacts(contacts.bins, contacts.indptr, contacts.entries)
    matrix = contacts.full_matrix().toarray()
    chromosome = contacts.bins.chromosome_ids
    rng = np.random.default_rng(seed)
    for selection in some_selections(contacts, seed):
        lo, hi = selection.lo, selection.hi
        weights = rng.random(hi - lo) * selection.kept
        found = sum_by_distance(contacts, selection, weights)
        expected = np.zeros_like(found)
        for i in range(lo, hi):
            for j in range(i, hi):
                times = selection.diagonal if i == j else 1
                counts = selection.scope != "trans" and chromosome[i] == chromosome[j]
                if counts and j - i >= selection.ignore_diags:
                    product = weights[i - lo] * weights[j - lo]
                    expected[0, j - i] += product * matrix[i, j] * times
                    expected[1, j - i] += product**2 * matrix[i, j] * times**2
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        from_disk = sum_by_distance(stored, selection, weights)
        np.testing.assert_allclose(from_disk, found, rtol=1e-12)


@pytest.mark.parametrize(("depth", "width"), [(4.0, 20.0), (40.0, 8.0)])
def test_its_error_is_the_scatter_over_replicates(depth: float, width: float) -> None:
    """With wide kernels the weights hardly change, so the scatter is that of the map's row sums."""
    mean = expected_map(depth)
    estimates = [
        cp.balance(
            draw(mean, seed),
            "kde",
            mask=np.ones(BINS, bool),
            bandwidth=width / BINS,
            scope="cis",
            ignore_diags=2,
        ).verdict
        for seed in range(100)
    ]
    values = [each.expected_excess for each in estimates]
    errors = np.array([each.excess_error for each in estimates])
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(np.std(values), rel=0.25)


@pytest.mark.parametrize(
    ("method", "settings", "least", "most"),
    [
        ("kr", {}, 1.0, 5.0),
        ("vc", {}, 0.45, 1.1),
        ("kde_eb", {"bandwidth": 8 / BINS}, 0.45, 1.5),
    ],
)
def test_how_far_its_error_is_from_the_scatter(
    method: str, settings: dict[str, Any], least: float, most: float
) -> None:
    mean = expected_map(40.0)
    shared = {"mask": np.ones(BINS, bool), "scope": "cis", "ignore_diags": 2}
    verdicts = [
        cp.balance(draw(mean, seed), method, **shared, **settings).verdict for seed in range(40)
    ]
    scatter = np.std([each.expected_excess for each in verdicts])
    error = np.sqrt(np.mean([each.excess_error**2 for each in verdicts]))
    assert least < error / scatter < most


def test_the_bound_is_twice_the_error_above_the_estimate() -> None:
    verdict = cp.balance(draw(expected_map(200.0), 1), "kde", mask=None, bandwidth=0.02).verdict
    assert verdict.expected_excess is not None
    assert verdict.excess_error is not None
    bound = 100 * (verdict.expected_excess + 2 * verdict.excess_error) ** 0.5
    assert verdict.unevenness_at_most == pytest.approx(bound)
    assert verdict.expected_unevenness == pytest.approx(100 * verdict.expected_excess**0.5)


def test_an_estimate_below_its_error_is_not_told() -> None:
    assert Excess(0.01, 0.02).unevenness is None
    assert Excess(-0.01, 0.02).unevenness is None
    assert Excess(0.04, 0.02).unevenness == pytest.approx(0.2)
    assert Excess(-0.01, 0.02).at_most == pytest.approx(0.2)
    assert Excess(-0.01, 0.003).at_most is None
    known, unknown = record_excess(Excess(0.04, 0.01)), record_excess(Excess(-0.01, 0.02))
    assert known["expected_unevenness"] == pytest.approx(20)
    assert unknown["expected_unevenness"] is None
    assert set(record_excess(None).values()) == {None}


def test_the_error_of_a_mean_of_parts() -> None:
    parts = [Excess(0.1, 0.03), Excess(0.2, 0.01)]
    joined = Excess.mean(parts, [30, 10])
    assert joined is not None
    assert joined.value == pytest.approx(0.125)
    assert joined.error == pytest.approx((0.9**2 + 0.1**2) ** 0.5 / 40)
    assert Excess.mean([], []) is None
