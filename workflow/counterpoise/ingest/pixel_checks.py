"""Check the pixels of a map, whatever file they come from, and correct harmless irregularities.

Every reader's pixels pass through `check_pixels`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Chunk
from counterpoise.errors import InputError
from counterpoise.native import call

_GIVE_RAW_COUNTS = (
    "Balancing needs raw counts, zero or more; give the raw map, not a normalised one."
)
MAX_COUNT = 2**62
MAX_TOTAL = 3 * 2**61  # sums of 64 bits do not overflow

# Relative errors of a sum in a header: of whole numbers (it may be a double), of doubles, and of
# shorter floating-point numbers, which writers add up in their own precision.
WHOLE_SUM, DOUBLE_SUM, FLOAT_SUM = 1e-15, 1e-7, 1e-4


@dataclass
class Tally:
    """Running totals over the pixels of a map.

    Attributes
    ----------
    contacts : float
        Sum of counts.
    zeros : int
        Number of stored pixels of count zero.
    unsorted_rows : bool
        Whether columns were out of order within a row.
    """

    contacts: float = 0
    zeros: int = 0
    unsorted_rows: bool = False

    def notes(self) -> list[str]:
        """Return what was corrected, in words."""
        notes = []
        if self.zeros:
            notes.append(f"{self.zeros:,} stored zeros were ignored: they are not data")
        if self.unsorted_rows:
            notes.append("columns were out of order within rows; they were sorted")
        return notes


def check_pixels(
    chunks: Iterable[Chunk], bins: BinTable, source: str, tally: Tally
) -> Iterator[Chunk]:
    """Pass on sound pixels, and refuse what cannot be a contact map.

    Zeros are removed, and columns are sorted within their row; both are noted in ``tally``.

    Parameters
    ----------
    chunks : iterable of (bin1, bin2, count)
        Pixels of the upper triangle in order of rows, in arrays of equal length; a row may
        continue in the next chunk.
    bins : BinTable
        Bin table of the map.
    source : str
        Path or URL, for messages.
    tally : Tally
        Updated with every chunk.

    Yields
    ------
    bin1, bin2 : ndarray of int32
        Bin numbers, sorted by (bin1, bin2); a row is never split between chunks.
    count : ndarray
        Positive, finite counts.

    Raises
    ------
    InputError
        If a count is NaN, infinite, negative or above `MAX_COUNT`, a bin is out of range, a pixel
        lies below the diagonal, rows are out of order, a pixel is given twice, or counts add up to
        more than `MAX_TOTAL`. The message names the pixel.
    """
    previous_row = -1
    for chunk in split_between_rows(chunks, len(bins), source):
        first_row, last_row = chunk[0][0], chunk[0][-1]
        contacts = _sum_if_sound(chunk, len(bins))
        if contacts is None or first_row <= previous_row:
            chunk = _repair(chunk, previous_row, bins, source, tally)
            _check_largest(chunk, bins, source)
            count = chunk[2]
            kind = np.float64 if count.dtype.kind == "f" else np.int64
            contacts = count.sum(dtype=kind).item()
        previous_row = int(last_row)
        tally.contacts += contacts
        if tally.contacts > MAX_TOTAL:
            raise InputError(
                source, f"its counts add up to more than {MAX_TOTAL:,}.", _GIVE_RAW_COUNTS
            )
        if len(chunk[2]):
            yield chunk


def _sum_if_sound(chunk: Chunk, n: int) -> float | None:
    """Return the sum of counts, or None if a fast check finds anything to refuse or repair."""
    bin1, bin2, count = chunk
    count_types = [np.dtype(np.int32), np.dtype(np.float64)]
    if bin1.dtype != np.int32 or bin2.dtype != np.int32 or count.dtype not in count_types:
        return None
    total = np.zeros(1, np.int64)
    is_float = count_types.index(count.dtype)
    if call("check_pixels", bin1, bin2, count, is_float, len(bin1), n, total):
        return None
    if not is_float:
        return int(total[0])
    contacts = float(count.sum())
    return contacts if contacts <= MAX_COUNT else None  # one count may be too large


def _repair(chunk: Chunk, previous_row: int, bins: BinTable, source: str, tally: Tally) -> Chunk:
    """Refuse a bad chunk; sort the columns of a harmless one and remove its zeros."""
    if chunk[2].dtype == np.float16:  # too short to be compared with limits
        chunk = chunk[0], chunk[1], chunk[2].astype(np.float64)
    _check_bins(chunk, bins, source)
    _check_counts(chunk, bins, source)
    bin1, bin2 = chunk[0].astype(np.int32, copy=False), chunk[1].astype(np.int32, copy=False)
    count = chunk[2]
    _check_row_order(bin1, previous_row, bins, source)
    if not ((bin1[1:] > bin1[:-1]) | (bin2[1:] > bin2[:-1])).all():
        order = np.lexsort((bin2, bin1))
        bin1, bin2, count = bin1[order], bin2[order], count[order]
        _check_duplicates((bin1, bin2, count), bins, source)
        tally.unsorted_rows = True
    if not count.all():
        nonzero = count != 0
        tally.zeros += int(len(count) - np.count_nonzero(nonzero))
        bin1, bin2, count = bin1[nonzero], bin2[nonzero], count[nonzero]
    return bin1, bin2, count


def check_sum(
    chunks: Iterable[Chunk], promised: float | None, tally: Tally, source: str
) -> Iterator[Chunk]:
    """Pass on checked pixels, and compare the sum of all counts with that of the file's header.

    cooler's own writer rounds fractions down where it stores whole numbers, and states their sum
    before that. So a sum that is no whole number may be larger by up to one for each count.

    Parameters
    ----------
    chunks : iterable of (bin1, bin2, count)
        Pixels from `check_pixels`.
    promised : int, float or None
        Sum of the counts by the header of the file; None if it has none.
    tally : Tally
        Totals over the pixels, complete after the last chunk.
    source : str
        Path or URL, for messages.

    Yields
    ------
    bin1, bin2, count : ndarray
        The same pixels.

    Raises
    ------
    InputError
        If there is a sum and the counts have another one.
    """
    pixels, count_type = 0, np.dtype(np.int32)
    for chunk in chunks:
        yield chunk
        pixels += len(chunk[2])
        count_type = chunk[2].dtype
    refuse_other_sum(promised, tally.contacts, pixels + tally.zeros, count_type, source)


def refuse_other_sum(
    promised: float | None, total: float, pixels: int, count_type: np.dtype[Any], source: str
) -> None:
    """Refuse counts that do not add up to the sum in the header of their file.

    Parameters
    ----------
    promised : int, float or None
        Sum by the header; None if it has none.
    total : int or float
        Sum of the counts.
    pixels : int
        Number of counts.
    count_type : numpy.dtype
        Their type.
    source : str
        Path or URL, for messages.

    Raises
    ------
    InputError
        If there is a sum and it differs.
    """
    if promised is not None and not _is_sum(promised, total, pixels, count_type):
        raise InputError(
            source,
            f"its counts add up to {total:,}, but its header promises a sum of {promised:,}.",
            "The file is damaged, or its counts were changed later: fetch it again, or write it "
            "again from its source.",
        )


def _is_sum(promised: float, total: float, pixels: int, count_type: np.dtype[Any]) -> bool:
    """Return whether the sum in a header can be that of the counts.

    cooler adds up fractions before it cuts them off to store whole numbers.
    """
    difference = promised - total
    if count_type.kind == "f":
        tolerance = FLOAT_SUM if count_type.itemsize < 8 else DOUBLE_SUM
        return abs(difference) <= tolerance * abs(promised)
    if isinstance(promised, float):
        return abs(difference) <= WHOLE_SUM * promised or 0 <= difference < pixels
    return difference == 0


def split_between_rows(chunks: Iterable[Chunk], n: int, source: str) -> Iterator[Chunk]:
    """Cut a stream of pixels so that no row is split between two chunks.

    A row that continues in the next chunk is passed on separately, so that no large chunk is
    copied.

    Parameters
    ----------
    chunks : iterable of (bin1, bin2, count)
        Pixels whose equal ``bin1`` lie next to each other.
    n : int
        Number of bins of the map.
    source : str
        Path or URL, for messages.

    Yields
    ------
    bin1, bin2, count : ndarray
        The same pixels in the same order; never empty.

    Raises
    ------
    InputError
        If a row that fills whole chunks has more pixels than there are bins; it would be collected
        without end. Shorter rows are left to `check_pixels`.
    """
    unfinished: list[Chunk] = []  # pieces of the row that may continue in the next chunk
    for bin1, bin2, count in chunks:
        if not len(bin1):
            continue
        first, last = 0, len(bin1)
        if unfinished:
            first = _run_length(bin1, unfinished[0][0][0])
            unfinished.append((bin1[:first], bin2[:first], count[:first]))
            if first == last:
                _check_row_length(unfinished, n, source)
                continue
            yield concatenate(unfinished)
        last -= _run_length(bin1[::-1], bin1[-1])
        if first < last:
            yield bin1[first:last], bin2[first:last], count[first:last]
        rest = max(first, last)
        unfinished = [(bin1[rest:], bin2[rest:], count[rest:])]
    if unfinished:
        yield concatenate(unfinished)


def _check_row_length(pieces: list[Chunk], n: int, source: str) -> None:
    """Refuse a row that is longer than the map."""
    length = sum(len(piece[0]) for piece in pieces)
    if length > n:
        raise InputError(
            source,
            f"row {pieces[0][0][0]} has {length:,} pixels or more, but the map has {n:,} bins.",
            "The file is damaged or holds pixels more than once; write it again.",
        )


def _run_length(values: NDArray[Any], value: Any) -> int:
    """Count the leading ``values`` that equal ``value``, reading little beyond them."""
    position, window = 0, 1 << 10
    while position < len(values):
        other = values[position : position + window] != value
        if other.any():
            return position + int(np.argmax(other))
        position, window = position + window, 4 * window
    return len(values)


def concatenate(chunks: list[Chunk]) -> Chunk:
    """Return one or more chunks as one.

    Parameters
    ----------
    chunks : list of (bin1, bin2, count)
        Pixels; at least one chunk.

    Returns
    -------
    bin1, bin2, count : ndarray
        All pixels in their order; the arrays of a single chunk are not copied.
    """
    if len(chunks) == 1:
        return chunks[0]
    bin1, bin2, count = (np.concatenate(column) for column in zip(*chunks, strict=True))
    return bin1, bin2, count


def _locate(chunk: Chunk, k: int, bins: BinTable) -> str:
    """Return the two bins of pixel ``k`` of a chunk as positions in the genome."""
    return f"{bins.describe(int(chunk[0][k]))} and {bins.describe(int(chunk[1][k]))}"


def _check_bins(chunk: Chunk, bins: BinTable, source: str) -> None:
    """Refuse bins out of range and pixels below the diagonal."""
    bin1, bin2, _ = chunk
    lowest = min(int(bin1.min()), int(bin2.min()))
    highest = max(int(bin1.max()), int(bin2.max()))
    if lowest < 0 or highest >= len(bins):
        raise InputError(
            source,
            f"a pixel names bin {lowest if lowest < 0 else highest}, but the bin table has "
            f"{len(bins):,} bins.",
            "The file is damaged or has the bin table of another map; write it again.",
        )
    below = bin1 > bin2
    if below.any():
        k = int(np.argmax(below))
        raise InputError(
            source,
            f"the pixel ({bin1[k]}, {bin2[k]}) ({_locate(chunk, k, bins)}) lies below the "
            "diagonal of an upper-triangle map.",
            "Write the file again with bin1 <= bin2.",
        )


def _check_counts(chunk: Chunk, bins: BinTable, source: str) -> None:
    """Refuse counts that are not finite or are negative."""
    count = chunk[2]
    bad, fault = np.zeros(len(count), bool), ""
    if count.dtype.kind == "f":
        bad, fault = ~np.isfinite(count), "not a finite number"
    if count.dtype.kind in "fi" and not bad.any():
        bad, fault = count < 0, "negative"
    if bad.any():
        k = int(np.argmax(bad))
        raise InputError(
            source,
            f"pixels/count is {fault} ({count[k]}) at bins {chunk[0][k]} and {chunk[1][k]} "
            f"({_locate(chunk, k, bins)}), one of {int(bad.sum()):,} such pixels read so far.",
            _GIVE_RAW_COUNTS,
        )


def _check_largest(chunk: Chunk, bins: BinTable, source: str) -> None:
    """Refuse a count, or a sum of counts, that does not fit 64 bits."""
    count = chunk[2]
    if len(count) and (count.max().item() > MAX_COUNT or count.sum(dtype=np.float64) > MAX_TOTAL):
        k = int(np.argmax(count))
        raise InputError(
            source,
            f"pixels/count is {count[k]} at bins {chunk[0][k]} and {chunk[1][k]} "
            f"({_locate(chunk, k, bins)}); counts above {MAX_COUNT:,}, or a sum above "
            f"{MAX_TOTAL:,}, do not fit 64 bits.",
            _GIVE_RAW_COUNTS,
        )


def _check_row_order(
    bin1: NDArray[np.int32], previous_row: int, bins: BinTable, source: str
) -> None:
    """Refuse a row that comes after a later one."""
    backwards = bin1[1:] < bin1[:-1]
    if bin1[0] <= previous_row or backwards.any():
        k = 0 if bin1[0] <= previous_row else int(np.argmax(backwards)) + 1
        raise InputError(
            source,
            f"its pixels are out of order: row {bin1[k]} ({bins.describe(int(bin1[k]))}) "
            "comes after a later row, so its index points to the wrong places.",
            "Sort the pixels by bin1, then bin2, and write the file again.",
        )


def _check_duplicates(chunk: Chunk, bins: BinTable, source: str) -> None:
    """Refuse a pixel that occurs twice in sorted pixels."""
    bin1, bin2, _ = chunk
    repeated = (bin1[1:] == bin1[:-1]) & (bin2[1:] == bin2[:-1])
    if repeated.any():
        k = int(np.argmax(repeated))
        raise InputError(
            source,
            f"the pixel of bins {bin1[k]} and {bin2[k]} ({_locate(chunk, k, bins)}) is given "
            "more than once.",
            "Merge the duplicates (sum or drop them, as their origin requires) and write it again.",
        )
