"""Tables of results: their columns, and how they are written and documented."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from counterpoise.files import atomic_write
from counterpoise.store.runs import Labels

Row = dict[str, Any]

FORMULA_SIGNS = ("=", "+", "-", "@")


class Column(NamedTuple):
    """A column of a table.

    Attributes
    ----------
    name : str
        Its heading.
    meaning : str
        What it holds, in Markdown for ``docs/reference/outputs.md``.
    value : callable
        Computes the value of a result; None is written as an empty field.
    """

    name: str
    meaning: str
    value: Callable[[Any], Any]


def label_column(name: str) -> Column:
    """Return the column of a label; results have ``labels``.

    Parameters
    ----------
    name : str
        Name of the label.
    """
    return Column(name, "from the sample sheet", lambda result: result.labels.get(name))


# Labels that have a column in every table; the other labels of a cohort follow them.
USUAL_LABELS = ("condition", "replicate")


def add_labels(columns: Sequence[Column], labels: Iterable[Labels]) -> tuple[Column, ...]:
    """Add a column for each label that is not a usual one, after those.

    Parameters
    ----------
    columns : sequence of Column
        Columns of a table: the sample, the usual labels, and others.
    labels : iterable of dict
        Labels of all samples.

    Returns
    -------
    tuple of Column
        All columns.
    """
    names = dict.fromkeys(name for each in labels for name in each)
    further = [label_column(name) for name in names if name not in USUAL_LABELS]
    place = 1 + len(USUAL_LABELS)
    return (*columns[:place], *further, *columns[place:])


def columns_table(columns: Sequence[Column]) -> str:
    """Render the table of columns for ``docs/reference/outputs.md``.

    Parameters
    ----------
    columns : sequence of Column
        The columns.

    Returns
    -------
    str
        A Markdown table.
    """
    rows = [f"| `{column.name}` | {column.meaning} |" for column in columns]
    return "\n".join(["| column | meaning |", "|---|---|", *rows])


def write_table(rows: Sequence[Row], columns: Sequence[str], path: str | Path) -> None:
    """Write a table: tab-separated, a header line, empty fields where unknown.

    A text that a spreadsheet would execute as a formula gets an apostrophe in front.

    Parameters
    ----------
    rows : sequence of dict
        Values by column.
    columns : sequence of str
        The columns if there are no rows.
    path : str or Path
        Where the table goes.
    """
    text = io.StringIO()
    writer = csv.DictWriter(
        text, list(rows[0]) if rows else columns, delimiter="\t", lineterminator="\n"
    )
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _make_cell(value) for name, value in row.items()})
    with atomic_write(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")


def read_table(path: str | Path) -> list[dict[str, str]]:
    """Read a table that ``write_table`` wrote.

    Parameters
    ----------
    path : str or Path
        The table.

    Returns
    -------
    list of dict
        Texts by column.
    """
    with open(path, encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def _make_cell(value: Any) -> Any:
    """Make a text safe for the table.

    Tabs and line breaks would break it, and spreadsheets execute texts that begin like a formula.
    """
    if not isinstance(value, str):
        return value
    text = " ".join(value.split())
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text
