"""Where weights go: into the file itself, into a new one, to standard output, or nowhere."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import h5py

from counterpoise.cli.levels import LevelResult, level_uri
from counterpoise.cli.options import PRIMARY, MethodRun
from counterpoise.errors import ConfigError, InputError
from counterpoise.files import atomic_write
from counterpoise.ingest.cooler_file import open_cooler
from counterpoise.ingest.pixels import write_map
from counterpoise.ingest.reader_interface import Level, SourceInfo
from counterpoise.store.hdf5_output import create_hdf5, edit_hdf5
from counterpoise.store.in_place import changed_copy, require_changeable
from counterpoise.store.mcool import write_mcool
from counterpoise.store.paths import ResultPaths
from counterpoise.store.tiling import Tiling
from counterpoise.store.weight_columns import ERRORS, write_weight_column
from counterpoise.store.weights import write_balance

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

    def prepare(self, info: SourceInfo, runs: Mapping[Level, Sequence[MethodRun]]) -> None:
        """Refuse, before anything is computed, what could not be written.

        Parameters
        ----------
        info : SourceInfo
            The file.
        runs : mapping of Level to sequence of MethodRun
            Its levels, each with the methods that will balance it.
        """
        if self.stdout and (len(runs) > 1 or any(len(methods) > 1 for methods in runs.values())):
            raise ConfigError("--stdout prints one column: name one level and one method.")
        if self.output:
            _check_output(self.output, info, len(runs), self.force)
        if self.in_place and info.format == "hic":
            raise InputError(
                info.uri, "is a .hic file, which stays as it is.", "Give -o OUT.mcool."
            )
        if self.in_place:
            require_changeable(info.uri.partition("::")[0])
        if self.in_place and not self.force:
            for level, methods in runs.items():
                _refuse_columns(level_uri(info, level), methods)

    def write(
        self, info: SourceInfo, levels: Sequence[Level], results: Sequence[LevelResult]
    ) -> None:
        """Write the weights of all levels, all or none.

        Parameters
        ----------
        info : SourceInfo
            The file.
        levels : sequence of Level
            Its levels.
        results : sequence of LevelResult
            Their weights.
        """
        if self.stdout:
            for weight in results[0].balance.weights if results else ():
                click.echo(repr(float(weight)))
        elif self.in_place:
            _write_in_place(info, results)
        elif self.output and info.format == "hic":
            _build_mcool(self.output, info, levels, results)
        elif self.output:
            _write_copy(self.output, info, levels, results)


def existing_columns(uri: str) -> set[str]:
    """Return the names of the columns of a cooler's bin table.

    Parameters
    ----------
    uri : str
        A level.
    """
    with open_cooler(uri) as (file, group):
        return set(file[group]["bins"])


def _refuse_columns(uri: str, methods: Sequence[MethodRun]) -> None:
    """Refuse columns that exist."""
    existing = existing_columns(uri)
    for column in (column for run in methods for column in run.columns):
        if column in existing:
            raise InputError(
                uri,
                f"has a column {column!r} already.",
                "Replace it with --force, or write to another file (-o OUT.mcool).",
            )


def _check_output(output: str, info: SourceInfo, levels: int, force: bool) -> None:
    """Refuse an output that exists, is the source, or cannot hold the levels."""
    suffix = Path(output).suffix
    if suffix == ".cool" and info.format == "hic":
        raise ConfigError(f"-o {output}: the levels of a .hic file are written to a .mcool.")
    if suffix not in (".mcool", ".cool"):
        raise ConfigError(f"-o {output}: the name of the output ends with .mcool or .cool.")
    if suffix == ".cool" and levels > 1:
        raise ConfigError(f"-o {output}: a .cool holds one level, and there are {levels}.")
    if Path(output).exists():
        if os.path.samefile(output, info.uri.partition("::")[0]):
            raise ConfigError(f"-o {output} is the input; use --in-place.")
        if not force:
            raise InputError(output, "exists already.", "Replace it with --force.")


def _write_in_place(info: SourceInfo, results: Sequence[LevelResult]) -> None:
    """Write columns into a changed copy of a cooler file, which then replaces it."""
    path = info.uri.partition("::")[0]
    columns = sum(len(each.run.columns) * len(each.balance.weights) for each in results)
    with changed_copy(path, COLUMN_BYTES * columns) as copy, edit_hdf5(copy) as (file, disk):
        for result in results:
            _write_result(file[result.level.group], result)
            disk.check()


def _write_copy(
    output: str, info: SourceInfo, levels: Sequence[Level], results: Sequence[LevelResult]
) -> None:
    """Write a new file with the levels of a cooler file and their columns."""
    source = info.uri.partition("::")[0]
    with (
        atomic_write(output, os.path.getsize(source)) as temporary,
        create_hdf5(temporary) as (file, disk),
        open_cooler(source) as (stored, _),
    ):
        places = {level: _copy_level(stored, level, file, output) for level in levels}
        for result in results:
            _write_result(places[result.level], result)
            disk.check()


def _build_mcool(
    output: str, info: SourceInfo, levels: Sequence[Level], results: Sequence[LevelResult]
) -> None:
    """Write a new file with the levels of a `.hic` file and their columns, as the workflow does."""
    with tempfile.TemporaryDirectory(dir=Path(output).resolve().parent, prefix=".") as folder:
        paths, sample = ResultPaths("map", folder), "map"
        for level in levels:
            assert level.resolution is not None
            write_map(info, level.resolution, paths.map_files(sample, level.resolution))
        for result in results:
            bins = result.balance.contacts.bins
            assert bins.resolution is not None
            files = paths.run_files(sample, bins.resolution, result.run.method)
            write_balance(result.balance, bins, files)
        columns = {result.run.method: result.run.columns[0] for result in results}
        primary = [each.run.method for each in results if PRIMARY in each.run.columns[1:]]
        sizes = [level.resolution for level in levels if level.resolution is not None]
        write_mcool(paths, sample, sizes, columns, primary[0] if primary else "", output)


def _copy_level(stored: h5py.File, level: Level, file: h5py.File, output: str) -> h5py.Group:
    """Copy a level as it is stored; return its group in the new file."""
    source = stored[level.group]
    if Path(output).suffix == ".cool":
        target = file
    else:
        file.attrs.update({"format": "HDF5::MCOOL", "format-version": 2})
        file.attrs.update({"bin-type": source.attrs.get("bin-type", "fixed")})
        target = file.create_group(f"resolutions/{level.resolution or Path(level.group).name}")
    for name in source:
        if name != "resolutions":
            stored.copy(source[name], target, name=name)
    target.attrs.update(source.attrs)
    return target


def _write_result(group: h5py.Group, result: LevelResult) -> None:
    """Write the columns of one method, in place of those of these names."""
    table, balance = group["bins"], result.balance
    for name in result.run.columns:
        for each in (name, name + ERRORS):
            if each in table:
                del table[each]
        write_weight_column(
            table,
            name,
            balance.weights,
            balance.se,
            balance.verdict,
            Tiling(balance.contacts.bins, None),
        )
