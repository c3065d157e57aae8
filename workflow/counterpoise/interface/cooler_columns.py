"""Write the weights of a result into an existing cooler.

The user names the file. It is copied, the columns are added to the copy, and the copy is renamed
over the file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

from counterpoise.balancing.result import Balance
from counterpoise.columns.new_names import (
    check_column_name,
    refuse_misread,
    refuse_other_method,
)
from counterpoise.contacts.bins import BinTable, describe_difference, format_base_pairs
from counterpoise.contacts.contact_map import describe_type, is_from_matrix
from counterpoise.contacts.selection import column_name
from counterpoise.errors import ConfigError, InputError
from counterpoise.files import FileState
from counterpoise.ingest.cooler_file import open_cooler
from counterpoise.ingest.formats import inspect_source, is_cooler_format, read_bins
from counterpoise.ingest.reader_interface import Level, SourceInfo
from counterpoise.ingest.urls import is_url
from counterpoise.interface.maps import uri_of_cooler
from counterpoise.store.hdf5_output import edit_hdf5
from counterpoise.store.in_place import changed_copy, require_changeable
from counterpoise.store.tiling import Tiling, cover_holes
from counterpoise.store.weight_columns import (
    DIVISIVE,
    ERRORS,
    remove_weight_column,
    write_weight_column,
)

ELSEWHERE = "write into a copy of it in another folder"  # where a file cannot be replaced


class Target(NamedTuple):
    """The cooler that is written into.

    Attributes
    ----------
    path : Path
        The file itself, where a link leads to one.
    group : str
        Its group in the file.
    tiling : Tiling
        The bins of the map among those of the cooler.
    state : FileState
        The state of the file before it was read.
    """

    path: Path
    group: str
    tiling: Tiling
    state: FileState


def write_columns(result: Balance, uri: Any, name: str | None = None, *, force: bool) -> str:
    """Write weights and standard errors as columns of a cooler's bin table.

    Parameters
    ----------
    result : Balance
        The result.
    uri : str, PathLike or cooler.Cooler
        The cooler.
    name : str or None
        Name of the column of weights; None for the workflow's.
    force : bool
        Replace columns that exist.

    Returns
    -------
    str
        The name of the column.

    Raises
    ------
    ConfigError
        If no column of weights can have the name, if it belongs to another method or convention,
        or if ``uri`` is of another type.
    InputError
        If the file is no cooler, is read-only or changes meanwhile, its bins differ, or the column
        exists.
    DiskFullError
        If there is no room for a copy of the file.
    """
    verdict = result.verdict
    column = check_column_name(column_name(verdict.scope, verdict.name) if name is None else name)
    refuse_other_method(column, verdict.choice.by if verdict.choice else verdict.method)
    refuse_misread(column, is_divisive=column in DIVISIVE)
    target = _find_target(result, _check_uri(uri), column, force)
    growth = 2 * len(target.tiling.bins) * result.weights.itemsize
    with (
        changed_copy(target.path, target.state, growth, ELSEWHERE) as copy,
        edit_hdf5(copy) as (file, _),
    ):
        table = file[target.group]["bins"]
        remove_weight_column(table, column)
        write_weight_column(table, column, result.weights, result.se, verdict, target.tiling)
    return column


def _check_uri(uri: Any) -> str:
    """Return the path of a cooler as text."""
    source = uri_of_cooler(uri) or uri
    if not isinstance(source, str | os.PathLike) or not isinstance(text := os.fspath(source), str):
        raise ConfigError(
            "weights are written into a cooler: file.cool, file.mcool::/resolutions/10000 or a "
            f"cooler.Cooler; this is {describe_type(uri)}."
        )
    return text


def _find_target(result: Balance, uri: str, column: str, force: bool) -> Target:
    """Find the level that is written into; refuse it if that would be wrong."""
    path = Path(os.path.realpath(uri.partition("::")[0]))
    if is_url(uri):
        raise InputError(uri, "is a URL, which cannot be written to.", "Download the file first.")
    if not path.is_file():
        raise InputError(
            uri,
            "does not exist, and weights are written into an existing cooler.",
            "Check the path; counterpoise balance FILE.hic -o OUT.mcool converts a .hic file.",
        )
    state = FileState.of(path)
    info = inspect_source(uri, identify=False)
    if not is_cooler_format(info.format):
        raise InputError(
            uri,
            f"is a .{info.format} file, and weights are written into coolers.",
            "Make one: counterpoise balance FILE -o OUT.mcool.",
        )
    require_changeable(path, remedy=ELSEWHERE)
    level = _find_level(info, "::" in uri, result.contacts.bins.resolution)
    tiling = _match_bins(result, read_bins(info, level), uri)
    with open_cooler(uri) as (file, _):
        columns = set(file[level.group]["bins"])
    existing = sorted({column, column + ERRORS} & columns)
    if existing and not force:
        raise InputError(
            uri,
            f"has a column {existing[0]!r} already.",
            "Choose another name=, or replace it with force=True.",
        )
    return Target(path, level.group, tiling, state)


def _find_level(info: SourceInfo, is_named: bool, resolution: int | None) -> Level:
    """Return the level that the URI names, or the one of the map's bin size."""
    if is_named or len(info.levels) == 1:
        return info.levels[0]
    fitting = [level for level in info.levels if level.resolution == resolution]
    if len(fitting) != 1:
        raise InputError(
            info.uri,
            f"has no level of {format_base_pairs(resolution)}, the bins of the map; its levels are "
            f"{info.describe_levels()}.",
            "Name a level with the bins of the map: file.mcool::/resolutions/RESOLUTION.",
        )
    return fitting[0]


def _match_bins(result: Balance, target: BinTable, uri: str) -> Tiling:
    """Return the bins of the map among those of the cooler, which may also cover holes."""
    bins = result.contacts.bins
    if describe_difference(bins, target) is None:
        return Tiling(bins, None)
    tiling = cover_holes(bins)
    difference = describe_difference(tiling.bins, target)
    if difference is None:
        return tiling
    remedy = "Write into the file that was balanced, or one with the same bins."
    if is_from_matrix(result.contacts):
        remedy = "A matrix has no chromosomes: balance the cooler itself, by its path."
    raise InputError(uri, f"has other bins than the map: {difference}.", remedy)
