"""Samples of a cohort that were balanced by different methods under one name."""

from __future__ import annotations

from collections.abc import Sequence

from counterpoise.contacts.bins import format_base_pairs
from counterpoise.records.wording import list_names
from counterpoise.report.statuses import MISSING
from counterpoise.report.table import Row


def describe_mixed_methods(rows: Sequence[Row]) -> list[str]:
    """Say where samples got weights of different methods, because the method was chosen by map.

    Parameters
    ----------
    rows : sequence of dict
        Rows of the summary.

    Returns
    -------
    list of str
        A sentence for each method and resolution with different algorithms.
    """
    found: dict[tuple[str, int], dict[str, list[str]]] = {}
    for row in rows:
        if row["status"] != MISSING and row["weighted"]:
            by_algorithm = found.setdefault((row["method"], row["resolution"]), {})
            by_algorithm.setdefault(row["algorithm"], []).append(row["sample"])
    return [
        f"At {format_base_pairs(resolution)}, {method} chose "
        + "; ".join(f"{name} for {list_names(samples)}" for name, samples in by_algorithm.items())
        + "."
        for (method, resolution), by_algorithm in found.items()
        if len(by_algorithm) > 1
    ]
