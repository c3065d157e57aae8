"""Follow links within an HDF5 file, and refuse everything that leads out of it.

HDF5 can store the values of a dataset in other files (external storage, virtual datasets), and a
link can lead into another file. Reading such a dataset would copy bytes of whatever file it names
into the results, and the recorded SHA-256 would not cover them. Here links are followed one step
at a time, and everything that leads out of the file is refused before it is opened.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import h5py

from counterpoise.errors import InputError

Node: TypeAlias = Any  # h5py.Group, h5py.Dataset or h5py.Datatype; h5py has no types for mypy
MAX_SOFT_LINKS = 16  # links that lead to links; more are a circle
_REMEDY = "Write the map again into one file that holds all its values, and give that file."


def find_node(file: h5py.File, path: str, source: str, depth: int = 0) -> Node | None:
    """Follow a path within a file.

    Parameters
    ----------
    file : h5py.File
        The open file.
    path : str
        Absolute path of a group, dataset or named type.
    source : str
        Path of the file, for messages.
    depth : int
        Number of soft links followed so far.

    Returns
    -------
    h5py.Group, h5py.Dataset, h5py.Datatype or None
        None if there is nothing at the path, or a soft link on it leads nowhere.

    Raises
    ------
    InputError
        If a link on the path leads to another file, or if the object stores values in one.
    """
    node: Node | None = file["/"]
    for name in path.split("/"):
        if name in ("", "."):
            continue
        if not isinstance(node, h5py.Group):
            return None
        node = _find_child(node, name, source, depth)
    return node


def members(group: h5py.Group, source: str) -> dict[str, Node | None]:
    """Return the members of a group.

    Parameters
    ----------
    group : h5py.Group
        The group.
    source : str
        Path of the file, for messages.

    Returns
    -------
    dict of str to h5py.Group, h5py.Dataset, h5py.Datatype or None
        By name, sorted; None for soft links that lead nowhere.

    Raises
    ------
    InputError
        If a link leads to another file, or a dataset stores values in one.
    """
    return {name: _find_child(group, name, source, 0) for name in sorted(group)}


def refuse_other_files(group: h5py.Group, source: str) -> None:
    """Refuse a group if anything in it, however deep, leads to another file.

    Parameters
    ----------
    group : h5py.Group
        The group.
    source : str
        Path of the file, for messages.

    Raises
    ------
    InputError
        The message names the link or dataset.
    """
    waiting, visited = [group], set()
    while waiting:
        current = waiting.pop()
        address = h5py.h5o.get_info(current.id).addr
        if address in visited:  # links may form a circle
            continue
        visited.add(address)
        children = members(current, source).values()
        waiting += [child for child in children if isinstance(child, h5py.Group)]


def _find_child(group: h5py.Group, name: str, source: str, depth: int) -> Node | None:
    """Return a member of a group; None if it is missing or a soft link that leads nowhere."""
    link = group.get(name, getlink=True)
    place = f"{group.name.rstrip('/')}/{name}"
    if link is None:
        return None
    if isinstance(link, h5py.ExternalLink):
        raise InputError(source, f"{place} is a link to another file ({link.filename}).", _REMEDY)
    if isinstance(link, h5py.SoftLink):
        if depth == MAX_SOFT_LINKS:
            return None
        target = link.path if link.path.startswith("/") else f"{group.name}/{link.path}"
        return find_node(group.file, target, source, depth + 1)
    node = group[name]
    if isinstance(node, h5py.Dataset):
        _refuse_foreign_values(node, place, source)
    return node


def _refuse_foreign_values(dataset: h5py.Dataset, place: str, source: str) -> None:
    """Refuse a dataset whose values lie in other files, or are put together from others."""
    if dataset.external:
        names = ", ".join(str(entry[0]) for entry in dataset.external[:3])
        raise InputError(source, f"{place} stores its values in another file ({names}).", _REMEDY)
    if dataset.is_virtual:
        raise InputError(
            source, f"{place} is a virtual dataset, put together from other datasets.", _REMEDY
        )
