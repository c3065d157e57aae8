"""Where weights go: into the file itself, into a new one, to standard output, or nowhere."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import h5py

from counterpoise.cli.building import (
    SAMPLE,
    LevelColumns,
    build_mcool,
    temporary_results,
    write_level_columns,
)
from counterpoise.columns.new_names import check_column_name
from counterpoise.errors import ConfigError, InputError
from counterpoise.files import FileState, atomic_write
from counterpoise.ingest.cooler_file import open_cooler
from counterpoise.ingest.formats import is_cooler_format
from counterpoise.ingest.hdf5_links import refuse_other_files
from counterpoise.ingest.pixels import write_map
from counterpoise.ingest.reader_interface import Level, SourceInfo
from counterpoise.store.hdf5_output import create_hdf5, edit_hdf5
from counterpoise.store.in_place import changed_copy, refuse_changed_since, require_changeable
from counterpoise.store.weight_columns import ERRORS

COLUMN_BYTES = 18  # of a bin, in a column of weights and one of errors, if they hardly compress


@dataclass(frozen=True)
class Destination:
    """Where the weights of a file go.

    Attributes
    ----------
    in_place : bool
        Into the file.
    output : str or None
        Into this new file.
    stdout : bool
        To standard output.
    force : bool
        Columns, or the output, may be replaced.
    """

    in_place: bool
    output: str | None
    stdout: bool
    force: bool

    @property
    def is_nowhere(self) -> bool:
        """Whether nothing is written."""
        return not (self.in_place or self.output or self.stdout)

    def prepare(self, info: SourceInfo, columns: Mapping[Level, Sequence[str]]) -> None:
        """Refuse, before anything is computed, what could not be written.

        Parameters
        ----------
        info : SourceInfo
            The file.
        columns : mapping of Level to sequence of str
            Its levels, each with the names of the columns that it will get.
        """
        for name in {name for names in columns.values() for name in names}:
            check_column_name(name)
        if self.output:
            _check_levels(self.output, info, columns)
            refuse_output(self.output, info.uri, self.force, remedy="use --in-place")
        if self.in_place and not is_cooler_format(info.format):
            raise InputError(
                info.uri, f"is a .{info.format} file, which stays as it is.", "Give -o OUT.mcool."
            )
        if self.in_place:
            require_changeable(_path(info))
        if self.in_place and not self.force:
            for level, names in columns.items():
                _refuse_columns(info.uri_of(level), names)

    def write(
        self,
        info: SourceInfo,
        state: FileState,
        levels: Sequence[Level],
        columns: Sequence[LevelColumns],
    ) -> None:
        """Write the columns of all levels, all or none.

        Parameters
        ----------
        info : SourceInfo
            The file.
        state : FileState
            Its state before it was read; a file that another program has changed is refused.
        levels : sequence of Level
            Its levels.
        columns : sequence of LevelColumns
            Their columns.
        """
        if not self.is_nowhere:
            refuse_changed_since(_path(info), state)
        removed = self.in_place and _has_discarded(info, columns)
        if self.in_place:
            _write_in_place(info, state, columns)
        elif self.output and not is_cooler_format(info.format):
            _convert(self.output, info, levels, columns)
        elif self.output:
            _write_copy(self.output, info, levels, columns)
        if not self.is_nowhere:
            report_written(self.output or _path(info), columns, removed)


def source_state(info: SourceInfo) -> FileState:
    """Return the state of a file that is about to be read.

    Parameters
    ----------
    info : SourceInfo
        The file.
    """
    return FileState.of(_path(info))


def _path(info: SourceInfo) -> str:
    """Return the path of a file without a group."""
    return info.uri.partition("::")[0]


def _has_discarded(info: SourceInfo, columns: Sequence[LevelColumns]) -> bool:
    """Return whether a file has an earlier column in the place of one that is discarded."""
    return any(
        name in existing_columns(info.uri_of(each.level))
        for each in columns
        if each.is_discarded
        for name in each.names
    )


def report_written(path: str, columns: Sequence[LevelColumns], removed: bool = False) -> None:
    """Say on standard error what was written, and which columns were not.

    Parameters
    ----------
    path : str
        The file.
    columns : sequence of LevelColumns
        The columns of its levels.
    removed : bool
        Whether earlier columns were removed in the place of those that are discarded.
    """
    kept = [each for each in columns if not each.is_discarded]
    nameless = "groups of methods" if kept else "no weights"
    names = ", ".join(dict.fromkeys(name for each in kept for name in each.names)) or nameless
    discarded = [each for each in columns if each.is_discarded]
    missing = ", ".join(dict.fromkeys(name for each in discarded for name in each.names))
    share = f"{len(discarded)} of {len(columns)} results are not written ({missing})"
    earlier = ", and earlier columns were removed" if removed else ""
    note = f" {share}, since they are not balanced{earlier}." if discarded else ""
    unfit = sum(not each.is_fit for each in columns)
    warning = f' {unfit} of {len(columns)} verdicts are "not for use".' if unfit else ""
    click.echo(f"Wrote {path}: {names}.{note}{warning}", err=True)


def refuse_output(output: str, source: str, force: bool, remedy: str) -> None:
    """Refuse a new file that is the source, or that exists and may not be replaced.

    Parameters
    ----------
    output : str
        The new file.
    source : str
        What is read, with its group.
    force : bool
        An existing file may be replaced.
    remedy : str
        What to do where the output is the source.
    """
    folder = Path(output).absolute().parent
    if not folder.is_dir():
        raise InputError(output, f"cannot be written: there is no folder {folder}.", "Make it.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(output, "is in a folder that this user may not write to.", "Allow it.")
    if not os.path.lexists(output):
        return
    if not os.path.isfile(output):
        raise InputError(output, "exists and is not a file.", "Name another file.")
    if os.path.samefile(output, source.partition("::")[0]):
        raise ConfigError(f"{output} would be the output and is the input; {remedy}.")
    if not force:
        raise InputError(output, "exists already.", "Replace it with --force.")


def existing_columns(uri: str) -> set[str]:
    """Return the names of the columns of a cooler's bin table.

    Parameters
    ----------
    uri : str
        A level.
    """
    with open_cooler(uri) as (file, group):
        return set(file[group]["bins"])


def _refuse_columns(uri: str, columns: Sequence[str]) -> None:
    """Refuse columns that exist."""
    existing = existing_columns(uri)
    for column in (each for name in columns for each in (name, name + ERRORS)):
        if column in existing:
            raise InputError(
                uri,
                f"has a column {column!r} already.",
                "Replace it with --force, give the new one another name with --name (for a single "
                "method), or write to another file with -o, in which it is replaced.",
            )


def _check_levels(output: str, info: SourceInfo, levels: Collection[Level]) -> None:
    """Refuse an output that cannot hold the levels."""
    suffix = Path(output).suffix
    if not is_cooler_format(info.format) and any(level.resolution is None for level in levels):
        raise InputError(
            info.uri,
            "has bins of several sizes, which are not converted.",
            "Write the sum of the cells into a .cool, and balance that.",
        )
    if suffix == ".cool" and not is_cooler_format(info.format):
        raise ConfigError(
            f"-o {output}: the levels of a .{info.format} file are written to a .mcool."
        )
    if suffix not in (".mcool", ".cool"):
        raise ConfigError(f"-o {output}: the name of the output ends with .mcool or .cool.")
    if suffix == ".cool" and len(levels) > 1:
        raise ConfigError(f"-o {output}: a .cool holds one level, and there are {len(levels)}.")


def _write_in_place(info: SourceInfo, state: FileState, columns: Sequence[LevelColumns]) -> None:
    """Write columns into a changed copy of a cooler file, which then replaces it."""
    growth = sum(COLUMN_BYTES * len(each.names) * len(each.bins) for each in columns)
    with changed_copy(_path(info), state, growth) as copy, edit_hdf5(copy) as (file, disk):
        for each in columns:
            write_level_columns(file[each.level.group], each)
            disk.check()


def _write_copy(
    output: str, info: SourceInfo, levels: Sequence[Level], columns: Sequence[LevelColumns]
) -> None:
    """Write a new file with the levels of a cooler file and their columns."""
    source = _path(info)
    with (
        atomic_write(output, os.path.getsize(source)) as temporary,
        create_hdf5(temporary) as (file, disk),
        open_cooler(source) as (stored, _),
    ):
        places = {level: _copy_level(stored, level, file, output) for level in levels}
        for each in columns:
            write_level_columns(places[each.level], each)
            disk.check()


def _convert(
    output: str, info: SourceInfo, levels: Sequence[Level], columns: Sequence[LevelColumns]
) -> None:
    """Write a new file with the levels of a file that is no cooler, and their columns."""
    sizes = [level.resolution for level in levels if level.resolution is not None]
    with temporary_results(output) as paths:
        for size in sizes:
            write_map(info, size, paths.map_files(SAMPLE, size))
        build_mcool(paths, sizes, columns, output)


def _copy_level(stored: h5py.File, level: Level, file: h5py.File, output: str) -> h5py.Group:
    """Copy a level as it is stored, and the data instead of links; return its new group."""
    source = stored[level.group]
    refuse_other_files(source, stored.filename)
    if Path(output).suffix == ".cool":
        target = file
    else:
        file.attrs.update({"format": "HDF5::MCOOL", "format-version": 2})
        file.attrs.update({"bin-type": source.attrs.get("bin-type", "fixed")})
        # cooler, too, calls bins of unequal length 1.
        size = level.resolution or Path(level.group).name or 1
        target = file.create_group(f"resolutions/{size}")
    for name in source:
        if name != "resolutions":
            stored.copy(source[name], target, name=name, expand_soft=True)
    target.attrs.update(source.attrs)
    return target
