"""The method `auto`: the simplest candidate whose weights are worth as much as the best."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import counterpoise as cp
from counterpoise.balancing.api import make_settings
from counterpoise.contacts.contact_map import Contacts
from counterpoise.errors import ConfigError, NotBalancedError
from counterpoise.methods import methods
from counterpoise.methods.auto import CANDIDATES, AutoSettings, candidate_settings
from counterpoise.records.choice import Choice, RatedMethod
from counterpoise.records.wording import choice_reason
from tests.support.maps import genome_map, hanging_bins, random_map, rough_map, smooth_map

SHARED: dict[str, Any] = {"scope": "cis", "ignore_diags": 2}


def full(contacts: Contacts) -> NDArray[np.float64]:
    """Return the map without the diagonals that are ignored, and between chromosomes."""
    matrix = contacts.full_matrix().toarray()
    place = np.arange(len(matrix))
    ids = contacts.bins.chromosome_ids
    matrix[(np.abs(np.subtract.outer(place, place)) < 2) | (ids[:, None] != ids)] = 0
    return np.asarray(matrix)


def choose(contacts: Any, **settings: Any) -> tuple[cp.Balance, Choice]:
    result = cp.balance(contacts, "auto", **settings)
    assert result.verdict.choice is not None
    return result, result.verdict.choice


@pytest.mark.parametrize(
    ("contacts", "expected"),
    [
        pytest.param(rough_map(300, 6e6)[1], "kr", id="deep"),
        pytest.param(rough_map(300, 2e4)[1], "kde_eb", id="shallow"),
        pytest.param(smooth_map(150, 200)[1], "kde", id="sparse"),
    ],
)
def test_the_result_is_that_of_the_chosen_method(contacts: Contacts, expected: str) -> None:
    result, choice = choose(contacts)
    assert choice.method == result.verdict.method == expected
    same = cp.balance(contacts, expected, name="auto", **SHARED)
    np.testing.assert_array_equal(result.weights, same.weights)
    np.testing.assert_array_equal(result.se, same.se)
    assert result.trace == same.trace
    assert result.reason.endswith(same.reason)
    unlike = {"run": {}, "reason": "", "choice": None}
    assert replace(result.verdict, parts=(), **unlike) == replace(same.verdict, parts=(), **unlike)


def test_deviations_and_unevenness_by_the_definition() -> None:
    contacts = genome_map({"chr1": 120, "chr2": 70}, 3)
    _, choice = choose(contacts)
    results = {name: cp.balance(contacts, name, **SHARED) for name in CANDIDATES}
    matrix = full(contacts)
    weights = {name: np.nan_to_num(result.weights) for name, result in results.items()}
    common = np.all([np.isfinite(result.weights) for result in results.values()], axis=0)
    row_sums, noise, worth = {}, {}, {}
    for name, w in weights.items():
        sums, variance = w * (matrix @ w), w**2 * (matrix @ w**2)
        for part in results[name].verdict.parts:
            inside = slice(part.first_bin, part.first_bin + part.bins)
            mean = sums[inside][w[inside] > 0].mean()
            sums[inside] /= mean
            variance[inside] /= mean**2
        row_sums[name], noise[name] = sums, variance
        worth[name] = 0.0
        for part in results[name].verdict.parts:
            inside = slice(part.first_bin, part.first_bin + part.bins)
            beyond = (sums[inside] - 1) ** 2 - variance[inside]
            own, of_all = w[inside] > 0, common[inside]
            assert part.expected_unevenness is not None
            g = (part.expected_unevenness / 100) ** 2 - beyond[own].mean() + beyond[of_all].mean()
            worth[name] += g * np.count_nonzero(of_all) / np.count_nonzero(common)
    best = min(worth, key=lambda name: worth[name])
    for rated in choice.candidates:
        assert rated.expected_unevenness == pytest.approx(100 * worth[rated.method] ** 0.5)
        difference = row_sums[rated.method][common] - row_sums[best][common]
        squares = float((noise[best][common] * difference**2).sum())
        error = 2 * squares**0.5 / np.count_nonzero(common)
        excess = worth[rated.method] - worth[best]
        expected = excess / error if excess > 1e-3 * worth[best] else 0
        assert rated.deviations == pytest.approx(expected, rel=1e-6)
        parts = results[rated.method].verdict.parts
        assert rated.parts == {part.label: part.expected_unevenness for part in parts}
    good = [each.method for each in choice.candidates if (each.deviations or 0) <= 1]
    assert choice.method == good[0]


@pytest.mark.parametrize("contacts", [3e3, 3e4, 3e5])
def test_the_choice_is_near_the_best_on_new_contacts(contacts: float) -> None:
    """The excess of contacts without noise, relative to that of the best candidate."""
    regrets = []
    for seed in range(6):
        bias, drawn = rough_map(200, contacts, seed)
        place = np.arange(len(bias))
        structure = cp.balance(1 / (np.abs(np.subtract.outer(place, place)) + 1.0), "kr").matrix()
        mean = np.outer(bias, bias) * structure.toarray()
        mean[np.abs(np.subtract.outer(place, place)) < 2] = 0
        results = {name: cp.balance(drawn, name, **SHARED) for name in CANDIDATES}
        result, _ = choose(drawn)
        common = np.all([np.isfinite(each.weights) for each in results.values()], axis=0)
        found = {}
        for name, each in results.items():
            w = np.nan_to_num(each.weights)
            sums = (w * (mean @ w))[common]
            found[name] = sums.var() / sums.mean() ** 2
        regrets.append(found[result.verdict.method] / min(found.values()))
    assert np.mean(regrets) < 1.1


def test_a_candidate_that_leaves_bins_without_weights_is_left_out() -> None:
    matrix = hanging_bins()
    result, choice = choose(matrix)  # all diagonals
    kr, *others = choice.candidates
    assert kr.rejected == "it does not balance the map"
    assert kr.expected_unevenness is kr.deviations is None
    assert all(each.rejected == "" for each in others)
    assert result.verdict.method in ("kde_eb", "kde")
    assert "kr is left out: it does not balance the map." in result.reason
    # One chromosome of two: the other is balanced.
    contacts = genome_map({"chr1": 80, "chr2": 60}, 3)
    of_chr2 = contacts.rows >= 80
    odd = np.isin(contacts.rows, [90, 100]) | np.isin(contacts.columns, [90, 100])
    keep = ~(of_chr2 & odd) | (contacts.columns == 120)
    chunk = contacts.rows[keep], contacts.columns[keep].astype(np.int32), contacts.counts[keep]
    result, choice = choose(Contacts.from_chunks(contacts.bins, [chunk], {}), ignore_diags=0)
    assert choice.candidates[0].weighted < 140
    assert " bins without weights" in choice.candidates[0].rejected


def test_values_that_are_no_counts_are_left_to_the_simplest() -> None:
    result, choice = choose(random_map(30, 1).toarray() / 3)
    assert [each.method for each in choice.candidates] == ["kr"]
    assert result.reason.startswith("Method kr was taken, since the values of the map are not coun")
    np.testing.assert_allclose(result.matrix().sum(axis=1), 1)


def test_nothing_to_choose_from() -> None:
    result, choice = choose(np.zeros((6, 6)))
    assert result.status is cp.Status.EMPTY
    assert result.reason == (
        "Method kr was taken, since no candidate balances the map. No bin is kept."
    )
    assert {each.rejected for each in choice.candidates} == {"it does not balance the map"}


def test_stop_raises_if_no_candidate_balances_the_map() -> None:
    star = np.zeros((12, 12))
    star[0, 1:] = star[1:, 0] = 0.5  # no counts, so there is no candidate but kr
    assert choose(star)[0].status is cp.Status.FAILED
    with pytest.raises(NotBalancedError, match="auto"):
        cp.balance(star, "auto", on_failure="stop")


def test_settings_are_shared_and_the_bootstrap_is_for_the_chosen_one() -> None:
    settings = AutoSettings(scope="genome", ignore_diags=1, on_failure="drop", bootstrap=5, seed=3)
    for name, each in candidate_settings(settings).items():
        assert each == make_settings(
            methods()[name], {"scope": "genome", "ignore_diags": 1, "on_failure": "drop", "seed": 3}
        )
    assert candidate_settings(AutoSettings())["kr"].on_failure == "isolate"
    assert candidate_settings(AutoSettings(on_failure="stop"))["kde"].on_failure == "nan"
    with pytest.raises(ConfigError, match="isolate"):
        AutoSettings(on_failure="isolate")
    contacts = rough_map(120, 3e5)[1]
    result, choice = choose(contacts, bootstrap=3)
    same = cp.balance(contacts, choice.method, bootstrap=3, **SHARED)
    np.testing.assert_array_equal(result.se, same.se)
    assert choice.settings["bootstrap"] == result.verdict.settings["bootstrap"] == 3


def test_the_choice_survives_json() -> None:
    verdict = choose(rough_map(120, 3e4)[1])[0].verdict
    read = cp.Verdict.from_dict(json.loads(json.dumps(verdict.to_dict(), allow_nan=False)))
    assert read.choice == verdict.choice


def test_progress_names_the_candidates() -> None:
    lines: list[str] = []
    cp.balance(rough_map(60, 1e4)[1], "auto", progress=lines.append)
    heads = [line for line in lines if line.startswith("Balancing with")]
    assert heads == ["Balancing with kr.", "Balancing with kde_eb.", "Balancing with kde."]


def test_wording() -> None:
    kr = RatedMethod("kr", 10, 20, 3.46, 1.7, {})
    eb = RatedMethod("kde_eb", 10, 20, 3.1, 0.4, {})
    kde = RatedMethod("kde", 10, 20, 3.0, 0.0, {})
    assert choice_reason(Choice("auto", {}, "kde_eb", (kr, eb, kde))) == (
        "Method kde_eb is as good as the best for this map: new contacts are expected to be uneven "
        "by 3.1 %, with kr by 3.46 %, with kde by 3 %."
    )
    none = replace(kr, expected_unevenness=None, deviations=None)
    assert choice_reason(Choice("auto", {}, "kr", (none, replace(none, method="kde")))) == (
        "Method kr was taken, since the methods cannot be compared on any part."
    )
