"""The record of where a map came from, ``source.json``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from counterpoise.errors import refuse_other_versions
from counterpoise.files import check_types, read_json

# Types of the values that readers compute with.
TYPES = {"bins": int, "nnz": int, "identity": dict, "notes": list, "statistics": dict}

# Assemblies that say nothing: many files state none, and cooler writes "unknown" by default.
UNNAMED_ASSEMBLIES = frozenset({"", "unknown"})


def read_source(path: str | Path) -> dict[str, Any]:
    """Read the record of a map's source.

    Parameters
    ----------
    path : str or Path
        A ``source.json``.

    Returns
    -------
    dict
        The record.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    with refuse_other_versions(path):
        record = read_json(path)
        check_types(record, TYPES)
        return dict(record)


def read_origin(path: str | Path) -> dict[str, Any]:
    """Read where a map came from: the record of its source without the map's statistics.

    Parameters
    ----------
    path : str or Path
        A ``source.json``.

    Returns
    -------
    dict
        The record, of which verdicts hold a copy.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    return {key: value for key, value in read_source(path).items() if key != "statistics"}


def group_by_assembly(samples: Iterable[tuple[str, str | None]]) -> dict[str, list[str]]:
    """Group samples by the assembly that their files state; skip those that state none.

    Parameters
    ----------
    samples : iterable of (str, str or None)
        Name and assembly of each sample.

    Returns
    -------
    dict of str to list of str
        Names of samples by assembly.
    """
    groups: dict[str, list[str]] = {}
    for name, assembly in samples:
        if assembly and assembly not in UNNAMED_ASSEMBLIES:
            groups.setdefault(assembly, []).append(name)
    return groups
