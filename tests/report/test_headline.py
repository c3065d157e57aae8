"""The answer at the top of the page: each sample is named where it must be looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

import counterpoise as cp
from counterpoise.records.facts import PartsUnfit
from counterpoise.records.fitness import Fitness
from counterpoise.records.verdict import Status, Verdict
from counterpoise.report.page.headline import (
    CHECK_SAMPLE,
    DEEPER,
    MEND,
    NOTHING_FOUND,
    Doubt,
    Findings,
    answer,
    choose_level,
    count_levels,
    describe_assemblies,
    list_doubts,
)
from counterpoise.report.page.reasons import explain_unfit, reasons_by_sample
from tests.support.maps import genome_map


def row(sample: str, resolution: int, fitness: str, **values: Any) -> dict[str, Any]:
    """A row of the summary; without a fitness there is no result."""
    empty = {"fitness_reason": "", "chromosomes_unfit": "", "reason": ""}
    status = "converged" if fitness else "missing"
    own = {"sample": sample, "resolution": resolution, "method": "ice", "fitness": fitness}
    return {**empty, **own, "status": status, **values}


def doubts_of(
    *rows: dict[str, Any],
    remarks: dict[str, str] | None = None,
    findings: Findings = NOTHING_FOUND,
) -> list[Doubt]:
    """The samples to look at, with the resolution that the page chooses."""
    samples = [
        {"sample": name, "stands_out": (remarks or {}).get(name, "")}
        for name in dict.fromkeys(each["sample"] for each in rows)
    ]
    level = choose_level(count_levels(rows, "ice"))
    assert level is not None
    return list_doubts(rows, samples, "ice", level, findings)


def test_a_sample_that_is_not_made_at_the_resolution_is_named() -> None:
    rows = [row("a", 10_000, "good"), row("b", 10_000, "good"), row("c", 50_000, "no")]
    levels = count_levels(rows, "ice")
    assert answer(levels[0]) == "2 samples can be used at 10 kb; 1 is not made at 10 kb."
    (doubt,) = doubts_of(*rows)
    assert (doubt.samples, doubt.remedy) == (("c",), DEEPER)
    assert doubt.label == "not for use at 50 kb"
    assert doubts_of(*rows[:2], row("c", 50_000, "good")) == []


def test_files_that_state_no_assembly_have_no_other_assembly() -> None:
    assert describe_assemblies({"a": "hg38", "b": None, "c": "", "d": "unknown"}) == ""
    words = describe_assemblies({"a": "hg38", "b": "unknown", "c": "hg19", "d": "hg38"})
    assert "hg38 (a, d); hg19 (c)" in words


def test_a_sample_that_disagrees_is_checked_before_larger_bins_are_tried() -> None:
    remark = "At 50 kb its map agrees less with those of the cohort than the others do: 0.2."
    shallow = "The map has 1,000 contacts."
    rows = [
        row("a", 10_000, "caution", fitness_reason=shallow), row("a", 50_000, "good"),
        row("b", 10_000, "caution", fitness_reason=shallow), row("b", 50_000, "good"),
    ]  # fmt: skip
    first, second = doubts_of(*rows, remarks={"a": f"{shallow} {remark}", "b": shallow})
    assert (first.samples, first.remedy, first.why) == (("a",), CHECK_SAMPLE, f"{shallow} {remark}")
    assert (second.samples, second.remedy) == (("b",), "Use it at 50 kb.")


def test_larger_bins_are_no_remedy_for_a_job_that_failed() -> None:
    rows = [row("a", 10_000, "good"), row("b", 10_000, "", reason="why"), row("b", 50_000, "good")]
    (failed,) = doubts_of(*rows)
    assert failed.remedy == MEND
    (lacking,) = doubts_of(*rows, findings=Findings(lacking={("b", 10_000)}))
    assert (lacking.remedy, lacking.why) == ("Use it at 50 kb.", "why")


def test_chromosomes_that_are_not_for_use_are_explained() -> None:
    verdict = two_chromosomes()
    text = explain_unfit(verdict)
    assert text.startswith("The weights of chrM are not for use: No bin has a weight. ")
    assert text.endswith(verdict.parts[1].reason)
    run = row("a", 10_000, "good", chromosomes_unfit="chrM")
    unfit = {("a", 10_000, "ice"): text}
    (doubt,) = doubts_of(run, findings=Findings(unfit=unfit))
    assert (doubt.label, doubt.why) == ("fit for use but chrM", text)
    (reason,) = reasons_by_sample([run], {0: ()}, {}, unfit, "ice")["a"]
    assert (reason.text, reason.runs) == (text, "all runs")


def test_reasons_of_good_runs_come_last() -> None:
    rows = [row("a", 1000, "good"), row("b", 1000, "no", fitness_reason="few")]
    reasons = reasons_by_sample(rows, {}, {}, {("a", 1000, "ice"): "chrM"}, "ice")
    assert list(reasons) == ["b", "a"]


def test_what_the_run_says_of_its_chromosomes_is_not_said_again() -> None:
    verdict = two_chromosomes()
    said = PartsUnfit(("chrM",), 2, 0.5, 0.01)
    assert explain_unfit(replace(verdict, fitness_causes=(said,))) == ""
    assert explain_unfit(replace(verdict, fitness=Fitness.NO)) == ""
    failed = replace(verdict.parts[1], status=Status.FAILED)
    assert explain_unfit(replace(verdict, parts=(verdict.parts[0], failed))) == ""


def two_chromosomes() -> Verdict:
    """The verdict on a map of a chromosome and a small one that the mask removes."""
    contacts = genome_map({"chr1": 400, "chrM": 2}, seed=3)
    mask = np.arange(402) < 400
    return cp.balance(contacts, "ice", scope="cis", mask=mask).verdict
