"""MLflow runs, made from the files under ``results/``.

One flat run for each sample x resolution x method, in the experiment named after the cohort, where
those of its overlays (``conf/experiment/``) are, too. The files are the truth and MLflow is a view
of them: logging again adds nothing, an interrupted logging is completed, and a store that cannot
be reached fails nothing (the record says ``pending``). Tags, parameters and metrics are listed in
``docs/outputs.md``.

A run is known by two tags: ``counterpoise.run`` (cohort/sample/resolution/method, with an overlay
cohort/overlay/sample/resolution/method) and ``counterpoise.content``, a SHA-256 of everything that
is the same whenever the same input is balanced with the same settings. New content makes a new run,
so that settings can be compared; ``counterpoise.current`` tells the run that the files hold now
from the older ones.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from counterpoise.contacts.bins import format_base_pairs
from counterpoise.errors import CounterpoiseError, strip_credentials
from counterpoise.files import atomic_write, read_json, sha256, write_json
from counterpoise.methods.kernel.settings import CV
from counterpoise.records.verdict import Status, Verdict
from counterpoise.store.missing import UNFINISHED, why_missing
from counterpoise.store.paths import BASE, ResultPaths
from counterpoise.store.weights import read_searches

if TYPE_CHECKING:
    import pyarrow as pa
    from mlflow import MlflowClient
    from mlflow.entities import Run

    from counterpoise.records.search import Search

RUN, CONTENT, CURRENT = "counterpoise.run", "counterpoise.content", "counterpoise.current"
PLOT, SEARCH = "plot_sha256", "bandwidth_sha256"
# Names of artifacts: the same for all methods, since MLflow's page for comparing shows side by side
# what has the same name.
PICTURE, VERDICT, TABLE = "plot.png", "verdict.json", "bandwidth.json"
# MLflow's own tag: which artifacts its page shows as tables.
TABLES = "mlflow.loggedArtifacts"
SHOWN = {"path": TABLE, "type": "table"}
# The slash makes a section of its own on MLflow's page of charts, before the single values.
CURVE = "convergence/log10_max_deviation"
# Tags that a sample sheet may give and take away again.
OPTIONAL_TAGS = ("condition", "replicate")
# A saved view of MLflow's page of runs, among its "Views": a tag of the experiment.
VIEW = "counterpoise"
VIEW_TAG = f"mlflow.sharedViewState.{VIEW}"
# How many runs are logged to a server at the same time.
AT_ONCE = 4

log = logging.getLogger(__name__)

Point = tuple[str, int, float]


def next_attempt(path: str | Path) -> int:
    """Which attempt at logging comes next, by what the last ``tracking.json`` says.

    Given to the tracking rule among its parameters (and the file marked ``update``, so that it
    outlives the start of the job), it makes Snakemake try again after a pending attempt, and only
    then. An old modification time would not: Snakemake touches what a job wrote.
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
    runs : for each run sample, condition, replicate, resolution and method; condition and
        replicate may be None.
    settings : ``uri`` of the store; ``artifacts``, the folder (or URI) for plots and verdicts, None
        where a server has its own; ``enabled``; ``timeout_seconds`` for one request to a server;
        ``attempt`` as ``next_attempt`` gives it, 0 if left out. After a run of the workflow that
        failed also what it did not make (``outstanding``): such runs are left out.

    Returns
    -------
    The record for ``tracking.json``: ``status`` (``logged``, ``partial`` where runs are left out,
    ``pending`` or ``off``), ``reason`` in words, ``uri`` without credentials, ``experiment``,
    ``page`` (where a browser shows it; None without a server), ``attempt``, and ``runs`` with
    sample, resolution, method, ``run_id``, ``state`` and ``reason``.

    Raises
    ------
    CounterpoiseError : a result is missing. Trouble with the store never raises.
    """
    outcomes = [
        {**{key: row[key] for key in ("sample", "resolution", "method")}, **_outcome("off")}
        for row in runs
    ]
    record: dict[str, Any] = {
        "status": "off",
        "reason": "tracking.enabled is false",
        "uri": strip_credentials(settings["uri"]),
        "experiment": paths.cohort,
        "page": None,
        "attempt": int(settings.get("attempt", 0)),
        "runs": outcomes,
    }
    if not settings["enabled"]:
        return record
    if UNFINISHED in settings:
        for row, outcome in zip(runs, outcomes, strict=True):
            if reason := why_missing(paths, row, settings):
                outcome.update(_outcome("missing", reason=reason))
    there = [outcome["state"] != "missing" for outcome in outcomes]
    results = [_read_result(paths, row) for row in compress(runs, there)]
    with _environment(settings["timeout_seconds"]):
        record["page"], logged = _log_results(paths.cohort, results, settings)
        for row, outcome in zip(compress(outcomes, there), logged, strict=True):
            row.update(outcome)
    pending = [row for row in outcomes if row["state"] == "pending"]
    record["status"] = "pending" if pending else "logged" if all(there) else "partial"
    not_logged = pending or [row for row in outcomes if row["state"] == "missing"]
    record["reason"] = not_logged[0]["reason"] if not_logged else ""
    if pending:
        log.warning(
            "%d of %d runs are not yet logged to MLflow at %s: %s. The results are complete and "
            "safe; the next snakemake tries again.",
            len(pending),
            len(outcomes),
            record["uri"],
            record["reason"],
        )
    return record


def _outcome(state: str, run_id: str | None = None, reason: str = "") -> dict[str, Any]:
    return {"state": state, "run_id": run_id, "reason": reason}


# --- What is logged: from files to plain values ---------------------------------------------


@dataclass(frozen=True)
class _Result:
    """All that MLflow is told of one run.

    ``curve`` and ``final`` are metrics (name, step, value), all finite; ``artifacts`` are files by
    their names in MLflow; ``table`` is how the bandwidth was searched for, None where it was not;
    ``finished`` is when the balancing ended, in seconds since 1970.
    """

    key: str
    content: str
    name: str
    description: str
    failed: bool
    tags: dict[str, str]
    params: dict[str, str]
    curve: list[Point]
    final: list[Point]
    artifacts: dict[str, str]
    table: dict[str, Any] | None
    seconds: float
    finished: float


def _read_result(paths: ResultPaths, row: dict[str, Any]) -> _Result:
    import pyarrow.parquet as pq

    place = (row["sample"], row["resolution"], row["method"])
    files, plot, search = paths.run_files(*place), paths.plot(*place), paths.bandwidth(*place)
    raw = read_json(_present(files.verdict))
    verdict = Verdict.from_dict(raw)
    searched = verdict.settings.get("bandwidth") == CV
    if searched:
        _present(search)
    for path in (*files, plot):
        _present(path)
    # Not the plot and the search: how the one is drawn and what the other tells beside the
    # bandwidth, which the verdict holds, changes no result and makes no new run.
    digests = {"weights": sha256(files.weights), "trace": sha256(files.trace)}
    same_every_time = {name: value for name, value in raw.items() if name != "run"}
    content = json.dumps([same_every_time, digests], sort_keys=True).encode()
    overlay = [] if paths.experiment == BASE else [paths.experiment]
    key = "/".join([paths.cohort, *overlay, *map(str, place)])
    name = f"{row['sample']} {format_base_pairs(int(row['resolution']))} {row['method']}"
    name = " \u00b7 ".join([name, *overlay])
    return _Result(
        key=key,
        content=hashlib.sha256(content).hexdigest(),
        name=name,
        description=_description(name, verdict),
        failed=verdict.status is Status.FAILED,
        tags={
            **_tags(paths, row, verdict, digests["weights"]),
            PLOT: sha256(plot),
            **({SEARCH: sha256(search)} if searched else {}),
        },
        params=_flat({**verdict.settings, "mask": verdict.mask.get("settings", {})}),
        curve=_curve(pq.read_table(files.trace)),
        final=_final_metrics(verdict),
        # Weights are not copied: they are large, and the balanced .mcool and results/ hold them;
        # their hash among the tags tells which file belongs to the run.
        artifacts={PICTURE: plot, VERDICT: files.verdict},
        table=_table(read_searches(search)) if searched else None,
        seconds=verdict.run.get("seconds", 0.0),
        finished=Path(files.verdict).stat().st_mtime,
    )


def _present(path: str) -> str:
    """The path, if there is such a file."""
    if not Path(path).is_file():
        raise CounterpoiseError(
            f"{path}: this result is missing, so its run cannot be logged. Run snakemake "
            "to make it, then log again."
        )
    return path


def _table(searches: Sequence[Search]) -> dict[str, Any]:
    """Every bandwidth that was tried, as MLflow stores tables: names of columns, and rows."""
    rows = [
        {
            "part": search.label,
            "base_pairs": round(search.base_pairs(candidate.bandwidth)),
            "whole": round(search.base_pairs(candidate.whole)),
            "chosen": number == search.best,
            "score": candidate.score if math.isfinite(candidate.score) else None,
            "error": candidate.error if math.isfinite(candidate.error) else None,
            "iterations": candidate.iterations,
            "rejected": candidate.rejected,
        }
        for search in searches
        for number, candidate in enumerate(search.candidates)
    ]
    return {"columns": list(rows[0]) if rows else [], "data": [list(row.values()) for row in rows]}


def _tags(
    paths: ResultPaths, row: dict[str, Any], verdict: Verdict, weights: str
) -> dict[str, str]:
    optional = {key: row.get(key) for key in OPTIONAL_TAGS}
    source = verdict.source
    return {
        "cohort": paths.cohort,
        "experiment": paths.experiment,
        "sample": row["sample"],
        **{key: str(value) for key, value in optional.items() if value not in (None, "")},
        "resolution": str(row["resolution"]),
        "method": row["method"],
        "algorithm": verdict.method,
        "scope": verdict.scope,
        "status": str(verdict.status),
        "reason": verdict.reason,
        "backend": verdict.backend,
        "device": verdict.device,
        "input": strip_credentials(str(source.get("uri", ""))),
        **{f"input_{key}": str(value) for key, value in source.get("identity", {}).items()},
        "weights_sha256": weights,
        **{f"version.{package}": version for package, version in verdict.versions.items()},
    }


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested settings as one level of dotted names; values as JSON, but strings bare."""
    flat: dict[str, str] = {}
    for key, value in settings.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value if isinstance(value, str) else json.dumps(value)
    return flat


def _description(name: str, verdict: Verdict) -> str:
    """Markdown for the run's page: the verdict, and what the curves show."""
    ending = f": {verdict.reason}" if verdict.reason else ""
    return (
        f"**{name}: {str(verdict.status).replace('_', ' ')}**{ending}\n\n"
        f"- `{CURVE}`: the largest relative deviation of a balanced row sum from its target "
        "after each iteration (the step), as a power of ten: -5 is 0.001 %. Where chromosomes are "
        "balanced one by one, the largest of all; one that has ended keeps its last value. Steps "
        "without a finite value are left out.\n"
        "- `final_max_deviation`, `final_rms_deviation`: computed anew from the final weights.\n"
        "- `median_se`: median of the weights' relative standard errors, by counting noise alone.\n"
    )


def convergence(trace: pa.Table) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """One curve for a run, from the curves of its parts.

    Parameters
    ----------
    trace : part, iteration and max_deviation, as in ``trace.parquet``.

    Returns
    -------
    steps : int64 [steps], every iteration that some part made.
    largest : float64 [steps], the largest deviation of all parts. A part that has ended counts
        with its last value.
    """
    iteration = trace["iteration"].to_numpy().astype(np.int64)
    steps = np.unique(iteration)
    largest = np.zeros(len(steps))
    if not len(steps):
        return steps, largest
    code = trace["part"].combine_chunks().dictionary_encode().indices.to_numpy()
    order = np.lexsort((iteration, code))
    maximum = trace["max_deviation"].to_numpy()
    borders = np.flatnonzero(np.diff(code[order])) + 1
    for rows in np.split(order, borders):
        last = np.searchsorted(iteration[rows], steps, side="right") - 1
        largest = np.maximum(largest, maximum[rows[np.maximum(last, 0)]])
    return steps, largest


def _curve(trace: pa.Table) -> list[Point]:
    """Its logarithm: MLflow's charts open with linear axes, on which only the start would show."""
    steps, largest = convergence(trace)
    with np.errstate(divide="ignore"):
        powers = np.log10(largest)
    return [
        (CURVE, int(step), float(power))
        for step, power in zip(steps, powers, strict=True)
        if math.isfinite(power)
    ]


def _final_metrics(verdict: Verdict) -> list[Point]:
    bandwidths = [part.bandwidth for part in verdict.parts if part.bandwidth is not None]
    values: dict[str, float | None] = {
        "final_max_deviation": verdict.max_deviation,
        "final_rms_deviation": verdict.rms_deviation,
        "median_se": verdict.median_se,
        "iterations": verdict.iterations,
        "matvecs": verdict.matvecs,
        "bins": verdict.bins,
        "kept_bins": verdict.kept,
        "kept_fraction": verdict.kept / verdict.bins if verdict.bins else None,
        "parts": len(verdict.parts),
        "parts_balanced": sum(part.status.good for part in verdict.parts),
        "bandwidth": round(float(np.median(bandwidths))) if bandwidths else None,
        **verdict.run,
    }
    return [
        (name, 0, float(value))
        for name, value in values.items()
        if value is not None and math.isfinite(value)
    ]


# --- The store ------------------------------------------------------------------------------


@contextmanager
def _environment(timeout_seconds: int) -> Iterator[None]:
    """MLflow's settings, of which it reads some at import and some at each request."""
    wanted = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # Its own messages would be the only ones to print a server's address with the password.
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "MLFLOW_LOGGING_LEVEL": "ERROR",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": str(timeout_seconds),
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _failures() -> tuple[type[Exception], ...]:
    """What a store that is away, full, locked or of another version raises.

    The errors of requests are OSErrors; ImportError is a database driver that is not installed.
    """
    from alembic.util import CommandError
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError
    from urllib3.exceptions import HTTPError

    return (MlflowException, SQLAlchemyError, CommandError, HTTPError, OSError, ImportError)


def _in_words(error: BaseException) -> str:
    """The cause that a person can act on, on one line and without credentials."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None:
        chain.append(link)
        link = link.__cause__ or link.__context__
    roots = [link for link in chain if isinstance(link, OSError)]
    text = str(roots[-1] if roots else error).strip() or type(error).__name__
    return strip_credentials(re.sub(r" at 0x[0-9a-f]+", "", text.splitlines()[0]))


def _log_results(
    cohort: str, results: Sequence[_Result], settings: dict[str, Any]
) -> tuple[str | None, list[dict[str, Any]]]:
    """The page that shows the cohort, where there is a server, and an outcome for each result.

    After the store is lost, they are ``pending`` for the rest.
    """
    failures = _failures()
    try:
        client, experiment = _open_store(cohort, settings)
        known = _known_runs(client, experiment)
    except failures as error:
        return None, [_outcome("pending", reason=_in_words(error)) for _ in results]
    page = _page(settings["uri"], experiment) if _served(settings["uri"]) else None
    lost = ""

    def log_one(result: _Result) -> dict[str, Any]:
        nonlocal lost
        if lost:
            return _outcome("pending", reason=lost)
        try:
            run_id = _log_run(client, experiment, result, known.get(result.key, []))
        except failures as error:
            reason = _in_words(error)
            try:
                client.get_experiment(experiment)
            except failures:
                lost = reason  # no use in waiting for each of the others
            return _outcome("pending", reason=reason)
        return _outcome("logged", run_id)

    # A server has several processes that take requests; a database is written to by one at a time.
    if not _served(settings["uri"]):
        return page, [log_one(result) for result in results]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return page, list(pool.map(log_one, results))


def _served(uri: str) -> bool:
    """Whether an address is that of a server, and not of a database."""
    return uri.startswith(("http://", "https://"))


def _open_store(cohort: str, settings: dict[str, Any]) -> tuple[MlflowClient, str]:
    """A client, and the id of the cohort's experiment, made where they are not there yet."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    uri, artifacts = settings["uri"], settings["artifacts"]
    database = Path(uri.partition("?")[0].removeprefix("sqlite:///"))
    if uri.startswith("sqlite:///") and not database.exists():
        # Killed while it makes the tables, MLflow leaves a file that it can never use again.
        with atomic_write(database) as temporary:
            temporary.unlink(missing_ok=True)
            MlflowClient(f"sqlite:///{temporary}")
    client = MlflowClient(uri)
    location = None
    if artifacts:
        folder = f"{artifacts}/{cohort}"
        location = folder if "://" in folder else Path(folder).absolute().as_uri()
    experiment = client.get_experiment_by_name(cohort)
    if experiment is None:
        return client, client.create_experiment(cohort, location, tags={VIEW_TAG: _saved_view()})
    if experiment.lifecycle_stage == "deleted":
        raise MlflowException(
            f"the experiment {cohort} was deleted in MLflow; bring it back with "
            f"'mlflow experiments restore --experiment-id {experiment.experiment_id}'"
        )
    if location and experiment.artifact_location != location:
        raise MlflowException(
            f"the experiment {cohort} keeps its files under {experiment.artifact_location}, and "
            f"now {location} is asked for; set tracking.artifacts back, or (after moving the "
            "folder) remove the database, which is filled again from the results"
        )
    return client, experiment.experiment_id


def _page(uri: str, experiment: str) -> str:
    """Where a browser shows an experiment in our view of it."""
    address = strip_credentials(uri).rstrip("/")
    return (
        f"{address}/#/experiments/{experiment}/runs?viewStateShareKey={VIEW}&compareRunsMode=CHART"
    )


def _saved_view() -> str:
    """The view of an experiment that we prepare: its columns, order and charts.

    Left to itself MLflow shows no tags and no metrics in its table and ten runs in no order. The
    format is that of MLflow 3.17's "Save as new view"; earlier ones read the state outside the
    envelope.
    """
    metrics = (CURVE, "iterations", "median_se", "kept_fraction", "seconds")
    columns = ["tags.`status`", "tags.`condition`", *(f"metrics.`{name}`" for name in metrics)]
    section = {"display": True, "isReordered": False, "deleted": False, "isGenerated": False}
    state = {
        "searchFilter": f"tags.`{CURRENT}` = 'true'",
        "orderByKey": "tags.`mlflow.runName`",
        "orderByAsc": True,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": columns,
        "columnOrder": [],
        "columnWidths": {},
        "runsExpanded": {},
        "runsPinned": [],
        "runsHidden": [],
        "runsVisibilityMap": {},
        "runsHiddenMode": "FIRST_20_RUNS",
        "compareRunCharts": [
            {
                "uuid": VIEW,
                "type": "LINE",
                "runsCountToCompare": 20,
                "metricSectionId": CURVE,
                "deleted": False,
                "isGenerated": False,
                "metricKey": CURVE,
                "selectedMetricKeys": [CURVE],
                "lineSmoothness": 0,
                "xAxisScaleType": "linear",
                "scaleType": "linear",
                "xAxisKey": "step",
                "selectedXAxisMetricKey": "",
                "displayPoints": False,
                "yAxisKey": "metric",
                "yAxisExpressions": [],
                "range": {},
            }
        ],
        "compareRunSections": [
            {**section, "uuid": CURVE, "name": "convergence", "columns": 1, "cardHeight": 520},
            {**section, "uuid": "metrics", "name": "Model metrics"},
            {**section, "uuid": "system", "name": "System metrics"},
        ],
        "viewMaximized": False,
        "runListHidden": False,
        "isAccordionReordered": False,
        "useGroupedValuesInCharts": True,
        "hideEmptyCharts": True,
        "groupBy": None,
        "groupsExpanded": {},
        "autoRefreshEnabled": False,
        "globalLineChartConfig": {
            "xAxisKey": "step",
            "lineSmoothness": 0,
            "selectedXAxisMetricKey": "",
        },
    }
    return json.dumps({"name": "Counterpoise", "createdAt": 0, "state": json.dumps(state), **state})


def _known_runs(client: MlflowClient, experiment: str) -> dict[str, list[Run]]:
    """The runs of an experiment by their key, ended ones first, then the oldest first."""
    known: dict[str, list[Run]] = {}
    token = None
    while True:
        page = client.search_runs([experiment], page_token=token)
        for run in page:
            if RUN in run.data.tags:
                known.setdefault(run.data.tags[RUN], []).append(run)
        token = page.token
        if not token:
            break
    for runs in known.values():
        runs.sort(key=lambda run: (not _ended(run), run.info.start_time, run.info.run_id))
    return known


def _ended(run: Run) -> bool:
    """Whether everything was logged: ending the run is the last step."""
    return run.info.status in ("FINISHED", "FAILED")


def _log_run(client: MlflowClient, experiment: str, result: _Result, known: list[Run]) -> str:
    """Make, complete or leave alone the one run of this content, and mark it the current one.

    Returns
    -------
    MLflow's run id.
    """
    from mlflow.entities import RunTag

    same = [run for run in known if run.data.tags.get(CONTENT) == result.content]
    if same:
        run = same[0]
        for twin in same[1:]:
            # Made by a request that was sent again because its answer was lost.
            client.delete_run(twin.info.run_id)
    else:
        run = client.create_run(
            experiment,
            start_time=max(1, round((result.finished - result.seconds) * 1000)),
            tags={
                **result.tags,
                RUN: result.key,
                CONTENT: result.content,
                CURRENT: "true",
                # Written once: the user may edit it in MLflow.
                "mlflow.note.content": result.description,
                **({TABLES: json.dumps([SHOWN])} if result.table is not None else {}),
            },
            run_name=result.name,
        )
    run_id: str = run.info.run_id
    if not _ended(run):
        _fill(client, run, result)
    else:  # the same result, perhaps drawn or searched for anew
        if run.data.tags.get(PLOT) != result.tags[PLOT]:
            _upload(client, run, result, (PICTURE,))
        if run.data.tags.get(SEARCH) != result.tags.get(SEARCH):
            _upload(client, run, result, (TABLE,))
    held, wanted = run.data.tags, {**result.tags, CURRENT: "true"}
    changed = [RunTag(key, value) for key, value in wanted.items() if held.get(key) != value]
    client.log_batch(run_id, tags=changed)
    for key in OPTIONAL_TAGS:
        if key in held and key not in wanted:
            client.delete_tag(run_id, key)
    for old in known:
        if old not in same and old.data.tags.get(CURRENT) != "false":
            client.set_tag(old.info.run_id, CURRENT, "false")
    return run_id


def _fill(client: MlflowClient, run: Run, result: _Result) -> None:
    """Parameters, metrics and artifacts of a run that was not ended, then its end.

    The time of a point is the run's own start, and a millisecond for each iteration so that charts
    over time have a shape: MLflow stores what is the same once, and a second try doubles nothing.
    """
    from mlflow.entities import Metric, Param

    run_id, start = run.info.run_id, run.info.start_time
    # Seconds and memory may differ if the map was balanced again since the first try.
    final = [point for point in result.final if point[0] not in run.data.metrics]
    client.log_batch(
        run_id,
        metrics=[
            Metric(name, value, start + step, step) for name, step, value in result.curve + final
        ],
        params=[Param(key, value) for key, value in result.params.items()],
    )
    _upload(client, run, result, (PICTURE, VERDICT, TABLE))
    client.set_terminated(
        run_id,
        status="FAILED" if result.failed else "FINISHED",
        end_time=start + round(result.seconds * 1000),
    )


def _upload(client: MlflowClient, run: Run, result: _Result, names: Sequence[str]) -> None:
    """Those artifacts of these that the result has, in place of what the run holds."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    with TemporaryDirectory() as folder, _storing(", ".join(names)):
        for name in names:
            if name in result.artifacts:
                shutil.copyfile(result.artifacts[name], f"{folder}/{name}")
        if TABLE in names and result.table is not None:
            write_json(f"{folder}/{TABLE}", result.table)
        # Not the client's log_artifacts, which first asks the server where artifacts are kept.
        place: Any = get_artifact_repository(run.info.artifact_uri, client.tracking_uri)
        place.log_artifacts(folder)
    if TABLE in names and result.table is not None:
        _show_table(client, run)


def _show_table(client: MlflowClient, run: Run) -> None:
    """Have MLflow's page show the search for a bandwidth as a table.

    As ``log_table`` does it, which would append to a table that is there already.
    """
    shown = json.loads(run.data.tags.get(TABLES, "[]"))
    if SHOWN not in shown:
        client.set_tag(run.info.run_id, TABLES, json.dumps([*shown, SHOWN]))


@contextmanager
def _storing(what: str) -> Iterator[None]:
    """Each kind of artifact store (S3, Azure, ...) raises errors of its own, unknown here."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except Exception as error:
        raise MlflowException(f"{what} could not be stored: {error}") from error
