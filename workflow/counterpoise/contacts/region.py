"""A stretch of the genome in words: ``chr2:1,000,000-4,000,000``."""

from __future__ import annotations

import re
from typing import NamedTuple

from counterpoise.errors import ConfigError


class Region(NamedTuple):
    """A stretch of a chromosome.

    Attributes
    ----------
    chromosome : str
        Its name.
    start, end : int
        First base pair, from 0, and end.
    """

    chromosome: str
    start: int
    end: int


def parse_region(text: str, key: str) -> Region:
    """Parse ``chromosome:start-end``.

    Parameters
    ----------
    text : str
        The region; commas in numbers are ignored.
    key : str
        The setting, for messages.

    Returns
    -------
    Region

    Raises
    ------
    ConfigError
        If it is written in another way, or its end is not after its start.
    """
    parts = re.fullmatch(r"(.+):([\d,]+)-([\d,]+)", text.strip())
    if parts:
        start, end = (int(number.replace(",", "") or 0) for number in parts.groups()[1:])
        if start < end:
            return Region(parts[1], start, end)
    raise ConfigError(
        f"{key} is {text!r}; it must be chromosome:start-end in base pairs, such as "
        "chr2:1,000,000-4,000,000."
    )
