"""The pages with measurements: commands exist, and numbers and charts are those of the results."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from benchmarks import billion, command_line, front_page, journey
from benchmarks.measuring import README, load, wrap_prose
from benchmarks.rules import RuleCost, elapsed, sum_rules

PAGE = README.read_text(encoding="utf-8")
MODULES = sorted(set(re.findall(r"python -m (benchmarks\.[\w.]+)", PAGE)))


@pytest.mark.parametrize("module", MODULES)
def test_commands_exist(module: str) -> None:
    assert find_spec(module) is not None


@pytest.mark.parametrize(
    "benchmark", [journey, billion, command_line], ids=["journey", "billion", "command_line"]
)
def test_tables_are_those_of_the_results(benchmark: ModuleType) -> None:
    name = benchmark.__name__.rpartition(".")[2]
    table = wrap_prose(benchmark.tables(load(name)).rstrip())
    marker = name.replace("_", " ")
    assert f"<!-- {marker} -->\n{table}\n<!-- end of {marker} -->" in PAGE


@pytest.mark.parametrize("page", front_page.FRONT_PAGES, ids=lambda page: page.name)
def test_the_numbers_of_the_front_pages_are_those_of_the_results(page: Path) -> None:
    """If this fails: ``python -m benchmarks.front_page``."""
    expected = wrap_prose(front_page.numbers(front_page.compare(), load("billion"), page).rstrip())
    text = page.read_text(encoding="utf-8")
    assert f"<!-- numbers -->\n{expected}\n<!-- end of numbers -->" in text


def test_the_chart_shows_the_results() -> None:
    """The picture carries what it was drawn from."""
    with Image.open(front_page.CHART) as image:
        assert image.info["Description"] == front_page.describe(front_page.compare())


def test_the_numbers_of_a_comparison_of_commands() -> None:
    """Medians of the seconds, and of the ratios within each round."""
    walls = {
        command_line.COOLER: (100, 90, 80),
        command_line.ICE: (2, 3, 1),
        command_line.KR: (4, 4.5, 4),
    }
    record = {
        "bins": 300, "nonzeros": 5000, "difference": 3e-15, "hictk": False,
        "installed": {"seconds": 9.0, "versions": {"cooler": "0.11.0"}},
        "machine": load("peers")["alone"]["machine"],
        "runs": {
            name: [{"wall": wall, "cpu": wall, "peak": 1.0} for wall in each]
            for name, each in walls.items()
        },
    }  # fmt: skip
    comparison = front_page.of_command_line(record)
    assert [bar.seconds for bar in comparison.bars] == [90, 4, 2]
    assert (comparison.ice, comparison.kr) == (50, 20)
    assert "hictk was not installed" in comparison.caption
    assert "| `cooler balance -p 2` | 90.00 | 90.0 | 1 | **50** (50, 30, 80) |" in (
        command_line.tables(record)
    )


def test_seconds_in_which_a_job_ran() -> None:
    jobs = [
        {"script": script, "begin": begin, "end": end, "cpu": 1.0, "peak": peak}
        for script, begin, end, peak in (
            ("plot", 10.0, 14.0, 300.0),
            ("inspect_input", 1.0, 2.0, 50.0),
            ("plot", 12.0, 13.0, 200.0),
            ("plot", 20.0, 21.0, 100.0),
        )
    ]
    assert elapsed(jobs) == 6
    inspect, plot = sum_rules(jobs)
    assert inspect[0] == "inspect"
    assert plot == ("plot", RuleCost(jobs=3, seconds=6, elapsed=5, cpu=3, peak=300))
