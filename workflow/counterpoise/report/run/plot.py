"""The page of one run: banner, raw and balanced map, weights, row sums, convergence.

Maps are drawn with at most ``max_pixels`` cells per side, however large they are. The same inputs
give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from counterpoise.contacts.bins import BinTable, format_base_pairs
from counterpoise.contacts.contact_map import ContactMap
from counterpoise.contacts.selection import Scope, select
from counterpoise.methods import methods
from counterpoise.records.verdict import Verdict
from counterpoise.report.chunks import Flags, Floats, ignored_diagonals
from counterpoise.report.run.bandwidth import draw_bandwidths
from counterpoise.report.run.banner import draw_banner
from counterpoise.report.run.bias import draw_biases
from counterpoise.report.run.convergence import draw_convergence
from counterpoise.report.run.maps import MAP_SIDE, draw_maps
from counterpoise.report.run.row_sums import draw_row_sums
from counterpoise.report.run.survey import BalancedContacts, Survey, survey
from counterpoise.report.run.weights import describe_mask, draw_weights
from counterpoise.report.style import PAGE_DPI, add_panel, write_page

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


PAGE_HEIGHT = 1000  # in pixels at PAGE_DPI


def survey_runs(
    contacts: ContactMap,
    kept: Flags,
    runs: Sequence[tuple[Floats, Verdict]],
    *,
    max_pixels: int,
    dpi: int,
    threads: int | None = None,
) -> list[Survey]:
    """Compute what the figures of a map's runs show of its contacts, in one walk through them.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    kept : bool [bins]
        The mask.
    runs : sequence of tuple
        Weights and verdict of each run.
    max_pixels : int
        Largest number of cells along a side of the maps.
    dpi : int
        Resolution of the PNG.
    threads : int, optional
        Threads; by default as many as the process may use.

    Returns
    -------
    list of Survey
        The numbers of each run.
    """
    balanced = [
        BalancedContacts(
            weights,
            verdict.scope,
            ignored_diagonals(verdict),
            verdict.settings.get("ignore_diags_trans", True),
            verdict.settings.get("diagonal", 1),
            trans_factor(contacts.bins, kept, verdict),
            verdict.mask.get("regions"),
        )
        for weights, verdict in runs
    ]
    # A figure cannot show more cells than it has dots.
    cells = min(max_pixels, MAP_SIDE * dpi // PAGE_DPI)
    return survey(contacts, kept, balanced, max_pixels=cells, threads=threads)


def plot_run(
    contacts: ContactMap,
    mask: tuple[Flags, dict[str, Any]],
    weights: Floats,
    errors: Floats,
    trace: pa.Table,
    verdict: Verdict,
    numbers: Survey,
    path: str | Path,
    *,
    dpi: int,
    sample: str | None = None,
) -> None:
    """Write the PNG of one run.

    Parameters
    ----------
    contacts, mask, weights, errors, trace, verdict, numbers, sample : various
        As for ``draw_run``.
    path : str or Path
        Where the PNG goes.
    dpi : int
        Resolution of the PNG.
    """
    with write_page(path, PAGE_HEIGHT, dpi) as figure:
        draw_run(figure, contacts, mask, weights, errors, trace, verdict, numbers, sample=sample)


def draw_run(
    figure: Figure,
    contacts: ContactMap,
    mask: tuple[Flags, dict[str, Any]],
    weights: Floats,
    errors: Floats,
    trace: pa.Table,
    verdict: Verdict,
    numbers: Survey,
    *,
    sample: str | None = None,
) -> None:
    """Draw the page of one run.

    Parameters
    ----------
    figure : Figure
        The empty page, ``PAGE_HEIGHT`` high.
    contacts : ContactMap
        The map, of which only the bins and the source are read.
    mask : tuple of bool [bins] and dict
        The kept bins and the mask's summary, as ``read_mask`` returns them.
    weights : float64 [bins]
        Multiplicative weights, NaN on masked bins.
    errors : float64 [bins]
        Relative standard errors of the weights, NaN where unknown.
    trace : pyarrow.Table
        The run's ``trace.parquet``.
    verdict : Verdict
        The run's verdict.
    numbers : Survey
        What ``survey_runs`` computed for the run.
    sample : str, optional
        Name for the title; by default the name of the source file.
    """
    kept, mask_summary = mask
    name = sample or Path(str(contacts.source.get("uri", "matrix"))).name
    mask_text = describe_mask(mask_summary, int(kept.sum()), len(kept))
    draw_banner(figure, verdict, f"{name} \u00b7 {format_base_pairs(contacts.bins.resolution)}")
    draw_maps(figure, contacts.bins, kept, weights, numbers, verdict)
    draw_weights(figure, contacts.bins, kept, weights, errors, mask_text, verdict)
    true_bias = contacts.bins.extra.get("true_bias")
    searches = [part.search for part in verdict.parts if part.search]
    panels = side_panels(figure, 2 + (true_bias is not None) + bool(searches))
    draw_row_sums(next(panels), numbers, kept, weights, verdict)
    draw_convergence(next(panels), trace, verdict)
    if searches:
        draw_bandwidths(next(panels), searches)
    if true_bias is not None:
        draw_biases(next(panels), np.asarray(true_bias, dtype=np.float64), weights)


def side_panels(figure: Figure, count: int) -> Iterator[Axes]:
    """Add the panels of the right-hand column.

    Parameters
    ----------
    figure : Figure
        The page.
    count : int
        Number of panels.

    Yields
    ------
    Axes
        The panels from top to bottom.
    """
    top, bottom, gap = 160, 932, 92
    height = (bottom - top - gap * (count - 1)) / count
    for index in range(count):
        yield add_panel(figure, 1262, top + index * (height + gap), 316, height)


def trans_factor(bins: BinTable, kept: Flags, verdict: Verdict) -> Floats | None:
    """Return the factors by which the method multiplies trans contacts.

    Parameters
    ----------
    bins : BinTable
        The bins.
    kept : bool [bins]
        The mask.
    verdict : Verdict
        The run's verdict.

    Returns
    -------
    float64 [bins] or None
        None if the method has no such factors.
    """
    method = methods().get(verdict.method)
    if verdict.scope != Scope.TRANS or method is None or not method.trans_weighting:
        return None
    return next(select(bins, kept, Scope.TRANS, trans_weighting=True)).factor
