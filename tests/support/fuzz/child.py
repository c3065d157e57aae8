"""A process that runs cases, with limited memory: one request and one reply per line, in JSON."""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import shutil
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

MEMORY_BYTES = 2 << 30
SECONDS = 20.0  # of one case


def limit_memory() -> None:
    """Let this process and its children take 2 GB more than now; a crash leaves no core file."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def serve(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answer the requests of standard input; what libraries print does not mix with the replies."""
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    print(json.dumps({"ready": True}), file=replies)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=replies)


def main(valid: Path, scratch: Path) -> None:
    """Run the cases that are asked for."""
    from tests.support.fuzz.cases import run_case

    warnings.filterwarnings("error", category=RuntimeWarning, module="counterpoise")
    limit_memory()

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        faulthandler.dump_traceback_later(SECONDS * 0.9)  # shows where a case hangs
        reply = run_case(request["kind"], request["number"], valid, scratch)
        faulthandler.cancel_dump_traceback_later()
        return reply

    serve(answer)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
