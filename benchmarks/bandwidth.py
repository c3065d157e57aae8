"""Measure the memory bandwidth of two threads.

python -m benchmarks.bandwidth

Runs three loops over arrays much larger than any cache, with one half of the arrays per thread:
copy (a = b), add (a = b + c) and read (the OR of all words). The best of many passes counts. Bytes
are counted as in STREAM: requested bytes only, without those that the processor fetches in order to
overwrite them. A matrix-vector product mostly reads. The largest of the three is the bandwidth of
the machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks.measuring import CORES, use_two_cores

WORDS = 1 << 25  # 256 MiB per array
PASSES = 15


def bandwidth() -> dict[str, float]:
    """Return the GB/s of ``copy``, ``add`` and ``read``."""
    a, b, c = (np.full(WORDS, value, np.uint64) for value in (0, 1, 2))
    step = WORDS // CORES
    halves = [slice(start, start + step) for start in range(0, WORDS, step)]
    loops: dict[str, tuple[int, Callable[[slice], object]]] = {
        "copy": (16, lambda part: np.copyto(a[part], b[part])),
        "add": (24, lambda part: np.add(b[part], c[part], out=a[part])),
        "read": (8, lambda part: np.bitwise_or.reduce(b[part])),
    }
    speeds = {}
    with ThreadPoolExecutor(CORES) as pool:
        for name, (size, loop) in loops.items():
            best = np.inf
            for _ in range(PASSES):
                begin = time.perf_counter()
                list(pool.map(loop, halves))
                best = min(best, time.perf_counter() - begin)
            speeds[name] = size * WORDS / best / 1e9
    return speeds


if __name__ == "__main__":
    use_two_cores()
    for loop, speed in bandwidth().items():
        print(f"{loop}: {speed:.1f} GB/s")
