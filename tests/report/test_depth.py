"""The depth of each map beside the others of its cohort."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from counterpoise.records.facts import Shallow
from counterpoise.report.depth import find_shallow
from counterpoise.report.summary import (
    COLUMN_NAMES,
    describe_fitness,
    read_fitness,
    write_summary,
)
from counterpoise.store.runs import RunKey


def runs_of(conditions: dict[str, str | None], resolution: int = 10_000) -> list[RunKey]:
    return [
        RunKey(sample, resolution, method, condition=condition)
        for sample, condition in conditions.items()
        for method in ("ice", "kr")
    ]


def shallow(depths: dict[str, float], conditions: dict[str, str | None]) -> dict[str, Shallow]:
    contacts = {(sample, 10_000): depth for sample, depth in depths.items()}
    found = find_shallow(contacts, runs_of(conditions), 0.2)
    return {sample: fact for (sample, _), fact in found.items()}


def test_a_map_is_compared_with_the_cohort() -> None:
    depths = {"a": 19.0, "b": 100.0, "c": 100.0, "d": 400.0}
    assert shallow(depths, dict.fromkeys(depths)) == {"a": Shallow(19.0, 100.0, 4, None, 0.2)}
    assert shallow(depths | {"a": 20.0}, dict.fromkeys(depths)) == {}


def test_a_condition_of_three_samples_is_compared_with_itself() -> None:
    depths = {"a": 10.0, "b": 11.0, "c": 12.0, "d": 1000.0, "e": 1000.0, "f": 1000.0, "g": 10.0}
    conditions = {**dict.fromkeys("abc", "capture"), **dict.fromkeys("defg", "deep")}
    assert shallow(depths, conditions) == {"g": Shallow(10.0, 1000.0, 4, "deep", 0.2)}
    # Two samples of a condition are compared with all.
    two = {key: value for key, value in depths.items() if key != "c"}
    assert set(shallow(two, conditions)) == {"a", "b", "g"}


@pytest.mark.parametrize("depths", [{}, {"a": 0.0}, {"a": 5.0}, {"a": 0.0, "b": 0.0}])
def test_cohorts_without_a_comparison(depths: dict[str, float]) -> None:
    assert shallow(depths, dict.fromkeys("ab")) == {}


def test_resolutions_are_compared_apart() -> None:
    contacts = {("a", 1000): 1.0, ("b", 1000): 1.0, ("a", 5000): 100.0, ("b", 5000): 1.0}
    runs = runs_of(dict.fromkeys("ab"), 1000)
    assert set(find_shallow(contacts, runs, 0.2)) == {("b", 5000)}


def test_the_summary_hands_the_fitness_on(tmp_path: Path) -> None:
    row = dict.fromkeys(COLUMN_NAMES) | {"sample": "a", "resolution": 1000}
    rows = [
        {**row, "method": "kr", "fitness": "no", "fitness_reason": "Too few."},
        {**row, "method": "ice", "fitness": "good", "fitness_reason": ""},
        {**row, "method": "vc", "status": "missing"},
    ]
    write_summary(rows, tmp_path / "summary.tsv")
    assert read_fitness(tmp_path / "summary.tsv") == {
        ("a", 1000, "kr"): ("no", "Too few."),
        ("a", 1000, "ice"): ("good", ""),
        ("a", 1000, "vc"): ("", ""),
    }
    with open(tmp_path / "summary.tsv", encoding="utf-8", newline="") as table:
        assert [line["status"] for line in csv.DictReader(table, delimiter="\t")][2] == "missing"
    assert describe_fitness(rows) == [
        "3 runs: 1 fit for use, 1 not for use, 1 without a result.",
        "  not for use: a, 1 kb, kr: Too few.",
    ]
