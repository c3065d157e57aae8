"""Reading `.hic` files, with the C++ readers kept in a process of their own."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Chunk
from counterpoise.errors import ConfigError, InputError
from counterpoise.ingest.hic_format import Header, open_hic_file
from counterpoise.ingest.hic_worker import RECORD
from counterpoise.ingest.source import HIC_ENGINES, Level, OpenLevel, SourceInfo, is_url

STALL_SECONDS = 300.0  # a reader that says nothing for this long is taken for hung
CHUNK = 1 << 21  # pixels that a piece handed on has at least, if there are that many
WORKER = (sys.executable, "-m", "counterpoise.ingest.hic_worker")


def inspect_hic(uri: str, engine: str) -> SourceInfo:
    """The levels and assembly of a `.hic` file or URL; no C++ reader is started.

    Parameters
    ----------
    uri : local path or http(s) URL.
    engine : ``hictkpy`` or ``hicstraw``.

    Returns
    -------
    SourceInfo : ``identity`` is filled for URLs (``bytes``, ``etag``, ``last_modified`` as far as
        the server tells) and left empty for local files.

    Raises
    ------
    InputError : not there, not a `.hic` file, of an unknown version, or cut short.
    ConfigError : no such engine.
    """
    _engine_for(uri, engine)
    with open_hic_file(uri) as file:
        levels = tuple(Level(resolution) for resolution in file.header.resolutions)
        return SourceInfo(uri, "hic", levels, file.header.assembly, file.identity)


@contextmanager
def open_hic(uri: str, resolution: int, engine: str) -> Iterator[OpenLevel]:
    """Read one level into a temporary file (12 bytes a pixel), which is gone when the block ends.

    Parameters
    ----------
    uri : local path or http(s) URL.
    resolution : bin size in base pairs, one of the file's own.
    engine : ``hictkpy``, or ``hicstraw``, which reads URLs whatever is asked for.

    Returns
    -------
    OpenLevel : its chunks are raw counts, int64 where all are whole numbers and float64 else,
        sorted by (bin1, bin2); chromosomes are in the file's order, without "All".

    Raises
    ------
    InputError : whatever keeps the level from being read whole, a reader that crashes or hangs
        included.
    ConfigError : no such engine.
    """
    engine = _engine_for(uri, engine)
    with open_hic_file(uri) as file:
        bins = _bin_table(uri, file.header, resolution)
    # The file has no name from the start, so that not even a killed process leaves it behind.
    with tempfile.TemporaryFile(prefix="counterpoise-") as spool:
        strips, integral = _read_in_worker(uri, resolution, engine, spool)
        total = sum(strips)
        records = np.memmap(spool, RECORD, mode="r", shape=(total,))
        counts = np.dtype(np.int64 if integral else np.float64)
        yield OpenLevel(bins, lambda: _chunks(records, strips, counts), total)


def _engine_for(uri: str, engine: str) -> str:
    if engine not in HIC_ENGINES:
        raise ConfigError(
            f"there is no .hic engine {engine!r}; choose one of {', '.join(HIC_ENGINES)}"
        )
    return "hicstraw" if is_url(uri) else engine


def _bin_table(uri: str, header: Header, resolution: int) -> BinTable:
    if resolution not in header.resolutions:
        there = ", ".join(f"{size:,}" for size in sorted(header.resolutions))
        raise InputError(
            uri,
            f"has no level of {resolution:,} bp (it has {there or 'none'}).",
            "Ask for one of these.",
        )
    if len(set(header.chromosomes)) < len(header.chromosomes):
        raise InputError(
            uri, "lists a chromosome name twice.", "Write it again with names that differ."
        )
    longest = max(header.lengths, default=0)
    if longest > np.iinfo(np.int32).max or min(header.lengths, default=1) < 1:
        raise InputError(
            uri,
            "has a chromosome of no length or of more than 2,147,483,647 bp.",
            "Split longer chromosomes into arms and write the map again.",
        )
    return BinTable.fixed(header.chromosomes, header.lengths, resolution)


def _chunks(records: NDArray[Any], strips: list[int], counts: np.dtype[Any]) -> Iterator[Chunk]:
    """The records in pieces of ``CHUNK`` and more; a strip is whole rows and is never split."""
    start = end = 0
    for number, length in enumerate(strips, 1):
        end += length
        if end > start and (end - start >= CHUNK or number == len(strips)):
            piece = records[start:end]
            yield (
                np.ascontiguousarray(piece["bin1"]),
                np.ascontiguousarray(piece["bin2"]),
                piece["count"].astype(counts),
            )
            start = end


def _read_in_worker(
    uri: str, resolution: int, engine: str, spool: IO[bytes]
) -> tuple[list[int], bool]:
    """Let a worker fill ``spool``; the records in each strip of rows, and if all counts are whole.

    Raises
    ------
    InputError : the worker's own, or made from its exception, death or silence.
    """
    strips: list[int] = []
    place = "opening it"
    with (
        tempfile.TemporaryFile() as output,
        _worker((engine, uri, str(resolution)), spool, output) as (process, pipe),
    ):
        for said in _reports(pipe):
            if "at" in said:
                place = said["at"]
            elif "strip" in said:
                strips.append(said["strip"])
            elif "integral" in said:
                return strips, said["integral"]
            elif "problem" in said:
                raise InputError(uri, said["problem"], said["remedy"])
            elif "exception" in said:
                raise _reader_failed(uri, engine, f"failed while {place} ({said['exception']})")
            else:
                raise _reader_failed(
                    uri, engine, f"gave no sign of life for {STALL_SECONDS:g} s while {place}"
                )
        code = _exit_status(process)
        raise _reader_failed(
            uri, engine, f"{_death(code)} while {place}{_last_words(output)}", code
        )


@contextmanager
def _worker(
    arguments: tuple[str, ...], spool: IO[bytes], output: IO[bytes]
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A running worker and the pipe it reports to; it is ended with the block, come what may."""
    pipe, worker_end = os.pipe()
    try:
        try:
            process = subprocess.Popen(
                [*WORKER, *arguments, str(spool.fileno()), str(worker_end)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(spool.fileno(), worker_end),
            )
        finally:
            # Only the worker may hold the writing end: its death then ends the pipe.
            os.close(worker_end)
        try:
            yield process, pipe
        finally:
            process.kill()
            process.wait()
    finally:
        os.close(pipe)


def _reports(pipe: int) -> Iterator[dict[str, Any]]:
    """What the worker says, until it ends; an empty report where it fell silent."""
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            if not selector.select(STALL_SECONDS):
                yield {}
            data = os.read(pipe, 1 << 16)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            yield from map(json.loads, lines)


def _exit_status(process: subprocess.Popen[bytes]) -> int:
    """The status of a worker that closed its pipe; one that then does not end is ended."""
    try:
        return process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _death(code: int) -> str:
    if code >= 0:
        return f"ended with status {code}"
    return f"crashed ({signal.Signals(-code).name})"


def _last_words(output: IO[bytes]) -> str:
    output.seek(0)
    lines = output.read().decode("utf-8", errors="replace").strip().splitlines()
    return f"; it said: {lines[-1][:300]}" if lines else ""


def _reader_failed(uri: str, engine: str, what: str, code: int = 0) -> InputError:
    if code == -signal.SIGKILL:
        remedy = "Most likely memory ran out: give the job more."
    else:
        other = "hicstraw" if engine == "hictkpy" else "hictkpy"
        remedy = (
            "Most likely the file is damaged: compare its size and checksum with the source and "
            "fetch it again, or "
        ) + ("download it and give its path." if is_url(uri) else f"try the engine {other}.")
    return InputError(uri, f"the reader {engine} {what}.", remedy)
