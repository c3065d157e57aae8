"""The page of the benchmarks: its commands exist, and its tables are those of the results."""

from __future__ import annotations

import re
from importlib.util import find_spec
from types import ModuleType

import pytest

from benchmarks import billion, journey
from benchmarks.measuring import README, load, wrap_prose
from benchmarks.rules import RuleCost, elapsed, sum_rules

PAGE = README.read_text(encoding="utf-8")
MODULES = sorted(set(re.findall(r"python -m (benchmarks\.[\w.]+)", PAGE)))


@pytest.mark.parametrize("module", MODULES)
def test_commands_exist(module: str) -> None:
    assert find_spec(module) is not None


@pytest.mark.parametrize("benchmark", [journey, billion], ids=["journey", "billion"])
def test_tables_are_those_of_the_results(benchmark: ModuleType) -> None:
    name = benchmark.__name__.rpartition(".")[2]
    table = wrap_prose(benchmark.tables(load(name)).rstrip())
    assert f"<!-- {name} -->\n{table}\n<!-- end of {name} -->" in PAGE


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
