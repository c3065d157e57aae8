"""Rule ``plot``: the figures of all runs of a map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from counterpoise.cohort.revisions import REVISIONS
from counterpoise.installation import name_missing_extra
from counterpoise.jobs.job import Inputs, MeasuredJob
from counterpoise.jobs.resources import bins_mb, count_runs, map_size, passing_minutes
from counterpoise.store.paths import MapFiles, RunFiles

if TYPE_CHECKING:  # spares other jobs the import of OmegaConf
    from counterpoise.cohort.cohort import Cohort
    from counterpoise.report.run.plot import Run


# Bytes for each bin: of the map and the figure being drawn, and of each run.
MAP_BYTES, RUN_BYTES = 300, 40

# Figures drawn in a minute on a slow node.
FIGURES_PER_MINUTE = 6


@dataclass(frozen=True, kw_only=True)
class PlotJob(MeasuredJob):
    """Draw the figures of a map's runs.

    Attributes
    ----------
    whole : bool
        Whether to show the whole map as well: at the coarsest resolution of the sample.
    region : str or None
        The stretch that is shown bin by bin.
    max_pixels : int
        Largest number of cells along a side of the whole map.
    dpi : int
        Resolution of the PNG.
    """

    WILDCARDS: ClassVar[tuple[str, ...]] = ("sample", "resolution")

    whole: bool = False
    region: str | None = None
    max_pixels: int
    dpi: int

    @classmethod
    def of(cls, cohort: Cohort, sample: str, resolution: str) -> Self:
        """Make the job of a map."""
        qc = cohort.settings.qc
        coarsest = max(cohort.resolutions(sample), default=0)
        return cls(
            revision=REVISIONS["plot"],
            whole=int(resolution) == coarsest,
            region=qc.region,
            max_pixels=qc.max_pixels,
            dpi=qc.dpi,
        )

    def mem_mb(self, inputs: Inputs, threads: int) -> int:
        """Return the memory of the bins, and of the pixels read at a time."""
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
        """
        with name_missing_extra("plots need"):
            from counterpoise.report.run.plot import draw_run, name_map, paint_runs
        from counterpoise.files import atomic_write
        from counterpoise.report.run.coverage import Coverage
        from counterpoise.report.run.stretch import choose_stretch
        from counterpoise.store.masks import read_mask, read_reasons
        from counterpoise.store.pixels import open_map, read_bins, read_rows

        groups, marginal = read_reasons(mask)
        coverage = Coverage(marginal, groups, read_mask(mask)[1])
        balanced = [_read_run(run) for run in runs]
        stretch = choose_stretch(read_bins(files.bins), coverage.kept, self.region)
        rows = read_rows(files, *stretch)
        whole = open_map(files) if self.whole else None
        size = {"max_pixels": self.max_pixels, "dpi": self.dpi}
        pictures = paint_runs(rows, whole, coverage, balanced, stretch, **size)
        title = name_map(rows, sample)
        for run, shown, output in zip(balanced, pictures, outputs, strict=True):
            with (
                draw_run(rows.bins, coverage, run, shown, title=title, dpi=self.dpi) as page,
                atomic_write(output) as temporary,
            ):
                page.write_png(temporary)


def _read_run(files: RunFiles) -> Run:
    """Read what the figure of a run shows of its results."""
    import pyarrow.parquet as pq

    from counterpoise.report.run.plot import Run
    from counterpoise.store.weights import read_errors, read_verdict, read_weights

    return Run(
        read_weights(files.weights),
        read_errors(files.weights),
        pq.read_table(files.trace),
        read_verdict(files.verdict),
    )
