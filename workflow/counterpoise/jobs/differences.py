"""Rule ``differences``: an experiment next to its cohort."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Self

from counterpoise.cohort.revisions import REVISIONS
from counterpoise.jobs.job import Inputs, MeasuredJob
from counterpoise.jobs.resources import bins_mb, collecting_mb, collecting_minutes, passing_minutes
from counterpoise.report.differences.decay import MOST_CONTACTS
from counterpoise.report.summary import read_rows
from counterpoise.store.paths import ResultPaths

if TYPE_CHECKING:  # spares other jobs the import of OmegaConf
    from counterpoise.cohort.cohort import Cohort

PIECES_MB = 600  # of the pieces in which contacts are read
BIN_BYTES = 200  # of a bin of the largest map


@dataclass(frozen=True, kw_only=True)
class DifferencesJob(MeasuredJob):
    """Compare the results of an experiment with those of its cohort.

    Attributes
    ----------
    cohort, experiment : str
        Names that decide where the results are.
    base : str
        Version of the results of the cohort, so that the job runs again when they change.
    """

    cohort: str
    experiment: str
    base: str = ""

    @classmethod
    def of(cls, cohort: Cohort) -> Self:
        """Make the job of an experiment."""
        return cls(
            revision=REVISIONS["differences"],
            cohort=cohort.settings.cohort,
            experiment=cohort.experiment,
        )

    def mem_mb(self, inputs: Inputs, threads: int) -> int:
        """Return the memory for the results of all runs, and for the weights of the largest map."""
        runs, bins, _ = _measure(inputs)
        return collecting_mb(2 * runs) + bins_mb(bins, PIECES_MB, BIN_BYTES)

    def minutes(self, inputs: Inputs) -> int:
        """Return the time of a second for each run, and of a pass over the contacts of each."""
        runs, _, nonzeros = _measure(inputs)
        return collecting_minutes(runs) + passing_minutes(min(2 * nonzeros, MOST_CONTACTS))

    def run(self, root: str, differences: str | Path, table: str | Path) -> None:
        """Write the page and the table of differences.

        Parameters
        ----------
        root : str
            Folder of all cohorts' results.
        differences, table : str or Path
            Where the page and the table go.
        """
        from counterpoise.report.differences.compare import compare_folders
        from counterpoise.report.differences.folder import ResultFolder
        from counterpoise.report.differences.page import write_page
        from counterpoise.report.differences.sentences import describe
        from counterpoise.report.differences.table import write_differences

        both = ResultPaths(self.cohort, root), ResultPaths(self.cohort, root, self.experiment)
        base, overlay = (ResultFolder(paths, paths.title) for paths in both)
        found = compare_folders(base, overlay)
        write_differences(found, table)
        write_page(found, differences)
        print(*describe(found), f"Differences: {differences}", sep="\n")


def _measure(inputs: Inputs) -> tuple[int, int, int]:
    """Return runs, bins of the largest map, and nonzeros of all runs, of a summary."""
    [summary] = inputs
    return _read_sizes(str(summary), os.stat(summary).st_mtime_ns)


@lru_cache(maxsize=8)
def _read_sizes(summary: str, modified: int) -> tuple[int, int, int]:
    """Return the sizes of a ``summary.tsv``; ``modified`` makes a new entry for a new file."""
    rows = read_rows(summary).values()
    bins, nonzeros = ([int(row[name] or 0) for row in rows] for name in ("bins", "nonzeros"))
    return len(rows), max(bins, default=0), sum(nonzeros)
