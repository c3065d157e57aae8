"""MLflow logging: what is logged, that nothing is duplicated, and that failures are harmless."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from counterpoise.contacts.bandwidth import Bandwidth
from counterpoise.errors import CounterpoiseError, strip_credentials
from counterpoise.files import read_json, sha256, write_json
from counterpoise.records.facts import FewWeights, LargeErrors
from counterpoise.records.fitness import Fitness
from counterpoise.records.search import Candidate, Search
from counterpoise.records.wording import FITNESS_LABELS, fitness_reason
from counterpoise.store.arrow import write_table
from counterpoise.store.missing import Unfinished
from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import RunKey
from counterpoise.store.weights import read_verdict
from counterpoise.tracking.log import log_cohort, next_attempt
from counterpoise.tracking.values import CURVE, merge_curves, read_values
from tests.support import REPOSITORY
from tests.support.documentation import documented
from tests.support.servers import closed_port, mlflow_server, running
from tests.support.tracking import (
    POINTS,
    cohort_runs,
    log_results,
    stored,
    stored_cohort,
    write_run,
)


def write_search(paths: ResultPaths, row: RunKey, score: float = 0.25) -> None:
    """Add a bandwidth search on two parts to a run."""
    verdict = paths.run_files(*row.place).verdict
    none = Candidate(Bandwidth(0.0), math.nan, math.nan, 0, "not converged")
    one, two = (
        Candidate(Bandwidth(0.125), score, math.nan, 9),
        Candidate(Bandwidth(0.25), 0.5, 0.01, 8),
    )
    best = 1 if score < two.score else 2
    record = read_json(verdict)
    first = record["parts"][0]
    record["parts"] = [
        first | {"label": search.label, "bandwidth": base_pairs, "search": search.to_dict()}
        for search, base_pairs in (
            (Search("genome", 16, 1e4, "cvm", (none, one, two), best), 20_000.0),
            (Search("chr2", 8, 1e4, "cvm", (none,), 0), 40_000.0),
        )
    ]
    write_json(verdict, record)


def tables(settings: dict[str, Any], run: Any) -> pd.DataFrame:
    """Read the table of a run as MLflow does."""
    from mlflow import MlflowClient

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", settings["uri"])
        return MlflowClient().load_table(
            run.info.experiment_id, "bandwidth.json", run_ids=[run.info.run_id]
        )


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A new MLflow database; creating one takes seconds, so tests copy it."""
    folder = tmp_path_factory.mktemp("store")
    record = log_results(ResultPaths("none", str(folder)), [], **sqlite_settings(folder))
    assert record["status"] == "logged"
    assert sorted(path.name for path in folder.iterdir()) == ["mlartifacts", "mlflow.db"]
    return (folder / "mlflow.db").read_bytes()


def sqlite_settings(folder: Path) -> dict[str, Any]:
    return {
        "uri": f"sqlite:///{folder}/mlflow.db",
        "artifacts": f"{folder}/mlartifacts",
        "enabled": True,
        "timeout_seconds": 5,
    }


@pytest.fixture
def settings(tmp_path: Path, empty_database: bytes) -> dict[str, Any]:
    (tmp_path / "mlflow.db").write_bytes(empty_database)
    return sqlite_settings(tmp_path)


@pytest.fixture
def paths(tmp_path: Path) -> ResultPaths:
    return ResultPaths("demo", str(tmp_path / "results"))


@pytest.fixture
def rows(paths: ResultPaths) -> list[RunKey]:
    rows = cohort_runs()
    for row in rows:
        write_run(paths, row)
    return rows


def history(settings: dict[str, Any], run: Any) -> dict[str, list[tuple[int, int, float]]]:
    """Return every point of every metric of a run: step, time, value."""
    from mlflow import MlflowClient

    client = MlflowClient(settings["uri"])
    return {
        key: [
            (point.step, point.timestamp, point.value)
            for point in client.get_metric_history(run.info.run_id, key)
        ]
        for key in run.data.metrics
    }


def snapshot(settings: dict[str, Any]) -> dict[str, Any]:
    """Return everything that the store holds, to check that nothing changed."""
    return {
        run.info.run_id: (run.info.status, run.data.tags, run.data.params, history(settings, run))
        for run in stored(settings)
    }


def artifacts(settings: dict[str, Any], run: Any) -> list[str]:
    from mlflow import MlflowClient

    return sorted(
        file.path for file in MlflowClient(settings["uri"]).list_artifacts(run.info.run_id)
    )


def file_hashes(folder: str) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in Path(folder).rglob("*")
        if path.is_file()
    }


def test_everything_of_a_run_is_logged(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any]
) -> None:
    record = log_results(paths, rows, **settings)
    assert (record["status"], record["reason"], record["experiment"]) == ("logged", "", "demo")
    runs = stored(settings)
    assert [run.info.run_name for run in runs] == [
        "s0 10 kb ice",
        "s0 10 kb kr",
        "s1 10 kb ice",
        "s1 10 kb kr",
    ]
    assert [row["run_id"] for row in record["runs"]] == [run.info.run_id for run in runs]
    run = runs[0]
    assert run.info.status == "FINISHED"
    assert run.info.end_time - run.info.start_time == 1500
    assert run.data.params == {
        "tolerance": "1e-05",
        "max_iterations": "200",
        "on_failure": "keep",
        "mask.mad_max": "5.0",
    }
    weights = paths.run_files("s0", 10_000, "ice").weights
    expected = {
        "cohort": "demo",
        "sample": "s0",
        "condition": "control",
        "resolution": "10000",
        "method": "ice",
        "algorithm": "ice",
        "scope": "genome",
        "status": "converged",
        "input_sha256": "ab" * 32,
        "weights_sha256": hashlib.sha256(Path(weights).read_bytes()).hexdigest(),
        "version.numpy": "2.0",
        "counterpoise.run": "demo/s0/10000/ice",
        "counterpoise.current": "true",
    }
    assert expected.items() <= run.data.tags.items()
    assert "replicate" not in run.data.tags
    points = history(settings, run)
    steps = range(1, POINTS + 1)
    assert [point[0] for point in points[CURVE]] == list(steps)
    assert [point[2] for point in points[CURVE]] == pytest.approx(
        [step * math.log10(0.5) for step in steps]
    )
    final = {key: value for key, value in run.data.metrics.items() if len(points[key]) == 1}
    assert final == {
        "final_max_deviation": 1e-6,
        "final_rms_deviation": 5e-7,
        "iterations": POINTS,
        "matvecs": 2 * POINTS,
        "bins": 4,
        "kept_bins": 3,
        "kept_fraction": 0.75,
        "weighted_bins": 0,
        "parts": 1,
        "parts_balanced": 1,
        "masked_mad": 1,
        "seconds": 1.5,
        "peak_memory_mb": 80,
    }
    assert artifacts(settings, run) == ["plot.png", "verdict.json"]
    assert list(Path(settings["artifacts"]).glob("demo/*/artifacts/plot.png"))


def test_logging_again_changes_nothing(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any]
) -> None:
    first = log_results(paths, rows, **settings)
    before = snapshot(settings)
    # The run is balanced again with the same content, but other seconds and file times.
    write_run(paths, rows[0], seconds=9.0)
    assert log_results(paths, rows, **settings) == first
    assert snapshot(settings) == before
    assert len(before) == len(rows)


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


def test_a_run_created_twice_by_a_repeated_request_is_merged(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any]
) -> None:
    from mlflow import MlflowClient

    log_results(paths, rows, **settings)
    run = stored(settings)[0]
    MlflowClient(settings["uri"]).create_run(run.info.experiment_id, tags=run.data.tags)
    assert len(stored(settings)) == len(rows) + 1
    record = log_results(paths, rows, **settings)
    assert [run.info.run_id for run in stored(settings)] == [
        row["run_id"] for row in record["runs"]
    ]


def test_changed_settings_make_a_new_run_and_mark_the_old(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any]
) -> None:
    first = log_results(paths, rows, **settings)
    write_run(paths, rows[0], tolerance=1e-3)
    second = log_results(paths, rows, **settings)
    assert second["runs"][1:] == first["runs"][1:]
    old, new = (record["runs"][0]["run_id"] for record in (first, second))
    assert old != new
    runs = {run.info.run_id: run for run in stored(settings)}
    assert len(runs) == len(rows) + 1
    current = {
        run_id for run_id in runs if runs[run_id].data.tags["counterpoise.current"] == "true"
    }
    assert current == set(runs) - {old}
    assert (runs[old].data.params["tolerance"], runs[new].data.params["tolerance"]) == (
        "1e-05",
        "0.001",
    )

    write_run(paths, rows[0])  # the first run is the current one again
    assert log_results(paths, rows, **settings) == first
    runs = {run.info.run_id: run for run in stored(settings)}
    assert len(runs) == len(rows) + 1
    assert runs[old].data.tags["counterpoise.current"] == "true"
    assert runs[new].data.tags["counterpoise.current"] == "false"


def test_a_new_plot_replaces_the_artifact(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any]
) -> None:
    log_results(paths, rows[:1], **settings)
    write_run(paths, rows[0])
    path = Path(paths.plot("s0", 10_000, "ice"))
    path.write_bytes(b"another picture")
    log_results(paths, rows[:1], **settings)
    (run,) = stored(settings)
    artifact = Path(run.info.artifact_uri.removeprefix("file://")) / "plot.png"
    assert artifact.read_bytes() == b"another picture"
    assert run.data.tags["plot_sha256"] == sha256(path)


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


def test_a_bandwidth_search_is_logged_as_a_table(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any]
) -> None:
    write_search(paths, rows[0])
    log_results(paths, rows[:2], **settings)
    run, other = stored(settings)
    assert artifacts(settings, run) == ["bandwidth.json", "plot.png", "verdict.json"]
    table = tables(settings, run)
    assert table.astype(object).where(table.notna(), None).to_numpy().tolist() == [
        ["genome", 0, False, None, None, 0, "not converged"],
        ["genome", 20_000, True, 0.25, None, 9, ""],
        ["genome", 40_000, False, 0.5, 0.01, 8, ""],
        ["chr2", 0, True, None, None, 0, "not converged"],
    ]
    assert run.data.metrics["bandwidth"] == 30_000  # median of the parts
    assert artifacts(settings, other) == ["plot.png", "verdict.json"]
    assert "bandwidth" not in other.data.metrics
    assert "mlflow.loggedArtifacts" not in other.data.tags


def test_a_new_search_is_a_new_run(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any]
) -> None:
    write_search(paths, rows[0])
    log_results(paths, rows[:1], **settings)
    write_search(paths, rows[0], score=0.125)
    log_results(paths, rows[:1], **settings)
    assert len(stored(settings)) == 2


@pytest.mark.parametrize("name", ["weights", "trace"])
def test_each_file_belongs_to_the_content(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any], name: str
) -> None:
    log_results(paths, rows[:1], **settings)
    path = getattr(write_run(paths, rows[0]), name)
    pq.write_table(pq.read_table(path).slice(1), path)
    log_results(paths, rows[:1], **settings)
    assert len(stored(settings)) == 2


def test_a_changed_sample_sheet_updates_the_tags(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any]
) -> None:
    log_results(paths, rows, **settings)
    rows[0] = replace(rows[0], labels={"condition": "knock-out", "replicate": "2"})
    rows[1] = replace(rows[1], labels={})
    log_results(paths, rows, **settings)
    runs = stored(settings)
    assert len(runs) == len(rows)
    assert (runs[0].data.tags["condition"], runs[0].data.tags["replicate"]) == ("knock-out", "2")
    assert "condition" not in runs[1].data.tags


def test_edits_of_the_user_in_mlflow_stay(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any]
) -> None:
    from mlflow import MlflowClient

    log_results(paths, rows, **settings)
    notes = {"mlflow.note.content": "look at chr3", "mine": "yes"}
    for key, value in notes.items():
        MlflowClient(settings["uri"]).set_tag(stored(settings)[0].info.run_id, key, value)
    log_results(paths, rows, **settings)
    assert notes.items() <= stored(settings)[0].data.tags.items()


def test_a_new_sample_changes_the_fitness_and_contradicts_no_description(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any]
) -> None:
    """The description is written once, so it holds nothing that depends on other samples."""
    for fitness in (("good", ""), ("caution", "The map is shallow.")):
        log_cohort(paths, rows[:1], {rows[0].place: fitness}, **settings)
        (run,) = stored(settings)
        assert (run.data.tags["fitness"], run.data.tags["fitness_reason"]) == fitness
        note = run.data.tags["mlflow.note.content"]
        assert note.startswith("**s0 10 kb ice: converged.**")
        assert not [label for label in FITNESS_LABELS.values() if label in note]


def test_the_description_says_what_the_curve_of_kernel_methods_is(
    paths: ResultPaths, rows: list[RunKey]
) -> None:
    text = read_values(paths, rows[0], ("good", "")).description
    assert "of a balanced row sum from its target (with kernel methods, of a smoothed" in text
    assert "`max_smoothed_deviation`" in documented("MLflow metrics")[CURVE][0]


def test_values_that_are_not_finite_are_skipped(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any]
) -> None:
    """A failed run has no deviation in its verdict, and NaN and infinity in its trace."""
    files = write_run(paths, rows[0], points=4)
    failed = {"status": "failed", "fitness": "no", "reason": "no total support"}
    failed |= {"max_deviation": None}
    write_json(files.verdict, read_json(files.verdict) | failed)
    trace = pq.read_table(files.trace).to_pydict()
    trace["max_deviation"] = [0.5, math.inf, math.nan, 3.0]
    write_table(files.trace, trace)
    assert log_results(paths, rows[:1], **settings)["status"] == "logged"
    (run,) = stored(settings)
    assert (run.info.status, run.data.tags["status"]) == ("FAILED", "failed")
    assert "**s0 10 kb ice: failed.** no total support" in run.data.tags["mlflow.note.content"]
    points = history(settings, run)
    assert [point[::2] for point in points[CURVE]] == [
        (1, pytest.approx(math.log10(0.5))), (4, pytest.approx(math.log10(3.0)))
    ]  # fmt: skip
    assert "final_max_deviation" not in points


def test_one_curve_for_many_chromosomes() -> None:
    trace = pa.table(
        {
            "part": ["chr2", "chr1", "chr1", "chr1", "chr2"],
            "iteration": [1, 1, 2, 3, 2],
            "max_deviation": [0.9, 0.5, 0.4, 0.1, 0.2],
            "max_smoothed_deviation": [math.nan] * 5,
        }
    )
    steps, largest = merge_curves(trace)
    assert steps.tolist() == [1, 2, 3]
    assert largest.tolist() == [0.9, 0.4, 0.2]  # chr2 has ended at 0.2


def test_a_method_of_one_pass_has_no_curve(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any]
) -> None:
    write_run(paths, rows[0], points=0)
    assert log_results(paths, rows[:1], **settings)["status"] == "logged"
    (run,) = stored(settings)
    assert CURVE not in run.data.metrics
    assert run.data.metrics["final_max_deviation"] == 1e-6


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
    assert time.monotonic() - start < 10
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
    assert time.monotonic() - start < 5  # MLflow alone would try for 101 seconds
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


def test_figures_of_the_cohort_are_updated_in_place(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any]
) -> None:
    """They may change without the run's content, such as the resolution that a sample reaches."""
    place, fitness = rows[0].place, {rows[0].place: ("good", "")}
    for usable in (50_000.0, 10_000.0, 20_000.0, 20_000.0):
        figures = {place: {"contacts": 1e6, "usable_resolution": usable}}
        log_cohort(paths, rows[:1], fitness, figures=figures, **settings)
        (run,) = stored(settings)
        assert run.data.metrics["usable_resolution"] == usable
        assert run.data.metrics["contacts"] == 1e6
    assert len(history(settings, run)["usable_resolution"]) == 3
    assert len(history(settings, run)["contacts"]) == 1


def test_causes_of_the_fitness_can_be_searched(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any]
) -> None:
    from mlflow import MlflowClient

    files = write_run(paths, rows[0])
    verdict = read_verdict(files.verdict)
    causes = (FewWeights(60, 100, 0.8), LargeErrors(0.3, 0.2))
    changed = replace(verdict, fitness=Fitness.CAUTION, fitness_causes=causes)
    write_json(files.verdict, changed.to_dict())
    by_verdict = ("caution", fitness_reason(causes))
    fitness = {row.place: ("good", "") for row in rows} | {
        rows[0].place: by_verdict,
        rows[2].place: ("caution", "few contacts in comparison with the cohort"),
    }
    log_cohort(paths, rows, fitness, **settings)
    tags = [run.data.tags["fitness_causes"] for run in stored(settings)]
    assert tags == ["few_weights,large_errors", "", "shallow", ""]
    experiment = stored(settings)[0].info.experiment_id
    query = "tags.fitness_causes LIKE '%large_errors%'"
    (found,) = MlflowClient(settings["uri"]).search_runs([experiment], query)
    assert found.data.tags["sample"] == "s0"


def write_views(paths: ResultPaths, text: str = "") -> None:
    """Write report and tables of a cohort."""
    for path in (paths.report, paths.samples, paths.summary):
        Path(path).write_text(f"{Path(path).name} {text}")


def test_the_cohort_is_a_run_with_report_tables_and_settings(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any]
) -> None:
    write_views(paths)
    record = log_results(paths, rows, **settings)
    run = stored_cohort(settings)
    assert run.info.run_id == record["cohort_run"]
    assert (run.info.run_name, run.info.status) == ("demo", "FINISHED")
    names = ["report.html", "samples.tsv", "settings.json", "summary.tsv"]
    assert artifacts(settings, run) == names
    assert run.data.metrics == {
        "samples": 2, "runs": 4, "runs_good": 4, "runs_caution": 0, "runs_no": 0, "runs_missing": 0,
    }  # fmt: skip
    folder = Path(run.info.artifact_uri.removeprefix("file://"))
    logged = read_json(folder / "settings.json")
    assert logged["methods"]["kr"]["tolerance"] == "1e-05"
    assert logged["versions"]["numpy"] == "2.0"
    assert (folder / "report.html").read_text() == "report.html "

    before, files = run.data, file_hashes(settings["artifacts"])
    log_results(paths, rows, **settings)
    assert stored_cohort(settings).data.to_dictionary() == before.to_dictionary()
    assert file_hashes(settings["artifacts"]) == files

    write_views(paths, "of a new day")
    log_results(paths, rows, **settings)
    assert stored_cohort(settings).info.run_id == run.info.run_id
    assert (folder / "report.html").read_text() == "report.html of a new day"

    (folder / "settings.json").unlink()
    write_json(paths.tracking, record)
    assert next_attempt(paths.tracking, settings["uri"], settings["artifacts"]) == 1
    log_results(paths, rows, **settings)
    assert artifacts(settings, run) == names


def test_a_cohort_with_runs_without_a_result_has_no_green_tick(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any]
) -> None:
    for place in {(row.sample, row.resolution) for row in rows}:
        for file in (paths.map_files(*place).source, paths.mask(*place)):
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            Path(file).touch()
    unfinished = Unfinished((paths.run_files(*rows[0].place).verdict,))
    log_results(paths, rows, unfinished=unfinished, **settings)
    run = stored_cohort(settings)
    assert (run.info.status, run.data.metrics["runs_missing"]) == ("FAILED", 1)
    log_results(paths, rows, **settings)
    run = stored_cohort(settings)
    assert (run.info.status, run.data.metrics["runs_missing"]) == ("FINISHED", 0)


def test_the_experiment_is_described_until_someone_edits_the_text(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any]
) -> None:
    from mlflow import MlflowClient

    def note() -> str:
        return client.get_experiment_by_name("demo").tags["mlflow.note.content"]

    client = MlflowClient(settings["uri"])
    record = log_results(paths, rows[:2], **settings)
    assert "1 sample balanced" in note()
    log_results(paths, rows, **settings)
    for words in ("**demo**: 2 samples", "s0, s1", "10 kb", "ice, kr", "- 4 runs: 4 "):
        assert words in note()
    assert f"/runs/{record['cohort_run']}/artifacts/report.html" in note()
    overlay = ResultPaths("demo", paths.root, "loose")
    write_run(overlay, rows[0])
    log_results(overlay, rows[:1], **settings)
    assert "**demo**: 2 samples" in note()
    client.set_experiment_tag(record["experiment_id"], "mlflow.note.content", "mine")
    log_results(paths, rows[:2], **settings)
    assert note() == "mine"


def test_a_run_is_logged_without_a_plot_and_receives_it_later(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any]
) -> None:
    """After a failed workflow, which did not draw the plots of a map."""
    sample, resolution, _ = rows[0].place
    for file in (paths.map_files(sample, resolution).source, paths.mask(sample, resolution)):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).touch()
    plot = paths.plot(*rows[0].place)
    record = log_results(paths, rows[:1], unfinished=Unfinished((plot,)), **settings)
    assert [run["state"] for run in record["runs"]] == ["logged"]
    assert artifacts(settings, stored(settings)[0]) == ["verdict.json"]
    log_results(paths, rows[:1], **settings)
    (run,) = stored(settings)
    assert artifacts(settings, run) == ["plot.png", "verdict.json"]
    assert run.data.tags["plot_sha256"] == sha256(Path(plot))


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
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
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


@pytest.fixture
def server(tmp_path: Path, empty_database: bytes) -> Iterator[str]:
    """A real ``mlflow server`` on loopback with a new database."""
    (tmp_path / "server.db").write_bytes(empty_database)
    with running(mlflow_server(tmp_path, f"sqlite:///{tmp_path}/server.db")) as started:
        yield started.address


@pytest.mark.servers
def test_a_real_server(paths: ResultPaths, rows: list[RunKey], server: str, tmp_path: Path) -> None:
    settings = {"uri": server, "artifacts": None, "enabled": True, "timeout_seconds": 20}
    write_search(paths, rows[0])
    first = log_results(paths, rows, **settings)
    assert (first["status"], first["reason"]) == ("logged", "")
    before = snapshot(settings)
    assert len(before) == len(rows)
    assert log_results(paths, rows, **settings) == first
    assert snapshot(settings) == before
    run = stored(settings)[0]
    assert len(history(settings, run)[CURVE]) == POINTS
    assert artifacts(settings, run) == ["bandwidth.json", "plot.png", "verdict.json"]
    assert len(tables(settings, run)) == 4
    assert len(list((tmp_path / "served").rglob("plot.png"))) == len(rows)


def test_the_queries_of_the_documentation(
    paths: ResultPaths,
    rows: list[RunKey],
    settings: dict[str, Any],
) -> None:
    import mlflow

    fitness = {row.place: ("good", "") for row in rows}
    fitness[rows[0].place] = ("no", "Too few contacts.")
    figures = {row.place: {"contacts": 2000.0 * number} for number, row in enumerate(rows)}
    log_cohort(paths, rows, fitness, figures=figures, **settings)
    write_run(other := ResultPaths("other", paths.root), rows[0])
    log_results(other, rows[:1], **settings)
    page = (REPOSITORY / "docs/guides/tracking.md").read_text(encoding="utf-8")
    section = page.partition("## Search across cohorts")[2].partition("\n## ")[0]
    snippets = section.split("```python\n")[1:]
    assert len(snippets) == 5
    code = "".join(snippet.partition("```")[0] for snippet in snippets)
    assert "sqlite:///results/mlflow.db" in code
    found: dict[str, Any] = {}
    before = mlflow.get_tracking_uri()
    try:
        exec(code.replace("sqlite:///results/mlflow.db", settings["uri"]), found)
    finally:
        mlflow.set_tracking_uri(before)
    assert found["unfit"]["tags.fitness_reason"].tolist() == ["Too few contacts."]
    assert found["noisy"].empty
    assert sorted(found["deep"]["metrics.contacts"]) == [2000.0, 4000.0, 6000.0]
    assert set(found["cohorts"]["tags.cohort"]) >= {"demo", "other"}
