"""`counterpoise ui`: the report of a cohort, and MLflow on loopback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from counterpoise.cli import ui
from counterpoise.cli.main import group
from counterpoise.errors import ConfigError, CounterpoiseError
from tests.support.servers import closed_port


def call(*words: str) -> Result:
    result = CliRunner().invoke(group, ["ui", *words])
    if isinstance(result.exception, CounterpoiseError):
        raise result.exception
    return result


def write_results(folder: Path, name: str = "mine", **record: Any) -> None:
    home = folder / "results" / name
    home.mkdir(parents=True, exist_ok=True)
    (home / "report.html").write_text("<p>report</p>")
    (home / "tracking.json").write_text(json.dumps(record))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_result_it_says_what_to_run(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"no results/NAME/report\.html.*'counterpoise run'"):
        call()
    with pytest.raises(ConfigError, match=r"results/x/report\.html.*'counterpoise run --cohort x'"):
        call("--cohort", "x")


def test_the_only_cohort_or_the_one_that_is_named(folder: Path) -> None:
    write_results(folder, "b", status="off")
    assert "results/b/report.html" in call("--no-browser").output
    write_results(folder, "a", status="off")
    with pytest.raises(ConfigError, match=r"several cohorts.*: a, b\."):
        call("--no-browser")
    assert "results/a/report.html" in call("--no-browser", "--cohort", "a").output


def test_a_cohort_of_which_only_experiments_ran(folder: Path) -> None:
    for name, written in (("old", 900), ("new", 1_000)):
        write_results(folder, f"x/experiments/{name}", status="off")
        os.utime(folder / f"results/x/experiments/{name}/report.html", (0, written))
    for words in ([], ["--cohort", "x"]):
        assert "results/x/experiments/new/report.html" in call("--no-browser", *words).output
    os.utime(folder / "results/x/experiments/old/report.html", (0, 5_000))
    assert "results/x/experiments/old/report.html" in call("--no-browser").output
    write_results(folder, "x", status="off")
    os.utime(folder / "results/x/report.html", (0, 10))
    assert "results/x/report.html" in call("--no-browser").output, "that of the cohort is first"


def test_no_server_is_started_where_there_is_nothing_to_show(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ui, "_serve", lambda *_: pytest.fail("a server was started"))
    opened: list[str] = []
    monkeypatch.setattr(ui.webbrowser, "open", opened.append)
    page = "https://example.org/#/experiments/1/runs"
    write_results(folder, "a", status="logged", uri="https://example.org", page=page)
    write_results(folder, "b", status="logged", uri="sqlite:///results/mlflow.db", page=None)
    assert f"MLflow  {page}\n" in call("--cohort", "a").output
    assert opened == [f"file://{folder}/results/a/report.html", page]
    said = call("--cohort", "b", "--no-browser").output
    assert "results/mlflow.db is missing; 'counterpoise run' writes it again" in said
    assert len(opened) == 2


def test_a_port_in_use(folder: Path) -> None:
    (folder / "results").mkdir()
    (folder / "results" / "mlflow.db").touch()
    write_results(folder, status="logged", uri="sqlite:///results/mlflow.db")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigError, match="is in use"):
            call("--no-browser", "--port", str(taken.getsockname()[1]))


def group_is_alive(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


def children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "--ppid", str(pid), "-o", "pid="], capture_output=True)
    return [int(word) for word in listed.stdout.split()]


@pytest.mark.servers
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_mlflow_shows_the_runs_until_a_signal(folder: Path, number: signal.Signals) -> None:
    from mlflow import MlflowClient

    (folder / "results").mkdir()
    client = MlflowClient(f"sqlite:///{folder}/results/mlflow.db")
    record = {"status": "logged", "uri": "sqlite:///results/mlflow.db", "page": None}
    write_results(folder, **record, experiment_id=client.create_experiment("mine"))
    before = {path.name for path in folder.iterdir()}
    port = closed_port()
    program = "from counterpoise.cli.main import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "ui", "--no-browser", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    servers: list[int] = []
    try:
        lines = [process.stdout.readline()]
        while lines[-1] and not lines[-1].startswith("MLflow"):
            lines.append(process.stdout.readline())
        servers = children(process.pid)
        assert lines[0] == f"report  file://{folder}/results/mine/report.html\n"
        assert lines[1] == "Starting MLflow on sqlite:///results/mlflow.db ...\n"
        page = f"http://127.0.0.1:{port}/#/experiments/1/runs?viewStateShareKey=counterpoise"
        assert lines[2:] == [f"MLflow  {page}\n"]  # and no message of MLflow
        address = f"http://127.0.0.1:{port}/api/2.0/mlflow/experiments/get-by-name"
        with urllib.request.urlopen(f"{address}?experiment_name=mine") as answer:
            assert json.load(answer)["experiment"]["name"] == "mine"
        process.send_signal(number)
        assert process.wait() == 0
        assert len(servers) == 1
        while group_is_alive(servers[0]):  # until the limit of a test
            time.sleep(0.1)
    finally:
        process.kill()
        process.wait()
        for server in servers:
            if group_is_alive(server):
                os.killpg(server, signal.SIGKILL)
    assert {path.name for path in folder.iterdir()} == before
