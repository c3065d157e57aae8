"""Rule ``ingest``: from a level of a sample's file, or a finer map of it, to pixels and bins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from counterpoise.cohort.revisions import REVISIONS
from counterpoise.errors import refuse_other_versions
from counterpoise.files import FileState, read_json
from counterpoise.ingest.chromosome_choice import ChromosomeSettings
from counterpoise.ingest.download import name_url_in_errors
from counterpoise.ingest.identity import ExpectedContent
from counterpoise.ingest.reader_interface import SourceInfo
from counterpoise.jobs.inspect import SourceJob, read_state, source_settings
from counterpoise.jobs.job import Inputs
from counterpoise.jobs.resources import SNAKEMAKE_MB, START_MINUTES
from counterpoise.process import Progress, log_progress
from counterpoise.store.paths import MapFiles

if TYPE_CHECKING:  # spares the job the import of OmegaConf
    from counterpoise.cohort.cohort import Cohort


@dataclass(frozen=True, kw_only=True)
class IngestJob(SourceJob):
    """Read one level of a sample's file, or sum the pixels of a finer level that was read.

    Attributes
    ----------
    resolution : int
        Bin size in base pairs.
    chromosomes : ChromosomeSettings or None
        The chromosomes to read and their order; None for those of the file.
    """

    WILDCARDS: ClassVar = ("sample", "resolution")
    NESTED: ClassVar = {"chromosomes": ChromosomeSettings}
    LEFT_OUT: ClassVar = ("chromosomes",)

    resolution: int
    chromosomes: ChromosomeSettings | None = None

    @classmethod
    def of(cls, cohort: Cohort, sample: str, resolution: str | int) -> Self:
        """Make the job of a sample and resolution."""
        chosen = cohort.settings.chromosomes
        return cls(
            revision=REVISIONS["ingest"],
            resolution=int(resolution),
            chromosomes=chosen if chosen.is_on else None,
            **source_settings(cohort, sample),
        )

    def mem_mb(self, inputs: Inputs, threads: int) -> int:
        """Return 1400 MiB, whatever the file: it is read in chunks."""
        return SNAKEMAKE_MB + 1000

    def minutes(self, inputs: Inputs) -> int:
        """Return the time of reading 1 MB of the file a second; of summing, five times less.

        These are a tenth and a sixth of the measured speeds.
        """
        is_summed = bool(getattr(inputs, "finer", None))
        return START_MINUTES + self.megabytes // (300 if is_summed else 60)

    def run(
        self,
        record: str | Path,
        state: str | Path,
        files: MapFiles,
        finer: MapFiles | None = None,
    ) -> None:
        """Write the files of the map.

        Parameters
        ----------
        record : str or Path
            What ``inspect`` recorded about the file.
        state : str or Path
            The state that the file had then.
        files : MapFiles
            Where the map goes.
        finer : MapFiles, optional
            The finer map to sum.

        Raises
        ------
        InputError
            If the file cannot be read, or is not the one that ``inspect`` recorded.
        """
        from counterpoise.ingest.pixels import write_map

        with refuse_other_versions(record):
            info = replace(SourceInfo.from_dict(read_json(record)), uri=self.uri)
            digest = str(info.identity["sha256"])
        inspected = read_state(state)
        with name_url_in_errors(self.url):
            before = FileState.of(self.file)
            expected = ExpectedContent(self.file, digest, inspected, str(record), before)
            source = write_map(
                info,
                self.resolution,
                files,
                self.hic_engine,
                Progress(),
                self.url,
                check=expected.check,
                finer=finer,
                chromosomes=self.chromosomes,
            )
        notes = "; ".join(source["notes"])
        log_progress(f"{source['nnz']:,} pixels, {source['contacts']:,} contacts. {notes}")
