"""``counterpoise vectors``: weights as the text that Juicer and Juicebox load."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

import click
import numpy as np
from numpy.typing import NDArray

from counterpoise.cli.known_columns import known_columns
from counterpoise.cli.options import PRIMARY
from counterpoise.cli.output import refuse_output
from counterpoise.columns.identify import IdentifiedColumn, identify_columns
from counterpoise.columns.stored import StoredLevel, find_columns, read_stored_level
from counterpoise.contacts.bins import BinTable
from counterpoise.errors import InputError
from counterpoise.files import atomic_write
from counterpoise.ingest.formats import inspect_source


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
    The row sums tell whether a column is multiplied or divided by. Vectors are divisive and on
    Juicer's scale: the contacts that a column balances have the same sum before and after it.
    Columns GW_... are taken for genome-wide ones. NaN stands for no weight.
    """
    refuse_output(output, file, force, remedy="name another file")
    info = inspect_source(file, identify=False)
    levels = find_columns(info, columns)
    is_empty = True
    with atomic_write(output) as temporary, open(temporary, "w", encoding="utf-8") as stream:
        for level, found in levels.items():
            if columns and not found:
                continue
            stored = read_stored_level(info, level, found)
            for column in identify_columns(stored, found) if columns else _all_columns(stored):
                _write_vector(stream, stored, column)
                click.echo(f"{stored.uri}  {column.verdict.name}: {column.describe()}")
                is_empty = False
        if is_empty:
            raise InputError(
                file, "has no column of weights to write.", "Balance it: counterpoise balance."
            )


def _all_columns(stored: StoredLevel) -> list[IdentifiedColumn]:
    """Return the columns that are understood; weight, which copies another, only alone."""
    known = list(known_columns(stored))
    others = [each for each in known if each.verdict.name != PRIMARY]
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
