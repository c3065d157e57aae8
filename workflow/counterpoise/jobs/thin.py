"""Rules ``find_least`` and ``thin``: maps of fewer contacts."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from counterpoise.cohort.revisions import REVISIONS
from counterpoise.cohort.thinning import ThinSettings
from counterpoise.errors import refuse_other_versions
from counterpoise.files import read_json, write_json
from counterpoise.jobs.job import Inputs, MeasuredJob
from counterpoise.jobs.resources import SNAKEMAKE_MB, START_MINUTES, map_size, passing_minutes
from counterpoise.process import Progress, log_progress
from counterpoise.store.paths import MapFiles, ResultPaths
from counterpoise.store.source_record import read_source

if TYPE_CHECKING:  # spares the job the import of OmegaConf
    from counterpoise.cohort.cohort import Cohort

DRAWING_PASSES = 10  # passes over pixels that drawing contacts takes as long as


@dataclass(frozen=True, kw_only=True)
class FindLeastJob(MeasuredJob):
    """Find the sample with the fewest contacts, to which others are thinned.

    Attributes
    ----------
    cohort : str
        Name of the cohort, which decides where the maps are.
    samples : dict of str to int
        Bin size in base pairs of the finest map of each sample.
    """

    WILDCARDS: ClassVar = ("group",)

    cohort: str
    samples: dict[str, int]

    @classmethod
    def of(cls, cohort: Cohort, group: str) -> Self:
        """Make the job of a group, or of the whole cohort."""
        names = cohort.groups.least_samples[group]
        samples = {name: min(cohort.resolutions(name)) for name in names}
        return cls(revision=REVISIONS["find_least"], cohort=cohort.settings.cohort, samples=samples)

    def mem_mb(self, inputs: Inputs, threads: int) -> int:
        """Return the memory of reading small files."""
        return SNAKEMAKE_MB + 200

    def minutes(self, inputs: Inputs) -> int:
        """Return the time of reading small files."""
        return START_MINUTES

    def run(self, root: str, output: str | Path) -> None:
        """Write the contacts of all samples, and which has the fewest.

        Parameters
        ----------
        root : str
            Folder of all cohorts' results.
        output : str or Path
            Where the JSON record goes.
        """
        paths = ResultPaths(self.cohort, root, thinned=True)
        contacts = {
            name: read_source(paths.whole_map_files(name, size).source)["contacts"]
            for name, size in self.samples.items()
        }
        least = min(contacts, key=lambda name: contacts[name])
        write_json(output, {"sample": least, "contacts": contacts[least], "samples": contacts})
        log_progress(f"{least} has the fewest contacts: {contacts[least]:,}")


@dataclass(frozen=True, kw_only=True)
class ThinJob(MeasuredJob):
    """Draw contacts of a map, or sum the pixels of a finer thinned map.

    Attributes
    ----------
    thin : ThinSettings
        How many contacts are drawn, and the seed.
    """

    NESTED: ClassVar = {"thin": ThinSettings}

    thin: ThinSettings = field(default_factory=ThinSettings)

    @classmethod
    def of(cls, cohort: Cohort) -> Self:
        """Make the job, which is the same for all maps."""
        return cls(revision=REVISIONS["thin"], thin=cohort.settings.thin)

    def mem_mb(self, inputs: Inputs, threads: int) -> int:
        """Return 1400 MiB, whatever the map: it is read in chunks."""
        return SNAKEMAKE_MB + 1000

    def minutes(self, inputs: Inputs) -> int:
        """Return the time of drawing from every pixel."""
        return passing_minutes(DRAWING_PASSES * map_size(inputs)[1])

    def run(
        self,
        sample: str,
        resolution: int,
        files: MapFiles,
        whole: MapFiles | None = None,
        finer: MapFiles | None = None,
        least: str | None = None,
    ) -> None:
        """Write the files of the thinned map.

        Parameters
        ----------
        sample : str
            Name of the sample, which is part of the seed.
        resolution : int
            Bin size in base pairs.
        files : MapFiles
            Where the thinned map goes.
        whole : MapFiles, optional
            The map to draw from.
        finer : MapFiles, optional
            The finer thinned map to sum, instead.
        least : str, optional
            What ``find_least`` wrote.

        Raises
        ------
        InputError
            If the counts of the map are not whole numbers.
        """
        from counterpoise.ingest.finer import open_sum
        from counterpoise.ingest.pixels import write_reading
        from counterpoise.ingest.thinning import open_thinned, seed_generator

        if finer:
            opened = open_sum(finer, resolution)
        else:
            assert whole, "a map is drawn from another one"
            contacts = self.thin.count(read_source(whole.source)["contacts"], _read_least(least))
            generator = seed_generator(self.thin.seed, sample)
            opened = open_thinned(whole, contacts, generator, asdict(self.thin))
        with opened as reading:
            source = write_reading(reading, files, Progress())
        log_progress(f"{source['nnz']:,} pixels, {source['contacts']:,} contacts")


def _read_least(path: str | None) -> int | None:
    """Return the contacts of the sample with the fewest; None if it was not asked for."""
    if path is None:
        return None
    with refuse_other_versions(path):
        return int(read_json(path)["contacts"])
