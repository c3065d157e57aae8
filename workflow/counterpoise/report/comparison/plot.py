"""The page of samples side by side, group below group."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from counterpoise.contacts.bins import format_base_pairs
from counterpoise.report.comparison.captions import describe_comparison, describe_uncompared
from counterpoise.report.comparison.compare import Comparison, compare
from counterpoise.report.comparison.geometry import (
    ABOVE_DECAY,
    ABOVE_MAP,
    BELOW_DECAY,
    BELOW_MAP,
    DECAY_HEIGHT,
    DECAY_WIDTH,
    GAP,
    LEFT,
    LINE,
    MAPS_PER_ROW,
    TABLE_HEAD,
    TABLE_LEFT,
    TABLE_WIDTH,
    TITLE,
    map_side,
    maps_height,
    table_height,
)
from counterpoise.report.comparison.panels import (
    draw_decay,
    draw_map,
    draw_shares,
    line_style,
    name_sample,
)
from counterpoise.report.comparison.samples import Sample, group_samples
from counterpoise.report.style import (
    EMPTY_LIMITS,
    INK,
    PAGE_DPI,
    PAGE_WIDTH,
    SOFT,
    add_panel,
    colour_limits,
    draw_colour_scale,
    write_page,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LINE_LETTERS = 210  # in a line of a caption
CAPTION_SIZE, TITLE_SIZE = 8.5, 17


def plot_comparison(
    samples: Sequence[Sample], primary: str, resolution: int, path: str | Path, dpi: int
) -> None:
    """Draw the samples of a cohort that can be compared, group below group.

    Parameters
    ----------
    samples : sequence of Sample
        Two or more samples.
    primary : str
        The cohort's primary method.
    resolution : int
        The resolution in base pairs.
    path : str or Path
        Where the PNG goes. The same inputs give the same bytes.
    dpi : int
        Resolution of the PNG.
    """
    groups = group_samples(samples)
    comparisons = [compare(group, primary) for group in groups if len(group) > 1]
    captions = [
        textwrap.wrap(describe_comparison(each, primary), LINE_LETTERS) for each in comparisons
    ]
    singles = [group[0] for group in groups if len(group) == 1]
    uncompared = textwrap.wrap(describe_uncompared(singles), LINE_LETTERS)
    height = TITLE + sum(map(group_height, comparisons))
    height += LINE * (sum(map(len, captions)) + len(uncompared) + 1)
    with write_page(path, height, dpi) as figure:
        title = f"Samples side by side \u00b7 {format_base_pairs(resolution)}"
        write_lines(figure, [title], 34, TITLE_SIZE)
        y = write_lines(figure, uncompared, TITLE, CAPTION_SIZE)
        for comparison, lines in zip(comparisons, captions, strict=True):
            y = write_lines(figure, lines, y, CAPTION_SIZE)
            draw_group(figure, comparison, y)
            y += group_height(comparison)


def write_lines(figure: Figure, lines: Sequence[str], y: float, size: float) -> float:
    """Write lines of text at the left of the page.

    Parameters
    ----------
    figure : Figure
        The page.
    lines : sequence of str
        The text.
    y : float
        Position of the first line on the page.
    size : float
        Font size; a title is bold.

    Returns
    -------
    float
        Position below the last line.
    """
    page_height = figure.get_size_inches()[1] * PAGE_DPI
    is_title = size == TITLE_SIZE
    for line in lines:
        figure.text(
            LEFT / PAGE_WIDTH, 1 - y / page_height, line, fontsize=size, va="center",
            color=INK if is_title else SOFT, weight="bold" if is_title else "normal",
        )  # fmt: skip
        y += LINE
    return y


def group_height(comparison: Comparison) -> int:
    """Return the height of a group on the page, without its caption.

    Parameters
    ----------
    comparison : Comparison
        The group's numbers.

    Returns
    -------
    int
        Pixels.
    """
    samples = len(comparison.samples)
    maps = maps_height(len(comparison.pictures), map_side(samples))
    below = max(DECAY_HEIGHT, TABLE_HEAD + table_height(samples))
    return maps + ABOVE_DECAY + below + BELOW_DECAY


def draw_group(figure: Figure, comparison: Comparison, y: float) -> None:
    """Draw the maps of a group in rows, and the decay and the table below them.

    Parameters
    ----------
    figure : Figure
        The page.
    comparison : Comparison
        The group's numbers.
    y : float
        Position of the group on the page.
    """
    samples = len(comparison.samples)
    side = map_side(samples)
    _draw_maps(figure, comparison, y, side)
    y += maps_height(len(comparison.pictures), side) + ABOVE_DECAY
    draw_decay(add_panel(figure, LEFT, y, DECAY_WIDTH, DECAY_HEIGHT), comparison)
    table = add_panel(figure, TABLE_LEFT, y + TABLE_HEAD, TABLE_WIDTH, table_height(samples))
    draw_shares(table, comparison)


def _draw_maps(figure: Figure, comparison: Comparison, y: float, side: int) -> None:
    """Draw the maps with common colours; the colour scale is at the end of the first row."""
    values = np.concatenate([picture[picture > 0] for picture in comparison.pictures])
    limits = colour_limits(values) if len(values) else EMPTY_LIMITS
    last_of_first_row = min(len(comparison.pictures), MAPS_PER_ROW) - 1
    for index, sample in enumerate(comparison.samples[: len(comparison.pictures)]):
        row, column = divmod(index, MAPS_PER_ROW)
        x = LEFT + column * (side + GAP)
        top = y + ABOVE_MAP + row * (ABOVE_MAP + side + BELOW_MAP)
        axes = add_panel(figure, x, top, side, side)
        draw_map(axes, comparison, index, limits)
        name_sample(axes, sample, comparison.method, side)
        axes.spines[:].set(color=line_style(index)["color"], linewidth=1.8)
        if column:
            axes.set(yticklabels=[])
        if index == last_of_first_row and len(values):
            scale = add_panel(figure, x + side + 8, top, 11, side)
            draw_colour_scale(axes, scale, limits)
