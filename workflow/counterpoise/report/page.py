"""``report.html``: verdicts, masks, inputs and figures of a cohort on one page.

The page is made from the files under ``results/`` alone and needs no network. The same files give
the same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterpoise._version import __version__
from counterpoise.contacts.bins import format_base_pairs
from counterpoise.files import atomic_write
from counterpoise.installation import name_missing_extra
from counterpoise.mask import Reason, describe_notes
from counterpoise.records.fitness import Fitness, FitnessSettings
from counterpoise.records.wording import fitness_label
from counterpoise.report.choices import describe_mixed_methods
from counterpoise.report.costs import read_costs
from counterpoise.report.formats import (
    DASH,
    format_deviation,
    format_duration,
    format_number,
    format_percent,
    format_status,
)
from counterpoise.report.images import embed_image, link_image
from counterpoise.report.statuses import (
    MISSING,
    MISSING_MEANING,
    NO_RESULT,
    fitness_meanings,
    status_meanings,
)
from counterpoise.report.summary import read_run_verdict
from counterpoise.report.table import Row
from counterpoise.store.masks import read_mask
from counterpoise.store.missing import (
    NOTHING_UNFINISHED,
    Unfinished,
    missing_plot,
    unfinished_files,
)
from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import RunKey, compared_samples
from counterpoise.store.source_record import read_source

if TYPE_CHECKING:
    from jinja2 import Template

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
    masks = [_mask_row(paths, *place) for place in maps]
    stream = _template().stream(
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
        reasons=_list_reasons(masks),
        masks=masks,
        inputs=[_input_row(paths, *place) for place in maps],
        side_by_side=bool(compared_samples(complete)),
        # Generators: the page is written as it is made, with one figure in memory at a time.
        comparisons=_comparisons(paths, possible, complete, folder, image_width),
        plots=_plots(paths, runs, rows, folder, image_width, most_figures, unfinished),
        plotted=sum(not run.unplotted for run in complete),
        shown=most_figures,
        costs=read_costs(paths, possible),
    )
    with atomic_write(path) as temporary, open(temporary, "wb") as output:
        stream.dump(output, encoding="utf-8")


def _template() -> Template:
    """Load the page's template; unknown names in it are errors, and values are escaped."""
    with name_missing_extra("reports need"):
        from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        base_pairs=format_base_pairs,
        number=format_number,
        deviation=format_deviation,
        percent=format_percent,
        status=format_status,
        fitness=lambda value: fitness_label(Fitness(value)) if value else NO_RESULT,
        duration=format_duration,
    )
    source = (
        resources.files("counterpoise.report").joinpath("page.html").read_text(encoding="utf-8")
    )
    return environment.from_string(source)


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


def _mask_row(paths: ResultPaths, sample: str, resolution: int) -> dict[str, Any]:
    """Return the number of bins that the mask of a map removed by reason, and its thresholds."""
    kept, summary = read_mask(paths.mask(sample, resolution))
    return {
        "sample": sample,
        "resolution": resolution,
        "bins": len(kept),
        "kept": int(kept.sum()),
        "masked": summary["reasons"],
        "thresholds": describe_thresholds(summary["thresholds"]),
        "notes": describe_notes(summary.get("notes", {})),
    }


def _list_reasons(masks: Sequence[Row]) -> list[str]:
    """Return the reasons for which a bin of any map is masked, in the order of the filters."""
    names = [reason.name.lower() for reason in Reason if reason is not Reason.KEPT]
    return [name for name in names if any(mask["masked"].get(name) for mask in masks)]


def describe_thresholds(thresholds: Mapping[str, Any]) -> str:
    """Describe the thresholds of a mask.

    Parameters
    ----------
    thresholds : mapping
        By filter a number, or a number for each chromosome.

    Returns
    -------
    str
        ``min_nnz 10; mad 31.5 to 80.2 by chromosome``.
    """
    parts = []
    for name, value in thresholds.items():
        if not isinstance(value, dict):
            parts.append(f"{name} {format_number(value)}")
        elif value:
            low, high = format_number(min(value.values())), format_number(max(value.values()))
            span = low if low == high else f"{low} to {high} by chromosome"
            parts.append(f"{name} {span}")
    return "; ".join(parts)


def _input_row(paths: ResultPaths, sample: str, resolution: int) -> dict[str, Any]:
    """Return the record of a map's source, with None for what is unknown."""
    record = read_source(paths.map_files(sample, resolution).source)
    unknown = dict.fromkeys(("uri", "format", "coarsened_from", "contacts", "nnz", "assembly"))
    return {
        **unknown,
        **record,
        "sample": sample,
        "resolution": resolution,
        "notes": record.get("notes", []),
        "identity": record.get("identity", {}).get("sha256") or DASH,
    }


def _comparisons(
    paths: ResultPaths, runs: Sequence[RunKey], complete: Sequence[RunKey], folder: Path, width: int
) -> Iterator[dict[str, Any]]:
    """Yield the figure of samples side by side of each resolution without a missing run."""
    incomplete = Counter(run.resolution for run in runs)
    incomplete.subtract(run.resolution for run in complete)
    for resolution, samples in compared_samples(runs).items():
        picture = paths.comparison(resolution)
        if not incomplete[resolution] and Path(picture).is_file():
            image = embed_image(picture, folder, width)
            yield {"resolution": resolution, "samples": samples, **image}


def _plots(
    paths: ResultPaths,
    runs: Sequence[RunKey],
    rows: Sequence[Row],
    folder: Path,
    width: int,
    most_figures: int,
    unfinished: Unfinished,
) -> Iterator[Row]:
    """Yield the rows of runs with their embedded figure, a link to it, or why there is none."""
    complete = [index for index, row in enumerate(rows) if row["status"] != MISSING]
    order = [each.value for each in reversed(Fitness)]
    plotted = [index for index in complete if not runs[index].unplotted]
    worst_first = sorted(plotted, key=lambda index: order.index(rows[index]["fitness"]))
    embedded = set(worst_first[:most_figures])
    for index in complete:
        plot = paths.plot(*runs[index].place)
        reason = missing_plot(paths, runs[index], unfinished)
        if reason:
            picture: dict[str, Any] = {"image": None, "link": None}
        elif index in embedded:
            picture = embed_image(plot, folder, width)
        else:
            picture = {"image": None, **link_image(plot, folder)}
        yield {**rows[index], "number": index + 1, "no_plot": reason, **picture}
