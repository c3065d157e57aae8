"""The three files of a balancing run: weights.parquet, trace.parquet, verdict.json."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from counterpoise.bins import BinTable
from counterpoise.files import read_json, replacing, write_json
from counterpoise.verdict import Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from counterpoise.balancing import Balance


def bin_columns(bins: BinTable) -> dict[str, pa.Array]:
    """chrom (dictionary), start and end, as every per-bin Parquet file begins."""
    chrom = pa.DictionaryArray.from_arrays(
        pa.array(bins.chromosome_ids), pa.array(list(bins.chromosomes), pa.string())
    )
    return {"chrom": chrom, "start": pa.array(bins.start), "end": pa.array(bins.end)}


def write_table(
    path: str | Path, columns: dict[str, Any], metadata: dict[str, str] | None = None
) -> None:
    """A small Parquet file (zstd), whole or not there."""
    table = pa.table(columns)
    if metadata:
        table = table.replace_schema_metadata(metadata)
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def write_balance(balance: Balance, bins: BinTable, paths: dict[str, str]) -> None:
    """Write ``paths["weights"]``, ``["trace"]`` and ``["verdict"]``, the verdict last."""
    write_table(
        paths["weights"],
        {**bin_columns(bins), "weight": pa.array(balance.weights, pa.float64(), from_pandas=False)},
    )
    trace = balance.trace
    write_table(
        paths["trace"],
        {
            "part": pa.array([row.part for row in trace], pa.string()).dictionary_encode(),
            "iteration": pa.array([row.iteration for row in trace], pa.int32()),
            "matvecs": pa.array([row.matvecs for row in trace], pa.int32()),
            "max_deviation": pa.array([row.max_deviation for row in trace], pa.float64()),
            "rms_deviation": pa.array([row.rms_deviation for row in trace], pa.float64()),
        },
    )
    write_json(paths["verdict"], balance.verdict.to_dict())


def read_weights(path: str | Path) -> NDArray[np.float64]:
    """float64 [bins], multiplicative, NaN on masked bins."""
    column = pq.read_table(path, columns=["weight"])["weight"]
    return np.asarray(column.to_numpy(), dtype=np.float64)


def read_verdict(path: str | Path) -> Verdict:
    return Verdict.from_dict(read_json(path))
