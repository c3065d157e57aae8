"""Build a ``.mcool`` of maps that lie in a temporary folder, as the workflow stores them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import h5py

from counterpoise.contacts.bins import BinTable
from counterpoise.files import atomic_write, remove, temporary_path
from counterpoise.ingest.reader_interface import Level
from counterpoise.process import exit_on_signal
from counterpoise.store.hdf5_output import edit_hdf5
from counterpoise.store.mcool import write_mcool
from counterpoise.store.paths import ResultPaths
from counterpoise.store.tiling import Tiling, cover_holes
from counterpoise.store.weight_columns import ERRORS

SAMPLE = "map"  # the only one of a temporary folder


class LevelColumns(Protocol):
    """Columns that are written to one level of a cooler."""

    @property
    def level(self) -> Level:
        """The level."""
        ...

    @property
    def bins(self) -> BinTable:
        """Its bins."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        ...

    @property
    def is_fit(self) -> bool:
        """Whether the weights may be used, as far as is known."""
        ...

    @property
    def is_discarded(self) -> bool:
        """Whether the columns are not written, and earlier ones of their names are removed."""
        ...

    def write(self, group: h5py.Group, tiling: Tiling) -> None:
        """Write the columns, in place of those of their names and their standard errors.

        Parameters
        ----------
        group : h5py.Group
            The level in the file.
        tiling : Tiling
            The bins of the map among those of the file.
        """
        ...


@contextmanager
def temporary_results(output: str) -> Iterator[ResultPaths]:
    """Make a folder of results next to a file, and remove it at the end.

    SIGTERM ends the block as an exception does. A folder that a killed process left of this file
    is removed first.

    Parameters
    ----------
    output : str
        The file; its folder is made if needed.

    Yields
    ------
    ResultPaths
        Paths for the sample ``SAMPLE``.
    """
    final = Path(output).absolute()
    final.parent.mkdir(parents=True, exist_ok=True)
    folder = temporary_path(final)
    before = signal.signal(signal.SIGTERM, exit_on_signal)
    try:
        folder.mkdir(mode=0o700)
        yield ResultPaths(SAMPLE, str(folder))
    finally:
        remove(folder)
        signal.signal(signal.SIGTERM, before)


def build_mcool(
    paths: ResultPaths, resolutions: Sequence[int], columns: Sequence[LevelColumns], output: str
) -> None:
    """Write a ``.mcool`` of maps in a temporary folder, with columns of weights.

    Columns of the source keep their names, except those whose names are written here.

    Parameters
    ----------
    paths : ResultPaths
        From ``temporary_results``.
    resolutions : sequence of int
        Bin sizes of the maps.
    columns : sequence of LevelColumns
        What each level gets.
    output : str
        The new file.
    """
    built = paths.cooler(SAMPLE)
    written = {name for each in columns for name in each.names}
    reserved = written | {name + ERRORS for name in written}
    write_mcool(paths, SAMPLE, resolutions, {}, "", built, reserved=reserved)
    with atomic_write(output) as temporary:
        with edit_hdf5(built) as (file, disk):
            for each in columns:
                write_level_columns(file[f"resolutions/{each.bins.resolution}"], each)
                disk.check()
        os.replace(built, temporary)


def write_level_columns(group: h5py.Group, columns: LevelColumns) -> None:
    """Write columns to a level.

    Parameters
    ----------
    group : h5py.Group
        The level, whose bins are those of the map, or also cover its holes.
    columns : LevelColumns
        The columns.
    """
    is_same = len(group["bins/start"]) == len(columns.bins)
    columns.write(group, Tiling(columns.bins, None) if is_same else cover_holes(columns.bins))
