"""Hints at our names for arguments of other programs.

The arguments are those of ``cooler.balance_cooler`` 0.11 and of the command ``cooler balance``.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

from counterpoise.contacts.contact_map import plain_number

# What an argument is called here; the method may have one of several settings.
RENAMED = {
    "tol": ("tolerance",),
    "max_iters": ("max_iterations", "max_products"),
    "max_iter": ("max_iterations", "max_products"),
    "max_steps": ("max_iterations", "max_products"),
    "convergence_policy": ("on_failure",),
}
FILTERS = ("mad_max", "mad_max_above", "min_nnz", "min_count", "max_count", "blacklist", "regions")
SCOPES = {"cis_only": "cis", "trans_only": "trans"}
MAP_IS_READ = "the map is read once, and products run on threads. Leave it out, or set threads=."
OTHERS = {
    "clr": "the map is the first argument, contacts.",
    "store": "write the result with result.to_cooler(uri, name='weight').",
    "store_name": "write the result with result.to_cooler(uri, name=...).",
    "force": "it is an argument of result.to_cooler(uri, force=True).",
    "rescale_marginals": "weights are always scaled: target='unit' (default) makes row sums one, "
    "'total' keeps the total of the map.",
    "x0": "every method chooses its own start, and the weights do not depend on it. Leave it out.",
    "chunksize": MAP_IS_READ,
    "map": MAP_IS_READ,
    "use_lock": MAP_IS_READ,
    "nproc": "write threads=.",
    "nthreads": "write threads=.",
    "ignore_dist": "write ignore_diags=, the number of diagonals: the distance over the bin size.",
}


def hint_at(argument: str, value: Any, method: str, settings: Collection[str]) -> str:
    """Say what an argument of another program is here.

    Parameters
    ----------
    argument : str
        Its name.
    value : object
        Its value.
    method : str
        The method that was asked for.
    settings : collection of str
        The settings of the method.

    Returns
    -------
    str
        A sentence or two; empty for an argument that is not known.

    Examples
    --------
    >>> hint_at("tol", 1e-5, "kr", {"tolerance"})
    'write tolerance=1e-05. It is relative, whatever the depth of the map.'
    >>> hint_at("min_nnz", 20, "kr", {"tolerance"})
    "it is a filter of the mask. Write mask={'min_nnz': 20}."
    """
    if argument in SCOPES:
        return _describe_scope(SCOPES[argument], bool(value))
    if argument == "blacklist" and not isinstance(value, str | os.PathLike):
        return (
            "in the mask it is a BED file. For bins by number write mask= an array [bins] with "
            "True for kept bins."
        )
    if argument in FILTERS:
        return f"it is a filter of the mask. Write mask={{{argument!r}: {plain_number(value)!r}}}."
    if argument in RENAMED:
        names = [name for name in RENAMED[argument] if name in settings]
        if not names:
            return f"it is {RENAMED[argument][0]} of other methods. Leave it out."
        return f"write {names[0]}=" + _with_value(names[0], plain_number(value), method)
    return OTHERS.get(argument, "")


def _describe_scope(scope: str, is_on: bool) -> str:
    """Return the hint at a scope."""
    if not is_on:
        return "the argument scope decides. Leave it out."
    filters = " To filter bins by these contacts as cooler does, add mask={'cis_only': True}."
    return f"write scope={scope!r}.{filters if scope == 'cis' else ''}"


def _with_value(name: str, value: Any, method: str) -> str:
    """Return the rest of a hint: the value, where it has the same meaning, and what differs."""
    if name == "tolerance":
        relative = f"{value!r}. It is relative, whatever the depth of the map."
        rule = f"tolerance='cooler', cooler_variance={value!r} stops as cooler does."
        return f"{relative} {rule}" if method == "ice" else relative
    if name == "on_failure":
        return "'keep', 'nan' or 'stop', for cooler's store_final, store_nan and error."
    if name == "max_products":
        return f"{value!r}. It limits matrix-vector products, of which a step takes several."
    return f"{value!r}."
