"""Read and check the bin table of a cooler."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable
from counterpoise.errors import InputError
from counterpoise.ingest.cooler_file import attribute_text

BIN_COLUMNS = ("chrom", "start", "end")
_SORT_BINS = "Sort the bins by chromosome and position and write the file again."


def bin_size(group: h5py.Group) -> int | None:
    """Return the bin size of a cooler in base pairs.

    Parameters
    ----------
    group : h5py.Group
        The cooler, with the table ``bins``.

    Returns
    -------
    int or None
        The size in the header, or that of the first bin where an old header has none; None for
        bins of unequal length.
    """
    size = attribute_text(group.attrs.get("bin-size"))
    if attribute_text(group.attrs.get("bin-type")) == "variable":
        return None
    if size is not None:
        return int(size) if size.isdigit() else None
    bins = group["bins"]
    return int(bins["end"][0] - bins["start"][0]) if bins["start"].shape[0] else None


def read_bin_table(group: h5py.Group, resolution: int | None, source: str) -> BinTable:
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
    BinTable
        With every further column of numbers or text in ``extra``.

    Raises
    ------
    InputError
        If the bins are out of order, overlap, or are not of the size in the header.
    """
    names = tuple(attribute_text(name) or "" for name in group["chroms/name"][:])
    lengths = group["chroms/length"][:].astype(np.int64)
    table = group["bins"]
    start, end = table["start"][:].astype(np.int32), table["end"][:].astype(np.int32)
    chromosome = _chromosome_numbers(table["chrom"][:], names)
    _check_order(chromosome, start, end, len(names), source)
    offsets = np.searchsorted(chromosome, np.arange(len(names) + 1)).astype(np.int64)
    extra = {
        name: _column_values(column)
        for name, column in table.items()
        if name not in BIN_COLUMNS and _is_readable(column, start.shape)
    }
    bins = BinTable(names, lengths, offsets, start, end, resolution, extra)
    _check_sizes(bins, source)
    return bins


def _chromosome_numbers(column: NDArray[Any], names: tuple[str, ...]) -> NDArray[Any]:
    """Return the chromosome of each bin as a number; some files store names."""
    if column.dtype.kind in "iu":
        return column
    number = {name: position for position, name in enumerate(names)}
    return np.array([number[attribute_text(name) or ""] for name in column], dtype=np.int32)


def _check_order(
    chromosome: NDArray[Any],
    start: NDArray[np.int32],
    end: NDArray[np.int32],
    n_chromosomes: int,
    source: str,
) -> None:
    """Refuse bins of unknown chromosomes, out of order, overlapping or empty."""
    if len(chromosome) and (
        chromosome[0] < 0 or chromosome[-1] >= n_chromosomes or (np.diff(chromosome) < 0).any()
    ):
        raise InputError(
            source,
            "bins/chrom is not in the order of the chromosome table, or names chromosomes that "
            "are not in it.",
            _SORT_BINS,
        )
    overlap = (start[1:] < end[:-1]) & (chromosome[1:] == chromosome[:-1])
    if (start >= end).any() or overlap.any():
        raise InputError(source, "its bins overlap, are out of order or are empty.", _SORT_BINS)


def _check_sizes(bins: BinTable, source: str) -> None:
    """Refuse bins that are not of the size in the header.

    A table may cover a part of a chromosome, but its bins lie on the chromosome's grid. The last
    bin of a chromosome ends where the chromosome does.
    """
    if bins.resolution is None:
        return
    chromosome_end = np.repeat(bins.lengths, np.diff(bins.offsets))
    expected_end = np.minimum(bins.start.astype(np.int64) + bins.resolution, chromosome_end)
    if (bins.start % bins.resolution).any() or (bins.end != expected_end).any():
        raise InputError(
            source,
            f"its header promises bins of {bins.resolution:,} bp, but its bin table has others.",
            "Write the file again with its true bins.",
        )


def _is_readable(column: h5py.Dataset, shape: tuple[int, ...]) -> bool:
    """Return whether a further column holds a number or text for each bin."""
    is_text = h5py.check_string_dtype(column.dtype) is not None
    return bool(column.shape == shape and (is_text or column.dtype.kind in "iufb"))


def _column_values(column: h5py.Dataset) -> NDArray[Any]:
    """Read a further column; text is returned as bytes."""
    if h5py.check_string_dtype(column.dtype) is None:
        return np.asarray(column[:])
    return np.array([(attribute_text(value) or "").encode() for value in column[:]])
