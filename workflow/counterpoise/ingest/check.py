"""What every contact map must fulfil, whatever file it came from."""

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


@dataclass
class Tally:
    """What was seen while a map went by."""

    contacts: float = 0
    zeros: int = 0
    unsorted_rows: bool = False

    def summary(self) -> list[str]:
        """Notes in words, for the record."""
        notes = []
        if self.zeros:
            notes.append(f"{self.zeros:,} stored zeros were left out: they are not data")
        if self.unsorted_rows:
            notes.append("columns were out of order within rows; they were sorted")
        return notes


def checked(chunks: Iterable[Chunk], bins: BinTable, where: str, tally: Tally) -> Iterator[Chunk]:
    """Pass on whole rows of int32 bins and clean counts; refuse what cannot be a contact map.

    Zeros are left out and columns within a row put in order; both are noted in ``tally``.

    Raises
    ------
    InputError : NaN, infinite or negative counts, bins out of range, a pixel below the diagonal,
        rows out of order, a pixel given twice; the message names the pixel.
    """
    n = len(bins)
    last_row = -1
    for bin1, bin2, count in whole_rows(chunks):
        total = _total_of_clean(bin1, bin2, count, n)
        if total is not None and bin1[0] > last_row:
            last_row = int(bin1[-1])
            tally.contacts += total
            yield bin1, bin2, count
            continue
        _check_ids(bin1, bin2, n, bins, where)
        _check_counts(bin1, bin2, count, bins, where)
        bin1, bin2 = bin1.astype(np.int32, copy=False), bin2.astype(np.int32, copy=False)
        rows_up = bin1[1:] - bin1[:-1]
        if bin1[0] <= last_row or (rows_up < 0).any():
            bad = 0 if bin1[0] <= last_row else int(np.argmax(rows_up < 0)) + 1
            raise InputError(
                where,
                f"its pixels are out of order: row {bin1[bad]} ({bins.describe(int(bin1[bad]))}) "
                "comes after a later row, so its index points to the wrong places.",
                "Sort the pixels by bin1, then bin2, and write the file again.",
            )
        last_row = int(bin1[-1])
        if not ((rows_up > 0) | (bin2[1:] > bin2[:-1])).all():
            order = np.lexsort((bin2, bin1))
            bin1, bin2, count = bin1[order], bin2[order], count[order]
            _refuse_twice(bin1, bin2, bins, where)
            tally.unsorted_rows = True
        if not count.all():
            kept = count != 0
            tally.zeros += int(len(count) - np.count_nonzero(kept))
            bin1, bin2, count = bin1[kept], bin2[kept], count[kept]
        tally.contacts += count.sum(
            dtype=np.float64 if count.dtype.kind == "f" else np.int64
        ).item()
        if len(count):
            yield bin1, bin2, count


def _total_of_clean(
    bin1: NDArray[Any], bin2: NDArray[Any], count: NDArray[Any], n: int
) -> float | None:
    """The sum of counts, if one look finds nothing to refuse, sort or leave out; else None."""
    kinds = [np.dtype(np.int32), np.dtype(np.float64)]
    if bin1.dtype != np.int32 or bin2.dtype != np.int32 or count.dtype not in kinds:
        return None
    total = np.zeros(1, np.int64)
    kind = kinds.index(count.dtype)
    if call("check_pixels", bin1, bin2, count, kind, len(bin1), n, total):
        return None
    return float(count.sum()) if kind else int(total[0])


def whole_rows(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """Cut a stream so that no row is split between two pieces.

    What is left of a row goes out with its continuation alone, so that no large piece is copied.
    """
    held: list[Chunk] = []
    for bin1, bin2, count in chunks:
        if not len(bin1):
            continue
        first, last = 0, len(bin1)
        if held:
            first = _run(bin1, held[0][0][0])
            held.append((bin1[:first], bin2[:first], count[:first]))
            if first == last:
                continue
            yield joined(held)
        # The last row may go on in the next piece.
        last -= _run(bin1[::-1], bin1[-1])
        if first < last:
            yield bin1[first:last], bin2[first:last], count[first:last]
        cut = max(first, last)
        held = [(bin1[cut:], bin2[cut:], count[cut:])]
    if held:
        yield joined(held)


def _run(values: NDArray[Any], value: Any) -> int:
    """How many of the first ``values`` are ``value``; looks little further than that."""
    seen, window = 0, 1 << 10
    while seen < len(values):
        other = values[seen : seen + window] != value
        if other.any():
            return seen + int(np.argmax(other))
        seen, window = seen + window, 4 * window
    return len(values)


def joined(pieces: list[Chunk]) -> Chunk:
    """One or more pieces as one."""
    if len(pieces) == 1:
        return pieces[0]
    bin1, bin2, count = (np.concatenate(column) for column in zip(*pieces, strict=True))
    return bin1, bin2, count


def _refuse_twice(
    bin1: NDArray[np.int32], bin2: NDArray[np.int32], bins: BinTable, where: str
) -> None:
    twice = (bin1[1:] == bin1[:-1]) & (bin2[1:] == bin2[:-1])
    if twice.any():
        k = int(np.argmax(twice))
        raise InputError(
            where,
            f"the pixel of bins {bin1[k]} and {bin2[k]} ({bins.describe(int(bin1[k]))} and "
            f"{bins.describe(int(bin2[k]))}) is given more than once.",
            "Merge the duplicates (sum or drop them, as their origin asks) and write it again.",
        )


def _check_ids(bin1: NDArray[Any], bin2: NDArray[Any], n: int, bins: BinTable, where: str) -> None:
    low = min(int(bin1.min()), int(bin2.min()))
    high = max(int(bin1.max()), int(bin2.max()))
    if low < 0 or high >= n:
        raise InputError(
            where,
            f"a pixel names bin {low if low < 0 else high}, the bin table has {n:,} bins.",
            "The file is damaged or its bin table belongs to another; write it again.",
        )
    below = bin1 > bin2
    if below.any():
        k = int(np.argmax(below))
        raise InputError(
            where,
            f"the pixel ({bin1[k]}, {bin2[k]}) ({bins.describe(int(bin1[k]))} and "
            f"{bins.describe(int(bin2[k]))}) lies below the diagonal of an upper-triangle map.",
            "Write the file again with bin1 <= bin2.",
        )


def _check_counts(
    bin1: NDArray[Any], bin2: NDArray[Any], count: NDArray[Any], bins: BinTable, where: str
) -> None:
    if count.dtype.kind == "f":
        bad, word = ~np.isfinite(count), "not a finite number"
        if not bad.any():
            bad, word = count < 0, "negative"
    elif count.dtype.kind == "i":
        bad, word = count < 0, "negative"
    else:
        return
    if bad.any():
        k = int(np.argmax(bad))
        raise InputError(
            where,
            f"pixels/count is {word} ({count[k]}) at bins {bin1[k]} and {bin2[k]} "
            f"({bins.describe(int(bin1[k]))} and {bins.describe(int(bin2[k]))}), "
            f"one of {int(bad.sum()):,} such pixels read so far.",
            "Balancing needs raw counts, zero or more; give the raw map, not a normalised one.",
        )
