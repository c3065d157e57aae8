"""The three files of a balancing run: weights.parquet, trace.parquet, verdict.json."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from counterpoise.contacts.bins import BinTable
from counterpoise.files import read_json, replacing, write_json
from counterpoise.records.verdict import Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from counterpoise.balancing.api import Balance
    from counterpoise.records.search import Search


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
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", use_dictionary=repeated)


def write_balance(balance: Balance, bins: BinTable, paths: dict[str, str]) -> None:
    """Write ``paths["weights"]``, ``["trace"]`` and ``["verdict"]``, the verdict last."""
    per_bin = {"weight": numbers(balance.weights), "se": numbers(balance.se)}
    write_table(paths["weights"], {**bin_columns(bins), **per_bin})
    trace = balance.trace
    parts = list(dict.fromkeys(row.part for row in trace))
    columns: dict[str, NDArray[Any]] = {
        "iteration": np.array([row.iteration for row in trace], np.int32),
        "matvecs": np.array([row.matvecs for row in trace], np.int32),
        "max_deviation": np.array([row.max_deviation for row in trace], np.float64),
        "rms_deviation": np.array([row.rms_deviation for row in trace], np.float64),
    }
    ids = {part: number for number, part in enumerate(parts)}
    part = named(np.array([ids[row.part] for row in trace], np.int32), parts)
    write_table(
        paths["trace"],
        {"part": part, **{name: numbers(values) for name, values in columns.items()}},
    )
    write_json(paths["verdict"], balance.verdict.to_dict())


def write_searches(searches: Sequence[Search], path: str | Path) -> None:
    """Write ``bandwidth.parquet``: a row for each candidate of each part."""
    parts = [search.label for search in searches]
    tried = [candidate for search in searches for candidate in search.candidates]
    of_part = np.repeat(
        np.arange(len(parts), dtype=np.int32), [len(search.candidates) for search in searches]
    )
    chosen = [k == search.best for search in searches for k in range(len(search.candidates))]
    columns: dict[str, NDArray[Any]] = {
        "bins": np.array([search.bins for search in searches], np.int32)[of_part],
        "bin_size": np.array([search.bin_size for search in searches], np.float64)[of_part],
        "bandwidth": np.array([candidate.bandwidth for candidate in tried], np.float64),
        "whole": np.array([candidate.whole for candidate in tried], np.float64),
        "score": np.array([candidate.score for candidate in tried], np.float64),
        "error": np.array([candidate.error for candidate in tried], np.float64),
        "iterations": np.array([candidate.iterations for candidate in tried], np.int32),
        "chosen": np.array(chosen, bool),
    }
    write_table(
        path,
        {
            "part": named(of_part, parts),
            **{name: numbers(values) for name, values in columns.items()},
            "rejected": words([candidate.rejected for candidate in tried]),
        },
    )


def read_searches(path: str | Path) -> list[Search]:
    """What ``write_searches`` wrote."""
    from counterpoise.records.search import Candidate, Search

    found: dict[str, tuple[int, float, list[Candidate]]] = {}
    best: dict[str, int] = {}
    for row in pq.ParquetFile(path).read().to_pylist():
        _, _, candidates = found.setdefault(row["part"], (row["bins"], row["bin_size"], []))
        if row["chosen"]:
            best[row["part"]] = len(candidates)
        names = ("bandwidth", "whole", "score", "error", "iterations", "rejected")
        candidates.append(Candidate(**{name: row[name] for name in names}))
    return [
        Search(label, bins, bin_size, tuple(candidates), best[label])
        for label, (bins, bin_size, candidates) in found.items()
    ]


def read_weights(path: str | Path) -> NDArray[np.float64]:
    """float64 [bins], multiplicative, NaN on masked bins."""
    return _column(path, "weight")


def read_errors(path: str | Path) -> NDArray[np.float64]:
    """float64 [bins], relative standard errors of the weights, NaN where there are none."""
    return _column(path, "se")


def _column(path: str | Path, name: str) -> NDArray[Any]:
    return values_of(pq.ParquetFile(path).read(columns=[name])[name])


def read_verdict(path: str | Path) -> Verdict:
    return Verdict.from_dict(read_json(path))
