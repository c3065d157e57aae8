"""MLflow for a team: a real server with a real PostgreSQL; either is killed while logging."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from counterpoise.files import read_json
from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import RunKey
from counterpoise.tracking.saved_view import VIEW_TAG
from counterpoise.tracking.values import CURVE
from tests.support.cohort import Cohort
from tests.support.servers import Server, missing_for_postgres, mlflow_server, postgres, running
from tests.support.tracking import cohort_runs, log_results, stored, write_run

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(bool(missing_for_postgres()), reason=missing_for_postgres()),
]

ADDRESS = "MLFLOW_TRACKING_URI"
RUNS, POINTS = 20, 30
FINAL = 13  # metrics of a run, without its curve
TABLES = {
    "runs": "run_uuid, name, status, start_time, end_time, lifecycle_stage",
    "params": "run_uuid, key, value",
    "tags": "run_uuid, key, value",
    "metrics": "run_uuid, key, step, timestamp, value",
}


@dataclass
class Site:
    """The two servers, the database's address and the folder that holds artifacts."""

    database: Server
    server: Server
    uri: str
    folder: Path

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "uri": self.server.address,
            "artifacts": None,
            "enabled": True,
            "timeout_seconds": 60,
        }

    def tables(self, cohort: str) -> dict[str, list[tuple[Any, ...]]]:
        """Return everything that the database holds of a cohort's maps."""
        import psycopg2

        experiment = "select experiment_id from experiments where name = %s"
        of_maps = "select run_uuid from tags where key = 'kind' and value = 'run'"
        runs = f"select run_uuid from runs where experiment_id in ({experiment})"
        runs += f" and run_uuid in ({of_maps})"
        connection = psycopg2.connect(self.uri)
        try:
            with connection.cursor() as cursor:
                rows = {}
                for table, columns in TABLES.items():
                    query = f"select {columns} from {table} where run_uuid in ({runs})"
                    cursor.execute(query, (cohort,))
                    rows[table] = sorted(cursor.fetchall(), key=repr)
                return rows
        finally:
            connection.close()

    def files(self) -> dict[str, tuple[int, int]]:
        """Return time of writing and size of each artifact."""
        return {
            str(path): (path.stat().st_mtime_ns, path.stat().st_size)
            for path in (self.folder / "served").rglob("[!.]*")  # hidden: an upload in progress
            if path.is_file()
        }


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with (
        postgres() as (database, uri),
        running(mlflow_server(folder, uri, workers=2)) as server,
    ):
        yield Site(database, server, uri, folder)


def results(cohort: str, folder: Path) -> tuple[ResultPaths, list[RunKey]]:
    """Write the files of a cohort of small runs."""
    paths, rows = ResultPaths(cohort, str(folder / "results")), cohort_runs(RUNS // 2)
    for row in rows:
        write_run(paths, row, points=POINTS)
    return paths, rows


def check_everything_is_stored_once(site: Site, cohort: str, record: dict[str, Any]) -> None:
    """Check that every run of the record is stored, and nothing twice."""
    tables = site.tables(cohort)
    active = [row for row in tables["runs"] if row[-1] == "active"]
    assert {row[0] for row in active} == {row["run_id"] for row in record["runs"]}
    assert len(active) == RUNS
    assert {row[2] for row in active} == {"FINISHED"}
    points = [row[:3] for row in tables["metrics"]]
    assert len(points) == len(set(points)) == RUNS * (POINTS + FINAL)
    assert len(tables["params"]) == RUNS * 4
    for run in (row[0] for row in active):
        # Hidden files are what the server left of an upload that was killed with it.
        files = site.folder.glob(f"served/*/{run}/artifacts/[!.]*")
        assert sorted(path.name for path in files) == ["plot.png", "verdict.json"]


def test_a_cohort_is_logged_once(site: Site, tmp_path: Path) -> None:
    paths, rows = results("once", tmp_path)
    first = log_results(paths, rows, **site.settings)
    assert (first["status"], first["reason"]) == ("logged", "")
    check_everything_is_stored_once(site, "once", first)
    tables, files = site.tables("once"), site.files()
    assert log_results(paths, rows, **site.settings) == first
    assert (site.tables("once"), site.files()) == (tables, files)


def test_the_page_that_the_record_names_is_a_saved_view(site: Site, tmp_path: Path) -> None:
    """The view and the columns that it shows exist; no browser is used."""
    from mlflow import MlflowClient

    paths, rows = results("page", tmp_path)
    record = log_results(paths, rows, **site.settings)
    client = MlflowClient(site.server.address)
    experiment = client.get_experiment_by_name("page")
    address, _, view = record["page"].partition("?viewStateShareKey=")
    assert address == f"{site.server.address}/#/experiments/{experiment.experiment_id}/runs"
    assert f"mlflow.sharedViewState.{view}" == VIEW_TAG
    envelope = json.loads(experiment.tags[VIEW_TAG])
    state = json.loads(envelope["state"])
    runs = client.search_runs(
        [experiment.experiment_id],
        state["searchFilter"],
        order_by=[f"{state['orderByKey']} {'ASC' if state['orderByAsc'] else 'DESC'}"],
    )
    assert [run.info.run_name for run in runs] == sorted(run.info.run_name for run in runs)
    assert len(runs) == RUNS
    (chart,) = state["compareRunCharts"]
    assert chart["metricKey"] == CURVE
    shown = {f"metrics.`{key}`" for run in runs for key in run.data.metrics}
    shown |= {f"tags.`{key}`" for run in runs for key in run.data.tags}
    assert set(state["selectedColumns"]) - shown == {
        f"metrics.`{name}`" for name in ("median_se", "contacts", "expected_unevenness")
    }  # these runs have none


@pytest.mark.parametrize("victim", ["server", "database"])
def test_logging_is_completed_after_a_kill(site: Site, tmp_path: Path, victim: str) -> None:
    paths, rows = results(f"killed-{victim}", tmp_path)
    killed: Server = getattr(site, victim)
    before = len(site.files())
    with ThreadPoolExecutor(1) as thread:
        logging = thread.submit(log_results, paths, rows, **site.settings)
        while len(site.files()) - before < RUNS // 2 and not logging.done():
            time.sleep(0.01)
        # PostgreSQL treats SIGQUIT as a crash and recovers from it.
        killed.stop(signal.SIGKILL if victim == "server" else signal.SIGQUIT)
        try:
            record = logging.result()
        finally:
            killed.start()
    states = [row["state"] for row in record["runs"]]
    assert record["status"] == "pending"
    assert record["reason"]
    assert 0 < states.count("logged") < RUNS
    logged = [row for row in record["runs"] if row["state"] == "logged"]

    # On a busy machine the server may need more than one attempt after its start.
    for attempt in range(1, 6):
        record = log_results(paths, rows, **(site.settings | {"attempt": attempt}))
        if record["status"] == "logged":
            break

    assert (record["status"], record["attempt"]) == ("logged", attempt)
    assert [row for row in record["runs"] if row in logged] == logged
    check_everything_is_stored_once(site, paths.cohort, record)


@pytest.mark.long
def test_each_choice_of_tracking_in_the_workflow(site: Site, tmp_path: Path) -> None:
    """The choices are ``off``, ``server`` without and with its address, and ``sqlite``."""
    cohort = Cohort(tmp_path)
    smaller = ("resolutions=[2000]", "~methods.kde", "~methods.ice")

    def snakemake(choice: str, address: str | None = None, *words: str) -> tuple[int, str]:
        *command, overrides = cohort.command(*words, overrides=smaller)
        environment = {key: os.environ[key] for key in os.environ if key != ADDRESS}
        done = subprocess.run(
            [*command, overrides.replace("tracking=off", f"tracking={choice}")],
            cwd=tmp_path,
            env=environment | ({ADDRESS: address} if address else {}),
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout + done.stderr

    record = tmp_path / "results" / "small" / "tracking.json"
    assert snakemake("off")[0] == 0
    assert read_json(record)["status"] == "off"

    failed, output = snakemake("server")
    assert failed
    assert f"export {ADDRESS}=" in output
    assert "Traceback" not in output

    failed, output = snakemake("server", site.server.address)
    assert not failed, output
    assert "2 of 2 steps" in output  # logging, and the target of it all
    logged = read_json(record)
    assert (logged["status"], logged["uri"]) == ("logged", site.server.address)
    assert logged["page"] in output
    assert len(stored(site.settings, "small")) == len(logged["runs"]) == 2

    failed, output = snakemake("sqlite")
    assert not failed, output
    assert (read_json(record)["status"], read_json(record)["page"]) == ("logged", None)
    local = {"uri": f"sqlite:///{tmp_path}/results/mlflow.db"}
    assert len(stored(local, "small")) == 2
    assert len(list(tmp_path.glob("results/mlartifacts/small/*/artifacts/plot.png"))) == 2
