"""PostgreSQL and MLflow servers on loopback, each in its own process group.

Both can be killed and started again on the same data. ``running`` always ends the process group
that it started.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

START_SECONDS = 600  # busy machines are slow: one took 200 s to import MLflow
STOP_SECONDS = 30


def closed_port() -> int:
    """Return a port of loopback on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """A program that listens on a port of loopback."""

    command: list[str]
    port: int
    log: Path
    ready: Callable[[], bool]
    options: dict[str, Any] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the program and wait until it answers.

        Raises
        ------
        RuntimeError
            The program ended or does not answer; the message quotes the end of its log.
        """
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **self.options,
            )
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            if self.ready():
                return
            time.sleep(0.2)
        self.stop(signal.SIGKILL)
        end_of_log = self.log.read_text(errors="replace")[-3000:]
        raise RuntimeError(f"{' '.join(self.command)} did not start:\n{end_of_log}")

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self, number: signal.Signals | None = None) -> None:
        """End the program and its children with a signal, by default ``stop_signal``."""
        process, self.process = self.process, None
        if process is None:
            return
        try:
            os.killpg(process.pid, number or self.stop_signal)
            process.wait(timeout=STOP_SECONDS)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass  # it has ended, or ignores the signal: kill what is left of the group
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        process.wait(timeout=STOP_SECONDS)


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """Run the server until the end of the block."""
    try:
        server.start()
        yield server
    finally:
        server.stop()


def mlflow_server(folder: Path, store: str, workers: int = 1) -> Server:
    """Return MLflow's server on a store, with artifacts under ``folder/served``."""
    port = closed_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", str(workers), "--backend-store-uri", store]
    command += ["--artifacts-destination", str(folder / "served")]
    # Uvicorn ends a worker that does not answer it within 5 s, as one does that still imports.
    command += ["--uvicorn-opts", f"--timeout-worker-healthcheck {START_SECONDS}"]
    environment = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"}
    options = {"cwd": folder, "env": environment}

    def healthy() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=60):
                return True
        except OSError:
            return False

    return Server(command, port, folder / "server.log", healthy, options)


def missing_for_postgres() -> str:
    """Return what is missing for ``postgres`` to work; empty if nothing is."""
    if not _programs():
        return "PostgreSQL's initdb and postgres are not here: install Debian's postgresql"
    if importlib.util.find_spec("psycopg2") is None:
        return "the driver of PostgreSQL is not here: pip install psycopg2-binary (extra dev)"
    if os.geteuid() == 0 and _account() is None:
        return "PostgreSQL does not run as root, and there is no user postgres (Debian makes it)"
    return ""


def _programs() -> Path | None:
    """Return the folder of initdb and postgres, of the newest version that is installed."""
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    newest_first = sorted(folders, key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    candidates = [*newest_first, *([Path(on_path).parent] if on_path else [])]
    return next((path for path in candidates if (path / "postgres").exists()), None)


def _account() -> tuple[int, int] | None:
    """Return the user and group under which the database runs if the tests run as root."""
    import pwd

    try:
        entry = pwd.getpwnam("postgres")
    except KeyError:
        return None
    return entry.pw_uid, entry.pw_gid


@contextmanager
def postgres() -> Iterator[tuple[Server, str]]:
    """Run a new PostgreSQL until the end of the block; yields it and its URI with a password.

    If the tests run as root, the database runs as the user ``postgres``, who may not enter
    pytest's folders; its data is in a separate temporary folder.
    """
    programs = _programs()
    assert programs is not None
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postgres-")))
        password, port = secrets.token_hex(8), closed_port()
        (folder / "password").write_text(password)
        options: dict[str, Any] = {"cwd": folder}
        if os.geteuid() == 0 and (account := _account()):
            options |= {"user": account[0], "group": account[1], "extra_groups": []}
            for path in (folder, folder / "password"):
                os.chown(path, *account)
        data, log = folder / "data", folder / "log"
        make = [str(programs / "initdb"), "--pgdata", str(data), "--username", "mlflow"]
        make += ["--auth", "scram-sha-256", "--pwfile", str(folder / "password"), "--no-sync"]
        subprocess.run([*make, "--encoding", "UTF8"], check=True, capture_output=True, **options)
        serve = [str(programs / "postgres"), "-D", str(data), "-k", str(folder)]
        serve += ["-h", "127.0.0.1", "-p", str(port)]
        ask = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]

        def recovered() -> bool:
            return subprocess.run(ask, cwd=folder).returncode == 0

        # SIGTERM would wait until the last client disconnects.
        server = Server(serve, port, log, recovered, options, stop_signal=signal.SIGINT)
        stack.enter_context(running(server))
        yield server, f"postgresql://mlflow:{password}@127.0.0.1:{port}/postgres"
