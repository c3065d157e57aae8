"""``counterpoise vectors``: weights as the text that Juicer and Juicebox load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TextIO

import click
import numpy as np
from numpy.typing import NDArray

from counterpoise.cli.known_columns import known_columns
from counterpoise.cli.output import refuse_output
from counterpoise.columns.identify import IdentifiedColumn, identify_columns
from counterpoise.columns.judge import Kind
from counterpoise.columns.stored import StoredLevel, find_columns, read_stored_level
from counterpoise.contacts.bins import BinTable
from counterpoise.errors import InputError
from counterpoise.files import atomic_write
from counterpoise.ingest.formats import inspect_source
from counterpoise.store.weight_columns import WEIGHT_COLUMN

BALANCE = "Balance it: counterpoise balance."


@click.command("vectors")
@click.argument("file", metavar="FILE")
@click.option("-o", "--output", metavar="OUT", required=True, help="The text file.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="COLUMN",
    help="Column of weights; give it several times for several.  [default: all that are "
    "understood, and weight only if it is the only one]",
)
@click.option("-f", "--force", is_flag=True, help="Replace OUT if it exists.")
def command(file: str, output: str, columns: tuple[str, ...], force: bool) -> None:
    """Write weights as text for juicer_tools addNorm and juicebox.js.

    FILE is a .cool, .mcool, file.mcool::/resolutions/10000 or .hic; all of its levels are written.
    The row sums tell whether a column is multiplied or divided by, and which contacts it balances;
    where they do not, its attributes or its name (GW_...) do. Vectors are divisive and on Juicer's
    scale: the contacts that a column balances have the same sum before and after it. NaN stands
    for no weight.
    """
    refuse_output(output, file, force, remedy="name another file")
    info = inspect_source(file, identify=False)
    levels = find_columns(info, columns)
    has_values: dict[str, bool] = {}
    with atomic_write(output) as temporary, open(temporary, "w", encoding="utf-8") as stream:
        for level, found in levels.items():
            if columns and not found:
                continue
            stored = read_stored_level(info, level, found)
            for column in identify_columns(stored, found) if columns else _all_columns(stored):
                _write_vector(stream, stored, column)
                _describe(stored, column)
                name, is_empty = column.verdict.name, column.verdict.kind is Kind.EMPTY
                has_values[name] = has_values.get(name, False) or not is_empty
        _refuse_empty(file, has_values)


def _describe(stored: StoredLevel, column: IdentifiedColumn) -> None:
    """Say what a column is, and on standard error what is wrong with one that is not understood."""
    place = f"{stored.uri}  {column.verdict.name}"
    click.echo(f"{place}: {column.describe()}")
    for fault in column.verdict.faults if column.verdict.kind is Kind.UNKNOWN else ():
        click.echo(f"{place}: {fault}", err=True)


def _refuse_empty(file: str, has_values: Mapping[str, bool]) -> None:
    """Refuse to write no column, or one that has no value at any level."""
    for name in (name for name, has_value in has_values.items() if not has_value):
        raise InputError(file, f"has no value in its column {name}.", BALANCE)
    if not has_values:
        raise InputError(file, "has no column of weights to write.", BALANCE)


def _all_columns(stored: StoredLevel) -> list[IdentifiedColumn]:
    """Return the columns that are understood; weight, which copies another, only alone."""
    known = [each for each in known_columns(stored) if each.verdict.kind is not Kind.EMPTY]
    others = [each for each in known if each.verdict.name != WEIGHT_COLUMN]
    return others or known


def _write_vector(stream: TextIO, stored: StoredLevel, column: IdentifiedColumn) -> None:
    """Write a column, one chromosome after the other."""
    bins = stored.contacts.bins
    if bins.resolution is None:
        raise InputError(
            stored.uri,
            "has bins of unequal length, for which Juicer has no vectors.",
            "Bin the contacts again, into bins of one size.",
        )
    vector = column.vector(stored.contacts)
    for chromosome, values in _spread(bins, bins.resolution, vector):
        # juicebox.js wants tabs, juicer_tools any blanks.
        header = ("vector", column.verdict.name, chromosome, str(bins.resolution), "BP")
        stream.write("\t".join(header) + "\n")
        stream.writelines("NaN\n" if np.isnan(x) else f"{x!r}\n" for x in values.tolist())


def _spread(
    bins: BinTable, size: int, vector: NDArray[np.float64]
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield the values of each chromosome; Juicer has one more where the last bin is full."""
    for (name, lo, hi), length in zip(bins.chromosome_ranges(), bins.lengths.tolist(), strict=True):
        values = np.full(length // size + 1, np.nan)
        values[bins.start[lo:hi] // size] = vector[lo:hi]
        yield name, values
