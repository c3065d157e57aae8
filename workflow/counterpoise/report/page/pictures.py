"""The pictures of the page: samples side by side, and the plots of runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from counterpoise.report.images import embed_image, link_image
from counterpoise.report.statuses import MISSING
from counterpoise.report.table import Row
from counterpoise.store.missing import Unfinished, missing_plot
from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import RunKey, compared_samples


def embed_comparisons(
    paths: ResultPaths, runs: Sequence[RunKey], complete: Sequence[RunKey], folder: Path, width: int
) -> Iterator[dict[str, Any]]:
    """Yield the figure of samples side by side of each resolution without a missing run.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    runs, complete : sequence of RunKey
        The runs that can have a result, and those that have one.
    folder : Path
        Folder of the page.
    width : int
        Largest width of a picture in pixels.
    """
    incomplete = Counter(run.resolution for run in runs)
    incomplete.subtract(run.resolution for run in complete)
    for resolution, samples in compared_samples(runs).items():
        picture = paths.comparison(resolution)
        if not incomplete[resolution] and Path(picture).is_file():
            image = embed_image(picture, folder, width)
            yield {"resolution": resolution, "samples": samples, **image}


class RunPlots(NamedTuple):
    """The plots of runs.

    Attributes
    ----------
    files : dict of int to str
        Path of the plot of each run that has one, by the position of its row.
    reasons : dict of int to str
        Why a run that has a result has no plot.
    pattern : str or None
        Path of a plot relative to the page, with ``{sample}``, ``{resolution}`` and ``{method}``;
        None if plots are not below the page's folder.
    embedded : bool
        Whether the page holds them. If not, it loads a plot when it is looked at.
    """

    files: dict[int, str]
    reasons: dict[int, str]
    pattern: str | None
    embedded: bool


def find_plots(
    paths: ResultPaths,
    runs: Sequence[RunKey],
    rows: Sequence[Row],
    folder: Path,
    most_figures: int,
    unfinished: Unfinished,
) -> RunPlots:
    """Find the plots of runs, and decide whether they are embedded.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    runs : sequence of RunKey
        The runs.
    rows : sequence of dict
        Their rows of the summary.
    folder : Path
        Folder of the page.
    most_figures : int
        With more plots than this, none is embedded.
    unfinished : Unfinished
        What a failed workflow left unmade.
    """
    complete = [index for index, row in enumerate(rows) if row["status"] != MISSING]
    reasons = {index: missing_plot(paths, runs[index], unfinished) for index in complete}
    files = {index: paths.plot(*runs[index].place) for index in complete if not reasons[index]}
    pattern = link_image(paths.plot("{sample}", "{resolution}", "{method}"), folder)["link"]
    return RunPlots(
        files,
        {index: reason for index, reason in reasons.items() if reason},
        pattern,
        len(files) <= most_figures,
    )


def embed_plots(plots: RunPlots, folder: Path, width: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the position of each run with an embedded plot, and its picture.

    Parameters
    ----------
    plots : RunPlots
        The plots.
    folder : Path
        Folder of the page.
    width : int
        Largest width of a picture in pixels.
    """
    if plots.embedded:
        for index, path in plots.files.items():
            yield index, embed_image(path, folder, width)
