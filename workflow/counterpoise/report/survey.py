"""The numbers behind the QC picture: both maps drawn small, row sums, truth and estimate.

The contacts are walked through once, in chunks of whole rows, so memory stays at what one chunk
takes, however large the map is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.contact_map import ContactMap
from counterpoise.records.verdict import PartVerdict

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

CHUNK = 1 << 22  # contacts at a time: about 200 MB of work space


@dataclass(frozen=True)
class Survey:
    """What one walk through the contacts gives.

    Attributes
    ----------
    block : bins per cell of the pictures, along each axis.
    raw : float64 [cells, cells], contacts summed.
    balanced : float64 [cells, cells], mean balanced value of a pair of bins that have weights.
    before, after : float64 [bins], row sums of the contacts that the method used, raw and
        balanced.
    """

    block: int
    raw: Floats
    balanced: Floats
    before: Floats
    after: Floats


def chunks(
    contacts: ContactMap,
) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64], Floats]]:
    """First row, rows, columns, counts of pieces of whole rows, about ``CHUNK`` contacts each."""
    indptr = contacts.indptr
    cuts = np.searchsorted(indptr, np.arange(0, contacts.nnz, CHUNK), side="left")
    for first, last in pairwise(np.unique([*cuts, len(contacts.bins)])):
        lo, hi = indptr[first], indptr[last]
        if lo == hi:
            continue
        rows = np.repeat(np.arange(first, last), np.diff(indptr[first : last + 1]))
        columns, counts = contacts.entries(lo, hi)
        yield int(first), rows, columns.astype(np.int64), counts.astype(np.float64)


def survey(
    contacts: ContactMap,
    kept: Flags,
    weights: Floats,
    *,
    scope: str,
    ignore_diags: int,
    diagonal: int,
    factor: Floats | None,
    max_pixels: int,
) -> Survey:
    """Draw both maps small and add up both row sums, in one walk through the contacts.

    Parameters
    ----------
    kept : bool [bins], the mask; raw row sums are over pairs of kept bins.
    weights : float64 [bins], multiplicative; a bin without a finite weight counts as masked.
    scope : ``genome``, ``cis`` or ``trans``: which contacts the method used.
    ignore_diags : contacts with ``bin2 - bin1`` below it were not used.
    diagonal : how often the main diagonal counts in a row sum, 1 or 2.
    factor : float64 [bins] or None, see ``Selection.factor``: it is part of the row sums.
    max_pixels : largest side of the pictures.
    """
    n = len(contacts.bins)
    block = max(1, -(-n // max_pixels))
    cells = max(1, -(-n // block))
    cell = np.arange(n) // block
    has_weight = np.isfinite(weights)
    scale = np.where(has_weight, weights, 0.0)
    chromosome = contacts.bins.chromosome_ids
    raw, balanced = np.zeros((cells, cells)), np.zeros((cells, cells))
    before, after = np.zeros(n), np.zeros(n)
    for first, rows, columns, counts in chunks(contacts):
        add_to_picture(raw, cell, rows, columns, counts)
        used = kept[rows] & kept[columns] & (columns - rows >= ignore_diags)
        if scope != "genome":
            used &= (chromosome[rows] == chromosome[columns]) == (scope == "cis")
        rows, columns, counts = rows[used], columns[used], counts[used]
        add_to_picture(balanced, cell, rows, columns, counts * scale[rows] * scale[columns])
        if factor is not None:
            counts *= factor[rows] * factor[columns]
        add_to_marginal(before, first, rows, columns, counts, diagonal)
        counts *= scale[rows] * scale[columns]
        add_to_marginal(after, first, rows, columns, counts, diagonal)
    per_cell = np.bincount(cell[has_weight], minlength=cells).astype(np.float64)
    pairs = np.outer(per_cell, per_cell)
    balanced = np.divide(balanced, pairs, out=np.zeros_like(balanced), where=pairs > 0)
    return Survey(block, raw, balanced, before, after)


def add_to_picture(
    picture: Floats,
    cell: NDArray[np.int64],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    values: Floats,
) -> None:
    """Add upper-triangle values to a picture of the full symmetric map."""
    cells = len(picture)
    flat = cell[rows] * cells + cell[columns]
    upper = np.bincount(flat, values, cells * cells).reshape(cells, cells)
    main = rows == columns
    twice = np.bincount(cell[rows[main]], values[main], cells)
    picture += upper + upper.T - np.diag(twice)


def add_to_marginal(
    marginal: Floats,
    first: int,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    values: Floats,
    diagonal: int,
) -> None:
    """Add upper-triangle values, none of them in a row before ``first``, to row sums."""
    mirrored = values if diagonal == 2 else np.where(rows == columns, 0.0, values)
    marginal[first:] += np.bincount(rows - first, values, len(marginal) - first)
    marginal[first:] += np.bincount(columns - first, mirrored, len(marginal) - first)


def relative_marginals(marginal: Floats, parts: Sequence[PartVerdict]) -> Floats:
    """Row sums over the mean of their part (chromosome or whole map), of the bins given by NaN.

    Parameters
    ----------
    marginal : float64 [bins], NaN on bins that do not count.

    Returns
    -------
    float64 [bins], NaN also where a part has no contact at all.
    """
    result = np.full(len(marginal), np.nan)
    for part in parts:
        span = slice(part.first_bin, part.first_bin + part.bins)
        values = marginal[span]
        count = np.count_nonzero(np.isfinite(values))
        mean = np.nansum(values) / count if count else 0.0
        if mean > 0:
            result[span] = values / mean
    return result


def truth_against_estimate(true_bias: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """True and estimated bias of the bins that have both, each with a geometric mean of one."""
    with np.errstate(divide="ignore"):
        estimate = 1.0 / weights
    both = np.isfinite(estimate) & np.isfinite(true_bias) & (true_bias > 0) & (estimate > 0)
    pair = np.log(np.stack([true_bias[both], estimate[both]]))
    if not both.any():
        return np.empty(0), np.empty(0)
    centred = np.exp(pair - pair.mean(axis=1, keepdims=True))
    return centred[0], centred[1]
