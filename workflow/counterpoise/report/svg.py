"""Charts of the page as inline SVG: elements, axes, lines and bands.

A chart is complete in itself: its text and lines have the colour of the text around it
(``currentColor``), so that they suit a dark page, and all else is written into its attributes, so
that a chart saved on its own looks the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Colours of Okabe and Ito, as in the figures of runs; these are told apart on white and on black.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES = ("", "6 3", "2 3", "8 3 2 3")
FAINT = 0.18  # opacity of lines of a grid
FONT = {"font-family": "system-ui, sans-serif", "font-size": 12}
SUPERSCRIPTS = str.maketrans(
    "-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
)
MINUS = "\u2212"
STEPS = (1, 2, 5, 10)  # distances of ticks, times a power of ten


def element(name: str, content: str = "", **attributes: object) -> str:
    """Return an element.

    Parameters
    ----------
    name : str
        Its name.
    content : str
        Markup inside it.
    **attributes : object
        Its attributes, with ``_`` for ``-``; one that is None or empty is left out. Numbers are
        rounded to a tenth.

    Returns
    -------
    str
        The markup.
    """
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}={quoteattr(_spell(value))}"
        for key, value in attributes.items()
        if value not in (None, "")
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def tooltip(text: str) -> str:
    """Return the title of an element, which browsers show where the pointer rests.

    Parameters
    ----------
    text : str
        The title.
    """
    return f"<title>{escape(text)}</title>"


def label(x: float, y: float, text: str, anchor: str = "start", **style: object) -> str:
    """Return a text.

    Parameters
    ----------
    x, y : float
        Its place on the base line.
    text : str
        The text.
    anchor : {"start", "middle", "end"}
        What part of it is at ``x``.
    **style : object
        Further attributes.

    Returns
    -------
    str
        The markup.
    """
    anchored = {} if anchor == "start" else {"text_anchor": anchor}
    return element("text", escape(text), x=x, y=y, **anchored, **{"fill": "currentColor", **style})


def line(x: Floats, y: Floats, content: str = "", **style: object) -> str:
    """Return a line through points, interrupted where one is unknown.

    Parameters
    ----------
    x, y : float64 [points]
        Places; NaN for unknown ones.
    content : str
        Markup inside it, such as a tooltip.
    **style : object
        Attributes.

    Returns
    -------
    str
        The markup; empty without two points in a row.
    """
    spans = [run for run in _known_runs(x, y) if len(run) > 1]
    if not spans:
        return ""
    path = "".join("M" + "L".join(_point(x[i], y[i]) for i in run) for run in spans)
    return element("path", content, d=path, **{"fill": "none", **style})


def band(x: Floats, low: Floats, high: Floats, content: str = "", **style: object) -> str:
    """Return the area between two lines.

    Parameters
    ----------
    x, low, high : float64 [points]
        Places of both lines; NaN for unknown ones.
    content : str
        Markup inside it, such as a tooltip.
    **style : object
        Attributes.

    Returns
    -------
    str
        The markup; empty without two points in a row.
    """
    spans = [run for run in _known_runs(x, low + high) if len(run) > 1]
    if not spans:
        return ""
    path = "".join(
        "M"
        + "L".join(_point(x[i], low[i]) for i in run)
        + "L"
        + "L".join(_point(x[i], high[i]) for i in reversed(run))
        + "Z"
        for run in spans
    )
    return element("path", content, d=path, **style)


@dataclass(frozen=True)
class Scale:
    """An axis: values and their places in the picture.

    Attributes
    ----------
    low, high : float
        Values at its ends.
    start, end : float
        Places of its ends.
    logarithmic : bool
        Whether equal distances are equal ratios.
    """

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def place(self, values: Floats | float) -> Floats:
        """Return the places of values; those beyond the ends are beyond the axis."""
        numbers = np.asarray(values, np.float64)
        low, high = self.low, self.high
        if self.logarithmic:
            with np.errstate(divide="ignore", invalid="ignore"):
                numbers, low, high = np.log(numbers), np.log(low), np.log(high)
        share = (numbers - low) / (high - low)
        places: Floats = self.start + share * (self.end - self.start)
        return places

    @property
    def ticks(self) -> list[float]:
        """Values to mark: powers of ten, or multiples of 1, 2 or 5 times one."""
        if self.logarithmic:
            first, last = np.ceil(np.log10(self.low) - 1e-9), np.floor(np.log10(self.high) + 1e-9)
            return [float(10.0**power) for power in np.arange(first, last + 1)]
        rough = (self.high - self.low) / 5
        power = 10.0 ** np.floor(np.log10(rough))
        step = next(each * power for each in STEPS if each * power >= rough * 0.999)
        first, last = np.ceil(self.low / step - 1e-9), np.floor(self.high / step + 1e-9)
        return [float(round(number * step, 12)) for number in np.arange(first, last + 1)]


def format_power(value: float) -> str:
    """Format a power of ten with an exponent, and other numbers as they are.

    Parameters
    ----------
    value : float
        The number.
    """
    exponent = np.log10(value) if value > 0 else 0.5
    if abs(exponent - round(exponent)) > 1e-9 or abs(exponent) < 2:
        return f"{value:g}"
    return "10" + str(round(exponent)).translate(SUPERSCRIPTS)


@dataclass
class Chart:
    """An SVG that fills the width of its column, up to its own.

    Attributes
    ----------
    name : str
        Name of the chart, for its identifiers and the file that it is saved to.
    width, height : int
        Its size in pixels.
    title, description : str
        What screen readers say: what it shows, and what is to be seen.
    parts : list of str
        Its markup so far, in the order of drawing.
    """

    name: str
    width: int
    height: int
    title: str
    description: str
    parts: list[str] = field(default_factory=list)

    def add(self, *parts: str) -> None:
        """Add markup on top."""
        self.parts.extend(parts)

    def markup(self) -> str:
        """Return the chart."""
        title, description = f"{self.name}-title", f"{self.name}-description"
        about = (
            f'<title id="{title}">{escape(self.title)}</title>'
            f'<desc id="{description}">{escape(self.description)}</desc>'
        )
        return element(
            "svg",
            about + "\n".join(filter(None, self.parts)),
            xmlns="http://www.w3.org/2000/svg",
            class_="chart",
            id=self.name,
            viewBox=f"0 0 {self.width} {self.height}",
            width=self.width,
            role="img",
            aria_labelledby=f"{title} {description}",
            **FONT,
        )


def horizontal_axis(
    scale: Scale, top: float, bottom: float, labels: Iterable[tuple[float, str]] = ()
) -> list[str]:
    """Return a grid of vertical lines, with labels below.

    Parameters
    ----------
    scale : Scale
        The axis.
    top, bottom : float
        Ends of the lines.
    labels : iterable of tuple of float and str
        Values and their labels; none for a grid without.

    Returns
    -------
    list of str
        The markup.
    """
    parts = [_grid_line(x, top, x, bottom) for x in scale.place(np.array(scale.ticks))]
    return [
        *parts,
        *(label(float(scale.place(value)), bottom + 16, text, "middle") for value, text in labels),
    ]


def vertical_axis(scale: Scale, left: float, right: float) -> list[str]:
    """Return a grid of horizontal lines, with labels to the left.

    Parameters
    ----------
    scale : Scale
        The axis.
    left, right : float
        Ends of the lines.

    Returns
    -------
    list of str
        The markup.
    """
    parts = []
    for value, y in zip(scale.ticks, scale.place(np.array(scale.ticks)), strict=True):
        text = format_power(value) if scale.logarithmic else f"{value:g}".replace("-", MINUS)
        parts += [_grid_line(left, y, right, y), label(left - 6, y + 4, text, "end")]
    return parts


def _grid_line(x1: float, y1: float, x2: float, y2: float) -> str:
    """Return a faint line."""
    return element(
        "path", d=f"M{_point(x1, y1)}L{_point(x2, y2)}", stroke="currentColor", opacity=FAINT
    )


def _known_runs(x: Floats, y: Floats) -> Iterator[list[int]]:
    """Yield the positions of points in a row that are known."""
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if len(known):
        for run in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
            yield run.tolist()


def _point(x: float, y: float) -> str:
    """Return a place as a path spells it."""
    return f"{_spell(float(x))} {_spell(float(y))}"


def _spell(value: object) -> str:
    """Return a number with at most one decimal (an opacity with two), or a text."""
    if isinstance(value, float):
        return (
            f"{value:.2f}".rstrip("0").rstrip(".")
            if abs(value) < 1
            else f"{value:.1f}".removesuffix(".0")
        )
    return str(value)
