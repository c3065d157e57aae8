"""The panels of samples side by side: maps, log ratios and contacts by distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator, NullLocator

from counterpoise.contacts.bins import format_base_pairs
from counterpoise.contacts.positive import positive_or_nan
from counterpoise.report.axes import length_unit, set_log_ticks
from counterpoise.report.chunks import Floats
from counterpoise.report.comparison.colours import ratio_colours, set_style
from counterpoise.report.comparison.compare import Comparison
from counterpoise.report.comparison.region import RATIO_CELLS, Picture
from counterpoise.report.style import (
    INK,
    MASKED,
    SOFT,
    add_heading,
    draw_backdrop,
    draw_cells,
    explain_empty_panel,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LETTERS = 7.5, 5.0  # width of a letter of a heading and of its caption
MOST_LINES = 12  # samples of a condition that have a line of their own
NAME = 34  # letters of a name in the legend


def head_panel(axes: Axes, title: str, caption: str, side: int) -> None:
    """Write a heading above a map, shortened to its width.

    Parameters
    ----------
    axes : Axes
        The panel.
    title, caption : str
        The texts.
    side : int
        Side of the map on the page.
    """
    shorten = [int(side / width) for width in LETTERS]
    add_heading(axes, _cut(title, shorten[0]), _cut(caption, shorten[1]))


def _cut(text: str, letters: int) -> str:
    """Cut a text to a number of letters."""
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "\u2026"


def draw_map(
    axes: Axes, comparison: Comparison, picture: Picture, limits: tuple[float, float]
) -> None:
    """Draw a balanced map; rows and columns without a weight are grey.

    Parameters
    ----------
    axes : Axes
        The panel.
    comparison : Comparison
        The group's numbers.
    picture : Picture
        The map.
    limits : tuple of float
        Ends of the colour scale.
    """
    reach = comparison.region.cells * comparison.region.block
    extent = (0.0, reach, reach, 0.0)
    draw_backdrop(axes, picture.empty_cells, extent)
    draw_cells(axes, np.nan_to_num(picture.values), limits, extent)
    if not picture.contacts:
        text = "no weights here" if picture.empty_cells.all() else "no contacts here"
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", fontsize=11)
    label_positions(axes, comparison)


def draw_ratio(axes: Axes, comparison: Comparison, ratios: Floats, limit: float) -> None:
    """Draw log2 ratios of two maps; rows and columns that one map lacks are grey.

    Parameters
    ----------
    axes : Axes
        The panel.
    comparison : Comparison
        The group's numbers.
    ratios : float64 [cells, cells]
        The ratios; NaN where unknown.
    limit : float
        End of the scale to both sides.
    """
    reach = len(ratios) * RATIO_CELLS * comparison.region.block
    extent = (0.0, reach, reach, 0.0)
    draw_backdrop(axes, np.asarray(~np.isfinite(ratios).any(axis=1)), extent)
    axes.imshow(
        np.ma.masked_invalid(ratios), cmap=ratio_colours(), vmin=-limit, vmax=limit,
        extent=extent, interpolation="nearest", aspect="auto",
    )  # fmt: skip
    label_positions(axes, comparison)


def draw_ratio_scale(axes: Axes, scale: Axes, limit: float) -> None:
    """Draw the scale of log2 ratios, labelled with factors.

    Parameters
    ----------
    axes : Axes
        A panel of ``draw_ratio``.
    scale : Axes
        The scale's panel.
    limit : float
        End of the scale to both sides.
    """
    bar = axes.figure.colorbar(axes.images[-1], cax=scale)
    bar.outline.set_linewidth(0.5)
    marks = [mark for mark in (-3, -2, -1, -0.5, 0, 0.5, 1, 2, 3) if abs(mark) <= limit + 1e-9]
    bar.set_ticks(marks, labels=[f"{mark:+g}" if mark else "0" for mark in marks])
    scale.tick_params(labelsize=7, length=2)


def label_positions(axes: Axes, comparison: Comparison) -> None:
    """Label the axes of a map with positions on the chromosome.

    Parameters
    ----------
    axes : Axes
        The panel.
    comparison : Comparison
        The group's numbers.
    """
    region = comparison.region
    bin_size = comparison.samples[0].bins.resolution or 1
    unit, unit_name = length_unit(float(region.bins * bin_size))
    marks = np.asarray(
        MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(
            region.first * bin_size / unit, (region.first + region.bins) * bin_size / unit
        )
    )
    places = marks * unit / bin_size - region.first
    inside = (places >= 0) & (places <= region.bins)
    labels = [f"{mark:g}" for mark in marks[inside]]
    axes.set(xlim=(0, region.bins), ylim=(region.bins, 0))
    axes.set_xticks(places[inside], labels)
    axes.set_yticks(places[inside], labels)
    axes.tick_params(labelsize=7, length=2)
    axes.set_xlabel(f"{region.chromosome} ({unit_name})", labelpad=1)


def draw_decay(axes: Axes, below: Axes, comparison: Comparison) -> None:
    """Draw contacts by distance, and below them their ratio to the mean of the sets.

    Parameters
    ----------
    axes, below : Axes
        The panels.
    comparison : Comparison
        The group's numbers. The line of a condition is the mean of its samples, the band reaches
        from the least of them to the largest, and dotted lines are samples that stand out.
    """
    caption = "a line and its band: mean and range of the samples of a condition"
    add_heading(
        axes,
        "Contacts by distance",
        caption if comparison.are_conditions else "within chromosomes",
    )
    below.set_ylabel("over the mean")
    if not np.isfinite(comparison.overall).any():
        explain_empty_panel(axes, "no contacts between bins with weights")
        explain_empty_panel(below, "")
        return
    bin_size = comparison.samples[0].bins.resolution or 1
    x = comparison.distance * bin_size
    for panel, unit in ((axes, np.ones_like(comparison.overall)), (below, comparison.overall)):
        for index in range(len(comparison.sets)):
            _draw_set(panel, comparison, index, x, unit)
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.grid(color=MASKED, linewidth=0.5)
    below.set_xlim(axes.get_xlim())
    _limit_decay(axes, comparison)
    set_log_ticks(axes.yaxis, *axes.get_ylim())
    axes.xaxis.set_major_formatter("")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.tick_params(labelsize=7, length=2)
    axes.set_ylabel("balanced contacts of a pair / mean")
    set_log_ticks(below.xaxis, *below.get_xlim())
    below.xaxis.set_major_formatter(lambda value, _: format_base_pairs(round(value)))
    below.set_xlabel("distance", labelpad=1)
    _limit_ratios(below, comparison)
    handles = axes.get_legend_handles_labels()[0]
    columns = -(-len(handles) // 12)
    axes.legend(loc="upper right", fontsize=7, ncols=columns, framealpha=0.85, edgecolor="none")


def _draw_set(axes: Axes, comparison: Comparison, index: int, x: Floats, unit: Floats) -> None:
    """Draw the curves of one set, divided by ``unit``."""
    each, style = comparison.sets[index], set_style(comparison.colour_of(index))
    named = index in comparison.shown
    if not named:
        style = {"color": MASKED, "linestyle": "-"}
    curves = [positive_or_nan(comparison.decay[sample.name] / unit) for sample in each.samples]
    if len(curves) > 1:
        if len(curves) <= MOST_LINES:
            for curve in curves:
                axes.plot(x, curve, linewidth=0.5, alpha=0.6, **style)
        known = np.isfinite(curves).all(axis=0)
        band = np.where(known, curves, np.nan)
        axes.fill_between(
            x, band.min(axis=0), band.max(axis=0), color=style["color"], alpha=0.18, linewidth=0
        )
    mean = positive_or_nan(comparison.means[index] / unit)
    number = f" ({len(curves)})" if comparison.are_conditions else ""
    label = f"{_cut(each.name, NAME)}{number}" if named else None
    if named and not np.isfinite(mean).any():
        label = f"{label}: no weights"
    axes.plot(
        x, mean, linewidth=1.5 if named else 0.8, label=label, zorder=2.5 if named else 1.5, **style
    )
    for sample in each.apart:
        curve = positive_or_nan(comparison.decay[sample.name] / unit)
        axes.plot(x, curve, linewidth=1.1, linestyle=(0, (1, 1)), color=style["color"])
        if sample.name in comparison.apart and np.isfinite(curve).any():
            last = np.flatnonzero(np.isfinite(curve))[-1]
            axes.annotate(
                _cut(sample.name, NAME), (x[last], curve[last]), (3, 0),
                textcoords="offset points", fontsize=6, color=SOFT, va="center",
                annotation_clip=True,
            )  # fmt: skip


def _usual_curves(comparison: Comparison) -> list[Floats]:
    """Return the contacts by distance of the samples that do not stand out; of all if all do."""
    decay, reasons = comparison.decay, comparison.reasons
    usual = [curve for name, curve in decay.items() if name not in reasons]
    return [positive_or_nan(curve) for curve in usual or decay.values()]


def _limit_decay(axes: Axes, comparison: Comparison) -> None:
    """Set the ends of contacts by distance, as the samples that do not stand out need them."""
    values = np.concatenate(_usual_curves(comparison))
    values = values[np.isfinite(values)]
    if len(values):
        axes.set_ylim(values.min() / 1.5, values.max() * 1.5)


def _limit_ratios(axes: Axes, comparison: Comparison) -> None:
    """Set the ends of the ratio to the mean, as the samples that do not stand out need them."""
    curves = [curve / comparison.overall for curve in _usual_curves(comparison)]
    logs = np.abs(np.log(np.concatenate(curves)))
    logs = logs[np.isfinite(logs)]
    reach = float(np.clip(1.15 * np.percentile(logs, 99.5) if len(logs) else 0, 0.05, 3.0))
    axes.set_ylim(np.exp(-reach), np.exp(reach))
    near = (0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.25) if reach < 0.3 else (0.2, 0.5, 0.8, 1, 1.25, 2, 5)
    marks = [mark for mark in near if abs(np.log(mark)) <= reach]
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_yticks(marks, [f"{mark:g}" for mark in marks])
    axes.tick_params(labelsize=7, length=2)
    axes.axhline(1, color=INK, linewidth=0.6)
