"""The files of a run: weights, trace, verdict and, for kernel methods, the bandwidth search."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from counterpoise.balancing.api import Balance
from counterpoise.contacts.bandwidth import Bandwidth
from counterpoise.contacts.bins import BinTable
from counterpoise.errors import refuse_other_versions
from counterpoise.files import check_types, read_json, write_json
from counterpoise.methods import methods
from counterpoise.records.search import Candidate, Search
from counterpoise.records.verdict import Verdict
from counterpoise.store.arrow import (
    bin_columns,
    name_column,
    strings_to_arrow,
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
    trace = balance.trace
    parts = list(dict.fromkeys(row.part for row in trace))
    ids = {part: number for number, part in enumerate(parts)}
    largest = np.array([row.max_deviation for row in trace], np.float64)
    rms = np.array([row.rms_deviation for row in trace], np.float64)
    unknown = np.full(len(trace), np.nan)
    exact, smoothed = (largest, rms), (unknown, unknown)
    if methods()[balance.verdict.method].fills:
        exact, smoothed = smoothed, exact
    columns: dict[str, NDArray[Any]] = {
        "iteration": np.array([row.iteration for row in trace], np.int32),
        "matvecs": np.array([row.matvecs for row in trace], np.int32),
        "max_deviation": exact[0],
        "rms_deviation": exact[1],
        "max_smoothed_deviation": smoothed[0],
        "rms_smoothed_deviation": smoothed[1],
    }
    write_table(
        files.trace,
        {
            "part": name_column(np.array([ids[row.part] for row in trace], np.int32), parts),
            **{name: to_arrow(values) for name, values in columns.items()},
        },
    )
    write_json(files.verdict, balance.verdict.to_dict())


def largest_deviations(trace: pa.Table) -> NDArray[np.float64]:
    """Return the largest deviation of what the method makes equal, from a ``trace.parquet``.

    Parameters
    ----------
    trace : pyarrow.Table
        The trace.

    Returns
    -------
    numpy.ndarray
        float64 [rows]; of row sums, or of smoothed row sums for kernel methods.
    """
    columns = ("max_deviation", "max_smoothed_deviation")
    exact, smoothed = (to_numpy(trace[name]) for name in columns)
    return np.where(np.isnan(smoothed), exact, smoothed)


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


def write_searches(searches: Sequence[Search], path: str | Path) -> None:
    """Write the bandwidth searches of a run.

    Parameters
    ----------
    searches : sequence of Search
        The search on each part.
    path : str or Path
        Where ``bandwidth.parquet`` goes; it has one row per candidate of each part.
    """
    parts = [search.label for search in searches]
    candidates = [candidate for search in searches for candidate in search.candidates]
    sizes = [len(search.candidates) for search in searches]
    part = np.repeat(np.arange(len(parts), dtype=np.int32), sizes)
    is_chosen = [k == search.best for search in searches for k in range(len(search.candidates))]
    columns: dict[str, NDArray[Any]] = {
        "bins": np.array([search.bins for search in searches], np.int32)[part],
        "bin_size": np.array([search.bin_size for search in searches], np.float64)[part],
        "bandwidth": np.array([c.bandwidth.setting for c in candidates], np.float64),
        "full_bandwidth": np.array([c.full_bandwidth.setting for c in candidates], np.float64),
        "score": np.array([c.score for c in candidates], np.float64),
        "error": np.array([c.error for c in candidates], np.float64),
        "iterations": np.array([c.iterations for c in candidates], np.int32),
        "chosen": np.array(is_chosen, bool),
    }
    write_table(
        path,
        {
            "part": name_column(part, parts),
            **{name: to_arrow(values) for name, values in columns.items()},
            "rejected": strings_to_arrow([candidate.rejected for candidate in candidates]),
        },
    )


def read_searches(path: str | Path) -> list[Search]:
    """Read the bandwidth searches of a run.

    Parameters
    ----------
    path : str or Path
        A ``bandwidth.parquet``.

    Returns
    -------
    list of Search
        The search on each part.

    Raises
    ------
    InputError
        If the file is damaged, or another version wrote it.
    """
    with refuse_other_versions(path):
        rows_of_parts: dict[str, list[dict[str, Any]]] = {}
        for row in pq.ParquetFile(path).read().to_pylist():
            rows_of_parts.setdefault(row["part"], []).append(row)
        return [_to_search(label, rows) for label, rows in rows_of_parts.items()]


def _to_search(label: str, rows: list[dict[str, Any]]) -> Search:
    """Convert the rows of a part in ``bandwidth.parquet``."""
    return Search(
        label,
        rows[0]["bins"],
        rows[0]["bin_size"],
        tuple(map(_to_candidate, rows)),
        [row["chosen"] for row in rows].index(True),
    )


def _to_candidate(row: dict[str, Any]) -> Candidate:
    """Convert a row of ``bandwidth.parquet``."""
    return Candidate(
        Bandwidth.from_setting(row["bandwidth"]),
        Bandwidth.from_setting(row["full_bandwidth"]),
        **{key: row[key] for key in ("score", "error", "iterations", "rejected")},
    )
