"""Plain values of a run, from its files: tags, parameters, metrics, artifacts."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import format_base_pairs
from counterpoise.errors import CounterpoiseError, strip_credentials
from counterpoise.files import read_json, sha256
from counterpoise.methods import methods
from counterpoise.records.facts import Shallow
from counterpoise.records.fitness import Fitness
from counterpoise.records.verdict import Verdict
from counterpoise.records.wording import fitness_reason, list_names
from counterpoise.store.paths import BASE, ResultPaths
from counterpoise.store.runs import RunKey
from counterpoise.store.weights import largest_deviations, read_verdict

if TYPE_CHECKING:
    import pyarrow as pa

    from counterpoise.records.search import Search

# Tag that tells the run of a map from that of the whole cohort, and its two values.
KIND, KIND_RUN, KIND_COHORT = "kind", "run", "cohort"
# Tag with the SHA-256 of the plot.
PLOT_SHA = "plot_sha256"
# Artifacts have the same names for all methods: MLflow's page for comparing runs shows those of
# the same name side by side.
PLOT_NAME, VERDICT_NAME, TABLE_NAME = "plot.png", "verdict.json", "bandwidth.json"
# The slash gives the curve a section of its own on MLflow's page of charts.
CURVE = "convergence/log10_max_deviation"
# Tags of every run that its labels cannot have.
TAGS = (
    *("cohort", "experiment", "sample", "resolution", "method", "algorithm", "scope", "status"),
    *("reason", "backend", "device", "input", "fitness", "fitness_reason", "weights_sha256"),
    *("plot_sha256", "labels", "prior_sources", "weights_of", "copy_number", "copy_number_sha256"),
    *("fitness_causes", "kind"),
)
# Tag with the names of the tags that come from the sample sheet.
LABELS = "labels"

Point = tuple[str, int, float]
JudgedFitness = tuple[str, str]  # fitness and its reason
Figures = Mapping[str, float]


@dataclass(frozen=True)
class RunValues:
    """All values of one run that MLflow receives.

    Attributes
    ----------
    key : str
        The tag ``counterpoise.run``.
    content : str
        The tag ``counterpoise.content``.
    name, description : str
        Name of the run, and its text in Markdown.
    failed : bool
        Whether the weights are not for use.
    tags, params : dict of str to str
        Tags and parameters.
    ingest : dict
        How the map was read: ``engines`` by format, and the settings ``chromosomes`` and ``thin``
        where they are used.
    curve, final : list of tuple of str, int and float
        Metrics as name, step and value; all values are finite.
    figures : dict of str to float
        Metrics that are no part of the run's content: other results of the cohort may change them.
    artifacts : dict of str to str
        Paths of files by their names in MLflow.
    table : dict or None
        The bandwidth search as a table; None if there was no search.
    seconds : float
        Time of balancing.
    finished : float
        When balancing ended, in seconds since 1970.
    """

    key: str
    content: str
    name: str
    description: str
    failed: bool
    tags: dict[str, str]
    params: dict[str, str]
    ingest: dict[str, Any]
    curve: list[Point]
    final: list[Point]
    figures: dict[str, float]
    artifacts: dict[str, str]
    table: dict[str, Any] | None
    seconds: float
    finished: float


def read_values(
    paths: ResultPaths,
    run: RunKey,
    judged: JudgedFitness,
    *,
    figures: Figures | None = None,
    has_plot: bool = True,
) -> RunValues:
    """Read the values of a run from its files.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    run : RunKey
        The run.
    judged : tuple of str
        Fitness and its reason, as the summary has them.
    figures : mapping, optional
        Figures of its map by the name of their metric.
    has_plot : bool
        Whether the run has a plot; it has none if a job failed, or by the settings.

    Returns
    -------
    RunValues
        The values to log.

    Raises
    ------
    CounterpoiseError
        If a file of the run is missing.
    """
    import pyarrow.parquet as pq

    place = run.place
    files, plot = paths.run_files(*place), paths.plot(*place)
    verdict = read_verdict(_require(files.verdict))
    record = read_json(files.verdict)
    searches = [part.search for part in verdict.parts if part.search]
    for path in (*files, *([plot] if has_plot else [])):
        _require(path)
    overlay = [] if paths.experiment == BASE else [paths.experiment]
    name = f"{run.sample} {format_base_pairs(run.resolution)} {run.method}"
    name = " \u00b7 ".join([name, *overlay])
    weights_sha = sha256(files.weights)
    tags = {
        "fitness": judged[0],
        "fitness_reason": judged[1],
        "fitness_causes": _list_causes(verdict, judged[1]),
        **_tags(paths, run, verdict),
        "weights_sha256": weights_sha,
    }
    # Weights are not uploaded: they are large, and their hash tells which file is the run's.
    artifacts = {VERDICT_NAME: files.verdict}
    if has_plot:
        tags[PLOT_SHA] = sha256(plot)
        artifacts[PLOT_NAME] = plot
    return RunValues(
        key="/".join([paths.cohort, *overlay, *map(str, place)]),
        content=_hash_content(record, weights_sha, sha256(files.trace)),
        name=name,
        description=_describe(name, verdict),
        failed=verdict.fitness is Fitness.NO,
        tags=tags,
        params=flatten({**verdict.settings, "mask": verdict.mask.get("settings", {})}),
        ingest=_ingest_settings(verdict.source),
        curve=_curve(pq.read_table(files.trace)),
        final=_final_metrics(verdict),
        figures=dict(figures or {}),
        artifacts=artifacts,
        table=search_table(searches) if searches else None,
        seconds=verdict.run.get("seconds", 0.0),
        finished=Path(files.verdict).stat().st_mtime,
    )


def _require(path: str) -> str:
    """Return the path, or raise an error if there is no such file."""
    if not Path(path).is_file():
        raise CounterpoiseError(
            f"{path}: this result is missing, so its run cannot be logged. Run snakemake "
            "to make it, then log again."
        )
    return path


def _hash_content(record: dict[str, Any], weights_sha: str, trace_sha: str) -> str:
    """Hash what stays the same if the same input is balanced with the same settings.

    The plot is left out: it changes no result.
    """
    reproducible = {name: value for name, value in record.items() if name != "run"}
    digests = {"weights": weights_sha, "trace": trace_sha}
    content = json.dumps([reproducible, digests], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _ingest_settings(source: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a map was read, from the record of its source."""
    used = {"chromosomes": source.get("chromosomes"), "thin": source.get("thinned")}
    return {
        "engines": {source["format"]: source["engine"]} if "engine" in source else {},
        **{name: record["settings"] for name, record in used.items() if record},
    }


def search_table(searches: Sequence[Search]) -> dict[str, Any]:
    """List every candidate of a bandwidth search as MLflow stores tables.

    Parameters
    ----------
    searches : sequence of Search
        The search on each part.

    Returns
    -------
    dict
        ``columns`` (names) and ``data`` (rows).
    """
    rows = [
        {
            "part": search.label,
            "base_pairs": round(search.base_pairs(candidate.bandwidth)),
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


def _tags(paths: ResultPaths, run: RunKey, verdict: Verdict) -> dict[str, str]:
    """Return the tags that do not depend on the bytes of result files."""
    labels = {key: text for key, text in run.labels.items() if text}
    source = verdict.source
    copies = verdict.copy_number
    return {
        KIND: KIND_RUN,
        "cohort": paths.cohort,
        "experiment": paths.experiment,
        "sample": run.sample,
        **labels,
        LABELS: ",".join(labels),
        "resolution": str(run.resolution),
        "method": run.method,
        "algorithm": verdict.method,
        "scope": verdict.scope,
        "status": str(verdict.status),
        "reason": verdict.reason,
        "backend": verdict.backend,
        "device": verdict.device,
        **({"copy_number": copies.source, "copy_number_sha256": copies.sha256} if copies else {}),
        "input": strip_credentials(str(source.get("uri", ""))),
        **{f"input_{key}": str(value) for key, value in source.get("identity", {}).items()},
        **{f"version.{package}": version for package, version in verdict.versions.items()},
        **({"prior_sources": list_names(verdict.prior.sources)} if verdict.prior else {}),
        **({"weights_of": verdict.weights_of} if verdict.weights_of else {}),
    }


def _list_causes(verdict: Verdict, reason: str) -> str:
    """List the codes of the causes of a fitness, separated by commas.

    The summary adds one cause to those of the verdict: few contacts in comparison with the cohort.
    """
    codes = [cause.code for cause in verdict.fitness_causes]
    if reason.split() != fitness_reason(verdict.fitness_causes).split():
        codes.append(Shallow.code)
    return ",".join(codes)


def flatten(settings: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Flatten nested settings to dotted names.

    Parameters
    ----------
    settings : dict
        Settings, possibly nested.
    prefix : str
        Put before each name.

    Returns
    -------
    dict of str to str
        Values as JSON, but strings without quotes.
    """
    flat: dict[str, str] = {}
    for key, value in settings.items():
        if isinstance(value, dict):
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value if isinstance(value, str) else json.dumps(value)
    return flat


def _describe(name: str, verdict: Verdict) -> str:
    """Describe the verdict and the metrics in Markdown, for the run's page.

    The text is written once. The fitness is left to the tags, because a new sample may change it.
    """
    status = str(verdict.status).replace("_", " ")
    quantity = methods()[verdict.method].quantity
    return (
        f"**{name}: {status}.** {verdict.reason}\n\n"
        "- Whether the weights may be used: the tags `fitness` and `fitness_reason`.\n"
        f"- `{CURVE}`: the largest relative deviation of the {quantity} from their target after "
        "each iteration (the step), as a power of ten: -5 is 0.001 %. If chromosomes are balanced "
        "separately, the largest of all; a chromosome that has ended keeps its last value. Steps "
        "without a finite value are left out.\n"
        "- `final_max_deviation`, `final_rms_deviation`: recomputed from the final weights.\n"
        "- `median_se`: median of the weights' relative standard errors.\n"
        "- `expected_unevenness`: how uneven new contacts of the same library would be with these "
        "weights, beyond counting noise, in percent; `unevenness_at_most`: its upper bound.\n"
        "- `masked_...`: bins that the mask leaves out, by reason.\n"
    )


def merge_curves(trace: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Merge the convergence curves of all parts into one.

    Parameters
    ----------
    trace : pyarrow.Table
        part, iteration and deviations, as in ``trace.parquet``.

    Returns
    -------
    steps : int64 [steps]
        Every iteration that some part made.
    largest : float64 [steps]
        The largest deviation of all parts. A part that has ended counts with its last value.
    """
    iteration = trace["iteration"].to_numpy().astype(np.int64)
    steps = np.unique(iteration)
    largest = np.zeros(len(steps))
    if not len(steps):
        return steps, largest
    code = trace["part"].combine_chunks().dictionary_encode().indices.to_numpy()
    order = np.lexsort((iteration, code))
    deviation = largest_deviations(trace)
    borders = np.flatnonzero(np.diff(code[order])) + 1
    for rows in np.split(order, borders):
        last = np.searchsorted(iteration[rows], steps, side="right") - 1
        largest = np.maximum(largest, deviation[rows[np.maximum(last, 0)]])
    return steps, largest


def _masked_bins(verdict: Verdict) -> dict[str, int]:
    """Return the number of masked bins by ``masked_`` and the reason."""
    reasons = verdict.mask.get("reasons", {})
    return {f"masked_{reason}": bins for reason, bins in reasons.items() if reason != "kept"}


def _curve(trace: pa.Table) -> list[Point]:
    """Return the logarithm of the curve: MLflow's charts open with linear axes."""
    steps, largest = merge_curves(trace)
    with np.errstate(divide="ignore"):
        powers = np.log10(largest)
    return [
        (CURVE, int(step), float(power))
        for step, power in zip(steps, powers, strict=True)
        if math.isfinite(power)
    ]


def _final_metrics(verdict: Verdict) -> list[Point]:
    """Return the single-valued metrics that are known and finite."""
    bandwidths = [part.bandwidth for part in verdict.parts if part.bandwidth is not None]
    values: dict[str, float | None] = {
        "final_max_deviation": verdict.max_deviation,
        "final_rms_deviation": verdict.rms_deviation,
        "final_max_smoothed_deviation": verdict.max_smoothed_deviation,
        "median_se": verdict.median_se,
        "expected_unevenness": verdict.expected_unevenness,
        "unevenness_at_most": verdict.unevenness_at_most,
        "iterations": verdict.iterations,
        "matvecs": verdict.matvecs,
        "bins": verdict.bins,
        "kept_bins": verdict.kept,
        "kept_fraction": verdict.kept / verdict.bins if verdict.bins else None,
        "weighted_bins": verdict.weighted,
        "parts": len(verdict.parts),
        "parts_balanced": sum(part.status.balanced for part in verdict.parts),
        "bandwidth": round(float(np.median(bandwidths))) if bandwidths else None,
        **_masked_bins(verdict),
        **verdict.run,
    }
    if verdict.prior is not None:
        values |= {"prior_strength": verdict.prior.strength, "prior_error": verdict.prior.error}
    return [
        (name, 0, float(value))
        for name, value in values.items()
        if value is not None and math.isfinite(value)
    ]
