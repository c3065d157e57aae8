"""Gather what the page shows, and write it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from counterpoise._version import __version__
from counterpoise.files import atomic_write
from counterpoise.records.fitness import Fitness, FitnessSettings
from counterpoise.records.wording import fitness_label
from counterpoise.report.choices import describe_mixed_methods
from counterpoise.report.costs import read_costs
from counterpoise.report.page.pictures import comparisons, plots
from counterpoise.report.page.tables import input_row, list_reasons, mask_row
from counterpoise.report.page.template import load_template
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

# More figures would make the page too large to open; the others are linked.
MOST_FIGURES = 300


def write_report(
    paths: ResultPaths,
    runs: Sequence[RunKey],
    rows: Sequence[Row],
    path: str | Path,
    unfinished: Unfinished = NOTHING_UNFINISHED,
    limits: FitnessSettings | None = None,
    *,
    samples: Sequence[Row] = (),
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
    image_width : int
        Largest width of the embedded figures in pixels; the PNG files keep their size.
    most_figures : int
        Number of figures of runs to embed; the least fit come first.
    """
    complete = [run for run, row in zip(runs, rows, strict=True) if row["status"] != MISSING]
    possible = [run for run in runs if run.absent is None]
    maps = list(dict.fromkeys((run.sample, run.resolution) for run in complete))
    folder = Path(path).parent
    masks = [mask_row(paths, *place) for place in maps]
    stream = load_template().stream(
        cohort=paths.title,
        version=__version__,
        versions=_package_versions(paths, complete),
        rows=rows,
        fitnesses=_count_fitnesses(rows, limits or FitnessSettings()),
        statuses=_count_statuses(rows),
        mixed=describe_mixed_methods(rows),
        missing=len(rows) - len(complete),
        not_written=unfinished_files(paths, unfinished),
        about_samples=samples,
        samples=list(dict.fromkeys(run.sample for run in runs)),
        resolutions=list(dict.fromkeys(run.resolution for run in runs)),
        methods=list(dict.fromkeys(run.method for run in runs)),
        reasons=list_reasons(masks),
        masks=masks,
        inputs=[input_row(paths, *place) for place in maps],
        side_by_side=bool(compared_samples(complete)),
        # Generators: the page is written as it is made, with one figure in memory at a time.
        comparisons=comparisons(paths, possible, complete, folder, image_width),
        plots=plots(paths, runs, rows, folder, image_width, most_figures, unfinished),
        plotted=len(complete),
        shown=most_figures,
        costs=read_costs(paths, possible),
    )
    with atomic_write(path) as temporary, open(temporary, "wb") as output:
        stream.dump(output, encoding="utf-8")


def _count_fitnesses(
    rows: Sequence[Row], limits: FitnessSettings
) -> list[tuple[str, str, int, str]]:
    """Return value, label, number of runs and meaning of each fitness, and of missing results."""
    counts = Counter(row["fitness"] or MISSING for row in rows)
    labels = {each.value: fitness_label(each) for each in Fitness}
    meanings = {each.value: text for each, text in fitness_meanings(limits).items()}
    if counts[MISSING]:
        labels = {MISSING: NO_RESULT, **labels}
        meanings = {MISSING: MISSING_MEANING, **meanings}
    return [(each, labels[each], counts[each], meanings[each]) for each in labels]


def _count_statuses(rows: Sequence[Row]) -> list[tuple[str, int, str]]:
    """Return name, number of runs and meaning of each status; ``missing`` only if it occurs."""
    counts = Counter(row["status"] for row in rows)
    meanings = status_meanings()
    if counts[MISSING]:
        meanings = {MISSING: MISSING_MEANING, **meanings}
    return [(status, counts[status], meaning) for status, meaning in meanings.items()]


def _package_versions(paths: ResultPaths, runs: Sequence[RunKey]) -> list[str]:
    """List the packages that any of the runs used: ``numpy 2.4.6``."""
    pairs = {pair for run in runs for pair in read_run_verdict(paths, run).versions.items()}
    return [f"{name} {version}" for name, version in sorted(pairs)]
