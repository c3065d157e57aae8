"""This process: the memory it holds and the lines of progress that it writes."""

from __future__ import annotations

import ctypes
import resource
import sys
import time
from pathlib import Path

MIB = 2**20


def keep_freed_memory() -> None:
    """Let this process reuse the memory it frees; glibc would return large pieces to the system.

    New pages cost the system about as much time as reading a map does. Elsewhere than with
    glibc nothing happens.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        trim_threshold, mmap_threshold = -1, -3  # <malloc.h>
        library.mallopt(mmap_threshold, 32 * MIB)  # the most that glibc accepts
        library.mallopt(trim_threshold, 512 * MIB)


def peak_memory_mb() -> float:
    """The most memory that this process has held so far, MiB."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not getrusage: on Linux its figure begins with that of the program that started this one.
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024**2 if sys.platform == "darwin" else peak / 1024


def say(message: str) -> None:
    """A line of progress on standard error, which the workflow keeps as the job's log."""
    print(f"{time.strftime('%H:%M:%S')} {message}", file=sys.stderr, flush=True)


class Progress:
    """Pixels read so far, or bytes, a line every few seconds."""

    def __init__(self, every_seconds: float = 5.0, unit: str = "pixels") -> None:
        self.unit = unit
        self.every, self.begin, self.last = every_seconds, time.monotonic(), time.monotonic()

    def __call__(self, done: int, total: int | None) -> None:
        now = time.monotonic()
        if now - self.last < self.every:
            return
        self.last = now
        share = f" of {total:,} ({done / total:.0%})" if total else ""
        say(f"{done:,} {self.unit}{share}, {done / (now - self.begin):,.0f} a second")
