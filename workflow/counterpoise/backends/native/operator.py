"""The product ``y = A x``: one compiled pass over a packed copy of the map, on several threads."""

from __future__ import annotations

import copy

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.native.packing import MAX_SLAB, pack
from counterpoise.contacts.contact_map import ContactMap
from counterpoise.contacts.selection import Selection
from counterpoise.native import available_threads


class NativeOperator:
    """``y = A x`` on the kept bins of a selection.

    Parameters
    ----------
    contacts : ContactMap
        The map, in memory or on disk.
    selection : Selection
        Bins and contacts that count.
    threads : int, optional
        Number of threads; None for as many as this process may run on.
    max_slab : int
        Most nonzeros of a slab: see ``packing``.
    level : int, optional
        Processor instructions to use: see ``PackedMap.product``.

    Attributes
    ----------
    map : PackedMap
        All bins of the selection, masked ones included.
    size : int
        Number of kept bins.
    bytes_per_product : int
        Bytes of the map that one product reads.
    """

    xp = np

    def __init__(
        self,
        contacts: ContactMap,
        selection: Selection,
        threads: int | None = None,
        max_slab: int = MAX_SLAB,
        level: int | None = None,
    ) -> None:
        self.kept = None if selection.kept.all() else np.flatnonzero(selection.kept)
        self.size = int(np.count_nonzero(selection.kept))
        self.factor = selection.factor
        self.threads = threads or available_threads()
        self.level = level
        self.map = pack(contacts, selection, self.threads, max_slab)
        self.bytes_per_product = self.map.bytes

    def ones(self) -> NDArray[np.float64]:
        """Return float64 [size] of ones."""
        return np.ones(self.size)

    def restrict(self, kept: NDArray[np.bool_]) -> NativeOperator:
        """Return the operator on fewer bins (bool [size]), which shares this one's map."""
        other = copy.copy(self)
        numbers = np.arange(self.map.n) if self.kept is None else self.kept
        other.kept = numbers[kept]
        other.size = len(other.kept)
        return other

    def product(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Multiply by float64 [size], in one pass over the map."""
        full = x
        if self.kept is not None:
            # Masked bins are zeros of x, and their rows of the product are dropped.
            full = np.zeros(self.map.n)
            full[self.kept] = x
        if self.factor is not None:
            full = full * self.factor
        y = self.map.product(np.ascontiguousarray(full, np.float64), self.threads, self.level)
        if self.factor is not None:
            y *= self.factor
        return y if self.kept is None else y[self.kept]
