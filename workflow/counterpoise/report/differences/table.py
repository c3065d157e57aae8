"""``differences.tsv``: one row per run of either folder, the largest change first.

To add a column, add a row to ``COLUMNS``, raise the revision of ``differences`` and run ``make
accept``, which writes the table in ``docs/reference/outputs.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from counterpoise.report.differences.compare import Differences, RunDifference
from counterpoise.report.table import Column, Row, write_table


def _both(name: str, meaning: str, column: str | None = None) -> tuple[Column, Column]:
    """Return the columns of a value of ``summary.tsv`` in A and in B."""
    source = column or name

    def value(side: int) -> Any:
        return lambda run: run.text(source)[side] or None

    return (
        Column(f"{name}_a", f"{meaning} in A, as in its `summary.tsv`", value(0)),
        Column(f"{name}_b", f"{meaning} in B", value(1)),
    )


def _of_weights(name: str, meaning: str) -> Column:
    """Return the column of a figure of the weights."""
    return Column(name, meaning, lambda run: run.weights and getattr(run.weights, name))


def describe_reasons(counts: Mapping[str, int]) -> str:
    """Return bins by reason, such as ``mad 12, min_nnz 3``.

    Parameters
    ----------
    counts : mapping of str to int
        Numbers of bins by reason.
    """
    return ", ".join(f"{reason} {number}" for reason, number in counts.items())


def _largest_decay(run: RunDifference, index: int) -> Any:
    """Return the largest change of P(s) or its distance; None where unknown."""
    largest = run.decay and run.decay.largest
    return largest[index] if largest else None


COLUMNS = (
    Column("sample", "name of the sample", lambda run: run.place[0]),
    Column("resolution", "bin size in base pairs", lambda run: run.place[1]),
    Column("method", "name of the method in the configuration", lambda run: run.place[2]),
    Column(
        "difference",
        "`same`, `changed`, `only_a` or `only_b` (a result in one folder only) or `no_result` (in "
        "neither)",
        lambda run: run.kind.value,
    ),
    Column(
        "note",
        "why there is no result in one of the folders, or `other bins` if the maps have other bins "
        "and their weights cannot be compared",
        lambda run: run.note,
    ),
    *_both("fitness", "fitness"),
    *_both("fitness_reason", "why not `good`"),
    *_both("status", "status"),
    Column(
        "bins_gained",
        "number of bins that only the mask of B keeps",
        lambda run: run.mask and sum(run.mask.gained.values()),
    ),
    Column(
        "gained_reasons",
        "these by the [reason](#mask-reasons) for which A masks them",
        lambda run: run.mask and describe_reasons(run.mask.gained),
    ),
    Column(
        "bins_lost",
        "number of bins that only the mask of A keeps",
        lambda run: run.mask and sum(run.mask.lost.values()),
    ),
    Column(
        "lost_reasons",
        "these by the reason for which B masks them",
        lambda run: run.mask and describe_reasons(run.mask.lost),
    ),
    Column(
        "same_weights",
        "`True` if weights and standard errors are the same bit for bit",
        lambda run: run.weights and run.weights.is_same,
    ),
    Column(
        "weights_gained",
        "number of bins that have a weight in B only",
        lambda run: run.weights and run.weights.gained,
    ),
    Column(
        "weights_lost",
        "number of bins that have a weight in A only",
        lambda run: run.weights and run.weights.lost,
    ),
    _of_weights("compared", "number of bins with a weight and a standard error in both"),
    _of_weights("moved", "number of those whose weight [moved beyond two errors](#differencestsv)"),
    Column(
        "rms_change",
        "root mean square of the change of the logarithm of a weight",
        lambda run: run.weights and run.weights.rms,
    ),
    Column(
        "largest_ratio",
        "the weight in B over that in A where it changed most; empty if none changed",
        lambda run: run.weights and run.weights.largest,
    ),
    Column(
        "largest_at", "the bin of this weight", lambda run: run.weights and run.weights.largest_at
    ),
    Column(
        "decay_ratio",
        "P(s) of the balanced map in B over that in A at the distance where it changed most",
        lambda run: _largest_decay(run, 0),
    ),
    Column("decay_at", "this distance in base pairs", lambda run: _largest_decay(run, 1)),
    Column(
        "decay_slope_a",
        "[slope of P(s)](#slope-of-ps) of the balanced map in A",
        lambda run: run.decay and run.decay.slopes[0],
    ),
    Column("decay_slope_b", "the same in B", lambda run: run.decay and run.decay.slopes[1]),
    *_both("expected_unevenness", "expected unevenness"),
    *_both("seconds", "wall time of balancing"),
)
COLUMN_NAMES = tuple(column.name for column in COLUMNS)


def difference_rows(differences: Differences) -> list[Row]:
    """Return a row for each run.

    Parameters
    ----------
    differences : Differences
        What differs.

    Returns
    -------
    list of dict
        Values by column; None where unknown.
    """
    return [{column.name: column.value(run) for column in COLUMNS} for run in differences.runs]


def write_differences(differences: Differences, path: str | Path) -> None:
    """Write ``differences.tsv``.

    Parameters
    ----------
    differences : Differences
        What differs.
    path : str or Path
        Where the table goes.
    """
    write_table(difference_rows(differences), COLUMN_NAMES, path)
