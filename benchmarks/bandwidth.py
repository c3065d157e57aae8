"""Memory bandwidth that this machine gives to two threads.

python -m benchmarks.bandwidth

Three loops over arrays far larger than any cache, each thread on its own half, the best of many
passes: copy (a = b), add (a = b + c) and read (the OR of all words). Bytes are counted as STREAM
does, those asked for; what the processor fetches in order to overwrite it is not counted. A
product mostly reads. The largest of the three stands for the machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks.measuring import CORES, on_two_cores

WORDS = 1 << 25  # 256 MiB an array
PASSES = 15


def bandwidth() -> dict[str, float]:
    """GB/s of ``copy``, ``add`` and ``read``."""
    a, b, c = (np.full(WORDS, value, np.uint64) for value in (0, 1, 2))
    step = WORDS // CORES
    halves = [slice(start, start + step) for start in range(0, WORDS, step)]
    loops: dict[str, tuple[int, Callable[[slice], object]]] = {
        "copy": (16, lambda part: np.copyto(a[part], b[part])),
        "add": (24, lambda part: np.add(b[part], c[part], out=a[part])),
        "read": (8, lambda part: np.bitwise_or.reduce(b[part])),
    }
    found = {}
    with ThreadPoolExecutor(CORES) as pool:
        for name, (size, loop) in loops.items():
            best = np.inf
            for _ in range(PASSES):
                begin = time.perf_counter()
                list(pool.map(loop, halves))
                best = min(best, time.perf_counter() - begin)
            found[name] = size * WORDS / best / 1e9
    return found


if __name__ == "__main__":
    on_two_cores()
    for loop, speed in bandwidth().items():
        print(f"{loop}: {speed:.1f} GB/s")
