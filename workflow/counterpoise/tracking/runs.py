"""Creates, completes or updates one MLflow run from the values of a balancing run."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from counterpoise.files import write_json
from counterpoise.tracking.saved_view import CURRENT
from counterpoise.tracking.values import (
    LABELS,
    PLOT_NAME,
    PLOT_SHA,
    TABLE_NAME,
    VERDICT_NAME,
    RunValues,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

RUN, CONTENT = "counterpoise.run", "counterpoise.content"
# MLflow's own tags: the text of a run's page, and the artifacts that the page shows as tables.
NOTE, TABLES = "mlflow.note.content", "mlflow.loggedArtifacts"
TABLE_ENTRY = {"path": TABLE_NAME, "type": "table"}


def find_runs(client: MlflowClient, experiment: str) -> dict[str, list[Run]]:
    """Find the runs of an experiment.

    Parameters
    ----------
    client : MlflowClient
        The store.
    experiment : str
        The experiment's id.

    Returns
    -------
    dict of str to list of Run
        Runs by their tag ``counterpoise.run``; ended ones first, then the oldest first.
    """
    runs_by_key: dict[str, list[Run]] = {}
    token = None
    while True:
        page = client.search_runs([experiment], page_token=token)
        for run in page:
            if RUN in run.data.tags:
                runs_by_key.setdefault(run.data.tags[RUN], []).append(run)
        token = page.token
        if not token:
            break
    for runs in runs_by_key.values():
        runs.sort(key=lambda run: (not _has_ended(run), run.info.start_time, run.info.run_id))
    return runs_by_key


def _has_ended(run: Run) -> bool:
    """Tell whether everything was logged: ending the run is the last step."""
    return run.info.status in ("FINISHED", "FAILED")


def log_run(
    client: MlflowClient, experiment: str, values: RunValues, existing: Sequence[Run]
) -> str:
    """Create, complete or update the one run of this content, and mark it as the current one.

    Parameters
    ----------
    client : MlflowClient
        The store.
    experiment : str
        The experiment's id.
    values : RunValues
        The values to log.
    existing : sequence of Run
        Runs with the same key, as ``find_runs`` returns them.

    Returns
    -------
    str
        MLflow's run id.
    """
    same = [run for run in existing if run.data.tags.get(CONTENT) == values.content]
    run = same[0] if same else _create_run(client, experiment, values)
    for duplicate in same[1:]:
        # Made by a request that was repeated because its answer was lost.
        client.delete_run(duplicate.info.run_id)
    if _has_ended(run):
        _update_artifacts(client, run, values)
    else:
        _complete_run(client, run, values)
    log_changes(client, run, values.figures)
    _update_tags(client, run, values)
    for old in existing:
        if old not in same and old.data.tags.get(CURRENT) != "false":
            client.set_tag(old.info.run_id, CURRENT, "false")
    return str(run.info.run_id)


def log_changes(client: MlflowClient, run: Run, metrics: Mapping[str, float]) -> None:
    """Log the metrics of a run whose value is not the stored one.

    Parameters
    ----------
    client : MlflowClient
        The store.
    run : Run
        The run, as the store holds it.
    metrics : mapping
        Values by name.
    """
    from mlflow.entities import Metric

    now = round(time.time() * 1000)  # MLflow shows the value of the latest time
    changed = {name: x for name, x in metrics.items() if run.data.metrics.get(name) != x}
    if changed:
        points = [Metric(name, value, now, 0) for name, value in changed.items()]
        client.log_batch(run.info.run_id, metrics=points)


def _create_run(client: MlflowClient, experiment: str, values: RunValues) -> Run:
    """Create a run with its tags; the description is written once, since users may edit it."""
    tables = {TABLES: json.dumps([TABLE_ENTRY])} if values.table is not None else {}
    return client.create_run(
        experiment,
        start_time=max(1, round((values.finished - values.seconds) * 1000)),
        tags={
            **values.tags,
            RUN: values.key,
            CONTENT: values.content,
            CURRENT: "true",
            NOTE: values.description,
            **tables,
        },
        run_name=values.name,
    )


def _complete_run(client: MlflowClient, run: Run, values: RunValues) -> None:
    """Log parameters, metrics and artifacts of a run that has not ended, then end it.

    The time of a point is the run's own start plus a millisecond per iteration, so that charts
    over time have a shape. MLflow stores equal points once, so that a second attempt adds nothing.
    """
    from mlflow.entities import Metric, Param

    run_id, start = run.info.run_id, run.info.start_time
    # Seconds and memory may differ if the map was balanced again since the first attempt.
    final = [point for point in values.final if point[0] not in run.data.metrics]
    client.log_batch(
        run_id,
        metrics=[
            Metric(name, value, start + step, step) for name, step, value in values.curve + final
        ],
        params=[Param(key, value) for key, value in values.params.items()],
    )
    _upload(client, run, values, (PLOT_NAME, VERDICT_NAME, TABLE_NAME))
    client.set_terminated(
        run_id,
        status="FAILED" if values.failed else "FINISHED",
        end_time=start + round(values.seconds * 1000),
    )


def _update_artifacts(client: MlflowClient, run: Run, values: RunValues) -> None:
    """Replace the plot if it was made again, and put back what was deleted."""
    stale = set()
    if run.data.tags.get(PLOT_SHA) != values.tags.get(PLOT_SHA):
        stale.add(PLOT_NAME)
    names = [*values.artifacts, *([TABLE_NAME] if values.table is not None else [])]
    stored = list_artifacts(client, run)
    stale.update(name for name in names if name not in stored)
    if stale:
        _upload(client, run, values, sorted(stale))


def _update_tags(client: MlflowClient, run: Run, values: RunValues) -> None:
    """Set the tags that changed, and delete those that the sample sheet no longer has."""
    from mlflow.entities import RunTag

    run_id, stored, tags = run.info.run_id, run.data.tags, {**values.tags, CURRENT: "true"}
    changed = [RunTag(key, value) for key, value in tags.items() if stored.get(key) != value]
    client.log_batch(run_id, tags=changed)
    # Without the tag, the run was logged when these were all labels.
    for key in stored.get(LABELS, "condition,replicate").split(","):
        if key in stored and key not in tags:
            client.delete_tag(run_id, key)


def _upload(client: MlflowClient, run: Run, values: RunValues, names: Sequence[str]) -> None:
    """Upload the named artifacts that the run has, replacing those in the store."""
    has_table = TABLE_NAME in names and values.table is not None
    files = {name: path for name, path in values.artifacts.items() if name in names}
    upload(client, run, files, {TABLE_NAME: values.table} if has_table else {})
    if has_table:
        _show_table(client, run)


def upload(
    client: MlflowClient, run: Run, files: Mapping[str, str], records: Mapping[str, Any]
) -> None:
    """Upload artifacts of a run, replacing those in the store.

    Parameters
    ----------
    client : MlflowClient
        The store.
    run : Run
        The run.
    files : mapping
        Paths by the name of the artifact.
    records : mapping
        What is stored as JSON, by the name of the artifact.
    """
    with TemporaryDirectory() as folder, _artifact_errors(", ".join([*files, *records])):
        for name, path in files.items():
            shutil.copyfile(path, f"{folder}/{name}")
        for name, record in records.items():
            write_json(f"{folder}/{name}", record)
        _repository(client, run).log_artifacts(folder)


def list_artifacts(client: MlflowClient, run: Run) -> set[str]:
    """Return the names of a run's artifacts.

    Parameters
    ----------
    client : MlflowClient
        The store.
    run : Run
        The run.

    Returns
    -------
    set of str
        The names.
    """
    with _artifact_errors("artifacts"):
        return {file.path for file in _repository(client, run).list_artifacts()}


def _repository(client: MlflowClient, run: Run) -> Any:
    """Return the store of a run's artifacts.

    The client's own functions would first ask the server where artifacts are kept.
    """
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    return get_artifact_repository(run.info.artifact_uri, client.tracking_uri)


def _show_table(client: MlflowClient, run: Run) -> None:
    """Make the run's page show the bandwidth search as a table.

    MLflow's ``log_table`` does the same, but would append to an existing table.
    """
    shown = json.loads(run.data.tags.get(TABLES, "[]"))
    if TABLE_ENTRY not in shown:
        client.set_tag(run.info.run_id, TABLES, json.dumps([*shown, TABLE_ENTRY]))


@contextmanager
def _artifact_errors(names: str) -> Iterator[None]:
    """Turn errors of artifact stores (S3, Azure, ...), each with its own types, into MLflow's."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except Exception as error:
        raise MlflowException(f"{names} could not be stored: {error}") from error
