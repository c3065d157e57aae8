"""The panels of samples side by side: maps, contacts by distance, bins with weights."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from counterpoise.contacts.bins import format_base_pairs
from counterpoise.records.fitness import Fitness
from counterpoise.records.wording import fitness_label
from counterpoise.report.axes import (
    LETTER_WIDTH,
    length_unit,
    positive_or_nan,
    set_log_ticks,
    shorten_names,
)
from counterpoise.report.comparison.compare import Comparison
from counterpoise.report.comparison.geometry import TABLE_WIDTH
from counterpoise.report.comparison.samples import Sample
from counterpoise.report.formats import format_percent
from counterpoise.report.style import (
    BLUE,
    FITNESS_COLOURS,
    GREEN,
    INK,
    MASKED,
    ORANGE,
    PINK,
    RED,
    SKY,
    add_heading,
    draw_backdrop,
    draw_contacts,
    explain_empty_panel,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# 7 colours and 4 dash patterns tell 28 samples apart; dashes also show lines that coincide.
COLOURS = (BLUE, RED, GREEN, ORANGE, PINK, SKY, INK)
DASHES = ("-", "--", ":", "-.")
LEGEND_ROWS = 14
BAR_WIDTH, BAR_HEIGHT = 0.86, 0.26  # of a cell of the table


def line_style(index: int) -> dict[str, Any]:
    """Return colour and dashes of a sample.

    Parameters
    ----------
    index : int
        The sample's position in its group.

    Returns
    -------
    dict
        Arguments of matplotlib's ``plot``.
    """
    return {"color": COLOURS[index % len(COLOURS)], "linestyle": DASHES[index % len(DASHES)]}


def name_sample(axes: Axes, sample: Sample, method: str, side: int) -> None:
    """Write above a map the sample's name, its description and a fitness that is not good.

    Parameters
    ----------
    axes : Axes
        The map's panel.
    sample : Sample
        The sample.
    method : str
        The method whose weights are shown.
    side : int
        Side of the map on the page.
    """
    fitness = sample.fitness(method)
    notes = [sample.description] if sample.description else []
    if fitness is not Fitness.GOOD:
        notes.append(f"{method}: {fitness_label(fitness)}")
    caption = textwrap.shorten("; ".join(notes), side // 6, placeholder=" \u2026")
    add_heading(axes, textwrap.shorten(sample.name, side // 10, placeholder="\u2026"), caption)


def draw_map(axes: Axes, comparison: Comparison, index: int, limits: tuple[float, float]) -> None:
    """Draw one map; rows and columns without a weight are grey.

    Parameters
    ----------
    axes : Axes
        The panel.
    comparison : Comparison
        The group's numbers.
    index : int
        The sample's position in its group.
    limits : tuple of float
        Ends of the colour scale.
    """
    region, values = comparison.region, comparison.pictures[index]
    has_weights = comparison.usable_cells[index]
    reach = region.cells * region.block
    extent = (0, reach, reach, 0)
    draw_backdrop(axes, ~has_weights, extent)
    draw_contacts(axes, values, limits, extent)
    if not (values > 0).any():
        text = "no contacts here" if has_weights.any() else "no weights here"
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", fontsize=11)
    _label_positions(axes, comparison)


def _label_positions(axes: Axes, comparison: Comparison) -> None:
    """Label the axes of a map with positions on the chromosome."""
    region = comparison.region
    bin_size = comparison.samples[0].contacts.bins.resolution or 1
    unit, unit_name = length_unit(float(region.bins * bin_size))
    marks = np.asarray(
        MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(
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


def draw_decay(axes: Axes, comparison: Comparison) -> None:
    """Draw contacts by distance, one line per sample.

    Parameters
    ----------
    axes : Axes
        The panel.
    comparison : Comparison
        The group's numbers.
    """
    add_heading(
        axes,
        "Contacts by distance",
        f"balanced by {comparison.method}, within chromosomes, between bins with weights in all "
        "samples; 1 is the mean of all pairs",
    )
    bin_size = comparison.samples[0].contacts.bins.resolution or 1
    curves = [positive_or_nan(values) for values in comparison.decay]
    if not any(np.isfinite(values).any() for values in curves):
        explain_empty_panel(axes, "no contacts between bins with weights in all samples")
        return
    for index, (sample, values) in enumerate(zip(comparison.samples, curves, strict=True)):
        name = textwrap.shorten(sample.name, 30, placeholder="\u2026")
        finite = np.isfinite(values)
        label = name if finite.any() else f"{name}: no weights"
        axes.plot(
            comparison.distance[finite] * bin_size, values[finite], label=label, linewidth=1.4,
            **line_style(index),
        )  # fmt: skip
    axes.set(xscale="log", yscale="log")
    for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        set_log_ticks(axis, *limits)
    axes.xaxis.set_major_formatter(lambda x, _: format_base_pairs(round(x)))
    axes.grid(color=MASKED, linewidth=0.5)
    axes.set_xlabel("distance", labelpad=1)
    axes.set_ylabel("balanced contacts of a pair of bins / mean")
    columns = -(-len(comparison.samples) // LEGEND_ROWS)
    axes.legend(loc="upper right", fontsize=7, ncols=columns, framealpha=0.85, edgecolor="none")


def draw_shares(axes: Axes, comparison: Comparison) -> None:
    """Draw a table of bars: the share of kept bins that got a weight, coloured by fitness.

    Parameters
    ----------
    axes : Axes
        The panel.
    comparison : Comparison
        The group's numbers; a row per sample, a column per method.
    """
    caption = "of those that the mask kept; the colour is the fitness of the weights"
    add_heading(axes, "Bins that got a weight", caption, lift=22)
    for row, (sample, values) in enumerate(zip(comparison.samples, comparison.shares, strict=True)):
        for column, (method, share) in enumerate(zip(sample.runs, values, strict=True)):
            colour = FITNESS_COLOURS[sample.fitness(method)][0]
            axes.barh(row + 0.22, BAR_WIDTH, BAR_HEIGHT, column, color=MASKED)
            if np.isfinite(share):
                axes.barh(row + 0.22, BAR_WIDTH * share, BAR_HEIGHT, column, color=colour)
            axes.text(column, row - 0.02, format_percent(share), fontsize=8, va="bottom")
    _label_table(axes, comparison)


def _label_table(axes: Axes, comparison: Comparison) -> None:
    """Label the rows and columns of the table, and add its legend."""
    samples = comparison.samples
    methods = list(samples[0].runs)
    rows = [
        f"{textwrap.shorten(sample.name, 22, placeholder=' ')}\n"
        f"{np.count_nonzero(sample.kept):,} of {len(sample.kept):,} kept"
        for sample in samples
    ]
    axes.set(xlim=(0, len(methods)), ylim=(len(rows) - 0.4, -0.6))
    axes.set_yticks(np.arange(len(rows)), rows, fontsize=7)
    names = shorten_names(methods, max(int(TABLE_WIDTH / len(methods) / LETTER_WIDTH) - 1, 4))
    axes.set_xticks(np.arange(len(methods)), names, fontsize=8, weight="bold", ha="left")
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.tick_params(axis="y", pad=9)
    axes.spines[:].set_visible(False)
    present = {sample.fitness(method) for sample in samples for method in methods}
    levels = [level for level in Fitness if level in present]
    axes.legend(
        handles=[
            Patch(color=FITNESS_COLOURS[level][0], label=fitness_label(level))
            for level in levels
        ],
        loc="upper left", bbox_to_anchor=(0, 0), ncols=len(levels), fontsize=7, frameon=False,
        borderaxespad=0.2, borderpad=0,
    )  # fmt: skip
