"""Read and check the bin table of a cooler."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable, coordinate_type
from counterpoise.errors import InputError
from counterpoise.ingest.chromosome_names import check_chromosome_names
from counterpoise.ingest.cooler_file import attribute_text, read_attribute
from counterpoise.ingest.cooler_tables import COLUMNS, MAX_BINS, check_table
from counterpoise.ingest.hdf5_chunks import read_column
from counterpoise.ingest.hdf5_links import Node, members
from counterpoise.ingest.reader_interface import Level

BIN_COLUMNS = tuple(COLUMNS["bins"])
MAX_BASE_PAIRS = 2**53  # up to here floating-point numbers hold every coordinate
_SORT_BINS = "Sort the bins by chromosome and position and write the file again."
_WRITE_AGAIN = "The file is damaged; write it again from its source."


def header_bin_size(group: h5py.Group) -> int | None:
    """Return the bin size that the header of a cooler states.

    Parameters
    ----------
    group : h5py.Group
        The cooler.

    Returns
    -------
    int or None
        Base pairs; None if the header states none, or says that bins are unequal.
    """
    size = attribute_text(read_attribute(group, "bin-size")) or ""
    is_variable = attribute_text(read_attribute(group, "bin-type")) == "variable"
    return (int(size) or None) if size.isdecimal() and not is_variable else None


def read_level(group: h5py.Group, name: str, source: str) -> Level:
    """Return the level of a cooler.

    Parameters
    ----------
    group : h5py.Group
        The cooler.
    name : str
        Full name of the group.
    source : str
        Path and group, for messages.

    Returns
    -------
    Level
        With the bin size of the header or, where the header has none, that of the bin table.

    Raises
    ------
    InputError
        If the header has no bin size, and the tables of chromosomes or bins contradict themselves.
    """
    if size := header_bin_size(group):
        return Level(size, name)
    bins = _read_bins(group, source)
    if len(bins) and not bins.start.any():
        return Level(None, name, single_bin_length=int(bins.lengths.max()))
    # Headers of FAN-C say "null", and old ones nothing, of bins that are all of one size.
    size_in_table = int((bins.end - bins.start).max(initial=0))
    is_fixed = size_in_table and _fits_grid(bins, size_in_table)
    return Level(size_in_table if is_fixed else None, name)


def read_bin_table(
    group: h5py.Group, resolution: int | None, source: str
) -> tuple[BinTable, list[str]]:
    """Read the bin table of a cooler.

    Parameters
    ----------
    group : h5py.Group
        The cooler, with the tables ``chroms`` and ``bins``.
    resolution : int or None
        Bin size in base pairs; None for unequal bins.
    source : str
        Path and group, for messages.

    Returns
    -------
    bins : BinTable
        With every further column of numbers or text in ``extra``.
    notes : list of str
        Which members of the table were left out, and which labels differ, in words.

    Raises
    ------
    InputError
        If a name of a chromosome is missing or given twice, a coordinate is impossible, or the
        bins are out of order, overlap, or are not of the size in the header.
    """
    bins = _read_bins(group, source)
    notes = _compare_labels(group["bins/chrom"], bins.chromosomes, source)
    if resolution is not None and not _fits_grid(bins, resolution):
        raise InputError(
            source,
            f"its header promises bins of {resolution:,} bp, but its bin table has others.",
            "Write the file again with its true bins.",
        )
    columns = members(group["bins"], source)
    others = {name: node for name, node in columns.items() if name not in BIN_COLUMNS}
    extra = {
        name: _column_values(node)
        for name, node in others.items()
        if isinstance(node, h5py.Dataset) and _is_readable(name, node, len(bins))
    }
    unread = ", ".join(ascii(name)[1:-1] for name in others if name not in extra)
    if unread:
        notes.append(f"members of bins that are no columns of numbers or text ignored: {unread}")
    table = BinTable(
        bins.chromosomes, bins.lengths, bins.offsets, bins.start, bins.end, resolution, extra
    )
    return table, notes


def _read_bins(group: h5py.Group, source: str) -> BinTable:
    """Read the chromosomes and the intervals of the bins."""
    names = _chromosome_names(group, source)
    lengths = _whole_numbers(group["chroms/length"], source)
    n = check_table(group, "bins", source)
    if n > min(int(lengths.astype(np.float64).sum()), MAX_BINS):
        raise InputError(
            source,
            f"claims {n:,} bins, more than the {len(names):,} chromosomes have base pairs, or than "
            f"can be read ({MAX_BINS:,}).",
            _WRITE_AGAIN,
        )
    table = group["bins"]
    chromosome = _chromosome_numbers(read_column(table["chrom"]), names, source)
    kind = coordinate_type(lengths)
    start, end = (_whole_numbers(table[name], source) for name in ("start", "end"))
    if end.max(initial=0) > np.iinfo(kind).max:
        raise InputError(
            source,
            f"a bin ends at {end.max():,}, but the longest chromosome has {lengths.max():,} bp.",
            _WRITE_AGAIN,
        )
    _check_order(chromosome, start, end, source)
    offsets = np.searchsorted(chromosome, np.arange(len(names) + 1)).astype(np.int64)
    return BinTable(names, lengths, offsets, start.astype(kind), end.astype(kind), None)


def _chromosome_names(group: h5py.Group, source: str) -> tuple[str, ...]:
    """Return the names of the chromosomes, which must differ."""
    check_table(group, "chroms", source)
    stored = read_column(group["chroms/name"])
    names = tuple(attribute_text(name) or "" for name in stored.tolist())
    check_chromosome_names(names, source)
    return names


def _whole_numbers(column: h5py.Dataset, source: str) -> NDArray[np.int64]:
    """Read a column of base pairs, which are whole and not negative."""
    values = read_column(column)
    if values.dtype.kind == "f":  # half-precision numbers cannot be compared with the limit
        values = values.astype(np.float64)
    is_sound = (values >= 0) & (values <= MAX_BASE_PAIRS)
    if values.dtype.kind == "f":
        is_sound &= values == np.floor(values)
    if not is_sound.all():
        k = int(np.argmin(is_sound))
        raise InputError(
            source,
            f"its column '{'/'.join(column.name.split('/')[-2:])}' holds {values[k]} in row {k:,}, "
            "which is no number of base pairs.",
            _WRITE_AGAIN,
        )
    return values.astype(np.int64)


def _compare_labels(column: h5py.Dataset, names: tuple[str, ...], source: str) -> list[str]:
    """Compare the labels of the chromosomes' numbers (an HDF5 enum) with the chromosome table.

    Some writers cut the names in the table short, so labels may differ; a note says so. Labels that
    belong to other rows of the table contradict it.
    """
    labels = h5py.check_enum_dtype(column.dtype) or {}
    row = {name: position for position, name in enumerate(names)}
    others = 0
    for text, number in labels.items():
        label = attribute_text(text) or ""
        if row.get(label, number) != number or not 0 <= number < len(names):
            raise InputError(
                source,
                f"bins/chrom labels the number {number} {label!r}, which contradicts the "
                "chromosome table.",
                _WRITE_AGAIN,
            )
        others += label not in row
    note = f"bins/chrom has other names for {others:,} chromosomes; those of chroms/name were used"
    return [note] if others else []


def _chromosome_numbers(
    column: NDArray[Any], names: tuple[str, ...], source: str
) -> NDArray[np.int64]:
    """Return the chromosome of each bin as a number; some files store names."""
    if column.dtype.kind == "i":
        numbers = column.astype(np.int64)
    elif column.dtype.kind == "u":
        numbers = np.minimum(column.astype(np.uint64), MAX_BINS).astype(np.int64)
    else:
        number = {name: position for position, name in enumerate(names)}
        numbers = np.array([number.get(attribute_text(name) or "", -1) for name in column.tolist()])
    is_known = (numbers >= 0) & (numbers < len(names))
    if not is_known.all():
        k = int(np.argmin(is_known))
        raise InputError(
            source,
            f"bins/chrom names a chromosome that is not in the chromosome table "
            f"({attribute_text(column[k])} in row {k:,}).",
            _WRITE_AGAIN,
        )
    return numbers.astype(np.int64)


def _check_order(
    chromosome: NDArray[np.int64],
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    source: str,
) -> None:
    """Refuse bins out of order, overlapping or empty."""
    if (np.diff(chromosome) < 0).any():
        raise InputError(
            source, "bins/chrom is not in the order of the chromosome table.", _SORT_BINS
        )
    overlap = (start[1:] < end[:-1]) & (chromosome[1:] == chromosome[:-1])
    if (start >= end).any() or overlap.any():
        raise InputError(source, "its bins overlap, are out of order or are empty.", _SORT_BINS)


def _fits_grid(bins: BinTable, size: int) -> bool:
    """Return whether all bins are of one size.

    A table may cover a part of a chromosome, but its bins lie on the chromosome's grid. The last
    bin of a chromosome ends where the chromosome does.
    """
    start = bins.start.astype(np.int64)
    chromosome_end = np.repeat(bins.lengths, np.diff(bins.offsets))
    expected_end = np.minimum(start + size, chromosome_end)
    return not ((start % size).any() or (bins.end != expected_end).any())


def _is_readable(name: str, column: Node, n: int) -> bool:
    """Return whether a further column holds a number or text for each bin."""
    try:
        dtype = column.dtype
    except TypeError:  # a type that numpy does not have
        return False
    is_text = h5py.check_string_dtype(dtype) is not None
    can_encode = name.encode(errors="replace").decode() == name
    return bool(can_encode and column.shape == (n,) and (is_text or dtype.kind in "iufb"))


def _column_values(column: h5py.Dataset) -> NDArray[Any]:
    """Read a further column; text is returned as bytes, and long doubles as doubles."""
    values = read_column(column)
    if h5py.check_string_dtype(column.dtype) is None:
        return values.astype(np.float64) if values.dtype.itemsize > 8 else values
    return np.array([(attribute_text(value) or "").encode() for value in values.tolist()])
