"""A folder of results: the runs of a cohort or an experiment, and the files of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq

from counterpoise.contacts.bins import BinTable
from counterpoise.errors import InputError, refuse_other_versions
from counterpoise.files import check_types, read_json
from counterpoise.report.chunks import Floats
from counterpoise.report.statuses import MISSING
from counterpoise.report.summary import read_rows
from counterpoise.store.arrow import to_numpy
from counterpoise.store.paths import ResultPaths

Place = tuple[str, int, str]  # sample, resolution and method

# Types of the values of a verdict that are compared; a version may lack some of them.
VERDICT_TYPES: dict[str, type] = {
    "settings": dict,
    "source": dict,
    "mask": dict,
    "versions": dict,
    "run": dict,
}


class RunWeights(NamedTuple):
    """The weights of a run.

    Attributes
    ----------
    bins : BinTable
        The bins; a chromosome ends with its last bin.
    weights : float64 [bins]
        Multiplicative weights, NaN on bins without one.
    errors : float64 [bins]
        Relative standard errors, NaN where unknown.
    """

    bins: BinTable
    weights: Floats
    errors: Floats


@dataclass(frozen=True)
class ResultFolder:
    """The results of a cohort or an experiment.

    Attributes
    ----------
    paths : ResultPaths
        Locations of the results.
    name : str
        What the page calls them.
    """

    paths: ResultPaths
    name: str

    @classmethod
    def open(cls, folder: str | Path) -> ResultFolder:
        """Open a folder such as ``results/demo`` or ``results/demo/experiments/strict_mask``.

        Parameters
        ----------
        folder : str or Path
            The folder, which holds a ``summary.tsv``.

        Raises
        ------
        InputError
            If it holds none.
        """
        paths = ResultPaths.of_folder(folder)
        if not Path(paths.summary).is_file():
            raise InputError(
                folder,
                "has no summary.tsv.",
                "Name the folder of a cohort's results, such as results/demo, or of an experiment, "
                "such as results/demo/experiments/strict_mask, after its workflow has run.",
            )
        return cls(paths, str(folder))

    @cached_property
    def rows(self) -> dict[Place, dict[str, str]]:
        """The rows of ``summary.tsv`` by run, also of runs without a result."""
        with refuse_other_versions(self.paths.summary):
            return read_rows(self.paths.summary)

    def has_result(self, place: Place) -> bool:
        """Return whether a run is listed and has a result."""
        return place in self.rows and self.rows[place]["status"] != MISSING

    def missing_reason(self, place: Place) -> str:
        """Return why a run has no result here; empty if the cohort has no such run."""
        return self.rows[place]["reason"] if place in self.rows else ""

    def read_verdict(self, place: Place) -> dict[str, Any]:
        """Return the verdict of a run as plain values."""
        path = self.paths.run_files(*place).verdict
        with refuse_other_versions(path):
            record = read_json(path)
            check_types(record, VERDICT_TYPES)
            return dict(record)

    def read_weights(self, place: Place) -> RunWeights:
        """Return the weights of a run, with its bins."""
        path = self.paths.run_files(*place).weights
        with refuse_other_versions(path):
            table = pq.ParquetFile(path).read(columns=["chrom", "start", "end", "weight", "se"])
            chrom = table["chrom"].combine_chunks()
            names = tuple(chrom.dictionary.to_pylist())
            ids = to_numpy(chrom.indices)
            start, end, weights, errors = map(to_numpy, table.columns[1:])
        offsets = np.searchsorted(ids, np.arange(len(names) + 1)).astype(np.int64)
        lengths = np.zeros(len(names), np.int64)
        np.maximum.at(lengths, ids, end)
        return RunWeights(BinTable(names, lengths, offsets, start, end, place[1]), weights, errors)

    def is_newer_than_summary(self, place: Place, verdict: dict[str, Any]) -> bool:
        """Return whether a run was made again after ``summary.tsv``, by a workflow that goes on."""
        seconds = verdict.get("run", {}).get("seconds")
        return bool(self.number(place, "seconds") != seconds)

    def number(self, place: Place, column: str) -> float | None:
        """Return a number of the row of a run; None if it is unknown."""
        text = self.rows.get(place, {}).get(column)
        return float(text) if text else None
