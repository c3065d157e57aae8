"""The goals that ``docs/limits.md`` calls missed or met, and their figures, are the benchmarks'."""

from __future__ import annotations

import re

from tests.support import REPOSITORY

LIMITS = (REPOSITORY / "docs/limits.md").read_text(encoding="utf-8")
BENCHMARKS = (REPOSITORY / "benchmarks/README.md").read_text(encoding="utf-8")


def goals() -> list[list[str]]:
    """Return the cells of the table of goals: what, goal, measured, outcome."""
    section = LIMITS.partition("## Goals of speed that were missed")[2]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:1] == "|"]
    return rows[2:]


def figures(text: str) -> list[str]:
    return re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", text)


def test_every_figure_is_in_the_benchmarks() -> None:
    assert len(goals()) > 5
    known = set(figures(BENCHMARKS))
    for _, goal, measured, _ in goals():
        assert set(figures(goal) + figures(measured)) <= known, measured


def test_no_missed_goal_is_left_out() -> None:
    """Rows of the benchmarks with the word, and speed-ups below their goal."""
    stated = {
        figure for row in goals() if row[3].startswith("missed") for figure in figures(row[2])
    }
    for line in BENCHMARKS.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if re.search(r"\bmissed, [\d.]+ times", line):
            assert stated & set(cells), line
        if len(cells) > 6 and cells[1] in ("ICE", "KR") and cells[6]:
            speed_up = figures(cells[5])[0]
            assert float(speed_up) >= float(cells[6]) or speed_up in stated, line
