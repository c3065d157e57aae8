"""The three files of a balancing run: weights.parquet, trace.parquet, verdict.json."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from counterpoise.balancing.api import Balance
from counterpoise.contacts.bandwidth import Bandwidth
from counterpoise.contacts.bins import BinTable
from counterpoise.files import read_json, write_json
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
    """Write the results of a run, the verdict last.

    Parameters
    ----------
    balance : Balance
        The results.
    bins : BinTable
        Bins of the map.
    files : RunFiles
        Paths of the three files.
    """
    per_bin = {"weight": to_arrow(balance.weights), "se": to_arrow(balance.se)}
    write_table(files.weights, {**bin_columns(bins), **per_bin})
    trace = balance.trace
    parts = list(dict.fromkeys(row.part for row in trace))
    columns: dict[str, NDArray[Any]] = {
        "iteration": np.array([row.iteration for row in trace], np.int32),
        "matvecs": np.array([row.matvecs for row in trace], np.int32),
        "max_deviation": np.array([row.max_deviation for row in trace], np.float64),
        "rms_deviation": np.array([row.rms_deviation for row in trace], np.float64),
    }
    ids = {part: number for number, part in enumerate(parts)}
    part = name_column(np.array([ids[row.part] for row in trace], np.int32), parts)
    write_table(
        files.trace,
        {"part": part, **{name: to_arrow(values) for name, values in columns.items()}},
    )
    write_json(files.verdict, balance.verdict.to_dict())


def write_searches(searches: Sequence[Search], path: str | Path) -> None:
    """Write ``bandwidth.parquet``, with a row for each candidate of each part.

    Parameters
    ----------
    searches : sequence of Search
        The searches, one for each part.
    path : str or Path
        File to write.
    """
    parts = [search.label for search in searches]
    tried = [candidate for search in searches for candidate in search.candidates]
    of_part = np.repeat(
        np.arange(len(parts), dtype=np.int32), [len(search.candidates) for search in searches]
    )
    chosen = [k == search.best for search in searches for k in range(len(search.candidates))]
    columns: dict[str, NDArray[Any]] = {
        "bins": np.array([search.bins for search in searches], np.int32)[of_part],
        "bin_size": np.array([search.bin_size for search in searches], np.float64)[of_part],
        "bandwidth": np.array([each.bandwidth.setting for each in tried], np.float64),
        "full_bandwidth": np.array([each.full_bandwidth.setting for each in tried], np.float64),
        "score": np.array([candidate.score for candidate in tried], np.float64),
        "error": np.array([candidate.error for candidate in tried], np.float64),
        "iterations": np.array([candidate.iterations for candidate in tried], np.int32),
        "chosen": np.array(chosen, bool),
    }
    write_table(
        path,
        {
            "part": name_column(of_part, parts),
            **{name: to_arrow(values) for name, values in columns.items()},
            "rejected": strings_to_arrow([candidate.rejected for candidate in tried]),
        },
    )


def read_searches(path: str | Path) -> list[Search]:
    """Read the searches that ``write_searches`` wrote.

    Parameters
    ----------
    path : str or Path
        File to read.
    """
    parts: dict[str, tuple[int, float, list[Candidate]]] = {}
    best: dict[str, int] = {}
    for row in pq.ParquetFile(path).read().to_pylist():
        _, _, candidates = parts.setdefault(row["part"], (row["bins"], row["bin_size"], []))
        if row["chosen"]:
            best[row["part"]] = len(candidates)
        candidates.append(
            Candidate(
                Bandwidth.from_setting(row["bandwidth"]),
                Bandwidth.from_setting(row["full_bandwidth"]),
                **{key: row[key] for key in ("score", "error", "iterations", "rejected")},
            )
        )
    return [
        Search(label, bins, bin_size, tuple(candidates), best[label])
        for label, (bins, bin_size, candidates) in parts.items()
    ]


def read_weights(path: str | Path) -> NDArray[np.float64]:
    """Read weights.

    Parameters
    ----------
    path : str or Path
        ``weights.parquet`` of a run.

    Returns
    -------
    ndarray of float64, shape (bins,)
        Multiplicative; NaN on masked bins.
    """
    return _column(path, "weight")


def read_errors(path: str | Path) -> NDArray[np.float64]:
    """Read the standard errors of weights.

    Parameters
    ----------
    path : str or Path
        ``weights.parquet`` of a run.

    Returns
    -------
    ndarray of float64, shape (bins,)
        Relative; NaN where the method has none.
    """
    return _column(path, "se")


def _column(path: str | Path, name: str) -> NDArray[Any]:
    """Read one column of a file as an array."""
    return to_numpy(pq.ParquetFile(path).read(columns=[name])[name])


def read_verdict(path: str | Path) -> Verdict:
    """Read a verdict.

    Parameters
    ----------
    path : str or Path
        ``verdict.json`` of a run.
    """
    return Verdict.from_dict(read_json(path))
