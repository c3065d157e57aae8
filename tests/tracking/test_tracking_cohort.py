"""The cohort's own run in MLflow, and searches across runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from counterpoise.files import read_json, sha256, write_json
from counterpoise.records.facts import FewWeights, LargeErrors
from counterpoise.records.fitness import Fitness
from counterpoise.records.wording import fitness_reason
from counterpoise.store.missing import Unfinished
from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import RunKey
from counterpoise.store.weights import read_verdict
from counterpoise.tracking.log import log_cohort, next_attempt
from counterpoise.tracking.values import CURVE
from tests.support import REPOSITORY
from tests.support.servers import mlflow_server, running
from tests.support.tracking import (
    POINTS,
    artifacts,
    file_hashes,
    history,
    log_results,
    snapshot,
    stored,
    stored_cohort,
    tables,
    write_run,
    write_search,
)


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
    assert logged["ingest"] == {"engines": {"cool": "h5py"}}
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


def test_the_settings_of_a_cohort_say_how_maps_were_read(
    paths: ResultPaths, rows: list[RunKey], settings: dict[str, Any]
) -> None:
    write_views(paths)
    chosen = {"names": ["chr1"]}, {"contacts": 1000, "seed": 7}
    verdict = paths.run_files(*rows[-1].place).verdict
    record = read_json(verdict)
    record["source"] |= {
        "format": "hic", "engine": "hicstraw",
        "chromosomes": {"settings": chosen[0], "left_out": ["chr2"]},
        "thinned": {"settings": chosen[1], "from_contacts": 2000},
    }  # fmt: skip
    write_json(verdict, record)
    log_results(paths, rows, **settings)
    folder = Path(stored_cohort(settings).info.artifact_uri.removeprefix("file://"))
    assert read_json(folder / "settings.json")["ingest"] == {
        "engines": {"cool": "h5py", "hic": "hicstraw"},
        "chromosomes": chosen[0],
        "thin": chosen[1],
    }


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


@pytest.fixture
def server(tmp_path: Path, empty_database: bytes) -> Iterator[str]:
    """A real ``mlflow server`` on loopback with a new database."""
    (tmp_path / "server.db").write_bytes(empty_database)
    with running(mlflow_server(tmp_path, f"sqlite:///{tmp_path}/server.db")) as started:
        yield started.address


@pytest.mark.servers
def test_a_real_server(paths: ResultPaths, rows: list[RunKey], server: str, tmp_path: Path) -> None:
    settings = {"uri": server, "artifacts": None, "enabled": True, "timeout_seconds": 60}
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
