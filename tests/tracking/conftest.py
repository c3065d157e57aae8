"""An MLflow store and the result files of a cohort, for the tests of tracking."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import RunKey
from tests.support.tracking import cohort_runs, log_results, sqlite_settings, write_run


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A new MLflow database; creating one takes seconds, so tests copy it."""
    folder = tmp_path_factory.mktemp("store")
    record = log_results(ResultPaths("none", str(folder)), [], **sqlite_settings(folder))
    assert record["status"] == "logged"
    assert sorted(path.name for path in folder.iterdir()) == ["mlartifacts", "mlflow.db"]
    return (folder / "mlflow.db").read_bytes()


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
