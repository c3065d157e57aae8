"""Logs every run of a cohort to MLflow and records the outcome."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import compress
from pathlib import Path
from typing import Any

from counterpoise.errors import without_credentials
from counterpoise.files import read_json
from counterpoise.store.missing import UNFINISHED, why_missing
from counterpoise.store.paths import ResultPaths
from counterpoise.tracking.client import (
    explain_error,
    is_server,
    mlflow_environment,
    open_store,
    store_errors,
)
from counterpoise.tracking.runs import find_runs, log_run
from counterpoise.tracking.saved_view import page_address
from counterpoise.tracking.values import RunValues, read_values

SERVER_THREADS = 4  # runs logged to a server at the same time

log = logging.getLogger(__name__)

Outcome = dict[str, Any]


def next_attempt(path: str | Path) -> int:
    """Return the number of the next attempt at logging.

    As a parameter of the rule ``track``, it makes Snakemake run the rule again after a pending
    attempt, and only then. The file must be marked ``update``, so that it still exists when the
    job starts. An old modification time would not do: Snakemake touches what a job wrote.

    Parameters
    ----------
    path : str or Path
        ``tracking.json`` of the last attempt; it may be missing.

    Returns
    -------
    int
        The number of the last attempt, plus one if it ended ``pending``.
    """
    if not Path(path).exists():
        return 0
    record = read_json(path)
    return int(record["attempt"]) + int(record["status"] == "pending")


def log_cohort(
    paths: ResultPaths, runs: Sequence[dict[str, Any]], settings: dict[str, Any]
) -> dict[str, Any]:
    """Log every run of a cohort that MLflow does not hold yet, from its files.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    runs : sequence of dict
        Sample, condition, replicate, resolution and method of each run; condition and replicate
        may be None.
    settings : dict
        - ``uri``: address of the store;
        - ``artifacts``: folder or URI for plots and verdicts, None if a server has its own;
        - ``enabled``: whether to log at all;
        - ``timeout_seconds``: longest time of a request to a server;
        - ``attempt``: as ``next_attempt`` returns it, by default 0;
        - ``unfinished``: after a failed workflow, the outputs it left unmade; runs without a
          result are left out.

    Returns
    -------
    dict
        The record for ``tracking.json``: ``status`` (``logged``, ``partial`` if runs are left
        out, ``pending`` or ``off``), ``reason`` in words, ``uri`` without credentials,
        ``experiment``, ``page`` (address of the cohort's page; None without a server),
        ``attempt``, and ``runs`` with sample, resolution, method, ``run_id``, ``state`` and
        ``reason``.

    Raises
    ------
    CounterpoiseError
        If a result is missing. Failures of the store never raise.
    """
    record: dict[str, Any] = {
        "status": "off",
        "reason": "tracking.enabled is false",
        "uri": without_credentials(settings["uri"]),
        "experiment": paths.cohort,
        "page": None,
        "attempt": int(settings.get("attempt", 0)),
        "runs": [
            {**{key: run[key] for key in ("sample", "resolution", "method")}, **_outcome("off")}
            for run in runs
        ],
    }
    if settings["enabled"]:
        _log_available_runs(paths, runs, settings, record)
    return record


def _log_available_runs(
    paths: ResultPaths,
    runs: Sequence[dict[str, Any]],
    settings: dict[str, Any],
    record: dict[str, Any],
) -> None:
    """Log the runs that have a result, and complete the record."""
    outcomes = record["runs"]
    if UNFINISHED in settings:
        for run, outcome in zip(runs, outcomes, strict=True):
            if reason := why_missing(paths, run, settings):
                outcome.update(_outcome("missing", reason=reason))
    available = [outcome["state"] != "missing" for outcome in outcomes]
    values = [read_values(paths, run) for run in compress(runs, available)]
    with mlflow_environment(settings["timeout_seconds"]):
        record["page"], logged = _log_values(paths.cohort, values, settings)
    for outcome, update in zip(compress(outcomes, available), logged, strict=True):
        outcome.update(update)
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
    cohort: str, values: Sequence[RunValues], settings: dict[str, Any]
) -> tuple[str | None, list[Outcome]]:
    """Log runs to the store.

    Returns the address of the cohort's page, None without a server, and an outcome for each run.
    Once the store is lost, the remaining runs are ``pending``.
    """
    uri = settings["uri"]
    failures = store_errors()
    try:
        client, experiment = open_store(cohort, uri, settings["artifacts"])
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
