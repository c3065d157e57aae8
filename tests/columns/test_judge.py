"""The convention, scope and faults of a column follow from its row sums."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import counterpoise as cp
from counterpoise.columns.judge import ColumnVerdict, Kind, judge_columns
from counterpoise.columns.measure import measure_columns
from counterpoise.columns.readers import Convention, wrong_readers
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope
from counterpoise.methods import methods
from counterpoise.methods.base import EqualSumsSettings, Method, MethodSettings, Problem, Solution
from counterpoise.records.verdict import Status
from tests.support.maps import genome_map

MULTIPLICATIVE, DIVISIVE = Convention.MULTIPLICATIVE, Convention.DIVISIVE


@pytest.fixture(scope="module")
def contacts() -> Contacts:
    return genome_map({"chr1": 90, "chr2": 60, "chr3": 40}, 5)


def judge(contacts: Contacts, values: NDArray[np.float64], **attributes: Any) -> ColumnVerdict:
    name = attributes.pop("name", "X")
    return judge_columns(contacts, {name: values}, {name: attributes})[0]


@pytest.mark.parametrize("ignore_diags", [0, 1, 2])
@pytest.mark.parametrize("scope", ["genome", "cis"])
@pytest.mark.parametrize("convention", list(Convention))
def test_convention_scope_and_diagonals(
    contacts: Contacts, convention: Convention, scope: str, ignore_diags: int
) -> None:
    weights = cp.balance(contacts, "kr", scope=scope, ignore_diags=ignore_diags).weights
    values = weights if convention is MULTIPLICATIVE else 7 / weights
    verdict = judge(contacts, values)
    assert verdict.kind is Kind.BALANCED
    assert (verdict.convention, verdict.scope) == (convention, scope)
    assert verdict.ignore_diags == ignore_diags
    assert verdict.deviation is not None
    assert verdict.deviation < 1e-6
    assert verdict.weighted == verdict.with_contacts


@pytest.mark.parametrize("method", ["kr", "ice"])
def test_trans_with_and_without_weighting_by_size(contacts: Contacts, method: str) -> None:
    verdict = judge(contacts, cp.balance(contacts, method, scope="trans").weights)
    assert (verdict.kind, verdict.scope) == (Kind.BALANCED, Scope.TRANS)
    assert verdict.deviation is not None
    assert verdict.deviation < 1e-4


@pytest.mark.parametrize(
    ("method", "kind"), [("vc", Kind.COVERAGE), ("vc_sqrt", Kind.SQRT_COVERAGE)]
)
@pytest.mark.parametrize("convention", list(Convention))
def test_coverage(contacts: Contacts, method: str, kind: Kind, convention: Convention) -> None:
    some = np.arange(len(contacts.bins)) % 7 > 0
    for mask in (None, some):
        weights = cp.balance(contacts, method, mask=mask).weights
        verdict = judge(contacts, weights if convention is MULTIPLICATIVE else 1 / weights)
        assert (verdict.kind, verdict.convention, verdict.scope) == (kind, convention, Scope.CIS)


def test_the_deviation_is_that_of_a_dense_matrix(contacts: Contacts) -> None:
    rng = np.random.default_rng(3)
    values = rng.uniform(0.5, 2, len(contacts.bins))
    values[[3, 70]] = np.nan
    values[5] = 0
    fits = measure_columns(contacts, {"X": values})["X"]
    assert fits == sorted(fits)
    matrix = contacts.full_matrix().toarray()
    place, ids = np.arange(len(values)), contacts.bins.chromosome_ids
    distance = np.abs(np.subtract.outer(place, place))
    same = ids[:, None] == ids
    checked = 0
    for fit in fits:
        choice = fit.choice
        if fit.power or choice.scope is Scope.TRANS:
            continue
        used = matrix * (distance >= choice.ignore_diags)
        used = used * same if choice.scope is Scope.CIS else used
        with np.errstate(divide="ignore"):
            w = values if fit.convention is MULTIPLICATIVE else 1 / values
        u = np.where(np.isfinite(w) & (values > 0), w, 0)
        sums, known = u * (used @ u), u > 0
        groups = [known & (ids == k) for k in range(3)] if choice.scope is Scope.CIS else [known]
        squares = sum(((sums[g] / sums[g].mean() - 1) ** 2).sum() for g in groups)
        assert fit.deviation == pytest.approx((squares / known.sum()) ** 0.5, rel=1e-9)
        checked += 1
    assert checked == 12


def test_a_few_weights_tell_nothing(contacts: Contacts) -> None:
    weights = np.full(len(contacts.bins), np.nan)
    weights[:3] = (0.7, 1.0, 1.0)
    verdict = judge(contacts, weights)
    assert (verdict.kind, verdict.convention, verdict.imbalance) == (Kind.UNKNOWN, None, "")
    assert verdict.faults == (
        f"Only 3 of {verdict.with_contacts} bins with contacts have a weight, too few to tell what "
        "it is.",
    )


def test_levels_of_which_row_sums_tell_nothing() -> None:
    """A level of one bin, and chromosomes of one bin each."""
    one = genome_map({"chr1": 1}, 5)
    many = genome_map({f"chr{number}": 1 for number in range(12)}, 5, 3)
    cis = {"method": "kr", "scope": "cis", "divisive_weights": False}
    assert judge(one, np.array([0.5])).imbalance == ""
    alone = np.random.default_rng(1).uniform(0.2, 0.9, 12)
    assert judge(many, alone, **cis).imbalance == ""
    assert judge(many, alone).imbalance
    assert judge(many, alone, **{**cis, "scope": "genome"}).imbalance


def test_one_value_for_all_bins() -> None:
    """It balances a map whose row sums are equal, and no other."""
    even = Contacts.from_matrix(np.full((12, 12), 7))
    assert (judge(even, np.ones(12)).kind, judge(even, np.ones(12)).imbalance) == ("uniform", "")
    assert judge(genome_map({"chr1": 40}, 5), np.ones(40)).imbalance.startswith("It has one value")


def test_faults(contacts: Contacts) -> None:
    weights = cp.balance(contacts, "kr").weights
    empty = judge(contacts, np.full_like(weights, np.nan))
    assert (empty.kind, empty.convention) == (Kind.EMPTY, None)
    assert empty.faults == ("It has no value for any bin with contacts.",)
    assert judge(contacts, np.ones_like(weights)).kind is Kind.UNIFORM
    stale = judge(contacts, weights[::-1].copy(), divisive_weights=False)
    assert stale.kind is Kind.UNKNOWN
    assert "does not balance this map" in stale.faults[0]
    assert "computed from other contacts" in stale.faults[0]
    zeros = weights.copy()
    zeros[[1, 2]] = 0
    verdict = judge(contacts, zeros, name="weight")
    assert verdict.faults == ("The value of 2 bins with contacts is infinite, zero or below.",)
    assert verdict.weighted == verdict.with_contacts - 2
    false = judge(contacts, weights, name="weight", divisive_weights=True)
    assert "Its attribute divisive_weights says that it is divisive." in false.faults


def test_kernel_weights_are_told_by_their_attributes(contacts: Contacts) -> None:
    result = cp.balance(contacts, "kde", bandwidth=0.1)
    attributes = {"method": "kde", "scope": "cis", "divisive_weights": False}
    verdict = judge(contacts, result.weights, name="KDE", **attributes)
    assert (verdict.kind, verdict.convention) == (Kind.KERNEL, MULTIPLICATIVE)
    assert verdict.faults == ()


@pytest.mark.parametrize(
    ("name", "attributes", "truth", "wrong"),
    [
        ("weight", {}, MULTIPLICATIVE, set()),
        ("weight", {"divisive_weights": True}, MULTIPLICATIVE, {"hictk"}),
        ("weight", {}, DIVISIVE, {"cooler", "hictk", "HiCExplorer"}),
        ("KR", {}, DIVISIVE, set()),
        ("KR", {}, MULTIPLICATIVE, {"cooler", "hictk", "HiCExplorer"}),
        ("KR", {"divisive_weights": False}, MULTIPLICATIVE, {"cooler", "HiCExplorer"}),
        ("GW_KR", {}, DIVISIVE, {"cooler", "HiCExplorer"}),
        ("SCALE", {"divisive_weights": False}, MULTIPLICATIVE, set()),
        ("KDE", {"divisive_weights": False}, MULTIPLICATIVE, set()),
        ("KDE", {}, MULTIPLICATIVE, {"hictk"}),
        ("VC_SQRT", {}, DIVISIVE, {"HiCExplorer"}),
    ],
)
def test_readers(name: str, attributes: dict[str, Any], truth: Convention, wrong: set[str]) -> None:
    assert set(wrong_readers(name, attributes, truth)) == wrong


REGIONS = [["chr1", 5_000, 35_000], ["chr1", 35_000, 80_000], ["chr3", 0, 40_000]]


@pytest.fixture
def separate(contacts: Contacts, tmp_path: Path) -> dict[str, Any]:
    """Settings of a mask whose regions are balanced separately."""
    bed = tmp_path / "regions.bed"
    bed.write_text("".join("\t".join(map(str, each)) + "\n" for each in REGIONS))
    return {"regions": str(bed), "separate_regions": True, "min_nnz": 0, "mad_max": 0}


@pytest.mark.parametrize(
    ("method", "kind"), [("kr", Kind.BALANCED), ("vc", Kind.COVERAGE), ("kde", Kind.KERNEL)]
)
def test_regions_that_were_balanced_separately(
    contacts: Contacts, separate: dict[str, Any], method: str, kind: Kind
) -> None:
    weights = cp.balance(contacts, method, mask=separate, scope="cis").weights
    stated = {"method": method, "scope": "cis", "divisive_weights": False}
    verdict = judge(contacts, weights, **stated, regions=json.dumps(REGIONS), name="weight")
    assert (verdict.kind, verdict.scope, verdict.faults) == (kind, Scope.CIS, ())
    assert "each of 3 regions" in verdict.describe()
    assert verdict.to_dict()["regions"] == 3
    # The row sums of each region alone, by the dense matrix.
    matrix, squares, number = contacts.full_matrix().toarray(), 0.0, 0
    ignore_diags = methods()[method].settings().ignore_diags
    for chromosome, start, end in REGIONS:
        offset = int(contacts.bins.offsets[contacts.bins.chromosomes.index(chromosome)])
        part = slice(offset + start // 1000, offset + end // 1000)
        u, place = np.nan_to_num(weights[part]), np.arange(part.stop - part.start)
        far = np.abs(np.subtract.outer(place, place)) >= ignore_diags
        sums = (u * ((matrix[part, part] * far) @ u))[u > 0]
        squares, number = squares + sums.var() / sums.mean() ** 2 * len(sums), number + len(sums)
    if kind is not Kind.COVERAGE:
        assert verdict.deviation == pytest.approx((squares / number) ** 0.5, rel=1e-6, abs=1e-9)
    if kind is Kind.BALANCED:  # nothing but the record of the regions tells them
        alone = judge(contacts, weights, **stated, name="weight")
        assert (alone.kind, alone.to_dict()["regions"]) == (Kind.UNKNOWN, None)


@pytest.mark.parametrize(
    "record",
    [
        *("", "no JSON", "[1]", '[["chr1", "a", 2]]', 7, '[["X", 1, 2]]'),
        *(pytest.param("[" * 5000, id="brackets"), pytest.param("1" * 5000, id="digits")),
    ],
)
def test_an_attribute_regions_of_another_program(contacts: Contacts, record: Any) -> None:
    weights = cp.balance(contacts, "kr").weights
    stated = {"scope": "cis", "method": "kr", "settings": record, "regions": record}
    verdict = judge(contacts, weights, **stated, name="weight")
    assert (verdict.kind, verdict.to_dict()["regions"]) == (Kind.BALANCED, None)


@pytest.mark.parametrize("diagonal", [1, 2])
@pytest.mark.parametrize("ignore_diags", [0, 4])
def test_contacts_that_attributes_state(
    contacts: Contacts, ignore_diags: int, diagonal: int
) -> None:
    settings = {"ignore_diags": ignore_diags, "ignore_diags_trans": False, "diagonal": diagonal}
    weights = cp.balance(contacts, "ice", mask=None, scope="genome", **settings).weights
    stated = {"method": "ice", "scope": "genome", "ignore_diags": ignore_diags}
    verdict = judge(contacts, weights, **stated, settings=json.dumps(settings), name="weight")
    assert (verdict.kind, verdict.ignore_diags) == (Kind.BALANCED, ignore_diags)
    assert verdict.deviation is not None
    assert verdict.deviation < 1e-4


def test_of_two_that_fit_the_stated_one(contacts: Contacts) -> None:
    """Without contacts near the diagonal, 0 and 2 ignored diagonals are the same."""
    near = contacts.columns.astype(int) - contacts.rows < 2
    pixels = contacts.rows[~near], contacts.columns[~near].astype(np.int32), contacts.counts[~near]
    far = Contacts.from_chunks(contacts.bins, [pixels], {})
    weights = cp.balance(far, "kr", scope="genome").weights
    for stated in (0, 2):
        attributes = {"scope": "genome", "ignore_diags": stated}
        assert judge(far, weights, **attributes).ignore_diags == stated


@dataclass
class FreeSettings(MethodSettings):
    """Settings of a method that states nothing about row sums."""


@dataclass
class EvenSettings(EqualSumsSettings):
    """Settings of a method that makes row sums equal."""


def solve(problem: Problem, settings: MethodSettings) -> Solution:
    return Solution(problem.marginal ** (-1 / 3), Status.COMPUTED)


def test_methods_that_were_added(contacts: Contacts, monkeypatch: pytest.MonkeyPatch) -> None:
    """The class of a method's settings decides what it states of row sums."""
    for kind in (FreeSettings, EvenSettings):
        name = kind.__name__.lower()
        monkeypatch.setitem(methods(), name, Method(name, kind, solve, "an added method"))
    cube_root = cp.balance(contacts, "freesettings", mask=None, scope="cis").weights
    stated = {"scope": "cis", "divisive_weights": False, "ignore_diags": 0}
    free = judge(contacts, cube_root, method="freesettings", **stated, name="weight")
    assert (free.kind, free.imbalance) == (Kind.UNKNOWN, "")
    assert free.faults[0].startswith("The method freesettings states nothing about row sums. Row ")
    assert "(multiplicative, each chromosome)" in free.faults[0]
    assert free.faults[1].startswith("Tried: equal row sums, coverage and its square root")
    assert "each chromosome; all contacts; between chromosomes; without 0" in free.faults[1]
    even = judge(contacts, cube_root, method="evensettings", **stated, name="weight")
    assert (even.kind, even.imbalance) == (Kind.UNKNOWN, " ".join(even.faults))
    assert "name the method evensettings, which makes row sums equal" in even.faults[0]
    balanced = cp.balance(contacts, "kr").weights
    assert judge(contacts, balanced, method="evensettings", **stated).kind is Kind.BALANCED
    other = judge(contacts, cube_root, method="elsewhere", **stated, name="weight")
    assert "name the method elsewhere, which is not installed here" in other.faults[0]
    assert other.imbalance
    coverage = judge(contacts, cube_root, method="vc", **stated, name="weight")
    assert coverage.faults[0].endswith(
        "Its attributes name the method vc, which divides by coverage: it was computed from other "
        "contacts, or was changed."
    )


def test_weights_that_need_not_be_even(contacts: Contacts) -> None:
    copies = np.where(np.arange(len(contacts.bins)) < 40, 3.0, 1.0)
    weights = cp.balance(contacts, "kr", copy_number=copies).weights
    stated = {"method": "kr", "scope": "cis", "divisive_weights": False, "name": "weight"}
    assert judge(contacts, weights, **stated).imbalance
    for reason in ({"copy_number": "array"}, {"weights_of": "wild"}):
        verdict = judge(contacts, weights, **stated, **reason)
        assert (verdict.kind, verdict.imbalance) == (Kind.UNKNOWN, "")
        assert next(iter(reason.values())) in verdict.faults[0]
