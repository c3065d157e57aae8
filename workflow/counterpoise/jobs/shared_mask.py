"""Rules ``shared_mask`` and ``final_mask``: the bins that the samples of a group keep together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from counterpoise.cohort.revisions import REVISIONS
from counterpoise.jobs.job import Inputs, MeasuredJob
from counterpoise.jobs.resources import START_MINUTES, bins_mb, map_size
from counterpoise.mask.quorum import Quorum
from counterpoise.process import log_progress
from counterpoise.store.paths import BASE, GroupMaskFiles, MapFiles, ResultPaths

if TYPE_CHECKING:  # spares the job the import of OmegaConf
    from counterpoise.cohort.cohort import Cohort


@dataclass(frozen=True, kw_only=True)
class SharedMaskJob(MeasuredJob):
    """Count the samples of a group that keep each bin.

    Attributes
    ----------
    cohort, experiment : str
        Names that decide where the results are.
    samples : list of str
        The samples of the group that have the resolution.
    shared : float or str
        Setting ``mask.shared``.
    shared_within : str
        Setting ``mask.shared_within``.
    """

    WILDCARDS: ClassVar = ("group", "resolution")

    cohort: str
    samples: list[str]
    shared: float | str
    shared_within: str
    experiment: str = BASE

    @classmethod
    def of(cls, cohort: Cohort, group: str, resolution: str | int) -> Self:
        """Make the job of a group and resolution."""
        return cls(
            revision=REVISIONS["shared_mask"],
            cohort=cohort.settings.cohort,
            experiment=cohort.experiment,
            samples=cohort.groups.sharing_mask(group, int(resolution)),
            shared=cohort.settings.mask.shared,
            shared_within=cohort.settings.mask.shared_within,
        )

    def quorum(self, group: str) -> Quorum:
        """Return how many of the samples must keep a bin, given the name of the group in paths."""
        return Quorum(self.shared, self.shared_within, group, len(self.samples))

    def mem_mb(self, inputs: Inputs, threads: int) -> int:
        """Return the memory of 150 bytes for each bin of a map; one mask is read at a time."""
        return bins_mb(map_size(inputs)[0], 350, 150)

    def minutes(self, inputs: Inputs) -> int:
        """Return the time of reading the masks twice, at one a second."""
        return START_MINUTES + len(self.samples) // 30

    def run(self, root: str, group: str, resolution: int, output: GroupMaskFiles) -> None:
        """Write the mask of the group, and what each sample costs it.

        Parameters
        ----------
        root : str
            Folder of all cohorts' results.
        group : str
            Name of the group in paths.
        resolution : int
            Bin size in base pairs.
        output : GroupMaskFiles
            Where the mask and the table go.

        Raises
        ------
        InputError
            If the maps have different bins.
        """
        from counterpoise.mask.sharing import count_keepers, measure_cost
        from counterpoise.store.masks import read_mask, write_costs, write_group_mask
        from counterpoise.store.pixels import read_common_bins

        paths = ResultPaths(self.cohort, root, self.experiment)
        maps = {sample: paths.map_files(sample, resolution) for sample in self.samples}
        bins = read_common_bins(
            maps,
            "with which it shares a mask",
            "Use maps of one assembly with the same order of chromosomes, or put the samples in "
            "different groups (group_by, mask.shared_within).",
        )
        masks = [paths.own_mask(sample, resolution) for sample in self.samples]
        quorum = self.quorum(group)
        mask = count_keepers((read_mask(path)[0] for path in masks), len(bins), quorum)
        costs = {
            sample: measure_cost(mask, number, read_mask(path)[0])
            for number, (sample, path) in enumerate(zip(self.samples, masks, strict=True))
        }
        write_costs(output.costs, costs)
        write_group_mask(output.mask, mask, self.samples, bins)
        dearest = max(costs, key=lambda sample: costs[sample].removed_alone)
        log_progress(
            f"{mask.kept.sum():,} of {len(bins):,} bins kept, those that {quorum.required:,} of "
            f"{quorum.samples:,} samples keep. {dearest} alone costs "
            f"{costs[dearest].removed_alone:,} bins."
        )


@dataclass(frozen=True, kw_only=True)
class FinalMaskJob(MeasuredJob):
    """Give a sample the bins that its group keeps."""

    @classmethod
    def of(cls, cohort: Cohort) -> Self:
        """Make the job, which is the same for all maps."""
        return cls(revision=REVISIONS["final_mask"])

    def mem_mb(self, inputs: Inputs, threads: int) -> int:
        """Return the memory of 150 bytes for each bin."""
        return bins_mb(map_size(inputs)[0], 350, 150)

    def minutes(self, inputs: Inputs) -> int:
        """Return the time of reading two masks."""
        return START_MINUTES

    def run(self, files: MapFiles, mask: str | Path, group: str | Path, output: str | Path) -> None:
        """Write the mask of a map.

        Parameters
        ----------
        files : MapFiles
            The map.
        mask : str or Path
            The mask by the filters of the sample alone.
        group : str or Path
            The mask of its group.
        output : str or Path
            Where the mask goes.
        """
        from counterpoise.mask.sharing import share_mask
        from counterpoise.store.masks import read_group_mask, read_own_mask, write_mask
        from counterpoise.store.pixels import read_bins

        shared = share_mask(read_own_mask(mask), *read_group_mask(group))
        write_mask(output, shared, read_bins(files.bins))
        log_progress(", ".join(f"{count:,} {reason}" for reason, count in shared.counts().items()))
