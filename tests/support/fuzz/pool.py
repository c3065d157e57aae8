"""Processes that run cases, each ended if it hangs, and replaced if it dies."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.support import REPOSITORY
from tests.support.fuzz.child import SECONDS
from tests.support.fuzz.seeds import write_seeds

START_SECONDS = 120.0


class Server:
    """A process that answers requests; ``ask`` starts it where there is none."""

    def __init__(self, *command: str, log: Path) -> None:
        self.command, self.log = command, log
        self.process: subprocess.Popen[bytes] | None = None

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the reply, or one that says how the process ended."""
        if self.process is None:
            self._start()
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        return self._receive(SECONDS)

    def _start(self) -> None:
        paths = (str(REPOSITORY / "workflow"), str(REPOSITORY))
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-X", "faulthandler", "-m", *self.command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=REPOSITORY,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"},
                start_new_session=True,
            )
        first = self._receive(START_SECONDS)
        if "ready" not in first:
            raise RuntimeError(f"{self.command} does not start: {self.log.read_text()[-3000:]}")

    def _receive(self, seconds: float) -> dict[str, Any]:
        """Wait for one line."""
        assert self.process is not None
        assert self.process.stdout is not None
        deadline, data = time.monotonic() + seconds, b""
        pipe = self.process.stdout.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while not data.endswith(b"\n"):
                left = deadline - time.monotonic()
                if left <= 0 or not selector.select(left):
                    self.stop()
                    return self._fault(f"no answer within {seconds:g} s")
                piece = os.read(pipe, 1 << 16)
                if not piece:
                    return self._describe_end()
                data += piece
        reply: dict[str, Any] = json.loads(data)
        return reply

    def _describe_end(self) -> dict[str, Any]:
        assert self.process is not None
        status = self.process.wait()
        self.stop()
        name = signal.Signals(-status).name if status < 0 else f"status {status}"
        return self._fault(f"ended by {name}")

    def _fault(self, event: str) -> dict[str, Any]:
        """Return the fault, with what the process printed last."""
        log = self.log.read_text(errors="replace").partition("Extension modules")[0]
        return {"outcome": "fault", "detail": f"{log[-3000:].strip()}\n{event}"}

    def stop(self) -> None:
        """End the process and what it has started."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):  # it has ended, and its children with it
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):  # what it was still to be asked
                pipe.close()
        self.process = None


def run_campaign(
    cases: Iterable[tuple[str, int]], processes: int, compare: bool = True
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Run cases and yield the name and the reply of each, in order.

    Parameters
    ----------
    cases : iterable of (str, int)
        Kind and number of each case.
    processes : int
        Number of processes.
    compare : bool
        Whether maps that are read are compared with what peers read.
    """
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name)
        valid = folder / "valid"
        valid.mkdir()
        write_seeds(valid)
        workers = [_Worker(folder, number, compare) for number in range(processes)]
        free = list(workers)

        def run(case: tuple[str, int]) -> tuple[str, dict[str, Any]]:
            worker = free.pop()
            try:
                return f"{case[0]}:{case[1]}", worker.run(*case)
            finally:
                free.append(worker)

        try:
            with ThreadPoolExecutor(processes) as pool:
                yield from pool.map(run, cases)
        finally:
            for worker in workers:
                worker.stop()


class _Worker:
    """A process of the package and, where they are needed, the peers that read the same files."""

    def __init__(self, folder: Path, number: int, compare: bool) -> None:
        self.compare = compare
        valid, scratch = str(folder / "valid"), str(folder / f"scratch-{number}")
        self.package = Server(
            "tests.support.fuzz.child", valid, scratch, log=folder / f"log-{number}"
        )
        self.peers = {
            program: Server(
                "tests.support.fuzz.peer", program, log=folder / f"log-{number}-{program}"
            )
            for program in ("cooler", "hictkpy")
        }

    def run(self, kind: str, number: int) -> dict[str, Any]:
        from tests.support.fuzz.cases import KINDS

        start = time.monotonic()
        reply = self.package.ask({"kind": kind, "number": number})
        reply["seconds"] = time.monotonic() - start
        program = KINDS[kind].peer
        if self.compare and program is not None and reply["outcome"] == "read":
            self._compare(reply, program)
        return reply

    def _compare(self, reply: dict[str, Any], program: str) -> None:
        """Turn a map that a peer reads otherwise into a fault."""
        reply["compared"] = 0
        for level in reply["levels"]:
            keys = ("group", "resolution")
            theirs = self.peers[program].ask({"path": reply["path"], **{k: level[k] for k in keys}})
            if "sum" not in theirs:  # it does not accept the file, or it crashes or hangs
                continue
            reply["compared"] += 1
            differing = [k for k in ("sum", "nnz", "bins", "pixels") if level[k] != theirs[k]]
            # A map that is as it was before bytes were changed is right whatever the peer reads.
            if differing and not level.get("as_valid"):
                ours = {key: level[key] for key in differing}
                peers = {key: theirs[key] for key in differing}
                reply.update(outcome="fault", detail=f"{program} reads {peers}, the package {ours}")

        if program == "hictkpy":  # it keeps a core busy as long as it is imported
            self.peers[program].stop()

    def stop(self) -> None:
        self.package.stop()
        for peer in self.peers.values():
            peer.stop()
