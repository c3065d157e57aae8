"""Backends: who computes the symmetric matrix-vector product.

Every method sees a map only through ``Operator``; a backend is one module with one class
that fulfils it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.vectors import Vector
from counterpoise.contacts.contact_map import ContactMap
from counterpoise.contacts.selection import Selection


class Operator(Protocol):
    """The symmetric map A of one selection of contacts, restricted to its kept bins.

    Attributes
    ----------
    size : number of kept bins.
    xp : ``numpy``, or ``torch`` where the vectors live on its device. Methods compute with the
        names that the two share (``xp.sqrt``, ``xp.where``, ``x.sum()``), so they run on either.
    """

    size: int

    @property
    def xp(self) -> Any: ...

    def ones(self) -> Vector:
        """float64 [size] of ones, where this operator's vectors live."""
        ...

    def product(self, x: Vector) -> Vector:
        """A x; float64 [size] (or [size, k], k at once) in and out, the same bits at every call."""
        ...

    def restrict(self, kept: NDArray[np.bool_]) -> Operator:
        """The same map on fewer bins (bool [size], True for those kept); shares its memory."""
        ...


class Backend(StrEnum):
    """``native`` is compiled C; ``scipy`` (or ``numpy``) is slow and plain, for checks.

    ``balance`` resolves ``auto`` first: see ``counterpoise.backends.device``.
    """

    AUTO = "auto"
    NATIVE = "native"
    TORCH = "torch"
    SCIPY = "scipy"
    NUMPY = "numpy"


def make_operator(
    backend: str,
    contacts: ContactMap,
    selection: Selection,
    threads: int | None = None,
    device: str | None = None,
) -> Operator:
    """The operator of a selection of contacts on the backend of this name.

    ``device`` is for torch alone: ``cuda``, ``cpu``, or None for CUDA where there is some.
    """
    if Backend(backend) is Backend.TORCH:
        from counterpoise.backends.torch import TorchOperator

        return TorchOperator(contacts.load(), selection, device, threads)
    if Backend(backend) in (Backend.AUTO, Backend.NATIVE):
        from counterpoise.backends.native import NativeOperator

        return NativeOperator(contacts, selection, threads)
    from counterpoise.backends.scipy import ScipyOperator, selected_matrix

    return ScipyOperator(selected_matrix(contacts.load(), selection))
