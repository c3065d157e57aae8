"""``summary.tsv``: one row per run.

To add a column, add a row to ``COLUMNS``, raise the revision of ``report`` and run ``make accept``,
which writes the table in ``docs/reference/outputs.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from counterpoise.records.facts import Fact, Shallow
from counterpoise.records.fitness import Fitness, FitnessSettings
from counterpoise.records.verdict import Verdict
from counterpoise.records.wording import fitness_reason, list_names
from counterpoise.report.depth import find_shallow, fitness_in_cohort
from counterpoise.report.figures import FIGURE_COLUMNS, MapFigures, map_figures
from counterpoise.report.statuses import MISSING
from counterpoise.report.table import (
    USUAL_LABELS,
    Column,
    Row,
    add_labels,
    label_column,
    read_table,
    write_table,
)
from counterpoise.store.missing import NOTHING_UNFINISHED, Unfinished, missing_reason
from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import Labels, RunKey
from counterpoise.store.source_record import read_source
from counterpoise.store.weights import read_verdict

LOGGED_FIGURES = ("contacts", "cis_share", "cis_20kb_share", "median_contacts")  # in MLflow


@dataclass(frozen=True)
class Result:
    """The files of a run from which a row is computed.

    Attributes
    ----------
    run : RunKey
        The run.
    verdict : Verdict
        The run's ``verdict.json``.
    source : dict
        The ``source.json`` of its map.
    experiment : str
        Name of the experiment, ``base`` without an overlay.
    shallow : Shallow or None
        How the map compares with the cohort; None unless it has far fewer contacts.
    """

    run: RunKey
    verdict: Verdict
    source: dict[str, Any]
    experiment: str
    shallow: Shallow | None

    @property
    def labels(self) -> Labels:
        """The labels of the sample."""
        return self.run.labels

    @cached_property
    def figures(self) -> MapFigures:
        """The figures of the map."""
        return map_figures(self.source)

    @property
    def fitness(self) -> Fitness:
        """The fitness of the run, by its own facts and by the comparison with the cohort."""
        return fitness_in_cohort(self.verdict.fitness, self.shallow)

    @property
    def fitness_causes(self) -> tuple[Fact, ...]:
        """The causes of the fitness."""
        return (*self.verdict.fitness_causes, *filter(None, [self.shallow]))


COLUMNS = (
    Column("sample", "name of the sample", lambda r: r.run.sample),
    *map(label_column, USUAL_LABELS),
    Column("resolution", "bin size in base pairs", lambda r: r.run.resolution),
    Column("method", "name of the method in the configuration", lambda r: r.run.method),
    Column(
        "fitness",
        "[fitness for use](#fitness): `good`, `caution` or `no`; empty without a result",
        lambda r: r.fitness.value,
    ),
    Column(
        "fitness_reason",
        "why not `good`; empty if it is",
        lambda r: fitness_reason(r.fitness_causes),
    ),
    Column(
        "chromosomes_unfit",
        "chromosomes whose weights are not for use, where those of others are; of many, the first "
        "ones and the number of the others",
        lambda r: list_names(unfit_chromosomes(r.verdict)),
    ),
    Column(
        "status",
        "[status](#statuses); `missing` if there is no result, because a job failed or the file "
        "lacks the level",
        lambda r: r.verdict.status.value,
    ),
    Column(
        "reason",
        "as in `verdict.json`; for `missing`, what failed or what the file lacks",
        lambda r: r.verdict.reason,
    ),
    Column("algorithm", "`method` of `verdict.json`", lambda r: r.verdict.method),
    Column("scope", "`genome`, `cis` or `trans`", lambda r: r.verdict.scope),
    Column("bins", "number of bins", lambda r: r.verdict.bins),
    Column("kept", "number of bins that were balanced", lambda r: r.verdict.kept),
    Column("with_contacts", "number of bins with contacts", lambda r: r.verdict.with_contacts),
    Column("weighted", "number of those with a weight", lambda r: r.verdict.weighted),
    Column("contacts", "sum of the counts over the pixels", lambda r: r.source.get("contacts")),
    Column("nonzeros", "number of pixels", lambda r: r.source.get("nnz")),
    *FIGURE_COLUMNS,
    Column("iterations", "iterations of the method", lambda r: r.verdict.iterations),
    Column("matvecs", "matrix-vector products", lambda r: r.verdict.matvecs),
    Column("max_deviation", "as in `verdict.json`", lambda r: r.verdict.max_deviation),
    Column("rms_deviation", "as there", lambda r: r.verdict.rms_deviation),
    Column(
        "max_smoothed_deviation",
        "for kernel methods, that of the smoothed row sums, on which they stop",
        lambda r: r.verdict.max_smoothed_deviation,
    ),
    Column("median_se", "as there", lambda r: r.verdict.median_se),
    Column("expected_unevenness", "as there", lambda r: r.verdict.expected_unevenness),
    Column("unevenness_at_most", "as there", lambda r: r.verdict.unevenness_at_most),
    Column(
        "prior_strength",
        "[strength](#use-of-a-prior) of the prior; empty without a prior",
        lambda r: r.verdict.prior and r.verdict.prior.strength,
    ),
    Column(
        "prior_error",
        "its standard error",
        lambda r: r.verdict.prior and r.verdict.prior.error,
    ),
    Column(
        "prior_sources",
        "the maps that the prior is made of; of many, the first ones and the number of the others",
        lambda r: r.verdict.prior and list_names(r.verdict.prior.sources),
    ),
    Column(
        "weights_of",
        "sample whose weights were applied; empty for weights of its own",
        lambda r: r.verdict.weights_of,
    ),
    Column("seconds", "wall time of balancing", lambda r: r.verdict.run.get("seconds")),
    Column(
        "peak_memory_mb",
        "peak memory of the balancing job, MiB",
        lambda r: r.verdict.run.get("peak_memory_mb"),
    ),
    Column("format", "format of the source", lambda r: r.source.get("format")),
    Column(
        "coarsened_from",
        "base pairs of the finer level that was summed, if any",
        lambda r: r.source.get("coarsened_from"),
    ),
    Column(
        "sha256",
        "SHA-256 of the source file, or of the content of its URL",
        lambda r: r.source.get("identity", {}).get("sha256"),
    ),
    Column("source", "path or URL of the source", lambda r: r.source.get("uri")),
    Column(
        "experiment",
        "[overlay](../guides/reprocessing.md#two-settings-side-by-side) on the cohort, or `base`",
        lambda r: r.experiment,
    ),
    Column(
        "blacklist_unmatched",
        "intervals of the blacklist on chromosomes that the map does not have; empty without a "
        "blacklist",
        lambda r: r.verdict.mask.get("notes", {}).get("blacklist", {}).get("unknown_intervals"),
    ),
    Column(
        "copy_number",
        "table of [copy numbers](../how-it-works/methods/index.md#copy-numbers) that row sums "
        "follow; empty without one",
        lambda r: r.verdict.copy_number and r.verdict.copy_number.source,
    ),
)
COLUMN_NAMES = tuple(column.name for column in COLUMNS)


def unfit_chromosomes(verdict: Verdict) -> list[str]:
    """Return the chromosomes whose weights are not for use, if those of others are.

    Parameters
    ----------
    verdict : Verdict
        The verdict of a run.
    """
    filled = [part for part in verdict.parts if part.with_contacts]
    unfit = [part.label for part in filled if part.fitness is Fitness.NO]
    return unfit if len(unfit) < len(filled) else []


def summary_rows(
    paths: ResultPaths,
    runs: Sequence[RunKey],
    unfinished: Unfinished = NOTHING_UNFINISHED,
    limits: FitnessSettings | None = None,
) -> list[Row]:
    """Compute a row for each run.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    runs : sequence of RunKey
        The runs.
    unfinished : Unfinished, optional
        What a failed workflow left unmade.
    limits : FitnessSettings, optional
        ``depth_caution`` is for the comparison with the cohort.

    Returns
    -------
    list of dict
        Values by column: ``COLUMN_NAMES`` and further labels; None where unknown. A run without a
        result has the status ``missing`` and the reason.
    """
    reasons = [missing_reason(paths, run, unfinished) for run in runs]
    complete = [run for run, reason in zip(runs, reasons, strict=True) if not reason]
    maps = dict.fromkeys((run.sample, run.resolution) for run in complete)
    sources = {place: read_source(paths.map_files(*place).source) for place in maps}
    contacts = {place: float(source.get("contacts", 0)) for place, source in sources.items()}
    groups = {run.sample: run.group for run in runs}
    members = {run.sample: run.members for run in runs if run.members}
    limits = limits or FitnessSettings()
    shallow = find_shallow(contacts, groups, limits.depth_caution, members)
    rows, columns = [], add_labels(COLUMNS, [run.labels for run in runs])
    for run, reason in zip(runs, reasons, strict=True):
        place = run.sample, run.resolution
        if reason:
            row = {
                each.name: getattr(run, each.name, run.labels.get(each.name)) for each in columns
            }
            rows.append({**row, "status": MISSING, "reason": reason})
            continue
        verdict = read_run_verdict(paths, run)
        result = Result(run, verdict, sources[place], paths.experiment, shallow.get(place))
        rows.append({column.name: column.value(result) for column in columns})
    return rows


def read_run_verdict(paths: ResultPaths, run: RunKey) -> Verdict:
    """Read the verdict of a run.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    run : RunKey
        The run.

    Returns
    -------
    Verdict
        The run's verdict.
    """
    return read_verdict(paths.run_files(*run.place).verdict)


def read_fitness(path: str | Path) -> dict[tuple[str, int, str], tuple[str, str]]:
    """Read the fitness of each run, and why, from a file of ``write_summary``.

    Parameters
    ----------
    path : str or Path
        The table.

    Returns
    -------
    dict
        ``fitness`` and ``fitness_reason`` by sample, resolution and method.
    """
    rows = read_rows(path).items()
    return {run: (row["fitness"], row["fitness_reason"]) for run, row in rows}


def read_figures(path: str | Path) -> dict[tuple[str, int, str], dict[str, float]]:
    """Read the figures of the map of each run that MLflow shows, from ``summary.tsv``.

    Parameters
    ----------
    path : str or Path
        The table.

    Returns
    -------
    dict
        Values of ``LOGGED_FIGURES`` that are known, by sample, resolution and method.
    """
    return {
        run: {name: float(row[name]) for name in LOGGED_FIGURES if row.get(name)}
        for run, row in read_rows(path).items()
    }


def read_rows(path: str | Path) -> dict[tuple[str, int, str], dict[str, str]]:
    """Read the rows of ``summary.tsv``.

    Parameters
    ----------
    path : str or Path
        The table.

    Returns
    -------
    dict
        Texts by column, by sample, resolution and method.
    """
    return {(row["sample"], int(row["resolution"]), row["method"]): row for row in read_table(path)}


def write_summary(rows: Sequence[Row], path: str | Path) -> None:
    """Write ``summary.tsv``.

    Parameters
    ----------
    rows : sequence of dict
        Those of ``summary_rows``.
    path : str or Path
        Where the table goes.
    """
    write_table(rows, COLUMN_NAMES, path)
