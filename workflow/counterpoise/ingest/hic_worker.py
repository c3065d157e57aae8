"""The process in which a C++ reader of `.hic` files runs; ``ingest.hic`` starts and watches it.

These readers can crash, hang, end their process or keep a core busy. Here they can do all of that
without harm. Contacts go to an open file as sorted records, what happens goes to a pipe, one JSON
object a line.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable
from counterpoise.errors import InputError
from counterpoise.ingest.hic_format import HicFile, open_hic_file
from counterpoise.ingest.source import is_url

# A .hic file holds counts as 16-bit integers or 32-bit floats, so float32 loses nothing.
RECORD = np.dtype([("bin1", "<i4"), ("bin2", "<i4"), ("count", "<f4")])
SPAN = 1 << 21  # records fetched and sorted at a time, about
Report = Callable[..., None]
Triple = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
# Names of two chromosomes, then rows of the first and columns of the second as bins of each
# (start, end), to the genome's bin numbers and counts, in any order.
Fetch = Callable[[str, tuple[int, int], str, tuple[int, int]], Triple]


def read_level(engine: str, file: HicFile, bins: BinTable, spool: BinaryIO, report: Report) -> None:
    """Write all contacts of one level to ``spool`` as ``RECORD``s sorted by (bin1, bin2).

    Reports ``at`` (what it is doing) before each step that may take long, ``strip`` (number of
    records) for each run of whole rows written, and at last ``integral``: whether every count is
    a whole number.

    Raises
    ------
    InputError : nothing stored at this resolution; damaged blocks; a reader that gives more or
        fewer records than are stored.
    """
    assert bins.resolution is not None
    fetch: Fetch | None = None
    integral = True
    for first, group in groupby(file.pairs, key=itemgetter(0)):
        stored: dict[int, int] = {}
        for _, second, position in group:
            report(at=f"reading {_pair(bins, first, second)}")
            blocks = file.blocks(position, bins.resolution)
            if blocks is not None and (number := file.stored_records(blocks)):
                stored[second] = number
        if not stored:
            continue
        if fetch is None:
            report(at="opening it")
            fetch = FETCHERS[engine](file.uri, bins)
        found = dict.fromkeys(stored, 0)
        for rows in strips(int(np.diff(bins.offsets)[first]), sum(stored.values())):
            pieces = []
            for second in stored:
                for columns in column_spans(bins, first, second, rows):
                    report(at=f"reading {_pair(bins, first, second)}")
                    piece = fetch(bins.chromosomes[first], rows, bins.chromosomes[second], columns)
                    found[second] += len(piece[0])
                    pieces.append(piece)
            records = in_order(pieces, len(bins))
            integral = integral and bool((records["count"] % 1 == 0).all())
            spool.write(records.data)
            report(strip=len(records))
        for second, number in stored.items():
            if found[second] != number:
                raise InputError(
                    file.uri,
                    f"{engine} gave {found[second]:,} of the {number:,} contact records that are "
                    f"stored for {_pair(bins, first, second)} at {bins.resolution:,} bp.",
                    "Fetch the file again; if that does not help, read it with the other engine.",
                )
    if fetch is None:
        raise InputError(
            file.uri,
            f"holds no contacts at {bins.resolution:,} bp, though it lists that resolution.",
            "Check that the map was written to its end, or leave it out.",
        )
    spool.flush()
    report(integral=integral)


def strips(rows: int, stored: int) -> Iterator[tuple[int, int]]:
    """Runs of rows of about ``SPAN`` records each, if the rows are about equally full."""
    step = max(1, rows * SPAN // stored)
    for lo in range(0, rows, step):
        yield lo, min(lo + step, rows)


def column_spans(
    bins: BinTable, first: int, second: int, rows: tuple[int, int]
) -> Iterator[tuple[int, int]]:
    """The columns to fetch beside ``rows``: all, or within a chromosome those from the diagonal on.

    Version 9 stores a chromosome's own map in blocks along the diagonal, in layers that get
    coarser with the distance. Pieces that double in width touch few blocks in each layer; one
    wide piece would make the reader inflate nearly all blocks again for every strip.
    """
    end = int(np.diff(bins.offsets)[second])
    if first != second:
        yield 0, end
        return
    lo, hi = rows
    while lo < end:
        yield lo, min(hi, end)
        lo, hi = hi, hi + 2 * (hi - lo)


def in_order(pieces: list[Triple], n: int) -> NDArray[Any]:
    """Triples of a map of ``n`` bins as ``RECORD``s sorted by (bin1, bin2)."""
    bin1, bin2, count = (np.concatenate(column) for column in zip(*pieces, strict=True))
    # Most pieces come in order already, and a stable sort merges such runs 20 times faster.
    order = np.argsort(bin1.astype(np.int64) * n + bin2, kind="stable")
    records = np.empty(len(bin1), RECORD)
    records["bin1"], records["bin2"], records["count"] = bin1[order], bin2[order], count[order]
    return records


def hictkpy_fetcher(uri: str, bins: BinTable) -> Fetch:
    """Open a local file with hictkpy."""
    import hictkpy

    file = hictkpy.File(uri, bins.resolution)
    # Its own bin numbers are used as they are, so its chromosomes must be ours.
    if list(file.chromosomes()) != list(bins.chromosomes):
        raise InputError(
            uri,
            f"hictkpy sees other chromosomes ({', '.join(file.chromosomes())}) than the header "
            f"lists ({', '.join(bins.chromosomes)}).",
            "Read it with the engine hicstraw.",
        )

    def region(name: str, span: tuple[int, int]) -> str:
        return "\t".join((name, *bed_span(bins, name, span)))

    def fetch(first: str, rows: tuple[int, int], second: str, columns: tuple[int, int]) -> Triple:
        table = file.fetch(
            region(first, rows), region(second, columns), count_type="float32", query_type="BED"
        ).to_arrow()
        bin1, bin2, count = (table[name].to_numpy() for name in ("bin1_id", "bin2_id", "count"))
        return bin1, bin2, count

    return fetch


def bed_span(bins: BinTable, name: str, span: tuple[int, int]) -> tuple[str, str]:
    """Bins of a chromosome as start and end in base pairs, the end not past the chromosome's."""
    assert bins.resolution is not None
    length = int(bins.lengths[bins.chromosomes.index(name)])
    return str(span[0] * bins.resolution), str(min(span[1] * bins.resolution, length))


def hicstraw_fetcher(uri: str, bins: BinTable) -> Fetch:
    """Open a local file or URL with hic-straw."""
    import hicstraw

    # hic-straw takes whatever begins with "http" for a URL, so a path must begin with "/".
    file = hicstraw.HiCFile(uri if is_url(uri) else os.path.abspath(uri))
    size = bins.resolution
    assert size is not None
    offsets = dict(zip(bins.chromosomes, bins.offsets.tolist(), strict=False))
    opened: dict[tuple[str, str], Any] = {}

    def fetch(first: str, rows: tuple[int, int], second: str, columns: tuple[int, int]) -> Triple:
        if any(key[0] != first for key in opened):
            opened.clear()  # one chromosome's rows are done: their block indices may go
        if (first, second) not in opened:
            opened[first, second] = file.getMatrixZoomData(
                first, second, "observed", "NONE", "BP", size
            )
        # Both ends of a span belong to it here.
        spans = [edge * size for lo, hi in (rows, columns) for edge in (lo, hi - 1)]
        found = opened[first, second].getRecords(*spans)
        bin1, bin2, count = (
            np.fromiter(map(attrgetter(name), found), dtype, len(found))
            for name, dtype in (("binX", np.int64), ("binY", np.int64), ("counts", np.float32))
        )
        return bin1 // size + offsets[first], bin2 // size + offsets[second], count

    return fetch


FETCHERS: dict[str, Callable[[str, BinTable], Fetch]] = {
    "hictkpy": hictkpy_fetcher,
    "hicstraw": hicstraw_fetcher,
}


def _pair(bins: BinTable, first: int, second: int) -> str:
    return f"{bins.chromosomes[first]} against {bins.chromosomes[second]}"


def main(arguments: list[str]) -> int:
    """Arguments: engine, path or URL, resolution, and the open descriptors of spool and pipe."""
    engine, uri, resolution, spool_number, pipe_number = arguments
    with os.fdopen(int(pipe_number), "w", buffering=1, encoding="utf-8") as pipe:

        def report(**fields: Any) -> None:
            pipe.write(json.dumps(fields) + "\n")

        try:
            with os.fdopen(int(spool_number), "wb") as spool, open_hic_file(uri) as file:
                header = file.header
                bins = BinTable.fixed(header.chromosomes, header.lengths, int(resolution))
                read_level(engine, file, bins, spool, report)
        except InputError as error:
            report(problem=error.problem, remedy=error.remedy)
        except ImportError as error:
            report(
                problem=f"cannot be read: the engine {engine} does not load ({error}).",
                remedy="Install hictkpy or hic-straw, or choose the other engine.",
            )
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                report(
                    problem="cannot be unpacked: the disk for temporary files is full.",
                    remedy="Set TMPDIR to a folder on a larger disk (12 bytes a pixel are needed).",
                )
            else:
                # The C++ readers raise whatever they like; the parent makes it an InputError.
                report(exception=f"{type(error).__name__}: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
