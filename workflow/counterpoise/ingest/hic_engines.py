"""The C++ libraries that read the contacts of `.hic` files: hictkpy and hic-straw.

They can crash, hang, end their process or keep a core busy, so they are only used in the process
of `ingest.hic_worker`. To add a library, write a function that opens a file and add it to
`ENGINES`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import numpy as np

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Chunk
from counterpoise.errors import InputError
from counterpoise.ingest.urls import is_url
from counterpoise.installation import name_missing_extra

Span = tuple[int, int]  # first bin and end, counted from the start of a chromosome

# Takes the name of a chromosome and a span of its bins (rows), and the name and span of another
# (columns). Returns bin numbers in the genome and counts, in any order.
Fetch = Callable[[str, Span, str, Span], Chunk]


def open_with_hictkpy(uri: str, bins: BinTable) -> Fetch:
    """Open a local file with hictkpy.

    Parameters
    ----------
    uri : str
        Path.
    bins : BinTable
        Bins of the level.

    Returns
    -------
    Fetch
        Function that reads a rectangle of the map.

    Raises
    ------
    InputError
        If hictkpy lists other chromosomes than ``bins``.
    """
    import hictkpy

    file = hictkpy.File(uri, bins.resolution)
    # Its bin numbers are used unchanged, so its chromosomes must be those of the header.
    if list(file.chromosomes()) != list(bins.chromosomes):
        raise InputError(
            uri,
            f"hictkpy lists other chromosomes ({', '.join(file.chromosomes())}) than the header "
            f"({', '.join(bins.chromosomes)}).",
            "Read it with the engine hicstraw.",
        )

    def region(name: str, span: Span) -> str:
        return "\t".join((name, *_base_pairs(bins, name, span)))

    def fetch(first: str, rows: Span, second: str, columns: Span) -> Chunk:
        table = file.fetch(
            region(first, rows), region(second, columns), count_type="float32", query_type="BED"
        ).to_arrow()
        bin1, bin2, count = (table[name].to_numpy() for name in ("bin1_id", "bin2_id", "count"))
        return bin1, bin2, count

    return fetch


def _base_pairs(bins: BinTable, name: str, span: Span) -> tuple[str, str]:
    """Return start and end of a span in base pairs; the end is at most the chromosome's."""
    assert bins.resolution is not None
    length = int(bins.lengths[bins.chromosomes.index(name)])
    return str(span[0] * bins.resolution), str(min(span[1] * bins.resolution, length))


def open_with_hicstraw(uri: str, bins: BinTable) -> Fetch:
    """Open a local file or URL with hic-straw.

    Parameters
    ----------
    uri : str
        Path or http(s) URL.
    bins : BinTable
        Bins of the level.

    Returns
    -------
    Fetch
        Function that reads a rectangle of the map.

    Raises
    ------
    MissingExtraError
        If hic-straw is not installed.
    """
    with name_missing_extra("the .hic engine hicstraw, which also reads URLs, needs"):
        import hicstraw

    # hic-straw takes whatever begins with "http" for a URL, so a path must begin with "/".
    file = hicstraw.HiCFile(uri if is_url(uri) else os.path.abspath(uri))
    size = bins.resolution
    assert size is not None
    offsets = dict(zip(bins.chromosomes, bins.offsets.tolist(), strict=False))
    matrices: dict[tuple[str, str], Any] = {}

    def fetch(first: str, rows: Span, second: str, columns: Span) -> Chunk:
        if any(pair[0] != first for pair in matrices):
            matrices.clear()  # frees the block indices of a chromosome whose rows are complete
        if (first, second) not in matrices:
            matrices[first, second] = file.getMatrixZoomData(
                first, second, "observed", "NONE", "BP", size
            )
        # hic-straw includes both ends of a span.
        ends = [bin_number * size for lo, hi in (rows, columns) for bin_number in (lo, hi - 1)]
        records = matrices[first, second].getRecords(*ends)
        bin1, bin2, count = (
            np.fromiter(map(attrgetter(name), records), dtype, len(records))
            for name, dtype in (("binX", np.int64), ("binY", np.int64), ("counts", np.float32))
        )
        return bin1 // size + offsets[first], bin2 // size + offsets[second], count

    return fetch


ENGINES: dict[str, Callable[[str, BinTable], Fetch]] = {
    "hictkpy": open_with_hictkpy,
    "hicstraw": open_with_hicstraw,
}
HIC_ENGINES = tuple(ENGINES)
DEFAULT_ENGINE = "hictkpy"
