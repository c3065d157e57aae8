"""The change of the weights of a run along the genome, as SVG."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import numpy as np

from counterpoise.contacts.bins import BinTable
from counterpoise.report.chunks import Flags, Floats, Indices
from counterpoise.report.differences.sentences import format_change
from counterpoise.report.differences.weights import ERRORS, WeightChange

LEFT, WIDTH, RIGHT = 64, 1000, 8  # of the axis labels, the plot and the margin
TOP, HEIGHT, STRIP = 14, 120, 12  # of the strip of bins, the plot, and the height of the strip
DOT = 1.3  # half the height of a single value
LABEL_WIDTH = 7  # of a letter
LEAST_SPAN = 0.01  # of the axis, as a change of the logarithm


def draw_change(change: WeightChange, title: str) -> str:
    """Draw the change of each weight, its errors, and the bins that gained or lost a weight.

    Parameters
    ----------
    change : WeightChange
        The change.
    title : str
        What a screen reader reads.

    Returns
    -------
    str
        An ``<svg>`` element whose colours are those of the page.
    """
    cell = cells_of_bins(len(change.bins))
    finite = np.abs(change.change[np.isfinite(change.change)])
    span = max(float(finite.max(initial=0.0)), LEAST_SPAN) * 1.05
    bottom = TOP + STRIP + HEIGHT
    parts = [
        *_draw_axis(span),
        *_draw_chromosomes(change.bins, cell, bottom),
        _draw_columns("errors", cell, *_error_band(change), span),
        _draw_columns("change", cell, change.change, change.change, span),
        _draw_columns("moved", cell, *_only(change.change, change.has_moved), span),
        _draw_strip("gained", cell, change.gained),
        _draw_strip("lost", cell, change.lost),
    ]
    size = f"0 0 {LEFT + WIDTH + RIGHT} {bottom + 20}"
    return f'<svg viewBox="{size}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'


def cells_of_bins(bins: int) -> Indices:
    """Return the column of pixels in which each bin is drawn.

    Parameters
    ----------
    bins : int
        Number of bins.

    Returns
    -------
    int64 [bins]
        Numbers from 0 to ``WIDTH`` - 1.
    """
    return np.arange(bins) * WIDTH // max(bins, 1)


def _error_band(change: WeightChange) -> tuple[Floats, Floats]:
    """Return the ends of the range in which a weight has not moved."""
    limit = np.where(np.isfinite(change.change), ERRORS * change.errors, np.nan)
    return -limit, limit


def _only(values: Floats, flags: Flags) -> tuple[Floats, Floats]:
    """Return the values of some bins twice, NaN for the others."""
    kept = np.where(flags, values, np.nan)
    return kept, kept


def _height(value: float, span: float) -> float:
    """Return the vertical position of a change; beyond the axis, that of its end."""
    share = min(max(value / span, -1.0), 1.0)
    return TOP + STRIP + HEIGHT / 2 * (1 - share)


def _draw_columns(kind: str, cell: Indices, low: Floats, high: Floats, span: float) -> str:
    """Draw the range of the values of the bins of each column of pixels as one path."""
    known = np.isfinite(low) & np.isfinite(high)
    lowest, highest = np.full(WIDTH, np.inf), np.full(WIDTH, -np.inf)
    np.minimum.at(lowest, cell[known], low[known])
    np.maximum.at(highest, cell[known], high[known])
    step = WIDTH / len(cell) if len(cell) < WIDTH else 1.0
    path = "".join(
        f"M{LEFT + x + step / 2:.1f} {_height(highest[x], span) - DOT:.1f}"
        f"V{_height(lowest[x], span) + DOT:.1f}"
        for x in np.flatnonzero(np.isfinite(lowest)).tolist()
    )
    width = max(step * (1.0 if kind == "errors" else 0.7), 1.0)
    return f'<path class="{kind}" stroke-width="{width:.1f}" d="{path}"/>' if path else ""


def _draw_strip(kind: str, cell: Indices, flags: Flags) -> str:
    """Draw a tick for each column of pixels with a flagged bin, above the plot."""
    step = WIDTH / len(cell) if len(cell) < WIDTH else 1.0
    path = "".join(
        f"M{LEFT + x + step / 2:.1f} {TOP - 4}v{STRIP - 3}" for x in np.unique(cell[flags]).tolist()
    )
    width = max(step * 0.8, 1.5)
    return f'<path class="{kind}" stroke-width="{width:.1f}" d="{path}"/>' if path else ""


def _draw_axis(span: float) -> Iterator[str]:
    """Draw the line of no change, and the ends of the axis."""
    for value in (span, 0.0, -span):
        y = _height(value, span)
        text = "same" if value == 0 else format_change(float(np.exp(value)))
        yield f'<path class="grid" d="M{LEFT} {y:.1f}h{WIDTH}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'


def _draw_chromosomes(bins: BinTable, cell: Indices, bottom: int) -> Iterator[str]:
    """Draw where chromosomes begin, with the names that have room."""
    for name, lo, hi in bins.chromosome_ranges():
        if lo == hi:
            continue
        first, end = LEFT + int(cell[lo]), LEFT + (int(cell[hi]) if hi < len(cell) else WIDTH)
        if lo:
            yield f'<path class="grid" d="M{first} {TOP + STRIP}V{bottom}"/>'
        if len(name) * LABEL_WIDTH < end - first:
            middle = (first + end) / 2
            label = escape(name)
            yield f'<text x="{middle:.0f}" y="{bottom + 14}" text-anchor="middle">{label}</text>'
