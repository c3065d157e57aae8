"""The answer at the top of the page: each sample is named where it must be looked at."""

from __future__ import annotations

from typing import Any

from counterpoise.report.page.headline import (
    DEEPER,
    Doubt,
    answer,
    choose_level,
    count_levels,
    describe_assemblies,
    list_doubts,
)


def row(sample: str, resolution: int, fitness: str, **values: Any) -> dict[str, Any]:
    """A row of the summary; without a fitness there is no result."""
    empty = {"fitness_reason": "", "chromosomes_unfit": "", "reason": ""}
    status = "converged" if fitness else "missing"
    own = {"sample": sample, "resolution": resolution, "method": "ice", "fitness": fitness}
    return {**empty, **own, "status": status, **values}


def doubts_of(*rows: dict[str, Any], remarks: dict[str, str] | None = None) -> list[Doubt]:
    """The samples to look at, with the resolution that the page chooses."""
    samples = [
        {"sample": name, "stands_out": (remarks or {}).get(name, "")}
        for name in dict.fromkeys(each["sample"] for each in rows)
    ]
    level = choose_level(count_levels(rows, "ice"))
    assert level is not None
    return list_doubts(rows, samples, "ice", level)


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
