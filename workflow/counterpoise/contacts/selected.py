"""The pixels of a selection, and the entries of its matrix, in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.contact_map import CHUNK_PIXELS, ContactMap
from counterpoise.contacts.selection import Scope, Selection

# One piece: rows and columns (int32, positions among the kept bins, row <= column), and values.
Piece = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[Any]]


def selected_pixels(contacts: ContactMap, selection: Selection) -> Iterator[Piece]:
    """Iterate over the pixels that a selection counts, in pieces of whole rows.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    selection : Selection
        The pixels that count. Its ``factor`` and ``diagonal`` are not applied.

    Yields
    ------
    Piece
        Rows, columns and raw counts of about a million pixels, sorted by row and column. No count
        is zero.
    """
    lo, hi, indptr = selection.lo, selection.hi, contacts.indptr
    chromosome = contacts.bins.chromosome_ids[lo:hi]
    position = (np.cumsum(selection.kept) - 1).astype(np.int32)
    cuts = np.searchsorted(indptr[lo:hi], np.arange(indptr[lo], indptr[hi], CHUNK_PIXELS))
    for first, last in pairwise([*cuts.tolist(), hi - lo]):
        stored, count = contacts.entries(int(indptr[lo + first]), int(indptr[lo + last]))
        row = np.repeat(
            np.arange(first, last, dtype=np.int32), np.diff(indptr[lo + first : lo + last + 1])
        )
        inside = (stored < hi) & (count > 0)
        row, column = row[inside], stored[inside].astype(np.int32) - np.int32(lo)
        count = count[inside]
        inside = selection.is_far(row, column)
        if selection.scope is not Scope.GENOME:
            inside &= (chromosome[row] == chromosome[column]) == (selection.scope is Scope.CIS)
        inside &= selection.kept[row] & selection.kept[column]
        yield position[row[inside]], position[column[inside]], count[inside]


def matrix_entries(contacts: ContactMap, selection: Selection) -> Iterator[Piece]:
    """Iterate over the entries of a selection's symmetric matrix on and above its diagonal.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    selection : Selection
        Bins and contacts that count.

    Yields
    ------
    Piece
        As ``selected_pixels``, with float64 values: counts times the selection's factors, and on
        the main diagonal times ``Selection.diagonal``.
    """
    factor = None if selection.factor is None else selection.factor[selection.kept]
    for rows, columns, counts in selected_pixels(contacts, selection):
        values = counts.astype(np.float64)
        if factor is not None:
            values *= factor[rows] * factor[columns]
        values[rows == columns] *= selection.diagonal
        yield rows, columns, values
