"""The section ``thin`` of the configuration: how many contacts each sample keeps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Union

from counterpoise.cohort.grouping import Extent
from counterpoise.errors import ConfigError

NUMBER = re.compile(r"([0-9][0-9_]*(?:\.[0-9]+)?)\s*([kmg]?)", re.IGNORECASE)
UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
TARGETS = ("contacts", "fraction", "least_of")


@dataclass
class ThinSettings:
    """Thinning of the maps to fewer contacts, drawn at random; off by default.

    Attributes
    ----------
    contacts : int, str or None, default None
        Number of contacts that each sample keeps, such as 10M; a sample with fewer keeps all.
    fraction : float or None, default None
        Share of its contacts that each sample keeps, such as 0.5.
    least_of : {"group", "cohort"} or None, default None
        Samples keep as many contacts as the one with the fewest in the group or the cohort.
    seed : int, default 0
        Seed of the random numbers; each sample has its own, which other samples do not change.
    """

    contacts: Union[int, str, None] = None  # noqa: UP007
    fraction: float | None = None
    least_of: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Turn the number of contacts into a whole number; refuse values out of range."""
        if isinstance(self.contacts, str):
            self.contacts = _read_number(self.contacts)
        if self.contacts is not None and self.contacts < 1:
            raise ConfigError(f"thin.contacts is {self.contacts}; it must be 1 or more.")
        if self.fraction is not None and not 0 < self.fraction < 1:
            raise ConfigError(f"thin.fraction is {self.fraction}; it must be between 0 and 1.")
        if self.least_of is not None and self.least_of not in list(Extent):
            raise ConfigError(
                f"thin.least_of is {self.least_of!r}; it must be {' or '.join(Extent)}."
            )
        if self.seed < 0:
            raise ConfigError(f"thin.seed is {self.seed}; it must be 0 or more.")
        given = [f"thin.{key}" for key in TARGETS if getattr(self, key) is not None]
        if len(given) > 1:
            raise ConfigError(f"{' and '.join(given)} exclude each other; give one of them.")

    @property
    def is_on(self) -> bool:
        """Whether maps are thinned."""
        return any(getattr(self, key) is not None for key in TARGETS)

    def count(self, contacts: int, least: int | None) -> int:
        """Return the number of contacts that a map keeps.

        Parameters
        ----------
        contacts : int
            Contacts of the map.
        least : int or None
            Contacts of the sample with the fewest, for ``least_of``.

        Returns
        -------
        int
            May be larger than ``contacts``: the map then keeps all.
        """
        if least is not None:
            return least
        if self.fraction is not None:
            return round(self.fraction * contacts)
        assert isinstance(self.contacts, int), "thinning is on"
        return self.contacts


def _read_number(text: str) -> int:
    """Return a number of contacts, such as ``10M``."""
    if match := NUMBER.fullmatch(text.strip()):
        number = float(match[1].replace("_", "")) * UNITS[match[2].lower()]
        if number == int(number):
            return int(number)
    raise ConfigError(f"thin.contacts is {text!r}; write a whole number, or such as 500k or 10M.")
