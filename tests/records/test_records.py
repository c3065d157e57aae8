"""The records of a run: facts, their wording, and verdicts that survive JSON."""

from __future__ import annotations

import json
from dataclasses import replace

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
NOT_WORDED = ("entries",)  # of NoTotalSupport
EXAMPLES: list[Fact] = [
    facts.Empty(kept=0),
    facts.Empty(2, facts.EmptyCause.MASKED, 2450, (facts.Masked("mad_max", 17, 5),)),
    facts.Empty(0, facts.EmptyCause.ON_DIAGONALS, ignored=2),
    facts.NoSupport(blocking=5, bins=NAMES, partners=1),
    facts.NoTotalSupport(blocking=1, bins=NAMES[:1], partners=1, entries=25),
    facts.Disconnected(components=3),
    facts.DominantChromosome(label="chr1", bins=300, of=500),
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
    facts.LargerBins(times=5, size=50_000.0),
    facts.Remedies(
        (Remedy.RAISE_LIMIT, Remedy.KEEP_DIAGONALS, Remedy.LARGER_BINS),
        facts.LargerBins(2, None),
        isolate_limit=0.06,
    ),
    facts.Masked("min_nnz", 2450, 10),
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
    facts.UnevenContacts(excess=0.09, error=0.001, limit=0.2),
    facts.NotEqualised(method="vc", unevenness=0.3, limit=0.2),
    facts.PartsUnfit(labels=("chr3",), of=17, contacts=0.04, limit=0.01),
    facts.PartsUnfit(labels=("chr1:0-20,000",), of=3, contacts=0.04, limit=0.01, regions=True),
    facts.Shallow(contacts=12_000.0, median=430_000.0, samples=4, group="wt", limit=0.2),
    facts.Concentrated(few=1972, of=197_196, contacts=0.43),
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


def test_a_fact_and_its_words_are_in_modules_of_the_same_name() -> None:
    for kind in Fact.kinds.values():
        words = sentence.dispatch(kind).__module__
        assert words == kind.__module__.replace(".facts.", ".wording."), kind


def numbers(value: object) -> list[int]:
    """All whole numbers above zero in a fact's values, but not the values that are not worded."""
    if isinstance(value, Fact):
        worded = (item for name, item in vars(value).items() if name not in NOT_WORDED)
        return [n for item in worded for n in numbers(item)]
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


@pytest.mark.parametrize("action", [Remedy.LARGER_BINS, Remedy.RAISE_LIMIT])
def test_a_remedy_has_its_value(action: Remedy) -> None:
    with pytest.raises(ValueError, match=action):
        facts.Remedies((action,))
    for values in (
        {"larger": facts.LargerBins(2, None)},
        {"isolate_limit": 0.1},
        {"tolerance": 1e-5},
        {"iteration_setting": "max_products"},
    ):
        with pytest.raises(ValueError, match=r"is for the remedy"):
            facts.Remedies((Remedy.DROP,), **values)


@pytest.mark.parametrize(
    ("remedies", "words"),
    [
        (facts.Remedies((Remedy.ISOLATE,)), "Set on_failure: isolate."),
        (
            facts.Remedies((Remedy.ISOLATE,), isolate_limit=0.06, tolerance=1e-5),
            "Set on_failure: isolate, isolate_limit: 0.06 and tolerance: 1e-05.",
        ),
        (facts.Remedies((Remedy.RAISE_LIMIT,), isolate_limit=0.06), "Set isolate_limit: 0.06."),
        (facts.Remedies((Remedy.MORE_CONTACTS,)), "Sequence deeper or sum replicates."),
        (
            facts.Remedies((Remedy.MORE_CONTACTS, Remedy.USE_KDE_EB)),
            "Sequence deeper, sum replicates or use kde_eb.",
        ),
        (facts.Remedies((Remedy.MORE_ITERATIONS,)), "Allow more iterations."),
        (
            facts.Remedies((Remedy.MORE_ITERATIONS,), iteration_setting="max_products"),
            "Raise max_products.",
        ),
    ],
)
def test_the_words_of_remedies(remedies: facts.Remedies, words: str) -> None:
    assert sentence(remedies) == words


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


def advised(label: str, *actions: Remedy, **values: object) -> PartVerdict:
    """Return a part that is not balanced, with remedies."""
    found = (facts.Remedies(actions, **values), facts.Balanceable())
    reason = " ".join(map(sentence, found))
    return replace(part(label, Status.FAILED, Cause.NO_SUPPORT, reason), facts=found)


def test_the_remedies_of_all_parts_are_named() -> None:
    """With the largest of their values: one run has one limit and one size of bins."""
    both = (Remedy.RAISE_LIMIT, Remedy.LARGER_BINS)
    one = advised("chr1", *both, isolate_limit=0.02, larger=facts.LargerBins(5, 50_000.0))
    two = advised("chr2", *both, isolate_limit=0.08, larger=facts.LargerBins(2, 20_000.0))
    assert overall_reason([one, two]) == (
        "2 of 2 chromosomes are not balanced (chr1, chr2): 20 of 20 bins. Set isolate_limit: 0.08 "
        "or use bins of about 50 kb (5 times as large). On chr1: An exact balancing exists."
    )
    out = [advised(label, Remedy.LEAVE_OUT) for label in ("chrM", "chrY")]
    none = advised("chrUn", Remedy.LEAVE_OUT)
    none = replace(none, facts=none.facts[1:])
    words = overall_reason([one, out[0], two, out[1], none])
    assert words.endswith(
        ": 50 of 50 bins. On chr1, chr2: Set isolate_limit: 0.08 or use bins of about 50 kb (5 "
        "times as large). On chrM, chrY: Leave these chromosomes out. On chr1: An exact balancing "
        "exists."
    )
    assert overall_reason([none, none]).endswith(" On chrUn: " + none.reason)


def test_the_reason_over_empty_parts_says_why_they_are() -> None:
    cause, left = facts.EmptyCause, "No chromosome has a bin left to balance."

    def reason(*empty: facts.Empty) -> str:
        blank = part("chr1", Status.EMPTY, Cause.EMPTY)
        parts = [replace(blank, facts=(fact,)) for fact in empty]
        return overall_reason(parts, masked=(facts.Masked("min_nnz", 19, 10),))

    masked, near = facts.Empty(0, cause.MASKED, 19), facts.Empty(4, cause.ON_DIAGONALS, ignored=2)
    none = facts.Empty(0, cause.NO_CONTACTS)
    assert reason(masked, none) == (
        f"{left} The mask removed all 19 bins with contacts: 19 by min_nnz (10). Lower min_nnz."
    )
    assert "2 ignored diagonals" in reason(near, none)
    assert reason(none, none) == f"{left} There are no contacts to balance."
    assert reason(near, facts.Empty(0, cause.NO_CIS)) == left


def test_facts_of_earlier_versions_have_words() -> None:
    """They had no cause, and did not count what the mask removed."""
    assert sentence(Fact.from_dict({"fact": "empty", "kept": 0})) == "No bin is kept."
    few = Fact.from_dict({"fact": "few_weights", "weighted": 1, "of": 4, "limit": 0.5})
    assert sentence(few) == "1 of 4 bins with contacts (25 %) has a weight, less than 50 %."


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
    assert overall_reason([empty, empty], "region").startswith("No region has a bin left")
    assert overall_reason([good, slow], "region").startswith("1 of 2 regions is not balanced: ")


def test_the_reason_over_all_parts_counts_the_kept_bins_of_the_map() -> None:
    whole = replace(part("chr1", Status.CONVERGED), unconnected=2)
    short = replace(part("chr2", Status.CONVERGED), kept=7, isolated=1, dropped=2)
    none = replace(part("chrY", Status.EMPTY, Cause.EMPTY), kept=0, unconnected=3)
    assert overall_reason([whole, short, none]) == (
        "1 of 25 kept bins (on chr2) was isolated so that the others could be balanced. 2 of 25 "
        "kept bins (on chr2) were dropped so that the others could be balanced."
    )
