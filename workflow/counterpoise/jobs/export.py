"""Rule ``export``: a sample's balanced `.mcool`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from counterpoise.cohort.revisions import REVISIONS
from counterpoise.jobs.job import Inputs, MeasuredJob
from counterpoise.jobs.resources import bins_mb, map_size, passing_minutes, possible_holes
from counterpoise.store.paths import BASE, ResultPaths

if TYPE_CHECKING:  # spares other jobs the import of OmegaConf
    from counterpoise.cohort.cohort import Cohort


@dataclass(frozen=True, kw_only=True)
class ExportJob(MeasuredJob):
    """Write all resolutions of a sample, with a column for each method.

    Attributes
    ----------
    cohort, experiment : str
        Names that decide where the results are.
    resolutions : list of int
        Bin sizes in base pairs.
    columns : dict of str to str
        Name of the column of each method.
    primary : str
        The method whose weights are also written as ``weight``.
    assembly : str or None
        Genome assembly to write; None for the one that the source names.
    """

    WILDCARDS: ClassVar = ("sample",)
    THREADS: ClassVar = 2

    cohort: str
    resolutions: list[int]
    columns: dict[str, str]
    primary: str
    assembly: str | None = None
    experiment: str = BASE

    @classmethod
    def of(cls, cohort: Cohort, sample: str) -> Self:
        """Make the job of a sample."""
        return cls(
            revision=REVISIONS["export"],
            cohort=cohort.settings.cohort,
            experiment=cohort.experiment,
            resolutions=cohort.resolutions(sample),
            assembly=cohort.sample(sample).assembly,
            columns={method: cohort.column(method) for method in cohort.methods},
            primary=cohort.settings.primary,
        )

    def mem_mb(self, inputs: Inputs, threads: int) -> int:
        """Return the memory of passes that keep 300 bytes for each bin and 32 for each weight.

        A bin is added for each hole between the bins.
        """
        bins = map_size(inputs)[0] + possible_holes(inputs)
        return bins_mb(bins, 400, 300 + 32 * len(self.columns))

    def minutes(self, inputs: Inputs) -> int:
        """Return the time of a pass over the pixels of all resolutions."""
        return passing_minutes(map_size(inputs)[1])

    def run(self, root: str, sample: str, output: str) -> None:
        """Write the cooler.

        Parameters
        ----------
        root : str
            Folder of all cohorts' results.
        sample : str
            Name of the sample.
        output : str
            Where the `.mcool` goes.
        """
        from counterpoise.store.mcool import write_mcool

        write_mcool(
            ResultPaths(self.cohort, root, self.experiment),
            sample,
            self.resolutions,
            self.columns,
            self.primary,
            output,
            self.assembly,
        )
