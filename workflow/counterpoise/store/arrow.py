"""Arrow and Parquet: arrays without copies, and small files that are complete or absent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from counterpoise.contacts.bins import BinTable
from counterpoise.files import atomic_write

if TYPE_CHECKING:
    from numpy.typing import NDArray


def numbers(values: NDArray[Any]) -> pa.Array:
    """A numpy array as an Arrow one, without copying.

    ``pyarrow.array`` would do it too, but imports pandas first: a quarter of a second in each job.
    """
    values = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
    if values.dtype == bool:
        packed = pa.py_buffer(np.packbits(values, bitorder="little"))
        return pa.Array.from_buffers(pa.bool_(), len(values), [None, packed])
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def values_of(column: pa.ChunkedArray | pa.Array) -> NDArray[Any]:
    """A column without nulls as a numpy array, the inverse of ``numbers`` (and of ``words``)."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_string(array.type):
        return np.array(array.to_pylist(), dtype="S")
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


def words(values: Sequence[str]) -> pa.Array:
    """Strings as an Arrow array."""
    encoded = [value.encode() for value in values]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(encoded), buffers)


def named(ids: NDArray[Any], names: Sequence[str]) -> pa.Array:
    """Names by their numbers, as a dictionary column."""
    return pa.DictionaryArray.from_arrays(numbers(ids), words(names))


def bin_columns(bins: BinTable) -> dict[str, pa.Array]:
    """chrom (dictionary), start and end, as every per-bin Parquet file begins."""
    chrom = named(bins.chromosome_ids, bins.chromosomes)
    return {"chrom": chrom, "start": numbers(bins.start), "end": numbers(bins.end)}


def write_table(
    path: str | Path, columns: dict[str, Any], metadata: dict[str, str] | None = None
) -> None:
    """A small Parquet file (zstd), whole or not there."""
    table = pa.Table.from_arrays(list(columns.values()), names=list(columns))
    if metadata:
        table = table.replace_schema_metadata(metadata)
    # Parquet's own dictionaries do not pay where nearly every value is another.
    repeated = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
    with atomic_write(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", use_dictionary=repeated)
