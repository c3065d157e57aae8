"""Read `.cool` and `.mcool` files, with every promise of the format checked.

The format is cooler's schema, versions 2 and 3. Pixels are read as compressed chunks that threads
inflate in parallel: h5py alone inflates on one core and takes twice as long.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import h5py
import numpy as np

from counterpoise.contacts.contact_map import Chunk
from counterpoise.errors import InputError
from counterpoise.ingest.cooler_bins import BIN_COLUMNS, bin_size, read_bin_table
from counterpoise.ingest.cooler_file import (
    attribute_json,
    attribute_text,
    cooler_groups,
    name_damaged_file,
    open_cooler,
)
from counterpoise.ingest.hdf5_column import Column
from counterpoise.ingest.pixel_checks import concatenate
from counterpoise.ingest.reader_interface import Level, OpenLevel, SourceInfo

# As many as the rule requests; the thread that checks the pixels keeps pace with no more.
READ_THREADS = 2
CHUNK_PIXELS = 1 << 20  # few enough to stay in the cache while they are checked
PIXEL_COLUMNS = ("bin1_id", "bin2_id", "count")
_REQUIRED = {"bins": BIN_COLUMNS, "pixels": PIXEL_COLUMNS, "chroms": ("name", "length")}


def inspect(uri: str, engine: str) -> SourceInfo:
    """Return the levels and the assembly of a cooler file.

    Parameters
    ----------
    uri : str
        Path, or path with a group, named as cooler does: ``file.mcool::/resolutions/10000``.
    engine : str
        Ignored; h5py reads every cooler.

    Returns
    -------
    SourceInfo
        With an empty ``identity``.

    Raises
    ------
    InputError
        If the file is not HDF5, is cut short, or has no cooler in it.
    """
    with open_cooler(uri) as (file, group), name_damaged_file(uri):
        groups = [group] if group != "/" else cooler_groups(file)
        if not groups or "bins" not in file[groups[0]]:
            raise InputError(
                uri,
                "is an HDF5 file but not a cooler: it has no bins and pixels (it holds "
                f"{_describe_members(file)}).",
                "Give a .cool or .mcool file, or convert it with the program that wrote it.",
            )
        levels = tuple(_read_level(file[name], name) for name in groups)
        assembly = attribute_text(file[groups[0]].attrs.get("genome-assembly"))
        return SourceInfo(uri, "cool" if groups == ["/"] else "mcool", levels, assembly)


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
        If a table or column is missing, the bin table contradicts itself, or a map that is
        stored as a full square is not symmetric.
    """
    source = uri if level.group == "/" else f"{uri.split('::')[0]}::{level.group}"
    with open_cooler(uri) as (file, _):
        with name_damaged_file(source):
            group = file[level.group]
            for table, columns in _REQUIRED.items():
                _require_columns(group, table, columns, source)
            bins = read_bin_table(group, level.resolution, source)
            attributes = {name: _attributes(group["bins"][name]) for name in bins.extra}
            unread = sorted(set(group["bins"]) - {*BIN_COLUMNS, *bins.extra})
            is_square = attribute_text(group.attrs.get("storage-mode")) == "square"
            total = _number_of_pixels(group["pixels"], source)

        def chunks() -> Iterator[Chunk]:
            pixels = _read_pixels(group["pixels"], chunk_pixels, source)
            return _upper_triangle(pixels, source) if is_square else pixels

        opened = OpenLevel(bins, chunks, "h5py", total, attributes)
        if unread:
            names = ", ".join(unread)
            opened.notes.append(f"bin columns that are neither numbers nor text ignored: {names}")
        if is_square:
            opened.notes.append("stored as a full square; the upper triangle was taken")
        yield opened


def _describe_members(file: h5py.File) -> str:
    """Return the names of the first members of a file."""
    names = sorted(file)
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "") if names else "nothing"


def _read_level(group: h5py.Group, name: str) -> Level:
    """Return the level of one cooler."""
    resolution = bin_size(group)
    if resolution is None and "chroms/length" in group:
        start, lengths = group["bins/start"], group["chroms/length"]
        if 0 < start.shape[0] <= lengths.shape[0] and not start[:].any():
            return Level(None, name, single_bin_length=int(lengths[:].max()))
    return Level(resolution, name)


def _require_columns(group: h5py.Group, table: str, columns: tuple[str, ...], source: str) -> None:
    """Refuse a cooler without a table or one of its columns."""
    if table not in group:
        raise InputError(
            source,
            f"has no table '{table}'.",
            "The file is not a complete cooler; write it again.",
        )
    for column in columns:
        if column not in group[table]:
            raise InputError(
                source,
                f"has no column '{table}/{column}' (it has {', '.join(sorted(group[table]))}).",
                "The file is not a complete cooler; write it again from its source.",
            )


def _attributes(column: h5py.Dataset) -> dict[str, object]:
    """Return the attributes of a bin column as JSON values."""
    return {key: attribute_json(value) for key, value in column.attrs.items()}


def _number_of_pixels(pixels: h5py.Group, source: str) -> int:
    """Return the length of the pixel columns, which must be equal."""
    lengths = {name: int(pixels[name].shape[0]) for name in PIXEL_COLUMNS}
    if len(set(lengths.values())) != 1:
        raise InputError(
            source,
            f"the pixel columns differ in length ({lengths}).",
            "The file was not written to its end; write it again from its source.",
        )
    return lengths["count"]


def _read_pixels(pixels: h5py.Group, chunk_pixels: int, source: str) -> Iterator[Chunk]:
    """Read all pixels; the next chunk is inflated while the caller works on this one."""
    total = pixels["count"].shape[0]
    with name_damaged_file(source):
        columns = [Column(pixels[name], narrow=name != "count") for name in PIXEL_COLUMNS]
    with ThreadPoolExecutor(READ_THREADS) as pool:
        current = [column.start_reading(0, min(chunk_pixels, total), pool) for column in columns]
        for lo in range(0, total, chunk_pixels):
            next_lo, next_hi = lo + chunk_pixels, min(lo + 2 * chunk_pixels, total)
            following = [column.start_reading(next_lo, next_hi, pool) for column in columns]
            with name_damaged_file(source):
                bin1, bin2, count = (wait() for wait in current)
            yield bin1, bin2, count
            current = following


def _upper_triangle(chunks: Iterator[Chunk], source: str) -> Iterator[Chunk]:
    """Return the upper triangle of a full square, which must be symmetric.

    All pixels are held in memory at once, about 40 bytes each. Square storage is meant for
    asymmetric data, so a symmetric map in it is rare and small.
    """
    pieces = list(chunks)
    if not pieces:
        return
    bin1, bin2, count = concatenate(pieces)
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
