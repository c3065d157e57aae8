"""The search for a bandwidth: its scores, its splits, and what it chooses."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import counterpoise as cp
from counterpoise.balancing import cross_validation
from counterpoise.balancing.cross_validation import choose, split_contacts
from counterpoise.balancing.scores import CONTACTS, score, within_groups
from counterpoise.contacts.bandwidth import Bandwidth, BandwidthUnit
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts, StoredContacts
from counterpoise.errors import ConfigError
from counterpoise.methods.kernel.settings import KernelSettings, Score
from counterpoise.records.facts import SearchNote
from counterpoise.records.search import Candidate, Search
from counterpoise.records.wording import SEARCH_NOTES, sentence
from counterpoise.store.weights import read_searches, write_searches
from tests.support.maps import genome_map, random_map, smooth_map


def content(searches: list[Search]) -> str:
    """Return searches with all their numbers as text, in which NaN equals NaN."""
    return repr([asdict(search) for search in searches])


def scored(kind: Score, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return scores of sums without noise, as of many contacts."""
    return score(kind, sums, np.zeros_like(sums), np.arange(len(sums)))


def test_the_excess_is_variance_beyond_counting() -> None:
    """Poisson sums of equal expectation have no excess at any depth; a true spread is recovered."""
    rng = np.random.default_rng(4)
    for depth in (0.5, 5.0, 50.0):
        counts = rng.poisson(depth, (20_000, 20)).astype(float)
        groups = np.arange(20_000) // max(int(np.ceil(CONTACTS / depth)), 1)
        even = score(Score.EXCESS, counts, counts, groups)
        assert abs(even.mean()) < 4 * even.std() / 20**0.5
        spread = np.where(np.arange(20_000) < 10_000, 0.8, 1.2)[:, None]
        uneven = rng.poisson(depth * spread, (20_000, 20)).astype(float)
        assert score(Score.EXCESS, uneven, uneven, groups).mean() == pytest.approx(0.04, rel=0.05)


def test_the_cvm_score_is_its_integral() -> None:
    rng = np.random.default_rng(1)
    sums = rng.random((9, 3))
    fine = (np.arange(90_000) + 0.5) / 90_000
    for column in range(3):
        steps = np.concatenate([[0], np.cumsum(sums[:, column]) / sums[:, column].sum()])
        apart = np.interp(fine, np.arange(10) / 9, steps) - fine
        expected = (apart**2).mean()
        assert scored(Score.CVM, sums)[column] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("kind", list(Score))
def test_scores_are_least_where_all_is_even(kind: Score) -> None:
    even, uneven = np.ones(20), np.concatenate([np.zeros(2), np.ones(18)])
    values = scored(kind, np.stack([even, 5 * even, uneven], axis=1))
    np.testing.assert_allclose(values[:2], 0, atol=1e-15)
    assert np.isfinite(values[2])
    assert values[2] > 1e-4


def test_the_other_scores_by_their_definitions() -> None:
    sums = np.array([1.0, 2, 3, 0])
    p = sums / 6
    kl = sum(x * np.log(x * 4) for x in p if x)
    assert scored(Score.KL, sums[:, None])[0] == pytest.approx(kl)
    cosine = sums @ np.ones(4) / np.linalg.norm(sums) / 2
    assert scored(Score.COSINE, sums[:, None])[0] == pytest.approx(1 - cosine)


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


def test_fractional_counts_cannot_be_split() -> None:
    with pytest.raises(ConfigError, match="not whole numbers"):
        cp.balance(random_map(30, 5) * 0.3, "kde")


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
            sums, noise = (v * (hold.full_matrix() @ v) for v in (u, u * u))
            values.append(score(kind, sums[:, None], noise[:, None], np.arange(len(u)))[0])
    return float(np.mean(values))


@pytest.mark.parametrize("kind", list(Score))
def test_scores_are_those_of_single_runs(kind: Score) -> None:
    _, contacts = smooth_map(60, 4000)
    search = cp.select_bandwidth(contacts, ignore_diags=0, score=kind.value, splits=2)[0]
    assert len(search.candidates) == len(candidates(60))
    for candidate in search.candidates:
        if not candidate.rejected:
            expected = by_hand(contacts, candidate.bandwidth.setting, 2, kind)
            assert candidate.score == pytest.approx(expected, rel=1e-3)


def test_it_chooses_well() -> None:
    """The chosen bandwidth gives nearly as small an error of the bias as the best candidate."""
    ratios = []
    for seed in range(6):
        bias, contacts = smooth_map(200, 20_000, seed)
        kept = np.ones(200, bool)
        search = cp.select_bandwidth(contacts, mask=kept, ignore_diags=0)[0]

        def error(bandwidth: float, contacts: Contacts = contacts, bias=bias) -> float:
            kept = np.ones(200, bool)
            fitted = cp.balance(
                contacts, "kde", bandwidth=bandwidth, mask=kept, ignore_diags=0
            ).bias
            return float(((fitted - bias) ** 2).mean())

        best = min(error(c.bandwidth.setting) for c in search.candidates if not c.rejected)
        ratios.append(error(search.bandwidth.setting) / best)
    assert np.median(ratios) < 1.5


def test_a_run_with_cv_is_one_with_its_choice() -> None:
    _, contacts = smooth_map(150, 3000)
    searches = cp.select_bandwidth(contacts)
    assert searches[0].bandwidth.setting
    chosen = cp.balance(contacts, "kde")
    given = cp.balance(contacts, "kde", searches=searches)
    plain = cp.balance(contacts, "kde", bandwidth=searches[0].bandwidth.setting)
    np.testing.assert_array_equal(chosen.weights, plain.weights)
    np.testing.assert_array_equal(given.weights, plain.weights)
    assert chosen.status is cp.Status.CONVERGED
    assert "chosen by cross-validation" in chosen.reason
    assert chosen.reason == given.reason


def test_the_seed_and_nothing_else_decides() -> None:
    _, contacts = smooth_map(80, 2000)
    first, again, other = (cp.select_bandwidth(contacts, seed=seed) for seed in (1, 1, 2))
    assert content(first) == content(again)
    assert content(first) != content(other)
    assert content(cp.select_bandwidth(contacts, threads=1)) == content(first)


def test_sparse_maps_reject_bandwidths_without_a_score() -> None:
    _, contacts = smooth_map(150, 400)
    kept = np.ones(150, bool)
    search = cp.select_bandwidth(contacts, mask=kept, ignore_diags=2)[0]
    assert search.candidates[0].rejected
    assert np.isnan(search.candidates[0].score)
    assert search.bandwidth.value > 1 / 150
    assert cp.balance(contacts, "kde", mask=kept, ignore_diags=2).status is cp.Status.CONVERGED


def test_without_evidence_the_widest_bandwidth_is_chosen() -> None:
    """A single contact has no halves, so nothing can be scored and the method itself decides."""
    matrix = np.zeros((8, 8))
    matrix[0, 1] = matrix[1, 0] = 1
    search = cp.select_bandwidth(matrix)[0]
    assert all(candidate.rejected for candidate in search.candidates)
    assert search.bandwidth == search.candidates[-1].full_bandwidth
    assert search.bandwidth.value > 0
    result = cp.balance(matrix, "kde")
    assert result.status is cp.Status.CONVERGED
    assert "the widest that was tried, since none could be scored" in result.reason
    assert np.isfinite(result.weights[:2]).all()
    assert cp.balance(np.zeros((4, 4)), "kde", mask=np.ones(4, bool)).status is cp.Status.EMPTY


@pytest.mark.parametrize("method", ["kde", "kde_eb", "ssk_cv"])
@pytest.mark.parametrize("seed", range(3))
def test_small_chromosomes_keep_no_map_from_being_balanced(method: str, seed: int) -> None:
    """A scaffold of one bin cannot be split into useful halves."""
    contacts = genome_map({"a": 60, "b": 30, "c": 5, "d": 2, "e": 1}, seed, trans=0.0)
    result = cp.balance(contacts, method, scope="cis", ignore_diags=0)
    assert result.status is cp.Status.CONVERGED, result.reason
    filled = np.diff(contacts.indptr) > 0
    assert np.isfinite(result.weights[filled]).all()


def test_few_contacts_are_no_evidence_of_a_bias() -> None:
    """The variance of a handful of groups is not significant, so the widest bandwidth is chosen."""
    rng = np.random.default_rng(3)
    for _ in range(4):
        upper = np.zeros((200, 200))
        np.add.at(upper, tuple(np.sort(rng.integers(0, 200, (2, 20)), axis=0)), 1)
        matrix = upper + np.triu(upper, 1).T
        search = cp.select_bandwidth(matrix, mask=np.ones(200, bool))[0]
        scored = [k for k, candidate in enumerate(search.candidates) if not candidate.rejected]
        assert search.best == (scored or range(len(search.candidates)))[-1]


def test_contacts_within_a_run_count_at_both_ends() -> None:
    """Symmetric maps with equal expected row sums have no excess, however sparse they are."""
    n, width = 240, 12
    distance = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    ring = np.minimum(distance, n - distance)
    mean = np.where(ring >= 2, 1.0 / np.maximum(ring, 1) ** 1.5, 0.0)
    mean *= 1.5 / mean.sum(axis=1)[:, None]  # contacts of a bin
    groups = np.arange(n) // width
    rng = np.random.default_rng(8)
    with_inner, without = [], []
    for _ in range(400):
        upper = np.triu(rng.poisson(mean))
        contacts = Contacts.from_matrix(upper + np.triu(upper, 1).T)
        inner = within_groups(contacts, groups, np.ones(n, bool), 0).full_matrix()
        sums = np.asarray(contacts.full_matrix().sum(axis=1))
        extra = np.asarray(inner.sum(axis=1))
        with_inner.append(score(Score.EXCESS, sums, sums + extra, groups)[0])
        without.append(score(Score.EXCESS, sums, sums, groups)[0])
    # The score is taken about the map's mean, and the variance of this mean is missing from it.
    # Each contact counts twice in the total.
    variance_of_mean = 2 / (n * 1.5)
    far = [
        (np.mean(each) + variance_of_mean) / (np.std(each) / 20) for each in (with_inner, without)
    ]
    assert abs(far[0]) < 4
    assert far[1] > 8


def test_contacts_within_groups() -> None:
    matrix = random_map(30, 2).toarray()
    kept = np.ones(30, bool)
    kept[[4, 5, 17]] = False
    groups = np.arange(27) // 5
    contacts = Contacts.from_matrix(matrix)
    inner = within_groups(contacts, groups, kept, 0).full_matrix().toarray()
    of_bin = np.full(30, -1)
    of_bin[kept] = groups
    same = (of_bin[:, None] == of_bin) & ~np.eye(30, dtype=bool)
    inside = np.ix_(kept, kept)
    np.testing.assert_array_equal(inner[inside], (matrix * same)[inside])


def test_mixing_lets_every_bandwidth_reach_every_bin() -> None:
    matrix = random_map(300, 1, density=0.002, depth=3.0).toarray()
    kept = np.ones(300, bool)
    with_mixing = cp.balance(matrix, "kde", mask=kept, mixing=1e-3)
    assert with_mixing.status is cp.Status.CONVERGED, with_mixing.reason
    assert np.isfinite(with_mixing.weights).all()
    search = cp.select_bandwidth(matrix, mask=kept, mixing=1e-3)[0]
    assert not any("within reach" in candidate.rejected for candidate in search.candidates)


def test_searches_that_do_not_fit() -> None:
    with pytest.raises(ConfigError, match="say nothing of matrix"):
        cp.balance(random_map(20, 1), "kde", searches=[])
    with pytest.raises(ConfigError, match="of use only"):
        cp.balance(random_map(20, 1), "kde", bandwidth=0.1, searches=[])


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
    expected = cp.select_bandwidth(contacts, method, mask=kept)
    assert len(expected) == 2
    for other in (stored, without_trans(contacts)):
        assert content(cp.select_bandwidth(other, method, mask=kept)) == content(expected)
    in_memory, from_disk = (
        cp.balance(each, method, mask=kept, bandwidth=0.1) for each in (contacts, stored)
    )
    np.testing.assert_array_equal(from_disk.weights, in_memory.weights)


@pytest.mark.parametrize("scope", ["genome", "trans"])
def test_one_length_on_every_chromosome(scope: str) -> None:
    contacts = genome_map({"chr1": 70, "chr2": 60, "chr3": 50}, 6)
    (search,) = cp.select_bandwidth(contacts, scope=scope)
    assert search.candidates[1].bandwidth == Bandwidth(1000.0, BandwidthUnit.BASE_PAIRS)
    assert search.bandwidth.value
    chosen = cp.balance(contacts, "kde", scope=scope)
    assert chosen.status is cp.Status.CONVERGED
    given = cp.balance(contacts, "kde", scope=scope, bandwidth=search.bandwidth.setting)
    np.testing.assert_array_equal(chosen.weights, given.weights)
    assert chosen.verdict.parts[0].bandwidth == search.bandwidth.value


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


def test_only_kernel_methods_have_one() -> None:
    with pytest.raises(ConfigError, match="kr has no bandwidth"):
        cp.select_bandwidth(random_map(10, 1), "kr")


def test_words() -> None:
    _, contacts = smooth_map(150, 3000)
    words = sentence(cp.select_bandwidth(contacts)[0].fact)
    assert words.startswith("Bandwidth ")
    assert words.count(" at ") == 2
    assert words.count(" \u00b1 ") == 3
    lost = Candidate(Bandwidth(0.0), Bandwidth(0.0), np.nan, np.nan, 0, "why")
    assert sentence(Search("x", 10, 1.0, (lost,), 0).fact) == (
        "Bandwidth 0 (SSK), the widest that was tried, since none could be scored (why)."
    )
    best = Candidate(Bandwidth(0.25), Bandwidth(0.25), 1.0, 0.1, 9)
    wider = (lost, replace(best, score=2.0, bandwidth=Bandwidth(0.1)), best)
    widest = Search("x", 1000, 5e3, wider, 2)
    assert sentence(widest.fact) == (
        "Bandwidth 1.2 Mb chosen by cross-validation, score 1 \u00b1 0.1 (2 \u00b1 0.1 at "
        "500 kb). It is the widest that was tried, so the bias may be smoother still."
    )
    good = replace(best, score=0.5)
    searches = {
        SearchNote.ALL_REJECTED: Search("x", 10, 1.0, (lost,), 0),
        SearchNote.NARROWER_REJECTED: Search("x", 10, 1.0, (lost, best, best), 1),
        SearchNote.NONE: Search("x", 10, 1.0, (best, lost, good, best), 2),
        SearchNote.WIDER_REJECTED: Search("x", 10, 1.0, (good, lost), 0),
        SearchNote.NO_SMOOTHING: Search("x", 10, 1.0, (good, best), 0),
    }
    for note, search in searches.items():
        assert search.note is note
        if note in SEARCH_NOTES:
            assert sentence(search.fact).endswith(SEARCH_NOTES[note])


def test_the_table_holds_all_of_it(tmp_path: Path) -> None:
    _, contacts = smooth_map(60, 300)
    searches = cp.select_bandwidth(contacts)
    write_searches(searches, tmp_path / "bandwidth.parquet")
    assert content(read_searches(tmp_path / "bandwidth.parquet")) == content(searches)


def test_a_sparse_real_map(shared_data: Path) -> None:
    """Every bin with data gets a weight on a map for which the exact methods find none."""
    contacts = cp.read_contacts(shared_data / "Scc1-control.10000.cool")
    kept = np.zeros(len(contacts.bins), bool)
    lo, hi = contacts.bins.offsets[:2]
    rows = np.diff(contacts.indptr)
    kept[lo:hi] = (rows[lo:hi] > 0) | (np.bincount(contacts.columns, minlength=len(kept)) > 0)[
        lo:hi
    ]
    searches = cp.select_bandwidth(contacts, mask=kept)
    assert len(searches) == 1
    chosen = searches[0]
    assert 2 <= chosen.bandwidth.value * chosen.bins <= 6
    scores = {round(c.bandwidth.value * chosen.bins): c.score for c in chosen.candidates}
    assert chosen.candidates[chosen.best or 0].score < scores[16] < scores[128] < scores[2048]
    # By the paper's score the valley is wide and flat; its sides are not.
    (flat,) = cp.select_bandwidth(contacts, mask=kept, score="cvm")
    scores = {round(c.bandwidth.value * chosen.bins): c.score for c in flat.candidates}
    least = min(c.score for c in flat.candidates if not c.rejected)
    assert max(scores[16], scores[32]) < 1.25 * least
    assert not scores[1] < 2 * least  # or rejected
    assert scores[2048] > 2 * least
    result = cp.balance(contacts, "kde", mask=kept, searches=searches)
    assert result.verdict.parts[0].status is cp.Status.CONVERGED
    np.testing.assert_array_equal(np.isfinite(result.weights), kept)
    for method in ("ssk", "kr", "ice"):
        exact = cp.balance(
            contacts, method, scope="cis", ignore_diags=2, mask=kept, on_failure="nan"
        )
        assert not exact.verdict.parts[0].status.balanced


@pytest.mark.parametrize(
    ("method", "score", "factor"),
    [("kde", "excess", 2**-0.2), ("kde", "cvm", 1.0), ("ssk_cv", "excess", 2 ** (-1 / 3))],
)
def test_the_full_map_gets_a_narrower_bandwidth_than_its_folds(
    method: str, score: str, factor: float
) -> None:
    """The factor is the rate at which the best bandwidth falls; the paper's score has none."""
    _, contacts = smooth_map(200, 5_000)
    search = cp.select_bandwidth(contacts, method, ignore_diags=0, score=score)[0]
    assert search.best is not None
    chosen = search.candidates[search.best]
    assert chosen.bandwidth.value > 0
    assert search.bandwidth.value == pytest.approx(chosen.bandwidth.value * factor)
    result = cp.balance(contacts, method, ignore_diags=0, score=score, searches=[search])
    assert result.verdict.parts[0].bandwidth == pytest.approx(search.bandwidth.value * 200)
    assert ("on halves of the contacts" in result.reason) == (factor < 1)


def test_lengths_never_turn_into_fractions() -> None:
    """A bandwidth in a part of several chromosomes is a length, however short."""
    contacts = genome_map({"a": 40, "b": 30}, 5)
    small = replace(contacts, bins=BinTable.fixed(("a", "b"), (40, 30), 1))
    search = cp.select_bandwidth(small, scope="genome", ignore_diags=0, splits=1)[0]
    assert search.candidates[0].full_bandwidth.value == 0
    assert search.candidates[1].bandwidth == Bandwidth(1.0, BandwidthUnit.BASE_PAIRS)
    assert min(candidate.full_bandwidth.value for candidate in search.candidates[1:]) == 1


def test_a_score_that_differs_between_splits_counts_less() -> None:
    lost = Candidate(Bandwidth(0.0), Bandwidth(0.0), np.nan, np.nan, 0, "why")
    shaky = Candidate(Bandwidth(0.01), Bandwidth(0.01), 1.0, 0.3, 9)
    sure = Candidate(Bandwidth(0.1), Bandwidth(0.1), 1.2, 0.1, 9)
    assert choose((lost, shaky, sure), 0.0) == 1
    assert choose((lost, shaky, sure), 2.0) == 2
    assert choose((lost, shaky, sure, lost), 0.0, decisive=False) == 2
    assert choose((lost, lost), 2.0) == 1


@pytest.mark.parametrize("kind", list(Score))
def test_only_the_score_of_this_package_is_cautious(kind: Score) -> None:
    """The paper's score chooses the least mean, without caution."""
    _, contacts = smooth_map(200, 2_000)
    search = cp.select_bandwidth(contacts, ignore_diags=0, score=kind.value, splits=2)[0]
    caution = 2.0 if kind is Score.EXCESS else 0.0
    assert search.best == choose(search.candidates, caution)


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
    """They cost no operator and no draw, and the searches of the others stay as they are."""
    sizes = [40, 1, 1, 2, 30, 1]
    contacts = scaffolds(sizes, 3)
    searched = []
    real = cross_validation.search_bandwidth

    def spy(*arguments: Any) -> Search:
        searched.append(arguments[5])
        return real(*arguments)

    monkeypatch.setattr(cross_validation, "search_bandwidth", spy)
    searches = cp.select_bandwidth(contacts, method, ignore_diags=ignore_diags)
    assert searched == (["s0", "s4"] if ignore_diags else ["s0", "s3", "s4"])
    assert [search.label for search in searches] == [f"s{k}" for k in range(6)]
    lone = searches[1]
    assert (lone.bandwidth, lone.note) == (Bandwidth(0.0), SearchNote.ALL_REJECTED)
    assert "fewer than two bins have contacts" in sentence(lone.fact)
    result = cp.balance(contacts, method, ignore_diags=ignore_diags, searches=searches)
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
    _, search = cp.select_bandwidth(trans_only)
    assert [each.rejected for each in search.candidates] == ["fewer than two bins have contacts"]
    (whole,) = cp.select_bandwidth(trans_only, scope="trans")
    assert len(whole.candidates) > 1


def test_one_pool_of_threads_for_all_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    pools = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            pools.append(self)

    monkeypatch.setattr(cross_validation, "ThreadPoolExecutor", Pool)
    contacts = scaffolds([20] * 4, 7)
    expected = cp.select_bandwidth(contacts)
    assert len(pools) == 1
    monkeypatch.setattr(Pool, "map", lambda self, *arguments: map(*arguments))
    assert content(cp.select_bandwidth(contacts)) == content(expected)
