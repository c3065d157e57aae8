"""Backends: who computes the symmetric matrix-vector product.

Methods see a map only through an ``Operator`` (``counterpoise.backends.base``). Three modules are
no backends: ``base`` is the contract, ``vectors`` handles numpy arrays and torch tensors alike, and
``choice`` chooses backend and device for a map.

To add a backend, write a module (or a package) in this folder with a class that fulfils
``Operator``, a function that makes one, and
``BACKENDS = (BackendSpec("name", "summary", make_operator),)``. It then works in
``counterpoise.balance(..., backend="name")`` and as ``backend.name`` of the configuration;
``make accept`` writes ``conf/backend/name.yaml``, with which ``backend=name`` works as well.
"""

from __future__ import annotations

import pkgutil
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import Any

from counterpoise.backends.base import BackendSpec, Operator
from counterpoise.contacts.contact_map import ContactMap
from counterpoise.contacts.selection import Selection
from counterpoise.errors import ConfigError

AUTO = "auto"  # the first backend that accepts the map: see ``counterpoise.backends.choice``

# This module reads the registry, so the registry cannot be made from it.
NOT_BACKENDS = {"choice"}


@cache
def backends() -> dict[str, BackendSpec]:
    """Return every backend in this folder by name."""
    specs: dict[str, BackendSpec] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name not in NOT_BACKENDS:
            for spec in getattr(import_module(f"{__name__}.{module.name}"), "BACKENDS", ()):
                specs[spec.name] = spec
    return specs


def find_backend(name: str) -> BackendSpec:
    """Return the backend of this name.

    Parameters
    ----------
    name : str
        Name of a backend; not ``auto``.

    Returns
    -------
    BackendSpec

    Raises
    ------
    ConfigError
        There is none.
    """
    if name not in backends():
        raise ConfigError(
            f"there is no backend {name!r}; there are {', '.join([AUTO, *sorted(backends())])}."
        )
    return backends()[name]


def make_operator(
    backend: str,
    contacts: ContactMap,
    selection: Selection,
    threads: int | None = None,
    device: str | None = None,
) -> Operator:
    """Make the operator of a selection of contacts.

    Parameters
    ----------
    backend : str
        Name of a backend; not ``auto``, which ``choose_backend`` resolves.
    contacts : ContactMap
        The map.
    selection : Selection
        Bins and contacts that count.
    threads : int, optional
        Threads on the CPU; None for as many as this process may run on.
    device : str, optional
        One of the backend's devices; None for the best that the machine has.

    Raises
    ------
    ConfigError
        There is no such backend or device, or the map does not fit on it.
    """
    return find_backend(backend).make_operator(contacts, selection, threads, device)


Backend: Any = StrEnum(  # type: ignore[misc]
    "Backend", {name.upper(): name for name in (AUTO, *backends())}, module=__name__
)
Backend.__doc__ = """``auto`` and the names of all backends, as members."""
