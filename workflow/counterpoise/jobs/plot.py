"""Rule ``plot``: the figure of a run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from counterpoise.cohort.revisions import REVISIONS
from counterpoise.jobs.job import Inputs, MeasuredJob
from counterpoise.jobs.resources import bins_mb, map_size, passing_minutes
from counterpoise.store.paths import MapFiles, RunFiles

if TYPE_CHECKING:  # spares other jobs the import of OmegaConf
    from counterpoise.cohort.cohort import Cohort


@dataclass(frozen=True, kw_only=True)
class PlotJob(MeasuredJob):
    """Draw the figure of a run.

    Attributes
    ----------
    max_pixels : int
        Largest number of cells along a side of the maps.
    dpi : int
        Resolution of the PNG.
    """

    max_pixels: int
    dpi: int

    @classmethod
    def of(cls, cohort: Cohort) -> Self:
        """Make the job, which is the same for all runs."""
        return cls(revision=REVISIONS["plot"], **asdict(cohort.settings.qc))

    def mem_mb(self, inputs: Inputs, threads: int) -> int:
        """Return the memory of a pass that keeps 300 bytes for each bin."""
        return bins_mb(map_size(inputs)[0], 700, 300)

    def minutes(self, inputs: Inputs) -> int:
        """Return the time of a pass over the pixels."""
        return passing_minutes(map_size(inputs)[1])

    def run(
        self,
        files: MapFiles,
        mask: str | Path,
        results: RunFiles,
        output: str | Path,
        sample: str | None = None,
    ) -> None:
        """Write the figure.

        Parameters
        ----------
        files : MapFiles
            The map.
        mask : str or Path
            Its mask.
        results : RunFiles
            What the rule ``balance`` wrote.
        output : str or Path
            Where the PNG goes.
        sample : str, optional
            Name for the title; by default that of the source file.
        """
        import pyarrow.parquet as pq

        from counterpoise.report.run.plot import plot_run
        from counterpoise.store import weights as stored
        from counterpoise.store.masks import read_mask
        from counterpoise.store.pixels import open_map

        plot_run(
            open_map(files),
            read_mask(mask),
            stored.read_weights(results.weights),
            stored.read_errors(results.weights),
            pq.read_table(results.trace),
            stored.read_verdict(results.verdict),
            output,
            max_pixels=self.max_pixels,
            dpi=self.dpi,
            sample=sample,
        )
