"""Rule ``merge``: the sum of the maps of several samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from counterpoise.cohort.revisions import REVISIONS
from counterpoise.jobs.job import Inputs, MeasuredJob
from counterpoise.jobs.resources import SNAKEMAKE_MB, map_size, passing_minutes
from counterpoise.process import Progress, log_progress
from counterpoise.store.paths import MapFiles, ResultPaths

if TYPE_CHECKING:  # spares the job the import of OmegaConf
    from counterpoise.cohort.cohort import Cohort

SORTING_PASSES = 4  # passes over pixels that sorting and writing them takes as long as


@dataclass(frozen=True, kw_only=True)
class MergeJob(MeasuredJob):
    """Sum the pixels of maps of one resolution.

    Attributes
    ----------
    cohort : str
        Name of the cohort, which decides where the maps are.
    members : list of str
        Names of the samples whose maps are summed.
    thinned : bool
        Whether maps are thinned afterwards, which decides where the maps are, too.
    """

    WILDCARDS: ClassVar = ("sample",)

    cohort: str
    members: list[str]
    thinned: bool

    @classmethod
    def of(cls, cohort: Cohort, sample: str) -> Self:
        """Make the job of a merged sample."""
        return cls(
            revision=REVISIONS["merge"],
            cohort=cohort.settings.cohort,
            members=cohort.members[sample],
            thinned=cohort.settings.thin.is_on,
        )

    def mem_mb(self, inputs: Inputs, threads: int) -> int:
        """Return 1400 MiB, whatever the maps: they are sorted in pieces."""
        return SNAKEMAKE_MB + 1000

    def minutes(self, inputs: Inputs) -> int:
        """Return the time of sorting the pixels of all members."""
        return passing_minutes(SORTING_PASSES * map_size(inputs)[1])

    def run(self, root: str, resolution: int, files: MapFiles) -> None:
        """Write the files of the merged map.

        Parameters
        ----------
        root : str
            Folder of all cohorts' results.
        resolution : int
            Bin size in base pairs.
        files : MapFiles
            Where the map goes.

        Raises
        ------
        InputError
            If the bins of two members differ.
        """
        from counterpoise.ingest.merging import open_merged
        from counterpoise.ingest.pixels import write_reading

        paths = ResultPaths(self.cohort, root, thinned=self.thinned)
        members = {name: paths.whole_map_files(name, resolution) for name in self.members}
        with open_merged(members) as reading:
            source = write_reading(reading, files, Progress())
        log_progress(f"{source['nnz']:,} pixels, {source['contacts']:,} contacts")
