"""Read the tables of docs/reference/outputs.md."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from tests.support import REPOSITORY

SCHEMAS = REPOSITORY / "tests/schemas.json"
OUTPUTS = (REPOSITORY / "docs/reference/outputs.md").read_text(encoding="utf-8")
# Attributes of a weight column with copy numbers, separate regions, or weights of another sample.
CONDITIONAL_ATTRIBUTES = {"copy_number", "copy_number_sha256", "regions", "weights_of"}


def documented(heading: str) -> dict[str, list[str]]:
    """Return the names in the first table below a heading and the other cells of their rows."""
    table = re.search(r"^\|.*?\n(?!\|)", section(heading) + "\n", re.M | re.S)
    assert table, f"section {heading!r} of docs/reference/outputs.md has no table"
    rows = [line.strip("|").split(" | ") for line in table[0].splitlines()[2:]]
    return {name: cells[1:] for cells in rows for name in re.findall("`([^`]*)`", cells[0])}


def section(heading: str) -> str:
    """Return the text of a section, without those below it."""
    match = re.search(rf"^#+ {re.escape(heading)}$(.*?)(?=^#|\Z)", OUTPUTS, re.M | re.S)
    assert match, f"docs/reference/outputs.md has no section {heading!r}"
    return match[1]


class Schema(NamedTuple):
    """A row of the table of schemas: the file, the sections that specify it, and its number."""

    file: str
    sections: list[str]
    number: str
    since: str

    @property
    def names(self) -> dict[str, str]:
        """Return the types of all columns, keys or attributes, empty where none is stated."""
        return {
            f"{heading}: {name}": kind
            for heading in self.sections
            for name, kind in named_types(heading)
        }


def named_types(heading: str) -> list[tuple[str, str]]:
    """Return the names in all tables of a section and their types."""
    found = []
    for header, lines in re.findall(r"^(\|.*)\n\|-.*\n((?:\|.*\n)*)", section(heading), re.M):
        has_types = [cell.strip() for cell in header.split("|")][2:3] == ["type"]
        for line in lines.splitlines():
            cells = re.split(r" \| ?", line.strip("|"))
            for name in re.findall("`([^`]*)`", cells[0]):
                found.append((name, cells[1] if has_types else ""))
    return found


def schemas() -> list[Schema]:
    """Return the rows of the table of schemas."""
    rows = [line.strip("| ").split(" | ") for line in section("Schemas").splitlines()]
    return [
        Schema(file, re.findall(r"\[([^]]*)\]\(#", specified), number, since)
        for file, specified, number, since in (row for row in rows if len(row) == 4)
        if number.isdigit()
    ]


def record_schemas() -> bool:
    """Add schemas with a new number to the recorded ones; return whether there were any."""
    recorded = json.loads(SCHEMAS.read_text(encoding="utf-8")) if SCHEMAS.exists() else {}
    before = json.dumps(recorded)
    for schema in schemas():
        new = {"since": schema.since, "names": schema.names}
        recorded.setdefault(schema.file, {}).setdefault(schema.number, new)
    if json.dumps(recorded) == before:
        return False
    SCHEMAS.write_text(json.dumps(recorded, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return True
