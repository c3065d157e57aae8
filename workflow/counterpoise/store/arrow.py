"""Arrow and Parquet: arrays without copies, and small files that are complete or absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from counterpoise.contacts.bins import BinTable
from counterpoise.files import atomic_write

if TYPE_CHECKING:
    from numpy.typing import NDArray


def to_arrow(values: NDArray[Any]) -> pa.Array:
    """Convert a numpy array of numbers or booleans to Arrow, without copying numbers.

    ``pyarrow.array`` imports pandas first, which takes a quarter of a second in each job.

    Parameters
    ----------
    values : array [n]
        Numbers or booleans.

    Returns
    -------
    pyarrow.Array
        The same values, without nulls.
    """
    values = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
    if values.dtype == bool:
        packed = pa.py_buffer(np.packbits(values, bitorder="little"))
        return pa.Array.from_buffers(pa.bool_(), len(values), [None, packed])
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def strings_to_arrow(values: Sequence[str]) -> pa.Array:
    """Convert strings to Arrow.

    Parameters
    ----------
    values : sequence of str
        The strings.

    Returns
    -------
    pyarrow.Array
        The same strings in UTF-8.
    """
    encoded = [value.encode() for value in values]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(encoded), buffers)


def to_numpy(column: pa.ChunkedArray | pa.Array) -> NDArray[Any]:
    """Convert a column without nulls to numpy, the inverse of the functions above.

    Parameters
    ----------
    column : pyarrow.ChunkedArray or pyarrow.Array
        Numbers, booleans or strings.

    Returns
    -------
    array [n]
        Numbers are not copied if the column is in one piece; strings have the dtype ``S``.
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_string(array.type):
        return np.array([value.encode() for value in array.to_pylist()], dtype="S")
    data = array.buffers()[1]
    if pa.types.is_boolean(array.type):
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
        return bits[array.offset : array.offset + len(array)].astype(bool)
    name = str(array.type)
    floats = {"double": "float64", "float": "float32", "halffloat": "float16"}
    dtype = np.dtype(floats.get(name, name))
    if not len(array):
        return np.empty(0, dtype)
    return np.frombuffer(data, dtype, len(array), array.offset * dtype.itemsize)


def name_column(ids: NDArray[Any], names: Sequence[str]) -> pa.Array:
    """Build a dictionary column of names.

    Parameters
    ----------
    ids : integer array [n]
        Index of each row's name.
    names : sequence of str
        The names.

    Returns
    -------
    pyarrow.DictionaryArray
        The name of each row.
    """
    return pa.DictionaryArray.from_arrays(to_arrow(ids), strings_to_arrow(names))


def bin_columns(bins: BinTable) -> dict[str, pa.Array]:
    """Build the columns with which every Parquet file of bins begins.

    Parameters
    ----------
    bins : BinTable
        The bins.

    Returns
    -------
    dict of str to pyarrow.Array
        ``chrom`` (dictionary), ``start`` and ``end``.
    """
    chrom = name_column(bins.chromosome_ids, bins.chromosomes)
    return {"chrom": chrom, "start": to_arrow(bins.start), "end": to_arrow(bins.end)}


def write_table(
    path: str | Path, columns: Mapping[str, Any], metadata: Mapping[str, str] | None = None
) -> None:
    """Write a small Parquet file (zstd) that is complete or absent.

    Parameters
    ----------
    path : str or Path
        Where the file goes.
    columns : mapping of str to array
        The columns in order.
    metadata : mapping of str to str, optional
        Metadata of the file.
    """
    table = pa.Table.from_arrays(list(columns.values()), names=list(columns))
    if metadata:
        table = table.replace_schema_metadata(dict(metadata))
    # Parquet's own dictionaries do not pay off for columns of mostly distinct values.
    repeated = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
    with atomic_write(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", use_dictionary=repeated)
