"""Open `.cool` and `.mcool` files (HDF5), find the coolers in them, and read their attributes.

Errors of h5py become `InputError`, which names the file and the remedy.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h5py
import numpy as np

from counterpoise.errors import InputError
from counterpoise.ingest.hdf5_links import find_node, members
from counterpoise.ingest.reader_interface import FETCH_AGAIN

LONGEST_NUMBER = 30  # digits of a number that is stored as text
CELLS = "/cells/"  # the group of a single-cell file that holds its coolers
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"

# What h5py raises over damaged bytes: a dataset may turn into another object, a number overflow.
_DAMAGE = (
    OSError,
    RuntimeError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
)


@contextmanager
def open_cooler(uri: str) -> Iterator[tuple[h5py.File, str]]:
    """Open the HDF5 file of a cooler for reading.

    Parameters
    ----------
    uri : str
        Path, or path with a group (``file.mcool::/resolutions/10000``).

    Yields
    ------
    file : h5py.File
        The open file.
    group : str
        The group that ``uri`` names; ``/`` where it names none.

    Raises
    ------
    InputError
        If the file is missing, empty, damaged or not HDF5, or if it lacks the group.
    """
    path, _, group = uri.partition("::")
    _check_signature(path)
    try:
        # Without a lock, which network disks and open viewers may refuse.
        file = h5py.File(path, "r", locking=False)
    except OSError as error:
        raise InputError(
            path,
            f"is damaged HDF5, most likely cut short in a copy or download ({error}).",
            FETCH_AGAIN,
        ) from error
    with file:
        with name_damaged_file(path):
            _require_group(file, group, path)
        yield file, group or "/"


def _require_group(file: h5py.File, group: str, path: str) -> None:
    """Refuse a group that the file lacks; the message names those that can be read."""
    if isinstance(find_node(file, group, path), h5py.Group):
        return
    names = cooler_groups(file, path) or single_cell_groups(file, path)
    raise InputError(
        path,
        f"has no group {group} (it holds {list_names(names) or 'no cooler'}).",
        "Name one of these after '::', or leave '::' out."
        if not (names and names[0].startswith(CELLS))
        else "Name one of these after '::'.",
    )


def _check_signature(path: str) -> None:
    """Refuse a file that is missing, is empty or does not begin as HDF5 does."""
    if not os.path.exists(path):
        raise InputError(path, "does not exist.", "Check the path.")
    with open(path, "rb") as stream:
        start = stream.read(len(HDF5_SIGNATURE))
    if not start:
        raise InputError(path, "is empty (0 bytes).", "Copy or download it again.")
    if start.lstrip().startswith(b"<"):
        raise InputError(
            path,
            "is not an HDF5 file: it begins like a web page.",
            "Most likely a server sent its login or error page; open the address in a browser.",
        )
    if start != HDF5_SIGNATURE:
        raise InputError(
            path,
            "is not an HDF5 file, so it is not a .cool or .mcool.",
            "Give a cooler file, or name a .hic file with the ending .hic.",
        )


@contextmanager
def name_damaged_file(source: str) -> Iterator[None]:
    """Turn whatever h5py and the inflation raise over damaged bytes into an `InputError`.

    Parameters
    ----------
    source : str
        Path and group, for the message.

    Raises
    ------
    InputError
        If the block raises an error of damaged bytes.
    """
    try:
        yield
    except _DAMAGE as error:
        raise InputError(
            source, f"is damaged and cannot be read ({error}).", FETCH_AGAIN
        ) from error


def is_cooler(node: object, source: str) -> bool:
    """Return whether an object of an HDF5 file is a group with bins and pixels.

    Parameters
    ----------
    node : object
        A member of the file.
    source : str
        Path of the file, for messages.
    """
    return isinstance(node, h5py.Group) and {"bins", "pixels"} <= members(node, source).keys()


def cooler_groups(file: h5py.File, source: str) -> list[str]:
    """Return the groups that hold a cooler, sorted by length and name.

    A cooler may be the file's root, lie in ``/resolutions/<bp>``, or, in old files, in ``/0``,
    ``/1`` and so on.

    Parameters
    ----------
    file : h5py.File
        The open file.
    source : str
        Path of the file, for messages.

    Returns
    -------
    list of str
        Full names of the groups; empty if the file holds no cooler.

    Raises
    ------
    InputError
        If one of them is a link to another file.
    """
    if {"bins", "pixels"} <= set(file):
        return ["/"]
    prefix = "/resolutions/" if "resolutions" in file else "/"
    return _groups_below(file, prefix, source)


def single_cell_groups(file: h5py.File, source: str) -> list[str]:
    """Return the coolers of the cells in a single-cell file (`.scool`), sorted.

    Parameters
    ----------
    file : h5py.File
        The open file.
    source : str
        Path of the file, for messages.

    Returns
    -------
    list of str
        Full names of the groups; empty if the file is not of single cells.

    Raises
    ------
    InputError
        If one of them is a link to another file.
    """
    return _groups_below(file, CELLS, source)


def _groups_below(file: h5py.File, prefix: str, source: str) -> list[str]:
    """Return the coolers that lie directly in a group, sorted by length and name."""
    parent = find_node(file, prefix, source)
    if not isinstance(parent, h5py.Group):
        return []
    nodes = members(parent, source)
    names = [name for name, node in nodes.items() if is_cooler(node, source)]
    return [prefix + name for name in sorted(names, key=lambda name: (len(name), name))]


def list_names(names: list[str], limit: int = 5) -> str:
    """Return the first names of a list for a message, and how many there are.

    Parameters
    ----------
    names : list of str
        The names.
    limit : int
        Largest number of names to write out.
    """
    rest = f", ... ({len(names):,} in all)" if len(names) > limit else ""
    return ", ".join(names[:limit]) + rest


def read_attribute(node: h5py.Group | h5py.Dataset, name: str) -> Any:
    """Return an HDF5 attribute.

    ``attrs.get`` of h5py takes an attribute that it cannot read for a missing one.

    Parameters
    ----------
    node : h5py.Group or h5py.Dataset
        What has the attribute.
    name : str
        Name of the attribute.

    Returns
    -------
    object
        Its value; None if there is none.

    Raises
    ------
    KeyError, OSError, RuntimeError
        If the attributes are damaged.
    """
    return node.attrs[name] if name in list(node.attrs) else None


def attribute_text(value: Any) -> str | None:
    """Return an HDF5 attribute as text.

    Parameters
    ----------
    value : object
        Value of the attribute; some writers store bytes, or ``b'...'`` as text.

    Returns
    -------
    str or None
        The text; None if there is no attribute.
    """
    if value is None:
        return None
    text = value.decode(errors="replace") if isinstance(value, bytes) else _encodable(str(value))
    return text[2:-1] if text.startswith("b'") and text.endswith("'") else text


def attribute_number(value: Any) -> float | None:
    """Return an HDF5 attribute as a number.

    Parameters
    ----------
    value : object
        Value of the attribute, a number or its digits as text.

    Returns
    -------
    int, float or None
        None if the attribute is missing, is no number, or is not finite.
    """
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.ravel()[0]
    if isinstance(value, np.integer | np.floating) and np.isfinite(value):
        number: float = value.item() if value.dtype.itemsize <= 8 else float(value)
        return number
    text = attribute_text(value) or ""
    is_number = len(text) < LONGEST_NUMBER and text.isdecimal()
    return int(text) if is_number else None


def _encodable(text: str) -> str:
    """Return a text of h5py in which bytes that are not UTF-8 are question marks."""
    return text.encode(errors="replace").decode()


def attribute_json(value: Any) -> Any:
    """Return an HDF5 attribute as a JSON value.

    Parameters
    ----------
    value : object
        Value of the attribute, a number, text or an array.

    Returns
    -------
    object
        Value for JSON; NaN and infinity become text, because JSON has neither.
    """
    if value is None or isinstance(value, h5py.Empty):
        return None
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, np.ndarray | list | tuple):
        return [attribute_json(item) for item in np.asarray(value, dtype=object).tolist()]
    if isinstance(value, np.bool_ | np.integer):
        return value.item()
    if isinstance(value, float | np.floating):
        number = float(value)
        return number if np.isfinite(number) else str(number)
    # Text, complex numbers, references and whatever else HDF5 can store.
    return value if isinstance(value, bool | int) else _encodable(str(value))
