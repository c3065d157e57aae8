"""Read the bins of the contact records in one block of a `.hic` file."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROWS, _DENSE = 1, 2  # how the records of a block are arranged
_NO_SHORT_COUNT = -32768  # a cell of a dense block without a contact

Bins = tuple[NDArray[np.int64], NDArray[np.int64]]


def block_bins(content: bytes, version: int) -> Bins:
    """Return the bins of all records in an inflated block.

    Parameters
    ----------
    content : bytes
        The block.
    version : int
        Version of the file, 6 to 9.

    Returns
    -------
    bin1, bin2 : ndarray of int64
        Bin numbers within the first and the second chromosome of the matrix.

    Raises
    ------
    ValueError
        If the block is cut short or of an unknown arrangement.
    """
    try:
        (number,) = struct.unpack_from("<i", content)
        if version < 7:
            records = np.frombuffer(content, "<i4,<i4,<f4", number, 4)
            return records["f0"].astype(np.int64), records["f1"].astype(np.int64)
        first, second, has_float_counts = struct.unpack_from("<iib", content, 4)
        position, wide1, wide2 = 13, False, False
        if version > 8:
            wide1, wide2 = (flag != 0 for flag in struct.unpack_from("<bb", content, position))
            position += 2
        arrangement = content[position]
        count = "<f4" if has_float_counts else "<i2"
        if arrangement == _ROWS:
            bin1, bin2 = _rows(content, position + 1, count, wide1, wide2)
        elif arrangement == _DENSE:
            bin1, bin2 = _dense(content, position + 1, count)
        else:
            raise ValueError(f"its arrangement is {arrangement}")
    except (struct.error, IndexError) as error:
        raise ValueError(f"it is cut short ({error})") from error
    return first + bin1, second + bin2


def _rows(content: bytes, position: int, count: str, wide1: bool, wide2: bool) -> Bins:
    """Read a list of rows, each with a list of columns; a set flag means 32 bits."""
    one, two = ("i4" if wide else "i2" for wide in (wide1, wide2))
    cell = np.dtype([("bin", f"<{one}"), ("count", count)])
    row_head = struct.Struct("<" + ("i" if wide2 else "h") + ("i" if wide1 else "h"))
    (rows,) = struct.unpack_from("<i" if wide2 else "<h", content, position)
    position += np.dtype(two).itemsize
    columns: list[NDArray[Any]] = [np.empty(0, np.int64)]
    names: list[NDArray[Any]] = [np.empty(0, np.int64)]
    for _ in range(rows):
        row, length = row_head.unpack_from(content, position)
        position += row_head.size
        columns.append(np.frombuffer(content, cell, length, position)["bin"].astype(np.int64))
        names.append(np.full(length, row, np.int64))
        position += length * cell.itemsize
    return np.concatenate(columns), np.concatenate(names)


def _dense(content: bytes, position: int, count: str) -> Bins:
    """Read a rectangle of cells; those without a contact have a special count."""
    cells, width = struct.unpack_from("<ih", content, position)
    counts = np.frombuffer(content, count, cells, position + 6)
    has_contact = ~np.isnan(counts) if count == "<f4" else counts != _NO_SHORT_COUNT
    row, column = np.divmod(np.flatnonzero(has_contact), max(width, 1))
    return column, row
