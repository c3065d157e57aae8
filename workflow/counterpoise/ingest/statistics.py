"""Statistics of a map, summed while its pixels are written."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Chunk
from counterpoise.native import call

FAR = 20_000  # base pairs from which a contact within a chromosome is a long one
ENOUGH = 1000  # contacts of a bin that Rao et al. (Cell 159:1665, 2014) ask of 80 % of the bins
CLASSES_PER_DECADE = 10
# Classes of distance begin at these base pairs, in maps of all resolutions; 20 kb is one of them.
FIRST_BASE_PAIRS = np.unique(
    np.round(FAR * 10.0 ** (np.arange(-43, 61) / CLASSES_PER_DECADE)).astype(np.int64)
)
COUNT_TYPES = [np.dtype(np.int32), np.dtype(np.int64), np.dtype(np.float64)]


class MapStatistics:
    """Contacts by bin and by distance, summed over the pixels of a map.

    Parameters
    ----------
    bins : BinTable
        Bins of the map.
    """

    def __init__(self, bins: BinTable) -> None:
        self._bins = bins
        self._edges = distance_edges(bins)
        classes = len(self._edges) - 1
        self._ends = bins.chromosome_ends.astype(np.int64)
        self._class_of = np.repeat(np.arange(classes, dtype=np.int32), np.diff(self._edges))
        self._per_bin = np.zeros(len(bins))
        self._by_distance = np.zeros(classes + 1)  # the last place is for trans contacts

    def add(self, chunk: Chunk) -> None:
        """Add pixels.

        Parameters
        ----------
        chunk : tuple of bin1, bin2, count
            Pixels of the upper triangle, sorted by row.
        """
        bin1, bin2, count = chunk
        kind = count.dtype if count.dtype in COUNT_TYPES else np.dtype(np.float64)
        call(
            "add_statistics",
            np.ascontiguousarray(bin1, np.int32),
            np.ascontiguousarray(bin2, np.int32),
            np.ascontiguousarray(count, kind),
            COUNT_TYPES.index(kind),
            len(bin1),
            self._ends,
            self._class_of,
            len(self._edges) - 1,
            self._per_bin,
            self._by_distance,
        )

    def record(self, *, integral: bool) -> dict[str, Any]:
        """Return the statistics over the pixels so far.

        Parameters
        ----------
        integral : bool
            Whether all counts are whole numbers; sums are then written as such.

        Returns
        -------
        dict
            ``statistics`` of ``source.json``, see ``docs/reference/outputs.md``.
        """
        contacts = self._by_distance[:-1].astype(np.int64 if integral else np.float64)
        resolution = self._bins.resolution
        record: dict[str, Any] = {
            "cis": contacts.sum().item(),
            "cis_beyond_20kb": None,
            "median_per_bin": float(np.median(self._per_bin)),
            "bins_with_1000": float(np.mean(self._per_bin >= ENOUGH)),
            "by_distance": None,
        }
        if resolution is None:
            return record
        edges = self._edges * resolution
        if resolution <= FAR:
            record["cis_beyond_20kb"] = contacts[edges[:-1] >= FAR].sum().item()
        record["by_distance"] = {
            "edges": edges.tolist(),
            "contacts": contacts.tolist(),
            "pairs": count_pairs(self._bins, self._edges).tolist(),
        }
        return record


def distance_edges(bins: BinTable) -> NDArray[np.int64]:
    """Divide the distances within chromosomes into classes.

    Parameters
    ----------
    bins : BinTable
        Bins of a map.

    Returns
    -------
    ndarray of int64, shape (classes + 1,)
        Edges in bins, from 0 to the number of bins of the largest chromosome. The first class is
        the main diagonal; the others begin at ``FIRST_BASE_PAIRS``. Bins of unequal length have a
        single class.
    """
    largest = int(np.diff(bins.offsets).max(initial=1))
    first = [0]
    if bins.resolution is not None:
        in_bins = -(-FIRST_BASE_PAIRS // bins.resolution)
        first += in_bins[in_bins < largest].tolist()
    return np.unique([*first, largest]).astype(np.int64)


def count_pairs(bins: BinTable, edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the pairs of bins of the same chromosome in each class of distance.

    Parameters
    ----------
    bins : BinTable
        Bins of a map.
    edges : ndarray of int64, shape (classes + 1,)
        Edges of the classes, in bins.

    Returns
    -------
    ndarray of int64, shape (classes,)
        Numbers of pairs, masked bins included. A bin with itself is one pair.
    """
    sizes, chromosomes = np.unique(np.diff(bins.offsets), return_counts=True)
    nearer = np.minimum(edges, sizes[:, None])
    pairs = nearer * sizes[:, None] - nearer * (nearer - 1) // 2
    return np.asarray(np.diff(chromosomes @ pairs))
