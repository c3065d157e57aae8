"""Backends: who computes the symmetric matrix-vector product.

Every method sees a map only through ``Operator``; a backend is one module with one class
that fulfils it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts import Contacts
from counterpoise.selection import Selection


class Operator(Protocol):
    """The symmetric map A of one selection of contacts, restricted to its kept bins.

    Attributes
    ----------
    size : number of kept bins.
    """

    size: int

    def product(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """A x; float64 [size] in and out, the same bits at every call."""
        ...


class Backend(StrEnum):
    """``auto`` is numba; ``scipy`` (``numpy`` is its other name) is slow and plain, for checks."""

    AUTO = "auto"
    NUMBA = "numba"
    SCIPY = "scipy"
    NUMPY = "numpy"


def make_operator(
    backend: str, contacts: Contacts, selection: Selection, threads: int | None = None
) -> Operator:
    """The operator of a selection of contacts on the backend of this name."""
    if Backend(backend) in (Backend.AUTO, Backend.NUMBA):
        from counterpoise.backends.numba import NumbaOperator

        return NumbaOperator(contacts, selection, threads)
    from counterpoise.backends.scipy import ScipyOperator

    return ScipyOperator(contacts, selection)
