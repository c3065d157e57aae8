"""The program that reads a level of a `.hic` file in a separate process.

The C++ libraries of `ingest.hic_engines` can crash or hang without harm here. The process writes
the contacts to an open file, as sorted `RECORD` values, and reports through a pipe, one JSON
object per line. `ingest.hic_subprocess` starts and watches it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Chunk
from counterpoise.errors import InputError, MissingExtraError
from counterpoise.files import FULL_DISK
from counterpoise.ingest.hic_engines import ENGINES, Fetch, Span
from counterpoise.ingest.hic_file import HicFile, open_hic_file

# A .hic file holds counts as 16-bit integers or 32-bit floats, so float32 loses nothing.
RECORD = np.dtype([("bin1", "<i4"), ("bin2", "<i4"), ("count", "<f4")])
STRIP_RECORDS = 1 << 21  # approximate number of records that are fetched and sorted at a time
Report = Callable[..., None]
Engines = Mapping[str, Callable[[str, BinTable], Fetch]]


@dataclass
class LevelCopy:
    """Copies all contacts of one level to a file, sorted by (bin1, bin2).

    Attributes
    ----------
    engine : str
        Name of the library, for messages.
    open_engine : callable
        Opens the file with the library.
    file : HicFile
        The source.
    bins : BinTable
        Bins of the level.
    spool : binary file
        Receives `RECORD` values.
    report : callable
        Receives progress as keyword arguments: ``at``, what is about to be done; ``strip``, the
        number of records of each run of whole rows that was written; at the end ``integral``,
        whether every count is a whole number, and ``notes``, what was left out, in words. If the
        disk of the spool is full, ``needed`` is the number of bytes that the level takes there.
    strip_records : int
        Approximate number of records in a strip.
    outside : list of int
        Records beyond the end of a chromosome that were left out, of each pair that has any.
    without_level : int
        Number of pairs that do not list the resolution.
    """

    engine: str
    open_engine: Callable[[str, BinTable], Fetch]
    file: HicFile
    bins: BinTable
    spool: BinaryIO
    report: Report
    strip_records: int = STRIP_RECORDS
    outside: list[int] = field(default_factory=list)
    without_level: int = 0

    def run(self) -> None:
        """Copy the level.

        Raises
        ------
        InputError
            If nothing is stored at this resolution, a block is damaged, or the library returns
            more or fewer records than are stored.
        OSError
            If the spool cannot be written.
        """
        try:
            self._copy()
        except OSError as error:
            if error.errno in FULL_DISK:
                pairs = groupby(self.file.matrices, key=itemgetter(0))
                records = sum(sum(self._count_stored(pair).values()) for _, pair in pairs)
                self.report(needed=records * RECORD.itemsize)
            raise

    def _copy(self) -> None:
        """Copy the rows of every chromosome."""
        fetch: Fetch | None = None
        integral = True
        for first, matrices in groupby(self.file.matrices, key=itemgetter(0)):
            stored = self._count_stored(matrices)
            if not stored:
                continue
            if fetch is None:
                self.report(at="opening it")
                fetch = self.open_engine(self.file.uri, self.bins)
            integral = self._copy_rows(fetch, first, stored) and integral
        if fetch is None:
            raise InputError(
                self.file.uri,
                f"holds no contacts at {self.bins.resolution:,} bp, though it lists that "
                "resolution.",
                "Check that the map was written to its end, or remove it from the cohort.",
            )
        self.spool.flush()
        self.report(integral=integral, notes=self._notes())

    def _notes(self) -> list[str]:
        """Return what was left out, in words."""
        notes = []
        if self.outside:
            notes.append(
                f"{sum(self.outside):,} contact records of {len(self.outside):,} chromosome pairs "
                "lie beyond the end of a chromosome and were left out: the lengths of the "
                "chromosomes may be those of another assembly"
            )
        if self.without_level:
            notes.append(
                f"{self.without_level:,} chromosome pairs do not list {self.bins.resolution:,} bp "
                "and have no contacts"
            )
        return notes

    def _count_stored(self, matrices: Iterable[tuple[int, int, int]]) -> dict[int, int]:
        """Return the number of stored records for each second chromosome that has any."""
        assert self.bins.resolution is not None
        stored: dict[int, int] = {}
        for first, second, position in matrices:
            self.report(at=f"reading {self._pair(first, second)}")
            blocks = self.file.blocks(position, self.bins.resolution)
            self.without_level += blocks is None
            if blocks is not None and (number := self.file.count_records(blocks)):
                stored[second] = number
        return stored

    def _copy_rows(self, fetch: Fetch, first: int, stored: dict[int, int]) -> bool:
        """Copy the rows of one chromosome; return whether all counts are whole numbers."""
        fetched = dict.fromkeys(stored, 0)
        integral = True
        n_rows = int(np.diff(self.bins.offsets)[first])
        for rows in row_strips(n_rows, sum(stored.values()), self.strip_records):
            pieces = []
            for second in stored:
                for columns in column_spans(self.bins, first, second, rows):
                    self.report(at=f"reading {self._pair(first, second)}")
                    names = self.bins.chromosomes
                    piece = fetch(names[first], rows, names[second], columns)
                    fetched[second] += len(piece[0])
                    pieces.append(piece)
            records = sort_records(pieces, len(self.bins))
            integral = integral and bool((records["count"] % 1 == 0).all())
            self.spool.write(records.data)
            self.report(strip=len(records))
        self._check_complete(first, fetched, stored)
        return integral

    def _check_complete(self, first: int, fetched: dict[int, int], stored: dict[int, int]) -> None:
        """Refuse what a library returned if it is not as many records as are stored."""
        for second, number in stored.items():
            if fetched[second] == number:
                continue
            outside = self._count_outside(first, second)
            if fetched[second] + outside == number:
                self.outside.append(outside)
            else:
                raise InputError(
                    self.file.uri,
                    f"{self.engine} returned {fetched[second]:,} of the {number:,} contact records "
                    f"stored for {self._pair(first, second)} at {self.bins.resolution:,} bp.",
                    "Fetch the file again; if that does not help, read it with the other engine.",
                )

    def _count_outside(self, first: int, second: int) -> int:
        """Return the number of records of a pair beyond the end of a chromosome."""
        assert self.bins.resolution is not None
        position = next(p for *pair, p in self.file.matrices if pair == [first, second])
        blocks = self.file.blocks(position, self.bins.resolution)
        sizes = np.diff(self.bins.offsets)
        assert blocks is not None, "its records were counted"
        return self.file.count_outside(blocks, int(sizes[first]), int(sizes[second]))

    def _pair(self, first: int, second: int) -> str:
        """Return a pair of chromosomes in words."""
        return f"{self.bins.chromosomes[first]} against {self.bins.chromosomes[second]}"


def row_strips(n_rows: int, stored: int, strip_records: int) -> Iterator[Span]:
    """Cut rows into strips.

    Parameters
    ----------
    n_rows : int
        Number of rows.
    stored : int
        Number of records in all of them.
    strip_records : int
        Approximate number of records in a strip, if rows are about equally full.

    Yields
    ------
    tuple of int
        First row and end of each strip.
    """
    step = max(1, n_rows * strip_records // stored)
    for lo in range(0, n_rows, step):
        yield lo, min(lo + step, n_rows)


def column_spans(bins: BinTable, first: int, second: int, rows: Span) -> Iterator[Span]:
    """Return the columns to fetch for a strip of rows.

    Between chromosomes these are all columns; within a chromosome, those from the diagonal on.

    Version 9 stores the map within a chromosome in blocks along the diagonal, in layers that become
    coarser with distance. Pieces that double in width touch few blocks in each layer; one wide
    piece would make the library inflate nearly all blocks again for every strip.

    Parameters
    ----------
    bins : BinTable
        Bins of the level.
    first, second : int
        Indices of the chromosomes of rows and columns.
    rows : tuple of int
        First row and end, counted from the start of the first chromosome.

    Yields
    ------
    tuple of int
        First column and end, counted from the start of the second chromosome.
    """
    end = int(np.diff(bins.offsets)[second])
    if first != second:
        yield 0, end
        return
    lo, hi = rows
    while lo < end:
        yield lo, min(hi, end)
        lo, hi = hi, hi + 2 * (hi - lo)


def sort_records(pieces: list[Chunk], n: int) -> NDArray[Any]:
    """Sort contacts by (bin1, bin2).

    Parameters
    ----------
    pieces : list of (bin1, bin2, count)
        Contacts in any order.
    n : int
        Number of bins of the map.

    Returns
    -------
    ndarray of RECORD
    """
    bin1, bin2, count = (np.concatenate(column) for column in zip(*pieces, strict=True))
    # Most pieces are in order already, and a stable sort merges such runs 20 times faster.
    order = np.argsort(bin1.astype(np.int64) * n + bin2, kind="stable")
    records = np.empty(len(bin1), RECORD)
    records["bin1"], records["bin2"], records["count"] = bin1[order], bin2[order], count[order]
    return records


def main(
    arguments: list[str], engines: Engines = ENGINES, strip_records: int = STRIP_RECORDS
) -> int:
    """Read a level and report how it went.

    Parameters
    ----------
    arguments : list of str
        Engine, path or URL, resolution, and the open descriptors of the spool and the pipe.
    engines : mapping
        Functions that open a file with a library, by the library's name.
    strip_records : int
        Approximate number of records that are fetched at a time.

    Returns
    -------
    int
        Always 0; failures are reported through the pipe.
    """
    engine, uri, resolution, spool_number, pipe_number = arguments
    with os.fdopen(int(pipe_number), "w", buffering=1, encoding="utf-8") as pipe:

        def report(**fields: Any) -> None:
            pipe.write(json.dumps(fields) + "\n")

        try:
            with os.fdopen(int(spool_number), "wb") as spool, open_hic_file(uri) as file:
                header = file.header
                bins = BinTable.fixed(header.chromosomes, header.lengths, int(resolution))
                opener = engines[engine]
                LevelCopy(engine, opener, file, bins, spool, report, strip_records).run()
        except Exception as error:
            report(**_describe_failure(engine, error))
    return 0


def _describe_failure(engine: str, error: Exception) -> dict[str, str]:
    """Return the report of an exception: a problem with its remedy, or the exception in words."""
    if isinstance(error, InputError):
        return {"problem": error.problem, "remedy": error.remedy}
    if isinstance(error, MissingExtraError):
        return {"missing": str(error)}
    if isinstance(error, ImportError):
        return {
            "problem": f"cannot be read: the engine {engine} does not load ({error}).",
            "remedy": "Install hictkpy or hic-straw, or choose the other engine.",
        }
    if isinstance(error, OSError) and error.errno in FULL_DISK:
        return {"full_disk": os.strerror(error.errno)}
    # The C++ libraries raise exceptions of any type; the parent turns them into an InputError.
    return {"exception": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
