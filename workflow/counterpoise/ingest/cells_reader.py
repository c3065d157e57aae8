"""Read cells of a single-cell cooler (`.scool`) as one map, the sum of the cells.

The cells are those whose group matches the pattern after ``::``, as in ``cells.scool::/cells/*``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from counterpoise.contacts.bins import describe_difference
from counterpoise.contacts.contact_map import Chunk
from counterpoise.errors import InputError
from counterpoise.ingest import cooler_reader
from counterpoise.ingest.cooler_file import (
    list_names,
    name_damaged_file,
    open_cooler,
    single_cell_groups,
)
from counterpoise.ingest.hdf5_trial import try_in_child
from counterpoise.ingest.pixel_checks import Tally, check_pixels, check_sum
from counterpoise.ingest.reader_interface import Level, OpenLevel, SourceInfo
from counterpoise.ingest.sorting import sort_pixels


def inspect(uri: str, engine: str, *, quick: bool = False) -> SourceInfo:
    """Return the level and the assembly of the cells.

    Parameters
    ----------
    uri : str
        Path with a pattern of groups.
    engine : str
        Ignored; h5py reads every cooler.
    quick : bool, default False
        As for `cooler_reader.inspect`.

    Returns
    -------
    SourceInfo
        Those of the first cell; its group is the pattern. With an empty ``identity``.

    Raises
    ------
    InputError
        If no cell matches the pattern, or the first one is damaged.
    """
    path, _, pattern = uri.partition("::")
    first = _find_cells(uri)[0]
    info = cooler_reader.inspect(f"{path}::{first}", engine, quick=quick)
    levels = tuple(replace(level, group=pattern) for level in info.levels)
    return replace(info, uri=uri, format="scool", levels=levels)


@contextmanager
def open_level(uri: str, level: Level, engine: str) -> Iterator[OpenLevel]:
    """Open the cells.

    Pixels pass through scratch files in TMPDIR (16 bytes a pixel), where they are sorted.

    Parameters
    ----------
    uri : str
        As for `inspect`.
    level : Level
        The level that `inspect` listed.
    engine : str
        Ignored.

    Yields
    ------
    OpenLevel
        Its ``members`` say how many contacts each cell has, when all pixels have been read.

    Raises
    ------
    InputError
        If a cell is damaged, or its bins differ from those of the first one.
    """
    path = uri.partition("::")[0]
    cells = {name: replace(level, group=name) for name in _find_cells(uri)}
    first = next(iter(cells))
    with cooler_reader.open_level(f"{path}::{first}", cells[first], engine) as opened:
        bins = replace(opened.bins, extra={})
    contacts: dict[str, Any] = {}

    def read_cell(name: str) -> Iterator[Chunk]:
        cell, tally = f"{path}::{name}", Tally()
        with cooler_reader.open_level(cell, cells[name], engine) as opened:
            if difference := describe_difference(bins, opened.bins):
                raise InputError(
                    cell,
                    f"has other bins than {first} (the map): {difference}.",
                    "Name cells of one genome and bin size after '::'.",
                )
            pixels = check_pixels(opened.chunks(), bins, cell, tally)
            yield from check_sum(pixels, opened.promised_sum, tally, cell)
        contacts[name] = {"contacts": tally.contacts}

    with tempfile.TemporaryDirectory(prefix="counterpoise-") as scratch:

        def chunks() -> Iterator[Chunk]:
            pixels = (chunk for name in cells for chunk in read_cell(name))
            return sort_pixels(pixels, len(bins), Path(scratch))

        yield OpenLevel(bins, chunks, "h5py", members=contacts)


def _find_cells(uri: str) -> list[str]:
    """Return the groups of the cells that match the pattern; refuse a pattern of none."""
    path, _, pattern = uri.partition("::")
    try_in_child(path)
    with open_cooler(path) as (file, _), name_damaged_file(path):
        names = single_cell_groups(file, path)
    matching = [name for name in names if fnmatchcase(name, pattern)]
    if not matching:
        raise InputError(
            path,
            f"has no cells {pattern} (it has {list_names(names) or 'no cells'}).",
            "Correct the pattern after '::'.",
        )
    return matching
