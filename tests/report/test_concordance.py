"""Concordance of samples: the coefficient of HiCRep, its table, and samples that stand out."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import counterpoise as cp
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.ingest.read import read_contacts
from counterpoise.report.comparison.concordance import correlate, pair_samples, sum_windows
from counterpoise.report.comparison.samples import Balanced, Sample
from counterpoise.report.comparison.strata import MOST_VALUES, Strata, choose_strata
from counterpoise.report.concordance import (
    Concordance,
    find_outliers,
    read_concordance,
    write_concordance,
)
from counterpoise.store.runs import SampleLabels
from tests.support.maps import thin

Matrix = NDArray[np.float64]

SIZE = 10_000


def in_memory(name: str, contacts: Contacts, run: Balanced) -> Sample:
    labels = SampleLabels()
    return Sample(name, labels, contacts.bins, lambda: contacts, run.weighted, {"kr": run})


def make_sample(name: str, upper: Matrix, weights: Matrix, chromosomes: dict[str, int]) -> Sample:
    """Return a sample with the counts of a dense upper triangle and with these weights."""
    sizes = [n * SIZE for n in chromosomes.values()]
    bins = BinTable.fixed(tuple(chromosomes), sizes, SIZE)
    bin1, bin2 = np.nonzero(upper)
    chunk = bin1.astype(np.int32), bin2.astype(np.int32), upper[bin1, bin2]
    contacts = Contacts.from_chunks(bins, [chunk], {})
    verdict = cp.balance(np.ones((4, 4)), "kr", mask=None).verdict
    return in_memory(name, contacts, Balanced.of(verdict, lambda: weights))


def draw_sample(
    name: str, seed: int, chromosomes: dict[str, int], depth: float = 30.0, masked: float = 0.2
) -> Sample:
    """Return a sample of Poisson counts whose structure all samples share."""
    n = sum(chromosomes.values())
    apart = abs(np.subtract.outer(np.arange(n), np.arange(n)))
    structure = np.exp(0.6 * np.sin(np.add.outer(np.arange(n), np.arange(n)) / 3))
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.poisson(depth * structure / (apart + 1))).astype(float)
    weights = np.exp(rng.normal(0, 0.4, n))
    weights[rng.random(n) < masked] = np.nan
    return make_sample(name, upper, weights, chromosomes)


def balance_densely(sample: Sample) -> Matrix:
    """Return the balanced map, zero in masked rows."""
    n = len(sample.open().bins)
    dense = np.zeros((n, n))
    dense[sample.open().rows, sample.open().columns] = sample.open().counts
    dense += np.triu(dense, 1).T
    weights = np.nan_to_num(sample.runs["kr"].weights)
    return dense * np.outer(weights, weights)


def coefficient_of_hicrep(one: Sample, other: Sample, strata: Strata) -> float:
    """Compute the coefficient pair of bins by pair of bins, as the paper defines it."""
    kept = [np.isfinite(sample.runs["kr"].weights) for sample in (one, other)]
    maps = [balance_densely(sample) for sample in (one, other)]
    total = weights = 0.0
    for _, lo, hi in one.open().bins.chromosome_ranges():
        for distance in range(strata.first, strata.end):
            pairs = []
            for i in range(lo, hi - distance):
                j = i + distance
                if not all(flags[i] and flags[j] for flags in kept):
                    continue
                means = []
                for flags, matrix in zip(kept, maps, strict=True):
                    window = [
                        matrix[a, b]
                        for a in range(max(i - strata.window, lo), min(i + strata.window + 1, hi))
                        for b in range(max(j - strata.window, lo), min(j + strata.window + 1, hi))
                        if flags[a] and flags[b] and abs(a - b) >= strata.ignored
                    ]
                    means.append(np.mean(window))
                if any(means):
                    pairs.append(means)
            if len(pairs) > 1:
                values = np.array(pairs).T
                varies = values.var(axis=1) > 1e-12 * (values**2).mean(axis=1)  # not by rounding
                correlation = np.corrcoef(values)[0, 1] if varies.all() else 0.0
                total += (len(pairs) + 1) * correlation
                weights += len(pairs) + 1
    return total / weights if weights else np.nan


@given(st.integers(0, 10**6), st.integers(0, 2), st.integers(0, 2), st.sampled_from([0.3, 30.0]))
def test_the_coefficient_is_that_of_the_definition(
    seed: int, ignored: int, window: int, depth: float
) -> None:
    chromosomes = {"chr1": 21, "chr2": 6, "chr3": 1}
    samples = [draw_sample(name, seed + k, chromosomes, depth) for k, name in enumerate("abc")]
    strata = Strata(ignored, max(ignored, 1), 8, window)
    found = correlate(samples, "kr", strata)
    for a, b in ((0, 1), (0, 2), (1, 2)):
        expected = coefficient_of_hicrep(samples[a], samples[b], strata)
        assert found[a, b] == pytest.approx(expected, abs=1e-4, nan_ok=True)
    np.testing.assert_allclose(found, found.T, rtol=1e-12)


@given(st.integers(0, 10**6))
def test_a_sample_agrees_fully_with_itself_whatever_the_scale_of_its_weights(seed: int) -> None:
    chromosomes = {"chr1": 40, "chr2": 12}
    one, other = (draw_sample(name, seed + k, chromosomes, masked=0) for k, name in enumerate("ab"))
    run = one.runs["kr"]
    scaled = replace(
        one, name="c", runs={"kr": Balanced.of(run.verdict, lambda: 7.3 * run.weights)}
    )
    found = correlate([one, other, scaled], "kr", Strata(2, 2, 10, 1))
    np.testing.assert_allclose(np.diag(found), 1, atol=1e-6)
    assert found[0, 2] == pytest.approx(1, abs=1e-4)
    assert found[0, 1] == pytest.approx(found[2, 1], abs=1e-4)
    assert found[0, 1] < 0.999


def test_deeper_samples_agree_better() -> None:
    chromosomes = {"chr1": 120}
    medians = []
    for depth in (1.0, 10.0, 100.0):
        samples = [draw_sample(str(k), k, chromosomes, depth, 0) for k in range(3)]
        for sample in samples:
            sample.runs["kr"].weights[:] = 1
        medians.append(
            np.median(correlate(samples, "kr", Strata(0, 1, 20, 1))[np.triu_indices(3, 1)])
        )
    assert medians[0] < medians[1] < medians[2]
    assert medians[2] > 0.9


def test_samples_without_weights_have_no_coefficient() -> None:
    chromosomes = {"chr1": 30}
    one, other = (draw_sample(name, k, chromosomes) for k, name in enumerate("ab"))
    one.runs["kr"].weights[:] = np.nan
    found = correlate([one, other], "kr", Strata(0, 1, 6, 0))
    assert np.isnan(found).tolist() == [[True, True], [True, False]]


@given(st.integers(1, 12), st.integers(0, 3), st.integers(1, 5), st.integers(0, 10**6))
def test_sums_over_windows(bins: int, window: int, end: int, seed: int) -> None:
    upper = np.triu(np.random.default_rng(seed).integers(0, 9, (bins, bins)))
    matrix = upper + np.triu(upper, 1).T
    reach = end + 2 * window
    band = np.zeros((reach, bins))
    for k in range(min(reach, bins)):
        band[k, : bins - k] = np.diagonal(matrix, k)
    near = abs(np.subtract.outer(np.arange(bins), np.arange(bins))) < reach
    padded = np.pad(matrix * near, window)
    sums = sum_windows(band, window)
    assert sums.shape == (end, bins)
    for k in range(min(end, bins)):
        for i in range(bins - k):
            side = 2 * window + 1
            assert sums[k, i] == padded[i : i + side, i + k : i + k + side].sum()


# --- against hicrep ----------------------------------------------------------------------------

HICREP = Path(__file__).with_name("hicrep.tsv")


def with_raw_counts(name: str, contacts: Contacts) -> Sample:
    weights = np.ones(len(contacts.bins))
    verdict = cp.balance(np.ones((4, 4)), "kr", mask=None).verdict
    return in_memory(name, contacts, Balanced.of(verdict, lambda: weights))


def made_contacts(shift: int) -> Contacts:
    """Return counts by a formula, so that every numpy has the same."""
    i, j = np.triu_indices(150)
    waves = (i * j * 7 + shift * (3 * i + 11 * j) + i * i) % 23
    counts = ((40 + 3 * waves + (i // 10 + j // 10) % 5 * 20) // (2 + j - i)).astype(float)
    bins = BinTable.fixed(("one",), (150 * SIZE,), SIZE)
    some = counts > 0
    return Contacts.from_chunks(
        bins, [(i[some].astype(np.int32), j[some].astype(np.int32), counts[some])], {}
    )


def hicrep_rows(real: bool) -> list[dict[str, str]]:
    with open(HICREP, encoding="utf-8", newline="") as lines:
        rows = csv.DictReader((line for line in lines if line[0] != "#"), delimiter="\t")
        return [row for row in rows if (row["maps"] == "gm12878") == real]


def agrees(one: Contacts, other: Contacts, row: dict[str, str]) -> None:
    """Compare with a row of the table: raw counts, main diagonal in windows only."""
    samples = [with_raw_counts("one", one), with_raw_counts("other", other)]
    strata = Strata(0, 1, int(row["last"]) + 1, int(row["window"]))
    assert correlate(samples, "kr", strata)[0, 1] == pytest.approx(float(row["scc"]), abs=2e-6)


@pytest.mark.parametrize(
    "row", hicrep_rows(False), ids=lambda row: f"{row['last']}-{row['window']}"
)
def test_made_maps_agree_as_hicrep_says(row: dict[str, str]) -> None:
    agrees(made_contacts(0), made_contacts(1), row)


@pytest.mark.parametrize("row", hicrep_rows(True), ids=lambda row: f"{row['last']}-{row['window']}")
def test_real_replicates_agree_as_hicrep_says(shared_data: Path, row: dict[str, str]) -> None:
    one, other = (
        read_contacts(shared_data / f"gm12878_rao_{name}_chr22_50kb.cool")
        for name in ("primary", "replicate")
    )
    agrees(one, other, row)


def full_matrix(contacts: Contacts) -> sp.coo_matrix:
    n = len(contacts.bins)
    upper = sp.coo_matrix((contacts.counts, (contacts.rows, contacts.columns)), (n, n), np.float64)
    return sp.coo_matrix(upper + sp.triu(upper, 1).T)


def test_the_installed_hicrep_says_so() -> None:
    utils, hicrep = (pytest.importorskip(f"hicrep.{name}") for name in ("utils", "hicrep"))
    for row in hicrep_rows(False):
        maps, window = [full_matrix(made_contacts(shift)) for shift in (0, 1)], int(row["window"])
        smoothed = [utils.meanFilterSparse(each, window) if window else each for each in maps]
        found = hicrep.sccByDiag(*map(sp.coo_matrix, smoothed), int(row["last"]) + 1)
        assert found == pytest.approx(float(row["scc"]), abs=1e-6)


# --- which distances ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "resolution", "ignored", "expected"),
    [
        (249_000_000, 100_000, 2, Strata(2, 2, 51, 3)),
        (249_000_000, 50_000, 0, Strata(0, 1, 101, 6)),
        (249_000_000, 1_000_000, 0, Strata(0, 1, 6, 0)),
        (249_000_000, 49_000, 2, None),
        (249_000_000, 1_100_000, 2, None),
        (1_531_000, 10_000, 2, Strata(2, 2, 52, 3)),
        (1_531_000, 5_000, 2, None),
        (249_000_000, 1_000_000, 6, None),
    ],
)
def test_distances_are_between_5_and_100_bins(
    length: int, resolution: int, ignored: int, expected: Strata | None
) -> None:
    bins = BinTable.fixed(("a", "b"), (length // 3, length), resolution)
    assert choose_strata(bins, ignored, 12) == expected


def test_memory_limits_the_number_of_samples() -> None:
    bins = BinTable.fixed(("a", "b"), (249_000_000, 100_000_000), 100_000)
    most = MOST_VALUES // (50 * 2490)
    assert most > 500
    assert choose_strata(bins, 2, most) is not None
    assert choose_strata(bins, 2, most + 1) is None


def test_bins_of_unequal_length_are_not_compared() -> None:
    bins = BinTable.fixed(("a",), (500_000,), 10_000)
    assert choose_strata(bins, 0, 2) is not None
    assert choose_strata(replace(bins, resolution=None), 0, 2) is None


def test_pairs_are_those_of_samples_with_the_same_longest_chromosome() -> None:
    here, there = {"chr1": 60, "chr2": 20}, {"chr1": 61}
    names = {"a": here, "b": there, "c": here, "d": there, "e": {"chr1": 62}, "f": here}
    samples = [draw_sample(name, k, each) for k, (name, each) in enumerate(names.items())]
    pairs = pair_samples(samples, "kr")
    assert [pair[:2] for pair in pairs] == [("a", "c"), ("a", "f"), ("c", "f"), ("b", "d")]
    assert all(0 < coefficient < 1 for _, _, coefficient in pairs)


# --- the table, and samples that stand out -----------------------------------------------------


def test_the_table_has_each_pair_once(tmp_path: Path) -> None:
    path = tmp_path / "1000.tsv"
    pairs = [("a", "b", 0.123456789), ("a", "c", np.nan), ("b", "c", -0.5)]
    write_concordance(pairs, {"a": "x", "b": "x", "c": ""}, path)
    assert path.read_text().splitlines() == [
        "sample\tother\tscc\tsame_group",
        "a\tb\t0.123457\ttrue",
        "a\tc\t\tfalse",
        "b\tc\t-0.5\tfalse",
    ]
    table = read_concordance(path, 1000)
    assert table.coefficients == {
        ("a", "b"): 0.123457, ("b", "a"): 0.123457, ("b", "c"): -0.5, ("c", "b"): -0.5
    }  # fmt: skip
    assert table.median_with("b", ["a", "b", "c"]) == pytest.approx((0.123457 - 0.5) / 2)
    assert table.median_with("a", ["c"]) is None
    write_concordance([], {}, path)
    assert read_concordance(path, 1000).samples == []


def concordance(scores: dict[str, float], how: Any = min) -> Concordance:
    """Return a table in which two samples agree as the worse of them does, or on average."""
    pairs = {(a, b): how((scores[a], scores[b])) for a in scores for b in scores if a != b}
    return Concordance(50_000, pairs)


GOOD = dict.fromkeys("abcdefghijk", 0.9)


def test_a_sample_that_agrees_with_none_stands_out() -> None:
    found = find_outliers(concordance({**GOOD, "z": 0.3}), dict.fromkeys([*GOOD, "z"], ""))
    assert found == {
        "z": "At 50 kb its map agrees less with those of the cohort than the others do: its median "
        "concordance is 0.30, theirs 0.90."
    }


@pytest.mark.parametrize(("score", "stands_out"), [(0.81, False), (0.79, True)])
def test_a_small_difference_does_not_stand_out(score: float, stands_out: bool) -> None:
    found = find_outliers(concordance({**GOOD, "z": score}), dict.fromkeys([*GOOD, "z"], ""))
    assert bool(found) == stands_out


def test_samples_that_all_differ_do_not_stand_out() -> None:
    scores = dict(zip("abcdefgh", np.linspace(0.3, 0.9, 8), strict=True))
    assert find_outliers(concordance(scores, np.mean), dict.fromkeys(scores, "")) == {}


def test_a_sample_is_compared_with_its_group() -> None:
    """z is like the other group, which is itself no outlier."""
    scores = {**dict.fromkeys("abcd", 0.95), **dict.fromkeys("wxyz", 0.6)}
    groups = {**dict.fromkeys("abcdz", "wild type"), **dict.fromkeys("wxy", "")}
    found = find_outliers(concordance(scores), groups)
    assert set(found) == {"z"}
    assert "those of the group wild type than the others do" in found["z"]


def test_three_samples_are_too_few() -> None:
    scores = {"a": 0.9, "b": 0.9, "z": 0.1}
    assert find_outliers(concordance(scores), dict.fromkeys(scores, "")) == {}
    assert find_outliers(concordance({**scores, "c": 0.9}), dict.fromkeys("abcz", "")) != {}


def test_a_merged_sample_is_no_peer_of_its_members_and_does_not_stand_out() -> None:
    """The sums agree so well that, as peers, they would make their members stand out."""
    members = {f"sum {k}": ["a", "b", "c", "d"] for k in range(5)}
    scores = {**dict.fromkeys("abcd", 0.7), **dict.fromkeys(members, 0.95)}
    groups = dict.fromkeys(scores, "x")
    table = concordance(scores, lambda pair: max(pair) if min(pair) > 0.9 else min(pair))
    assert set(find_outliers(table, groups)) == set("abcd")
    assert find_outliers(table, groups, members) == {}
    bad = concordance({**dict.fromkeys("abcd", 0.9), "sum 0": 0.1})
    assert set(find_outliers(bad, groups)) == {"sum 0"}
    assert find_outliers(bad, groups, members) == {}


def test_samples_that_are_no_longer_in_the_cohort_are_not_compared() -> None:
    table = concordance({**dict.fromkeys("abcd", 0.9), "z": 0.3, "gone": 0.2})
    found = find_outliers(table, dict.fromkeys("abcdz", ""))
    assert found == find_outliers(table.among("abcdz"), dict.fromkeys("abcdz", ""))
    assert set(found) == {"z"}


# --- real maps ---------------------------------------------------------------------------------


def balance_map(name: str, contacts: Contacts) -> Sample:
    mask = cp.mask_bins(contacts)
    result = cp.balance(contacts, "kr", mask=mask.kept)
    return in_memory(name, contacts, Balanced.of(result.verdict, lambda: result.weights))


def halve(name: str, contacts: Contacts, seed: int = 1) -> list[Sample]:
    """Return two samples, each with half of the contacts."""
    counts = contacts.counts.astype(np.int64)
    first = np.random.default_rng(seed).binomial(counts, 0.5)
    halves = [replace(contacts, counts=each.astype(np.uint16)) for each in (first, counts - first)]
    return [balance_map(f"{name} {k}", half) for k, half in enumerate(halves)]


def test_replicates_agree(shared_data: Path) -> None:
    samples = [
        balance_map(name, read_contacts(shared_data / f"gm12878_rao_{name}_chr22_50kb.cool"))
        for name in ("primary", "replicate")
    ]
    [(_, _, coefficient)] = pair_samples(samples, "kr")
    assert coefficient == pytest.approx(0.994, abs=1e-3)


def test_a_knock_out_agrees_less_with_its_control_than_halves_of_each_do(shared_data: Path) -> None:
    samples = []
    for name in ("control", "KO"):
        contacts = read_contacts(shared_data / f"Scc1-{name}.10000.cool", 100_000)
        samples += halve(name, contacts)
    found = {(one, other): value for one, other, value in pair_samples(samples, "kr")}
    same = found.pop(("control 0", "control 1")), found.pop(("KO 0", "KO 1"))
    assert same == (pytest.approx(0.69, abs=0.02), pytest.approx(0.81, abs=0.02))
    assert list(found.values()) == [pytest.approx(0.13, abs=0.02)] * 4


def test_a_library_that_failed_stands_out(shared_data: Path) -> None:
    yeast = read_contacts(shared_data / "yeast.10kb.cool")
    rng = np.random.default_rng(1)
    samples = [balance_map(f"y{k}", thin(yeast, 0.05, rng)) for k in range(11)]
    samples.append(balance_map("failed", thin(yeast, 0.001, rng)))
    pairs = pair_samples(samples, "kr")
    assert min(value for _, other, value in pairs if other != "failed") > 0.97
    both_ways = {pair: v for a, b, v in pairs for pair in ((a, b), (b, a))}
    found = find_outliers(Concordance(10_000, both_ways), {each.name: "" for each in samples})
    assert set(found) == {"failed"}
    assert "its median concordance is 0.71, theirs 0.98" in found["failed"]
