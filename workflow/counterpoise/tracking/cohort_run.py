"""The MLflow run of a whole cohort, and the description of its experiment.

The run is kept as long as the cohort: its artifacts are replaced when the files change. It holds
the report, so that a browser without access to ``results/`` can read it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterpoise.contacts.bins import format_base_pairs, pluralise
from counterpoise.files import sha256
from counterpoise.records.fitness import Fitness
from counterpoise.records.wording import fitness_label, list_names
from counterpoise.store.paths import BASE, ResultPaths
from counterpoise.store.runs import RunKey
from counterpoise.tracking.runs import NOTE, RUN, list_artifacts, log_changes, upload
from counterpoise.tracking.saved_view import CURRENT, VIEW_TAG, saved_view
from counterpoise.tracking.values import KIND, KIND_COHORT, JudgedFitness, RunValues

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

SETTINGS_NAME, REPORT_NAME = "settings.json", "report.html"
# Tag of the SHA-256 of all artifacts, by which a change is noticed.
FILES_SHA = "files_sha256"
# Tags of the SHA-256 of a text as it was last written: a text that someone edited is kept.
WRITTEN = "counterpoise.written."


@dataclass(frozen=True)
class CohortValues:
    """All values of the run of a cohort.

    Attributes
    ----------
    key : str
        The tag ``counterpoise.run``.
    name : str
        Name of the run: the cohort, and the overlay if there is one.
    complete : bool
        Whether all runs of the cohort have a result.
    about : str
        Samples, methods and settings in Markdown, for the page of the experiment.
    tags : dict of str to str
        Tags.
    metrics : dict of str to float
        Numbers of samples and runs.
    artifacts : dict of str to str
        Paths of files by their names in MLflow.
    settings : dict
        Settings of methods, masks and ingest, and versions of packages.
    """

    key: str
    name: str
    complete: bool
    about: str
    tags: dict[str, str]
    metrics: dict[str, float]
    artifacts: dict[str, str]
    settings: dict[str, Any]


def read_cohort(
    paths: ResultPaths,
    runs: Sequence[RunKey],
    fitness: Mapping[tuple[str, int, str], JudgedFitness],
    values: Mapping[tuple[str, int, str], RunValues],
) -> CohortValues:
    """Collect the values of the run of a cohort.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    runs : sequence of RunKey
        All runs.
    fitness : mapping
        Fitness and its reason by sample, resolution and method.
    values : mapping
        Values of the runs that have a result.

    Returns
    -------
    CohortValues
        The values to log.
    """
    samples = list(dict.fromkeys(run.sample for run in runs))
    counts = Counter(fitness[place][0] for place in values)
    metrics = {
        "samples": len(samples),
        "runs": len(runs),
        **{f"runs_{each.value}": counts[each.value] for each in Fitness},
        "runs_missing": len(runs) - len(values),
    }
    files = (paths.report, paths.samples, paths.summary)
    overlay = [] if paths.experiment == BASE else [paths.experiment]
    return CohortValues(
        key="/".join([paths.cohort, *overlay]),
        name=paths.title,
        complete=len(values) == len(runs),
        about=_describe(paths, runs, counts),
        tags={KIND: KIND_COHORT, "cohort": paths.cohort, "experiment": paths.experiment},
        metrics={name: float(number) for name, number in metrics.items()},
        artifacts={Path(path).name: path for path in files if Path(path).is_file()},
        settings=_collect_settings(paths, runs, values),
    )


def _describe(paths: ResultPaths, runs: Sequence[RunKey], counts: Counter[str]) -> str:
    """Describe a cohort in Markdown."""
    samples = list(dict.fromkeys(run.sample for run in runs))
    sizes = sorted({run.resolution for run in runs})
    methods = dict.fromkeys(run.method for run in runs)
    fit = [f"{counts[each.value]} {fitness_label(each)}" for each in Fitness if counts[each.value]]
    missing = len(runs) - counts.total()
    fit += [f"{missing} without a result"] if missing else []
    return (
        f"**{paths.title}**: {pluralise(len(samples), 'sample')} balanced by Counterpoise, one run "
        "per sample, resolution and method.\n\n"
        f"- Samples: {list_names(samples)}\n"
        f"- Resolutions: {', '.join(map(format_base_pairs, sizes))}\n"
        f"- Methods: {', '.join(methods)}\n"
        f"- {pluralise(len(runs), 'run')}: {', '.join(fit)}\n"
        f"- Files: `{Path(paths.base).absolute()}`\n"
    )


def _collect_settings(
    paths: ResultPaths,
    runs: Sequence[RunKey],
    values: Mapping[tuple[str, int, str], RunValues],
) -> dict[str, Any]:
    """Return the settings of methods and ingest, and versions of packages.

    Settings of a method are those of the first of its runs.
    """
    methods: dict[str, dict[str, str]] = {}
    versions: dict[str, str] = {}
    ingest: dict[str, Any] = {}
    engines: dict[str, str] = {}
    for run in runs:
        if run.place in values:
            found = values[run.place]
            methods.setdefault(run.method, found.params)
            versions |= {k: v for k, v in found.tags.items() if k.startswith("version.")}
            engines |= found.ingest["engines"]
            ingest |= found.ingest
    return {
        "cohort": paths.cohort,
        "experiment": paths.experiment,
        "ingest": {**ingest, "engines": engines},
        "methods": methods,
        "versions": {name.removeprefix("version."): text for name, text in versions.items()},
    }


def log_cohort_run(
    client: MlflowClient, experiment: str, values: CohortValues, existing: Sequence[Run]
) -> str:
    """Create or update the run of a cohort, and describe its experiment.

    Parameters
    ----------
    client : MlflowClient
        The store.
    experiment : str
        The experiment's id.
    values : CohortValues
        The values to log.
    existing : sequence of Run
        Runs with the same key, as ``find_runs`` returns them.

    Returns
    -------
    str
        MLflow's run id.
    """
    run = existing[0] if existing else _create_run(client, experiment, values)
    run_id = str(run.info.run_id)
    digest = _hash_files(values)
    names = {*values.artifacts, SETTINGS_NAME}
    if run.data.tags.get(FILES_SHA) != digest or not names <= list_artifacts(client, run):
        upload(client, run, values.artifacts, {SETTINGS_NAME: values.settings})
        client.set_tag(run_id, FILES_SHA, digest)
    log_changes(client, run, values.metrics)
    status = "FINISHED" if values.complete else "FAILED"
    if run.info.status != status:
        client.set_terminated(run_id, status=status)
    _describe_experiment(client, experiment, values, run_id)
    return run_id


def _create_run(client: MlflowClient, experiment: str, values: CohortValues) -> Run:
    """Create the run of a cohort; its text is written once, since users may edit it."""
    note = f"Report, tables and settings of {values.name}, under *Artifacts*."
    tags = {**values.tags, RUN: values.key, CURRENT: "true", NOTE: note}
    return client.create_run(experiment, tags=tags, run_name=values.name)


def _hash_files(values: CohortValues) -> str:
    """Hash all artifacts."""
    digests = {name: sha256(path) for name, path in values.artifacts.items()}
    text = json.dumps([digests, values.settings], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _describe_experiment(
    client: MlflowClient, experiment: str, values: CohortValues, run_id: str
) -> None:
    """Write description and saved view of the experiment unless someone edited them.

    Overlays of a cohort share its experiment, which describes the cohort itself.
    """
    tags = client.get_experiment(experiment).tags
    report = f"#/experiments/{experiment}/runs/{run_id}/artifacts/{REPORT_NAME}"
    note = f"{values.about}- [Report, tables and settings]({report})\n"
    texts = {VIEW_TAG: saved_view(), **({NOTE: note} if values.tags["experiment"] == BASE else {})}
    for tag, text in texts.items():
        mark = WRITTEN + tag
        if tag in tags and tags.get(mark) != _hash(tags[tag]):
            continue
        if tags.get(tag) != text:
            client.set_experiment_tag(experiment, mark, _hash(text))
            client.set_experiment_tag(experiment, tag, text)


def _hash(text: str) -> str:
    """Hash a text."""
    return hashlib.sha256(text.encode()).hexdigest()
