"""Entries of ``methods``: an algorithm, its settings, and which other maps a run depends on.

The keys of the other maps are no settings of an algorithm: in Python, a prior is an argument of
``balance``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from counterpoise.cohort.grouping import Extent
from counterpoise.errors import ConfigError
from counterpoise.ingest.urls import is_url
from counterpoise.methods.base import Method, MethodSettings

NO_PRIOR = "none"


@dataclass
class PriorSettings:
    """The prior of an entry of ``methods``; only algorithms that take a prior have these keys.

    Attributes
    ----------
    prior : {"none", "group", "cohort"} or str, default "none"
        Maps whose bias is the prior: none, group, cohort, or the path of a cooler.
        How far it applies is learned from each map.

        - ``group``: the other samples of the sample's group.
        - ``cohort``: all other samples.
        - a path: a `.cool` or `.mcool` file of the same genome with all resolutions of the cohort.
          Its map is balanced with the settings of the entry.
    prior_column : str or None, default None
        Column of that file whose weights are the prior; null balances the map of the file.
    """

    prior: str = NO_PRIOR
    prior_column: str | None = None

    def __post_init__(self) -> None:
        """Refuse a column without a file, and an address."""
        if self.prior_column is not None and not self.file:
            raise ConfigError(
                f"prior_column is {self.prior_column!r}, and prior is {self.prior}, which has no "
                "columns; name the file in prior, or remove prior_column."
            )
        if is_url(self.file):
            raise ConfigError(f"prior is {self.prior}; download the file and give its path.")

    @property
    def is_given(self) -> bool:
        """Whether there is a prior."""
        return self.prior != NO_PRIOR

    @property
    def extent(self) -> Extent | None:
        """The samples that share their bias; None for a file and without a prior."""
        return Extent(self.prior) if self.prior in list(Extent) else None

    @property
    def file(self) -> str:
        """Path of the file without the group inside; empty for samples and without a prior."""
        is_file = self.is_given and self.extent is None
        return self.prior.partition("::")[0] if is_file else ""


@dataclass
class AppliedSettings:
    """Weights of one sample for all; every algorithm has this key but ``auto``.

    Attributes
    ----------
    apply_weights_of : str or None, default None
        Sample whose weights all samples get; null balances each sample.
        The weights are scaled to each map. The sample itself is balanced.
    """

    apply_weights_of: str | None = None


@dataclass(frozen=True)
class MethodEntry:
    """An entry of ``methods``.

    Attributes
    ----------
    algorithm : str
        Name of the algorithm.
    settings : MethodSettings
        Its settings.
    prior : PriorSettings
        The prior.
    applied : AppliedSettings
        The sample whose weights are applied.
    """

    algorithm: str
    settings: MethodSettings
    prior: PriorSettings = field(default_factory=PriorSettings)
    applied: AppliedSettings = field(default_factory=AppliedSettings)

    def __post_init__(self) -> None:
        """Refuse a prior for weights that are applied."""
        if self.applied.apply_weights_of is not None and self.prior.is_given:
            raise ConfigError(
                "apply_weights_of and prior exclude each other; make an entry for each."
            )


# The classes of these keys, by the field of ``MethodEntry`` that holds them.
OTHER_MAPS: dict[str, type] = {"prior": PriorSettings, "applied": AppliedSettings}


def other_keys(method: Method) -> dict[str, type]:
    """Return the classes of keys that entries of an algorithm have besides its settings.

    Parameters
    ----------
    method : Method
        The algorithm.

    Returns
    -------
    dict of str to type
        By field of ``MethodEntry``.
    """
    allowed = {"prior": method.rate_prior is not None, "applied": not method.candidates}
    return {name: kind for name, kind in OTHER_MAPS.items() if allowed[name]}
