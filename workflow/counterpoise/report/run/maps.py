"""The raw and the balanced map of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from counterpoise.contacts.bins import BinTable
from counterpoise.records.verdict import Verdict
from counterpoise.report.axes import draw_borders, length_unit, place_labels, shorten_names
from counterpoise.report.chunks import Flags, Floats, ignored_diagonals
from counterpoise.report.run.survey import Survey
from counterpoise.report.style import (
    INK,
    add_heading,
    add_panel,
    colour_limits,
    draw_backdrop,
    draw_colour_scale,
    draw_contacts,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAP_SIDE = 500  # side of a map on the page


def draw_maps(
    figure: Figure, bins: BinTable, kept: Flags, weights: Floats, numbers: Survey, verdict: Verdict
) -> None:
    """Draw the raw and the balanced map side by side.

    Parameters
    ----------
    figure : Figure
        The page.
    bins : BinTable
        The bins.
    kept : bool [bins]
        The mask.
    weights : float64 [bins]
        The weights.
    numbers : Survey
        The pictures.
    verdict : Verdict
        The run's verdict.
    """
    area = f"{numbers.block:,} \u00d7 {numbers.block:,} bins"
    raw = add_panel(figure, 72, 160, MAP_SIDE, MAP_SIDE)
    scale = add_panel(figure, 580, 160, 11, MAP_SIDE)
    draw_map(raw, scale, numbers.raw, bins, kept, "no contacts")
    summed = f", summed over {area} a pixel" if numbers.block > 1 else ""
    add_heading(raw, "Raw map", f"contacts{summed}; grey: masked")
    balanced = add_panel(figure, 640, 160, MAP_SIDE, MAP_SIDE)
    scale = add_panel(figure, 1148, 160, 11, MAP_SIDE)
    usable = np.isfinite(weights)
    empty = "no contacts left to balance" if usable.any() else "no weights"
    draw_map(balanced, scale, numbers.balanced, bins, usable, empty)
    balanced.set(yticklabels=[], ylabel="")
    mean = f", mean over {area}" if numbers.block > 1 else ""
    notes = [f"balanced contacts{mean}"]
    if verdict.scope != "genome":
        notes.append(f"{verdict.scope} only")
    if ignored_diagonals(verdict):
        notes.append(f"without {ignored_diagonals(verdict)} diagonals")
    add_heading(balanced, "Balanced map", ", ".join(notes) + "; grey: no weights")


def draw_map(
    axes: Axes, scale: Axes, values: Floats, bins: BinTable, shown: Flags, if_empty: str
) -> None:
    """Draw one map with logarithmic colours.

    Parameters
    ----------
    axes, scale : Axes
        Panels of the map and of its colour scale.
    values : float64 [cells, cells]
        The picture.
    bins : BinTable
        The bins.
    shown : bool [bins]
        Rows and columns without such a bin are grey.
    if_empty : str
        Text for a map without a positive value.
    """
    n = len(bins)
    cells = len(values)
    block = max(1, -(-n // cells))
    # All cells have the same size; the last may reach beyond the last bin.
    extent = (0, cells * block, cells * block, 0)
    shown_bins = np.bincount(np.arange(n)[shown] // block, minlength=cells)
    draw_backdrop(axes, shown_bins == 0, extent)
    positive = values[values > 0]
    if len(positive):
        limits = colour_limits(positive)
        draw_contacts(axes, values, limits, extent)
        draw_colour_scale(axes, scale, limits)
    else:
        scale.set_visible(False)
        axes.text(
            0.5, 0.5, if_empty, transform=axes.transAxes, ha="center", va="center", color=INK,
            fontsize=11,
        )  # fmt: skip
    axes.set(xlim=(0, n), ylim=(n, 0))
    if len(bins.chromosomes) == 1:
        _label_positions(axes, bins)
    else:
        _label_chromosomes(axes, bins)


def _label_positions(axes: Axes, bins: BinTable) -> None:
    """Label the axes of a single chromosome with positions."""
    n = len(bins)
    (name,) = shorten_names(bins.chromosomes, 30)
    if bins.resolution is None:
        label = f"{name} (bin number)"
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(6, integer=True))
    else:
        unit, unit_name = length_unit(float(bins.lengths.sum()))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda x, _: f"{x * (bins.resolution or 1) / unit:g}")
        step = unit / bins.resolution
        marks = np.asarray(MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(0, n / step))
        ticks = step * marks[(marks >= 0) & (marks * step <= n)]
        axes.set(xticks=ticks, yticks=ticks)
        label = f"{name} ({unit_name})"
    axes.set(xlabel=label)
    axes.tick_params(labelsize=7, length=2)


def _label_chromosomes(axes: Axes, bins: BinTable) -> None:
    """Label the axes with the names of chromosomes, and draw their borders."""
    edges = bins.offsets.astype(np.float64)
    draw_borders(axes, edges, len(bins) / MAP_SIDE, both=True)
    names = shorten_names(bins.chromosomes)
    along = place_labels(edges, names, MAP_SIDE)
    down = place_labels(edges, names, MAP_SIDE, upright=True)
    axes.set_xticks([x for x, _ in along], [name for _, name in along])
    axes.set_yticks([y for y, _ in down], [name for _, name in down])
    axes.tick_params(labelsize=7, length=0)
    hidden = len(names) - len(along)
    note = f", {hidden:,} too narrow to name here" if hidden else ""
    axes.set_xlabel(f"{len(names):,} chromosomes{note if along else ', too narrow to name'}")
