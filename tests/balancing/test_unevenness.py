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
