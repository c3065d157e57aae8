"""The memory of this process, its end by a signal, and the lines of progress that it writes."""

from __future__ import annotations

import ctypes
import resource
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

MIB = 2**20


def keep_freed_memory() -> None:
    """Let this process reuse the memory it frees; glibc would return large pieces to the system.

    Getting new pages from the system costs about as much time as reading a map. Without glibc
    this does nothing.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        trim_threshold, mmap_threshold = -1, -3  # <malloc.h>
        library.mallopt(mmap_threshold, 32 * MIB)  # the most that glibc accepts
        library.mallopt(trim_threshold, 512 * MIB)


def peak_memory_mb() -> float:
    """Return the largest amount of memory that this process has held so far, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not getrusage: on Linux its figure begins with that of the program that started this one.
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024**2 if sys.platform == "darwin" else peak / 1024


def exit_on_signal(number: int, frame: FrameType | None) -> NoReturn:
    """Exit with the status that a shell gives to a signal; ``finally`` blocks run.

    Parameters
    ----------
    number : int
        The signal.
    frame : frame or None
        The frame that the signal interrupted; not used.
    """
    sys.exit(128 + number)


def log_progress(message: str) -> None:
    """Write a line of progress to standard error, which the workflow keeps as the job's log.

    Parameters
    ----------
    message : str
        Text of the line; the time is put before it.
    """
    print(f"{time.strftime('%H:%M:%S')} {message}", file=sys.stderr, flush=True)


class Progress:
    """Writes a line of progress every few seconds.

    Parameters
    ----------
    every_seconds : float
        Least time between two lines.
    unit : str
        What is counted.
    """

    def __init__(self, every_seconds: float = 5.0, unit: str = "pixels") -> None:
        self.every_seconds, self.unit = every_seconds, unit
        self.start = self.last = time.monotonic()

    def __call__(self, done: int, total: int | None) -> None:
        """Report progress, if the last line is old enough.

        Parameters
        ----------
        done : int
            Number of units so far.
        total : int or None
            Number of units in all; None if unknown.
        """
        now = time.monotonic()
        if now - self.last < self.every_seconds:
            return
        self.last = now
        share = f" of {total:,} ({done / total:.0%})" if total else ""
        log_progress(f"{done:,} {self.unit}{share}, {done / (now - self.start):,.0f} a second")
