"""Why nothing is balanced: the mask, the diagonals or the scope, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import counterpoise as cp
from counterpoise.balancing.bin_size import Required
from counterpoise.balancing.emptiness import count_masked
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.records.facts import Empty, EmptyCause, FewWeights, LargerBins, Masked

BINS = 40  # of each chromosome


def make_map(matrix: NDArray[np.int64], chromosomes: int = 2) -> Contacts:
    """Make a map with bins of 10 kb of a symmetric matrix."""
    names = tuple(f"chr{number + 1}" for number in range(chromosomes))
    size = len(matrix) // chromosomes * 10_000
    rows, columns = np.nonzero(np.triu(matrix))
    pixels = (rows.astype(np.int32), columns.astype(np.int32), matrix[rows, columns])
    table = BinTable.fixed(names, (size,) * chromosomes, 10_000)
    return Contacts.from_chunks(table, [pixels], {})


def counts(between: bool = True, within: bool = True, near_only: bool = False) -> NDArray[np.int64]:
    """Return the counts of two chromosomes with some contacts, all of them equal."""
    bins = np.arange(2 * BINS)
    same = bins[:, None] // BINS == bins // BINS
    near = abs(bins[:, None] - bins) < 2
    matrix = np.where(same, within, between) & (near | (not near_only))
    return 30 * matrix.astype(np.int64)


@pytest.mark.parametrize(
    ("matrix", "method", "settings", "cause", "words"),
    [
        (np.zeros((80, 80), int), "kr", {}, EmptyCause.NO_CONTACTS, "There are no contacts to"),
        (counts(), "kr", {"mask": {"min_nnz": 500}}, EmptyCause.MASKED,
         "The mask removed all 80 bins with contacts: 80 by min_nnz (500). Lower min_nnz."),
        (counts(), "ice", {"mask": {"min_count": 10_000}}, EmptyCause.MASKED,
         "80 by min_count (10,000). Lower min_count."),
        (counts(), "ice", {"mask": np.zeros(80, bool)}, EmptyCause.MASKED,
         "The mask removed all 80 bins with contacts."),
        (counts(between=False, near_only=True), "kr", {}, EmptyCause.MASKED,
         "80 with contacts only on the 2 diagonals that it ignores. Set mask.ignore_diags: 0."),
        (counts(between=False, near_only=True), "kr", {"ignore_diags": 2, "mask": None},
         EmptyCause.ON_DIAGONALS, "lie on the 2 ignored diagonals. Set ignore_diags: 0"),
        (counts(between=False), "ice", {"scope": "trans"}, EmptyCause.NO_TRANS,
         "The map has no contacts between chromosomes."),
        (counts(within=False), "kr", {}, EmptyCause.NO_CIS, "All contacts are between chromosomes"),
    ],
)  # fmt: skip
def test_the_reason_says_why_nothing_is_balanced(
    matrix: NDArray[np.int64], method: str, settings: dict[str, Any], cause: EmptyCause, words: str
) -> None:
    result = cp.balance(make_map(matrix), method, **settings)
    assert result.status is cp.Status.EMPTY
    for part in result.verdict.parts:
        (fact,) = part.facts
        assert isinstance(fact, Empty)
        assert fact.cause is cause
    assert words in result.reason


def test_a_map_of_one_chromosome_has_no_contacts_between_chromosomes() -> None:
    result = cp.balance(make_map(counts(), chromosomes=1), "ice", scope="trans")
    assert result.reason.startswith("The map has one chromosome")


def test_the_bins_that_are_kept_may_share_no_contacts() -> None:
    given = np.zeros(80, bool)
    given[[3, 70]] = True
    result = cp.balance(make_map(counts(between=False)), "ice", mask=given)
    assert result.reason == (
        "The 2 that the mask keeps of 80 bins with contacts share none that are used here."
    )


def test_a_fitness_says_what_the_mask_removed() -> None:
    matrix = counts()
    matrix[:30, 40:] = matrix[40:, :30] = 0  # 30 bins have contacts with 40 bins
    result = cp.balance(make_map(matrix), "kr", mask={"min_nnz": 60})
    (few, *_) = result.verdict.fitness_causes
    assert few == FewWeights(10, 80, 0.5, (Masked("min_nnz", 70, 60),))
    assert all(not getattr(cause, "masked", ()) for cause in result.verdict.parts[0].fitness_causes)


def test_blacklisted_bins_are_counted(tmp_path: Path) -> None:
    blacklist = tmp_path / "all.bed"
    blacklist.write_text("chr1\t0\t400000\nchr2\t0\t400000\n")
    result = cp.balance(make_map(counts()), "ice", mask={"blacklist": str(blacklist)})
    assert result.reason.endswith(": 80 by the blacklist. Check the blacklist.")


@pytest.mark.parametrize(
    ("matrix", "regions"),
    [
        (counts(), "chr1\t0\t10000\n"),  # the only bin of the region has no other to share contacts
        (np.pad(counts()[:40, :40], (0, 40)), "chr2\t0\t400000\n"),  # bins without contacts
        (counts(between=False, near_only=True), "chr1\t0\t400000\nchr2\t0\t400000\n"),
    ],
)
def test_regions_that_leave_nothing_are_named(
    tmp_path: Path, matrix: NDArray[np.int64], regions: str
) -> None:
    file = tmp_path / "regions.bed"
    file.write_text(regions)
    filters = {"min_nnz": 0, "mad_max": 0, "regions": str(file)}
    result = cp.balance(make_map(matrix), "ice", mask=filters)
    assert result.status is cp.Status.EMPTY
    assert result.reason.startswith("Inside the regions of the mask no contacts are left")


def test_a_filter_that_removes_all_bins_of_regions_is_named(tmp_path: Path) -> None:
    file = tmp_path / "regions.bed"
    file.write_text("chr1\t0\t400000\n")
    filters = {"min_nnz": 500, "regions": str(file)}
    result = cp.balance(make_map(counts()), "ice", mask=filters)
    assert "The mask removed all 40 bins with contacts: 40 by min_nnz (500)" in result.reason


def test_a_mask_that_counts_within_chromosomes_only_is_named() -> None:
    result = cp.balance(make_map(counts(within=False)), "ice", mask={"cis_only": True})
    assert result.reason.endswith("80 without a contact that it counts. Set mask.cis_only: false.")


def test_chromosomes_that_are_empty_for_several_causes_have_no_common_one() -> None:
    """The mask removes all bins of chr1, and all contacts of chr2 are on ignored diagonals."""
    matrix = counts(between=False)
    matrix[:40, :40] = np.where(matrix[:40, :40] > 0, 1, 0)
    matrix[40:, 40:] = 3000 * np.eye(40, dtype=int)
    result = cp.balance(
        make_map(matrix), "ice", scope="cis", mask={"min_count": 200, "ignore_diags": 0}
    )
    causes = [fact.cause for part in result.verdict.parts for fact in part.facts]
    assert causes == [EmptyCause.MASKED, EmptyCause.ON_DIAGONALS]
    assert "No chromosome has a bin left to balance." in result.reason
    assert "with contacts share" not in result.reason


def test_kept_bins_without_contacts_are_not_counted() -> None:
    matrix = np.zeros((80, 80), int)
    matrix[0, 5] = matrix[5, 0] = 30
    result = cp.balance(make_map(matrix), "ice", mask=np.arange(80) > 0)
    assert "The only bin that the mask keeps of 2 bins with contacts" in result.reason


def test_a_mask_without_summary_tells_nothing() -> None:
    assert count_masked({}, 80) == ()
    reasons = {"kept": 3, "empty": 7, "mad": 2}
    settings = {"mad_max": 5.0, "ignore_diags": 2}
    assert count_masked({"reasons": reasons, "settings": settings}, 6) == (
        Masked("mad_max", 2, 5.0),
        Masked("empty", 1, 2),
    )


def sparse_map() -> Contacts:
    """Make a map with few contacts for bins of 10 kb, with decay."""
    bins = np.arange(300)
    same = bins[:, None] // 150 == bins // 150
    decay = 3 / (1 + abs(bins[:, None] - bins))
    drawn = np.random.default_rng(1).poisson(np.where(same, decay, 0.005))
    return make_map(np.triu(drawn) + np.triu(drawn, 1).T)


@pytest.mark.parametrize(("min_nnz", "is_suggested"), [(10, True), (28, False), (300, False)])
def test_larger_bins_are_expected_to_pass_the_mask(min_nnz: int, is_suggested: bool) -> None:
    notes = cp.balance(sparse_map(), "kr", mask={"min_nnz": min_nnz}).verdict.notes
    assert [type(note) for note in notes] == [LargerBins] * is_suggested


def test_no_larger_bins_mend_a_map_of_the_diagonal() -> None:
    """Those of all sizes have all their contacts on the diagonal, which the mask ignores."""
    drawn = np.random.default_rng(1).poisson(20, 300)
    result = cp.balance(make_map(np.diag(drawn)), "kr")
    assert result.status is cp.Status.EMPTY
    assert result.verdict.notes == ()


def test_bins_without_enough_partners_may_get_them_from_larger_ones() -> None:
    drawn = np.random.default_rng(1).poisson(0.02, (600, 600))
    result = cp.balance(make_map(np.triu(drawn) + np.triu(drawn, 1).T), "kr", mask={"min_nnz": 30})
    assert result.status is cp.Status.EMPTY
    assert isinstance(result.verdict.notes[0], LargerBins)


def test_what_a_mask_requires() -> None:
    lengths = np.array([20, 10])
    assert Required().allow(lengths, 0)
    assert Required(partners=20).allow(lengths, 100)
    assert not Required(partners=20, cis_only=True).allow(lengths, 100)
    assert not Required(partners=30, ignore_diags=2).allow(lengths, 1e9)
    assert not Required(partners=20).allow(lengths, 40)
    assert Required(contacts=40).allow(lengths, 40)
    assert not Required(contacts=41).allow(lengths, 40)
    settings = {"min_nnz": 3, "min_count": 4, "ignore_diags": 1, "cis_only": True, "mad_max": 5}
    assert Required.of({"settings": settings}) == Required(3, 4, 1, True)
    assert Required.of({}) == Required()
