"""The record of where a map came from, ``source.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from counterpoise.errors import refuse_other_versions
from counterpoise.files import read_json

# Types of the values that readers compute with.
TYPES = {"bins": int, "nnz": int, "identity": dict, "notes": list}


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


def check_types(record: Any, types: dict[str, type]) -> None:
    """Refuse a record whose values are not of the expected types.

    Parameters
    ----------
    record : object
        What a JSON file holds.
    types : dict of str to type
        Types by key; a missing key is accepted.

    Raises
    ------
    TypeError
        Names the key.
    """
    if not isinstance(record, dict):
        raise TypeError(f"it holds a {type(record).__name__} and no object")
    for key, kind in types.items():
        if key in record and not isinstance(record[key], kind):
            raise TypeError(f"{key} is a {type(record[key]).__name__}")
