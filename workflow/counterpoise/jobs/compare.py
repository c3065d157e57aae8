"""Rule ``compare``: the samples of a cohort side by side at one resolution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from counterpoise.cohort.revisions import REVISIONS
from counterpoise.installation import name_missing_extra
from counterpoise.jobs.job import Inputs, MeasuredJob, build
from counterpoise.jobs.resources import bins_mb, map_size, passing_minutes
from counterpoise.store.paths import BASE, ResultPaths
from counterpoise.store.runs import SampleLabels

if TYPE_CHECKING:  # spares other jobs the import of OmegaConf
    from counterpoise.cohort.cohort import Cohort


@dataclass(frozen=True, kw_only=True)
class CompareJob(MeasuredJob):
    """Draw samples side by side.

    Attributes
    ----------
    cohort, experiment : str
        Names that decide where the results are.
    samples : dict of str to SampleLabels
        Labels of the samples by name.
    methods : list of str
        Names of the methods.
    primary : str
        The method whose weights are preferred.
    dpi : int
        Resolution of the PNG.
    depth_caution : float
        Share of the cohort's median depth below which a map is for use with caution.
    """

    WILDCARDS: ClassVar = ("resolution",)

    cohort: str
    samples: dict[str, SampleLabels]
    methods: list[str]
    primary: str
    dpi: int
    depth_caution: float
    experiment: str = BASE

    @classmethod
    def of(cls, cohort: Cohort, resolution: str | int) -> Self:
        """Make the job of a resolution."""
        return cls(
            revision=REVISIONS["compare"],
            cohort=cohort.settings.cohort,
            experiment=cohort.experiment,
            samples={name: cohort.labels[name] for name in cohort.compared_at(int(resolution))},
            methods=list(cohort.methods),
            primary=cohort.settings.primary,
            dpi=cohort.settings.qc.dpi,
            depth_caution=cohort.settings.fitness.depth_caution,
        )

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Self:
        """Make a job from the dictionary that ``to_params`` returned."""
        samples = {
            name: build(SampleLabels, labels, f"samples.{name}")
            for name, labels in params.get("samples", {}).items()
        }
        return super().from_params({**params, "samples": samples})

    def mem_mb(self, inputs: Inputs, threads: int) -> int:
        """Return the memory of passes that keep 100 bytes for each bin and 16 for each weight."""
        return bins_mb(map_size(inputs)[0], 600, 100 + 16 * len(self.methods))

    def minutes(self, inputs: Inputs) -> int:
        """Return the time of a pass over the pixels of all samples."""
        return passing_minutes(map_size(inputs)[1])

    def run(self, root: str, resolution: int, output: str | Path) -> None:
        """Write the figure.

        Parameters
        ----------
        root : str
            Folder of all cohorts' results.
        resolution : int
            Bin size in base pairs.
        output : str or Path
            Where the PNG goes.
        """
        with name_missing_extra("plots need"):
            from counterpoise.report.comparison.plot import plot_comparison
        from counterpoise.report.comparison.samples import read_samples

        paths = ResultPaths(self.cohort, root, self.experiment)
        samples = read_samples(paths, self.samples, resolution, self.methods, self.depth_caution)
        plot_comparison(samples, self.primary, resolution, output, self.dpi)
