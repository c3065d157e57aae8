"""The columns of a level whose convention is known; the others are named."""

from __future__ import annotations

from collections.abc import Iterator

import click

from counterpoise.columns.identify import IdentifiedColumn, identify_columns
from counterpoise.columns.stored import StoredLevel


def known_columns(stored: StoredLevel) -> Iterator[IdentifiedColumn]:
    """Iterate over the columns whose convention is known, and name the others on standard error.

    Parameters
    ----------
    stored : StoredLevel
        The level.

    Yields
    ------
    IdentifiedColumn
    """
    for column in identify_columns(stored, list(stored.columns)):
        if column.doubt:
            name = column.verdict.name
            click.echo(f"{stored.uri}  {name} is left out. {column.doubt}", err=True)
        else:
            yield column
