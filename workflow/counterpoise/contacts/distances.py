"""Sums over the contacts within chromosomes, by distance."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.contact_map import CHUNK_PIXELS, ContactMap
from counterpoise.contacts.selection import Scope, Selection


def sum_by_distance(
    contacts: ContactMap, selection: Selection, weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sum the weighted contacts of a selection by distance, in one pass over its pixels.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    selection : Selection
        The contacts that count. Those between chromosomes are left out.
    weights : numpy.ndarray
        float64 [bins of the selection], 0 on masked bins.

    Returns
    -------
    numpy.ndarray
        float64 [2, bins of the largest chromosome]. For each distance in bins, the sums over its
        pixels of w_i w_j A_ij and of (w_i w_j)^2 v_ij. A is the selection's matrix, in which a
        pixel of the main diagonal counts ``selection.diagonal`` times, and v its variance.
    """
    lo, hi, indptr = selection.lo, selection.hi, contacts.indptr
    ranges = [(first, end) for _, first, end in contacts.bins.chromosome_ranges(lo, hi)]
    ends = np.repeat([end - lo for _, end in ranges], [end - first for first, end in ranges])
    longest = max(end - first for first, end in ranges)
    sums = np.zeros((2, longest))
    if selection.scope is Scope.TRANS:
        return sums
    weights = np.append(weights, 0.0)  # for the columns that are left out
    cuts = np.searchsorted(indptr[lo:hi], np.arange(indptr[lo], indptr[hi], CHUNK_PIXELS))
    for first, last in pairwise([*cuts.tolist(), hi - lo]):
        stored, counts = contacts.entries(int(indptr[lo + first]), int(indptr[lo + last]))
        sizes = np.diff(indptr[lo + first : lo + last + 1])
        columns = stored.astype(np.int64)
        columns -= lo
        beyond = columns >= np.repeat(ends[first:last], sizes)
        columns[beyond] = hi - lo
        distance = columns - np.repeat(np.arange(first, last), sizes)
        distance[beyond] = 0
        product = weights[columns] * np.repeat(weights[first:last], sizes)
        weighted = product * counts
        sums[0] += np.bincount(distance, weighted, minlength=longest)
        weighted *= product
        sums[1] += np.bincount(distance, weighted, minlength=longest)
    sums[:, : selection.ignore_diags] = 0
    sums[:, 0] *= selection.diagonal
    sums[1, 0] *= selection.diagonal
    return sums
