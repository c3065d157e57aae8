"""The columns of weights that a file holds, level by level."""

from __future__ import annotations

import multiprocessing
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import COLUMN_PREFIXES
from counterpoise.errors import InputError
from counterpoise.ingest.cooler_file import name_damaged_file, open_cooler
from counterpoise.ingest.formats import inspect_source, is_cooler_format
from counterpoise.ingest.hdf5_links import members
from counterpoise.ingest.read import open_contacts
from counterpoise.ingest.reader_interface import Level, SourceInfo
from counterpoise.methods import methods

# Names of weights that other programs give, besides those of our methods.
OTHER_NAMES = ("weight", "ICE", "KR", "SCALE", "VC", "VC_SQRT", "SQRT_VC")
# Attributes that only weights have.
WEIGHT_ATTRIBUTES = ("divisive_weights", "tol", "cis_only", "mad_max")


@dataclass(frozen=True)
class StoredLevel:
    """A level of a file with its columns of weights.

    Attributes
    ----------
    uri : str
        Path, and in files with groups the group.
    contacts : Contacts
        The map.
    columns : dict of str to ndarray
        float64 [bins] by name, as they are stored.
    attributes : dict of str to dict
        By column.
    """

    uri: str
    contacts: Contacts
    columns: dict[str, NDArray[np.float64]]
    attributes: dict[str, dict[str, Any]]


def read_stored_levels(uri: str) -> Iterator[StoredLevel]:
    """Read the levels of a file one by one, the finest last.

    Parameters
    ----------
    uri : str
        `.cool`, `.mcool` or `.hic` file, or ``file.mcool::/resolutions/10000``.

    Yields
    ------
    StoredLevel

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    info = inspect_source(uri, identify=False)
    levels = sorted(info.levels, key=lambda level: -(level.resolution or 0))
    for level in levels:
        yield read_stored_level(info, level)


def read_stored_level(info: SourceInfo, level: Level, names: Collection[str] = ()) -> StoredLevel:
    """Read one level of a file.

    Parameters
    ----------
    info : SourceInfo
        The file.
    level : Level
        One of its levels.
    names : collection of str
        Columns that are read too, though neither name nor attributes say that they hold weights.

    Returns
    -------
    StoredLevel

    Raises
    ------
    InputError
        If the level cannot be read.
    """
    place = info.uri_of(level)
    with open_contacts(place, level.resolution) as checked:
        contacts = checked.load()
    if info.format == "hic":
        assert level.resolution is not None
        vectors = _read_hic_vectors(place, level.resolution, len(contacts.bins))
        return StoredLevel(f"{place} at {level.resolution:,} bp", contacts, vectors, {})
    if not is_cooler_format(info.format):
        return StoredLevel(place, contacts, {}, {})
    attributes = contacts.source["column_attributes"]
    columns = {
        name: np.asarray(values, dtype=np.float64)
        for name, values in contacts.bins.extra.items()
        if np.asarray(values).dtype.kind == "f"
        and (name in names or _is_weight(name, attributes.get(name, {})))
    }
    return StoredLevel(place, contacts, columns, attributes)


def find_columns(info: SourceInfo, names: Sequence[str]) -> dict[Level, tuple[str, ...]]:
    """Return which of some columns each level of a file has, without reading its contacts.

    Parameters
    ----------
    info : SourceInfo
        The file.
    names : sequence of str
        Names of columns, whatever they hold.

    Returns
    -------
    dict of Level to tuple of str
        By level, the finest first; empty tuples where it has none.

    Raises
    ------
    InputError
        If no level has one of them; the message lists the columns that there are.
    """
    levels = sorted(info.levels, key=lambda level: level.resolution or 0)
    stored = {level: _column_names(info, level) for level in levels} if names else {}
    every = dict.fromkeys(name for columns in stored.values() for name in columns)
    for name in names:
        if name not in every:
            raise InputError(
                info.uri,
                f"has no column {name!r} (it has {', '.join(sorted(every)) or 'none'}).",
                "Name one of these." if every else "Balance it first: counterpoise balance.",
            )
    return {
        level: tuple(name for name in names if name in stored.get(level, ())) for level in levels
    }


def _column_names(info: SourceInfo, level: Level) -> list[str]:
    """Return the names of all columns of a level that can hold weights."""
    path = info.uri.partition("::")[0]
    if info.format == "hic":
        assert level.resolution is not None
        return list(_read_hic_vectors(path, level.resolution, 0))
    if not is_cooler_format(info.format):
        return []
    with open_cooler(f"{path}::{level.group}") as (file, group), name_damaged_file(info.uri):
        columns = members(file[group]["bins"], info.uri)
        return [
            name
            for name, column in columns.items()
            if isinstance(column, h5py.Dataset) and column.dtype.kind == "f"
        ]


def _is_weight(name: str, attributes: Mapping[str, Any]) -> bool:
    """Return whether a column is one of weights, by its name or its attributes."""
    if attributes.get("relative") and "of" in attributes:  # standard errors
        return False
    if any(key in attributes for key in WEIGHT_ATTRIBUTES):
        return True
    base = name
    for prefix in COLUMN_PREFIXES.values():
        base = base.removeprefix(prefix)
    ours = {method.upper() for method in methods()}
    return name.startswith("weight") or base.removesuffix("_source") in {*ours, *OTHER_NAMES}


def _read_hic_vectors(path: str, resolution: int, bins: int) -> dict[str, NDArray[np.float64]]:
    """Read the normalisation vectors of a `.hic` level in another process, which may crash."""
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            vectors = pool.submit(fetch_hic_vectors, path, resolution).result()
    except BrokenProcessPool as error:
        raise InputError(
            path,
            f"crashes the library hictkpy, which reads its vectors at {resolution:,} bp.",
            "Normalise the file again, or compare its checksum with the source.",
        ) from error
    except RuntimeError as error:
        raise InputError(
            path,
            f"has vectors at {resolution:,} bp that hictkpy cannot read ({error}).",
            "Normalise the file again, or compare its checksum with the source.",
        ) from error
    # A vector may be one bin longer than the map.
    return {name: values[:bins] for name, values in vectors.items()}


def fetch_hic_vectors(path: str, resolution: int) -> dict[str, NDArray[np.float64]]:
    """Read the normalisation vectors of a `.hic` level with hictkpy.

    Parameters
    ----------
    path : str
        The file.
    resolution : int
        The level.

    Returns
    -------
    dict of str to ndarray
        float64 [bins] by name, as they are stored.
    """
    import hictkpy

    file = hictkpy.File(path, resolution)
    return {name: np.array(file.weights(name)) for name in file.avail_normalizations()}
