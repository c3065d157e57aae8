"""Read `.hic` files: the header in plain Python, the contacts in a separate process."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Chunk
from counterpoise.errors import ConfigError, InputError
from counterpoise.ingest.chromosome_names import check_chromosome_names
from counterpoise.ingest.hic_engines import HIC_ENGINES
from counterpoise.ingest.hic_file import Header, open_hic_file
from counterpoise.ingest.hic_subprocess import STALL_SECONDS, WORKER, copy_level
from counterpoise.ingest.hic_worker import RECORD
from counterpoise.ingest.reader_interface import Level, OpenLevel, SourceInfo
from counterpoise.ingest.urls import is_url

CHUNK_PIXELS = 1 << 21  # least number of pixels in a chunk, where there are so many


def inspect(uri: str, engine: str, *, quick: bool = False) -> SourceInfo:
    """Return the levels and the assembly of a `.hic` file; no C++ library is started.

    Parameters
    ----------
    uri : str
        Path or http(s) URL.
    engine : {"hictkpy", "hicstraw"}
        Library that reads the contacts.
    quick : bool, default False
        Ignored; only the header is read in any case.

    Returns
    -------
    SourceInfo
        ``identity`` is filled for URLs (``bytes``, and ``etag`` and ``last_modified`` where the
        server sends them) and empty for local files.

    Raises
    ------
    InputError
        If the file is missing, not a `.hic` file, of an unknown version, or cut short.
    ConfigError
        If there is no such engine.
    """
    _choose_engine(uri, engine)
    with open_hic_file(uri) as file:
        levels = tuple(Level(resolution) for resolution in file.header.resolutions)
        return SourceInfo(uri, "hic", levels, file.header.assembly, file.identity)


def read_bins(uri: str, level: Level) -> BinTable:
    """Return the bins of one level without reading its contacts.

    Parameters
    ----------
    uri : str
        As for `inspect`.
    level : Level
        A level that `inspect` listed.

    Returns
    -------
    BinTable

    Raises
    ------
    InputError
        If there is no such level, or its chromosomes cannot be read.
    """
    assert level.resolution is not None, "every level of a .hic file has one bin size"
    with open_hic_file(uri) as file:
        return _bin_table(uri, file.header, level.resolution)


@contextmanager
def open_level(
    uri: str,
    level: Level,
    engine: str,
    *,
    chunk_pixels: int = CHUNK_PIXELS,
    command: Sequence[str] = WORKER,
    stall_seconds: float = STALL_SECONDS,
) -> Iterator[OpenLevel]:
    """Open one level of a `.hic` file.

    It is copied to a temporary file, 12 bytes a pixel, that exists until the context ends.

    Parameters
    ----------
    uri : str
        Path or http(s) URL.
    level : Level
        A level of the file.
    engine : {"hictkpy", "hicstraw"}
        Library that reads local files; URLs are always read by hicstraw.
    chunk_pixels : int, optional
        Least number of pixels in a chunk.
    command : sequence of str, optional
        Program of the worker; see `copy_level`.
    stall_seconds : float, optional
        Seconds without a report after which the worker is ended.

    Yields
    ------
    OpenLevel
        Its counts are int64 where all are whole numbers and float64 otherwise. Pixels are
        sorted by (bin1, bin2); chromosomes are in the file's order, without "All".

    Raises
    ------
    InputError
        If the level cannot be read completely, also because the library crashes or hangs.
    ConfigError
        If there is no such engine.
    """
    engine = _choose_engine(uri, engine)
    resolution = level.resolution
    assert resolution is not None, "every level of a .hic file has one bin size"
    bins = read_bins(uri, level)
    # The file never has a name, so that not even a killed process leaves it behind.
    with tempfile.TemporaryFile(prefix="counterpoise-") as spool:
        strips, integral, notes = copy_level(
            uri, resolution, engine, spool, command=command, stall_seconds=stall_seconds
        )
        total = sum(strips)
        records = np.memmap(spool, RECORD, mode="r", shape=(total,))
        count_type = np.dtype(np.int64 if integral else np.float64)

        def chunks() -> Iterator[Chunk]:
            return _read_chunks(records, strips, count_type, chunk_pixels)

        yield OpenLevel(bins, chunks, engine, total, notes=notes)


def _choose_engine(uri: str, engine: str) -> str:
    """Return the library for a source; only hicstraw reads URLs."""
    if engine not in HIC_ENGINES:
        raise ConfigError(
            f"there is no .hic engine {engine!r}; choose one of {', '.join(HIC_ENGINES)}"
        )
    return "hicstraw" if is_url(uri) else engine


def _bin_table(uri: str, header: Header, resolution: int) -> BinTable:
    """Return the bins of a level, whose chromosomes must be named and sized sensibly."""
    if resolution not in header.resolutions:
        resolutions = ", ".join(f"{size:,}" for size in sorted(header.resolutions))
        raise InputError(
            uri,
            f"has no level of {resolution:,} bp (it has {resolutions or 'none'}).",
            "Ask for one of these.",
        )
    check_chromosome_names(header.chromosomes, uri)
    for name, length in zip(header.chromosomes, header.lengths, strict=True):
        if not 1 <= length <= np.iinfo(np.int32).max:
            raise InputError(
                uri,
                f"its chromosome {name} has {length:,} bp; of a .hic file, 1 to 2,147,483,647 can "
                "be read.",
                "Split longer chromosomes into arms, or give the map as a .cool file.",
            )
    if sum(-(-length // resolution) for length in header.lengths) > np.iinfo(np.int32).max:
        raise InputError(
            uri,
            f"has more than 2,147,483,647 bins of {resolution:,} bp.",
            "Read it with larger bins.",
        )
    return BinTable.fixed(header.chromosomes, header.lengths, resolution)


def _read_chunks(
    records: NDArray[Any], strips: list[int], count_type: np.dtype[Any], chunk_pixels: int
) -> Iterator[Chunk]:
    """Return the records in chunks of whole strips, each of at least ``chunk_pixels`` records."""
    start = end = 0
    for number, length in enumerate(strips, 1):
        end += length
        if end > start and (end - start >= chunk_pixels or number == len(strips)):
            piece = records[start:end]
            yield (
                np.ascontiguousarray(piece["bin1"]),
                np.ascontiguousarray(piece["bin2"]),
                piece["count"].astype(count_type),
            )
            start = end
