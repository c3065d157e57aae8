"""The search for a bandwidth: its scores, its splits, and what it chooses."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import counterpoise as cp
from counterpoise.contacts.bandwidth import Bandwidth, BandwidthUnit
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts, StoredContacts
from counterpoise.errors import ConfigError
from counterpoise.methods.kernel import search as searching
from counterpoise.methods.kernel.analytic import AnalyticSearch
from counterpoise.methods.kernel.cross_validation import choose, score, split_contacts
from counterpoise.methods.kernel.settings import KernelSettings, Score
from counterpoise.records.facts import SearchNote
from counterpoise.records.search import Candidate, Search
from counterpoise.records.verdict import Verdict
from counterpoise.records.wording import SEARCH_NOTES, sentence
from tests.support.maps import genome_map, random_map, smooth_map

HELD_OUT = (Score.CVM, Score.KL, Score.COSINE)


def content(searches: list[Search]) -> str:
    """Return searches with all their numbers as text, in which NaN equals NaN."""
    return repr([asdict(search) for search in searches])


def search(contacts: Any, method: str = "kde", **settings: Any) -> list[Search]:
    """Return how the bandwidth of each part is chosen."""
    return cp.balance(contacts, method, **{"mask": None, **settings}).searches


def test_the_cvm_score_is_its_integral() -> None:
    rng = np.random.default_rng(1)
    sums = rng.random((9, 3))
    fine = (np.arange(90_000) + 0.5) / 90_000
    for column in range(3):
        steps = np.concatenate([[0], np.cumsum(sums[:, column]) / sums[:, column].sum()])
        apart = np.interp(fine, np.arange(10) / 9, steps) - fine
        expected = (apart**2).mean()
        assert score(Score.CVM, sums[:, column]) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("kind", HELD_OUT)
def test_scores_are_least_where_all_is_even(kind: Score) -> None:
    even, uneven = np.ones(20), np.concatenate([np.zeros(2), np.ones(18)])
    assert score(kind, even) == pytest.approx(0, abs=1e-15)
    assert score(kind, 5 * even) == pytest.approx(0, abs=1e-15)
    assert 1e-4 < score(kind, uneven) < np.inf


def test_the_other_scores_by_their_definitions() -> None:
    sums = np.array([1.0, 2, 3, 0])
    p = sums / 6
    kl = sum(x * np.log(x * 4) for x in p if x)
    assert score(Score.KL, sums) == pytest.approx(kl)
    cosine = sums @ np.ones(4) / np.linalg.norm(sums) / 2
    assert score(Score.COSINE, sums) == pytest.approx(1 - cosine)


def test_halves_are_two_maps_of_the_same_contacts() -> None:
    contacts = Contacts.from_matrix(random_map(60, 5))
    first, second = split_contacts(contacts, np.random.default_rng(7))
    np.testing.assert_array_equal(first.counts + second.counts, contacts.counts)
    share = first.counts.sum() / contacts.counts.sum()
    assert abs(share - 0.5) < 4 * 0.5 / contacts.counts.sum() ** 0.5
    again, _ = split_contacts(contacts, np.random.default_rng(7))
    np.testing.assert_array_equal(again.counts, first.counts)
    other, _ = split_contacts(contacts, np.random.default_rng(8))
    assert (other.counts != first.counts).any()


@pytest.mark.parametrize("kind", list(Score))
def test_values_that_are_no_counts_have_no_score(kind: Score) -> None:
    with pytest.raises(ConfigError, match="not whole numbers"):
        cp.balance(random_map(30, 5) * 0.3, "kde", score=kind.value)


candidates = KernelSettings().candidates


def test_candidates() -> None:
    tried = candidates(1000)
    assert tried[0] == 0
    assert tried[1] * 1000 == pytest.approx(1)
    assert 0.25 / 2**0.5 < tried[-1] <= 0.25
    np.testing.assert_allclose(np.array(tried[2:]) / tried[1:-1], 2**0.5)
    assert candidates(3) == [0, 0.25]
    assert candidates(4) == [0, 0.25]


def by_hand(contacts: Contacts, bandwidth: float, splits: int, kind: Score) -> float:
    """Return a candidate's score, computed by complete balancings of the halves."""
    values = []
    for split in range(splits):
        pair = split_contacts(contacts, np.random.default_rng([1, split, *b"matrix"]))
        for learn, hold in (pair, pair[::-1]):
            kept = np.ones(len(contacts.bins), bool)
            u = cp.balance(
                learn, "kde", bandwidth=bandwidth, mask=kept, tolerance=1e-10, ignore_diags=0
            ).weights
            values.append(score(kind, u * (hold.full_matrix() @ u)))
    return float(np.mean(values))


@pytest.mark.parametrize("kind", HELD_OUT)
def test_scores_are_those_of_single_runs(kind: Score) -> None:
    _, contacts = smooth_map(60, 4000)
    chosen = search(contacts, ignore_diags=0, score=kind.value, splits=2)[0]
    assert len(chosen.candidates) == len(candidates(60))
    for candidate in chosen.candidates:
        if not candidate.rejected:
            expected = by_hand(contacts, candidate.bandwidth.setting, 2, kind)
            assert candidate.score == pytest.approx(expected, rel=1e-3)


def test_it_chooses_well() -> None:
    """The chosen bandwidth gives nearly as small an error of the bias as the best candidate."""
    ratios = []
    for seed in range(6):
        bias, contacts = smooth_map(200, 20_000, seed)
        settings = {"mask": np.ones(200, bool), "ignore_diags": 0}
        chosen = search(contacts, **settings)[0]

        def error(bandwidth: float, contacts: Contacts = contacts, bias=bias) -> float:
            settings = {"mask": np.ones(200, bool), "ignore_diags": 0}
            fitted = cp.balance(contacts, "kde", bandwidth=bandwidth, **settings).bias
            return float(((fitted - bias) ** 2).mean())

        best = min(error(fraction) for fraction in candidates(200))
        ratios.append(error(chosen.bandwidth.setting) / best)
    assert np.median(ratios) < 1.3


def test_a_run_that_chooses_is_one_with_its_choice() -> None:
    _, contacts = smooth_map(150, 3000)
    chosen = cp.balance(contacts, "kde")
    (record,) = chosen.searches
    assert record.bandwidth.setting
    given = cp.balance(contacts, "kde", bandwidth=record.bandwidth.setting)
    np.testing.assert_array_equal(given.weights, chosen.weights)
    assert given.searches == []
    assert chosen.status is cp.Status.CONVERGED
    assert "was chosen: new contacts are expected to be uneven by" in chosen.reason
    value = record.candidates[record.best].score
    assert chosen.verdict.expected_excess == pytest.approx(value, rel=2e-2)
    assert given.verdict.expected_excess == chosen.verdict.expected_excess


def test_only_held_out_scores_depend_on_the_seed() -> None:
    _, contacts = smooth_map(80, 2000)
    for kind, depends in (("cvm", True), ("unevenness", False)):
        first, again, other = (search(contacts, seed=seed, score=kind) for seed in (1, 1, 2))
        assert content(first) == content(again)
        assert (content(first) != content(other)) == depends
        assert content(search(contacts, threads=1, score=kind)) == content(first)


def test_sparse_maps_reject_bandwidths_without_a_score() -> None:
    _, contacts = smooth_map(150, 400)
    kept = np.ones(150, bool)
    result = cp.balance(contacts, "kde", mask=kept, ignore_diags=2)
    (record,) = result.searches
    assert record.candidates[0].rejected
    assert np.isnan(record.candidates[0].score)
    assert record.bandwidth.value > 1 / 150
    assert result.status is cp.Status.CONVERGED


@pytest.mark.parametrize("kind", list(Score))
def test_without_evidence_the_widest_bandwidth_is_chosen(kind: Score) -> None:
    """A single contact has no halves, and one kernel alone reaches every bin."""
    matrix = np.zeros((8, 8))
    matrix[0, 1] = matrix[1, 0] = 1
    result = cp.balance(matrix, "kde", score=kind.value, mask=np.ones(8, bool))
    (record,) = result.searches
    assert record.best == len(record.candidates) - 1
    assert result.status is cp.Status.CONVERGED
    if kind is not Score.UNEVENNESS:
        assert all(candidate.rejected for candidate in record.candidates)
        assert "the widest that was tried, since none could be scored" in result.reason
    assert np.isfinite(result.weights[:2]).all()
    assert cp.balance(np.zeros((4, 4)), "kde", mask=np.ones(4, bool)).status is cp.Status.EMPTY


@pytest.mark.parametrize("method", ["kde", "kde_eb", "ssk_cv"])
@pytest.mark.parametrize("seed", range(3))
def test_small_chromosomes_keep_no_map_from_being_balanced(method: str, seed: int) -> None:
    """A scaffold of one bin cannot be split into useful halves."""
    contacts = genome_map({"a": 60, "b": 30, "c": 5, "d": 2, "e": 1}, seed, trans=0.0)
    result = cp.balance(contacts, method, mask=None, scope="cis", ignore_diags=0)
    assert result.status is cp.Status.CONVERGED, result.reason
    filled = np.diff(contacts.indptr) > 0
    assert np.isfinite(result.weights[filled]).all()


def test_mixing_lets_every_bandwidth_reach_every_bin() -> None:
    matrix = random_map(300, 1, density=0.002, depth=3.0).toarray()
    kept = np.ones(300, bool)
    with_mixing = cp.balance(matrix, "kde", mask=kept, mixing=1e-3)
    assert with_mixing.status is cp.Status.CONVERGED, with_mixing.reason
    assert np.isfinite(with_mixing.weights).all()
    (record,) = with_mixing.searches
    assert record.kind == "cvm"  # the formula does not hold
    assert not any("within reach" in candidate.rejected for candidate in record.candidates)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"seed": -1}, "seed is -1"),
        ({"splits": 1.5}, "splits is 1.5"),
        ({"splits": 0}, "splits is 0"),
        ({"bandwidth": True}, "bandwidth is True"),
        ({"bandwidth": -0.1}, "bandwidth is -0.1"),
        ({"bandwidth": "wide"}, "bandwidth is 'wide'"),
        ({"score": "best"}, "score is 'best'"),
    ],
)
def test_settings_out_of_range(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        cp.balance(random_map(20, 1), "kde", **wrong)


def without_trans(contacts: Contacts) -> Contacts:
    cis = (
        contacts.bins.chromosome_ids[contacts.rows]
        == contacts.bins.chromosome_ids[contacts.columns.astype(np.int64)]
    )
    chunk = contacts.rows[cis], contacts.columns[cis].astype(np.int32), contacts.counts[cis]
    return Contacts.from_chunks(contacts.bins, [chunk], {})


@pytest.mark.parametrize("method", ["kde", "kde_eb", "ssk_cv"])
def test_the_same_from_disk_and_without_trans(method: str) -> None:
    """The choice for a chromosome depends only on its own contacts, in memory or on disk."""
    contacts = genome_map({"chr1": 60, "chr2": 40}, 5)
    stored = StoredContacts(contacts.bins, contacts.indptr, contacts.entries)
    kept = np.ones(100, bool)
    for kind in ("unevenness", "cosine"):
        expected = search(contacts, method, mask=kept, score=kind)
        assert len(expected) == 2
        for other in (stored, without_trans(contacts)):
            assert content(search(other, method, mask=kept, score=kind)) == content(expected)
    in_memory, from_disk = (
        cp.balance(each, method, mask=kept, bandwidth=0.1) for each in (contacts, stored)
    )
    np.testing.assert_array_equal(from_disk.weights, in_memory.weights)


@pytest.mark.parametrize("scope", ["genome", "trans"])
def test_one_length_on_every_chromosome(scope: str) -> None:
    contacts = genome_map({"chr1": 70, "chr2": 60, "chr3": 50}, 6)
    chosen = cp.balance(contacts, "kde", scope=scope, score="cosine")
    (record,) = chosen.searches
    assert record.candidates[1].bandwidth == Bandwidth(1000.0, BandwidthUnit.BASE_PAIRS)
    assert record.bandwidth.value
    assert chosen.status is cp.Status.CONVERGED
    given = cp.balance(contacts, "kde", scope=scope, bandwidth=record.bandwidth.setting)
    np.testing.assert_array_equal(chosen.weights, given.weights)
    assert chosen.verdict.parts[0].bandwidth == record.bandwidth.value


@pytest.mark.parametrize("method", ["kde", "kde_eb"])
def test_an_empty_scaffold_is_dropped_and_named(method: str) -> None:
    contacts = genome_map({"chr1": 90, "chr2": 60, "tiny": 3}, 7)
    kept = np.ones(153, bool)
    inside = contacts.columns < 150
    inside &= contacts.rows < 150
    chunk = (
        contacts.rows[inside], contacts.columns[inside].astype(np.int32), contacts.counts[inside]
    )  # fmt: skip
    emptied = Contacts.from_chunks(contacts.bins, [chunk], {})
    result = cp.balance(emptied, method, scope="genome", mask=kept)
    assert result.status is cp.Status.CONVERGED, result.reason
    np.testing.assert_array_equal(np.isfinite(result.weights), np.arange(153) < 150)
    assert "3 of 153 bins were dropped (tiny:0-1,000" in result.reason


def test_words() -> None:
    lost = Candidate(Bandwidth(0.0), np.nan, np.nan, 0, "why")
    assert sentence(Search("x", 10, 1.0, "cvm", (lost,), 0).fact) == (
        "Bandwidth 0 (SSK), the widest that was tried, since none could be scored (why)."
    )
    best = Candidate(Bandwidth(0.25), 1.0, 0.1, 9)
    wider = (lost, replace(best, score=2.0, bandwidth=Bandwidth(0.1)), best)
    assert sentence(Search("x", 1000, 5e3, "cvm", wider, 2).fact) == (
        "Bandwidth 1.2 Mb was chosen by held-out contacts, cvm 1 \u00b1 0.1 (2 \u00b1 0.1 at "
        "500 kb). It is the widest that was tried, so the bias may be smoother still."
    )
    scores = (lost, replace(best, score=4e-4, bandwidth=Bandwidth(0.1)), replace(best, score=1e-4))
    assert sentence(Search("x", 1000, 5e3, "unevenness", scores, 2).fact) == (
        "Bandwidth 1.2 Mb was chosen: new contacts are expected to be uneven by 1 % (2 % at "
        "500 kb). It is the widest that was tried, so the bias may be smoother still."
    )
    good = replace(best, score=0.5)
    searches = {
        SearchNote.ALL_REJECTED: Search("x", 10, 1.0, "cvm", (lost,), 0),
        SearchNote.NARROWER_REJECTED: Search("x", 10, 1.0, "cvm", (lost, best, best), 1),
        SearchNote.NONE: Search("x", 10, 1.0, "cvm", (best, lost, good, best), 2),
        SearchNote.WIDER_REJECTED: Search("x", 10, 1.0, "cvm", (good, lost), 0),
        SearchNote.NO_SMOOTHING: Search("x", 10, 1.0, "cvm", (good, best), 0),
    }
    for note, record in searches.items():
        assert record.note is note
        if note in SEARCH_NOTES:
            assert sentence(record.fact).endswith(SEARCH_NOTES[note])


def test_the_verdict_holds_the_whole_search() -> None:
    _, contacts = smooth_map(60, 300)
    verdict = cp.balance(contacts, "kde").verdict
    read = Verdict.from_dict(json.loads(json.dumps(verdict.to_dict(), allow_nan=False)))
    (kept,), (original,) = read.parts, verdict.parts
    assert content([kept.search]) == content([original.search])
    assert any(candidate.rejected for candidate in kept.search.candidates)


def test_a_sparse_real_map(shared_data: Path) -> None:
    """Every bin with data gets a weight on a map for which the exact methods find none."""
    contacts = cp.read_contacts(shared_data / "Scc1-control.10000.cool")
    kept = np.zeros(len(contacts.bins), bool)
    lo, hi = contacts.bins.offsets[:2]
    rows = np.diff(contacts.indptr)
    kept[lo:hi] = (rows[lo:hi] > 0) | (np.bincount(contacts.columns, minlength=len(kept)) > 0)[
        lo:hi
    ]
    result = cp.balance(contacts, "kde", mask=kept)
    (chosen,) = result.searches
    assert 5 <= chosen.bandwidth.value * chosen.bins <= 12
    scores = {round(c.bandwidth.value * chosen.bins): c.score for c in chosen.candidates}
    assert chosen.candidates[chosen.best].score < scores[16] < scores[128] < scores[2048]
    assert result.verdict.parts[0].status is cp.Status.CONVERGED
    np.testing.assert_array_equal(np.isfinite(result.weights), kept)
    for method in ("ssk", "kr", "ice"):
        exact = cp.balance(
            contacts, method, scope="cis", ignore_diags=2, mask=kept, on_failure="nan"
        )
        assert not exact.verdict.parts[0].status.balanced


def test_lengths_never_turn_into_fractions() -> None:
    """A bandwidth in a part of several chromosomes is a length, however short."""
    contacts = genome_map({"a": 40, "b": 30}, 5)
    small = replace(contacts, bins=BinTable.fixed(("a", "b"), (40, 30), 1))
    (record,) = search(small, scope="genome", ignore_diags=0)
    assert [candidate.bandwidth for candidate in record.candidates[:2]] == [
        Bandwidth(0.0), Bandwidth(1.0, BandwidthUnit.BASE_PAIRS)
    ]  # fmt: skip


def test_the_least_held_out_score_is_chosen() -> None:
    lost = Candidate(Bandwidth(0.0), np.nan, np.nan, 0, "why")
    shaky = Candidate(Bandwidth(0.01), 1.0, 0.3, 9)
    sure = Candidate(Bandwidth(0.1), 1.2, 0.1, 9)
    assert choose((lost, shaky, sure)) == 1
    assert choose((lost, sure, shaky, lost)) == 2
    assert choose((lost, lost)) == 1


def scaffolds(sizes: list[int], seed: int) -> Contacts:
    """Return a deep random map of chromosomes of these numbers of bins."""
    bins = BinTable.fixed([f"s{k}" for k in range(len(sizes))], [s * 1000 for s in sizes], 1000)
    matrix = random_map(len(bins), seed, density=0.9, depth=6.0)
    return replace(Contacts.from_matrix(matrix), bins=bins)


@pytest.mark.parametrize("method", ["kde", "kde_eb", "ssk_cv"])
@pytest.mark.parametrize("ignore_diags", [0, 2])
def test_parts_without_two_bins_are_not_searched(
    method: str, ignore_diags: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They cost no product."""
    sizes = [40, 1, 1, 2, 30, 1]
    contacts = scaffolds(sizes, 3)
    searched = []

    class Spy(AnalyticSearch):
        def run(self) -> int:
            searched.append(self.problem.record.part)
            return super().run()

    monkeypatch.setattr(searching, "AnalyticSearch", Spy)
    result = cp.balance(contacts, method, ignore_diags=ignore_diags)
    assert searched == (["s0", "s4"] if ignore_diags else ["s0", "s3", "s4"])
    lone = next((each for each in result.searches if each.label == "s1"), None)
    assert (lone is None) == (ignore_diags == 2)  # no pixel counts
    if lone:
        assert (lone.bandwidth, lone.note) == (Bandwidth(0.0), SearchNote.ALL_REJECTED)
        assert "fewer than two bins have contacts" in sentence(lone.fact)
    counted = (
        contacts.full_matrix().diagonal() if ignore_diags == 0 else np.zeros(len(contacts.bins))
    )
    for lo in (40, 41, 74):
        expected = 1 / np.sqrt(counted[lo]) if counted[lo] else np.nan
        np.testing.assert_allclose(result.weights[lo], expected, rtol=1e-12)


def test_parts_whose_contacts_do_not_count_are_not_searched() -> None:
    """A chromosome whose kept bins have contacts with other chromosomes only, or none."""
    contacts = scaffolds([30, 4], 5)
    inside = (contacts.rows >= 30) & (contacts.columns >= 30)
    chunk = (
        contacts.rows[~inside], contacts.columns[~inside].astype(np.int32), contacts.counts[~inside]
    )  # fmt: skip
    trans_only = Contacts.from_chunks(contacts.bins, [chunk], {})
    assert [each.label for each in search(trans_only)] == ["s0"]  # the other part is empty
    (whole,) = search(trans_only, scope="trans", mask=np.ones(34, bool))
    assert len(whole.candidates) > 1


@pytest.mark.parametrize("method", ["kde", "kde_eb", "ssk_cv"])
def test_the_largest_chromosome_may_have_no_bin(method: str) -> None:
    """Profiles and kernels are measured along the largest chromosome, whatever is kept of it."""
    contacts = genome_map({"a": 80, "b": 50, "c": 30}, 4)
    kept = np.arange(160) >= 80
    result = cp.balance(contacts, method, mask=kept, scope="genome")
    assert result.status is cp.Status.CONVERGED
    np.testing.assert_array_equal(np.isfinite(result.weights), kept)
    assert result.verdict.expected_excess is not None


@pytest.mark.parametrize("method", ["kde", "kde_eb", "ssk_cv"])
def test_one_sparse_bin_does_not_decide_for_a_deep_chromosome(method: str) -> None:
    rng = np.random.default_rng(6)
    n, place = 300, np.arange(300)
    bias = np.exp(rng.normal(0, 0.5, n))
    mean = 300 * np.outer(bias, bias) / (np.abs(np.subtract.outer(place, place)) + 1)
    upper = np.triu(rng.poisson(mean), 2)
    upper[150, :] = upper[:, 150] = 0
    upper[150, 155:158] = 1
    result = cp.balance(Contacts.from_matrix(upper + upper.T), method, ignore_diags=2)
    (record,) = result.searches
    assert not record.candidates[record.best].rejected
    assert result.verdict.median_se is not None
    assert result.verdict.median_se < 0.03


def test_a_tolerance_below_rounding_drops_no_bin_with_contacts() -> None:
    result = cp.balance(random_map(60, 1), "kde", bandwidth=0.02, tolerance=1e-16)
    assert result.verdict.kept == 60
    assert np.isfinite(result.weights).all()
