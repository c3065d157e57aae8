"""The numbers behind the figures of a map's runs: pictures, row sums, true and estimated bias.

The contacts are read once for all runs, in chunks, so that memory stays small however large the
map is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable, RegionBins
from counterpoise.contacts.circular import find_near_origin
from counterpoise.contacts.contact_map import ContactMap
from counterpoise.contacts.selection import first_far_columns
from counterpoise.native import available_threads, call
from counterpoise.records.verdict import PartVerdict
from counterpoise.report.chunks import CHUNK, Flags, Floats, Indices, mean_over_pairs, split_rows


@dataclass(frozen=True)
class BalancedContacts:
    """The weights of a run and the contacts that its method used.

    Attributes
    ----------
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
    regions : sequence of pairs of int, or None
        First bin and end (exclusive) of each region that was balanced separately.
    """

    weights: Floats
    scope: str
    ignore_diags: int
    ignore_diags_trans: bool = True
    diagonal: int = 1
    factor: Floats | None = None
    regions: Sequence[Sequence[int]] | None = None

    @cached_property
    def has_weight(self) -> Flags:
        """The bins that have a weight, bool [bins]."""
        return np.isfinite(self.weights)

    def used_columns(self, bins: BinTable) -> tuple[Indices, Indices]:
        """Return the first column that was used of each row and their end, int64 [bins] each."""
        table = RegionBins.of(bins, self.regions) if self.regions else bins
        ends = table.chromosome_ends
        near_ends = None if self.ignore_diags_trans else ends
        first = first_far_columns(len(bins), self.ignore_diags, near_ends)
        if self.scope == "trans":
            first = np.maximum(first, ends)
        last = ends if self.scope == "cis" else np.full(len(bins), len(bins))
        return first, last


@dataclass(frozen=True)
class Survey:
    """The numbers of a run.

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


@dataclass(frozen=True)
class Rows:
    """Contacts of consecutive rows of a map's upper triangle.

    Attributes
    ----------
    first, stop : int
        The first row, and the end of the rows.
    indptr : int64 [rows + 1]
        The map's numbers of the rows' first contacts.
    columns : uint32 [contacts]
        The second bin of each contact.
    counts : float64 [contacts]
        The counts.
    """

    first: int
    stop: int
    indptr: Indices
    columns: NDArray[np.uint32]
    counts: Floats

    def without(self, entries: Indices) -> Rows:
        """Return the rows with counts of zero for some contacts, int64 by the map's numbers."""
        counts = self.counts.copy()
        inside = (entries >= self.indptr[0]) & (entries < self.indptr[-1])
        counts[entries[inside] - self.indptr[0]] = 0
        return replace(self, counts=counts)

    def arguments(self, first: Indices, last: Indices) -> tuple[Any, ...]:
        """Return the arguments that both functions of ``native/survey.c`` start with."""
        rows = slice(self.first, self.stop)
        used = first[rows], last[rows]
        return self.indptr, self.columns, self.counts, self.first, self.stop - self.first, *used


# Adds the contacts of some rows to an array.
Sum = Callable[[Rows], None]


class Picture:
    """A map drawn small.

    Parameters
    ----------
    block : int
        Bins per cell, along each axis.
    first, last : int64 [bins]
        Columns of each row that count.
    scale : float64 [bins]
        Factors of the bins.
    """

    def __init__(self, block: int, first: Indices, last: Indices, scale: Floats) -> None:
        self._block, self._used, self._scale = block, (first, last), scale
        cells = max(1, -(-len(scale) // block))
        self._upper = np.zeros((cells, cells))

    def add(self, rows: Rows) -> None:
        """Add the contacts of some rows."""
        picture = self._scale, self._block, len(self._upper), self._upper
        call("add_to_picture", *rows.arguments(*self._used), *picture)

    def values(self) -> Floats:
        """Return the sums of both triangles, float64 [cells, cells]."""
        return self._upper + self._upper.T


class RowSums:
    """Row sums of the full symmetric map.

    Parameters
    ----------
    first, last : int64 [bins]
        Columns of each row that count.
    scale : float64 [bins]
        Factors of the bins.
    diagonal : {1, 2}
        How often the main diagonal counts.
    """

    def __init__(self, first: Indices, last: Indices, scale: Floats, diagonal: int) -> None:
        self._used, self._scale, self._diagonal = (first, last), scale, diagonal
        self._sums = np.zeros(len(scale))

    def add(self, rows: Rows) -> None:
        """Add the contacts of some rows."""
        sums = self._scale, self._diagonal, self._sums
        call("add_to_row_sums", *rows.arguments(*self._used), *sums)

    def values(self) -> Floats:
        """Return the row sums, float64 [bins]."""
        return self._sums * self._scale


class RunSums:
    """The sums of a run: the balanced picture and both row sums.

    Parameters
    ----------
    run : BalancedContacts
        The run.
    bins : BinTable
        The bins.
    kept : bool [bins]
        The mask.
    near_origin : int64 [contacts]
        Contacts across the origin of circular chromosomes that the method did not use.
    block : int
        Bins per cell of the picture.
    """

    def __init__(
        self,
        run: BalancedContacts,
        bins: BinTable,
        kept: Flags,
        near_origin: Indices,
        block: int,
    ) -> None:
        used = run.used_columns(bins)
        weights = np.where(run.has_weight & kept, run.weights, 0.0)
        factor = np.ones(len(bins)) if run.factor is None else run.factor
        self._run, self._near_origin, self._block = run, near_origin, block
        self._balanced = Picture(block, *used, weights)
        self._before = RowSums(*used, kept * factor, run.diagonal)
        self._after = RowSums(*used, weights * factor, run.diagonal)

    def sums(self) -> list[Sum]:
        """Return what adds rows to the picture and to the row sums."""
        return [self._leave_out(each.add) for each in (self._balanced, self._before, self._after)]

    def _leave_out(self, add: Sum) -> Sum:
        """Return what adds rows without the contacts near the origin."""
        if not len(self._near_origin):
            return add
        return lambda rows: add(rows.without(self._near_origin))

    def survey(self, raw: Floats) -> Survey:
        """Return the numbers of the run, given the picture of the raw map."""
        with_weight = np.flatnonzero(self._run.has_weight) // self._block
        bins_per_cell = np.bincount(with_weight, minlength=len(raw)).astype(np.float64)
        balanced = mean_over_pairs(self._balanced.values(), bins_per_cell)
        return Survey(self._block, raw, balanced, self._before.values(), self._after.values())


def survey(
    contacts: ContactMap,
    kept: Flags,
    runs: Sequence[BalancedContacts],
    *,
    max_pixels: int,
    threads: int | None = None,
    chunk_size: int = CHUNK,
) -> list[Survey]:
    """Draw the maps of all runs small and add up their row sums, in one walk through the contacts.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    kept : bool [bins]
        The mask; raw row sums are over pairs of kept bins.
    runs : sequence of BalancedContacts
        The runs.
    max_pixels : int
        Longest side of the pictures.
    threads : int, optional
        Threads that add up; by default as many as the process may use. Results do not depend on
        it.
    chunk_size : int
        Approximate number of contacts read at a time.

    Returns
    -------
    list of Survey
        Pictures and row sums of each run; the picture of the raw map is the same array.
    """
    n = len(contacts.bins)
    block = max(1, -(-n // max_pixels))
    raw = Picture(block, np.zeros(n, np.int64), np.full(n, n), np.ones(n))
    sums = [
        RunSums(run, contacts.bins, kept, find_near_origin(contacts, run.ignore_diags), block)
        for run in runs
    ]
    _add_up(contacts, [raw.add, *(add for run in sums for add in run.sums())], threads, chunk_size)
    picture = raw.values()
    return [run.survey(picture) for run in sums]


def _add_up(
    contacts: ContactMap, sums: Sequence[Sum], threads: int | None, chunk_size: int
) -> None:
    """Add all contacts to each of the sums, while the next contacts are read."""
    pending: list[Future[None]] = []
    with ThreadPoolExecutor(threads or available_threads()) as pool:
        for rows in _read_rows(contacts, chunk_size):
            _wait(pending)  # a sum takes the rows in order, whatever the number of threads
            pending = [pool.submit(add, rows) for add in sums]
        _wait(pending)


def _wait(pending: Sequence[Future[None]]) -> None:
    """Wait for threads and raise their errors."""
    for future in pending:
        future.result()


def _read_rows(contacts: ContactMap, chunk_size: int) -> Iterator[Rows]:
    """Read the rows that have contacts, in pieces."""
    for first, stop in split_rows(contacts, chunk_size):
        indptr = contacts.indptr[first : stop + 1]
        columns, counts = contacts.entries(int(indptr[0]), int(indptr[-1]))
        yield Rows(first, stop, indptr, columns, counts.astype(np.float64))


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
