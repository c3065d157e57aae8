"""A run in MLflow: what is logged. Nothing is logged twice."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from counterpoise.files import read_json, sha256, write_json
from counterpoise.records.wording import FITNESS_LABELS
from counterpoise.store.arrow import write_table
from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import RunKey
from counterpoise.tracking.log import log_cohort
from counterpoise.tracking.values import CURVE, merge_curves, read_values
from tests.support.documentation import documented
from tests.support.tracking import (
    POINTS,
    artifacts,
    history,
    log_results,
    snapshot,
    stored,
    tables,
    write_run,
    write_search,
)


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


def test_the_description_says_what_the_curve_is(paths: ResultPaths, rows: list[RunKey]) -> None:
    text = read_values(paths, rows[0], ("good", "")).description
    assert "the largest relative deviation of the row sums from their target" in text
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
