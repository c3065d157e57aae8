"""The files of a run: weights, trace and verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from counterpoise.balancing.result import Balance
from counterpoise.contacts.bins import BinTable
from counterpoise.errors import refuse_other_versions
from counterpoise.files import check_types, read_json, write_json
from counterpoise.methods import methods
from counterpoise.methods.base import Method
from counterpoise.records.verdict import Verdict
from counterpoise.store.arrow import (
    bin_columns,
    name_column,
    to_arrow,
    to_numpy,
    write_table,
)
from counterpoise.store.paths import RunFiles


def write_balance(balance: Balance, bins: BinTable, files: RunFiles) -> None:
    """Write the weights, the trace and the verdict of a run, the verdict last.

    Parameters
    ----------
    balance : Balance
        The result of balancing.
    bins : BinTable
        The bins of the map.
    files : RunFiles
        Where the files go.
    """
    per_bin = {"weight": to_arrow(balance.weights), "se": to_arrow(balance.se)}
    write_table(files.weights, {**bin_columns(bins), **per_bin})
    write_table(files.trace, trace_columns(balance))
    write_json(files.verdict, balance.verdict.to_dict())


def trace_columns(balance: Balance) -> dict[str, pa.Array]:
    """Build the columns of a ``trace.parquet``.

    Parameters
    ----------
    balance : Balance
        The result of balancing.

    Returns
    -------
    dict of str to pyarrow.Array
        The columns in order.
    """
    trace = balance.trace
    parts = list(dict.fromkeys(row.part for row in trace))
    ids = {part: number for number, part in enumerate(parts)}
    largest = np.array([row.max_deviation for row in trace], np.float64)
    rms = np.array([row.rms_deviation for row in trace], np.float64)
    unknown = np.full(len(trace), np.nan)
    exact, other = (largest, rms), (unknown, unknown)
    if methods()[balance.verdict.method].quantity != Method.quantity:
        exact, other = other, exact
    columns: dict[str, NDArray[Any]] = {
        "iteration": np.array([row.iteration for row in trace], np.int32),
        "matvecs": np.array([row.matvecs for row in trace], np.int32),
        "max_deviation": exact[0],
        "rms_deviation": exact[1],
        "max_smoothed_deviation": other[0],
        "rms_smoothed_deviation": other[1],
    }
    return {
        "part": name_column(np.array([ids[row.part] for row in trace], np.int32), parts),
        **{name: to_arrow(values) for name, values in columns.items()},
    }


def largest_deviations(trace: pa.Table) -> NDArray[np.float64]:
    """Return the largest deviation of what the method makes equal, from a ``trace.parquet``.

    Parameters
    ----------
    trace : pyarrow.Table
        The trace.

    Returns
    -------
    numpy.ndarray
        float64 [rows]; of the method's ``quantity``.
    """
    columns = ("max_deviation", "max_smoothed_deviation")
    exact, other = (to_numpy(trace[name]) for name in columns)
    return np.where(np.isnan(other), exact, other)


def read_weights(path: str | Path) -> NDArray[np.float64]:
    """Read the weights of a run.

    Parameters
    ----------
    path : str or Path
        A ``weights.parquet``.

    Returns
    -------
    float64 [bins]
        Multiplicative weights, NaN on masked bins.
    """
    return _read_column(path, "weight")


def read_errors(path: str | Path) -> NDArray[np.float64]:
    """Read the standard errors of a run's weights.

    Parameters
    ----------
    path : str or Path
        A ``weights.parquet``.

    Returns
    -------
    float64 [bins]
        Relative standard errors, NaN where unknown.
    """
    return _read_column(path, "se")


def _read_column(path: str | Path, name: str) -> NDArray[Any]:
    with refuse_other_versions(path):
        return to_numpy(pq.ParquetFile(path).read(columns=[name])[name])


def read_verdict(path: str | Path) -> Verdict:
    """Read the verdict of a run.

    Parameters
    ----------
    path : str or Path
        A ``verdict.json``.

    Returns
    -------
    Verdict
        The verdict.

    Raises
    ------
    InputError
        If the file is damaged, or another version wrote it.
    """
    with refuse_other_versions(path):
        record = read_json(path)
        check_types(record, dict.fromkeys(("settings", "source", "mask", "versions", "run"), dict))
        return Verdict.from_dict(record)
