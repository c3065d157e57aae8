"""How many samples of a group must keep a bin so that all of them keep it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from counterpoise.errors import ConfigError


class Sharing(StrEnum):
    """The values of ``mask.shared`` that are words."""

    NONE = "none"
    UNION = "union"
    INTERSECTION = "intersection"


def check_shared(shared: object) -> None:
    """Refuse a value of ``mask.shared`` that is no word of ``Sharing`` and no share of samples.

    Parameters
    ----------
    shared : object
        The value.

    Raises
    ------
    ConfigError
        Names the values that are possible.
    """
    is_share = isinstance(shared, int | float) and not isinstance(shared, bool) and 0 < shared <= 1
    if shared not in list(Sharing) and not is_share:
        raise ConfigError(
            f"mask.shared is {shared!r}; it must be {', '.join(Sharing)} or a share of the samples "
            "above 0 and up to 1, such as 0.8."
        )


@dataclass(frozen=True)
class Quorum:
    """The vote of a group of samples on their bins.

    Attributes
    ----------
    shared : float or str
        ``union``, ``intersection``, or the share of the samples that must keep a bin.
    shared_within : str
        Among which samples masks are shared; see ``Extent``.
    group : str
        Name of the group in paths.
    samples : int
        Number of samples that vote.
    """

    shared: float | str
    shared_within: str
    group: str
    samples: int

    @property
    def required(self) -> int:
        """Number of samples that must keep a bin.

        Examples
        --------
        >>> [Quorum(share, "group", "wild", 5).required for share in ("union", 0.5, 0.8, 1.0)]
        [1, 3, 4, 5]
        """
        if self.shared == Sharing.UNION:
            return 1
        if self.shared == Sharing.INTERSECTION:
            return self.samples
        # A share such as 0.07 of 100 samples is 7, although the product is a little above it.
        return max(1, math.ceil(float(self.shared) * self.samples - 1e-9))

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of sharing by their names in the configuration."""
        return {"shared": self.shared, "shared_within": self.shared_within}

    @property
    def record(self) -> dict[str, Any]:
        """The group and how many of its samples must keep a bin, as plain values."""
        return {"group": self.group, "samples": self.samples, "required": self.required}
