"""``counterpoise check``: what the columns of weights in a file are."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import click

from counterpoise.columns.judge import ColumnVerdict, judge_columns
from counterpoise.columns.levels import faults_between_levels
from counterpoise.columns.stored import StoredLevel, read_stored_levels
from counterpoise.contacts.bins import format_base_pairs, pluralise
from counterpoise.ingest.formats import is_cooler_format

Checked = list[tuple[StoredLevel, list[ColumnVerdict]]]


@click.command("check")
@click.argument("file", metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(file: str, as_json: bool) -> None:
    """Say what each column of weights in FILE is.

    FILE is a .cool, .mcool or .hic file, or file.mcool::/resolutions/10000. For every column this
    finds from the row sums whether it is multiplied or divided by, which contacts it balances
    and how well, which bins lack a weight, which programs misread it, and whether the levels
    agree. The status is 0 if nothing is wrong, 1 if something is, 2 if the file cannot be read.
    """
    checked: Checked = []
    for level in read_stored_levels(file):
        in_cooler = is_cooler_format(level.contacts.source["format"])
        verdicts = judge_columns(level.contacts, level.columns, level.attributes, in_cooler)
        checked.append((level, verdicts))
        if not as_json:
            _print_level(level, verdicts)
    faults = faults_between_levels(checked)
    if as_json:
        click.echo(json.dumps(_record(file, checked, faults), indent=1))
    for fault in faults if not as_json else ():
        click.echo(f"! {fault}")
    wrong = faults or any(verdict.faults for _, verdicts in checked for verdict in verdicts)
    sys.exit(1 if wrong else 0)


def _print_level(level: StoredLevel, verdicts: Sequence[ColumnVerdict]) -> None:
    """Print one line for each column, and one for each of its faults."""
    bins = level.contacts.bins
    size = format_base_pairs(bins.resolution) if bins.resolution else "unequal length"
    click.echo(f"{level.uri}: {pluralise(len(bins), 'bin')} of {size}")
    if not verdicts:
        click.echo("  no column of weights")
    width = max((len(verdict.name) for verdict in verdicts), default=0)
    for verdict in verdicts:
        click.echo(f"  {verdict.name:<{width}}  {verdict.describe()}")
        for fault in verdict.faults:
            click.echo(f"  {'':<{width}}  ! {fault}")


def _record(file: str, checked: Checked, faults: list[str]) -> dict[str, Any]:
    """Return what was found as plain values."""
    levels = [
        {
            "uri": level.uri,
            "resolution": level.contacts.bins.resolution,
            "bins": len(level.contacts.bins),
            "columns": [verdict.to_dict() for verdict in verdicts],
        }
        for level, verdicts in checked
    ]
    return {"file": file, "levels": levels, "faults": faults}
