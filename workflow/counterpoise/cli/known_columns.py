"""The columns of a level whose convention is known; the others are named."""

from __future__ import annotations

from collections.abc import Iterator

import click

from counterpoise.columns.identify import IdentifiedColumn, identify_columns
from counterpoise.columns.stored import StoredLevel


def known_columns(stored: StoredLevel, *, balanced: bool = False) -> Iterator[IdentifiedColumn]:
    """Iterate over the columns whose convention is known, and name the others on standard error.

    Parameters
    ----------
    stored : StoredLevel
        The level.
    balanced : bool
        Whether to leave out columns that balance nothing, too.

    Yields
    ------
    IdentifiedColumn
    """
    for column in identify_columns(stored, list(stored.columns)):
        if doubt := column.doubt or (column.verdict.imbalance if balanced else ""):
            name = column.verdict.name
            click.echo(f"{stored.uri}  {name} is left out. {doubt}", err=True)
        else:
            yield column
