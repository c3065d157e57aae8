"""Failures of MLflow, of its store and of the network do no harm and are made good later."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from counterpoise.errors import CounterpoiseError, strip_credentials
from counterpoise.files import read_json, write_json
from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import RunKey
from counterpoise.tracking.log import next_attempt
from counterpoise.tracking.values import CURVE
from tests.support import REPOSITORY
from tests.support.servers import closed_port
from tests.support.tracking import (
    POINTS,
    artifacts,
    cohort_runs,
    file_hashes,
    history,
    log_results,
    snapshot,
    sqlite_settings,
    stored,
    write_run,
    write_search,
)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_an_interrupted_logging_is_completed(
    paths: ResultPaths,
    rows: list[RunKey],
    settings: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
) -> None:
    """A kill or a full disk ends logging between metrics and artifacts of the second run."""
    upload = LocalArtifactRepository.log_artifacts
    calls = iter(range(100))

    def failing(self: Any, local_dir: str, artifact_path: str | None = None) -> None:
        if next(calls) == 1:
            raise error
        upload(self, local_dir, artifact_path)

    with monkeypatch.context() as patch:
        patch.setattr(LocalArtifactRepository, "log_artifacts", failing)
        if isinstance(error, OSError):
            record = log_results(paths, rows, **settings)
            assert [row["state"] for row in record["runs"]].count("pending") == 1
            assert record["runs"][1]["state"] == record["status"] == "pending"
            assert "No space left on device" in record["reason"]
        else:
            with pytest.raises(KeyboardInterrupt):
                log_results(paths, rows, **settings)
    (unfinished,) = [run for run in stored(settings) if run.info.status == "RUNNING"]
    write_run(paths, rows[1], seconds=9.0)

    record = log_results(paths, rows, **settings)

    assert record["status"] == "logged"
    assert record["runs"][1]["run_id"] == unfinished.info.run_id
    runs = stored(settings)
    assert len(runs) == len(rows)
    for run in runs:
        assert run.info.status == "FINISHED"
        assert artifacts(settings, run) == ["plot.png", "verdict.json"]
        points = history(settings, run)
        assert len(points[CURVE]) == POINTS
        assert len(points["seconds"]) == 1


def test_deleted_artifacts_are_noticed_and_put_back(
    settings: dict[str, Any], paths: ResultPaths, rows: list[RunKey]
) -> None:
    write_search(paths, rows[0])
    write_json(paths.tracking, log_results(paths, rows, **settings))
    store = settings["uri"], settings["artifacts"]
    before, files = snapshot(settings), file_hashes(settings["artifacts"])
    assert next_attempt(paths.tracking, *store) == 0
    for name in ("verdict.json", "plot.png", "bandwidth.json"):
        deleted = next(path for path in files if path.endswith(f"/{name}"))
        Path(deleted).unlink()
        assert next_attempt(paths.tracking, *store) == (0 if name == "bandwidth.json" else 1)
        log_results(paths, rows, **settings)
        assert file_hashes(settings["artifacts"]) == files
    shutil.rmtree(settings["artifacts"])
    assert next_attempt(paths.tracking, *store) == 1
    log_results(paths, rows, **settings)
    assert file_hashes(settings["artifacts"]) == files
    assert snapshot(settings) == before
    # Another store than the recorded one, or one that is not seen from here, is not looked into.
    assert next_attempt(paths.tracking, "http://mlflow.example.org", None) == 0
    assert next_attempt(paths.tracking, settings["uri"], "s3://bucket") == 0
    assert next_attempt(paths.tracking) == 0


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"attempt": null, "status": "logged"}'])
def test_a_damaged_record_asks_for_another_attempt(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tracking.json"
    path.write_text(text)
    os.utime(path, (1e9, 1e9))
    assert next_attempt(path) == 10**9


def test_an_unreachable_server_fails_nothing(
    paths: ResultPaths, caplog: pytest.LogCaptureFixture
) -> None:
    rows = cohort_runs(samples=20)
    for row in rows:
        write_run(paths, row)
    before = file_hashes(paths.root)
    address = f"127.0.0.1:{closed_port()}"
    settings = {
        "uri": f"http://alice:s3cret@{address}",
        "artifacts": None,
        "enabled": True,
        "timeout_seconds": 5,
    }
    environment = dict(os.environ)
    start = time.monotonic()
    record = log_results(paths, rows, **settings)
    assert time.monotonic() - start < 60  # MLflow alone would try for 101 seconds
    assert record["status"] == "pending"
    assert record["uri"] == f"http://{address}"
    assert "Connection refused" in record["reason"]
    assert {row["state"] for row in record["runs"]} == {"pending"}
    assert "not yet logged to MLflow" in caplog.text
    assert "s3cret" not in json.dumps(record) + caplog.text
    assert "alice" not in json.dumps(record) + caplog.text
    assert record == log_results(paths, rows, **settings)
    assert file_hashes(paths.root) == before
    assert dict(os.environ) == environment


def test_a_lost_server_is_not_asked_again(
    paths: ResultPaths,
    rows: list[RunKey],
    settings: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    asked = []

    def gone(self: Any, *args: Any, **kwargs: Any) -> None:
        asked.append(args)
        raise MlflowException("the server does not answer")

    with monkeypatch.context() as patch:
        for name in ("create_run", "get_experiment"):
            patch.setattr(MlflowClient, name, gone)
        record = log_results(paths, rows, **settings)
    assert len(asked) == 2
    assert {row["reason"] for row in record["runs"]} == {"the server does not answer"}


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("sqlite:////dev/null/mlflow.db", "/dev/null"),
        ("nonsense://somewhere", "Can't load plugin"),
        ("postgresql://alice:s3cret@127.0.0.1:1/db", ""),
    ],
)
def test_a_wrong_address_fails_nothing(
    paths: ResultPaths,
    rows: list[RunKey],
    settings: dict[str, Any],
    uri: str,
    reason: str,
) -> None:
    start = time.monotonic()
    record = log_results(paths, rows, **(settings | {"uri": uri}))
    assert time.monotonic() - start < 60  # MLflow alone would try for 101 seconds
    assert record["status"] == "pending"
    assert reason in record["reason"]
    assert "s3cret" not in json.dumps(record)


def test_a_locked_or_foreign_database_fails_nothing(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "mlflow.db").write_text("this is no database, and longer than its header" * 9)
    record = log_results(paths, rows, **settings)
    assert (record["status"], "not a database" in record["reason"]) == ("pending", True)


def test_a_deleted_experiment_and_a_moved_folder_are_explained(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any]
) -> None:
    from mlflow import MlflowClient

    log_results(paths, rows, **settings)
    moved = log_results(paths, rows, **(settings | {"artifacts": "/somewhere/else"}))
    assert moved["status"] == "pending"
    assert "set tracking.artifacts back" in moved["reason"]
    client = MlflowClient(settings["uri"])
    client.delete_experiment(stored(settings)[0].info.experiment_id)
    deleted = log_results(paths, rows, **settings)
    assert deleted["status"] == "pending"
    assert "mlflow experiments restore --experiment-id" in deleted["reason"]


def test_tracking_turned_off_touches_nothing(paths: ResultPaths, tmp_path: Path) -> None:
    record = log_results(paths, cohort_runs(), **(sqlite_settings(tmp_path) | {"enabled": False}))
    assert record["status"] == "off"
    assert {row["state"] for row in record["runs"]} == {"off"}
    assert list(tmp_path.iterdir()) == []


def test_a_missing_result_is_named(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any]
) -> None:
    trace = Path(paths.run_files("s1", 10_000, "kr").trace)
    trace.unlink()
    with pytest.raises(CounterpoiseError, match=str(trace)):
        log_results(paths, rows, **settings)


def test_a_run_whose_plot_is_not_drawn_is_logged(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any]
) -> None:
    Path(paths.plot(*rows[0].place)).unlink()
    record = log_results(paths, rows, **settings)
    assert record["status"] == "logged"
    assert [run["plot"] for run in record["runs"]] == [False, True, True, True]
    assert artifacts(settings, stored(settings)[0]) == ["verdict.json"]
    write_json(paths.tracking, record)
    assert next_attempt(paths.tracking, settings["uri"], settings["artifacts"]) == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://u:p@host:5000/x", "https://host:5000/x"),
        ("postgresql://u:p/w@d@host/db?password=p", "postgresql://host/db"),
        ("at http://token@host failed", "at http://host failed"),
        ("http://u:p/w@host/x", "http://host/x"),
        ("HTTP://u:p/w@host/x and HTTPS://host/x@y", "HTTP://host/x and HTTPS://host/x@y"),
        ("https://host/@@download/x.mcool", "https://host/@@download/x.mcool"),
        ("https://host:80/x@y?key=a@b", "https://host:80/x@y"),
        ("http://[::1]:80/x@y", "http://[::1]:80/x@y"),
        ("sqlite:///results/me@lab/mlflow.db", "sqlite:///results/me@lab/mlflow.db"),
    ],
)
def test_credentials_are_removed(text: str, expected: str) -> None:
    assert strip_credentials(text) == expected


SNAKEFILE = """
from counterpoise.tracking.log import next_attempt
RECORD = "results/demo/tracking.json"
rule all:
    input: "results/demo/tracking.json"
rule track:
    input: "results/demo/weights/s0/10000/ice/verdict.json",
        summary="results/demo/summary.tsv", samples="results/demo/samples.tsv"
    output: update("results/demo/tracking.json")
    params: settings=SETTINGS | {"attempt": next_attempt(RECORD, URI, ARTIFACTS)}
    shell:
        PYTHON + " " + SCRIPT + " --summary {input.summary} --samples {input.samples}"
        + " --output {output} --settings {params.settings:q}"
"""


@pytest.mark.workflow
@pytest.mark.long
def test_snakemake_tries_again_only_while_pending(tmp_path: Path) -> None:
    """Snakemake follows ``next_attempt``, tested with a SQLite store in a missing folder."""
    paths, rows = ResultPaths("demo", str(tmp_path / "results")), cohort_runs(1, ("ice",))
    write_run(paths, rows[0])
    summary = "sample\tresolution\tmethod\tfitness\tfitness_reason\ns0\t10000\tice\tgood\t\n"
    Path(paths.summary).write_text(summary)
    Path(paths.samples).write_text("sample\tusable_resolution\ns0\t10000\n")
    settings = sqlite_settings(tmp_path / "store" / "here") | {"timeout_seconds": 2}
    script = str(REPOSITORY / "scripts" / "track.py")
    sample = {"labels": {}, "group": "", "resolutions": [10_000]}
    cohort = {"cohort": "demo", "samples": {"s0": sample}, "methods": ["ice"], "plotted": ["ice"]}
    names = {
        "SETTINGS": {"tracking": settings, **cohort},
        "PYTHON": sys.executable,
        "SCRIPT": script,
        "URI": settings["uri"],
        "ARTIFACTS": settings["artifacts"],
    }
    head = "".join(f"{name} = {value!r}\n" for name, value in names.items())
    (tmp_path / "Snakefile").write_text(head + SNAKEFILE)
    (tmp_path / "store").write_text("a file where the folder should be")

    def snakemake() -> str:
        command = [sys.executable, "-m", "snakemake", "-c1", "--quiet", "host", "progress"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    pending = snakemake()
    assert "not yet logged" in pending
    assert "Params have changed" in snakemake()
    record = read_json(paths.tracking)
    assert (record["status"], record["attempt"]) == ("pending", 1)
    (tmp_path / "store").unlink()
    snakemake()
    record = read_json(paths.tracking)
    assert (record["status"], record["attempt"]) == ("logged", 2)
    assert "Nothing to be done" in snakemake()
    assert next_attempt(paths.tracking) == 2
    (run,) = stored(settings)
    assert run.info.run_id == record["runs"][0]["run_id"]
    # Deleted files of MLflow are put back.
    for lost in (settings["artifacts"], settings["uri"].removeprefix("sqlite:///")):
        shutil.rmtree(lost) if Path(lost).is_dir() else Path(lost).unlink()
        assert "Params have changed" in snakemake()
        assert "Nothing to be done" in snakemake()
        (run,) = stored(settings)
        assert artifacts(settings, run) == ["plot.png", "verdict.json"]
    # A damaged record does not keep Snakemake from starting, and is written again.
    Path(paths.tracking).write_text('{"attempt": 4, "sta')
    assert "tracking.json is damaged" in snakemake()
    assert read_json(paths.tracking)["status"] == "logged"
    assert "Nothing to be done" in snakemake()
