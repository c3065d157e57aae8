"""The pages with measurements: commands exist, and numbers and charts are those of the results."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from benchmarks import billion, command_line, fitness, front_page, journey
from benchmarks.kernel_density import failed_library, held_out
from benchmarks.measuring import README, load, wrap_prose
from benchmarks.rules import RuleCost, elapsed, sum_rules
from counterpoise.contacts.contact_map import Contacts

PAGE = README.read_text(encoding="utf-8")
MODULES = sorted(set(re.findall(r"python -m (benchmarks\.[\w.]+)", PAGE)))


@pytest.mark.parametrize("module", MODULES)
def test_commands_exist(module: str) -> None:
    assert find_spec(module) is not None


def short_name(benchmark: ModuleType) -> str:
    """Return the name of a benchmark's results."""
    return benchmark.__name__.rpartition(".")[2]


@pytest.mark.parametrize(
    "benchmark", [journey, billion, command_line, fitness, failed_library], ids=short_name
)
def test_tables_are_those_of_the_results(benchmark: ModuleType) -> None:
    name = short_name(benchmark)
    assert published(name, benchmark.tables(load(name))) in PAGE


@pytest.mark.parametrize("benchmark", [fitness, failed_library], ids=short_name)
def test_summaries_are_those_of_the_results(benchmark: ModuleType) -> None:
    name = short_name(benchmark)
    page = benchmark.PAGE.read_text(encoding="utf-8")
    assert published(name, benchmark.summary(load(name))) in page


def published(name: str, table: str) -> str:
    """Return what a page holds of results."""
    marker = name.replace("_", " ")
    return f"<!-- {marker} -->\n{wrap_prose(table.rstrip())}\n<!-- end of {marker} -->"


def test_the_true_unevenness_is_what_weights_leave_beyond_counting() -> None:
    """Half of the bins have a weight that is 10 % too large, the others one that is too small."""
    rng = np.random.default_rng(1)
    counts = np.triu(rng.poisson(50.0, (200, 200)))
    contacts = Contacts.from_matrix(counts + np.triu(counts, 1).T)
    weights = 1 + 0.1 * np.where(np.arange(200) % 2, 1.0, -1.0)
    settings = {"ignore_diags": 0}
    wrong = fitness.true_unevenness(contacts, weights, "genome", settings)["true"]
    right = fitness.true_unevenness(contacts, np.ones(200), "genome", settings)["true"]
    assert wrong == pytest.approx(10, abs=0.3)
    assert right is not None
    assert right < 0.3
    without = fitness.true_unevenness(contacts, np.full(200, np.nan), "genome", settings)
    assert without == {"true": None, "without_worst": None}


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


@pytest.mark.parametrize(
    "page",
    [
        "benchmarks/README.md",
        "docs/how-it-works/kernel-density-balancing.md",
        "docs/how-it-works/methods/index.md",
        "docs/how-it-works/methods/kde_eb.md",
    ],
)
def test_pages_say_in_how_many_cases_kde_eb_is_among_the_best(page: str) -> None:
    record = load("held_out")
    cases = len(record["maps"]) * len(held_out.DEPTHS)
    worse = [loss for loss in held_out.losses(record, best=False) if loss.relative > 0.04]
    text = " ".join((README.parent.parent / page).read_text(encoding="utf-8").split())
    assert len(held_out.OURS) + len(held_out.OTHERS) == 9
    assert re.search(
        rf"best of nine methods,? or within 4 % of the best,? in {cases - len(worse)} of {cases}",
        text,
    )


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
