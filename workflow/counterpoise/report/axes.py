"""Axes of all figures: tick labels, units and the names of chromosomes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import LogLocator, NullLocator

from counterpoise.report.chunks import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

LETTER_WIDTH = 6.3  # of axis labels, in pixels of the page
BORDER_COLOUR = "#59636e"
SUPERSCRIPTS = str.maketrans(
    "-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
)


def format_tick(value: float, _: float = 0.0) -> str:
    """Format a tick label without mathtext.

    Parameters
    ----------
    value : float
        The tick's value. Matplotlib also passes the tick's position, which is ignored.

    Returns
    -------
    str
        ``0.01``, ``2``, ``10\u207b\u2075`` or ``2\u00b710\u2076``.
    """
    if value <= 0 or 0.9999e-3 < value < 0.9999e4:
        return f"{value:g}"
    mantissa, exponent = f"{value:.0e}".split("e")
    power = "10" + str(int(exponent)).translate(SUPERSCRIPTS)
    return power if mantissa == "1" else f"{mantissa}\u00b7{power}"


def draw_bars(axes: Axes, x: Floats, low: Floats, high: Floats, **style: Any) -> None:
    """Draw a vertical bar at each position.

    One line with gaps is drawn faster than the many lines of ``Axes.vlines``.

    Parameters
    ----------
    axes : Axes
        The panel.
    x, low, high : float64 [bars]
        Positions and ends; a bar with an end NaN is not drawn.
    **style : various
        Passed to ``Axes.plot``.
    """
    gaps = np.full_like(low, np.nan)
    ends = np.column_stack([low, high, gaps]).ravel()
    axes.plot(np.repeat(x, 3), ends, solid_capstyle="butt", **style)


def set_log_ticks(axis: Axis, low: float, high: float) -> None:
    """Set the ticks of a logarithmic axis: powers of ten, or also 2 and 5 over a short range.

    Parameters
    ----------
    axis : Axis
        The axis.
    low, high : float
        Its ends.
    """
    subs = (1.0, 2.0, 5.0) if high < 50 * low else (1.0,)
    axis.set_major_locator(LogLocator(subs=subs, numticks=9))
    axis.set_major_formatter(format_tick)
    axis.set_minor_locator(NullLocator())
    axis.set_tick_params(labelsize=7, length=2)


def length_unit(length: float) -> tuple[int, str]:
    """Choose the unit of an axis in base pairs.

    Parameters
    ----------
    length : float
        Length of the axis in base pairs.

    Returns
    -------
    tuple of int and str
        Base pairs per unit, and the unit's name.
    """
    units = ((1_000_000, "Mb"), (1_000, "kb"), (1, "bp"))
    return next((size, name) for size, name in units if length >= 2 * size or size == 1)


def shorten_names(names: Sequence[str], width: int = 12) -> list[str]:
    """Shorten chromosome names for an axis.

    Parameters
    ----------
    names : sequence of str
        The names. If there are more than five and all start with ``chr``, it is removed.
    width : int
        Longest allowed name; longer ones are cut in the middle.

    Returns
    -------
    list of str
        The short names.
    """
    if len(names) > 5 and all(name.startswith("chr") and len(name) > 3 for name in names):
        names = [name[3:] for name in names]
    half = width // 2
    return [n if len(n) <= width else f"{n[:half]}\u2026{n[1 - half :]}" for n in names]


def place_labels(
    edges: Floats, names: Sequence[str], pixels: float, *, upright: bool = False
) -> list[tuple[float, str]]:
    """Choose the chromosomes whose names fit along an axis without touching.

    Parameters
    ----------
    edges : float64 [chromosomes + 1]
        Borders of the chromosomes along the axis.
    names : sequence of str
        Names of the chromosomes.
    pixels : float
        Length of the axis on the page. The widest chromosomes are named first; those narrower
        than half a letter are not named.
    upright : bool
        Whether the axis is vertical, so that every name takes the height of one line.

    Returns
    -------
    list of tuple of float and str
        Centre and name of each chosen chromosome, in the order of the axis.
    """
    centres, widths = (edges[:-1] + edges[1:]) / 2, np.diff(edges)
    size = float(edges[-1])
    letter = size * LETTER_WIDTH / pixels
    placed: list[tuple[float, float, int]] = []
    for index in np.argsort(-widths, kind="stable"):
        if widths[index] < letter / 2:
            break
        reach = letter * (1.9 if upright else len(names[index]) + 0.8) / 2
        lo, hi = centres[index] - reach, centres[index] + reach
        if hi > size + 3 * letter or lo < -3 * letter:
            continue
        if all(hi <= other_lo or lo >= other_hi for other_lo, other_hi, _ in placed):
            placed.append((lo, hi, int(index)))
    return [(float(centres[index]), names[index]) for *_, index in sorted(placed)]


def draw_borders(axes: Axes, edges: Floats, pixel: float, *, both: bool) -> None:
    """Draw thin lines between chromosomes, except between those a few pixels wide.

    Parameters
    ----------
    axes : Axes
        The panel.
    edges : float64 [chromosomes + 1]
        Borders of the chromosomes along the axis.
    pixel : float
        Length of a pixel in the units of the axis.
    both : bool
        Whether to draw horizontal lines, too.
    """
    widths = np.diff(edges)
    wide = np.maximum(widths[:-1], widths[1:]) >= 4 * pixel
    for edge in edges[1:-1][wide]:
        axes.axvline(edge, color=BORDER_COLOUR, linewidth=0.4, alpha=0.7)
        if both:
            axes.axhline(edge, color=BORDER_COLOUR, linewidth=0.4, alpha=0.7)
