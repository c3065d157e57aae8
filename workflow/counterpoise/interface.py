"""The functions for users that take a map in any form: a file, a `cooler.Cooler`, a matrix.

They read the map if it is not in memory, and pass it on to the core (`counterpoise.balancing`,
`counterpoise.mask`), which knows no file formats.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from counterpoise.backends import AUTO
from counterpoise.balancing import api
from counterpoise.balancing.api import MaskLike
from counterpoise.balancing.result import Balance
from counterpoise.contacts.contact_map import (
    ContactMap,
    Contacts,
    StoredContacts,
    describe_type,
    is_matrix,
)
from counterpoise.errors import ConfigError
from counterpoise.ingest.read import read_contacts
from counterpoise.mask import DEFAULT_MASK, Mask, MaskOptions
from counterpoise.mask import mask_bins as mask_map
from counterpoise.records.fitness import FitnessSettings

ACCEPTED = (
    "the path of a .cool, .mcool or .hic file (file.mcool::/resolutions/10000 for one of several "
    "resolutions), the URL of a .hic file, a cooler.Cooler, the result of read_contacts, or a "
    "symmetric matrix (scipy sparse or an array of numbers)"
)


def balance(
    contacts: Any,
    method: str = "kr",
    *,
    mask: MaskLike = DEFAULT_MASK,
    backend: str = AUTO,
    device: str | None = None,
    threads: int | None = None,
    name: str | None = None,
    mask_record: dict[str, Any] | None = None,
    progress: Callable[[str], None] = lambda message: None,
    fitness: FitnessSettings | dict[str, Any] | None = None,
    **settings: Any,
) -> Balance:
    """Balance a contact map.

    Parameters
    ----------
    contacts : str, PathLike, cooler.Cooler, ContactMap, sparse matrix or array_like
        The raw map. A file is read by `read_contacts`: it has one resolution, or the path names
        one (``file.mcool::/resolutions/10000``). A scipy sparse or dense matrix is taken as one
        chromosome of bins of one base pair, with all diagonals unless ``ignore_diags`` says
        otherwise. It is symmetric, or holds one triangle, which is mirrored; the reason says so.
    method : str, default "kr"
        Name of a method (``counterpoise.methods``).
    mask : Mask, MaskSettings, dict, array_like of bool, None or "default"
        Result of `mask_bins`, settings of the filters, or an array [bins] with True for kept bins.
        None masks empty bins only. By default a map has the mask of the workflow, whatever the
        method: cooler's filters with the defaults of ``MaskSettings``. A matrix, also as
        `Contacts.from_matrix` returns it, has None by default. The repr of the result names the
        mask.
    backend, device : str, optional
        What computes (``counterpoise.backends``).
    threads : int, optional
        Threads of a matrix-vector product.
    name : str, optional
        Name of the result in records; the method's name by default.
    mask_record : dict, optional
        Summary of a mask given as an array, for the verdict.
    progress : callable
        Receives a line of text as each part is done.
    fitness : FitnessSettings, dict or None
        Limits of fitness; a dict holds those that differ from the defaults, such as
        ``{"error_no": 0.5}``.
    **settings : various
        The method's own, such as ``scope="cis"``, ``tolerance`` or ``ignore_diags``.

    Returns
    -------
    Balance

    Raises
    ------
    ConfigError
        If the map is of another type, the method or a setting is unknown, or a value is out of
        range.
    InputError
        If a file cannot be read, or has several resolutions and the path names none.
    ValueError
        If a matrix is not a contact map; see ``Contacts.from_matrix``.
    NotBalancedError
        If the map is not balanced and ``on_failure`` is ``stop``.

    Examples
    --------
    >>> import counterpoise as cp
    >>> result = cp.balance([[400, 200], [200, 900]], "kr")
    >>> result  # doctest: +ELLIPSIS
    <Balance: kr, fitness good (converged), 2 of 2 bins with weights, ..., mask: empty bins only>
    >>> result.matrix().sum(axis=1).round(6).ravel().tolist()
    [1.0, 1.0]
    >>> cp.balance([[4, 2], [0, 9]], "kr").reason
    'The matrix has entries above the main diagonal only, so it was mirrored.'

    Maps in files:

    >>> cp.balance("map.mcool::/resolutions/10000", "ice")  # doctest: +SKIP
    >>> cp.balance(cooler.Cooler("map.cool"), "ice")  # doctest: +SKIP
    >>> contacts = cp.read_contacts("map.hic", 10_000)  # doctest: +SKIP
    >>> cp.balance(contacts, "ice", mask=cp.mask_bins(contacts))  # doctest: +SKIP
    """
    return api.balance(
        open_map(contacts),
        method,
        mask=mask,
        backend=backend,
        device=device,
        threads=threads,
        name=name,
        mask_record=mask_record,
        progress=progress,
        fitness=fitness,
        **settings,
    )


def mask_bins(contacts: Any, settings: MaskOptions = DEFAULT_MASK) -> Mask:
    """Filter the bins of a map by cooler's filters and a blacklist; see ``mask.mask_bins``.

    Parameters
    ----------
    contacts : str, PathLike, cooler.Cooler, ContactMap, sparse matrix or array_like
        The raw map, as for `balance`. All diagonals of a matrix count, unless ``ignore_diags``
        says otherwise.
    settings : MaskSettings, dict, None or "default"
        The filters; a dict holds those that differ from the defaults, which are the workflow's.
        None masks empty bins only.

    Returns
    -------
    Mask
        `balance` accepts it as ``mask``.

    Raises
    ------
    ConfigError
        If the map is of another type, or a setting is unknown or out of range.
    InputError
        If a file or the blacklist cannot be read, or the blacklist names none of the map's
        chromosomes.

    Examples
    --------
    >>> import counterpoise as cp
    >>> cp.mask_bins([[4, 2, 0], [2, 9, 1], [0, 1, 0]], {"min_nnz": 2, "mad_max": 0})
    <Mask: 2 of 3 bins kept; masked: 1 min_nnz>
    >>> cp.mask_bins("map.cool", {"blacklist": "blacklist.bed"})  # doctest: +SKIP
    """
    opened = open_map(contacts)
    if isinstance(opened, Contacts | StoredContacts):
        return mask_map(opened, settings)
    if isinstance(settings, str) and settings == DEFAULT_MASK:
        settings = {}
    if isinstance(settings, dict):
        settings = {"ignore_diags": 0, **settings}
    return mask_map(Contacts.from_matrix(opened), settings)


def open_map(contacts: Any) -> Any:
    """Read a map that is a file; return a map that is open, or a matrix, as it is.

    Parameters
    ----------
    contacts : str, PathLike, cooler.Cooler, ContactMap, sparse matrix or array_like
        The map.

    Returns
    -------
    ContactMap, sparse matrix or array_like

    Raises
    ------
    ConfigError
        If the map is of another type.
    InputError
        If the file cannot be read.

    Examples
    --------
    >>> open_map({"chr1": 5})
    Traceback (most recent call last):
    counterpoise.errors.ConfigError: a map is the path of a .cool, .mcool or .hic file ...
    """
    if isinstance(contacts, str | os.PathLike):
        return read_contacts(contacts)
    if uri := _uri_of_cooler(contacts):
        return read_contacts(uri)
    if isinstance(contacts, ContactMap) or is_matrix(contacts):
        return contacts
    raise ConfigError(f"a map is {ACCEPTED}; this is {describe_type(contacts)}.")


def _uri_of_cooler(contacts: Any) -> str:
    """Return the file and group of a `cooler.Cooler`; empty for anything else.

    It is recognised by its attributes, so that cooler need not be installed.
    """
    filename, root = getattr(contacts, "filename", None), getattr(contacts, "root", None)
    return f"{filename}::{root}" if isinstance(filename, str) and isinstance(root, str) else ""
