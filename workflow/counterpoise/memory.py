"""How much memory a balancing job needs, foretold and measured."""

from __future__ import annotations

import ctypes
import resource
import sys
from pathlib import Path

MIB = 2**20

# Python, its libraries and what reading holds at a time.
BASE = 150 * MIB
# A map in memory: its columns, and for whole counts up to 65,535 and for wider ones the counts and
# the compact layout, whose lists take 3 bytes an entry or 10.
COLUMN, NARROW, WIDE = 4, 2 + 3, 8 + 10
# A map that streams: two row groups of triples, and a slab a thread.
STREAMING = 200 * MIB
# For each bin: the table and the mask, the rows' places, the sums of the blocks, vectors.
BIN = 300


def needed(bins: int, nonzeros: int, narrow: bool) -> int:
    """Bytes that balancing a map in memory takes at most.

    Parameters
    ----------
    narrow : whether counts are whole and at most 65,535.
    """
    return BASE + bins * BIN + nonzeros * (COLUMN + (NARROW if narrow else WIDE))


def needed_streaming(bins: int) -> int:
    """Bytes that balancing a map takes at most when it streams from disk."""
    return BASE + STREAMING + bins * BIN


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
