"""The page of samples side by side, group below group."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from counterpoise.contacts.bins import format_base_pairs, pluralise
from counterpoise.report.chunks import Floats
from counterpoise.report.comparison.captions import (
    describe_answers,
    describe_comparison,
    describe_genomes,
)
from counterpoise.report.comparison.colours import ratio_limit, set_style
from counterpoise.report.comparison.compare import Comparison, compare
from counterpoise.report.comparison.geometry import (
    ABOVE_DECAY,
    BELOW_DECAY,
    BELOW_RATIO,
    DECAY_HEIGHT,
    DECAY_WIDTH,
    LEFT,
    LINE,
    RATIO_HEIGHT,
    STRIP_GAP,
    STRIPS_LEFT,
    STRIPS_RIGHT,
    TITLE,
    Grid,
    grid_of_apart,
    grid_of_sets,
    row_height,
)
from counterpoise.report.comparison.panels import (
    draw_decay,
    draw_map,
    draw_ratio,
    draw_ratio_scale,
    head_panel,
)
from counterpoise.report.comparison.region import Picture, log_ratio
from counterpoise.report.comparison.samples import Sample, group_samples
from counterpoise.report.comparison.strips import draw_strips, rows_of
from counterpoise.report.concordance import Concordance
from counterpoise.report.formats import format_number
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
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINE_LETTERS, ANSWER_LETTERS = 200, 175  # in a line of a caption, and of an answer
CAPTION_SIZE, ANSWER_SIZE, TITLE_SIZE = 8.5, 9.5, 17


@dataclass(frozen=True)
class Scales:
    """Ends of the colour scales of a group.

    Attributes
    ----------
    contacts : tuple of float
        Of the maps.
    ratio : float
        Of log2 ratios, to both sides of zero.
    """

    contacts: tuple[float, float]
    ratio: float


@dataclass(frozen=True)
class Sheet:
    """A grid of maps on the page.

    Attributes
    ----------
    figure : Figure
        The page.
    comparison : Comparison
        The group's numbers.
    scales : Scales
        The colour scales of the group.
    grid : Grid
        Sizes and number of the maps.
    top : float
        Position of the grid on the page.
    """

    figure: Figure
    comparison: Comparison
    scales: Scales
    grid: Grid
    top: float

    def draw_map(
        self, place: int, picture: Picture, texts: tuple[str, str], colour: str, *, is_last: bool
    ) -> None:
        """Draw a map at a place of the grid.

        Parameters
        ----------
        place : int
            Number of the place, by rows.
        picture : Picture
            The map.
        texts : tuple of str
            Heading and caption.
        colour : str
            Colour of the frame.
        is_last : bool
            Whether the scale stands to the right of the map, as it does at the end of each row.
        """
        axes = self._add_panel(place)
        draw_map(axes, self.comparison, picture, self.scales.contacts)
        head_panel(axes, *texts, self.grid.side)
        axes.spines[:].set(color=colour, linewidth=1.8)
        if (is_last or self._ends_row(place)) and picture.contacts:
            draw_colour_scale(axes, self._add_scale(place), self.scales.contacts)

    def draw_ratio(
        self, place: int, ratios: Floats, texts: tuple[str, str], *, is_last: bool
    ) -> None:
        """Draw log2 ratios at a place of the grid.

        Parameters
        ----------
        place : int
            Number of the place, by rows.
        ratios : float64 [cells, cells]
            The ratios.
        texts : tuple of str
            Heading and caption.
        is_last : bool
            Whether the scale stands to the right, as it does at the end of each row.
        """
        axes = self._add_panel(place)
        draw_ratio(axes, self.comparison, ratios, self.scales.ratio)
        head_panel(axes, *texts, self.grid.side)
        if is_last or self._ends_row(place):
            draw_ratio_scale(axes, self._add_scale(place), self.scales.ratio)

    def _ends_row(self, place: int) -> bool:
        """Return whether a place is the last of its row."""
        return place % self.grid.columns == self.grid.columns - 1

    def _add_panel(self, place: int) -> Axes:
        """Add the panel of a map, whose vertical axis has no numbers except in the first column."""
        left, top = self.grid.corner(place)
        axes = add_panel(self.figure, left, self.top + top, self.grid.side, self.grid.side)
        axes.tick_params(axis="y", labelleft=place % self.grid.columns == 0)
        return axes

    def _add_scale(self, place: int) -> Axes:
        """Add the panel of a colour scale, to the right of a map."""
        left, top = self.grid.corner(place)
        return add_panel(self.figure, left + self.grid.side + 4, self.top + top, 8, self.grid.side)


def plot_comparison(
    samples: Sequence[Sample],
    primary: str,
    resolution: int,
    path: str | Path,
    dpi: int,
    concordance: Concordance,
    region: str | None = None,
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
    concordance : Concordance
        The concordance of pairs of samples.
    region : str, optional
        The setting ``qc.region``, which the maps show.
    """
    groups = group_samples(samples)
    comparisons = [
        compare(group, primary, concordance, region) for group in groups if len(group) > 1
    ]
    genomes = _wrap(describe_genomes(groups), ANSWER_LETTERS)
    answers = [_wrap(describe_answers(each), ANSWER_LETTERS) for each in comparisons]
    captions = [_wrap([describe_comparison(each, primary)], LINE_LETTERS) for each in comparisons]
    lines = len(genomes) + sum(map(len, answers)) + sum(map(len, captions))
    height = TITLE + sum(map(group_height, comparisons)) + LINE * (lines + 1)
    with write_page(path, height, dpi) as figure:
        title = f"Samples side by side \u00b7 {format_base_pairs(resolution)}"
        write_lines(figure, [title], 34, TITLE_SIZE)
        y = write_lines(figure, genomes, TITLE, ANSWER_SIZE)
        for comparison, answer, caption in zip(comparisons, answers, captions, strict=True):
            y = write_lines(figure, answer, y, ANSWER_SIZE)
            y = write_lines(figure, caption, y, CAPTION_SIZE)
            draw_group(figure, comparison, y)
            y += group_height(comparison)


def _wrap(paragraphs: Sequence[str], letters: int) -> list[str]:
    """Break paragraphs into lines."""
    return [line for text in paragraphs for line in textwrap.wrap(text, letters)]


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
        Font size; a title is bold, and captions are grey.

    Returns
    -------
    float
        Position below the last line.
    """
    page_height = figure.get_size_inches()[1] * PAGE_DPI
    for line in lines:
        figure.text(
            LEFT / PAGE_WIDTH, 1 - y / page_height, line, fontsize=size, va="center",
            color=SOFT if size == CAPTION_SIZE else INK,
            weight="bold" if size == TITLE_SIZE else "normal",
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
    apart = grid_of_apart(len(comparison.apart)).height if comparison.apart else 0
    return _height_of_curves(comparison) + grid_of_sets(len(comparison.shown)).height + apart


def _height_of_curves(comparison: Comparison) -> int:
    """Return the height of contacts by distance and the strips."""
    rows = len(rows_of(comparison))
    curves = max(DECAY_HEIGHT + BELOW_DECAY + RATIO_HEIGHT, rows * row_height(rows))
    return ABOVE_DECAY + curves + BELOW_RATIO


def draw_group(figure: Figure, comparison: Comparison, y: float) -> None:
    """Draw a group: contacts by distance, strips, maps of the sets, samples that stand out.

    Parameters
    ----------
    figure : Figure
        The page.
    comparison : Comparison
        The group's numbers.
    y : float
        Position of the group on the page.
    """
    top = y + ABOVE_DECAY
    curves = add_panel(figure, LEFT, top, DECAY_WIDTH, DECAY_HEIGHT)
    below = add_panel(figure, LEFT, top + DECAY_HEIGHT + BELOW_DECAY, DECAY_WIDTH, RATIO_HEIGHT)
    draw_decay(curves, below, comparison)
    rows = len(rows_of(comparison))
    width = (STRIPS_RIGHT - STRIPS_LEFT - 2 * STRIP_GAP) // 3
    first, second, third = (
        add_panel(
            figure, STRIPS_LEFT + k * (width + STRIP_GAP), top, width, rows * row_height(rows)
        )
        for k in range(3)
    )
    draw_strips((first, second, third), comparison)
    y += _height_of_curves(comparison)
    ratios = list_ratios(comparison)
    scales = choose_scales(comparison, ratios)
    sets = Sheet(figure, comparison, scales, grid_of_sets(len(comparison.shown)), y)
    _draw_sets(sets, ratios)
    if comparison.apart:
        apart = grid_of_apart(len(comparison.apart))
        _draw_apart(Sheet(figure, comparison, scales, apart, y + sets.grid.height))


def list_ratios(comparison: Comparison) -> dict[int, Floats]:
    """Compute the log2 ratio of each set that has a map to the first.

    Parameters
    ----------
    comparison : Comparison
        The group's numbers.

    Returns
    -------
    dict of int to float64 [cells, cells]
        Ratios by position in ``comparison.shown``, without the first.
    """
    reference, *others = comparison.pictures
    return {k: log_ratio(each, reference) for k, each in enumerate(others, 1)}


def choose_scales(comparison: Comparison, ratios: Mapping[int, Floats]) -> Scales:
    """Choose the colour scales of a group from the maps of its sets.

    Parameters
    ----------
    comparison : Comparison
        The group's numbers.
    ratios : mapping
        Those of ``list_ratios``.

    Returns
    -------
    Scales
        The scales.
    """
    values = np.concatenate([each.values[each.values > 0] for each in comparison.pictures])
    known = [
        each[np.isfinite(each)]
        for k, each in ratios.items()
        if comparison.sets[comparison.shown[k]].samples[0].name not in comparison.reasons
    ]
    return Scales(
        colour_limits(values) if len(values) else EMPTY_LIMITS,
        ratio_limit(np.concatenate([np.empty(0), *known])),
    )


def _draw_sets(sheet: Sheet, ratios: Mapping[int, Floats]) -> None:
    """Draw the maps of the sets, and their ratios to the first in the row below."""
    comparison, columns = sheet.comparison, sheet.grid.columns
    sets = [comparison.sets[k] for k in comparison.shown]
    in_one_row = len(sets) <= 2
    for k, picture in enumerate(comparison.pictures):
        band, column = divmod(k, columns)
        is_last = k == len(sets) - 1
        caption = f"{format_number(picture.contacts)} contacts here"
        if comparison.are_conditions:
            caption = f"{pluralise(len(sets[k].samples), 'sample')}, {caption}"
        if sets[k].samples[0].name in comparison.reasons:
            caption = f"stands out; {caption}"
        place = k if in_one_row else 2 * band * columns + column
        colour = set_style(k)["color"]
        sheet.draw_map(place, picture, (sets[k].name, caption), colour, is_last=is_last)
        if k in ratios:
            place = 2 if in_one_row else place + columns
            texts = "log2 ratio", f"{sets[k].name} / {sets[0].name}"
            sheet.draw_ratio(place, ratios[k], texts, is_last=is_last)


def _draw_apart(sheet: Sheet) -> None:
    """Draw the maps of the samples that stand out, and their ratios to the map of their set."""
    comparison = sheet.comparison
    for k, (name, picture) in enumerate(comparison.apart.items()):
        index = comparison.set_of(name)
        each = comparison.sets[index]
        is_last = k == len(comparison.apart) - 1
        texts = name, f"stands out; {each.name}"
        sheet.draw_map(
            2 * k, picture, texts, set_style(comparison.colour_of(index))["color"], is_last=False
        )
        if index in comparison.shown:
            ratios = log_ratio(picture, comparison.pictures[comparison.shown.index(index)])
            texts = "log2 ratio", f"{name} / {each.name}"
            sheet.draw_ratio(2 * k + 1, ratios, texts, is_last=is_last)
