"""Walk through a contact map in pieces and sum it into pictures.

Memory stays at the size of one piece, however large the map is.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.contact_map import ContactMap
from counterpoise.records.verdict import Verdict

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]

CHUNK = 1 << 22  # contacts in a piece: about 200 MB of working memory


class Chunk(NamedTuple):
    """Contacts of consecutive whole rows of a map's upper triangle.

    Attributes
    ----------
    first_row : int
        The first row of the piece.
    rows, columns : int64 [contacts]
        Bins of each contact, ``rows <= columns``.
    counts : float64 [contacts]
        The counts.
    """

    first_row: int
    rows: Indices
    columns: Indices
    counts: Floats


def read_chunks(contacts: ContactMap, size: int = CHUNK) -> Iterator[Chunk]:
    """Read a map in pieces of whole rows.

    Parameters
    ----------
    contacts : ContactMap
        The map, in memory or on disk.
    size : int
        Approximate number of contacts in a piece.

    Yields
    ------
    Chunk
        Pieces in the order of the rows; rows without contacts are skipped.
    """
    indptr = contacts.indptr
    for first, last in split_rows(contacts, size):
        rows = np.repeat(np.arange(first, last), np.diff(indptr[first : last + 1]))
        columns, counts = contacts.entries(indptr[first], indptr[last])
        yield Chunk(first, rows, columns.astype(np.int64), counts.astype(np.float64))


def split_rows(
    contacts: ContactMap, size: int, start: int = 0, end: int | None = None
) -> Iterator[tuple[int, int]]:
    """Split the rows of a map into pieces.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    size : int
        Approximate number of contacts in a piece.
    start : int
        The first row.
    end : int, optional
        The end of the rows; by default all.

    Yields
    ------
    tuple of int
        The first row of a piece and the end of its rows; pieces without contacts are skipped.
    """
    indptr = contacts.indptr
    end = len(contacts.bins) if end is None else end
    pieces = np.arange(indptr[start], indptr[end], size)
    cuts = start + np.searchsorted(indptr[start:end], pieces, side="left")
    for first, last in pairwise(np.unique([*cuts, end]).tolist()):
        if indptr[first] < indptr[last]:
            yield first, last


def add_to_picture(
    picture: Floats, cell: Indices, rows: Indices, columns: Indices, values: Floats
) -> None:
    """Add values of the upper triangle to a picture of the full symmetric map.

    Parameters
    ----------
    picture : float64 [cells, cells]
        The picture, changed in place.
    cell : int64 [bins]
        The cell of each bin.
    rows, columns : int64 [contacts]
        Bins of each contact, ``rows <= columns``.
    values : float64 [contacts]
        What is summed.
    """
    cells = len(picture)
    flat = cell[rows] * cells + cell[columns]
    upper = np.bincount(flat, values, cells * cells).reshape(cells, cells)
    main = rows == columns
    on_diagonal = np.bincount(cell[rows[main]], values[main], cells)
    picture += upper + upper.T - np.diag(on_diagonal)


def mean_over_pairs(picture: Floats, bins_per_cell: Floats) -> Floats:
    """Divide the sums of a picture by the number of bin pairs in each cell.

    Parameters
    ----------
    picture : float64 [cells, cells]
        Sums over pairs of bins.
    bins_per_cell : float64 [cells]
        Number of bins with weights in each cell.

    Returns
    -------
    float64 [cells, cells]
        Means; zero in cells without a pair.
    """
    pairs = np.outer(bins_per_cell, bins_per_cell)
    return np.divide(picture, pairs, out=np.zeros_like(picture), where=pairs > 0)


def ignored_diagonals(verdict: Verdict) -> int:
    """Return the number of diagonals that the method left out.

    Parameters
    ----------
    verdict : Verdict
        The verdict, whose ``ignore_diags`` setting may be False or None for none.

    Returns
    -------
    int
        Contacts with ``bin2 - bin1`` below this number were not used.
    """
    return int(verdict.settings.get("ignore_diags") or 0)
