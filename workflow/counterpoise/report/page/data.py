"""The numbers of the page as compact JSON, from which its script draws tables.

A table is stored by columns. Texts are stored once, and columns hold their numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from math import isfinite
from typing import Any

import numpy as np

from counterpoise.contacts.bins import format_base_pairs
from counterpoise.methods import methods as known_methods
from counterpoise.methods.base import EqualSumsSettings
from counterpoise.records.fitness import Fitness, FitnessSettings
from counterpoise.records.wording import TERMS, fitness_label
from counterpoise.report.figures import MapFigures, decay_curve
from counterpoise.report.page.pictures import RunPlots
from counterpoise.report.statuses import (
    MISSING,
    NO_RESULT,
    describe_fitness_of,
    describe_status_of,
)
from counterpoise.report.table import Row
from counterpoise.store.runs import RunKey

DIGITS = 4  # significant ones of numbers
# Columns of the summary that the page shows, by kind.
RUN_TEXTS = (
    "fitness", "fitness_reason", "status", "reason", "algorithm", "scope", "prior_sources",
    "weights_of",
)  # fmt: skip
RUN_NUMBERS = (
    "bins", "kept", "with_contacts", "weighted", "iterations", "matvecs", "max_deviation",
    "rms_deviation", "median_se", "expected_unevenness", "unevenness_at_most", "prior_strength",
    "prior_error", "seconds", "peak_memory_mb",
)  # fmt: skip
SAMPLE_NUMBERS = ("usable_resolution", "concordance_within", "concordance_between")
MAP_NUMBERS = ("contacts", *MapFigures._fields)


class Texts:
    """Texts that are stored once.

    Attributes
    ----------
    numbers : dict of str to int
        The number of each text, in the order in which they came.
    """

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def column(self, values: Iterable[Any]) -> list[int | None]:
        """Return the numbers of texts; None for none and for an empty one.

        Parameters
        ----------
        values : iterable
            Texts, and None.
        """
        return [
            self.numbers.setdefault(str(value), len(self.numbers))
            if value not in (None, "")
            else None
            for value in values
        ]


def shorten(value: float | None) -> float | int | None:
    """Round a number to a few significant digits; whole numbers stay, and others become None.

    Parameters
    ----------
    value : float or None
        The number.
    """
    if value is None or not isfinite(value):
        return None
    if value == int(value):
        return int(value)
    return float(f"{value:.{DIGITS}g}")


def number_column(rows: Sequence[Row], name: str) -> list[float | int | None]:
    """Return a column of numbers.

    Parameters
    ----------
    rows : sequence of dict
        Rows of a table.
    name : str
        The column.
    """
    return [shorten(row.get(name)) for row in rows]


def table_columns(
    rows: Sequence[Row], numbers: Sequence[str], words: Sequence[str], texts: Texts
) -> dict[str, list[Any]]:
    """Return the columns of a table of numbers and texts.

    Parameters
    ----------
    rows : sequence of dict
        Its rows.
    numbers, words : sequence of str
        Names of the columns.
    texts : Texts
        The texts of the page, to which theirs are added.
    """
    columns: dict[str, list[Any]] = {name: number_column(rows, name) for name in numbers}
    return columns | {name: texts.column(row.get(name) for row in rows) for name in words}


def page_data(
    runs: Sequence[RunKey],
    rows: Sequence[Row],
    samples: Sequence[Row],
    maps: Sequence[Row],
    plots: RunPlots,
    limits: FitnessSettings,
    *,
    primary: str,
    level: int | None,
) -> dict[str, Any]:
    """Gather the numbers of the page.

    Parameters
    ----------
    runs : sequence of RunKey
        The runs.
    rows : sequence of dict
        Their rows of the summary.
    samples : sequence of dict
        Rows of the table of samples; may be empty.
    maps : sequence of dict
        Records of the sources of all maps, with the figures, sample and resolution.
    plots : RunPlots
        The plots of the runs.
    limits : FitnessSettings
        The limits of fitness.
    primary : str
        The primary method.
    level : int or None
        The resolution that the answer is about.

    Returns
    -------
    dict
        ``samples``, ``runs`` and ``maps`` by columns, and ``texts``, to whose entries the columns
        of texts refer by number. The columns ``sample``, ``method`` and ``resolution`` of runs and
        maps hold positions in ``samples``, ``methods`` and ``resolutions``.
    """
    texts = Texts()
    names = _number(run.sample for run in runs)
    methods = _number(run.method for run in runs)
    sizes = _number(sorted({run.resolution for run in runs}))
    of_runs = {
        "sample": [names[run.sample] for run in runs],
        "resolution": [sizes[run.resolution] for run in runs],
        "method": [methods[run.method] for run in runs],
        **_run_columns(rows, plots, texts),
    }
    return {
        "resolutions": list(sizes),
        "resolution_names": [format_base_pairs(size) for size in sizes],
        "methods": list(methods),
        "primary": methods.get(primary),
        "level": sizes.get(level) if level is not None else None,
        "limits": asdict(limits),
        "plot_pattern": plots.pattern,
        "plots_embedded": plots.embedded,
        **_constants(),
        "samples": {
            **_sample_columns(runs, samples, texts),
            "decay": _decays(names, maps),
        },
        "runs": of_runs,
        "maps": {
            "sample": [names[row["sample"]] for row in maps],
            "resolution": [sizes[row["resolution"]] for row in maps],
            **table_columns(maps, MAP_NUMBERS, (), texts),
        },
        "texts": list(texts.numbers),
    }


def _number(values: Iterable[Any]) -> dict[Any, int]:
    """Return the position of each value among the different ones, in their order."""
    return {value: number for number, value in enumerate(dict.fromkeys(values))}


def _constants() -> dict[str, Any]:
    """Return what the page shows of every cohort: labels, terms and methods of equal row sums."""
    return {
        "fitness_labels": {
            **{each.value: fitness_label(each) for each in Fitness},
            MISSING: NO_RESULT,
        },
        "terms": TERMS,
        "equal_sums": [
            name
            for name, method in known_methods().items()
            if issubclass(method.settings, EqualSumsSettings)
        ],
    }


def _run_columns(rows: Sequence[Row], plots: RunPlots, texts: Texts) -> dict[str, list[Any]]:
    """Return the columns of runs: what the summary has, labels, and the text in place of a plot."""
    return {
        **table_columns(rows, RUN_NUMBERS, RUN_TEXTS, texts),
        "label": texts.column(map(describe_fitness_of, rows)),
        "outcome": texts.column(
            None if row["status"] == MISSING else describe_status_of(row) for row in rows
        ),
        "plot": [
            -1 if index in plots.files else texts.column([plots.reasons.get(index)])[0]
            for index in range(len(rows))
        ],
    }


def _sample_columns(runs: Sequence[RunKey], rows: Sequence[Row], texts: Texts) -> dict[str, Any]:
    """Return the columns of names, groups and labels of samples, and those of their table."""
    first = {run.sample: run for run in reversed(runs)}
    samples = [first[name] for name in dict.fromkeys(run.sample for run in runs)]
    labels = dict.fromkeys(label for run in samples for label in run.labels)
    by_name = {row["sample"]: row for row in rows}
    of_table = [by_name.get(run.sample, {}) for run in samples]
    return {
        "name": [run.sample for run in samples],
        "group": texts.column(run.group for run in samples),
        "labels": {name: texts.column(run.labels.get(name) for run in samples) for name in labels},
        **table_columns(of_table, SAMPLE_NUMBERS, ("stands_out",), texts),
    }


def _decays(names: Iterable[str], maps: Sequence[Row]) -> list[list[list[float]] | None]:
    """Return the curve of P(s) of the finest map of each sample."""
    finest: dict[str, Row] = {}
    for row in sorted(maps, key=lambda row: -row["resolution"]):
        finest[row["sample"]] = row
    return [decay_points(finest.get(name, {}).get("statistics")) for name in names]


def decay_points(statistics: Row | None) -> list[list[float]] | None:
    """Return the curve of P(s) of a map, in logarithms of base ten.

    Parameters
    ----------
    statistics : dict or None
        ``statistics`` of its ``source.json``.

    Returns
    -------
    list of list of float or None
        Distances in base pairs, and P(s) per pair of base pairs; None without contacts at two
        distances.
    """
    by_distance = (statistics or {}).get("by_distance")
    if not by_distance:
        return None
    curve = decay_curve(by_distance)
    if len(curve.distance) < 2:
        return None
    return [np.log10(values).round(2).tolist() for values in curve]


def to_json(record: Any) -> str:
    """Render JSON that cannot end the element of a page that holds it.

    Parameters
    ----------
    record : any
        Plain values; not-a-number is refused.
    """
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
