"""The product ``y = A x``: one compiled pass over a packed copy of the map, on several threads."""

from __future__ import annotations

import copy

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.native.packed_map import LANES
from counterpoise.backends.native.packing import MAX_SLAB, pack
from counterpoise.contacts.contact_map import ContactMap
from counterpoise.contacts.selection import Selection
from counterpoise.native import available_threads

# Right-hand sides from which one pass over LANES of them, used or not, beats a pass for each.
MIN_SIDES = 4


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
        """Multiply by float64 [size], or by [size, k] in passes of up to eight columns."""
        if x.ndim == 1:
            return self._product(x)
        passes = []
        for first in range(0, x.shape[1], LANES):
            sides = x[:, first : first + LANES]
            if sides.shape[1] < MIN_SIDES:
                passes += [self._product(column)[:, None] for column in sides.T]
            else:
                passes.append(self._product(sides))
        return np.concatenate(passes, axis=1)

    def _product(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Multiply by float64 [size] or by up to LANES columns, in one pass over the map."""
        # Masked bins are zeros of x, and their rows of the product are dropped.
        rows = slice(None) if self.kept is None else self.kept
        full = x
        if x.ndim == 2:
            full = np.zeros((self.map.n, LANES))
            full[rows, : x.shape[1]] = x
        elif self.kept is not None:
            full = np.zeros(self.map.n)
            full[rows] = x
        if self.factor is not None:
            # Transposed, so that the factor of each bin applies to one vector or to several.
            full = (full.T * self.factor).T
        y = self.map.product(np.ascontiguousarray(full, np.float64), self.threads, self.level)
        if self.factor is not None:
            y = (y.T * self.factor).T
        return y[rows] if x.ndim == 1 else y[rows, : x.shape[1]]
