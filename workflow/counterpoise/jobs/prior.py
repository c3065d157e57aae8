"""Rules ``balance_alone``, ``pool`` and ``file_prior``: the bias of other maps as a prior."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from counterpoise.backends.choice import expected_backend
from counterpoise.balancing.prior import Prior
from counterpoise.cohort.revisions import REVISIONS, of_method
from counterpoise.errors import InputError
from counterpoise.files import sha256
from counterpoise.ingest.chromosome_choice import ChromosomeSettings, choose_bins
from counterpoise.jobs.balance import BalanceJob
from counterpoise.jobs.job import Inputs, MeasuredJob
from counterpoise.jobs.memory import MapSize
from counterpoise.jobs.method import MethodJob, useful_threads
from counterpoise.jobs.resources import SNAKEMAKE_MB, START_MINUTES, bins_mb
from counterpoise.methods import methods
from counterpoise.methods.base import ExtraMemory, MethodSettings, OnFailure
from counterpoise.process import MIB
from counterpoise.records.fitness import FitnessSettings
from counterpoise.store.paths import BASE, ResultPaths

if TYPE_CHECKING:  # spares the job the import of OmegaConf
    from counterpoise.cohort.cohort import Cohort
    from counterpoise.columns.stored import StoredLevel


def settings_alone(settings: MethodSettings) -> MethodSettings:
    """Return the settings by which the maps of a prior are balanced.

    They have no bootstrap, and a map that cannot be balanced gives no weights but stops nothing.

    Parameters
    ----------
    settings : MethodSettings
        Those of the entry of ``methods`` that has the prior.
    """
    return replace(settings, bootstrap=0, on_failure=OnFailure.NAN.value)


@dataclass(frozen=True, kw_only=True)
class AloneJob(BalanceJob):
    """Balance a map without a prior, for the pools of other samples."""

    @classmethod
    def of(cls, cohort: Cohort, sample: str, method: str) -> Self:
        """Make the job of a method of the cohort."""
        job = super().of(cohort, sample, method)
        alone = settings_alone(job.settings)
        return replace(job, settings=alone, prior=False, fitness=FitnessSettings())


@dataclass(frozen=True, kw_only=True)
class PoolJob(MeasuredJob):
    """Sum the bias of the samples of a group.

    Attributes
    ----------
    cohort, experiment : str
        Names that decide where the results are.
    samples : list of str
        Names of the samples, sorted.
    """

    WILDCARDS: ClassVar = ("group", "resolution", "method")

    cohort: str
    samples: list[str]
    experiment: str = BASE

    @classmethod
    def of(cls, cohort: Cohort, group: str, resolution: str | int, method: str) -> Self:
        """Make the job of a group, a resolution and a method."""
        return cls(
            revision=REVISIONS["pool"],
            cohort=cohort.settings.cohort,
            experiment=cohort.experiment,
            samples=cohort.groups.pooled(group, int(resolution), method),
        )

    def mem_mb(self, inputs: Inputs, threads: int) -> int:
        """Return the memory of reading one sample after the other, with 250 bytes for each bin."""
        path = str(next(iter(inputs)))
        return bins_mb(_count_rows(path, os.stat(path).st_mtime_ns), 350, 250)

    def minutes(self, inputs: Inputs) -> int:
        """Return the time of reading one sample a second."""
        return START_MINUTES + len(self.samples) // 60

    def run(self, root: str, resolution: int, method: str, output: str) -> None:
        """Write the sums.

        Parameters
        ----------
        root : str
            Folder of all cohorts' results.
        resolution : int
            Bin size in base pairs.
        method : str
            Name of the method in the cohort.
        output : str
            Where the Parquet file goes.
        """
        from counterpoise.store.priors import pool_samples, write_pool

        paths = ResultPaths(self.cohort, root, self.experiment)
        pool = pool_samples(paths, self.samples, resolution, method)
        write_pool(output, pool, self.to_params())
        print(f"{len(pool.samples):,} of {len(self.samples):,} samples have weights.")


@lru_cache(maxsize=100_000)
def _count_rows(path: str, modified: int) -> int:
    """Return the rows of a Parquet file; ``modified`` makes a new entry for a new file."""
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)


@dataclass(frozen=True, kw_only=True)
class FilePriorJob(MethodJob):
    """Take the bias from a column of weights of a file, or balance the map of the file.

    Attributes
    ----------
    file : str
        Path of the cooler, and in files with groups perhaps the group.
    column : str or None
        Column of weights; None to balance the map.
    resolution : int
        Bin size in base pairs.
    file_sha256 : str
        SHA-256 of the file, so that other content, also with an older date, runs the job again.
    chromosomes : ChromosomeSettings or None
        The chromosomes that are read of the samples, and their order; None for those of the file.
    """

    WILDCARDS: ClassVar = ("resolution", "method")
    NESTED: ClassVar = {"chromosomes": ChromosomeSettings}
    LEFT_OUT: ClassVar = ("chromosomes",)

    file: str
    column: str | None = None
    resolution: int
    file_sha256: str
    chromosomes: ChromosomeSettings | None = None

    @classmethod
    def of(cls, cohort: Cohort, resolution: str | int, method: str) -> Self:
        """Make the job of a resolution and a method."""
        algorithm, prior = cohort.algorithms[method], cohort.priors[method]
        settings = settings_alone(cohort.methods[method])
        if prior.prior_column:  # nothing is balanced
            settings = methods()[algorithm].settings()
        path, chosen = prior.file, cohort.settings.chromosomes
        return cls(
            revision=[*of_method(algorithm), REVISIONS["file_prior"]],
            method=algorithm,
            settings=settings,
            backend=cohort.settings.backend.name,
            device=cohort.settings.backend.device,
            file=prior.prior,
            column=prior.prior_column,
            resolution=int(resolution),
            file_sha256=_digest(path, os.stat(path).st_mtime_ns),
            chromosomes=chosen if chosen.is_on else None,
        )

    @property
    def extra(self) -> ExtraMemory:
        """Memory that the method takes in addition to the map."""
        return self.settings.extra_memory

    def threads(self, inputs: Inputs) -> int:
        """Return as many threads as make balancing faster."""
        return useful_threads(self._size[1])

    def mem_mb(self, inputs: Inputs, threads: int) -> int:
        """Return the memory of balancing the whole map in memory, in MiB."""
        bins, nonzeros = self._size
        size = MapSize.of(bins, nonzeros, "float64", 0.0, examined=0)
        size = replace(size, extra=self.extra, part_bins=bins, part_nonzeros=nonzeros)
        backend = expected_backend(self.backend, self.device).memory_mb
        return SNAKEMAKE_MB + size.bytes_in_memory // MIB + backend

    def minutes(self, inputs: Inputs) -> int:
        """Return the time of reading and balancing the map."""
        return START_MINUTES + self._size[1] // 1_000_000

    @property
    def _size(self) -> tuple[int, int]:
        """Bins and nonzeros of the file's map."""
        return _read_size(self.file, self.resolution, self.file_sha256)

    def run(self, output: str, threads: int | None = None) -> None:
        """Write the prior.

        Parameters
        ----------
        output : str
            Where the Parquet file goes.
        threads : int, optional
            Threads of the job; by default all that this process may use.

        Raises
        ------
        InputError
            If the file cannot be read, has no such column or no chosen chromosome, or its map
            cannot be balanced.
        """
        from counterpoise.columns.stored import read_stored_level
        from counterpoise.ingest.formats import inspect_source
        from counterpoise.store.priors import write_prior

        info = inspect_source(self.file, identify=False)
        level = next(each for each in info.levels if each.resolution == self.resolution)
        stored = read_stored_level(info, level, [self.column] if self.column else [])
        prior, bins = self._read(stored, threads), stored.contacts.bins
        if self.chromosomes is not None:
            _, bins, mapping = choose_bins(bins, self.chromosomes, stored.uri)
            # Numbers of the file's bins in the order of the chosen ones.
            places = np.flatnonzero(mapping >= 0)[np.argsort(mapping[mapping >= 0])]
            prior = replace(prior, log_bias=prior.log_bias[places])
        write_prior(output, prior, bins, self.to_params())

    def _read(self, stored: StoredLevel, threads: int | None) -> Prior:
        """Return the bias by the column, or by the map."""
        if self.column:
            from counterpoise.columns.prior import prior_of_column

            return prior_of_column(stored, self.column, stored.contacts.bins)
        from counterpoise.balancing.api import balance

        result = balance(stored.contacts, self.method, **self.arguments(threads))
        if not result.verdict.weighted:
            raise InputError(
                stored.uri,
                f"gives no prior, since its map cannot be balanced: {result.verdict.reason}",
                "Name a column of weights (prior_column), or another file.",
            )
        return Prior.from_weights(result.weights, source=stored.uri)


@lru_cache(maxsize=1000)
def _digest(path: str, modified: int) -> str:
    """Return the SHA-256 of a file, read once in each process; ``modified`` makes a new entry."""
    return sha256(path)


@lru_cache(maxsize=1000)
def _read_size(file: str, resolution: int, digest: str) -> tuple[int, int]:
    """Return bins and nonzeros of a level of a cooler; ``digest`` makes a new entry."""
    from counterpoise.ingest.formats import inspect_source
    from counterpoise.ingest.read import open_contacts

    info = inspect_source(file, identify=False, quick=True)
    with open_contacts(file, resolution, info=info) as level:
        return len(level.bins), level.total or 0
