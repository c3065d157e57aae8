"""Logs every run of a cohort to MLflow and records the outcome."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import compress
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from counterpoise.errors import strip_credentials
from counterpoise.files import read_json
from counterpoise.store.missing import (
    NOTHING_UNFINISHED,
    Unfinished,
    missing_plot,
    missing_reason,
)
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
from counterpoise.tracking.cohort_run import (
    SETTINGS_NAME,
    CohortValues,
    log_cohort_run,
    read_cohort,
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
    is_logged = any(run["state"] == "logged" for run in record["runs"])
    if not is_logged or record["uri"] != strip_credentials(uri):
        return False
    if uri.startswith(SQLITE) and not database_file(uri).exists():
        return True
    if artifacts is None or "://" in artifacts:
        return False
    folder = Path(artifacts, record["experiment"])
    return not all((folder / path).exists() for path in _stored_files(record))


def _stored_files(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield the artifacts that are always there, as paths in the experiment's folder."""
    for run in record["runs"]:
        if run["state"] == "logged":
            names = [VERDICT_NAME, *([PLOT_NAME] if run.get("plot", True) else [])]
            yield from (f"{run['run_id']}/artifacts/{name}" for name in names)
    if record.get("cohort_run"):
        yield f"{record['cohort_run']}/artifacts/{SETTINGS_NAME}"


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
        ``experiment``, ``experiment_id``, ``page`` (address of the cohort's page; None without a
        server), ``cohort_run`` (id of the run of the whole cohort), ``attempt``, and ``runs`` with
        sample, resolution, method, ``run_id``, ``state``, ``reason`` and ``plot``.

    Raises
    ------
    CounterpoiseError
        If a result is missing. Failures of the store never raise.
    """
    record = _new_record(paths.cohort, runs, uri, attempt)
    if not enabled:
        return record
    outcomes = record["runs"]
    if unfinished is not None:
        _mark_missing(paths, runs, unfinished, outcomes)
    available = [outcome["state"] != "missing" for outcome in outcomes]
    values = {
        run.place: read_values(
            paths,
            run,
            fitness[run.place],
            figures=(figures or {}).get(run.place),
            has_plot=not missing_plot(paths, run, unfinished or NOTHING_UNFINISHED),
        )
        for run in compress(runs, available)
    }
    cohort = read_cohort(paths, runs, fitness, values)
    start = monotonic()
    with mlflow_environment(timeout_seconds):
        logged = _log_values(paths.cohort, cohort, list(values.values()), uri, artifacts)
    for outcome, update in zip(compress(outcomes, available), logged.runs, strict=True):
        outcome.update(update)
    record["experiment_id"] = logged.experiment
    record["cohort_run"] = logged.cohort["run_id"]
    if logged.experiment and is_server(uri):
        record["page"] = page_address(uri, logged.experiment)
    _summarise(record, [*outcomes, logged.cohort])
    if record["status"] == "pending":
        _warn_of_pending(record, monotonic() - start, timeout_seconds)
    return record


def _new_record(experiment: str, runs: Sequence[RunKey], uri: str, attempt: int) -> dict[str, Any]:
    """Return the record of an attempt that logged nothing."""
    return {
        "status": "off",
        "reason": "tracking.enabled is false",
        "uri": strip_credentials(uri),
        "experiment": experiment,
        "experiment_id": None,
        "page": None,
        "cohort_run": None,
        "attempt": attempt,
        "runs": [
            {
                "sample": run.sample,
                "resolution": run.resolution,
                "method": run.method,
                **_outcome("off"),
            }
            for run in runs
        ],
    }


def _warn_of_pending(record: Mapping[str, Any], seconds: float, timeout_seconds: int) -> None:
    """Warn that runs are not yet logged, and for how long MLflow was tried."""
    outcomes = record["runs"]
    log.warning(
        "%d of %d runs are not yet logged to MLflow at %s: %s. MLflow was tried for %.0f s "
        "(tracking.timeout_seconds is %d). The results are complete and safe; the next "
        "snakemake tries again.",
        sum(outcome["state"] == "pending" for outcome in outcomes),
        len(outcomes),
        record["uri"],
        record["reason"],
        seconds,
        timeout_seconds,
    )


def _mark_missing(
    paths: ResultPaths, runs: Sequence[RunKey], unfinished: Unfinished, outcomes: list[Outcome]
) -> None:
    """Mark the runs without a result."""
    for run, outcome in zip(runs, outcomes, strict=True):
        if reason := missing_reason(paths, run, unfinished):
            outcome.update(_outcome("missing", reason=reason))


def _summarise(record: dict[str, Any], outcomes: Sequence[Outcome]) -> None:
    """Set status and reason of the record by the outcomes of its runs and of the cohort's."""
    pending = [outcome for outcome in outcomes if outcome["state"] == "pending"]
    missing = [outcome for outcome in outcomes if outcome["state"] == "missing"]
    record["status"] = "pending" if pending else "partial" if missing else "logged"
    record["reason"] = next((outcome["reason"] for outcome in pending or missing), "")


def _outcome(
    state: str, run_id: str | None = None, reason: str = "", plot: bool = False
) -> Outcome:
    return {"state": state, "run_id": run_id, "reason": reason, "plot": plot}


class Logged(NamedTuple):
    """What was logged.

    Attributes
    ----------
    experiment : str or None
        The experiment's id; None if the store could not be opened.
    cohort : dict
        Outcome of the run of the cohort.
    runs : list of dict
        Outcome of each run.
    """

    experiment: str | None
    cohort: Outcome
    runs: list[Outcome]


def _log_values(
    name: str, cohort: CohortValues, values: Sequence[RunValues], uri: str, artifacts: str | None
) -> Logged:
    """Log runs to the store. Once the store is lost, the remaining runs are ``pending``."""
    failures = store_errors()
    try:
        client, experiment = open_store(name, uri, artifacts)
        existing = find_runs(client, experiment)
    except failures as error:
        lost = _outcome("pending", reason=explain_error(error))
        return Logged(None, lost, [lost for _ in values])
    lost_reason = ""

    def attempt(log_it: Callable[[], str], plot: bool = False) -> Outcome:
        nonlocal lost_reason
        if lost_reason:
            return _outcome("pending", reason=lost_reason)
        try:
            return _outcome("logged", log_it(), plot=plot)
        except failures as error:
            reason = explain_error(error)
            try:
                client.get_experiment(experiment)
            except failures:
                lost_reason = reason  # do not wait for the timeout of every other run
            return _outcome("pending", reason=reason)

    def log_one(run: RunValues) -> Outcome:
        found = existing.get(run.key, [])
        return attempt(
            lambda: log_run(client, experiment, run, found), plot=PLOT_NAME in run.artifacts
        )

    if is_server(uri):
        with ThreadPoolExecutor(SERVER_THREADS) as pool:
            outcomes = list(pool.map(log_one, values))
    else:  # a SQLite database takes one writer at a time
        outcomes = [log_one(run) for run in values]
    found = existing.get(cohort.key, [])
    return Logged(
        experiment,
        attempt(lambda: log_cohort_run(client, experiment, cohort, found)),
        outcomes,
    )
