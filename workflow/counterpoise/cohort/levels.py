"""Levels of the samples' files, as far as they can be known before any job runs."""

from __future__ import annotations

from pathlib import Path

from counterpoise.contacts.bins import format_base_pairs
from counterpoise.errors import InputError
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.reader_interface import SourceInfo


def find_levels(uri: str, engine: str) -> SourceInfo | None:
    """Return what a local file holds, from its headers.

    Parameters
    ----------
    uri : str
        Path, or path with a group.
    engine : str
        Reader of `.hic` files.

    Returns
    -------
    SourceInfo or None
        None if there is no file yet, or if it cannot be read: the rule ``inspect`` then fails with
        the reason, which costs this sample only.
    """
    if not Path(uri.partition("::")[0]).is_file():
        return None
    try:
        return inspect_source(uri, engine, identify=False, quick=True)
    except (InputError, OSError):
        return None


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
