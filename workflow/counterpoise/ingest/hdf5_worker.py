"""The program that reads HDF5 files first: see `ingest.hdf5_trial`.

A request is a line of JSON on standard input. A fork of the process reads the file and ends; the
reply is its exit status, or the negative number of the signal that ended it.
"""

from __future__ import annotations

import json
import os
import resource
import selectors
import sys
from contextlib import suppress
from typing import Any

from counterpoise.ingest.cooler_reader import inspect_directly, open_directly
from counterpoise.ingest.reader_interface import Level

IDLE_SECONDS = 2.0  # without a request, after which the process ends
# Processor time of a trial: more than any sound file takes. Waiting for a disk does not count.
CPU_SECONDS, CPU_SECONDS_PER_GB = 5, 20


def main() -> None:
    """Answer requests until there are none."""
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ)
        while selector.select(IDLE_SECONDS) and (line := sys.stdin.readline()):
            child = os.fork()
            if child == 0:
                _try(**json.loads(line))
            _, status = os.waitpid(child, 0)
            print(os.waitstatus_to_exitcode(status), flush=True)


def _try(uri: str, level: dict[str, Any] | None, quick: bool = False) -> None:
    """Read what the parent will read, and end this process."""
    try:
        _limit(uri.partition("::")[0])
        if level is None:
            inspect_directly(uri, quick=quick)
        else:
            with open_directly(uri, Level(**level)):
                pass
    finally:
        os._exit(0)  # also after an error: the parent will meet the same one, and tell it


def _limit(path: str) -> None:
    """Limit the processor time of this process; a crash leaves no core file."""
    seconds = CPU_SECONDS + CPU_SECONDS_PER_GB * os.path.getsize(path) // 10**9
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):  # also sent to the parent, which answers for both
        main()
