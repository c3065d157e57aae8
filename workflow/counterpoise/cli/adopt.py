"""``counterpoise adopt``: a column ``weight`` from an existing column, without computing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click
import h5py
import numpy as np
from numpy.typing import NDArray

from counterpoise.cli.known_columns import known_columns
from counterpoise.cli.output import Destination, source_state
from counterpoise.columns.identify import IdentifiedColumn, identify_columns
from counterpoise.columns.new_names import refuse_misread
from counterpoise.columns.stored import StoredLevel, find_columns, read_stored_level
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.selection import Scope
from counterpoise.errors import InputError
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.reader_interface import Level
from counterpoise.store.tiling import Tiling
from counterpoise.store.weight_columns import (
    ERRORS,
    WEIGHT_COLUMN,
    remove_weight_column,
    write_adopted_column,
)

METHODS = "methods"  # the group of OUT with one group for each column
BALANCE = "Balance it: counterpoise balance."


@click.command("adopt")
@click.argument("file", metavar="FILE")
@click.argument("column", required=False)
@click.option(
    "--in-place",
    is_flag=True,
    help="Write the column into FILE: into a copy next to it, which then replaces it.",
)
@click.option("-o", "--output", metavar="OUT", help="Write a .mcool (or, of one level, a .cool).")
@click.option("--name", default=WEIGHT_COLUMN, show_default=True, help="Name of the new column.")
@click.option("-f", "--force", is_flag=True, help="Replace the column, or OUT, if it exists.")
@click.option(
    "--method-columns",
    is_flag=True,
    help="Also write, for every column of weights, a group methods/NAME/resolutions/SIZE into OUT "
    "that shares the pixels and has these weights as its column weight. Without COLUMN nothing "
    "else is written.",
)
def command(
    file: str,
    column: str | None,
    in_place: bool,
    output: str | None,
    name: str,
    force: bool,
    method_columns: bool,
) -> None:
    """Copy a column of weights into the column weight.

    FILE is a .cool, .mcool, file.mcool::/resolutions/10000, or a .hic with -o. The row sums tell
    whether contacts are divided or multiplied by COLUMN: a divisive one is inverted, so that the
    balanced contacts stay the same, and a multiplicative one is copied. It is refused where they
    show that it does not balance the map, as with weights of other contacts. Its attributes decide
    where row sums cannot: on weights that follow copy numbers, weights of another map, of a kernel
    method or of an added method that states nothing about row sums, and on too few weights to
    tell. Each level that has COLUMN gets the new one. OUT has all levels of FILE.
    """
    _check_options(column, in_place, output, name, method_columns)
    destination = Destination(in_place, output, False, force)
    info = inspect_source(file, identify=False)
    state = source_state(info)
    levels = find_columns(info, [column] if column else [])
    destination.prepare(info, {level: (name,) if found else () for level, found in levels.items()})
    adopted: list[AdoptedColumn] = []
    groups: list[MethodGroup] = []
    for level, found in levels.items():
        if found or method_columns:
            stored = read_stored_level(info, level, found)
            adopted += [_adopt(stored, level, each, name) for each in found]
            groups += _make_groups(stored, level) if method_columns else []
    if column and not any(np.isfinite(each.weights).any() for each in adopted):
        raise InputError(file, f"has no value in its column {column}.", BALANCE)
    if not adopted and not groups:
        raise InputError(file, "has no column of weights.", BALANCE)
    destination.write(info, state, list(levels), [*adopted, *groups])


def _check_options(
    column: str | None, in_place: bool, output: str | None, name: str, method_columns: bool
) -> None:
    """Refuse options that contradict each other, and names that programs divide by."""
    if in_place == bool(output):
        raise click.UsageError("Give one of --in-place and -o OUT.mcool.")
    if method_columns and not str(output).endswith(".mcool"):
        raise click.UsageError("--method-columns writes a new file: give -o OUT.mcool.")
    if column is None and not method_columns:
        raise click.UsageError("Name the COLUMN; counterpoise check FILE lists them.")
    refuse_misread(name, is_divisive=False)


def _adopt(stored: StoredLevel, level: Level, column: str, name: str) -> AdoptedColumn:
    """Return a column of a level as another one."""
    (identified,) = identify_columns(stored, [column])
    click.echo(f"{stored.uri}  {column}: {identified.describe()}")
    if imbalance := identified.verdict.imbalance:
        raise InputError(stored.uri, f"its column {column} is refused. {imbalance}", BALANCE)
    weights, attributes = identified.weights(), _attributes(identified)
    return AdoptedColumn(level, stored.contacts.bins, column, weights, attributes, name)


def _make_groups(stored: StoredLevel, level: Level) -> Iterator[MethodGroup]:
    """Yield a group for every column of a level that is known, and balances it."""
    for each in known_columns(stored, balanced=True):
        weights, attributes = each.weights(), _attributes(each)
        yield MethodGroup(level, stored.contacts.bins, each.verdict.name, weights, attributes)


def _attributes(column: IdentifiedColumn) -> dict[str, Any]:
    """Return the attributes of the new column: those of the old one, and what its row sums say."""
    verdict = column.verdict
    attributes = {**column.attributes, "divisive_weights": False, "adopted_from": verdict.name}
    if verdict.scope is not None:
        attributes |= {"scope": verdict.scope.value, "ignore_diags": verdict.ignore_diags}
        attributes["cis_only"] = verdict.scope is Scope.CIS
        attributes["trans_only"] = verdict.scope is Scope.TRANS
    if verdict.choice is not None and not verdict.choice.regions:
        attributes.pop("regions", None)  # its row sums are equal on whole chromosomes
    return attributes


@dataclass(frozen=True)
class TakenWeights:
    """Weights that are taken from a column of the file.

    Attributes
    ----------
    level : Level
        The level of the column.
    bins : BinTable
        The bins of the level.
    column : str
        Name of the column.
    weights : numpy.ndarray
        float64 [bins], multiplicative, NaN for none.
    attributes : dict
        Attributes of the new column.
    """

    level: Level
    bins: BinTable
    column: str
    weights: NDArray[np.float64]
    attributes: dict[str, Any]

    @property
    def is_fit(self) -> bool:
        """True: whether these weights are fit is not judged."""
        return True

    @property
    def is_discarded(self) -> bool:
        """False: weights that are taken are written."""
        return False


@dataclass(frozen=True)
class AdoptedColumn(TakenWeights):
    """A column that becomes another one, with its standard errors.

    Attributes
    ----------
    name : str
        Name of the new column.
    """

    name: str

    @property
    def names(self) -> tuple[str, ...]:
        """Name of the new column."""
        return (self.name,)

    def write(self, group: h5py.Group, tiling: Tiling) -> None:
        """Write the new column.

        Parameters
        ----------
        group : h5py.Group
            The level in the new file.
        tiling : Tiling
            The bins of the map among those of the file.
        """
        table, old, new = group["bins"], self.column + ERRORS, self.name + ERRORS
        if old == new:  # the errors stay
            if self.name in table:  # it is not if the column is of a .hic file
                del table[self.name]
        else:
            remove_weight_column(table, self.name)
            # Relative errors are the same for multiplicative and divisive weights.
            if old in table and table[old].attrs.get("relative"):
                table.copy(old, table, new)
                table[new].attrs["of"] = self.name
        write_adopted_column(table, self.name, self.weights, self.attributes, tiling)


@dataclass(frozen=True)
class MethodGroup(TakenWeights):
    """A level that shares the data of another one, and has a column of it as ``weight``."""

    @property
    def names(self) -> tuple[str, ...]:
        """No column of the other level."""
        return ()

    def write(self, group: h5py.Group, tiling: Tiling) -> None:
        """Write the level, with hard links to the data of the other one.

        Parameters
        ----------
        group : h5py.Group
            The other level in the new file.
        tiling : Tiling
            The bins of the map among those of the file.
        """
        root = group.file
        method = root.require_group(f"{METHODS}/{self.column}")
        method.attrs.update(root.attrs)
        target = method.create_group(f"resolutions/{group.name.rpartition('/')[2]}")
        target.attrs.update(group.attrs)
        _link_members(group, target, ["bins"])
        table = target.create_group("bins")
        _link_members(group["bins"], table, [WEIGHT_COLUMN, WEIGHT_COLUMN + ERRORS])
        write_adopted_column(table, WEIGHT_COLUMN, self.weights, self.attributes, tiling)


def _link_members(source: h5py.Group, target: h5py.Group, exceptions: Sequence[str]) -> None:
    """Make hard links to the members of a group."""
    for name in source:
        if name not in exceptions:
            target[name] = source[name]
