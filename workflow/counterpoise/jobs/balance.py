"""Rule ``balance``: the weights of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from counterpoise.balancing.applied_weights import AppliedWeights
from counterpoise.balancing.prior import Prior
from counterpoise.cohort.revisions import of_method
from counterpoise.contacts.bins import BinTable
from counterpoise.jobs.job import Inputs
from counterpoise.jobs.method import MethodJob
from counterpoise.jobs.resources import START_MINUTES, map_size
from counterpoise.methods import methods
from counterpoise.methods.base import ExtraMemory, MethodSettings
from counterpoise.methods.kernel.strength import STRENGTHS
from counterpoise.records.fitness import FitnessSettings
from counterpoise.store.paths import MapFiles, RunFiles

if TYPE_CHECKING:  # spares the job the import of OmegaConf
    from counterpoise.balancing.copy_number import CopyNumber
    from counterpoise.cohort.cohort import Cohort


@dataclass(frozen=True, kw_only=True)
class BalanceJob(MethodJob):
    """Balance a map with a method.

    Attributes
    ----------
    name : str or None
        Name of the method in the cohort; None for the algorithm's.
    fitness : FitnessSettings
        When weights are fit for use.
    prior : bool
        Whether the bias of other maps is a prior.
    weights_of : str or None
        The sample whose weights the other samples get; None to balance each.
    copy_number : str or None
        Table of segments with copy numbers; None to make row sums equal.
    copy_number_sha256 : str or None
        SHA-256 of a table that no rule makes, so that other content, also with an older date, runs
        the job again.
    """

    WILDCARDS: ClassVar = ("sample", "method")
    NESTED: ClassVar = {"fitness": FitnessSettings}

    name: str | None = None
    fitness: FitnessSettings = field(default_factory=FitnessSettings)
    prior: bool = False
    weights_of: str | None = None
    copy_number: str | None = None
    copy_number_sha256: str | None = None

    @classmethod
    def of(cls, cohort: Cohort, sample: str, method: str) -> Self:
        """Make the job of a sample and a method of the cohort."""
        algorithm = cohort.algorithms[method]
        return cls(
            revision=of_method(algorithm),
            name=method,
            method=algorithm,
            settings=cohort.methods[method],
            backend=cohort.settings.backend.name,
            device=cohort.settings.backend.device,
            # The summary alone compares depths: another limit balances no map again.
            fitness=replace(cohort.settings.fitness, depth_caution=FitnessSettings.depth_caution),
            prior=method in cohort.priors,
            weights_of=cohort.weights_of.get(method),
            copy_number=cohort.copy_number(sample),
            copy_number_sha256=cohort.copy_number_sha256(sample),
        )

    def to_params(self) -> dict[str, Any]:
        """Return the settings; those of copy numbers only if there are any.

        So a release that knows them runs no job again that has none.
        """
        params = super().to_params()
        if self.copy_number is None:
            del params["copy_number"], params["copy_number_sha256"]
        return params

    @property
    def extra(self) -> ExtraMemory:
        """The most that one of its methods keeps, and the maps of a bootstrap."""
        kept = [settings.extra_memory for settings in self.solved]
        return ExtraMemory(
            max(extra.bin_bytes for extra in kept),
            max(extra.pixel_bytes for extra in kept),
            maps=self.settings.bootstrap > 0 or any(extra.maps for extra in kept),
        )

    @property
    def solved(self) -> list[MethodSettings]:
        """Settings of the methods that are run: one, or several to choose between."""
        candidates = methods()[self.method].candidates
        return list(candidates(self.settings).values()) if candidates else [self.settings]

    def minutes(self, inputs: Inputs) -> int:
        """Return the time of a thousand products at 10 ns a nonzero, ten times as measured.

        Halves of the map take thousands of products, and transforms of the chromosomes. With a
        prior the bandwidth is chosen once more for each of its strengths.
        """
        bins, nonzeros = map_size(inputs)
        chosen = 1 if len(self.solved) > 1 and self.settings.bootstrap else 0  # solved once more
        runs = len(self.solved) + chosen + self.settings.bootstrap
        runs += len(STRENGTHS) if self.prior else 0
        minutes = START_MINUTES + nonzeros * runs // 5_000_000
        if self.settings.extra_memory.maps:
            minutes += nonzeros // 2_000_000 + bins // 20_000
        return minutes

    def run(
        self,
        files: MapFiles,
        mask: str | Path,
        output: RunFiles,
        threads: int | None = None,
        memory_mb: int | None = None,
        sample: str = "",
        prior: Sequence[str] = (),
        applied: Sequence[str] = (),
    ) -> None:
        """Write weights, trace and verdict.

        Parameters
        ----------
        files : MapFiles
            The map.
        mask : str or Path
            Its mask.
        output : RunFiles
            Where the results go.
        threads : int, optional
            Threads of the job; by default all that this process may use.
        memory_mb : int, optional
            Memory of the job in MiB; by default there is no limit.
        sample : str
            Name of the sample, which is taken out of a pool.
        prior : sequence of str
            The pool of the sample's group and the sample's weights without a prior, or the prior
            by a file. Empty where the group has no other sample.
        applied : sequence of str
            ``weights.parquet`` of another sample and ``bins.parquet`` of its map; none to balance.
        """
        from counterpoise.balancing.api import balance
        from counterpoise.store.masks import read_beyond_regions, read_mask
        from counterpoise.store.weights import write_balance

        contacts = self.open_map(files, threads, memory_mb)
        kept, summary = read_mask(mask)
        result = balance(
            contacts,
            self.method,
            name=self.name,
            mask=kept,
            mask_record=summary,
            fitness=self.fitness,
            prior=_read_prior(prior, sample, contacts.bins) if self.prior else None,
            applied=_read_applied(applied, str(self.weights_of), contacts.bins),
            copy_number=self._read_copy_number(contacts.bins),
            regions=summary.get("regions"),
            beyond_regions=read_beyond_regions(mask),
            **self.arguments(threads),
        )
        write_balance(result, contacts.bins, output)

    def _read_copy_number(self, bins: BinTable) -> CopyNumber | None:
        """Read the copy number of each bin, if there is a table of segments."""
        if self.copy_number is None:
            return None
        from counterpoise.ingest.copy_number_table import read_copy_number

        return read_copy_number(self.copy_number, bins)


def _read_prior(files: Sequence[str], sample: str, bins: BinTable) -> Prior:
    """Read the prior of a run; without files it has no bias for any bin."""
    from counterpoise.store.priors import read_prior, read_prior_of_others

    if not files:
        return Prior(np.full(len(bins), np.nan))
    if len(files) == 1:
        return read_prior(files[0], bins)
    pool, own = files
    return read_prior_of_others(pool, own, sample, bins)


def _read_applied(files: Sequence[str], source: str, bins: BinTable) -> AppliedWeights | None:
    """Read the weights that a run takes from another sample; None if it takes none."""
    from counterpoise.store.priors import read_applied

    if not files:
        return None
    weights, source_bins = files
    return read_applied(weights, source_bins, bins, source)
