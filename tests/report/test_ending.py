"""The last lines in a terminal: each sample once, with its worst runs and a reason."""

from __future__ import annotations

from counterpoise.report.ending import NAMED_SAMPLES, describe_results


def row(sample: str, method: str, fitness: str, why: str = "") -> dict[str, str]:
    reasons = {"fitness_reason": why} if fitness else {"reason": why}
    names = {"sample": sample, "resolution": "1000", "method": method, "fitness": fitness}
    names["status"] = "converged" if fitness else ""
    return {**names, "fitness_reason": "", "reason": "", **reasons}


def test_each_sample_is_named_once_with_a_reason() -> None:
    rows = [
        *(row("a", "ice", "good"), row("a", "kr", "good")),
        *(row("b", "ice", "no", "Too few."), row("b", "kr", "no", "Far too few.")),
        *(row("c", "ice", "caution", "Noisy."), row("c", "kr", "", "balance: no disk")),
        *(row("d", "ice", "", "ingest: no file"), row("d", "kr", "", "ingest: no file")),
    ]
    assert describe_results(rows, "mine", "kr") == [
        "Cohort mine: 4 samples, 8 runs: 2 fit for use, 1 use with caution, 2 not for use, "
        "3 with no result.",
        "  c: 1 of 2 runs with no result: balance: no disk",
        "  d: no result: ingest: no file",
        "  b: 2 of 2 runs not for use (1 kb, kr: Far too few.)",
        "  c: 1 of 2 runs use with caution (1 kb, ice: Noisy.)",
    ]


def test_of_an_empty_map_it_says_why_no_bin_has_a_weight() -> None:
    empty = row("a", "kr", "no", "No bin has a weight.")
    empty |= {"status": "empty", "reason": "The map has one chromosome."}
    assert describe_results([empty], "mine", "kr")[1] == (
        "  a: 1 of 1 run not for use (1 kb, kr: No bin has a weight. The map has one chromosome.)"
    )


def test_of_many_samples_the_first_are_named() -> None:
    rows = [row(f"s{number}", "kr", "no", "Too few.") for number in range(NAMED_SAMPLES + 3)]
    lines = describe_results(rows, "mine", "kr")
    assert len(lines) == NAMED_SAMPLES + 2
    assert lines[-1] == "  ... and 3 other samples; see the report"


def test_a_sample_without_doubt_is_not_named() -> None:
    assert describe_results([row("a", "kr", "good")], "mine", "kr") == [
        "Cohort mine: 1 sample, 1 run: 1 fit for use."
    ]
