"""Rule ``plot``: the figures of all runs of a map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from counterpoise.cohort.revisions import REVISIONS
from counterpoise.installation import name_missing_extra
from counterpoise.jobs.job import Inputs, MeasuredJob
from counterpoise.jobs.resources import bins_mb, count_runs, find_map, map_size, passing_minutes
from counterpoise.store.paths import MapFiles, RunFiles

if TYPE_CHECKING:  # spares other jobs the import of OmegaConf
    from counterpoise.cohort.cohort import Cohort


# Bytes for each bin: of the map and the figure being drawn, and of the sums of each run.
MAP_BYTES, RUN_BYTES = 300, 100

# Nonzeros from which the pass over the pixels takes longer than drawing.
DRAWING_LIMIT = 200_000_000

# Figures drawn in a minute on a slow node.
FIGURES_PER_MINUTE = 6


@dataclass(frozen=True, kw_only=True)
class PlotJob(MeasuredJob):
    """Draw a figure for each run of a map, which is read once.

    Attributes
    ----------
    max_pixels : int
        Largest number of cells along a side of the maps.
    dpi : int
        Resolution of the PNG.
    """

    WALKING_THREADS: ClassVar[int] = 2

    max_pixels: int
    dpi: int

    @classmethod
    def of(cls, cohort: Cohort) -> Self:
        """Make the job, which is the same for all maps."""
        return cls(revision=REVISIONS["plot"], **asdict(cohort.settings.qc))

    def threads(self, inputs: Inputs) -> int:
        """Return two on a large map; on others most of the time is drawing, which uses one."""
        if not Path(find_map(inputs).source).exists():  # Snakemake cannot wait for this figure
            return self.WALKING_THREADS
        return 1 if map_size(inputs)[1] < DRAWING_LIMIT else self.WALKING_THREADS

    def mem_mb(self, inputs: Inputs, threads: int) -> int:
        """Return the memory of a pass that keeps sums of every run for each bin."""
        runs = count_runs(inputs)
        return bins_mb(map_size(inputs)[0], 700, MAP_BYTES + RUN_BYTES * runs)

    def minutes(self, inputs: Inputs) -> int:
        """Return the time of a pass over the pixels and of drawing each figure."""
        return passing_minutes(map_size(inputs)[1]) + count_runs(inputs) // FIGURES_PER_MINUTE

    def run(
        self,
        files: MapFiles,
        mask: str | Path,
        runs: Sequence[RunFiles],
        outputs: Sequence[str | Path],
        sample: str | None = None,
        threads: int | None = None,
    ) -> None:
        """Write the figures.

        Parameters
        ----------
        files : MapFiles
            The map.
        mask : str or Path
            Its mask.
        runs : sequence of RunFiles
            What the rule ``balance`` wrote for each method.
        outputs : sequence of str or Path
            Where the PNG of each run goes.
        sample : str, optional
            Name for the titles; by default that of the source file.
        threads : int, optional
            Threads; by default as many as the process may use.
        """
        import pyarrow.parquet as pq

        with name_missing_extra("plots need"):
            from counterpoise.report.run.plot import plot_run, survey_runs
        from counterpoise.store import weights as stored
        from counterpoise.store.masks import read_mask
        from counterpoise.store.pixels import open_map

        contacts, filtered = open_map(files), read_mask(mask)
        balanced = [
            (stored.read_weights(run.weights), stored.read_verdict(run.verdict)) for run in runs
        ]
        surveys = survey_runs(
            contacts,
            filtered[0],
            balanced,
            max_pixels=self.max_pixels,
            dpi=self.dpi,
            threads=threads,
        )
        for run, (weights, verdict), numbers, output in zip(
            runs, balanced, surveys, outputs, strict=True
        ):
            plot_run(
                contacts,
                filtered,
                weights,
                stored.read_errors(run.weights),
                pq.read_table(run.trace),
                verdict,
                numbers,
                output,
                dpi=self.dpi,
                sample=sample,
            )
