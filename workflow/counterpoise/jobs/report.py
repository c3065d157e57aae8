"""Rule ``report``: the summary and the report of a cohort."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from counterpoise.cohort.revisions import REVISIONS
from counterpoise.jobs.job import Inputs, MeasuredJob, build
from counterpoise.jobs.resources import collecting_mb, collecting_minutes
from counterpoise.records.fitness import FitnessSettings
from counterpoise.report.sections.facts import CohortFacts, Setting
from counterpoise.store.missing import Unfinished
from counterpoise.store.paths import BASE, MultiqcFiles, ResultPaths
from counterpoise.store.runs import RunKey, SampleEntry, list_absent_runs, list_runs

if TYPE_CHECKING:  # spares other jobs the import of OmegaConf
    from counterpoise.cohort.cohort import Cohort


@dataclass(frozen=True, kw_only=True)
class CohortJob(MeasuredJob):
    """Settings of jobs that collect the results of all runs.

    Attributes
    ----------
    cohort, experiment : str
        Names that decide where the results are.
    samples : dict of str to SampleEntry
        Labels and resolutions of the samples by name.
    methods, plotted : list of str
        Names of the methods, and of those whose runs have a plot.
    unfinished : Unfinished or None
        What a failed workflow left unmade; None if all results exist.
    """

    cohort: str
    samples: dict[str, SampleEntry]
    methods: list[str]
    plotted: list[str]
    experiment: str = BASE
    unfinished: Unfinished | None = None

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Self:
        """Make a job from the dictionary that ``to_params`` returned."""
        samples = {
            name: build(SampleEntry, entry, f"samples.{name}")
            for name, entry in params.get("samples", {}).items()
        }
        unfinished = params.get("unfinished")
        if unfinished is not None:
            unfinished = build(Unfinished, unfinished, "unfinished")
        return super().from_params({**params, "samples": samples, "unfinished": unfinished})

    def paths(self, root: str) -> ResultPaths:
        """Return the paths of the cohort's results under ``root``."""
        return ResultPaths(self.cohort, root, self.experiment)

    @cached_property
    def runs(self) -> list[RunKey]:
        """Return every run of the cohort."""
        return list_runs(self.samples, self.methods, self.plotted)

    def mem_mb(self, inputs: Inputs, threads: int) -> int:
        """Return the memory for the results of all runs."""
        return collecting_mb(len(self.runs))

    def minutes(self, inputs: Inputs) -> int:
        """Return the time of one run a second."""
        return collecting_minutes(len(self.runs))


def cohort_settings(cohort: Cohort) -> dict[str, Any]:
    """Return the fields of a ``CohortJob``.

    Parameters
    ----------
    cohort : Cohort
        The cohort.

    Returns
    -------
    dict
        Values by field.
    """
    return {
        "cohort": cohort.settings.cohort,
        "experiment": cohort.experiment,
        "samples": cohort.entries,
        "methods": list(cohort.methods),
        "plotted": cohort.plotted,
    }


@dataclass(frozen=True, kw_only=True)
class ReportJob(CohortJob):
    """Write ``summary.tsv``, ``samples.tsv``, ``report.html`` and the files for MultiQC.

    Runs without a result appear with the reason.

    Attributes
    ----------
    primary : str
        The primary method.
    fitness : FitnessSettings
        When weights are fit for use.
    columns : dict of str to str
        Name of the column of each method in the coolers.
    settings : list of Setting
        The settings that the page lists.
    groups : list of str
        Names in paths of the groups of samples that share a mask, a prior or a number of contacts.
    members : list of str
        Samples that are only read, as members of merged ones.
    """

    NESTED: ClassVar = {"fitness": FitnessSettings}

    primary: str
    fitness: FitnessSettings = field(default_factory=FitnessSettings)
    columns: dict[str, str] = field(default_factory=dict)
    settings: list[Setting] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Self:
        """Make a job from the dictionary that ``to_params`` returned."""
        settings = [build(Setting, each, "settings") for each in params.get("settings", [])]
        return super().from_params({**params, "settings": settings})

    @property
    def rows(self) -> list[RunKey]:
        """Return every run, each sample's followed by those that its file does not allow."""
        order = {name: number for number, name in enumerate(self.samples)}
        runs = self.runs + list_absent_runs(self.samples, self.methods)
        return sorted(runs, key=lambda run: order[run.sample])

    @classmethod
    def of(cls, cohort: Cohort) -> Self:
        """Make the job of a cohort."""
        from counterpoise.cohort.listed_settings import list_settings

        return cls(
            revision=REVISIONS["report"],
            primary=cohort.settings.primary,
            fitness=cohort.settings.fitness,
            columns={method: cohort.column(method) for method in cohort.methods},
            settings=list_settings(cohort),
            groups=cohort.groups.names,
            members=list(cohort.only_merged),
            **cohort_settings(cohort),
        )

    def run(
        self,
        root: str,
        summary: str | Path,
        samples: str | Path,
        report: str | Path,
        multiqc: MultiqcFiles,
    ) -> None:
        """Write the tables, the report and the files for MultiQC.

        Parameters
        ----------
        root : str
            Folder of all cohorts' results.
        summary, samples, report : str or Path
            Where the table of runs, the table of samples and the page go.
        multiqc : MultiqcFiles
            Where the files for MultiQC go.
        """
        from counterpoise.report.multiqc import write_multiqc
        from counterpoise.report.page import write_report
        from counterpoise.report.samples import sample_rows, write_samples
        from counterpoise.report.summary import summary_rows, write_summary

        paths, unfinished = self.paths(root), self.unfinished or Unfinished()
        rows = summary_rows(paths, self.rows, unfinished, self.fitness)
        write_summary(rows, summary)
        about = sample_rows(paths, self.samples, rows, self.primary, unfinished, self.fitness)
        write_samples(about, samples)
        facts = CohortFacts(self.primary, self.columns, self.settings, self.groups, self.members)
        write_multiqc(multiqc, paths, about, rows, self.primary)
        write_report(
            paths, self.rows, rows, report, unfinished, self.fitness, samples=about, facts=facts
        )
        print(f"Report: {report}")
