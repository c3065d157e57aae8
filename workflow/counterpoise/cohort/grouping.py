"""Groups of samples that share something, such as a mask.

A group has a name that is safe in paths, because its shared files have a folder of that name.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from enum import StrEnum

from counterpoise.errors import ConfigError

WHOLE_COHORT = "all"  # name of the folder of what the whole cohort shares
UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
LONGEST = 60  # characters of a name


class Extent(StrEnum):
    """Among which samples something is shared."""

    GROUP = "group"
    COHORT = "cohort"


def partition(groups: Mapping[str, str], extent: Extent, place: str) -> dict[str, list[str]]:
    """Return the samples that share something.

    Parameters
    ----------
    groups : mapping of str to str
        Group of each sample; empty for none.
    extent : Extent
        Among which samples something is shared.
    place : str
        Key of the configuration that asks for it, for the message.

    Returns
    -------
    dict of str to list of str
        Names of samples by a name of their group that is safe in paths, in the order of samples.

    Raises
    ------
    ConfigError
        If a sample has no group.

    Examples
    --------
    >>> partition({"a": "wild, 2 h", "b": "mutant", "c": "wild, 2 h"}, Extent.GROUP, "prior")
    {'wild_2_h': ['a', 'c'], 'mutant': ['b']}
    >>> partition({"a": "wild", "b": "mutant"}, Extent.COHORT, "prior")
    {'all': ['a', 'b']}
    """
    if extent is Extent.COHORT:
        return {WHOLE_COHORT: list(groups)}
    samples: dict[str, list[str]] = {}
    for sample, group in groups.items():
        if not group:
            raise ConfigError(
                f"{place}: the sample {sample} has no group; give it a label of group_by, or write "
                f"{Extent.COHORT.value}."
            )
        samples.setdefault(group, []).append(sample)
    names = {group: _safe_name(group) for group in samples}
    lower = [name.lower() for name in names.values()]
    return {
        name if lower.count(name.lower()) == 1 else f"{name}-{_digest(group)}": samples[group]
        for group, name in names.items()
    }


def _safe_name(group: str) -> str:
    """Return the name of a group without characters that paths may not have."""
    name = UNSAFE.sub("_", group.replace(", ", "_")).strip("._-")
    if name and len(name) <= LONGEST:
        return name
    return f"{name[:LONGEST] or 'group'}-{_digest(group)}"


def _digest(group: str) -> str:
    """Return a few letters that distinguish this group from others of a similar name."""
    return hashlib.sha256(group.encode()).hexdigest()[:8]
