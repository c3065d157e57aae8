"""Resolutions that a sample's file can give."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from counterpoise.contacts.bins import format_base_pairs
from counterpoise.errors import InputError
from counterpoise.ingest.formats import HIC
from counterpoise.ingest.reader_interface import SourceInfo


class MissingLevels(StrEnum):
    """Values of ``missing_levels``."""

    SKIP = "skip"
    STOP = "stop"


def explain_absence(info: SourceInfo, resolution: int, name: str) -> str:
    """Explain why a file cannot give a resolution.

    Parameters
    ----------
    info : SourceInfo
        What the file holds.
    resolution : int
        Bin size in base pairs.
    name : str
        What the user calls the file.

    Returns
    -------
    str
        Such as ``no 100 kb level in b.cool (it has 1 Mb)``; empty if the file has the level, or a
        finer one that can be summed to it.
    """
    try:
        info.find_level(resolution)
    except InputError:
        return f"no {format_base_pairs(resolution)} level in {name} (it has {list_levels(info)})"
    return ""


def is_read(info: SourceInfo | None, file: str, resolution: int) -> bool:
    """Return whether a level is read from a file even if a finer map could be summed to it.

    A level of a cooler is: reading its pixels takes less time than summing those of a finer one.
    Those of `.hic` files take several times longer to read.

    Parameters
    ----------
    info : SourceInfo or None
        What the file holds; None if this is not known yet.
    file : str
        Path of the file.
    resolution : int
        Bin size in base pairs.

    Returns
    -------
    bool
        Of an unknown file, by its name.
    """
    if info is None:
        return Path(file).suffix.lower() not in HIC.suffixes
    is_stored = any(level.resolution == resolution for level in info.levels)
    return is_stored and info.format not in HIC.names


def list_levels(info: SourceInfo) -> str:
    """Return the levels of a file in words.

    Parameters
    ----------
    info : SourceInfo
        What the file holds.

    Returns
    -------
    str
        Such as ``10 kb, 1 Mb``.
    """
    sizes = sorted(level.resolution for level in info.levels if level.resolution)
    return ", ".join(map(format_base_pairs, sizes)) or "bins of unequal size"
