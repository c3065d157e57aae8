"""Resolutions as a cohort or a sample names them: ``[10kb, 1Mb]``, ``all``, ``4DN``, ``juicer``."""

from __future__ import annotations

import re
from typing import Any

from counterpoise.contacts.resolutions import parse_size
from counterpoise.errors import ConfigError
from counterpoise.ingest.reader_interface import SourceInfo

ALL = "all"
# The usual levels of the files of the 4DN data portal and of Juicer, in base pairs.
LADDERS = {
    "4dn": (
        *(1_000, 2_000, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000),
        *(1_000_000, 2_500_000, 5_000_000, 10_000_000),
    ),
    "juicer": (*(5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000),),
}

# Bin sizes in base pairs, or one word that stands for those of a file.
Resolutions = list[int] | str


def read_resolutions(place: str, value: Any) -> Resolutions:
    """Check resolutions as they are written.

    Parameters
    ----------
    place : str
        Where they are written, for the message.
    value : object
        A word, a size such as ``10000`` or ``10kb``, a text of several, or a list of sizes.

    Returns
    -------
    list of int or str
        Bin sizes in base pairs; or the word.

    Raises
    ------
    ConfigError
        If one is no size, below one base pair or listed twice.

    Examples
    --------
    >>> read_resolutions("resolutions", ["10kb", 1_000_000]), read_resolutions("resolutions", "4DN")
    ([10000, 1000000], '4dn')
    """
    if isinstance(value, str) and value.strip().lower() in (ALL, *LADDERS):
        return value.strip().lower()
    items = re.split(r"\s*[,;]\s*|\s+(?=\d)", value.strip()) if isinstance(value, str) else value
    items = items if isinstance(items, list) else [items]
    sizes: list[int] = []
    for number, item in enumerate(items):
        where = f"{place}[{number}]"
        size = _read_size(where, item)
        if size <= 0:
            raise ConfigError(f"{where} is {size}; a bin has at least 1 bp.")
        if size in sizes:
            raise ConfigError(f"{where}: {size} is listed twice; remove one.")
        sizes.append(size)
    return sizes


def _read_size(place: str, item: object) -> int:
    """Return one bin size."""
    if isinstance(item, int) and not isinstance(item, bool):
        return item
    if isinstance(item, str):
        words = (ALL, *LADDERS)
        if item.strip().lower() in words:
            raise ConfigError(f"{place}: the word {item} stands alone: 'resolutions: {item}'.")
        try:
            return parse_size(item)
        except ConfigError as error:
            raise ConfigError(
                f"{place}: {error} Or one of the words all, 4DN and juicer."
            ) from None
    raise ConfigError(f"{place} is {item!r}; write base pairs, or such as 10kb or 1Mb.")


def expand(resolutions: Resolutions, info: SourceInfo | None, sample: str) -> list[int]:
    """Return the bin sizes that a word stands for.

    Parameters
    ----------
    resolutions : list of int or str
        Those of ``read_resolutions``.
    info : SourceInfo or None
        What the sample's file holds; None if this is not known yet.
    sample : str
        Name of the sample, for the message.

    Returns
    -------
    list of int
        For ``all`` the levels of the file; for a ladder those of its sizes that the file has or
        that can be summed from a finer level.

    Raises
    ------
    ConfigError
        If a word meets a file that is not known yet, or a file that has none of the sizes.
    """
    if not isinstance(resolutions, str):
        return resolutions
    if info is None:
        raise ConfigError(
            f"resolutions: {resolutions}: the levels of sample {sample} are not known before its "
            "file is there and can be read; write the bin sizes instead."
        )
    stored = sorted(level.resolution for level in info.levels if level.resolution)
    if resolutions == ALL:
        sizes = stored
    else:
        sizes = [
            size for size in LADDERS[resolutions] if any(size % level == 0 for level in stored)
        ]
    if not sizes:
        raise ConfigError(
            f"resolutions: {resolutions}: the file of sample {sample} has no such level; write the "
            "bin sizes instead."
        )
    return sizes
