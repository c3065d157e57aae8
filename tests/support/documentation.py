"""Read the tables of docs/reference/outputs.md."""

from __future__ import annotations

import re

from tests.support import REPOSITORY

OUTPUTS = (REPOSITORY / "docs/reference/outputs.md").read_text(encoding="utf-8")


def documented(heading: str) -> dict[str, list[str]]:
    """Return the names in the first table below a heading and the other cells of their rows."""
    section = re.search(rf"^#+ {re.escape(heading)}$(.*?)(?=^#|\Z)", OUTPUTS, re.M | re.S)
    assert section, f"docs/reference/outputs.md has no section {heading!r}"
    table = re.search(r"^\|.*?\n(?!\|)", section[1] + "\n", re.M | re.S)
    assert table, f"section {heading!r} of docs/reference/outputs.md has no table"
    rows = [line.strip("|").split(" | ") for line in table[0].splitlines()[2:]]
    return {name: cells[1:] for cells in rows for name in re.findall("`([^`]*)`", cells[0])}
