"""The section of time and memory, and the page with all sections."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from counterpoise.report.concordance import write_concordance
from counterpoise.report.costs import list_wildcards, read_costs
from counterpoise.report.page import write_report
from counterpoise.report.page.template import load_template
from counterpoise.report.sections.collect import read_sections
from counterpoise.report.sections.masks import MOST_ROWS
from counterpoise.store.paths import RULE_WILDCARDS, ResultPaths
from counterpoise.store.runs import SampleEntry, list_runs
from tests.support import REPOSITORY
from tests.support.report_sections import (
    COLUMNS,
    FACTS,
    SIZES,
    make_folder_of,
    table_of,
)

# Rules whose jobs end after the page is written.
UNMEASURED = ("report", "differences", "track")


def test_every_rule_with_a_measurement_is_in_the_table(results: ResultPaths) -> None:
    runs = list_runs({"a": SampleEntry([10_000])}, ["kr"], ["kr"])
    wildcards = list_wildcards(runs, ["all"], ["member"])
    rules = set()
    for file in (REPOSITORY / "workflow" / "rules").glob("*.smk"):
        rules |= set(re.findall(r'PATHS\.benchmark\("(\w+)"\)', file.read_text(encoding="utf-8")))
    assert rules == set(wildcards) | set(UNMEASURED)
    for rule, jobs in wildcards.items():
        for values in jobs:
            assert len(values) == len(RULE_WILDCARDS[rule]), rule
            path = Path(make_folder_of(results.benchmark(rule, *values)))
            path.write_text("s\tmax_rss\n1.5\t20\n", encoding="utf-8")
    costs = read_costs(results, runs, ["all"], ["member"])
    assert {cost.rule for cost in costs} == set(wildcards)
    assert {cost.rule: cost.jobs for cost in costs}["inspect"] == 2


def test_the_page_shows_all_sections(results: ResultPaths) -> None:
    runs, rows, samples = table_of(results)
    benchmark = Path(make_folder_of(results.benchmark("export", "a")))
    benchmark.write_text("s\tmax_rss\n1.5\t20\n", encoding="utf-8")
    write_report(results, runs, rows, results.report, samples=samples, facts=FACTS, most_figures=0)
    page = Path(results.report).read_text(encoding="utf-8")
    for name in ("decay", "concordance", "masks", "settings", "text", "files", "inputs", "costs"):
        assert page.count(f'id="{name}-section"') == 1, name
    assert "min_nnz <b>3</b> (default 10)" in page
    assert "Knight &amp; Ruiz 2013" in page
    assert 'data-name="masked_bins"' in page
    assert 'data-name="inputs"' in page
    assert "it&#39;s" in page
    assert not re.search(r'(?:src|href)="https?://', page)


def test_sections_of_500_samples_stay_small(results: ResultPaths) -> None:
    """All samples have the files of one; the page lists the first, the tables have all."""
    names = [f"sample_{number:03}" for number in range(500)]

    class Same(ResultPaths):
        """Paths of one sample for all."""

        def map_files(self, sample: Any = "a", resolution: Any = 0) -> Any:
            return ResultPaths.map_files(self, "a", resolution)

        def mask(self, sample: Any = "a", resolution: Any = 0) -> str:
            return ResultPaths.mask(self, "a", resolution)

        def run_files(self, sample: Any = "a", resolution: Any = 0, method: Any = "") -> Any:
            return ResultPaths.run_files(self, "a", resolution, method)

        def concordance(self, resolution: Any = 0) -> str:
            return f"{self.base}/compare/500/{resolution}.tsv"

    paths = Same("mine", results.root)
    _, rows, samples = table_of(results)
    entries = {name: SampleEntry([SIZES[0]], {}, f"group {i % 12}") for i, name in enumerate(names)}
    values = np.random.default_rng(0).uniform(0.6, 1.0, (500, 500))
    pairs = [
        (one, other, float(values[i, j]))
        for i, one in enumerate(names)
        for j, other in enumerate(names)
        if i < j
    ]
    write_concordance(pairs, dict.fromkeys(names, ""), make_folder_of(paths.concordance(SIZES[0])))
    runs = list_runs(entries, COLUMNS, COLUMNS)
    many = [{**rows[0], "sample": run.sample, "method": run.method} for run in runs]
    about = [{**samples[0], "sample": name, "sample_group": entry.group}
             for name, entry in entries.items()]  # fmt: skip
    sections = read_sections(paths, runs, many, about, FACTS)
    assert len(sections.masks.rows) == MOST_ROWS
    assert sections.masks.samples == 500
    assert sections.files is not None
    assert len(sections.files.files) == 100
    templates = load_template().environment
    names = ("decay", "concordance", "masks", "settings", "text", "files", "inputs", "costs")
    sizes = {
        name: len(templates.get_template(f"sections/{name}.html").render(sections=sections))
        for name in names
    }
    assert sum(sizes.values()) < 500_000, sizes
    assert sum(sizes.values()) - sizes["concordance"] < 250_000, sizes
