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
from counterpoise.report.comparison.strata import MOST_STRATA, MOST_VALUES
from counterpoise.store.paths import BASE, ResultPaths
from counterpoise.store.runs import SampleLabels

if TYPE_CHECKING:  # spares other jobs the import of OmegaConf
    from counterpoise.cohort.cohort import Cohort

# Contacts of pairs of samples that are correlated in a minute: a fifth of what one core does.
COMPARED_A_MINUTE = 16_000_000_000


@dataclass(frozen=True, kw_only=True)
class CompareJob(MeasuredJob):
    """Draw samples side by side and compute how well their maps agree.

    Attributes
    ----------
    cohort, experiment : str
        Names that decide where the results are.
    resolution : int
        Bin size in base pairs.
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
    region : str or None
        The stretch that the maps show; None to choose one.
    """

    WILDCARDS: ClassVar = ("resolution",)

    cohort: str
    resolution: int
    samples: dict[str, SampleLabels]
    methods: list[str]
    primary: str
    dpi: int
    depth_caution: float
    region: str | None = None
    experiment: str = BASE

    @classmethod
    def of(cls, cohort: Cohort, resolution: str | int) -> Self:
        """Make the job of a resolution."""
        return cls(
            revision=REVISIONS["compare"],
            cohort=cohort.settings.cohort,
            experiment=cohort.experiment,
            resolution=int(resolution),
            samples={name: cohort.labels[name] for name in cohort.compared_at(int(resolution))},
            methods=list(cohort.methods),
            primary=cohort.settings.primary,
            dpi=cohort.settings.qc.dpi,
            depth_caution=cohort.settings.fitness.depth_caution,
            region=cohort.settings.qc.region,
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
        """Return the memory of passes over one map after the other, and of bin tables and weights.

        The concordance takes 6 bytes for each contact that it compares, if the resolution is coarse
        enough for it.
        """
        bins = map_size(inputs)[0]
        compared = min(bins * MOST_STRATA, MOST_VALUES)
        return bins_mb(bins, 600, 100) + 6 * compared // 2**20

    def minutes(self, inputs: Inputs) -> int:
        """Return the time of a few passes over the pixels of all samples, and of all pairs."""
        bins, nonzeros = map_size(inputs)
        compared = len(self.samples) * bins * MOST_STRATA
        return passing_minutes(nonzeros) + compared // COMPARED_A_MINUTE

    def run(self, root: str, output: str | Path, concordance: str | Path) -> None:
        """Write the figure and the table of pairs.

        Parameters
        ----------
        root : str
            Folder of all cohorts' results.
        output, concordance : str or Path
            Where the PNG and the table of pairs go.
        """
        with name_missing_extra("plots need"):
            from counterpoise.report.comparison.plot import plot_comparison
        from counterpoise.report.comparison.concordance import pair_samples
        from counterpoise.report.comparison.samples import read_samples
        from counterpoise.report.concordance import collect_pairs, write_concordance

        paths = ResultPaths(self.cohort, root, self.experiment)
        samples = read_samples(
            paths, self.samples, self.resolution, self.methods, self.depth_caution
        )
        groups = {name: labels.group for name, labels in self.samples.items()}
        pairs = pair_samples(samples, self.primary)
        table = collect_pairs(pairs, self.resolution)
        plot_comparison(
            samples, self.primary, self.resolution, output, self.dpi, table, self.region
        )
        write_concordance(pairs, groups, concordance)
