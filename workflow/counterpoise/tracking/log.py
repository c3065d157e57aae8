"""Logs every run of a cohort to MLflow and records the outcome."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import compress
from pathlib import Path
from typing import Any

from counterpoise.errors import strip_credentials
from counterpoise.files import read_json
from counterpoise.store.missing import Unfinished, missing_plot, missing_reason
from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import RunKey
from counterpoise.tracking.client import (
    SQLITE,
    database_file,
    explain_error,
    is_server,
    mlflow_environment,
    open_store,
    store_errors,
)
from counterpoise.tracking.runs import find_runs, log_run
from counterpoise.tracking.saved_view import page_address
from counterpoise.tracking.values import (
    PLOT_NAME,
    VERDICT_NAME,
    Figures,
    JudgedFitness,
    RunValues,
    read_values,
)

SERVER_THREADS = 4  # runs logged to a server at the same time

log = logging.getLogger(__name__)

Outcome = dict[str, Any]


def next_attempt(path: str | Path, uri: str = "", artifacts: str | None = None) -> int:
    """Return the number of the next attempt at logging.

    As a parameter of the rule ``track``, it makes Snakemake run the rule again after a pending
    attempt or if files of MLflow are missing, and only then. The file must be marked ``update``, so
    that it still exists when the job starts. An old modification time would not do: Snakemake
    touches what a job wrote.

    Parameters
    ----------
    path : str or Path
        ``tracking.json`` of the last attempt; it may be missing.
    uri : str
        Address of the store; a SQLite database must exist.
    artifacts : str or None
        Folder of plots and verdicts, which must hold those of all runs that were logged. None or
        a URI for a store whose files cannot be seen from here.

    Returns
    -------
    int
        The number of the last attempt, plus one if it ended ``pending`` or if what it logged is no
        longer there. For a damaged file, the seconds from 1970 to its last change: no attempt had
        this number.
    """
    if not Path(path).exists():
        return 0
    try:
        record = read_json(path)
        again = record["status"] == "pending" or _is_lost(record, uri, artifacts)
        return int(record["attempt"]) + int(again)
    except (ValueError, TypeError, KeyError):
        log.warning("%s is damaged; runs are logged again where MLflow lacks them.", path)
        return int(Path(path).stat().st_mtime)


def _is_lost(record: dict[str, Any], uri: str, artifacts: str | None) -> bool:
    """Tell whether the database or artifacts that the record names are missing on this machine."""
    logged = [run for run in record["runs"] if run["state"] == "logged"]
    if not logged or record["uri"] != strip_credentials(uri):
        return False
    if uri.startswith(SQLITE) and not database_file(uri).exists():
        return True
    if artifacts is None or "://" in artifacts:
        return False
    folder = Path(artifacts, record["experiment"])
    return not all(
        (folder / run["run_id"] / "artifacts" / name).exists()
        for run in logged
        for name in (VERDICT_NAME, *([PLOT_NAME] if run.get("plot", True) else []))
    )


def log_cohort(
    paths: ResultPaths,
    runs: Sequence[RunKey],
    fitness: Mapping[tuple[str, int, str], JudgedFitness],
    *,
    uri: str,
    artifacts: str | None,
    enabled: bool,
    timeout_seconds: int,
    attempt: int = 0,
    unfinished: Unfinished | None = None,
    figures: Mapping[tuple[str, int, str], Figures] | None = None,
) -> dict[str, Any]:
    """Log every run of a cohort that MLflow does not hold yet, from its files.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    runs : sequence of RunKey
        The runs.
    fitness : mapping
        Fitness and its reason by sample, resolution and method, as the summary has them.
    uri : str
        Address of the store.
    artifacts : str or None
        Folder or URI for plots and verdicts; None if a server has its own.
    enabled : bool
        Whether to log at all.
    timeout_seconds : int
        Longest time of a request to a server.
    attempt : int
        As ``next_attempt`` returns it.
    unfinished : Unfinished, optional
        What a failed workflow left unmade; runs without a result are left out. By default all
        results must exist.
    figures : mapping, optional
        Figures of the map by sample, resolution and method, which become metrics.

    Returns
    -------
    dict
        The record for ``tracking.json``: ``status`` (``logged``, ``partial`` if runs are left
        out, ``pending`` or ``off``), ``reason`` in words, ``uri`` without credentials,
        ``experiment``, ``page`` (address of the cohort's page; None without a server),
        ``attempt``, and ``runs`` with sample, resolution, method, ``plot`` (whether it has one),
        ``run_id``, ``state`` and ``reason``.

    Raises
    ------
    CounterpoiseError
        If a result is missing. Failures of the store never raise.
    """
    record: dict[str, Any] = {
        "status": "off",
        "reason": "tracking.enabled is false",
        "uri": strip_credentials(uri),
        "experiment": paths.cohort,
        "page": None,
        "attempt": attempt,
        "runs": [
            {
                "sample": run.sample,
                "resolution": run.resolution,
                "method": run.method,
                "plot": not run.unplotted,
                **_outcome("off"),
            }
            for run in runs
        ],
    }
    if not enabled:
        return record
    outcomes = record["runs"]
    if unfinished is not None:
        _mark_missing(paths, runs, unfinished, outcomes)
    available = [outcome["state"] != "missing" for outcome in outcomes]
    values = [
        read_values(
            paths,
            run,
            fitness[run.place],
            figures=(figures or {}).get(run.place),
            has_plot=not run.unplotted
            and (unfinished is None or not missing_plot(paths, run, unfinished)),
        )
        for run in compress(runs, available)
    ]
    with mlflow_environment(timeout_seconds):
        record["page"], logged = _log_values(paths.cohort, values, uri, artifacts)
    for outcome, update in zip(compress(outcomes, available), logged, strict=True):
        outcome.update(update)
    _summarise(record)
    return record


def _mark_missing(
    paths: ResultPaths, runs: Sequence[RunKey], unfinished: Unfinished, outcomes: list[Outcome]
) -> None:
    """Mark the runs without a result."""
    for run, outcome in zip(runs, outcomes, strict=True):
        if reason := missing_reason(paths, run, unfinished):
            outcome.update(_outcome("missing", reason=reason))


def _summarise(record: dict[str, Any]) -> None:
    """Set status and reason of the record by the outcomes of its runs."""
    outcomes = record["runs"]
    pending = [outcome for outcome in outcomes if outcome["state"] == "pending"]
    missing = [outcome for outcome in outcomes if outcome["state"] == "missing"]
    record["status"] = "pending" if pending else "partial" if missing else "logged"
    record["reason"] = next((outcome["reason"] for outcome in pending or missing), "")
    if pending:
        log.warning(
            "%d of %d runs are not yet logged to MLflow at %s: %s. The results are complete and "
            "safe; the next snakemake tries again.",
            len(pending),
            len(outcomes),
            record["uri"],
            record["reason"],
        )


def _outcome(state: str, run_id: str | None = None, reason: str = "") -> Outcome:
    return {"state": state, "run_id": run_id, "reason": reason}


def _log_values(
    cohort: str, values: Sequence[RunValues], uri: str, artifacts: str | None
) -> tuple[str | None, list[Outcome]]:
    """Log runs to the store.

    Returns the address of the cohort's page, None without a server, and an outcome for each run.
    Once the store is lost, the remaining runs are ``pending``.
    """
    failures = store_errors()
    try:
        client, experiment = open_store(cohort, uri, artifacts)
        existing = find_runs(client, experiment)
    except failures as error:
        return None, [_outcome("pending", reason=explain_error(error)) for _ in values]
    lost = ""

    def log_one(run: RunValues) -> Outcome:
        nonlocal lost
        if lost:
            return _outcome("pending", reason=lost)
        try:
            return _outcome("logged", log_run(client, experiment, run, existing.get(run.key, [])))
        except failures as error:
            reason = explain_error(error)
            try:
                client.get_experiment(experiment)
            except failures:
                lost = reason  # do not wait for the timeout of every other run
            return _outcome("pending", reason=reason)

    if not is_server(uri):  # a SQLite database takes one writer at a time
        return None, [log_one(run) for run in values]
    with ThreadPoolExecutor(SERVER_THREADS) as pool:
        return page_address(uri, experiment), list(pool.map(log_one, values))
