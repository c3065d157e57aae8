"""The groups of a cohort's samples, and what the samples of a group share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from counterpoise.cohort.entries import PriorSettings
from counterpoise.cohort.grouping import Extent, partition
from counterpoise.cohort.samples import Sample
from counterpoise.cohort.settings import CohortSettings
from counterpoise.contacts.bins import format_base_pairs
from counterpoise.errors import ConfigError
from counterpoise.mask.quorum import Sharing


@dataclass(frozen=True)
class Groups:
    """The groups of a cohort's samples.

    Attributes
    ----------
    settings : CohortSettings
        The configuration.
    samples : mapping of str to Sample
        Samples that are balanced, by name.
    members : mapping of str to list of str
        Names of the samples whose maps are summed, by the name of the merged sample.
    priors : mapping of str to PriorSettings
        The prior of each method that has one.
    find : callable
        Returns a sample by its name; refuses an unknown one.
    resolutions : callable
        Returns the resolutions of a sample.
    """

    settings: CohortSettings
    samples: Mapping[str, Sample]
    members: Mapping[str, list[str]]
    priors: Mapping[str, PriorSettings]
    find: Callable[[str], Sample]
    resolutions: Callable[[str], list[int]]
    _sharing: dict[Extent, dict[str, list[str]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def of(self, sample: str) -> str:
        """Return the group of a sample: its labels of ``group_by``; empty if it has none."""
        labels = self.find(sample).all_labels
        return ", ".join(labels[key] for key in self.settings.group_by if key in labels)

    def sharing(self, extent: Extent, place: str) -> dict[str, list[str]]:
        """Return the samples that share something, as ``partition`` does.

        Parameters
        ----------
        extent : Extent
            Among which samples it is shared.
        place : str
            Key of the configuration that asks for it, for the message.

        Returns
        -------
        dict of str to list of str
            Names of samples by the name of their group in paths.
        """
        if extent not in self._sharing:
            groups = {name: self.of(name) for name in self.samples}
            self._sharing[extent] = partition(groups, extent, place)
        return self._sharing[extent]

    def pools(self, method: str) -> dict[str, list[str]]:
        """Return the samples that are each other's prior.

        Parameters
        ----------
        method : str
            Name of the method.

        Returns
        -------
        dict of str to list of str
            Sorted names by the name of their group in paths; none of a group of one sample. A
            merged sample whose contacts another sample has, too, is in no pool.
        """
        prior = self.priors.get(method)
        if prior is None or prior.extent is None:
            return {}
        groups = self.sharing(prior.extent, f"methods.{method}.prior")
        pools = {
            group: sorted(name for name in names if not self._shares_contacts(name))
            for group, names in groups.items()
        }
        return {group: names for group, names in pools.items() if len(names) > 1}

    def _shares_contacts(self, sample: str) -> bool:
        """Tell whether a member of a merged sample is balanced, or is in another merged sample."""
        members = set(self.members.get(sample, ()))
        others = [set(names) for name, names in self.members.items() if name != sample]
        return any(members & names for names in (self.samples.keys(), *others))

    def pooled(self, group: str, resolution: int, method: str) -> list[str]:
        """Return the samples of a pool.

        Parameters
        ----------
        group : str
            Name of their group in paths.
        resolution : int
            Bin size in base pairs.
        method : str
            Name of the method.

        Returns
        -------
        list of str
            Sorted names of those that have the resolution.
        """
        names = self.pools(method).get(group, [])
        return [name for name in names if resolution in self.resolutions(name)]

    @property
    def shares_masks(self) -> bool:
        """Tell whether samples share their masks."""
        return self.settings.mask.shared != Sharing.NONE

    @cached_property
    def mask_groups(self) -> dict[str, str]:
        """Return the name in paths of the group with which each sample shares its mask."""
        groups = self.mask_sharing().items()
        return {sample: group for group, samples in groups for sample in samples}

    def mask_group(self, sample: str) -> str:
        """Return the name in paths of the group with which a sample shares its mask.

        Parameters
        ----------
        sample : str
            Name of the sample.

        Raises
        ------
        ConfigError
            If the cohort has no sample of this name.
        """
        self.find(sample)
        return self.mask_groups[sample]

    def sharing_mask(self, group: str, resolution: int) -> list[str]:
        """Return the samples whose own masks decide on that of a group at a resolution.

        A merged sample has no vote if another sample has its contacts, too, unless no other sample
        has a vote. It gets the mask of its group all the same.

        Parameters
        ----------
        group : str
            Name of the group in paths.
        resolution : int
            Bin size in base pairs.

        Returns
        -------
        list of str
            Their names.

        Raises
        ------
        ConfigError
            If there are none.
        """
        samples = [
            sample
            for sample in self.mask_sharing().get(group, [])
            if resolution in self.resolutions(sample)
        ]
        if not samples:
            raise ConfigError(
                f"the cohort {self.settings.cohort} has no group {group!r} that shares masks at "
                f"{format_base_pairs(resolution)}."
            )
        return [name for name in samples if not self._shares_contacts(name)] or samples

    @property
    def group_masks(self) -> list[tuple[str, int]]:
        """Return group and resolution of every mask that samples share."""
        return [
            (group, size)
            for group, samples in self.mask_sharing().items()
            for size in sorted({size for sample in samples for size in self.resolutions(sample)})
        ]

    def mask_sharing(self) -> dict[str, list[str]]:
        """Return the samples that share masks, by the name of their group in paths.

        Nothing is returned if masks are not shared.

        Raises
        ------
        ConfigError
            If a sample has no group.
        """
        if not self.shares_masks:
            return {}
        return self.sharing(Extent(self.settings.mask.shared_within), "mask.shared")

    @property
    def least_samples(self) -> dict[str, list[str]]:
        """Return the samples that are thinned to the one with the fewest contacts, by group."""
        least_of = self.settings.thin.least_of
        return self.sharing(Extent(least_of), "thin.least_of") if least_of else {}

    @property
    def names(self) -> list[str]:
        """Return the names in paths of groups that share masks, a prior or the fewest contacts."""
        shared = [self.mask_sharing(), self.least_samples, *map(self.pools, self.priors)]
        return list(dict.fromkeys(name for groups in shared for name in groups))
