"""How well the maps of all pairs of samples agree: a heat map of clustered samples."""

from __future__ import annotations

import base64
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from counterpoise.contacts.bins import format_base_pairs
from counterpoise.installation import name_missing_extra
from counterpoise.report.concordance import Concordance, find_outliers
from counterpoise.report.svg import COLOURS, Chart, Floats, element, label, tooltip

MOST_CELLS = 24  # samples up to which each pair is an element of its own; more are an image
MOST_NAMED = 60  # samples up to which names are written
MOST_GROUPS = len(COLOURS)  # that are marked
SIZE, CELL = 560, 26  # largest side of the matrix, and of one of its cells
LETTER, LONGEST_NAME = 7.2, 28  # width of a letter, and letters of a name
STRIP, MARGIN = 10, 8
LEVELS = 64  # colours of the image; the page reads numbers from them to two decimals
# The first colour is that of the lower fence of Tukey, at least this far below 1, in such steps.
STEP = 0.05
FENCE = 1.5  # interquartile ranges below the first quartile
UNKNOWN = "#8b929a"  # pairs without a coefficient
# Anchors of viridis, which colour-blind readers can read, from low to high.
ANCHORS = ("440154", "414487", "2a788e", "22a884", "7ad151", "fde725")


@dataclass(frozen=True)
class PairsSection:
    """What the section shows.

    Attributes
    ----------
    resolution : int
        Bin size in base pairs.
    chart : str
        The heat map, as SVG.
    samples : list of str
        The samples in the order of the rows.
    least : tuple of str, str and float
        The pair that agrees least.
    low : float
        The coefficient of the first colour.
    """

    resolution: int
    chart: str
    samples: list[str]
    least: tuple[str, str, float]
    low: float


def describe_pairs(
    concordance: Concordance | None, groups: Mapping[str, str]
) -> PairsSection | None:
    """Draw the concordance of all pairs of samples.

    Parameters
    ----------
    concordance : Concordance or None
        The coefficients.
    groups : mapping
        Group of each sample of the cohort, which are those that are drawn; empty for none.

    Returns
    -------
    PairsSection or None
        None if no pair has a coefficient.
    """
    concordance = concordance and concordance.among(groups)
    if concordance is None or not concordance.coefficients:
        return None
    samples = cluster(concordance)
    values = to_matrix(concordance, samples)
    least = min(concordance.coefficients, key=lambda pair: concordance.coefficients[pair])
    found = (*least, concordance.coefficients[least])
    low = _find_lowest(samples, values, find_outliers(concordance, groups))
    chart = _draw(samples, values, groups, concordance, found, low)
    return PairsSection(concordance.resolution, chart, samples, found, low)


def to_matrix(concordance: Concordance, samples: Sequence[str]) -> Floats:
    """Return the coefficients as a matrix.

    Parameters
    ----------
    concordance : Concordance
        The coefficients.
    samples : sequence of str
        The samples in the order of rows.

    Returns
    -------
    float64 [samples, samples]
        1 on the diagonal, NaN where unknown.
    """
    place = {name: number for number, name in enumerate(samples)}
    values = np.full((len(samples), len(samples)), np.nan)
    for (one, other), coefficient in concordance.coefficients.items():
        values[place[one], place[other]] = coefficient
    np.fill_diagonal(values, 1.0)
    return values


def cluster(concordance: Concordance) -> list[str]:
    """Order samples so that those that agree are next to each other.

    Parameters
    ----------
    concordance : Concordance
        The coefficients.

    Returns
    -------
    list of str
        The samples: leaves of the tree of average linkage of one minus the coefficient, in the
        order with the least distance between neighbours. An unknown coefficient counts as the
        median of the others.
    """
    samples = concordance.samples
    if len(samples) < 3:
        return samples
    distance = 1 - to_matrix(concordance, samples)
    distance[np.isnan(distance)] = np.nanmedian(distance)
    tree = linkage(squareform(distance, checks=False), "average", optimal_ordering=True)
    return [samples[number] for number in leaves_list(tree)]


def _draw(
    samples: Sequence[str],
    values: Floats,
    groups: Mapping[str, str],
    concordance: Concordance,
    least: tuple[str, str, float],
    low: float,
) -> str:
    """Draw the heat map with names, marks of groups and the scale of colours."""
    count = len(samples)
    cell = min(CELL, SIZE / count)
    side = cell * count
    is_named = count <= MOST_NAMED
    longest = max(map(len, samples)) if is_named else 0
    left = MARGIN + STRIP + (min(longest, LONGEST_NAME) * LETTER + 8 if is_named else 4)
    colours = _list_colours()
    marks = _choose_marks(samples, groups)
    width = round(left + side + 24 + 220)
    height = round(MARGIN + STRIP + 4 + max(side, 110 + 19 * len(marks)) + MARGIN)
    chart = Chart(
        "concordance",
        width,
        height,
        f"Concordance of {count} samples at {format_base_pairs(concordance.resolution)}",
        f"The least is {least[2]:.3f}, of {least[0]} and {least[1]}. Order of rows and columns: "
        f"{', '.join(samples[:MOST_NAMED])}{', ...' if count > MOST_NAMED else ''}.",
    )
    top = MARGIN + STRIP + 4
    levels = _find_levels(values, low, len(colours))
    if count <= MOST_CELLS:
        chart.add(_cells(samples, values, levels, colours, left, top, cell))
    else:
        chart.add(_image(samples, levels, colours, left, top, side, low))
    if is_named:
        for number, name in enumerate(samples):
            middle = top + (number + 0.5) * cell
            chart.add(_name(name, left - 6, middle, min(12.0, cell * 0.95)))
    for name, first, last in _find_runs(samples, groups, marks):
        style = {"fill": marks[name], "content": tooltip(name)}
        start, length = first * cell, (last - first) * cell
        chart.add(
            element("rect", x=MARGIN, y=top + start, width=STRIP - 2, height=length, **style),
            element("rect", x=left + start, y=MARGIN, width=length, height=STRIP - 2, **style),
        )
    scale = f"{low:g} or less" if least[2] < low else f"{low:g}"
    _add_legend(chart, left + side + 24, top, scale, colours, marks)
    return chart.markup()


def _name(name: str, x: float, y: float, size: float) -> str:
    """Return the name of a row, shortened if it is long."""
    short = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "\u2026"
    return label(x, y + size * 0.35, short, "end", font_size=float(size))


def _cells(
    samples: Sequence[str],
    values: Floats,
    levels: NDArray[np.uint8],
    colours: Sequence[str],
    left: float,
    top: float,
    cell: float,
) -> str:
    """Return a cell for each pair, with its names and number."""
    cells = []
    for row, one in enumerate(samples):
        for column, other in enumerate(samples):
            value = values[row, column]
            text = "unknown" if np.isnan(value) else f"{value:.3f}"
            cells.append(
                element(
                    "rect", tooltip(f"{one}, {other}: {text}"), x=left + column * cell,
                    y=top + row * cell, width=float(cell), height=float(cell),
                    fill=colours[levels[row, column]],
                )
            )  # fmt: skip
    return element("g", "".join(cells), shape_rendering="crispEdges")


def _image(
    samples: Sequence[str],
    levels: NDArray[np.uint8],
    colours: Sequence[str],
    left: float,
    top: float,
    side: float,
    low: float,
) -> str:
    """Return the matrix as a PNG; the page's script finds pair and number from its colours."""
    with name_missing_extra("reports need"):
        from PIL import Image

    picture = Image.fromarray(levels, mode="P")
    picture.putpalette([int(colour[i : i + 2], 16) for colour in colours for i in (1, 3, 5)])
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    encoded = base64.b64encode(buffer.getvalue()).decode("ascii")
    return element(
        "image", x=float(left), y=float(top), width=float(side), height=float(side),
        href=f"data:image/png;base64,{encoded}", style="image-rendering: pixelated",
        data_samples="\t".join(samples), data_low=f"{low:g}",
        data_colours=" ".join(colours[:-1]),
    )  # fmt: skip


def _find_lowest(samples: Sequence[str], values: Floats, outliers: Collection[str]) -> float:
    """Return the coefficient of the first colour; lower ones have the same colour.

    It is at or below that of all pairs of samples that fit in, except pairs far below the quartiles
    of these. One failed sample would otherwise leave the others a single colour.
    """
    fits = np.array([name not in outliers for name in samples])
    usual = values[np.ix_(fits, fits)] if fits.sum() > 1 else values
    pairs = usual[np.triu_indices(len(usual), 1)]
    pairs = pairs[np.isfinite(pairs)]
    first, third = np.quantile(pairs, (0.25, 0.75)) if len(pairs) else (1.0, 1.0)
    lowest = min(pairs[pairs >= first - FENCE * (third - first)], default=1.0)
    return round(min(float(np.floor(lowest / STEP + 1e-9)) * STEP, 1 - STEP), 2)


def _find_levels(values: Floats, low: float, colours: int) -> NDArray[np.uint8]:
    """Return the number of each value's colour; the last one is that of unknown values."""
    share = np.clip((np.nan_to_num(values) - low) / (1 - low), 0, 1)
    levels = np.round(share * (colours - 2)).astype(np.uint8)
    levels[np.isnan(values)] = colours - 1
    return levels


def _list_colours() -> list[str]:
    """Return the colours from low to high, and that of unknown values."""
    anchors = np.array([[int(each[i : i + 2], 16) for i in (0, 2, 4)] for each in ANCHORS])
    share = np.linspace(0, len(ANCHORS) - 1, LEVELS)
    channels = [np.interp(share, np.arange(len(ANCHORS)), anchors[:, i]) for i in range(3)]
    return [
        "#" + "".join(f"{round(value):02x}" for value in rgb) for rgb in zip(*channels, strict=True)
    ] + [UNKNOWN]


def _choose_marks(samples: Sequence[str], groups: Mapping[str, str]) -> dict[str, str]:
    """Return the colour of each group, of as many as can be told apart."""
    present = {groups.get(name, "") for name in samples} - {""}
    names = [name for name in dict.fromkeys(groups.values()) if name in present]
    return dict(zip(names[:MOST_GROUPS], COLOURS, strict=False)) if len(names) > 1 else {}


def _find_runs(
    samples: Sequence[str], groups: Mapping[str, str], marks: Mapping[str, str]
) -> list[tuple[str, int, int]]:
    """Return the marked groups of rows that follow each other, with their first and last row."""
    runs: list[tuple[str, int, int]] = []
    for number, sample in enumerate(samples):
        name = groups.get(sample, "")
        if runs and runs[-1][0] == name and runs[-1][2] == number:
            runs[-1] = (name, runs[-1][1], number + 1)
        elif name in marks:
            runs.append((name, number, number + 1))
    return runs


def _add_legend(
    chart: Chart, x: float, y: float, low: str, colours: Sequence[str], marks: Mapping[str, str]
) -> None:
    """Add the scale of colours and the colours of groups."""
    steps = colours[:-1:7]
    width = 160 / len(steps)
    chart.add(label(x, y + 12, "concordance"))
    for number, colour in enumerate(steps):
        chart.add(
            element("rect", x=x + number * width, y=y + 20.0, width=width + 0.5, height=12.0,
                    fill=colour)
        )  # fmt: skip
    chart.add(label(x, y + 48, low), label(x + 160, y + 48, "1", "end"))
    for number, (name, colour) in enumerate(marks.items()):
        at = y + 78 + 19 * number
        short = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "\u2026"
        chart.add(
            element("rect", x=x, y=at - 9.0, width=12.0, height=10.0, fill=colour),
            label(x + 18, at, short),
        )
