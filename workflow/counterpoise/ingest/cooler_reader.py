"""Read `.cool` and `.mcool` files, with every promise of the format checked.

The format is cooler's schema, versions 2 and 3. Pixels are read as compressed chunks that threads
inflate in parallel: h5py alone inflates on one core and takes twice as long.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import h5py
import numpy as np

from counterpoise.contacts.contact_map import Chunk
from counterpoise.errors import InputError
from counterpoise.ingest.cooler_bins import header_bin_size, read_bin_table, read_level
from counterpoise.ingest.cooler_file import (
    attribute_json,
    attribute_number,
    attribute_text,
    cooler_groups,
    is_cooler,
    list_names,
    name_damaged_file,
    open_cooler,
    read_attribute,
    single_cell_groups,
)
from counterpoise.ingest.cooler_tables import COLUMNS, check_tables
from counterpoise.ingest.hdf5_column import Column
from counterpoise.ingest.hdf5_links import find_node, refuse_other_files
from counterpoise.ingest.hdf5_trial import try_in_child
from counterpoise.ingest.pixel_checks import concatenate, refuse_other_sum, split_between_rows
from counterpoise.ingest.reader_interface import Level, OpenLevel, SourceInfo

# As many as the rule requests; the thread that checks the pixels keeps pace with no more.
READ_THREADS = 2
CHUNK_PIXELS = 1 << 20  # few enough to stay in the cache while they are checked
PIXEL_COLUMNS = tuple(COLUMNS["pixels"])


def inspect(uri: str, engine: str, *, quick: bool = False) -> SourceInfo:
    """Return the levels and the assembly of a cooler file.

    Parameters
    ----------
    uri : str
        Path, or path with a group, named as cooler does: ``file.mcool::/resolutions/10000``.
    engine : str
        Ignored; h5py reads every cooler.
    quick : bool, default False
        Do not search all members of a level for links to other files if its header says its bin
        size. `open_level` searches them in any case.

    Returns
    -------
    SourceInfo
        With an empty ``identity``.

    Raises
    ------
    InputError
        If the file is not HDF5, is cut short, has no cooler in it, or stores a part of one in
        another file; if the HDF5 library crashes or hangs over it.
    """
    try_in_child(uri, quick=quick)
    return inspect_directly(uri, quick=quick)


def inspect_directly(uri: str, *, quick: bool = False) -> SourceInfo:
    """Do what `inspect` does, without a trial in another process.

    Parameters
    ----------
    uri : str
        As for `inspect`.
    quick : bool, default False
        As for `inspect`.

    Returns
    -------
    SourceInfo
        As from `inspect`.
    """
    with open_cooler(uri) as (file, group), name_damaged_file(uri):
        names = [group] if group != "/" else cooler_groups(file, uri)
        groups = [_find_cooler(file, name, uri) for name in names]
        if not groups:
            raise _no_cooler(file, group, uri)
        for node in groups:
            if not quick or header_bin_size(node) is None:
                refuse_other_files(node, uri)
        levels = tuple(
            read_level(node, name, uri) for node, name in zip(groups, names, strict=True)
        )
        assembly = attribute_text(read_attribute(groups[0], "genome-assembly"))
        return SourceInfo(uri, "cool" if names == ["/"] else "mcool", levels, assembly)


@contextmanager
def open_level(
    uri: str, level: Level, engine: str, *, chunk_pixels: int = CHUNK_PIXELS
) -> Iterator[OpenLevel]:
    """Open one level of a cooler file; the file stays open until the context ends.

    Parameters
    ----------
    uri : str
        As for `inspect`.
    level : Level
        A level that `inspect` listed.
    engine : str
        Ignored.
    chunk_pixels : int, optional
        Number of pixels that are read at a time.

    Yields
    ------
    OpenLevel

    Raises
    ------
    InputError
        If a table or column is missing, of the wrong shape or in another file, the bin table
        contradicts itself, a map that is stored as a full square is not symmetric, the counts do
        not add up to the sum in the header, or the HDF5 library crashes or hangs over the file.
    """
    try_in_child(uri, level)
    with open_directly(uri, level, chunk_pixels) as opened:
        yield opened


@contextmanager
def open_directly(uri: str, level: Level, chunk_pixels: int = CHUNK_PIXELS) -> Iterator[OpenLevel]:
    """Do what `open_level` does, without a trial in another process.

    Parameters
    ----------
    uri : str
        As for `inspect`.
    level : Level
        A level that `inspect` listed.
    chunk_pixels : int, optional
        Number of pixels that are read at a time.

    Yields
    ------
    OpenLevel
        As from `open_level`.
    """
    source = uri if level.group == "/" else f"{uri.split('::')[0]}::{level.group}"
    with open_cooler(uri) as (file, _):
        with name_damaged_file(source):
            group = _find_cooler(file, level.group, source)
            refuse_other_files(group, source)
            check_tables(group, source)
            bins, notes = read_bin_table(group, level.resolution, source)
            attributes = {name: _attributes(group["bins"][name]) for name in bins.extra}
            is_square = attribute_text(read_attribute(group, "storage-mode")) == "square"
            promised = attribute_number(read_attribute(group, "sum"))
            columns = [
                Column(group["pixels"][name], narrow=name != "count") for name in PIXEL_COLUMNS
            ]
            total = int(group["pixels/count"].shape[0])

        def chunks() -> Iterator[Chunk]:
            pixels = _read_pixels(columns, chunk_pixels, source)
            return _upper_triangle(pixels, len(bins), promised, source) if is_square else pixels

        if is_square:
            notes.append("stored as a full square; the upper triangle was taken")
        promised_upper = None if is_square else promised
        yield OpenLevel(bins, chunks, "h5py", total, attributes, notes, promised_upper)


def _find_cooler(file: h5py.File, name: str, source: str) -> h5py.Group:
    """Return the group of a cooler."""
    group = find_node(file, name, source)
    if not is_cooler(group, source):
        raise _no_cooler(file, name, source)
    return group


def _no_cooler(file: h5py.File, name: str, source: str) -> InputError:
    """Return the error about a file or group without bins and pixels."""
    path = source.partition("::")[0]
    if cells := single_cell_groups(file, source):
        return InputError(
            source,
            f"is a file of {len(cells):,} single cells and not a map ({list_names(cells)}).",
            f"Name one cell for each sample, for instance {path}::{cells[0]}",
        )
    if {"intervals", "matrix"} <= set(file):
        return InputError(
            source,
            "is a matrix of HiCExplorer (.h5) and not a cooler.",
            f"Convert it: hicConvertFormat -m {shlex.quote(path)} --inputFormat h5 "
            "--outputFormat cool -o NEW.cool",
        )
    place = "" if name == "/" else f" in the group {name}"
    members = _describe_members(file if name == "/" else file[name])
    return InputError(
        source,
        f"is an HDF5 file but not a cooler: it has no bins and pixels{place} (it holds {members}).",
        "Give a .cool or .mcool file, or convert it with the program that wrote it.",
    )


def _describe_members(group: h5py.Group | h5py.Dataset) -> str:
    """Return the names of the first members of a group."""
    return list_names(sorted(group)) or "nothing" if isinstance(group, h5py.Group) else "values"


def _attributes(column: h5py.Dataset) -> dict[str, object]:
    """Return the attributes of a bin column as JSON values."""
    return {key: attribute_json(value) for key, value in column.attrs.items()}


def _read_pixels(columns: list[Column], chunk_pixels: int, source: str) -> Iterator[Chunk]:
    """Read all pixels; the next chunk is inflated while the caller works on this one."""
    total = columns[0].dataset.shape[0]
    with ThreadPoolExecutor(READ_THREADS) as pool:
        current = [column.start_reading(0, min(chunk_pixels, total), pool) for column in columns]
        for lo in range(0, total, chunk_pixels):
            next_lo, next_hi = lo + chunk_pixels, min(lo + 2 * chunk_pixels, total)
            following = [column.start_reading(next_lo, next_hi, pool) for column in columns]
            with name_damaged_file(source):
                bin1, bin2, count = (wait() for wait in current)
            yield bin1, bin2, count
            current = following


def _upper_triangle(
    chunks: Iterator[Chunk], n: int, promised: float | None, source: str
) -> Iterator[Chunk]:
    """Return the upper triangle of a full square, which must be symmetric.

    All pixels are held in memory at once, about 40 bytes each. Square storage is meant for
    asymmetric data, so a symmetric map in it is rare and small.
    """
    pieces = list(split_between_rows(chunks, n, source))
    if not pieces:
        return
    bin1, bin2, count = concatenate(pieces)
    total = count.sum(dtype=np.float64 if count.dtype.kind == "f" else np.int64).item()
    refuse_other_sum(promised, total, len(count), count.dtype, source)
    order = np.lexsort((bin2, bin1))
    transposed = np.lexsort((bin1, bin2))
    is_equal = (
        (bin1[order] == bin2[transposed])
        & (bin2[order] == bin1[transposed])
        & (count[order] == count[transposed])
    )
    if not is_equal.all():
        k = order[int(np.argmin(is_equal))]
        raise InputError(
            source,
            f"is stored as a full square and is not symmetric: the pixel ({bin1[k]}, {bin2[k]}) "
            f"with count {count[k]} has no equal partner ({bin2[k]}, {bin1[k]}).",
            "Balancing needs a symmetric map; add it to its transpose if that is what is meant.",
        )
    upper = order[bin1[order] <= bin2[order]]
    yield bin1[upper], bin2[upper], count[upper]
