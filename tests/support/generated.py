"""The files that are made from settings, methods and tables: those in ``conf/``, and pages.

``make accept`` writes these files among others; a test compares them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from counterpoise.cohort.conf_files import conf_files
from counterpoise.methods import methods
from counterpoise.report import samples, summary
from counterpoise.report.differences import table as differences
from counterpoise.report.table import columns_table
from tests.support.settings_page import page


def generated_files(root: Path) -> dict[str, str]:
    """Render the files in ``conf/`` that show settings, and the pages made of the package.

    Parameters
    ----------
    root : pathlib.Path
        The repository.

    Returns
    -------
    dict of str to str
        Texts by path, relative to the repository.
    """
    tables = {name: with_tables((root / name).read_text(encoding="utf-8")) for name in PAGES}
    return {**conf_files(), **tables, "docs/reference/settings.md": page()}


def with_tables(text: str, tables: Mapping[str, Callable[[], str]] | None = None) -> str:
    """Replace the generated tables of a page.

    Parameters
    ----------
    text : str
        A Markdown page with pairs of the comments ``<!-- generated: NAME -->`` and
        ``<!-- end -->``.
    tables : mapping of str to callable, optional
        Functions that render the tables, by name; ``TABLES`` by default.

    Returns
    -------
    str
        The page with every table between such comments as it should be.
    """

    def table(match: re.Match[str]) -> str:
        return f"{match[1]}\n{(tables or TABLES)[match[2]]()}\n{match[3]}"

    return re.sub(r"(<!-- generated: (\w+) -->).*?(<!-- end -->)", table, text, flags=re.S)


def methods_table() -> str:
    """Render the table of methods: name and page, what it does, what it balances by default.

    Returns
    -------
    str
        A Markdown table.
    """
    scopes = {"genome": "genome", "cis": "by chromosome", "trans": "between chromosomes"}
    rows = ["| name | what it does | default |", "|---|---|---|"]
    for name, method in methods().items():
        settings = method.settings()
        ignored = f", {settings.ignore_diags} diagonals ignored" if settings.ignore_diags else ""
        link = f"[`{name}`](docs/how-it-works/methods/{name}.md)"
        rows.append(f"| {link} | {method.summary} | {scopes[settings.scope]}{ignored} |")
    return "\n".join(rows)


TABLES: dict[str, Callable[[], str]] = {
    "methods": methods_table,
    "summary_columns": partial(columns_table, summary.COLUMNS),
    "sample_columns": partial(columns_table, samples.COLUMNS),
    "difference_columns": partial(columns_table, differences.COLUMNS),
}
PAGES = ("README.md", "docs/reference/outputs.md")  # with tables
