"""The maps of a run: before balancing above the diagonal, after balancing below it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import LogNorm, to_rgb
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from counterpoise.contacts.bins import BinTable
from counterpoise.report.axes import draw_borders, length_unit, place_labels, shorten_names
from counterpoise.report.chunks import Flags, Floats
from counterpoise.report.run.pictures import (
    Picture,
    View,
    distance_classes,
    over_expected,
    pool_cells,
)
from counterpoise.report.style import (
    EMPTY_LIMITS,
    INK,
    MASKED,
    add_heading,
    add_panel,
    colour_limits,
    contact_colours,
    draw_colour_scale,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.figure import Figure

MAP_SIDE = 500  # side of a map on the page
LEFT, RIGHT = 72, 660  # of the two maps of a row on the page
RATIO_COLOURS = "RdBu_r"  # white at one; red and blue can be told apart by colour-blind readers
LARGEST_RATIO = 4.0
# Cells are merged until the distant ones have this many contacts, but not to fewer cells.
FEWEST_CONTACTS, FEWEST_CELLS = 3.0, 30


def draw_maps(figure: Figure, top: float, bins: BinTable, picture: Picture, *, name: str) -> None:
    """Draw a view of a map and, next to it, its ratio to what is expected by distance.

    Parameters
    ----------
    figure : Figure
        The page.
    top : float
        Where the maps begin on the page.
    bins : BinTable
        The bins.
    picture : Picture
        The view before and after balancing.
    name : str
        What is shown, for the heading.
    """
    contacts = add_panel(figure, LEFT, top, MAP_SIDE, MAP_SIDE)
    ratios = add_panel(figure, RIGHT, top, MAP_SIDE, MAP_SIDE)
    scales = [add_panel(figure, x + MAP_SIDE + 8, top, 11, MAP_SIDE) for x in (LEFT, RIGHT)]
    view = picture.view
    cell = f", mean of {view.block:,} \u00d7 {view.block:,} bins" if view.block > 1 else ""
    add_heading(contacts, name, f"contacts of two bins{cell}; balanced: scaled to the same sum")
    _draw_contacts(contacts, scales[0], picture)
    _draw_ratios(ratios, scales[1], picture, bins)
    for axes in (contacts, ratios):
        _finish_map(axes, bins, picture)
    ratios.set(yticklabels=[], ylabel="")


def _draw_contacts(axes: Axes, scale: Axes, picture: Picture) -> None:
    """Draw contacts before and after balancing with the same logarithmic colours."""
    values = _join_triangles(picture.raw, picture.balanced)
    masked = _join_triangles(_touches(picture.kept == 0), _touches(picture.weighted == 0))
    positive = values[values > 0]
    limits = colour_limits(positive) if len(positive) else EMPTY_LIMITS
    _draw_cells(axes, picture.view, values, masked > 0, LogNorm(*limits, clip=True))
    draw_colour_scale(axes, scale, limits)
    scale.set_visible(len(positive) > 0)


def _draw_ratios(axes: Axes, scale: Axes, picture: Picture, bins: BinTable) -> None:
    """Draw contacts over those expected at their distance, before and after balancing."""
    counted = picture.weighted if picture.weighted.any() else picture.kept
    factor = _cells_to_pool(picture, counted)
    view = replace(picture.view, block=picture.view.block * factor)
    classes = distance_classes(bins, view)
    ratios, grey = [], []
    for values, number in ((picture.raw, counted), (picture.balanced, picture.weighted)):
        values, number = pool_cells(values, number, factor)
        ratios.append(over_expected(values, number, classes))
        grey.append(_touches(number == 0))
    norm = LogNorm(1 / LARGEST_RATIO, LARGEST_RATIO, clip=True)
    shown = np.maximum(_join_triangles(*ratios), 1 / LARGEST_RATIO)
    _draw_cells(axes, view, shown, _join_triangles(*grey) > 0, norm, RATIO_COLOURS)
    pooled = f"; contacts are few: {factor} \u00d7 {factor} pixels are one" if factor > 1 else ""
    add_heading(axes, "Over expected", f"contacts over their mean at the same distance{pooled}")
    axes.figure.colorbar(axes.images[-1], cax=scale).outline.set_linewidth(0.5)
    scale.yaxis.set_major_locator(FixedLocator([0.25, 0.5, 1.0, 2.0, 4.0]))
    scale.yaxis.set_minor_locator(NullLocator())
    scale.set_yticklabels(["1/4", "1/2", "1", "2", "4"])
    scale.tick_params(labelsize=7, length=2)


def _draw_cells(
    axes: Axes,
    view: View,
    values: Floats,
    grey: Flags,
    norm: Normalize,
    colours: Colormap | str | None = None,
) -> None:
    """Draw the cells of a view: positive values in colour, the others grey or white."""
    # All cells have the same size; the last may reach beyond the last bin.
    end = view.first + view.cells * view.block
    extent = (view.first, end, end, view.first)
    backdrop = np.full((*values.shape, 3), 255, dtype=np.uint8)
    backdrop[grey] = np.multiply(to_rgb(MASKED), 255).round()
    style: dict[str, Any] = {"extent": extent, "interpolation": "nearest", "aspect": "auto"}
    axes.imshow(backdrop, **style)
    shown = np.ma.masked_invalid(np.where(values > 0, values, np.nan))
    axes.imshow(shown, norm=norm, cmap=colours or contact_colours(), **style)


def _finish_map(axes: Axes, bins: BinTable, picture: Picture) -> None:
    """Draw the diagonal, name the triangles and label the axes."""
    view = picture.view
    axes.set(xlim=(view.first, max(view.stop, 1)), ylim=(max(view.stop, 1), view.first))
    axes.plot([0, 1], [1, 0], transform=axes.transAxes, color=INK, linewidth=0.5)
    low = "balanced" if picture.weighted.any() else "balanced: no weights"
    box = {"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 2.0}
    for x, y, text, side in ((0.985, 0.985, "raw", "right"), (0.015, 0.015, low, "left")):
        axes.text(
            x, y, text, transform=axes.transAxes, ha=side, weight="bold", bbox=box,
            va="top" if side == "right" else "bottom",
        )  # fmt: skip
    if not picture.raw.any():
        axes.text(
            0.5, 0.5, "no contacts here", transform=axes.transAxes, ha="center", va="center",
            fontsize=11, bbox=box,
        )  # fmt: skip
    chromosomes = np.unique(bins.chromosome_ids[view.first : view.stop])
    if len(chromosomes) > 1:
        _label_chromosomes(axes, bins)
    elif len(chromosomes):
        _label_positions(axes, bins, view, int(chromosomes[0]))
    axes.tick_params(labelsize=7)


def _label_positions(axes: Axes, bins: BinTable, view: View, chromosome: int) -> None:
    """Label the axes of a stretch of one chromosome with positions."""
    (name,) = shorten_names(bins.chromosomes[chromosome : chromosome + 1], 30)
    origin = int(bins.offsets[chromosome])
    if bins.resolution is None:
        unit, step, label = 1, 1.0, f"{name} (bin number)"
    else:
        unit, unit_name = length_unit(float(bins.end[view.stop - 1] - bins.start[view.first]))
        step, label = unit / bins.resolution, f"{name} ({unit_name})"
    low, high = (view.first - origin) / step, (view.stop - origin) / step
    marks = np.asarray(MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(low, high))
    marks = marks[(marks >= low) & (marks <= high)]
    axes.set(xticks=origin + marks * step, yticks=origin + marks * step, xlabel=label)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticklabels([f"{mark:,.10g}" for mark in marks])
    axes.tick_params(length=2)


def _label_chromosomes(axes: Axes, bins: BinTable) -> None:
    """Label the axes with the names of chromosomes, and draw their borders."""
    edges = bins.offsets.astype(np.float64)
    draw_borders(axes, edges, len(bins) / MAP_SIDE, both=True)
    names = shorten_names(bins.chromosomes)
    along = place_labels(edges, names, MAP_SIDE)
    down = place_labels(edges, names, MAP_SIDE, upright=True)
    axes.set_xticks([x for x, _ in along], [name for _, name in along])
    axes.set_yticks([y for y, _ in down], [name for _, name in down])
    axes.tick_params(length=0)
    hidden = len(names) - len(along)
    note = f", {hidden:,} too narrow to name here" if hidden else ""
    axes.set_xlabel(f"{len(names):,} chromosomes{note if along else ', too narrow to name'}")


def _touches(flags: Flags) -> Flags:
    """Return the cells of flagged rows or columns, bool [cells, cells]."""
    return flags[:, None] | flags


def _join_triangles(upper: Floats | Flags, lower: Floats | Flags) -> Floats:
    """Return one matrix with the upper triangle of a matrix and the lower one of another."""
    return np.where(np.tri(len(upper), dtype=bool), lower, upper)


def _cells_to_pool(picture: Picture, counted: Floats) -> int:
    """Return how many cells to merge along each axis, so that ratios are more than noise."""
    pairs = np.outer(counted, counted)
    # The mean of the cells far from the diagonal, since near it there are always contacts.
    number = np.arange(len(counted))
    far = np.abs(number[:, None] - number) > len(counted) // 4
    counted_cells = int(np.count_nonzero(pairs[far]))
    per_cell = float((picture.raw * pairs)[far].sum()) / max(counted_cells, 1)
    factors = 2 ** np.arange(0, max(1, int(np.log2(max(len(counted) / FEWEST_CELLS, 1))) + 1))
    enough = factors[per_cell * factors**2 >= FEWEST_CONTACTS]
    return int(enough[0] if len(enough) else factors[-1])
