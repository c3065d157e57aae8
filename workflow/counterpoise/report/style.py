"""The look of all figures: colours, pages, panels, headings, maps."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, LogNorm, to_rgb
from matplotlib.figure import Figure

from counterpoise.files import atomic_write
from counterpoise.records.fitness import Fitness
from counterpoise.report.axes import BORDER_COLOUR, set_log_ticks
from counterpoise.report.chunks import Flags, Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Positions on a page are in pixels at PAGE_DPI, from the top left corner.
PAGE_WIDTH = 1600
PAGE_DPI = 110
EMPTY_LIMITS = (0.1, 10.0)  # colour limits of maps without contacts

# The palette of Okabe and Ito, which colour-blind readers can tell apart.
BLUE, ORANGE, GREEN, RED, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9"
PINK = "#CC79A7"
# Of contacts, from none to many; each is darker than the one before.
CONTACT_COLOURS = ("#ffffff", "#fff3d6", "#fdd08a", "#f59a4c", "#dd5040", "#9c2157", "#3b0f4f")
INK, SOFT, MASKED = "#1b1f24", BORDER_COLOUR, "#d3d6da"
# Background and text colour of each fitness.
FITNESS_COLOURS = {
    Fitness.GOOD: (GREEN, "white"),
    Fitness.CAUTION: (ORANGE, INK),
    Fitness.NO: ("#B03A00", "white"),
}
RC_SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": SOFT,
    "axes.linewidth": 0.7,
    "text.color": INK,
    "text.parse_math": False,  # names of samples and chromosomes may contain $
    "xtick.color": SOFT,
    "ytick.color": SOFT,
}


class Page(Figure):
    """A figure that notebooks show as a PNG, also where pyplot was never imported."""

    def write_png(self, stream: Any) -> None:
        """Write the page as a PNG.

        Parameters
        ----------
        stream : path or file object
            Where it goes.
        """
        # By default matplotlib writes its version into the PNG.
        self.savefig(stream, format="png", dpi=self.dpi, metadata={"Software": None})

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        with mpl.rc_context(RC_SETTINGS):
            self.write_png(stream)
        return stream.getvalue()


@contextmanager
def new_page(height: int, dpi: int) -> Iterator[Page]:
    """Open an empty page, with the settings of matplotlib for drawing on it.

    Parameters
    ----------
    height : int
        Height of the page in pixels at ``PAGE_DPI``.
    dpi : int
        Resolution of the PNG.

    Yields
    ------
    Page
        The page to draw on.
    """
    with mpl.rc_context(RC_SETTINGS):
        size = (PAGE_WIDTH / PAGE_DPI, height / PAGE_DPI)
        figure = Page(figsize=size, dpi=dpi, facecolor="white")
        FigureCanvasAgg(figure)
        yield figure


@contextmanager
def write_page(path: str | Path, height: int, dpi: int) -> Iterator[Page]:
    """Open an empty page and write it as a PNG at the end of the block.

    Parameters
    ----------
    path : str or Path
        Where the PNG goes.
    height, dpi : int
        As for ``new_page``.

    Yields
    ------
    Page
        The page to draw on.
    """
    with new_page(height, dpi) as figure:
        yield figure
        with atomic_write(path) as temporary:
            figure.write_png(temporary)


def add_panel(figure: Figure, x: float, y: float, width: float, height: float) -> Axes:
    """Add axes to a page.

    Parameters
    ----------
    figure : Figure
        The page.
    x, y : float
        The panel's top left corner on the page.
    width, height : float
        The panel's size on the page.

    Returns
    -------
    Axes
        The empty panel.
    """
    page_width, page_height = (round(float(side) * PAGE_DPI) for side in figure.get_size_inches())
    return figure.add_axes(
        (x / page_width, 1 - (y + height) / page_height, width / page_width, height / page_height)
    )


def add_heading(axes: Axes, title: str, caption: str = "", lift: float = 8) -> None:
    """Write a bold title above a panel, and a small caption under the title.

    Parameters
    ----------
    axes : Axes
        The panel.
    title, caption : str
        The texts.
    lift : float
        Distance from the panel in points.
    """
    if caption:
        axes.annotate(
            caption, (0, 1), (0, lift), "axes fraction", "offset points", color=SOFT, fontsize=7
        )
        lift += 11
    axes.annotate(
        title, (0, 1), (0, lift), "axes fraction", "offset points", fontsize=10, weight="bold"
    )


def explain_empty_panel(axes: Axes, reason: str, width: int = 38) -> None:
    """Write into an empty panel why it is empty.

    Parameters
    ----------
    axes : Axes
        The panel.
    reason : str
        The text.
    width : int
        Letters in a line.
    """
    axes.set(xticks=[], yticks=[])
    axes.text(
        0.5, 0.5, textwrap.fill(reason, width), transform=axes.transAxes, ha="center", va="center",
        color=SOFT, fontsize=9,
    )  # fmt: skip


def draw_backdrop(axes: Axes, empty: Flags, extent: tuple[float, float, float, float]) -> None:
    """Draw the background of a map: white, with grey rows and columns.

    Parameters
    ----------
    axes : Axes
        The panel.
    empty : bool [cells]
        Rows and columns to draw in grey.
    extent : tuple of float
        Left, right, bottom and top in the panel's coordinates.
    """
    cells = len(empty)
    backdrop = np.full((cells, cells, 3), 255, dtype=np.uint8)
    backdrop[empty[:, None] | empty] = np.multiply(to_rgb(MASKED), 255).round()
    axes.imshow(backdrop, extent=extent, interpolation="nearest", aspect="auto")


def draw_cells(
    axes: Axes,
    values: Floats,
    limits: tuple[float, float],
    extent: tuple[float, float, float, float],
) -> None:
    """Draw the cells of a map that have contacts, with logarithmic colours.

    Parameters
    ----------
    axes : Axes
        The panel.
    values : float64 [cells, cells]
        The map; cells that are not positive stay transparent.
    limits : tuple of float
        Ends of the colour scale.
    extent : tuple of float
        Left, right, bottom and top in the panel's coordinates.
    """
    axes.imshow(
        np.ma.masked_less_equal(values, 0), norm=LogNorm(*limits, clip=True),
        cmap=contact_colours(), extent=extent, interpolation="nearest", aspect="auto",
    )  # fmt: skip


def draw_colour_scale(axes: Axes, scale: Axes, limits: tuple[float, float]) -> None:
    """Draw the colour scale of a map.

    Parameters
    ----------
    axes : Axes
        The map's panel.
    scale : Axes
        The scale's panel.
    limits : tuple of float
        Ends of the colour scale.
    """
    bar = axes.figure.colorbar(axes.images[-1], cax=scale)
    bar.outline.set_linewidth(0.5)
    set_log_ticks(scale.yaxis, *limits)


def colour_limits(positive: Floats) -> tuple[float, float]:
    """Choose the ends of a colour scale.

    Parameters
    ----------
    positive : float64 [values]
        The positive values of the map; the outermost ones may lie beyond the ends.

    Returns
    -------
    tuple of float
        Lowest and highest value of the scale.
    """
    low, high = np.percentile(positive, [2, 99.7])
    if high < 3 * low:  # an even map: do not exaggerate its contrast
        low, high = np.sqrt(low * high / 3), np.sqrt(low * high * 3)
    return float(low), float(high)


def contact_colours() -> LinearSegmentedColormap:
    """Return the colour map of contacts.

    Returns
    -------
    LinearSegmentedColormap
        From pale yellow to dark violet. White is for places without contacts.
    """
    return LinearSegmentedColormap.from_list("contacts", CONTACT_COLOURS[1:])
