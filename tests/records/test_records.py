"""The records of a run: facts, their wording, and verdicts that survive JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

import counterpoise as cp
from counterpoise.records import facts
from counterpoise.records.facts import Fact, Remedy, Unit
from counterpoise.records.verdict import Cause, PartVerdict, Status
from counterpoise.records.wording import (
    CAUSES,
    REMEDIES,
    UNITS,
    overall_reason,
    percent,
    sentence,
)
from tests.support.maps import random_map

NAMES = ("chr1:0-10", "chr1:10-20", "chr2:0-10")
EXAMPLES: list[Fact] = [
    facts.Empty(kept=0),
    facts.NoSupport(blocking=5, bins=NAMES, partners=1),
    facts.NoTotalSupport(blocking=1, bins=NAMES[:1], partners=1, entries=25),
    facts.Disconnected(components=3),
    facts.Balanceable(),
    facts.ExistenceUnknown(),
    facts.NotExamined(limit=5_000_000),
    facts.LimitReached(limit=1000, unit=Unit.PRODUCTS),
    facts.DeviationLeft(max_deviation=0.02),
    facts.Diverged(after=12),
    facts.LargeSpan(limit=1000.0),
    facts.Stalled(steps=7),
    facts.WouldNotSettle(dropped_before=True, percent=10),
    facts.SettledUnequal(tolerated=0.05),
    facts.Remedies((Remedy.MASK_SPARSEST, Remedy.KEEP_DIAGONALS, Remedy.LARGER_BINS)),
    facts.FewPartners(number=2, fewer_than=3),
    facts.Unsettled(number=4),
    facts.OutOfReach(number=6),
    facts.BinsDropped(8, 40, NAMES, (facts.FewPartners(8, 2),), balanced=True),
    facts.SparsestDropped(9, 120, NAMES, 10, (facts.NoSupport(9, NAMES, 1),)),
    facts.DroppingFailed(percentile=3, none_left=True),
    facts.CloseEnough(2.2e-8, facts.Measure.NORM, tolerance=1e-8, median_error=0.03),
    facts.BinsIsolated(2, 193_554, NAMES[:2], 8.3e-7, (facts.NoTotalSupport(2, NAMES, 2, None),)),
    facts.IsolationRefused(needed=39, of=41, at_least=False, limit=0.01),
    facts.Unconnected(number=2),
    facts.NotWritten(limit=1e12),
    facts.FewerResampled(used=3, drawn=10),
    facts.ScoredBandwidth(bandwidth=5e5, score=2.0, error=0.1),
    facts.BandwidthChosen(
        250_000.0,
        "cvm",
        1.0,
        0.1,
        (facts.ScoredBandwidth(5e5, 2.0, 0.1),),
        facts.SearchNote.WIDEST,
    ),
    facts.FewWeights(weighted=590, of=1223, limit=0.5),
    facts.ErrorsUnknown(because=facts.UnknownErrors.NOT_COUNTS),
    facts.LargeErrors(median_se=0.35, limit=0.3),
    facts.UnevenRowSums(cv=0.08, limit=0.05),
    facts.PartsUnfit(labels=("chr3",), of=17, contacts=0.04, limit=0.01),
    facts.Shallow(contacts=12_000.0, median=430_000.0, samples=4, group="wt", limit=0.2),
]

# Facts that have no sentence of their own, only a place in that of another.
WITHIN_OTHERS = (facts.ScoredBandwidth,)


def test_every_fact_has_an_example() -> None:
    assert {type(fact) for fact in EXAMPLES} == set(Fact.kinds.values())


@pytest.mark.parametrize("fact", EXAMPLES, ids=lambda fact: fact.code)
def test_a_fact_survives_json_and_has_words(fact: Fact) -> None:
    record = json.loads(json.dumps(fact.to_dict(), allow_nan=False))
    assert record["fact"] == fact.code
    assert list(record) == ["fact", *type(fact).__annotations__]
    assert Fact.from_dict(record) == fact
    assert hash(Fact.from_dict(record)) == hash(fact)
    assert repr(Fact.from_dict(record)).startswith(f"{type(fact).__name__}(")
    assert type(fact) in WITHIN_OTHERS or sentence(fact)


def numbers(value: object) -> list[int]:
    """All whole numbers above zero in a fact's values."""
    if isinstance(value, Fact):
        return [n for item in vars(value).values() for n in numbers(item)]
    if isinstance(value, tuple):
        return [n for item in value for n in numbers(item)]
    return [value] if isinstance(value, int) and not isinstance(value, bool) and value else []


@pytest.mark.parametrize(
    "fact",
    [fact for fact in EXAMPLES if type(fact) not in WITHIN_OTHERS],
    ids=lambda fact: fact.code,
)
def test_the_words_keep_every_number_and_bin(fact: Fact) -> None:
    words = sentence(fact)
    for number in numbers(fact):
        assert f"{number:,}" in words
    for name in getattr(fact, "bins", ()) if isinstance(getattr(fact, "bins", 0), tuple) else ():
        assert name in words


def test_limits_are_stated_as_they_were_set() -> None:
    for fact in (
        facts.FewWeights(2, 40, 0.125),
        facts.LargeErrors(0.2, 0.125),
        facts.UnevenRowSums(0.2, 0.125),
        facts.Shallow(10.0, 100.0, 3, None, 0.125),
        facts.SettledUnequal(0.125),
    ):
        assert sentence(fact).endswith(" 12.5 %.")


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0 %"), (1e-6, "less than 0.001 %"), (0.0002, "0.02 %"), (0.172, "17 %"),
     (0.996, "99.6 %"), (0.99999, "99.9 %"), (1, "100 %"), (2.34, "234 %")],
)  # fmt: skip
def test_all_and_nothing_are_exact(share: float, words: str) -> None:
    assert percent(share) == words


def test_every_code_has_words() -> None:
    assert set(REMEDIES) == set(Remedy)
    assert set(UNITS) == set(Unit)
    assert set(CAUSES) == set(Cause) - {Cause.NONE, Cause.EMPTY}


@pytest.mark.parametrize("on_failure", ["nan", "keep", "drop"])
@pytest.mark.parametrize("method", ["kr", "ice", "scale", "kde"])
def test_a_verdict_survives_json_exactly(method: str, on_failure: str) -> None:
    arrow = np.zeros((60, 60))
    arrow[0, 1:] = arrow[1:, 0] = np.arange(1, 60)
    for matrix in (arrow, random_map(60, 3, 0.3)):
        verdict = cp.balance(matrix, method, on_failure=on_failure).verdict
        record = verdict.to_dict()
        for read in (record, json.loads(json.dumps(record, allow_nan=False))):
            # Candidates without a score hold NaN, which equals nothing; written it is null.
            assert cp.Verdict.from_dict(read).to_dict() == record
            if not any(part.search for part in verdict.parts):
                assert cp.Verdict.from_dict(read) == verdict


def part(label: str, status: Status, cause: Cause = Cause.NONE, reason: str = "") -> PartVerdict:
    return PartVerdict(label, 0, 10, 10, status, reason, cause=cause)


def test_the_reason_over_all_parts_names_the_chromosomes_of_each_cause() -> None:
    good = part("chr1", Status.CONVERGED)
    empty = part("chrY", Status.EMPTY, Cause.EMPTY, "No bin is kept.")
    bad = [part(f"chr{k}", Status.FAILED, Cause.NO_TOTAL_SUPPORT, f"Why {k}.") for k in range(2, 9)]
    slow = part("chrX", Status.NOT_CONVERGED, Cause.LIMIT, "Allow more.")
    assert overall_reason([good, empty]) == ""
    assert overall_reason([empty, empty]) == "No chromosome has a bin left to balance."
    assert overall_reason([good, slow, empty]) == (
        "1 of 2 chromosomes is not balanced: 10 of 20 bins. On chrX: Allow more."
    )
    assert overall_reason([good, *bad]) == (
        "7 of 8 chromosomes are not balanced (chr2, chr3, chr4, chr5, chr6, ...): 70 of 80 bins. "
        "On chr2: Why 2."
    )
    assert overall_reason([good, *bad, slow]) == (
        "8 of 9 chromosomes are not balanced: 80 of 90 bins. 7 without total support "
        "(chr2, chr3, chr4, chr5, chr6, ...). On chr2: Why 2. On chrX: Allow more."
    )
