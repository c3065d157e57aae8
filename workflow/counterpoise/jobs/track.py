"""Rule ``track``: a cohort's results in MLflow."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from counterpoise.cohort.revisions import REVISIONS
from counterpoise.cohort.settings import TrackingSettings
from counterpoise.files import write_json
from counterpoise.jobs.report import CohortJob, cohort_settings

if TYPE_CHECKING:
    from counterpoise.cohort.cohort import Cohort


@dataclass(frozen=True, kw_only=True)
class TrackJob(CohortJob):
    """Log all runs to MLflow.

    The job succeeds even if MLflow cannot be reached; its output then says ``pending``.

    Attributes
    ----------
    tracking : TrackingSettings
        The store.
    attempt : int
        Number of attempts that ended ``pending`` before this one. After such an attempt the number
        changes, and Snakemake runs the job again.
    """

    NESTED: ClassVar = {"tracking": TrackingSettings}

    tracking: TrackingSettings = field(default_factory=TrackingSettings)
    attempt: int = 0

    @classmethod
    def of(cls, cohort: Cohort) -> Self:
        """Make the job of a cohort, as its first attempt."""
        return cls(
            revision=REVISIONS["track"],
            tracking=cohort.settings.tracking,
            **cohort_settings(cohort),
        )

    def run(self, root: str, summary: str | Path, samples: str | Path, output: str | Path) -> None:
        """Log the runs and write the record of the outcome.

        Parameters
        ----------
        root : str
            Folder of all cohorts' results.
        summary : str or Path
            The cohort's ``summary.tsv``, which compares each map with the others.
        samples : str or Path
            Its ``samples.tsv``.
        output : str or Path
            Where the JSON record goes.
        """
        from counterpoise.report.samples import read_usable_resolutions
        from counterpoise.report.summary import read_figures, read_fitness
        from counterpoise.tracking.log import log_cohort

        figures, usable = read_figures(summary), read_usable_resolutions(samples)
        for (sample, _, _), metrics in figures.items():
            if sample in usable:
                metrics["usable_resolution"] = float(usable[sample])
        record = log_cohort(
            self.paths(root),
            self.runs,
            read_fitness(summary),
            attempt=self.attempt,
            unfinished=self.unfinished,
            figures=figures,
            **asdict(self.tracking),
        )
        write_json(output, record)
        where = record["page"] or record["uri"]
        print(f"MLflow: {record['status']}, {len(record['runs'])} runs, {where}")
