"""Open a map of any form: a path, a `cooler.Cooler`, a matrix, a map that is open."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, SupportsIndex

from counterpoise.contacts.contact_map import (
    ContactMap,
    describe_type,
    is_matrix,
    plain_number,
)
from counterpoise.errors import ConfigError
from counterpoise.ingest.read import read_contacts

ACCEPTED = (
    "the path of a .cool, .mcool or .hic file (file.mcool::/resolutions/10000 for one of several "
    "resolutions), the URL of a .hic file, a cooler.Cooler, the result of read_contacts, or a "
    "symmetric matrix (scipy sparse or an array of numbers)"
)


def read_any_map(
    contacts: Any,
    resolution: SupportsIndex | None = None,
    progress: Callable[[str], None] = lambda message: None,
) -> Any:
    """Read a map that is a file; return a map that is open, or a matrix, as it is.

    Parameters
    ----------
    contacts : str, PathLike, cooler.Cooler, ContactMap, sparse matrix or array_like
        The map.
    resolution : int, optional
        Bin size in base pairs at which a file is read.
    progress : callable
        Receives a line of text before a file is read.

    Returns
    -------
    ContactMap, sparse matrix or array_like

    Raises
    ------
    ConfigError
        If the map is of another type, or a map that is open has another resolution.
    InputError
        If the file cannot be read.

    Examples
    --------
    >>> read_any_map({"chr1": 5})
    Traceback (most recent call last):
    counterpoise.errors.ConfigError: a map is the path of a .cool, .mcool or .hic file ...
    """
    source = uri_of_cooler(contacts) or contacts
    if isinstance(source, str | os.PathLike):
        progress(f"reading {os.fspath(source)!s}")
        return read_contacts(source, resolution)
    if not (isinstance(contacts, ContactMap) or is_matrix(contacts)):
        raise ConfigError(f"a map is {ACCEPTED}; this is {describe_type(contacts)}.")
    if resolution is not None:
        _check_resolution(contacts, plain_number(resolution))
    return contacts


def uri_of_cooler(contacts: Any) -> str:
    """Return the file and group of a `cooler.Cooler`; empty for anything else.

    It is recognised by its attributes, so that cooler need not be installed.

    Parameters
    ----------
    contacts : object
        Anything.
    """
    filename, root = getattr(contacts, "filename", None), getattr(contacts, "root", None)
    return f"{filename}::{root}" if isinstance(filename, str) and isinstance(root, str) else ""


def _check_resolution(contacts: Any, resolution: Any) -> None:
    """Refuse a resolution that is not that of a map in memory."""
    if not isinstance(contacts, ContactMap):
        raise ConfigError(f"resolution is {resolution!r}, but a matrix has none; leave it out.")
    if contacts.bins.resolution != resolution:
        raise ConfigError(
            f"resolution is {resolution!r}, but the map has {contacts.bins.summary()}; leave it "
            "out, or pass the path of the file."
        )
