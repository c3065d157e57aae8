"""Copy numbers of bins, from a table of segments."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import groupby, pairwise
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from counterpoise.balancing.copy_number import CopyNumber
from counterpoise.contacts.bed import (
    DISPLAY_LINES,
    LONGEST_QUOTE,
    WHOLE_NUMBER,
    is_header,
    read_lines,
)
from counterpoise.contacts.bins import BinTable
from counterpoise.errors import InputError
from counterpoise.files import sha256

# Names of the column with the copies; without a header line, or without such a name in it, it is
# the fourth.
COPIES = ("copy_number", "copies", "cn")
FOURTH = 3


class Segment(NamedTuple):
    """A segment of constant copy number.

    Attributes
    ----------
    line : int
        Its line in the file.
    chromosome : str
        Its chromosome.
    start, end : int
        Base pairs, half open.
    copies : float
        Its copy number.
    """

    line: int
    chromosome: str
    start: int
    end: int
    copies: float


def read_copy_number(path: str | os.PathLike[str], bins: BinTable) -> CopyNumber:
    """Read the copy number of each bin from a table of segments.

    A bin has the mean copy number of its base pairs that segments cover. A bin that no segment
    covers has the median of all segments, weighted by their lengths.

    Parameters
    ----------
    path : str or os.PathLike
        Text of columns, as BED, also packed with gzip: chromosome, start, end and, fourth, the
        copies. With a header line the copies are the column ``copy_number``, ``copies`` or ``cn``,
        if it has one of these. The copies may be any numbers from 0 up, also fractions.
    bins : BinTable
        The bins of the map.

    Returns
    -------
    CopyNumber

    Raises
    ------
    InputError
        If the file cannot be read, a line is no segment, segments overlap, or none is on a
        chromosome of the map. The message names the line.
    """
    path = os.fspath(path)
    ranges = {name: slice(lo, hi) for name, lo, hi in bins.chromosome_ranges() if lo < hi}
    segments = sorted(_read_segments(path), key=attrgetter("chromosome", "start"))
    _refuse_overlaps(path, segments)
    used = [each for each in segments if each.chromosome in ranges]
    if not used:
        names = ", ".join(dict.fromkeys(each.chromosome for each in segments[:3]))
        raise InputError(
            path,
            f"names no chromosome of the map: it has {names or 'no segment'}, the map has "
            f"{', '.join(bins.chromosomes[:3])}.",
            "Rename the chromosomes of either (chr1 versus 1 is the usual cause).",
        )
    copies = np.full(len(bins), np.nan)
    for name, group in groupby(used, attrgetter("chromosome")):
        inside = ranges[name]
        start, end, values = np.array([each[2:] for each in group]).T
        copies[inside] = _mean_copies(bins.start[inside], bins.end[inside], start, end, values)
    uncovered = np.isnan(copies)
    copies[uncovered] = _median_copies(used)
    return CopyNumber(copies, int(uncovered.sum()), Path(path).name, sha256(path))


def _read_segments(path: str) -> Iterator[Segment]:
    """Read the segments that are longer than zero."""
    if not os.path.isfile(path):
        raise InputError(path, "does not exist.", "Check copy_number.")
    column, may_be_header = FOURTH, True
    for number, line in read_lines(path):
        cells = line.split("\t") if line.count("\t") >= FOURTH else line.split()
        cells = [cell.strip() for cell in cells]
        if cells[0] in DISPLAY_LINES:
            continue
        if may_be_header and is_header(cells):
            names = [cell.lower() for cell in cells]
            column = next((names.index(name) for name in COPIES if name in names), FOURTH)
        else:
            segment = _parse(path, number, line, cells, column)
            if segment.start < segment.end:
                yield segment
        may_be_header = False


def _parse(path: str, number: int, line: str, cells: list[str], column: int) -> Segment:
    """Read one line; refuse what is no segment."""
    quote = f"{line.strip()[:LONGEST_QUOTE]!r}"
    complete = len(cells) > max(column, 2) and all(map(WHOLE_NUMBER.fullmatch, cells[1:3]))
    if not (complete and cells[0] and int(cells[1]) <= int(cells[2])):
        raise InputError(
            path,
            f"line {number} is not a segment: {quote}.",
            "Each line needs chromosome, start, end and copies.",
        )
    try:
        copies = float(cells[column])
    except ValueError:
        copies = -1.0
    if not 0 <= copies < np.inf:
        raise InputError(
            path,
            f"line {number} has {cells[column][:LONGEST_QUOTE]!r} for copies: {quote}.",
            "It must be a number, zero or more, and no log ratio. Remove lines without a copy "
            "number: bins without a segment have the median.",
        )
    return Segment(number, cells[0], int(cells[1]), int(cells[2]), copies)


def _refuse_overlaps(path: str, segments: list[Segment]) -> None:
    """Refuse segments that overlap; they are sorted by chromosome and start."""
    for first, second in pairwise(segments):
        if first.chromosome == second.chromosome and second.start < first.end:
            raise InputError(
                path,
                f"lines {first.line} and {second.line} overlap on {first.chromosome}.",
                "Give each base pair one copy number.",
            )


def _mean_copies(
    bin_start: NDArray[np.signedinteger[Any]],
    bin_end: NDArray[np.signedinteger[Any]],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    copies: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the mean copy number over the covered base pairs of each bin of one chromosome.

    Parameters
    ----------
    bin_start, bin_end : ndarray of int, shape (bins,)
        The bins in ascending order.
    start, end, copies : ndarray of float64, shape (segments,)
        The segments in ascending order; none overlap.

    Returns
    -------
    ndarray of float64, shape (bins,)
        NaN for bins that no segment covers.
    """
    # Between two neighbouring borders lies at most one bin and one segment.
    borders = np.unique(np.concatenate([bin_start, bin_end, start, end]))
    left, lengths = borders[:-1], np.diff(borders)
    of_bin = np.searchsorted(bin_start, left, side="right") - 1
    of_segment = np.searchsorted(start, left, side="right") - 1
    shared = (of_bin >= 0) & (of_segment >= 0)
    shared &= (left < bin_end[of_bin]) & (left < end[of_segment])
    of_bin, lengths = of_bin[shared], lengths[shared]
    covered = np.bincount(of_bin, lengths, len(bin_start))
    total = np.bincount(of_bin, lengths * copies[of_segment[shared]], len(bin_start))
    means = np.full(len(bin_start), np.nan)
    np.divide(total, covered, out=means, where=covered > 0)
    return means


def _median_copies(segments: list[Segment]) -> float:
    """Return the median of the copies, weighted by length."""
    copies = np.array([each.copies for each in segments])
    order = np.argsort(copies, kind="stable")
    lengths = np.cumsum([segments[position].end - segments[position].start for position in order])
    return float(copies[order[np.searchsorted(lengths, lengths[-1] / 2)]])
