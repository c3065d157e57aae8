"""Start `ingest.hic_worker`, watch it, and turn its failures into `InputError`."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from counterpoise.errors import InputError, MissingExtraError
from counterpoise.files import LARGER_TMPDIR, full_disk_error
from counterpoise.ingest.hic_worker import RECORD
from counterpoise.ingest.urls import is_url

WORKER = (sys.executable, "-m", "counterpoise.ingest.hic_worker")
STALL_SECONDS = 300.0  # a worker that reports nothing for so long is taken to hang


def copy_level(
    uri: str,
    resolution: int,
    engine: str,
    spool: IO[bytes],
    *,
    command: Sequence[str] = WORKER,
    stall_seconds: float = STALL_SECONDS,
) -> tuple[list[int], bool, list[str]]:
    """Let a worker copy the contacts of a level to a file.

    Parameters
    ----------
    uri : str
        Path or URL of a `.hic` file.
    resolution : int
        Bin size in base pairs.
    engine : str
        Library that reads the file.
    spool : binary file
        Open file with a descriptor; receives ``hic_worker.RECORD`` values.
    command : sequence of str
        Program of the worker.
    stall_seconds : float
        Seconds without a report after which the worker is ended.

    Returns
    -------
    strips : list of int
        Number of records in each run of whole rows.
    integral : bool
        Whether every count is a whole number.
    notes : list of str
        What was left out, in words.

    Raises
    ------
    InputError
        The worker's own, or one about its exception, its end or its silence.
    MissingExtraError
        If the library of the engine is not installed.
    DiskFullError
        If the disk of the temporary folder is full.
    """
    strips: list[int] = []
    step, needed = "opening it", None
    with (
        tempfile.TemporaryFile() as output,
        _start_worker([*command, engine, uri, str(resolution)], spool, output) as (process, pipe),
    ):
        for report in _read_reports(pipe, stall_seconds):
            if "integral" in report:
                return strips, report["integral"], report["notes"]
            if "problem" in report:
                raise InputError(uri, report["problem"], report["remedy"])
            if "missing" in report:
                raise MissingExtraError(report["missing"])
            if "full_disk" in report:
                raise full_disk_error(
                    tempfile.gettempdir(),
                    OSError(report["full_disk"]),
                    RECORD.itemsize * sum(strips),
                    needed,
                    f"{uri} at {resolution:,} bp, unpacked,",
                    LARGER_TMPDIR,
                )
            if "exception" in report:
                raise _failure(uri, engine, f"failed while {step} ({report['exception']})")
            if not report:
                silence = f"reported nothing for {stall_seconds:g} s"
                raise _failure(uri, engine, f"{silence} while {step}")
            step, needed = report.get("at", step), report.get("needed", needed)
            strips += [report["strip"]] if "strip" in report else []
        status = _exit_status(process)
        end = f"{_describe_exit(status)} while {step}{_last_line(output)}"
        raise _failure(uri, engine, end, was_killed=status == -signal.SIGKILL)


@contextmanager
def _start_worker(
    command: list[str], spool: IO[bytes], output: IO[bytes]
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run a worker until the context ends; give its process and the pipe of its reports."""
    pipe, worker_end = os.pipe()
    try:
        try:
            process = subprocess.Popen(
                [*command, str(spool.fileno()), str(worker_end)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(spool.fileno(), worker_end),
            )
        finally:
            # Only the worker may hold the writing end, so that its death ends the pipe.
            os.close(worker_end)
        try:
            yield process, pipe
        finally:
            process.kill()
            process.wait()
    finally:
        os.close(pipe)


def _read_reports(pipe: int, stall_seconds: float) -> Iterator[dict[str, Any]]:
    """Return the worker's reports until it ends, and an empty one whenever it stalls."""
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            if not selector.select(stall_seconds):
                yield {}
            data = os.read(pipe, 1 << 16)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            yield from map(json.loads, lines)


def _exit_status(process: subprocess.Popen[bytes]) -> int:
    """Return the exit status of a worker that closed its pipe, and end it if it goes on."""
    try:
        return process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _describe_exit(status: int) -> str:
    """Return an exit status in words."""
    if status == -signal.SIGKILL:
        return "was killed (SIGKILL)"
    if status < 0:
        return f"crashed ({signal.Signals(-status).name})"
    return f"ended with status {status}"


def _last_line(output: IO[bytes]) -> str:
    """Return the last line that the worker printed, for a message."""
    output.seek(0)
    lines = output.read().decode("utf-8", errors="replace").strip().splitlines()
    return f"; it printed: {lines[-1][:300]}" if lines else ""


def _failure(uri: str, engine: str, event: str, *, was_killed: bool = False) -> InputError:
    """Return the error about a worker that did not finish."""
    if was_killed:
        remedy = "Most likely memory ran out: give the job more."
    else:
        other = "hicstraw" if engine == "hictkpy" else "hictkpy"
        alternative = "download it and give its path" if is_url(uri) else f"try the engine {other}"
        remedy = (
            "Most likely the file is damaged: compare its size and checksum with the source and "
            f"fetch it again, or {alternative}."
        )
    return InputError(uri, f"the reader {engine} {event}.", remedy)
