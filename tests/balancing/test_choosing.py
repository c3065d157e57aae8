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
from counterpoise.balancing.choosing import _is_as_good, _Worth
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.errors import ConfigError, NotBalancedError
from counterpoise.methods import methods
from counterpoise.methods.auto import CANDIDATES, AutoSettings, candidate_settings
from counterpoise.records.choice import Choice, RatedMethod
from counterpoise.records.excess import Excess
from counterpoise.records.wording import choice_reason
from tests.support.maps import genome_map, hanging_bins, random_map, rough_map, smooth_map

SHARED: dict[str, Any] = {"scope": "cis", "ignore_diags": 2, "mask": None}


def full(contacts: Contacts) -> NDArray[np.float64]:
    """Return the map without the diagonals that are ignored, and between chromosomes."""
    matrix = contacts.full_matrix().toarray()
    place = np.arange(len(matrix))
    ids = contacts.bins.chromosome_ids
    matrix[(np.abs(np.subtract.outer(place, place)) < 2) | (ids[:, None] != ids)] = 0
    return np.asarray(matrix)


def choose(contacts: Any, **settings: Any) -> tuple[cp.Balance, Choice]:
    result = cp.balance(contacts, "auto", **{"mask": None, **settings})
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


def with_lonely_bins(per_bin: float, seed: int) -> tuple[NDArray[np.float64], Contacts]:
    """Return the mean and a draw of ten small chromosomes, three with a bin that kr must leave out.

    These bins have contacts on the main diagonal only, which is ignored.
    """
    chromosomes, n = 10, 30
    rng = np.random.default_rng(seed)
    bins = BinTable.fixed([f"c{k}" for k in range(chromosomes)], [n * 1000] * chromosomes, 1000)
    distance = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    even = cp.balance(np.where(distance < 2, 0, 1 / (distance + 1.0)), "kr").matrix().toarray()
    mean, upper = np.zeros((2, len(bins), len(bins)))
    for k in range(chromosomes):
        bias = np.exp(0.5 * np.sin(3 * np.pi * np.arange(n) / n) + rng.normal(0, 0.12, n))
        of_part = np.outer(bias, bias) * even
        of_part *= per_bin * n / of_part.sum()
        if k < 3:
            of_part[15], of_part[:, 15] = 0, 0
        inside = slice(k * n, (k + 1) * n)
        mean[inside, inside] = of_part
        upper[inside, inside] = np.triu(rng.poisson(of_part)) + np.eye(n)
    bin1, bin2 = upper.nonzero()
    chunk = bin1.astype(np.int32), bin2.astype(np.int32), upper[bin1, bin2].astype(np.int64)
    return mean, Contacts.from_chunks(bins, [chunk], {})


@pytest.mark.parametrize("per_bin", [150, 600])
def test_candidates_are_compared_on_the_bins_that_all_weight(per_bin: float) -> None:
    """By what infinitely many new contacts show, on these bins alone."""
    for seed in range(3):
        mean, contacts = with_lonely_bins(per_bin, seed)
        result, choice = choose(contacts)
        results = {name: cp.balance(contacts, name, **SHARED) for name in CANDIDATES}
        common = np.isfinite(results["kr"].weights)
        assert choice.compared == np.count_nonzero(common) == 297
        assert np.isfinite(results["kde_eb"].weights).all()
        found = {}
        for name, each in results.items():
            w = np.where(common, np.nan_to_num(each.weights), 0)
            sums = (w * (mean @ w)).reshape(10, 30)
            parts = [row[row > 0] for row in sums]
            squares = sum(((part / part.mean() - 1) ** 2).sum() for part in parts)
            found[name] = float(squares) / 297
        assert result.verdict.method == min(found, key=lambda name: found[name]) == "kde_eb"
        for rated in choice.candidates:
            assert rated.rejected == ""
            assert rated.expected_unevenness == pytest.approx(
                100 * found[rated.method] ** 0.5, rel=0.25
            )


@pytest.mark.parametrize("lonely", [False, True])
def test_the_comparison_by_its_definition(lonely: bool) -> None:
    contacts = with_lonely_bins(150, 7)[1] if lonely else genome_map({"chr1": 120, "chr2": 70}, 3)
    _, choice = choose(contacts)
    results = {name: cp.balance(contacts, name, **SHARED) for name in CANDIDATES}
    matrix, common = full(contacts), np.isfinite(results["kr"].weights)
    excess: dict[str, float] = {}
    row_sums: dict[str, NDArray[np.float64]] = {}
    noise: dict[str, NDArray[np.float64]] = {}
    for name, result in results.items():
        w = np.nan_to_num(result.weights)
        sums, variances = w * (matrix @ w), w**2 * (matrix @ w**2)
        worth, pieces = 0.0, []
        for part in result.verdict.parts:
            inside = np.zeros(len(w), bool)
            inside[part.first_bin : part.first_bin + part.bins] = True
            beyond = []
            for of_set in (inside & (w > 0), inside & common):
                r, v = (
                    sums[of_set] / sums[of_set].mean(),
                    variances[of_set] / sums[of_set].mean() ** 2,
                )
                beyond.append(((r - 1) ** 2 - v).mean())
            pieces.append((r, v))
            assert part.expected_excess is not None
            worth += (part.expected_excess - beyond[0] + beyond[1]) * len(r) / common.sum()
        excess[name] = worth
        row_sums[name], noise[name] = (np.concatenate(each) for each in zip(*pieces, strict=True))
    best = min(excess, key=lambda name: excess[name])
    for rated in choice.candidates:
        name = rated.method
        assert rated.expected_unevenness == pytest.approx(100 * excess[name] ** 0.5)
        assert rated.excess == pytest.approx(excess[name] - excess[best], rel=1e-6, abs=1e-12)
        squares = float((noise[best] * (row_sums[name] - row_sums[best]) ** 2).sum())
        assert rated.error == pytest.approx(2 * squares**0.5 / common.sum(), rel=1e-6, abs=1e-12)
        within = max(rated.error or 0, 1e-3 * excess[best])
        assert rated.as_good == (excess[name] - excess[best] <= within)
        parts = results[name].verdict.parts
        assert rated.parts == {part.label: part.expected_excess for part in parts}
    assert choice.method == next(each.method for each in choice.candidates if each.as_good)


def test_an_estimate_that_tells_nothing_is_not_compared() -> None:
    """Row sums that vary less than counting does leave no estimate for a smooth curve."""
    result, choice = choose(np.ones((6, 6)))
    assert result.verdict.method == "kr"
    kr, *smooth = choice.candidates
    assert kr.as_good
    assert choice.compared == 6
    for each in smooth:
        assert (each.excess, each.expected_unevenness, each.unevenness_at_most) == (None,) * 3
        assert not each.as_good
        assert f"{each.method} is not considered: {each.rejected}." in result.reason


def worth(excess: float, error: float) -> _Worth:
    """Return a candidate whose difference from the best has a given error."""
    return _Worth(Excess(excess, 0.0), np.array([1 + error / 2, 1.0]), np.array([4.0, 0.0]))


@pytest.mark.parametrize(
    ("excess", "error", "expected"),
    [(0.11, 0.011, True), (0.11, 0.009, False), (0.10009, 0, True), (0.1002, 0, False)],
)
def test_as_good_is_within_one_deviation_or_a_thousandth(
    excess: float, error: float, expected: bool
) -> None:
    best = worth(0.1, 0.0)
    assert _is_as_good(*worth(excess, error).compare(best), best) == expected


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


def test_a_candidate_that_fails_a_part_is_not_considered() -> None:
    result, choice = choose(hanging_bins())  # all diagonals
    kr, *others = choice.candidates
    assert kr.rejected == "it does not balance the map"
    assert kr.expected_unevenness is kr.unevenness_at_most is kr.excess is kr.error is None
    assert all(each.rejected == "" for each in others)
    assert result.verdict.method in ("kde_eb", "kde")
    assert "kr is not considered: it does not balance the map." in result.reason


def with_star(deep: int) -> Contacts:
    """Return a deep chromosome and one of four bins that kr cannot balance."""
    _, contacts = rough_map(deep, 3000.0 * deep)
    matrix = np.zeros((deep + 4, deep + 4), dtype=np.int64)
    matrix[:deep, :deep] = contacts.full_matrix().toarray()
    matrix[deep, deep + 1 :] = 50
    bins = BinTable.fixed(("deep", "star"), (deep * 1000, 4000), 1000)
    bin1, bin2 = np.triu(matrix).nonzero()
    chunk = bin1.astype(np.int32), bin2.astype(np.int32), matrix[bin1, bin2]
    return Contacts.from_chunks(bins, [chunk], {})


def test_a_small_part_that_fails_counts_whatever_its_size() -> None:
    contacts = with_star(500)
    result, choice = choose(contacts, ignore_diags=1, on_failure="stop")
    assert result.status is cp.Status.CONVERGED
    assert choice.candidates[0].rejected == "it does not balance star"
    assert np.isfinite(result.weights).all()


def test_bins_that_the_mask_leaves_out_do_not_count() -> None:
    contacts = with_star(500)
    kept = np.ones(504, bool)
    kept[60:500] = False
    result, choice = choose(contacts, ignore_diags=1, mask=kept)
    assert result.status is cp.Status.CONVERGED
    assert [each.balanced for each in choice.candidates] == [60, 64, 64]


@pytest.mark.parametrize(("isolated", "considered"), [(1, True), (3, False)])
def test_a_candidate_may_lack_a_hundredth_of_the_bins(isolated: int, considered: bool) -> None:
    _, contacts = rough_map(150, 4e5)
    matrix = contacts.full_matrix().toarray()
    place = np.arange(150)
    for k in range(isolated):  # contacts on ignored diagonals only
        alone = 20 + 40 * k
        matrix[alone, abs(place - alone) > 1] = matrix[abs(place - alone) > 1, alone] = 0
        matrix[alone, alone] = 5
    _, choice = choose(matrix, ignore_diags=2)
    kr, eb, _ = choice.candidates
    assert (kr.balanced, eb.balanced) == (150 - isolated, 150)
    expected = "" if considered else "it gives no weight to 3 of the 150 bins that kde_eb balances"
    assert kr.rejected == expected


def test_values_that_are_no_counts_are_left_to_the_simplest() -> None:
    result, choice = choose(random_map(30, 1).toarray() / 3)
    assert [each.method for each in choice.candidates] == ["kr"]
    assert result.reason.startswith("Method kr was taken, since the values of the map are not coun")
    np.testing.assert_allclose(result.matrix().sum(axis=1), 1)


def test_nothing_to_choose_from() -> None:
    result, choice = choose(np.zeros((6, 6)))
    assert result.status is cp.Status.EMPTY
    assert result.reason == (
        "Method kr was taken, since no candidate balances the map. There are no contacts to "
        "balance."
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
    kr = RatedMethod("kr", 10, 20, 3.46, 3.6, 0.17, 0.1, False, {})
    eb = RatedMethod("kde_eb", 10, 20, 3.1, 3.2, 0.04, 0.1, True, {})
    kde = RatedMethod("kde", 10, 20, None, 4.25, 0.0, 0.0, True, {})
    assert choice_reason(Choice("auto", {}, "kde_eb", 10, (kr, eb, kde))) == (
        "Method kde_eb was chosen: it is the simplest, and no other one evens out this map clearly "
        "better. If the library were sequenced again, row sums balanced with these weights would "
        "vary by 3.1 % beyond counting noise (3.46 % with kr, less than 4.2 % with kde)."
    )
    left_out = replace(kr, rejected="it does not balance chr4", excess=None)
    assert choice_reason(Choice("auto", {}, "kde", 10, (left_out, kde))) == (
        "Method kde was chosen: it evens out this map best. If the library were sequenced again, "
        "row sums balanced with these weights would vary by less than 4.2 % beyond counting noise. "
        "kr is not considered: it does not balance chr4."
    )
    none = replace(kr, expected_unevenness=None, unevenness_at_most=None, excess=None, error=None)
    assert choice_reason(Choice("auto", {}, "kr", 0, (none, replace(none, method="kde")))) == (
        "Method kr was taken, since the methods cannot be compared on any part."
    )
