"""The pictures of the page: samples side by side, and the plots of runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from counterpoise.records.fitness import Fitness
from counterpoise.report.images import embed_image, link_image
from counterpoise.report.statuses import MISSING
from counterpoise.report.table import Row
from counterpoise.store.missing import Unfinished, missing_plot
from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import RunKey, compared_samples


def comparisons(
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


def plots(
    paths: ResultPaths,
    runs: Sequence[RunKey],
    rows: Sequence[Row],
    folder: Path,
    width: int,
    most_figures: int,
    unfinished: Unfinished,
) -> Iterator[Row]:
    """Yield the rows of runs with their embedded figure, a link to it, or why there is none."""
    plotted = [index for index, row in enumerate(rows) if row["status"] != MISSING]
    order = [each.value for each in reversed(Fitness)]
    worst_first = sorted(plotted, key=lambda index: order.index(rows[index]["fitness"]))
    embedded = set(worst_first[:most_figures])
    for index in plotted:
        plot = paths.plot(*runs[index].place)
        reason = missing_plot(paths, runs[index], unfinished)
        if reason:
            picture: dict[str, Any] = {"image": None, "link": None}
        elif index in embedded:
            picture = embed_image(plot, folder, width)
        else:
            picture = {"image": None, **link_image(plot, folder)}
        yield {**rows[index], "number": index + 1, "no_plot": reason, **picture}
