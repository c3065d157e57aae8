"""The numbers behind the figure of a run: both maps drawn small, row sums, true and estimated bias.

The contacts are read once, in chunks, so that memory stays small however large the map is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from counterpoise.contacts.contact_map import ContactMap
from counterpoise.contacts.selection import is_far
from counterpoise.records.verdict import PartVerdict
from counterpoise.report.chunks import (
    CHUNK,
    Flags,
    Floats,
    Indices,
    add_to_picture,
    mean_over_pairs,
    read_chunks,
)


@dataclass(frozen=True)
class Survey:
    """The numbers computed in one walk through the contacts.

    Attributes
    ----------
    block : int
        Bins per cell of the pictures, along each axis.
    raw : float64 [cells, cells]
        Sums of contacts.
    balanced : float64 [cells, cells]
        Mean balanced value over pairs of bins that have weights.
    before, after : float64 [bins]
        Row sums of the contacts that the method used, raw and balanced.
    """

    block: int
    raw: Floats
    balanced: Floats
    before: Floats
    after: Floats


def survey(
    contacts: ContactMap,
    kept: Flags,
    weights: Floats,
    *,
    scope: str,
    ignore_diags: int,
    ignore_diags_trans: bool = True,
    diagonal: int,
    factor: Floats | None,
    max_pixels: int,
    chunk_size: int = CHUNK,
) -> Survey:
    """Draw both maps small and add up both row sums, in one walk through the contacts.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    kept : bool [bins]
        The mask; raw row sums are over pairs of kept bins.
    weights : float64 [bins]
        Multiplicative weights; a bin without a finite weight counts as masked.
    scope : {"genome", "cis", "trans"}
        The contacts that the method used.
    ignore_diags : int
        Contacts with ``bin2 - bin1`` below this were not used.
    ignore_diags_trans : bool
        Whether these include contacts between chromosomes.
    diagonal : {1, 2}
        How often the main diagonal counts in a row sum.
    factor : float64 [bins] or None
        Factors that are part of the row sums, see ``Selection.factor``.
    max_pixels : int
        Longest side of the pictures.
    chunk_size : int
        Approximate number of contacts read at a time.

    Returns
    -------
    Survey
        Pictures and row sums.
    """
    n = len(contacts.bins)
    block = max(1, -(-n // max_pixels))
    cells = max(1, -(-n // block))
    cell = np.arange(n) // block
    has_weight = np.isfinite(weights)
    scale = np.where(has_weight, weights, 0.0)
    chromosome = contacts.bins.chromosome_ids
    ends = None if ignore_diags_trans else contacts.bins.chromosome_ends
    raw, balanced = np.zeros((cells, cells)), np.zeros((cells, cells))
    before, after = np.zeros(n), np.zeros(n)
    for first, rows, columns, counts in read_chunks(contacts, chunk_size):
        add_to_picture(raw, cell, rows, columns, counts)
        used = kept[rows] & kept[columns] & is_far(rows, columns, ignore_diags, ends)
        if scope != "genome":
            used &= (chromosome[rows] == chromosome[columns]) == (scope == "cis")
        rows, columns, counts = rows[used], columns[used], counts[used]
        add_to_picture(balanced, cell, rows, columns, counts * scale[rows] * scale[columns])
        if factor is not None:
            counts *= factor[rows] * factor[columns]
        add_to_row_sums(before, first, rows, columns, counts, diagonal)
        counts *= scale[rows] * scale[columns]
        add_to_row_sums(after, first, rows, columns, counts, diagonal)
    bins_per_cell = np.bincount(cell[has_weight], minlength=cells).astype(np.float64)
    return Survey(block, raw, mean_over_pairs(balanced, bins_per_cell), before, after)


def add_to_row_sums(
    row_sums: Floats, first: int, rows: Indices, columns: Indices, values: Floats, diagonal: int
) -> None:
    """Add values of the upper triangle to row sums of the full symmetric map.

    Parameters
    ----------
    row_sums : float64 [bins]
        The row sums, changed in place.
    first : int
        A row before which there are no values.
    rows, columns : int64 [contacts]
        Bins of each contact, ``rows <= columns``.
    values : float64 [contacts]
        What is added.
    diagonal : {1, 2}
        How often the main diagonal counts.
    """
    mirrored = values if diagonal == 2 else np.where(rows == columns, 0.0, values)
    row_sums[first:] += np.bincount(rows - first, values, len(row_sums) - first)
    row_sums[first:] += np.bincount(columns - first, mirrored, len(row_sums) - first)


def relative_row_sums(row_sums: Floats, parts: Sequence[PartVerdict]) -> Floats:
    """Divide row sums by the mean of their part.

    Parameters
    ----------
    row_sums : float64 [bins]
        Row sums, NaN on bins that do not count.
    parts : sequence of PartVerdict
        The parts (chromosomes or the genome).

    Returns
    -------
    float64 [bins]
        NaN also where a part has no contacts.
    """
    result = np.full(len(row_sums), np.nan)
    for part in parts:
        span = slice(part.first_bin, part.first_bin + part.bins)
        values = row_sums[span]
        count = np.count_nonzero(np.isfinite(values))
        mean = np.nansum(values) / count if count else 0.0
        if mean > 0:
            result[span] = values / mean
    return result


def compare_biases(true_bias: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Bring the true and the estimated bias of a simulated map to the same scale.

    Parameters
    ----------
    true_bias : float64 [bins]
        The bias that the map was simulated with.
    weights : float64 [bins]
        Multiplicative weights; the estimated bias is ``1 / weight``.

    Returns
    -------
    tuple of float64 arrays
        True and estimated bias of the bins that have both, each with a geometric mean of one.
    """
    with np.errstate(divide="ignore"):
        estimate = 1.0 / weights
    both = np.isfinite(estimate) & np.isfinite(true_bias) & (true_bias > 0) & (estimate > 0)
    pair = np.log(np.stack([true_bias[both], estimate[both]]))
    if not both.any():
        return np.empty(0), np.empty(0)
    centred = np.exp(pair - pair.mean(axis=1, keepdims=True))
    return centred[0], centred[1]
