"""``counterpoise ui``: the report of a cohort, and its runs in MLflow."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, NoReturn

import click

from counterpoise.cli.choose import choose_name
from counterpoise.errors import ConfigError, strip_credentials
from counterpoise.files import read_record
from counterpoise.ingest.urls import is_url
from counterpoise.installation import require_module
from counterpoise.store.paths import BASE, EXPERIMENTS, ResultPaths
from counterpoise.tracking.saved_view import page_address

HOST, PORT = "127.0.0.1", 5000
SQLITE = "sqlite:///"
STOP_SECONDS = 10  # after which a server that does not end is killed
# Only what shows runs: no jobs that score language models, no messages of the start.
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "PYTHONWARNINGS": "ignore",
}
ENDING = (signal.SIGTERM, signal.SIGHUP)


@click.command("ui")
@click.option("--cohort", metavar="NAME", help="Default: the only one with a report in results.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help=f"Port of MLflow.  [default: {PORT}, or a free one]",
)
@click.option("--no-browser", is_flag=True, help="Print the addresses only.")
def command(cohort: str | None, port: int | None, no_browser: bool) -> None:
    """Open the report of a cohort, and its runs in MLflow on this machine.

    The database is the one that the workflow logged to. MLflow listens on loopback until Ctrl-C.
    If the runs are on a server, its page is opened and none is started.
    """
    paths = _find_results(cohort)
    _show("report", Path(paths.report).absolute().as_uri(), no_browser)
    record = read_record(paths.tracking)
    page, uri = record.get("page"), str(record.get("uri", ""))
    if page or is_url(uri):
        _show("MLflow", page or uri, no_browser)
    elif reason := _nothing_logged(record, uri):
        click.echo(f"MLflow  {reason}")
    else:
        sys.exit(_serve(uri, _choose_port(port), record.get("experiment_id"), no_browser))


def _find_results(name: str | None) -> ResultPaths:
    """Return the paths of a cohort that has a report.

    Those of its experiment with the latest report, if only experiments have one.
    """
    reports: dict[str, list[ResultPaths]] = {}
    for pattern in ("*/report.html", f"*/{EXPERIMENTS}/*/report.html"):
        for report in sorted(Path("results").glob(pattern)):
            paths = replace(ResultPaths.of_folder(report.parent), root="results")
            reports.setdefault(paths.cohort, []).append(paths)
    if name is None and not reports:
        raise ConfigError(
            "there is no results/NAME/report.html in this folder yet: 'counterpoise run' makes it."
        )
    chosen = name if name is not None else choose_name(sorted(reports), "results")
    if chosen not in reports:
        raise ConfigError(
            f"there is no {ResultPaths(chosen).report} in this folder yet: 'counterpoise run "
            f"--cohort {chosen}' makes it."
        )
    first, *_ = found = reports[chosen]
    return first if first.experiment == BASE else max(found, key=_time_of_report)


def _time_of_report(paths: ResultPaths) -> float:
    """Return when a report was written, in seconds."""
    return Path(paths.report).stat().st_mtime


def _show(what: str, address: str, no_browser: bool) -> None:
    """Print an address, and open it in a browser."""
    click.echo(f"{what:<6}  {address}")
    if not no_browser:
        webbrowser.open(address)


def _nothing_logged(record: dict[str, Any], uri: str) -> str:
    """Explain why there is no database to show; empty if there is one."""
    if record.get("status", "off") == "off":
        return "has no runs of this cohort: tracking is off."
    database = Path(uri.removeprefix(SQLITE))
    if uri.startswith(SQLITE) and not database.exists():
        return f"has no database: {database} is missing; 'counterpoise run' writes it again."
    return ""


def _choose_port(port: int | None) -> int:
    """Return a free port, by default the usual one of MLflow."""
    for candidate in (port,) if port else (PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, candidate))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ConfigError(f"port {port} is in use; choose another with --port, or leave it out.")


def _serve(uri: str, port: int, experiment: str | None, no_browser: bool) -> int:
    """Run MLflow on a database until Ctrl-C; return the exit status."""
    require_module("mlflow", "tracking needs")
    words = ["ui", "--backend-store-uri", uri, "--host", HOST, "--port", str(port)]
    words += ["--workers", "1", "--uvicorn-opts", "--log-level warning"]
    click.echo(f"Starting MLflow on {strip_credentials(uri)} ...")
    with TemporaryFile() as messages, _running("mlflow", words, messages) as server:
        if not _is_answering(server, port):
            status = server.wait() or 1
            messages.seek(0)
            click.echo(messages.read().decode(errors="replace"), err=True, nl=False)
            return status
        address = f"http://{HOST}:{port}"
        page = page_address(address, experiment) if experiment else address
        _show("MLflow", page, no_browser)
        click.echo("Ctrl-C ends it.")
        return server.wait()
    return 0


@contextmanager
def _running(module: str, words: list[str], output: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a module of this Python in a process group of its own, which ends with the block.

    What it prints goes to ``output``. Ctrl-C, SIGTERM and SIGHUP end the block.
    """

    def leave(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    # nohup has SIGHUP ignored.
    ending = [number for number in ENDING if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, leave) for number in ending}
    # -P: a folder here that is called like a package is not imported.
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", module, *words],
        env={**os.environ, **ENVIRONMENT},
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    except KeyboardInterrupt:
        click.echo("")
    finally:
        _end_group(process)
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children, by force if they do not end."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(STOP_SECONDS)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def _is_answering(server: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until something listens on the port; return whether the server has not ended."""
    while server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return True
        time.sleep(0.2)
    return False
