"""Reading `.cool` and `.mcool` files (HDF5) directly, with every promise of the format checked.

The format is cooler's schema, versions 2 and 3. Pixels are read as compressed chunks which
threads inflate side by side: h5py alone inflates on one core and takes twice as long.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Chunk
from counterpoise.errors import InputError
from counterpoise.ingest.check import joined
from counterpoise.ingest.column import Column
from counterpoise.ingest.source import Level, OpenLevel, SourceInfo

# As many as the rule asks for; the thread that checks what they inflate keeps pace with no more.
READ_THREADS = 2
SPAN = 1 << 20  # pixels read at a time: few enough to stay in the cache while they are checked
_BIN_COLUMNS = ("chrom", "start", "end")
_PIXEL_COLUMNS = ("bin1_id", "bin2_id", "count")


def inspect_cool(uri: str) -> SourceInfo:
    """The levels of a cooler file: single, `/resolutions/<bp>`, or the old layout `/0`, `/1`, ...

    A group can be named as cooler does, ``file.mcool::/resolutions/10000``.

    Raises
    ------
    InputError : not HDF5, cut short, or HDF5 without a cooler in it.
    """
    with _opened(uri) as (file, group), _damage_named(uri):
        groups = [group] if group != "/" else _cooler_groups(file)
        if not groups or "bins" not in file[groups[0]]:
            raise InputError(
                uri,
                f"is an HDF5 file but no cooler: no bins and pixels (it holds {_members(file)}).",
                "Give a .cool or .mcool file, or convert it with the program that wrote it.",
            )
        levels = tuple(_level(file[name], name) for name in groups)
        assembly = _text(file[groups[0]].attrs.get("genome-assembly"))
        return SourceInfo(uri, "cool" if groups == ["/"] else "mcool", levels, assembly)


@contextmanager
def open_cool(uri: str, level: Level) -> Iterator[OpenLevel]:
    """Open one level of a cooler file; the file stays open until the block ends.

    Raises
    ------
    InputError : a missing table or column, a bin table that contradicts itself, asymmetric counts.
    """
    with _opened(uri) as (file, _):
        where = uri if level.group == "/" else f"{uri.split('::')[0]}::{level.group}"
        with _damage_named(where):
            group = file[level.group]
            _require(group, "bins", _BIN_COLUMNS, where)
            _require(group, "pixels", _PIXEL_COLUMNS, where)
            _require(group, "chroms", ("name", "length"), where)
            bins = _bin_table(group, level.resolution, where)
            attributes = {
                name: {key: _plain(value) for key, value in group["bins"][name].attrs.items()}
                for name in bins.extra
            }
            left_out = sorted(set(group["bins"]) - {*_BIN_COLUMNS, *bins.extra})
            pixels = group["pixels"]
            sizes = {name: pixels[name].shape[0] for name in _PIXEL_COLUMNS}
            square = _text(group.attrs.get("storage-mode")) == "square"
        if len(set(sizes.values())) != 1:
            raise InputError(
                where,
                f"the pixel columns differ in length ({sizes}).",
                "The file was not written to its end; write it again from its source.",
            )
        opened = OpenLevel(bins, lambda: _pixel_chunks(pixels, where), sizes["count"], attributes)
        if left_out:
            names = ", ".join(left_out)
            opened.notes.append(f"bin columns that are neither numbers nor text left out: {names}")
        if square:
            opened.chunks = lambda: _from_square(pixels, len(bins), where)
            opened.notes.append("stored as a full square; the upper triangle was taken")
        yield opened


@contextmanager
def _damage_named(where: str) -> Iterator[None]:
    """Whatever h5py and the inflating raise over damaged bytes, as an error that says so."""
    try:
        yield
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise InputError(
            where,
            f"is damaged and cannot be read ({error}).",
            "Compare its size and checksum with the source and fetch it again.",
        ) from error


@contextmanager
def _opened(uri: str) -> Iterator[tuple[h5py.File, str]]:
    path, _, group = uri.partition("::")
    file = _open_hdf5(path)
    with file:
        if group and group not in file:
            there = ", ".join(_cooler_groups(file)) or "no cooler"
            raise InputError(
                path,
                f"has no group {group} (it holds {there}).",
                "Name one of these after '::', or leave '::' out.",
            )
        yield file, group or "/"


def _open_hdf5(path: str) -> h5py.File:
    """Open read-only and without a lock, which network disks and open viewers may refuse."""
    size = Path(path).stat().st_size if Path(path).exists() else None
    if size is None:
        raise InputError(path, "does not exist.", "Check the path in the sample sheet.")
    if size == 0:
        raise InputError(path, "is empty (0 bytes).", "Copy or download it again.")
    with open(path, "rb") as stream:
        signature = stream.read(8)
    if signature.lstrip().startswith(b"<"):
        raise InputError(
            path,
            "is not an HDF5 file: it begins as a web page does.",
            "Most likely a server sent its login or error page; look at the address in a browser.",
        )
    if signature != b"\x89HDF\r\n\x1a\n":
        raise InputError(
            path,
            "is not an HDF5 file, so it is no .cool or .mcool.",
            "Give a cooler file, or name a .hic file with the ending .hic.",
        )
    try:
        return h5py.File(path, "r", locking=False)
    except OSError as error:
        raise InputError(
            path,
            f"is damaged HDF5, most likely cut short in a copy or download ({error}).",
            "Compare its size and checksum with the source and fetch it again.",
        ) from error


def _cooler_groups(file: h5py.File) -> list[str]:
    if "bins" in file and "pixels" in file:
        return ["/"]
    parent = file.get("resolutions", file)
    prefix = "/resolutions/" if "resolutions" in file else "/"
    names = [
        name for name, item in parent.items() if isinstance(item, h5py.Group) and "bins" in item
    ]
    return [prefix + name for name in sorted(names, key=lambda n: (len(n), n))]


def _members(file: h5py.File) -> str:
    names = sorted(file)
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "") if names else "nothing"


def _text(value: Any) -> str | None:
    """An HDF5 attribute as text; some writers store bytes, or the text of bytes (``b'...'``)."""
    if value is None:
        return None
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return text[2:-1] if text.startswith("b'") and text.endswith("'") else text


def _plain(value: Any) -> Any:
    """An HDF5 attribute as a JSON value; NaN as text, since JSON has none."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, h5py.Empty):
        return None
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()]
    if isinstance(value, np.generic):
        return _plain(value.item())
    return value if not isinstance(value, float) or np.isfinite(value) else str(value)


def _level(group: h5py.Group, name: str) -> Level:
    resolution = _resolution(group)
    if resolution is None and "chroms/length" in group:
        start, lengths = group["bins/start"], group["chroms/length"]
        if 0 < start.shape[0] <= lengths.shape[0] and not start[:].any():
            return Level(None, name, int(lengths[:].max()))
    return Level(resolution, name)


def _resolution(group: h5py.Group) -> int | None:
    """Bin size from the header; from the first bins where an old header does not say."""
    size, kind = _text(group.attrs.get("bin-size")), _text(group.attrs.get("bin-type"))
    if kind == "variable" or (size is not None and not size.isdigit()):
        return None
    if size is not None:
        return int(size)
    bins = group["bins"]
    return int(bins["end"][0] - bins["start"][0]) if bins["start"].shape[0] else None


def _require(group: h5py.Group, table: str, columns: tuple[str, ...], where: str) -> None:
    if table not in group:
        raise InputError(
            where, f"has no table '{table}'.", "The file is no complete cooler; write it again."
        )
    for column in columns:
        if column not in group[table]:
            raise InputError(
                where,
                f"has no column '{table}/{column}' (it has {', '.join(sorted(group[table]))}).",
                "The file is no complete cooler; write it again from its source.",
            )


def _bin_table(group: h5py.Group, resolution: int | None, where: str) -> BinTable:
    names = tuple(_text(name) or "" for name in group["chroms/name"][:])
    lengths = group["chroms/length"][:].astype(np.int64)
    table = group["bins"]
    start, end = table["start"][:].astype(np.int32), table["end"][:].astype(np.int32)
    chrom = table["chrom"][:]
    if chrom.dtype.kind not in "iu":
        index = {name: number for number, name in enumerate(names)}
        chrom = np.array([index[_text(name) or ""] for name in chrom], dtype=np.int32)
    if len(chrom) and (chrom[0] < 0 or chrom[-1] >= len(names) or (np.diff(chrom) < 0).any()):
        raise InputError(
            where,
            "bins/chrom is not in the order of the chromosome table or not all in it.",
            "Sort the bins by chromosome and position and write the file again.",
        )
    misplaced = (start[1:] < end[:-1]) & (chrom[1:] == chrom[:-1])
    if (start >= end).any() or misplaced.any():
        raise InputError(
            where,
            "its bins overlap, are out of order or are empty.",
            "Sort the bins by chromosome and position and write the file again.",
        )
    offsets = np.searchsorted(chrom, np.arange(len(names) + 1)).astype(np.int64)
    extra = {
        name: _values(column)
        for name, column in table.items()
        if name not in _BIN_COLUMNS and _carried(column, start.shape)
    }
    bins = BinTable(names, lengths, offsets, start, end, resolution, extra)
    if resolution is not None:
        # A table may cover a part of a chromosome, but never leave its grid. The last bin of a
        # chromosome ends where the chromosome does.
        limit = np.minimum(
            start.astype(np.int64) + resolution, np.repeat(lengths, np.diff(offsets))
        )
        if (start % resolution).any() or (end != limit).any():
            raise InputError(
                where,
                f"its header promises bins of {resolution:,} bp, its bin table holds others.",
                "Write the file again with its true bins.",
            )
    return bins


def _carried(column: h5py.Dataset, shape: tuple[int, ...]) -> bool:
    """Whether a further bin column can be carried over: numbers or text, one a bin."""
    text = h5py.check_string_dtype(column.dtype) is not None
    return bool(column.shape == shape and (text or column.dtype.kind in "iufb"))


def _values(column: h5py.Dataset) -> NDArray[Any]:
    if h5py.check_string_dtype(column.dtype) is None:
        return np.asarray(column[:])
    return np.array([(_text(value) or "").encode() for value in column[:]])


def _pixel_chunks(pixels: h5py.Group, where: str) -> Iterator[Chunk]:
    total = pixels["count"].shape[0]
    with _damage_named(where):
        columns = [Column(pixels[name], name != "count") for name in _PIXEL_COLUMNS]
    with ThreadPoolExecutor(READ_THREADS) as pool:
        now = [column.start(0, min(SPAN, total), pool) for column in columns]
        for lo in range(0, total, SPAN):
            # The next span is inflated while the caller works on this one.
            hi = min(lo + 2 * SPAN, total)
            ahead = [column.start(lo + SPAN, hi, pool) for column in columns]
            with _damage_named(where):
                bin1, bin2, count = (ready() for ready in now)
            yield bin1, bin2, count
            now = ahead


def _from_square(pixels: h5py.Group, n: int, where: str) -> Iterator[Chunk]:
    """The upper triangle of square storage, which must hold the same count both ways.

    Both triangles are held in memory at once, about 40 bytes a pixel: square storage is for
    asymmetric data, so a symmetric map in it is rare and small.
    """
    pieces = list(_pixel_chunks(pixels, where))
    if not pieces:
        return
    bin1, bin2, count = joined(pieces)
    order = np.lexsort((bin2, bin1))
    mirrored = np.lexsort((bin1, bin2))
    same = (
        (bin1[order] == bin2[mirrored])
        & (bin2[order] == bin1[mirrored])
        & (count[order] == count[mirrored])
    )
    if not same.all():
        k = order[int(np.argmin(same))]
        raise InputError(
            where,
            f"is stored as a square and is not symmetric: the pixel ({bin1[k]}, {bin2[k]}) with "
            f"count {count[k]} has no equal partner ({bin2[k]}, {bin1[k]}).",
            "Balancing needs a symmetric map; add it to its transpose if that is what is meant.",
        )
    upper = order[bin1[order] <= bin2[order]]
    yield bin1[upper], bin2[upper], count[upper]
