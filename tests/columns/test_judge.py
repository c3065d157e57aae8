"""The convention, scope and faults of a column follow from its row sums."""

from __future__ import annotations

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
        if fit.power or fit.scope is Scope.TRANS:
            continue
        used = matrix * (distance >= fit.ignore_diags)
        used = used * same if fit.scope is Scope.CIS else used
        with np.errstate(divide="ignore"):
            w = values if fit.convention is MULTIPLICATIVE else 1 / values
        u = np.where(np.isfinite(w) & (values > 0), w, 0)
        sums, known = u * (used @ u), u > 0
        groups = [known & (ids == k) for k in range(3)] if fit.scope is Scope.CIS else [known]
        squares = sum(((sums[g] / sums[g].mean() - 1) ** 2).sum() for g in groups)
        assert fit.deviation == pytest.approx((squares / known.sum()) ** 0.5, rel=1e-9)
        checked += 1
    assert checked == 12


def test_a_few_weights_tell_nothing(contacts: Contacts) -> None:
    weights = np.full(len(contacts.bins), np.nan)
    weights[:3] = (0.7, 1.0, 1.0)
    verdict = judge(contacts, weights)
    assert (verdict.kind, verdict.convention) == (Kind.UNKNOWN, None)
    assert verdict.faults == (
        f"Only 3 of {verdict.with_contacts} bins with contacts have a weight, too few to tell what "
        "it is.",
    )


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
