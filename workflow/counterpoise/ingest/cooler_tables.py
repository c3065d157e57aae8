"""The tables of a cooler: which columns they must have, of which shape and type.

Everything here is known from headers, before a column is read, so that a file that claims an
impossible size costs nothing.
"""

from __future__ import annotations

import h5py
import numpy as np

from counterpoise.errors import InputError
from counterpoise.ingest.cooler_file import attribute_number, attribute_text, read_attribute
from counterpoise.ingest.hdf5_chunks import is_written
from counterpoise.ingest.hdf5_links import Node, members

# Required columns, and the kinds of values that each may hold (kinds of numpy's types; S is text).
COLUMNS = {
    "chroms": {"name": "S", "length": "iuf"},
    "bins": {"chrom": "iuS", "start": "iuf", "end": "iuf"},
    "pixels": {"bin1_id": "iu", "bin2_id": "iu", "count": "iuf"},
}
_KINDS = {"S": "text", "iuS": "numbers or text", "iu": "whole numbers", "iuf": "numbers"}
_INCOMPLETE = "The file is not a complete cooler; write it again from its source."
MAX_BINS = np.iinfo(np.int32).max


def check_tables(group: h5py.Group, source: str) -> None:
    """Check the shapes and types of all required columns, and the sizes that they claim.

    Parameters
    ----------
    group : h5py.Group
        The cooler.
    source : str
        Path and group, for messages.

    Raises
    ------
    InputError
        If a table or column is missing, is no column of one dimension or holds another type; if
        the columns of a table differ in length, were not written to their end, or are longer than
        the header or the number of bins allows.
    """
    rows = {table: check_table(group, table, source) for table in COLUMNS}
    n = rows["bins"]
    if n > MAX_BINS:
        raise InputError(
            source,
            f"claims {n:,} bins; at most {MAX_BINS:,} can be read.",
            "Write it again with larger bins.",
        )
    is_square = attribute_text(read_attribute(group, "storage-mode")) == "square"
    possible = n * n if is_square else n * (n + 1) // 2
    if rows["pixels"] > possible:
        raise InputError(
            source,
            f"claims {rows['pixels']:,} pixels, but {n:,} bins have {possible:,} at most.",
            "The file is damaged; write it again from its source.",
        )
    for table, key in (("bins", "nbins"), ("pixels", "nnz"), ("chroms", "nchroms")):
        promised = attribute_number(read_attribute(group, key))
        if promised is not None and promised != rows[table]:
            raise InputError(
                source,
                f"its header promises {promised:,} {table} ({key}), but the table has "
                f"{rows[table]:,}.",
                "The file was not written to its end; write it again from its source.",
            )


def check_table(group: h5py.Group, table: str, source: str) -> int:
    """Check the columns of one table.

    Parameters
    ----------
    group : h5py.Group
        The cooler.
    table : {"chroms", "bins", "pixels"}
        Name of the table.
    source : str
        Path and group, for messages.

    Returns
    -------
    int
        Number of its rows.

    Raises
    ------
    InputError
        See `check_tables`.
    """
    node = members(group, source).get(table)
    if not isinstance(node, h5py.Group):
        raise InputError(source, f"has no table '{table}'.", _INCOMPLETE)
    columns = members(node, source)
    rows = {
        name: _check_column(table, name, kinds, columns, source)
        for name, kinds in COLUMNS[table].items()
    }
    if len(set(rows.values())) != 1:
        row = {"chroms": "chromosome", "bins": "bin", "pixels": "pixel"}[table]
        raise InputError(
            source,
            f"the {row} columns differ in length ({rows}).",
            "The file was not written to its end; write it again from its source.",
        )
    return rows.popitem()[1]


def _check_column(
    table: str, name: str, kinds: str, columns: dict[str, Node | None], source: str
) -> int:
    """Return the length of a column, whose shape and type must be right."""
    node = columns.get(name)
    if node is None:
        present = ", ".join(columns) or "none"
        raise InputError(source, f"has no column '{table}/{name}' (it has {present}).", _INCOMPLETE)
    problem = ""
    if not isinstance(node, h5py.Dataset):
        problem = "is no column of values"
    elif node.shape is None or len(node.shape) != 1:
        problem = f"has the shape {node.shape or '()'}; a column has one dimension"
    elif _kind(node) not in kinds:
        problem = f"holds values of the type {node.dtype} and not {_KINDS[kinds]}"
    elif not is_written(node):
        problem = f"claims {node.shape[0]:,} values, but not all of them are in the file"
    if problem:
        raise InputError(source, f"its column '{table}/{name}' {problem}.", _INCOMPLETE)
    return int(node.shape[0])


def _kind(column: h5py.Dataset) -> str:
    """Return the kind of a column's type; text of fixed and variable length is ``S``."""
    return "S" if h5py.check_string_dtype(column.dtype) else column.dtype.kind
