"""The functions for users that take a map in any form: a file, a `cooler.Cooler`, a matrix."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, SupportsIndex

from counterpoise.backends import AUTO
from counterpoise.balancing import api
from counterpoise.balancing.api import CopyNumberLike, MaskLike
from counterpoise.balancing.prior import Prior
from counterpoise.contacts.contact_map import ContactMap, Contacts, StoredContacts
from counterpoise.errors import ConfigError
from counterpoise.ingest.copy_number_table import read_copy_number
from counterpoise.interface.maps import read_any_map
from counterpoise.interface.progress_line import show_progress
from counterpoise.interface.result import Balance
from counterpoise.mask import DEFAULT_MASK, Mask, MaskOptions
from counterpoise.mask import mask_bins as mask_map
from counterpoise.records.fitness import FitnessSettings


def balance(
    contacts: Any,
    method: str = "kr",
    *,
    resolution: SupportsIndex | None = None,
    mask: MaskLike = DEFAULT_MASK,
    backend: str = AUTO,
    device: str | None = None,
    threads: int | None = None,
    name: str | None = None,
    mask_record: dict[str, Any] | None = None,
    progress: Callable[[str], None] | bool | None = None,
    fitness: FitnessSettings | dict[str, Any] | None = None,
    prior: Prior | None = None,
    copy_number: CopyNumberLike | os.PathLike[str] | None = None,
    **settings: Any,
) -> Balance:
    """Balance a contact map.

    Parameters
    ----------
    contacts : str, PathLike, cooler.Cooler, ContactMap, sparse matrix or array_like
        The raw map. A file is read by `read_contacts`: it has one resolution, or ``resolution`` or
        the path names one (``file.mcool::/resolutions/10000``). A scipy sparse or dense matrix is
        taken as one chromosome of bins of one base pair, with all diagonals unless
        ``ignore_diags`` says otherwise. It is symmetric, or holds one triangle, which is mirrored;
        the reason says so.
    method : str, default "kr"
        Name of a method (``counterpoise.methods``).
    resolution : int, optional
        Bin size in base pairs at which a file is read, a whole number of Python or numpy.
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
    progress : callable or bool, optional
        Receives a line of text as each part is done, and every ten seconds of a long one. True
        shows one line on standard error, in a terminal or notebook, that is rewritten twice a
        second and removed at the end. A notebook shows it by default, after two seconds; False
        shows nothing.
    fitness : FitnessSettings, dict or None
        Limits of fitness; a dict holds those that differ from the defaults, such as
        ``{"error_no": 0.5}``.
    prior : Prior, optional
        The bias of each bin by other maps of the same protocol and bins, for ``kde_eb``:
        ``Prior.from_weights`` of one map, or the prior of ``PoolSums``. How far it applies is
        learned from the map. The map itself must not be one of them.
    copy_number : str, PathLike, CopyNumber or array_like of float, shape (bins,), optional
        What row sums are to be proportional to, for ``ice``, ``kr``, ``scale`` and ``ssk``: a table
        of segments (`read_copy_number`), or a value for each bin. Bins of zero copies have no
        weight.
    **settings : various
        The method's own, such as ``scope="cis"``, ``tolerance`` or ``ignore_diags``. For a name
        that cooler has for the same thing, such as ``tol``, the error names ours.

    Returns
    -------
    Balance

    Raises
    ------
    ConfigError
        If the map is of another type, the method or a setting is unknown, a value is out of range,
        the prior or the copy numbers are not those of this map, or the method does not take them.
    InputError
        If a file cannot be read, or has several resolutions and none is named.
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

    >>> cp.balance("map.mcool", "ice", resolution=10_000)  # doctest: +SKIP
    >>> cp.balance("map.mcool::/resolutions/10000", "ice", mask=None)  # doctest: +SKIP
    >>> cp.balance(cooler.Cooler("map.cool"), "ice", progress=True)  # doctest: +SKIP
    >>> contacts = cp.read_contacts("map.hic", 10_000)  # doctest: +SKIP
    >>> cp.balance(contacts, "ice", mask={"min_nnz": 20})  # doctest: +SKIP
    >>> deep = cp.balance("deep.cool", "kde_eb")  # doctest: +SKIP
    >>> prior = cp.Prior.from_weights(deep.weights, source="deep")  # doctest: +SKIP
    >>> cp.balance("shallow.cool", "kde_eb", prior=prior)  # doctest: +SKIP
    >>> cp.balance("tumour.cool", "kr", copy_number="segments.bed")  # doctest: +SKIP
    """
    with show_progress(progress) as report:
        opened = read_any_map(contacts, resolution, report)
        result = api.balance(
            opened,
            method,
            mask=mask,
            backend=backend,
            device=device,
            threads=threads,
            name=name,
            mask_record=mask_record,
            progress=report,
            fitness=fitness,
            prior=prior,
            copy_number=_read_copies(copy_number, opened),
            **settings,
        )
    return Balance.of(result)


def _read_copies(
    copy_number: CopyNumberLike | os.PathLike[str] | None, contacts: Any
) -> CopyNumberLike | None:
    """Read copy numbers that are a file."""
    if not isinstance(copy_number, str | os.PathLike):
        return copy_number
    if not isinstance(contacts, ContactMap):
        raise ConfigError(
            "copy_number is a file, but a matrix has no chromosomes; give an array with a number "
            "for each bin."
        )
    return read_copy_number(copy_number, contacts.bins)


def mask_bins(
    contacts: Any,
    settings: MaskOptions = DEFAULT_MASK,
    *,
    resolution: SupportsIndex | None = None,
) -> Mask:
    """Filter the bins of a map by cooler's filters and others.

    Parameters
    ----------
    contacts : str, PathLike, cooler.Cooler, ContactMap, sparse matrix or array_like
        The raw map, as for `balance`. All diagonals of a matrix count, unless ``ignore_diags``
        says otherwise.
    settings : MaskSettings, dict, None or "default"
        The filters; a dict holds those that differ from the defaults, which are the workflow's.
        None masks empty bins only.
    resolution : int, optional
        Bin size in base pairs at which a file is read.

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
    opened = read_any_map(contacts, resolution)
    if isinstance(opened, Contacts | StoredContacts):
        return mask_map(opened, settings)
    if isinstance(settings, str) and settings == DEFAULT_MASK:
        settings = {}
    if isinstance(settings, dict):
        settings = {"ignore_diags": 0, **settings}
    return mask_map(Contacts.from_matrix(opened), settings)
