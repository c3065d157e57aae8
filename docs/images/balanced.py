"""Draw the picture at the top of the README: yeast before and after balancing.

python docs/images/balanced.py [resources/demo/yeast.cool [docs/images/balanced.png]]

The map is that of the demo, which `make setup` fetches. Its weights are those of
``counterpoise balance yeast.cool``: ICE of the genome by cooler's rule.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Colormap, LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from numpy.typing import NDArray
from panels import save

import counterpoise as cp
from counterpoise.records.wording import fitness_label, fitness_reason
from counterpoise.report.style import (
    CONTACT_COLOURS,
    FITNESS_COLOURS,
    INK,
    MASKED,
    RC_SETTINGS,
    SOFT,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from counterpoise.interface.result import Balance

CHROMOSOMES = ("chr04", "chr05")
CENTROMERES = (449_700, 152_000)  # of these chromosomes, in base pairs
WIDTH, HEIGHT, DPI = 9.0, 6.5, 200  # inches; a page shows it at 100 pixels an inch
LEFT, SIDE, GAP, TRACK = 0.52, 4.05, 0.23, 0.6  # inches; TRACK is the height of the row sums
STRIP = 0.58  # height of the verdict, in inches
DARKEST = 98.5  # percentile of the cells from which the colour no longer changes

Floats = NDArray[np.float64]


def main() -> None:
    """Balance the map and draw it."""
    names = ["resources/demo/yeast.cool", "docs/images/balanced.png"]
    names[: len(sys.argv) - 1] = sys.argv[1:]
    source, target = names
    result = cp.balance(source, "ice", tolerance="cooler")
    with mpl.rc_context({**RC_SETTINGS, "font.size": 9.0}):
        figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, facecolor="white")
        FigureCanvasAgg(figure)
        draw(figure, result)
        save(figure, target, describe(result))


def describe(result: Balance) -> list[str]:
    """Return what the first page of the site says about the picture."""
    weighted = np.isfinite(result.weights).sum()
    return [
        f"Verdict: {fitness_label(result.verdict.fitness)}, {weighted} of {len(result.weights)} "
        "bins with weights"
    ]


def draw(figure: Figure, result: Balance) -> None:
    """Draw both maps, their row sums and the verdict."""
    raw = result.contacts.full_matrix().toarray().astype(float)
    balanced = raw * np.outer(result.weights, result.weights)
    bins = result.contacts.bins
    shown = np.isin(np.repeat(bins.chromosomes, np.diff(bins.offsets)), CHROMOSOMES)
    border = int(np.diff(bins.offsets)[bins.chromosomes.index(CHROMOSOMES[0])])
    maps = (
        ("Raw", "stripes: some bins were sequenced better than others", raw),
        ("Balanced", "every row has the same sum; grey: too few contacts", balanced),
    )
    for number, (title, caption, values) in enumerate(maps):
        left = LEFT + number * (SIDE + GAP)
        # ICE balances all contacts but those of a bin with itself and its neighbour.
        distant = np.triu(values, 2) + np.tril(values, -2)
        sums = np.nansum(distant, axis=1)
        sums[np.isnan(values).all(axis=1)] = np.nan
        sums /= np.nanmean(sums[np.isfinite(result.weights)])
        axes = add_axes(figure, left, 0.62, SIDE, SIDE)
        draw_map(axes, values[np.ix_(shown, shown)], border)
        if number:
            point_at_centromeres(axes, [place / bins.resolution for place in CENTROMERES], border)
        axes = add_axes(figure, left, 0.62 + SIDE + 0.08, SIDE, TRACK)
        draw_sums(axes, sums[shown], border, labelled=number == 0)
        x, top = left / WIDTH, 1 - 0.3 / HEIGHT
        figure.text(x, top, title, fontsize=13, weight="bold", va="baseline")
        figure.text(x, top - 0.2 / HEIGHT, caption, color=SOFT, fontsize=9, va="baseline")
    draw_verdict(add_axes(figure, LEFT, HEIGHT - STRIP - 0.2, 2 * SIDE + GAP, STRIP), result)


def add_axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Add axes without ticks, placed in inches from the top left corner."""
    axes = figure.add_axes(
        (left / WIDTH, 1 - (top + height) / HEIGHT, width / WIDTH, height / HEIGHT)
    )
    axes.set(xticks=[], yticks=[])
    return axes


def colours() -> Colormap:
    """Return the colours of contacts: white for none; grey for bins without a weight."""
    scale = LinearSegmentedColormap.from_list("contacts", CONTACT_COLOURS)
    scale.set_bad(MASKED)
    return scale


def draw_map(axes: Axes, values: Floats, border: int) -> None:
    """Draw a map with logarithmic colours and the border between the chromosomes."""
    positive = values[np.isfinite(values) & (values > 0)]
    low, high = np.percentile(positive, [4, DARKEST])
    axes.imshow(
        np.where(values == 0, low, values),
        norm=LogNorm(low, high, clip=True), cmap=colours(), interpolation="nearest", aspect="auto",
    )  # fmt: skip
    for line in (axes.axhline, axes.axvline):
        line(border - 0.5, color=INK, linewidth=0.6)


def point_at_centromeres(axes: Axes, bins: list[float], border: int) -> None:
    """Name the spot where the centromeres touch."""
    spot = (border + bins[1], bins[0])
    axes.annotate(
        "centromeres\ntouch", spot, (spot[0] + 19, spot[1] - 30), fontsize=8.5, ha="center",
        arrowprops={"arrowstyle": "->", "linewidth": 0.8, "color": INK, "shrinkB": 5},
    )  # fmt: skip


def draw_sums(axes: Axes, sums: Floats, border: int, labelled: bool) -> None:
    """Draw the row sums below a map, over their mean."""
    axes.fill_between(
        np.arange(len(sums)), np.nan_to_num(sums), step="mid", color="#8a93a0", linewidth=0
    )
    axes.set(xlim=(-0.5, len(sums) - 0.5), ylim=(0, 2.2))
    axes.axvline(border - 0.5, color=INK, linewidth=0.6)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    places = ((border / 2, CHROMOSOMES[0]), ((border + len(sums)) / 2, CHROMOSOMES[1]))
    axes.set_xticks([place for place, _ in places], [name for _, name in places])
    axes.tick_params(length=0, pad=3, labelsize=9)
    if labelled:
        axes.set_ylabel("row\nsums", rotation=0, ha="right", va="center", labelpad=3)


def draw_verdict(axes: Axes, result: Balance) -> None:
    """Draw the verdict as the report shows it: method, fitness, reason, bins with weights."""
    verdict = result.verdict
    background, foreground = FITNESS_COLOURS[verdict.fitness]
    width, height = 2 * SIDE + GAP, STRIP
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.axis("off")
    box = {"boxstyle": "round,pad=0,rounding_size=0.08", "linewidth": 0}
    axes.add_patch(FancyBboxPatch((0, 0), width, height, facecolor="#eef1f4", **box))
    axes.add_patch(FancyBboxPatch((0, 0), 1.5, height, facecolor=background, **box))
    label = fitness_label(verdict.fitness).upper()
    centred = {"va": "center", "ha": "center"}
    axes.text(0.75, height / 2, label, color=foreground, fontsize=11.5, weight="bold", **centred)
    weighted = np.isfinite(result.weights).sum()
    even = f"row sums equal within {verdict.max_deviation:.0e}"
    facts = (
        (1.72, "method", f"{verdict.name}, {verdict.scope}"),
        (2.95, "status", f"{verdict.status.value}, {verdict.iterations} iterations"),
        (4.85, "bins with weights", f"{weighted:,} of {len(result.weights):,}"),
        (6.15, "why", fitness_reason(verdict.fitness_causes) or verdict.reason or even),
    )
    for place, name, value in facts:
        axes.text(place, 0.40, name, color=SOFT, fontsize=8, va="center")
        axes.text(place, 0.19, value, fontsize=9, weight="bold", va="center")


if __name__ == "__main__":
    main()
