"""The goals that ``docs/limits.md`` calls missed or met, and their figures, are the benchmarks'."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from tests.support import REPOSITORY

LIMITS = (REPOSITORY / "docs/limits.md").read_text(encoding="utf-8")
BENCHMARKS = (REPOSITORY / "benchmarks/README.md").read_text(encoding="utf-8")
SOURCE = re.compile(r"\[[^]]+\]\(\.\./benchmarks/README\.md#([\w-]+)\)")


@dataclass(frozen=True)
class Goal:
    """A row of the table of goals."""

    what: str
    goal: str
    measured: str
    outcome: str
    source: str

    def __str__(self) -> str:
        return self.what

    @property
    def figures(self) -> set[str]:
        return set(figures(f"{self.goal} {self.measured} {self.outcome}"))


def goals() -> list[Goal]:
    table = LIMITS.partition("## Goals of speed that were missed")[2]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line[:1] == "|"]
    return [Goal(*row) for row in rows[2:]]


def figures(text: str) -> list[str]:
    return re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", text)


def section(anchor: str) -> str:
    """Return the text of the benchmarks below the heading of an anchor."""
    for part in re.split(r"^## ", BENCHMARKS, flags=re.M)[1:]:
        heading, _, text = part.partition("\n")
        if heading.lower().replace(" ", "-") == anchor:
            return text
    raise AssertionError(f"the benchmarks have no section #{anchor}")


def passages(text: str) -> list[str]:
    """Return the rows of tables, and the paragraphs and items of lists between them."""
    return re.split(r"\n\n|\n(?=[|-])", text)


@pytest.mark.parametrize("goal", goals(), ids=str)
def test_its_figures_are_in_one_passage_of_its_source(goal: Goal) -> None:
    source = SOURCE.fullmatch(goal.source)
    assert source
    of_map = re.fullmatch(r"(ICE|KR), map (\w+)", goal.what)
    start = f"| {of_map[2]} | {of_map[1]} |" if of_map else ""
    candidates = [each for each in passages(section(source[1])) if each.startswith(start)]
    assert any(goal.figures <= set(figures(each)) for each in candidates)
    assert figures(goal.goal)
    assert figures(goal.measured)


@pytest.mark.parametrize("goal", goals(), ids=str)
def test_it_is_met_if_its_figures_say_so(goal: Goal) -> None:
    limit, measured = (
        float(figures(text)[0].replace(",", "")) for text in (goal.goal, goal.measured)
    )
    is_met = measured >= limit if "times" in goal.goal else measured <= limit
    assert goal.outcome.startswith("met" if is_met else "missed")


def test_no_missed_goal_is_left_out() -> None:
    """Rows of the benchmarks with the word, and speed-ups below their goal."""
    missed = [goal for goal in goals() if goal.outcome.startswith("missed")]
    stated = {figure for goal in missed for figure in figures(goal.measured)}
    for line in BENCHMARKS.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if re.search(r"\bmissed, [\d.]+ times", line):
            assert stated & set(cells), line
        if len(cells) > 6 and cells[1] in ("ICE", "KR") and cells[6]:
            speed_up = figures(cells[5])[0]
            assert float(speed_up) >= float(cells[6]) or speed_up in stated, line
