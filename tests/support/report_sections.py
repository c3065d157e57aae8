"""Results of four samples, and the charts of the report's sections."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from counterpoise.report.samples import sample_rows
from counterpoise.report.sections.facts import NO_DEFAULT, CohortFacts, Setting
from counterpoise.report.summary import summary_rows
from counterpoise.report.table import Row
from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import RunKey, SampleEntry, list_runs

SIZES = (10_000, 40_000)
GROUPS = {"a": "wild", "b": "wild", "c": "mutant", "it's": "mutant"}
COLUMNS = {"kr": "KR", "ice": "GW_ICE"}
SVG = "{http://www.w3.org/2000/svg}"
ENTRIES = {name: SampleEntry(list(SIZES), {}, group) for name, group in GROUPS.items()}
FACTS = CohortFacts(
    "kr",
    COLUMNS,
    [
        Setting("cohort", "cohort", "mine", NO_DEFAULT),
        Setting("mask", "min_nnz", "3", "10"),
        Setting("mask", "mad_max", "5.0"),
    ],
)


def make_folder_of(path: str) -> str:
    """Make the folder of a path, and return the path."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return path


def table_of(paths: ResultPaths) -> tuple[list[RunKey], list[Row], list[Row]]:
    """Return the runs of the cohort, and the rows of its summary and of its samples."""
    runs = list_runs(ENTRIES, COLUMNS, COLUMNS)
    rows = summary_rows(paths, runs)
    return runs, rows, sample_rows(paths, ENTRIES, rows, "kr")


def svg_of(markup: str) -> ElementTree.Element:
    """Parse a chart, as a program does that opens it as a file, and check what all have."""
    root = ElementTree.fromstring(markup)
    named = {element.get("id"): element for element in root.iter() if element.get("id")}
    title, description = (named[each] for each in root.get("aria-labelledby", "").split())
    assert (title.tag, description.tag) == (f"{SVG}title", f"{SVG}desc")
    assert title.text
    assert description.text
    assert root.get("role") == "img"
    assert "var(" not in markup.replace(" ", "")
    numbers = " ".join(value for each in root.iter() for key, value in each.items() if key in "dxy")
    assert "nan" not in numbers.lower()
    return root
