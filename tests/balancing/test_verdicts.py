"""The verdicts on real and bad maps, held against the table in the README of the shared data.

"Which maps can be balanced exactly": all contacts at once unless said otherwise, no diagonal
dropped, empty bins alone masked. The numbers of entries and rows are the README's.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import h5py
import numpy as np
import pytest

import counterpoise as cp
from benchmarks.verdicts import EMPTY, NO_SUPPORT, SUPPORT_ONLY, TOTAL, Line, line
from counterpoise.contacts.selection import Scope
from counterpoise.records.facts import CloseEnough, NoSupport, NoTotalSupport
from tests.support import REPOSITORY
from tests.support.maps import random_map
from tests.support.real_maps import HUMAN, OLD, RNA, SPARSE, TOTALS

# With the number of entries outside every perfect matching, where the README has one.
SUPPORT_ONLYS = {
    "gm12878_raw_values.cool": 2373,
    "hg19.GM12878-MboI.matrix.2000kb.cool": None,
    **{f"{SPARSE}{level}": None for level in (1000000, 2500000)},
    "scer_w303_g1_2kb_SRR8769554.cool": 7612,
    **{f"{HUMAN}{level}": None for level in (100000, 200000, 400000, 800000)},
    "chromosight_example.cool": None,
    "yeast_duan2009_10kb.cool": 656,
    "unittest_matrix_2.cool": None,
    **{f"{OLD}{level}": None for level in (3, 4)},
}
# With the number of rows that are short of a partner, where the README has one.
NO_SUPPORTS = {
    "kr_full.cool": None,
    "hesc_dixon_chr1_40kb.cool": 2,
    "FL-E13-5_chr1.cool": None,
    "hicstuff_mat.cool": None,
    RNA: None,
}
BY_CHROMOSOME = {
    f"{HUMAN}100000": {TOTAL: 11, SUPPORT_ONLY: 12, NO_SUPPORT: 1},
    "scer_w303_g1_2kb_SRR8769554.cool": {TOTAL: 7, SUPPORT_ONLY: 10},
    "gm12878_raw_values.cool": {TOTAL: 25},
    # One part that has contacts, and the chromosome that was emptied.
    "bad/one_chromosome_empty.cool": {TOTAL: 1, EMPTY: 1},
    "intra-removed.cool": {EMPTY: 3},
}
BAD = {
    "two_blocks": TOTAL,
    "arrow_zero_diagonal": NO_SUPPORT,
    "arrow_full_diagonal": TOTAL,
    "support_not_total": SUPPORT_ONLY,
    "bipartite_unequal": NO_SUPPORT,
    "bipartite_equal": TOTAL,
    "diagonal_only": TOTAL,
    "tridiagonal_only": TOTAL,
    "one_bin_hanging_by_one_contact": SUPPORT_ONLY,
    "toy.symm.upper.var": NO_SUPPORT,
    "control_good": TOTAL,
    "counts_over_int32": TOTAL,
    "single_bin": TOTAL,
    "one_chromosome_empty": TOTAL,
}


def judged(folder: Path, name: str, scope: Scope = Scope.GENOME) -> Line:
    return line(name, "", cp.read_contacts(str(folder / name)), scope)


def obstacle(entry: Line) -> NoSupport | NoTotalSupport:
    """The fact that rules out an exact balancing of the only part."""
    (fact,) = (
        fact
        for fact in entry.verdict.parts[0].facts
        if isinstance(fact, NoSupport | NoTotalSupport)
    )
    return fact


def number_before(words: str, reason: str) -> int:
    match = re.search(rf"([\d,]+) {words}", reason)
    assert match is not None, reason
    return int(match[1].replace(",", ""))


def check(entry: Line, decision: str) -> None:
    """The decision, and a verdict of KR that agrees with it and names bins."""
    assert entry.decisions == {decision: 1}
    part = entry.verdict.parts[0]
    if decision == TOTAL:
        assert part.status is cp.Status.CONVERGED, part.reason
        assert part.max_deviation is not None
        assert part.max_deviation < 1e-7
        return
    cause = {SUPPORT_ONLY: "no_total_support", NO_SUPPORT: "no_support"}[decision]
    assert (part.status, part.cause) == (cp.Status.FAILED, cause)
    assert part.matvecs == 1
    assert re.search(r"\d bins? \(.*:[\d,]+-[\d,]+.*\) ha(s|ve) contacts with only", part.reason)
    fact = obstacle(entry)
    assert fact.code == cause
    assert all(re.fullmatch(r".*:[\d,]+-[\d,]+", name) for name in fact.bins)


@pytest.mark.parametrize("name", TOTALS)
def test_total_support(shared_data: Path, name: str) -> None:
    check(judged(shared_data, name), TOTAL)


@pytest.mark.parametrize("name", SUPPORT_ONLYS)
def test_support_but_not_total_support(shared_data: Path, name: str) -> None:
    entry = judged(shared_data, name)
    check(entry, SUPPORT_ONLY)
    outside = SUPPORT_ONLYS[name]
    fact = obstacle(entry)
    assert isinstance(fact, NoTotalSupport)
    assert fact.entries == outside if outside else fact.entries > 0
    assert number_before(r"bins? \(", entry.verdict.reason) == fact.blocking


@pytest.mark.parametrize("name", NO_SUPPORTS)
def test_no_support(shared_data: Path, name: str) -> None:
    entry = judged(shared_data, name)
    check(entry, NO_SUPPORT)
    fact, reason = obstacle(entry), entry.verdict.reason
    assert isinstance(fact, NoSupport)
    assert number_before(r"bins? \(", reason) == fact.blocking
    assert number_before("bins?, too few", reason) == fact.partners
    short = fact.blocking - fact.partners
    rows = NO_SUPPORTS[name]
    assert short == rows if rows else short > 0


@pytest.mark.parametrize("name", BY_CHROMOSOME)
def test_by_chromosome(shared_data: Path, name: str) -> None:
    entry = judged(shared_data, name, Scope.CIS)
    assert entry.decisions == BY_CHROMOSOME[name]
    causes = {"no_total_support": SUPPORT_ONLY, "no_support": NO_SUPPORT, "": TOTAL, "empty": EMPTY}
    assert Counter(causes[part.cause] for part in entry.verdict.parts) == entry.decisions


@pytest.mark.parametrize("name", BAD)
def test_bad_maps(shared_data: Path, name: str) -> None:
    check(judged(shared_data, f"bad/{name}.cool"), BAD[name])


@pytest.mark.parametrize("name", ["hesc_dixon_chr1_40kb.cool", *SUPPORT_ONLYS])
def test_dropping_the_sparsest_bins_is_enough(shared_data: Path, name: str) -> None:
    """Each map balances after the first of Juicer's steps, which drops 1 % of the bins."""
    contacts = cp.read_contacts(str(shared_data / name))
    result = cp.balance(contacts, "kr", mask=None, scope="genome", on_failure="drop")
    part = result.verdict.parts[0]
    assert part.status is cp.Status.CONVERGED, part.reason
    assert part.drop_percentile == 1
    filled = cp.balance(contacts, "vc", mask=None, scope="genome").weights
    assert part.kept == np.isfinite(result.weights).sum()
    assert part.dropped == np.isfinite(filled).sum() - part.kept


def write_arrow(path: Path) -> None:
    """A cooler of five bins, the first in contact with each of the others."""
    with h5py.File(path, "w") as file:
        file.attrs.update({"bin-type": "fixed", "bin-size": 10})
        file["chroms/name"], file["chroms/length"] = np.array(["one"], "S"), [50]
        file["bins/chrom"] = np.zeros(5, np.int32)
        file["bins/start"], file["bins/end"] = np.arange(5) * 10, np.arange(1, 6) * 10
        file["pixels/bin1_id"], file["pixels/bin2_id"] = np.zeros(4, int), np.arange(1, 5)
        file["pixels/count"] = np.arange(1, 5)


def test_the_command_prints_a_line_for_each_map(tmp_path: Path) -> None:
    write_arrow(tmp_path / "arrow.cool")
    (tmp_path / "broken.cool").write_text("no cooler")
    command = [sys.executable, "-m", "benchmarks.verdicts", str(tmp_path), "genome", "trans"]
    root = REPOSITORY
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    rows = [row.split(" | ") for row in done.stdout.splitlines()[2:]]
    start = [[cell.strip("| ") for cell in row[:5]] for row in rows]
    assert start == [
        ["arrow.cool", "10", "genome", NO_SUPPORT, "failed"],
        ["arrow.cool", "10", "trans", EMPTY, "empty"],
        ["broken.cool", "-", "-", "-", "not read"],
    ]
    assert "4 bins (one:10-20" in done.stdout


# --- close enough -----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["ssk", "kde"])
def test_a_part_that_stops_just_above_its_tolerance_is_converged_with_a_note(method: str) -> None:
    matrix = random_map(80, 12)
    settings = {"bandwidth": 0.05} if method == "kde" else {}
    exact = cp.balance(matrix, method, **settings)
    assert exact.status is cp.Status.CONVERGED
    assert not exact.verdict.parts[0].facts
    fewer = exact.iterations - 3
    close = cp.balance(matrix, method, max_iterations=fewer, **settings)
    assert close.status is cp.Status.CONVERGED
    assert np.isfinite(close.weights).all()
    np.testing.assert_allclose(close.weights, exact.weights, rtol=1e-5)
    (fact,) = close.verdict.parts[0].facts
    assert isinstance(fact, CloseEnough)
    assert 1e-8 < fact.deviation < 1e-6
    assert fact.tolerance == 1e-8
    assert fact.median_error == pytest.approx(close.verdict.median_se, rel=0.05)
    assert "far below the noise of the weights" in close.reason
    assert close.matvecs == fewer + 2  # raw row sums, and the final ones
    far = cp.balance(matrix, method, max_iterations=8, on_failure="nan", **settings)
    assert (far.status, far.verdict.parts[0].cause) == ("not_converged", "limit")


def test_kr_compares_the_norm_of_all_deviations() -> None:
    """Its tolerance is one of the 2-norm, which 400 equal deviations make 20 times as large."""
    rng = np.random.default_rng(0)
    upper = np.triu(rng.poisson(5, (400, 400)))
    matrix = upper + np.triu(upper, 1).T
    fewest = cp.balance(matrix, "kr").matvecs
    seen = set()
    for products in range(3, fewest):
        result = cp.balance(matrix, "kr", max_products=products)
        norm = result.verdict.rms_deviation * result.verdict.kept**0.5
        close = [fact for fact in result.verdict.parts[0].facts if isinstance(fact, CloseEnough)]
        assert bool(close) == (1e-8 < norm < 1e-6), (products, norm)
        for fact in close:
            assert fact.deviation == pytest.approx(norm, rel=1e-6)
            assert "2-norm" in result.reason
        seen.add(bool(close))
    assert seen == {False, True}


def test_smoothed_deviations_are_called_so() -> None:
    matrix = random_map(80, 12)
    enough = cp.balance(matrix, "kde", bandwidth=0.05).iterations
    result = cp.balance(matrix, "kde", bandwidth=0.05, max_iterations=enough - 3)
    assert result.reason.startswith("Smoothed row sums differ from one by up to"), result.reason


def test_what_is_close_enough_depends_on_the_noise() -> None:
    """A map of a million times the depth has errors a thousand times smaller."""
    deep = cp.balance(
        random_map(80, 12) * 1e12, "ssk", solver="plain", max_iterations=26, on_failure="nan"
    )
    assert deep.status is cp.Status.NOT_CONVERGED
    assert deep.verdict.max_deviation < 1e-6


def test_the_rule_of_cooler_has_no_floor() -> None:
    matrix = random_map(80, 12)
    products = cp.balance(matrix, "ice", tolerance="cooler").iterations
    result = cp.balance(matrix, "ice", tolerance="cooler", max_iterations=products - 1)
    assert result.status is cp.Status.NOT_CONVERGED
