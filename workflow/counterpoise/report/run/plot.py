"""The page of one run: banner, maps, weights, coverage, convergence.

The same inputs give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from counterpoise.contacts.bins import BinTable, format_base_pairs
from counterpoise.contacts.contact_map import ContactMap
from counterpoise.contacts.selection import Scope
from counterpoise.records.verdict import Verdict
from counterpoise.report.chunks import Floats
from counterpoise.report.run.bandwidth import draw_bandwidths
from counterpoise.report.run.banner import Banner, draw_banner
from counterpoise.report.run.bias import draw_biases
from counterpoise.report.run.convergence import draw_convergence
from counterpoise.report.run.coverage import Coverage, draw_coverage
from counterpoise.report.run.maps import MAP_SIDE, draw_maps
from counterpoise.report.run.pictures import Picture, View, paint
from counterpoise.report.run.stretch import STRETCH_BINS
from counterpoise.report.run.weights import describe_mask, draw_weights
from counterpoise.report.style import PAGE_DPI, Page, add_panel, new_page

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAPS_HEIGHT = 610  # of a row of maps with its headings and labels, in pixels at PAGE_DPI
WEIGHTS_HEIGHT = 280
TALLEST_PANEL = 316


@dataclass(frozen=True)
class Run:
    """The results of a run.

    Attributes
    ----------
    weights : float64 [bins]
        Multiplicative weights, NaN on masked bins.
    errors : float64 [bins]
        Relative standard errors of the weights, NaN where unknown.
    trace : pyarrow.Table
        The run's ``trace.parquet``.
    verdict : Verdict
        The run's verdict.
    """

    weights: Floats
    errors: Floats
    trace: pa.Table
    verdict: Verdict


def paint_runs(
    rows: ContactMap,
    whole: ContactMap | None,
    coverage: Coverage,
    runs: Sequence[Run],
    stretch: tuple[int, int],
    *,
    max_pixels: int,
    dpi: int,
) -> list[list[Picture]]:
    """Compute the pictures that the figure of each run shows.

    Parameters
    ----------
    rows : ContactMap
        The map; other rows than those of the stretch may be empty.
    whole : ContactMap or None
        The whole map; None to show the stretch alone.
    coverage : Coverage
        The mask.
    runs : sequence of Run
        The runs.
    stretch : tuple of int
        Its first bin and end.
    max_pixels : int
        Largest number of cells along a side of the whole map.
    dpi : int
        Resolution of the PNG.

    Returns
    -------
    list of list of Picture
        For each run, the stretch and, if it is shown, the whole map (see `paint_overview`).
    """
    # A long region is summed to cells that are still as large as a pixel.
    view = View.of_bins(*stretch, 2 * STRETCH_BINS - 1)
    painted = paint(rows, coverage.kept, [run.weights for run in runs], view)
    pictures = [[picture] for picture in painted]
    if whole is not None:
        overviews = paint_overview(whole, coverage, runs, max_pixels=max_pixels, dpi=dpi)
        for shown, overview in zip(pictures, overviews, strict=True):
            shown += [overview] if overview else []
    return pictures


def paint_overview(
    contacts: ContactMap, coverage: Coverage, runs: Sequence[Run], *, max_pixels: int, dpi: int
) -> list[Picture | None]:
    """Compute the picture of the whole map for each run: of its genome, or of one chromosome.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    coverage : Coverage
        The mask.
    runs : sequence of Run
        The runs. One that balances each chromosome for itself gets a picture of the longest.
    max_pixels : int
        Largest number of cells along a side.
    dpi : int
        Resolution of the PNG.

    Returns
    -------
    list of Picture or None
        One for each run; None where the stretch shows all of it.
    """
    bins = contacts.bins
    pictures: list[Picture | None] = [None] * len(runs)
    # A figure cannot show more cells than it has dots.
    cells = min(max_pixels, MAP_SIDE * dpi // PAGE_DPI)
    for is_cis in (True, False):
        first, stop = _longest_chromosome(bins) if is_cis else (0, len(bins))
        chosen = [i for i, run in enumerate(runs) if (run.verdict.scope == Scope.CIS) == is_cis]
        if not chosen or (stop - first <= STRETCH_BINS and (is_cis or len(bins.chromosomes) == 1)):
            continue
        weights = [runs[i].weights for i in chosen]
        painted = paint(contacts, coverage.kept, weights, View.of_bins(first, stop, cells))
        for i, picture in zip(chosen, painted, strict=True):
            pictures[i] = picture
    return pictures


def _longest_chromosome(bins: BinTable) -> tuple[int, int]:
    """Return the first bin and the end of the chromosome with the most bins."""
    sizes = np.diff(bins.offsets)
    index = int(np.argmax(sizes)) if len(sizes) else 0
    return int(bins.offsets[index]), int(bins.offsets[index] + sizes[index]) if len(sizes) else 0


@contextmanager
def draw_run(
    bins: BinTable,
    coverage: Coverage,
    run: Run,
    pictures: Sequence[Picture],
    *,
    title: str,
    dpi: int,
) -> Iterator[Page]:
    """Draw the page of one run.

    Parameters
    ----------
    bins : BinTable
        The bins.
    coverage : Coverage
        The mask, and the contacts of each bin.
    run : Run
        The run.
    pictures : sequence of Picture
        The stretch and, if it is shown, the whole map.
    title : str
        Name of the sample, or of its file.
    dpi : int
        Resolution of the PNG.

    Yields
    ------
    Page
        The page, which the settings of matplotlib of this block draw.
    """
    verdict = run.verdict
    banner = Banner.of(verdict, f"{title} \u00b7 {format_base_pairs(bins.resolution)}")
    maps_top = banner.height + 56
    weights_top = maps_top + MAPS_HEIGHT * len(pictures)
    height = weights_top + WEIGHTS_HEIGHT - 46
    with new_page(height, dpi) as page:
        draw_banner(page, banner, verdict.fitness)
        for number, picture in enumerate(pictures):
            name = describe_view(bins, picture.view)
            draw_maps(page, maps_top + number * MAPS_HEIGHT, bins, picture, name=name)
        mask_text = describe_mask(coverage.summary, int(coverage.kept.sum()), len(bins))
        draw_weights(
            page, weights_top, bins, coverage.kept, run.weights, run.errors, mask_text, verdict
        )
        _draw_side(page, maps_top, weights_top + 156, bins, coverage, run)
        yield page


def _draw_side(
    page: Page, top: float, bottom: float, bins: BinTable, coverage: Coverage, run: Run
) -> None:
    """Draw the panels of the right-hand column."""
    true_bias = bins.extra.get("true_bias")
    searches = [part.search for part in run.verdict.parts if part.search]
    panels = side_panels(page, top, bottom, 2 + (true_bias is not None) + bool(searches))
    draw_coverage(next(panels), coverage)
    draw_convergence(next(panels), run.trace, run.verdict)
    if searches:
        draw_bandwidths(next(panels), searches)
    if true_bias is not None:
        draw_biases(next(panels), np.asarray(true_bias, dtype=np.float64), run.weights)


def side_panels(figure: Figure, top: float, bottom: float, count: int) -> Iterator[Axes]:
    """Add the panels of the right-hand column.

    Parameters
    ----------
    figure : Figure
        The page.
    top, bottom : float
        Ends of the column on the page.
    count : int
        Number of panels.

    Yields
    ------
    Axes
        The panels from top to bottom.
    """
    gap = 92
    height = min((bottom - top - gap * (count - 1)) / count, TALLEST_PANEL)
    for index in range(count):
        yield add_panel(figure, 1262, top + index * (height + gap), 316, height)


def describe_view(bins: BinTable, view: View) -> str:
    """Name the bins of a view: ``chr4:1,200,000-3,700,000``, ``chr4`` or ``Genome``.

    Parameters
    ----------
    bins : BinTable
        The bins.
    view : View
        The view.

    Returns
    -------
    str
        A region, a chromosome that is shown to both ends, or the genome.
    """
    if view.first >= view.stop:
        return "Map without bins"
    last = view.stop - 1
    chromosome = int(bins.chromosome_ids[view.first])
    name = bins.chromosomes[chromosome]
    if bins.chromosome_ids[last] != chromosome:
        return "Genome"
    if (view.first, view.stop) == tuple(bins.offsets[chromosome : chromosome + 2].tolist()):
        return name
    return f"{name}:{bins.start[view.first]:,}-{bins.end[last]:,}"


def name_map(contacts: ContactMap, sample: str | None) -> str:
    """Return the title of a map: the sample, or the name of the source file.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    sample : str or None
        Name of the sample, if it has one.
    """
    return sample or Path(str(contacts.source.get("uri", "matrix"))).name
