"""Let a process of its own read an HDF5 file first, because the HDF5 library may not survive it.

Damaged bytes can make the library crash or run without end, and take the whole program with it. So
`ingest.hdf5_worker` reads the headers and the bin table of every cooler before this process does.
Its process is started when it is first needed, and ends when it has had nothing to do for a while.
Threads that read files at the same time have a process each.
"""

from __future__ import annotations

import atexit
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict

from counterpoise.errors import InputError, SetupError
from counterpoise.ingest.reader_interface import FETCH_AGAIN, Level

WORKER = (sys.executable, "-m", "counterpoise.ingest.hdf5_worker")


def try_in_child(uri: str, level: Level | None = None, *, quick: bool = False) -> None:
    """Read the headers of a cooler file in another process.

    This process finds and reports any other fault when it reads the file.

    Parameters
    ----------
    uri : str
        Path, or path with a group.
    level : Level, optional
        The level that will be opened; None if the file will be inspected.
    quick : bool, default False
        How it will be inspected.

    Raises
    ------
    InputError
        If the HDF5 library crashes or runs without end.
    SetupError
        If no other process can be started.
    """
    path, mark, group = uri.partition("::")
    uri_from_anywhere = os.path.abspath(path) + mark + group
    request = {"uri": uri_from_anywhere, "level": level and asdict(level), "quick": quick}
    status = _ask_idle(json.dumps(request))
    if status >= 0:
        return
    number = signal.Signals(-status)
    event = "does not come to an end" if number == signal.SIGXCPU else f"crashes ({number.name})"
    raise InputError(uri, f"is damaged: the HDF5 library {event} while it reads it.", FETCH_AGAIN)


class Trials:
    """A process that tries files, started when it is needed; for one thread at a time.

    Parameters
    ----------
    command : sequence of str
        Program of the process.
    """

    def __init__(self, command: Sequence[str] = WORKER) -> None:
        self.command = list(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0  # a fork of this process must not share the pipes

    def ask(self, request: str) -> int:
        """Send a request.

        Parameters
        ----------
        request : str
            A line for `ingest.hdf5_worker`.

        Returns
        -------
        int
            How the trial ended: 0, or the negative number of a signal.

        Raises
        ------
        SetupError
            If the process does not start.
        """
        # The first process may have ended because it had nothing to do.
        for _ in range(2):
            if reply := self._send(request.encode() + b"\n"):
                return int(reply)
            self.stop()
        raise SetupError(
            "the process that tries HDF5 files ends at once; does "
            f"this print an error: {shlex.join(self.command)} </dev/null"
        )

    def _send(self, line: bytes) -> bytes:
        """Return the reply to a line; empty if the process has ended."""
        if self._process is None or self._owner != os.getpid():
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
            )
            self._owner = os.getpid()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(line)
        except BrokenPipeError:
            return b""
        return self._process.stdout.readline()

    def stop(self) -> None:
        """End the process, if it belongs to this one."""
        process, self._process = self._process, None
        if process is not None and self._owner == os.getpid():
            process.kill()
            process.communicate()


_IDLE: list[Trials] = []  # none of them is in use by a thread


def _ask_idle(request: str) -> int:
    """Send a request to an idle process, or to a new one."""
    try:
        trials = _IDLE.pop()
    except IndexError:
        trials = Trials()
    try:
        return trials.ask(request)
    finally:
        _IDLE.append(trials)


@atexit.register
def _stop_all() -> None:
    """End all processes of trials."""
    for trials in _IDLE:
        trials.stop()
