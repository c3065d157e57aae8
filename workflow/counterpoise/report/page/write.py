"""Gather what the page shows, and write it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from counterpoise._version import __version__
from counterpoise.contacts.bins import format_base_pairs, pluralise
from counterpoise.files import atomic_write
from counterpoise.records.facts import Fact
from counterpoise.records.fitness import Fitness, FitnessSettings
from counterpoise.records.wording import explain_terms, fitness_label
from counterpoise.report.figures import map_figures
from counterpoise.report.mixed_methods import describe_mixed_methods
from counterpoise.report.page.data import page_data, to_json
from counterpoise.report.page.headline import (
    Findings,
    choose_level,
    count_levels,
    describe_assemblies,
    write_headline,
)
from counterpoise.report.page.pictures import embed_comparisons, embed_plots, find_plots
from counterpoise.report.page.reasons import explain_unfit, reasons_by_sample
from counterpoise.report.page.template import load_template
from counterpoise.report.sections.collect import read_sections
from counterpoise.report.sections.facts import CohortFacts
from counterpoise.report.statuses import (
    MISSING,
    MISSING_MEANING,
    NO_RESULT,
    fitness_meanings,
    status_meanings,
)
from counterpoise.report.summary import read_run_verdict
from counterpoise.report.table import Row
from counterpoise.store.missing import NOTHING_UNFINISHED, Unfinished, unfinished_files
from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import RunKey, compared_samples
from counterpoise.store.source_record import read_source

# More plots would make the page too large to open; they lie next to it.
MOST_FIGURES = 100


@dataclass(frozen=True)
class Verdicts:
    """The part of all verdicts that the page shows.

    Attributes
    ----------
    causes, notes : dict of int to sequence of Fact
        Causes of the fitness of each run, and notes on its map, by the position of its row.
    unfit : dict of (str, int, str) to str
        Why chromosomes are not for use, by sample, resolution and method.
    versions : list of str
        The packages that any run used: ``numpy 2.4.6``.
    finished : float
        When the last verdict was written, in seconds; 0 without any.
    masked_by_others : set of (str, int)
        Sample and resolution of the maps that lose most bins to the masks of their group.
    """

    causes: dict[int, Sequence[Fact]]
    notes: dict[int, Sequence[Fact]]
    unfit: dict[tuple[str, int, str], str]
    versions: list[str]
    finished: float
    masked_by_others: set[tuple[str, int]]


def write_report(
    paths: ResultPaths,
    runs: Sequence[RunKey],
    rows: Sequence[Row],
    path: str | Path,
    unfinished: Unfinished = NOTHING_UNFINISHED,
    limits: FitnessSettings | None = None,
    *,
    samples: Sequence[Row] = (),
    facts: CohortFacts | None = None,
    image_width: int = 1400,
    most_figures: int = MOST_FIGURES,
) -> None:
    """Write ``report.html``.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    runs : sequence of RunKey
        The runs.
    rows : sequence of dict
        Their rows of the summary.
    path : str or Path
        Where the page goes.
    unfinished : Unfinished, optional
        What a failed workflow left unmade.
    limits : FitnessSettings, optional
        The limits of fitness, which the page states.
    samples : sequence of dict, optional
        The rows of `sample_rows`.
    facts : CohortFacts, optional
        What the configuration says.
    image_width : int
        Largest width of the embedded figures in pixels; the PNG files keep their size.
    most_figures : int
        With more plots of runs than this, none is embedded; the page loads them as files.
    """
    context = _gather_context(
        paths,
        runs,
        rows,
        Path(path).parent,
        unfinished,
        limits or FitnessSettings(),
        samples=samples,
        facts=facts or CohortFacts(),
        image_width=image_width,
        most_figures=most_figures,
    )
    with atomic_write(path) as temporary, open(temporary, "wb") as output:
        load_template().stream(context).dump(output, encoding="utf-8")


def _gather_context(
    paths: ResultPaths,
    runs: Sequence[RunKey],
    rows: Sequence[Row],
    folder: Path,
    unfinished: Unfinished,
    limits: FitnessSettings,
    *,
    samples: Sequence[Row],
    facts: CohortFacts,
    image_width: int,
    most_figures: int,
) -> dict[str, Any]:
    """Gather what the template shows; its figures are read when it shows them."""
    complete = [run for run, row in zip(runs, rows, strict=True) if row["status"] != MISSING]
    possible = [run for run in runs if run.absent is None]
    methods = list(dict.fromkeys(run.method for run in runs))
    primary = facts.primary or next(iter(methods), "")
    levels = count_levels(rows, primary)
    level = choose_level(levels)
    size = level.resolution if level else None
    maps = _read_maps(paths, complete)
    plots = find_plots(paths, runs, rows, folder, most_figures, unfinished)
    verdicts = _read_verdicts(paths, runs, rows)
    lacking = {(run.sample, run.resolution) for run in runs if run.absent}
    findings = Findings(verdicts.masked_by_others, lacking, verdicts.unfit)
    data = page_data(runs, rows, samples, maps, plots, limits, primary=primary, level=size)
    reasons = reasons_by_sample(rows, verdicts.causes, verdicts.notes, verdicts.unfit, primary)
    return {
        "cohort": paths.title,
        "version": __version__,
        "versions": verdicts.versions,
        "about": _describe_cohort(runs, methods, primary, verdicts.finished),
        "headlines": [write_headline(rows, samples, primary, each, findings) for each in levels],
        "level": level,
        **_describe_runs(runs, rows, limits),
        "assemblies": describe_assemblies({row["sample"]: row.get("assembly") for row in maps}),
        "not_written": unfinished_files(paths, unfinished),
        "methods": methods,
        "primary": primary,
        "reasons": reasons,
        "terms": explain_terms(each.text for of_sample in reasons.values() for each in of_sample),
        "side_by_side": bool(compared_samples(complete)),
        # Generators: the page is written as it is made, with one figure in memory at a time.
        "comparisons": embed_comparisons(paths, possible, complete, folder, image_width),
        "pictures": embed_plots(plots, folder, image_width),
        "sections": read_sections(paths, runs, rows, samples, facts, unfinished, limits),
        "data": to_json(data),
    }


def _read_maps(paths: ResultPaths, complete: Sequence[RunKey]) -> list[Row]:
    """Return the records of the sources of maps that have results, with the maps' figures."""
    records = []
    for sample, resolution in dict.fromkeys((run.sample, run.resolution) for run in complete):
        record = read_source(paths.map_files(sample, resolution).source)
        place = {"sample": sample, "resolution": resolution}
        records.append({**record, **map_figures(record)._asdict(), **place})
    return records


def _describe_runs(
    runs: Sequence[RunKey], rows: Sequence[Row], limits: FitnessSettings
) -> dict[str, Any]:
    """Return what the page says of the runs by their rows of the summary alone."""
    return {
        "fitnesses": _count_fitnesses(rows, limits),
        "statuses": _count_statuses(rows),
        "mixed": describe_mixed_methods(rows),
        "resolutions": sorted({run.resolution for run in runs}),
        "labels": list(dict.fromkeys(name for run in runs for name in run.labels)),
        "grouped": any(run.group for run in runs),
    }


def _read_verdicts(paths: ResultPaths, runs: Sequence[RunKey], rows: Sequence[Row]) -> Verdicts:
    """Read the verdicts of all runs once."""
    causes: dict[int, Sequence[Fact]] = {}
    notes: dict[int, Sequence[Fact]] = {}
    versions: set[tuple[str, str]] = set()
    shared: set[tuple[str, int]] = set()
    unfit: dict[tuple[str, int, str], str] = {}
    finished = 0.0
    for index, (run, row) in enumerate(zip(runs, rows, strict=True)):
        if row["status"] == MISSING:
            continue
        verdict = read_run_verdict(paths, run)
        causes[index] = verdict.fitness_causes
        notes[index] = verdict.notes
        if text := explain_unfit(verdict):
            unfit[run.place] = text
        versions |= set(verdict.versions.items())
        if 2 * verdict.mask.get("reasons", {}).get("shared", 0) > verdict.bins:
            shared.add((run.sample, run.resolution))
        finished = max(finished, Path(paths.run_files(*run.place).verdict).stat().st_mtime)
    names = [f"{name} {version}" for name, version in sorted(versions)]
    return Verdicts(causes, notes, unfit, names, finished, shared)


def _describe_cohort(
    runs: Sequence[RunKey], methods: Sequence[str], primary: str, finished: float
) -> list[str]:
    """Describe a cohort in a few phrases."""
    groups = {run.group for run in runs if run.group}
    samples = pluralise(len({run.sample for run in runs}), "sample")
    sizes = [format_base_pairs(size) for size in sorted({run.resolution for run in runs})]
    day = datetime.fromtimestamp(finished, UTC).strftime("%Y-%m-%d") if finished else ""
    others = len(methods) - 1
    return [
        samples + (f" in {pluralise(len(groups), 'group')}" if groups else ""),
        ", ".join(sizes),
        f"primary method {primary}" + (f" and {pluralise(others, 'other')}" if others > 0 else ""),
        f"{pluralise(len(runs), 'run')}" + (f", last one of {day}" if day else ""),
    ]


def _count_fitnesses(
    rows: Sequence[Row], limits: FitnessSettings
) -> list[tuple[str, str, int, str]]:
    """Return value, label, number of runs and meaning of each fitness, and of missing results."""
    counts = Counter(row["fitness"] or MISSING for row in rows)
    labels = {each.value: fitness_label(each) for each in Fitness}
    meanings = {each.value: text for each, text in fitness_meanings(limits).items()}
    if counts[MISSING]:
        labels |= {MISSING: NO_RESULT}
        meanings |= {MISSING: MISSING_MEANING}
    return [(each, labels[each], counts[each], meanings[each]) for each in labels]


def _count_statuses(rows: Sequence[Row]) -> list[tuple[str, int, str]]:
    """Return name, number of runs and meaning of each status; ``missing`` only if it occurs."""
    counts = Counter(row["status"] for row in rows)
    meanings = status_meanings()
    if counts[MISSING]:
        meanings = {MISSING: MISSING_MEANING, **meanings}
    return [(status, counts[status], meaning) for status, meaning in meanings.items()]
