"""P(s) of every group of samples: contacts by distance, their slope, and how replicates differ."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from statistics import median

import numpy as np

from counterpoise.contacts.bins import format_base_pairs
from counterpoise.report.depth import NOT_MERGED
from counterpoise.report.figures import DecayCurve, decay_curve
from counterpoise.report.formats import DASH
from counterpoise.report.svg import (
    COLOURS,
    DASHES,
    MINUS,
    Chart,
    Floats,
    Scale,
    band,
    element,
    horizontal_axis,
    label,
    line,
    tooltip,
    vertical_axis,
)
from counterpoise.report.table import Row
from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import is_merged
from counterpoise.store.source_record import read_source

NO_GROUP, EVERYBODY = "no group", "all samples"
MOST_LINES = 8  # samples of a group with a line each; larger groups have a band
MOST_NAMED = 12  # samples without any group that are drawn one by one
MOST_GROUPS = len(COLOURS) * len(DASHES)  # that can be told apart
LONGEST_NAME = 30  # letters of the legend
FEWEST_CONTACTS = 100  # of a class of distance that is drawn
BAND = (10, 90)  # percentiles
WIDTH, LEGEND, LEFT, TOP, GAP = 900, 230, 62, 12, 28
HEIGHT, SLOPE_HEIGHT, BOTTOM = 300, 130, 40


@dataclass(frozen=True)
class GroupDecay:
    """Contacts by distance of a group of samples.

    Attributes
    ----------
    name : str
        Name of the group, or of a sample that is drawn on its own.
    samples : list of str
        Its samples that are drawn.
    slope : float or None
        Median of the slopes of P(s) of its samples.
    least, most : float or None
        The least and the most negative of them.
    merged : list of str
        Merged samples that are drawn and do not count, since their members do.
    """

    name: str
    samples: list[str]
    slope: float | None
    least: float | None
    most: float | None
    merged: list[str]


@dataclass(frozen=True)
class DecaySection:
    """What the section shows.

    Attributes
    ----------
    groups : list of GroupDecay
        The groups.
    chart : str
        The chart, as SVG.
    without : int
        Samples without contacts by distance.
    undrawn : int
        Groups that have no line because there are too many.
    """

    groups: list[GroupDecay]
    chart: str
    without: int
    undrawn: int


def describe_decay(
    paths: ResultPaths,
    maps: Sequence[tuple[str, int]],
    samples: Sequence[Row],
    members: Mapping[str, Collection[str]] = NOT_MERGED,
) -> DecaySection | None:
    """Draw contacts by distance, of the finest map of each sample.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    maps : sequence of tuple of str and int
        Samples and resolutions of the maps that have a result.
    samples : sequence of dict
        The rows of ``samples.tsv``.
    members : mapping, optional
        Members of the merged samples.

    Returns
    -------
    DecaySection or None
        None if no map of these samples has contacts by distance.
    """
    found: dict[str, DecayCurve] = {}
    for name, size in sorted(maps, key=lambda place: place[1]):
        curve = None if name in found else read_curve(paths, name, size)
        if curve is not None:
            found[name] = curve
    groups = group_curves(samples, found, members)
    if not groups:
        return None
    outstanding = {row["sample"] for row in samples if row.get("stands_out")}
    return DecaySection(
        groups,
        _draw(groups[:MOST_GROUPS], found, outstanding),
        without=len(samples) - len(found),
        undrawn=max(len(groups) - MOST_GROUPS, 0),
    )


def group_curves(
    samples: Sequence[Row],
    names: Collection[str],
    members: Mapping[str, Collection[str]] = NOT_MERGED,
) -> list[GroupDecay]:
    """Group samples for the chart.

    Parameters
    ----------
    samples : sequence of dict
        The rows of ``samples.tsv``.
    names : collection of str
        The samples that are drawn.
    members : mapping, optional
        Members of the merged samples. A merged sample does not count, since its members do: it
        is a line in its group. In a group of merged samples only, they count.

    Returns
    -------
    list of GroupDecay
        By their group. Without any group, few samples are drawn one by one and many together.
    """
    rows = [row for row in samples if row["sample"] in names]
    is_grouped = any(row["sample_group"] for row in rows)
    every = {row["sample"] for row in samples}
    merged = {name for name in every if is_merged(name, every, members)}
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        if is_grouped:
            name = row["sample_group"] or NO_GROUP
        else:
            name = row["sample"] if len(rows) <= MOST_NAMED else EVERYBODY
        grouped.setdefault(name, []).append(row)
    return [_summarise(name, group, merged) for name, group in grouped.items()]


def _summarise(name: str, rows: Sequence[Row], merged: Set[str]) -> GroupDecay:
    """Return a group with the slopes of its samples."""
    counting = [row for row in rows if row["sample"] not in merged] or rows
    slopes = [row["decay_slope"] for row in counting if row["decay_slope"] is not None]
    return GroupDecay(
        name,
        [row["sample"] for row in counting],
        median(slopes) if slopes else None,
        max(slopes, default=None),
        min(slopes, default=None),
        [row["sample"] for row in rows if row not in counting],
    )


def read_curve(paths: ResultPaths, sample: str, resolution: int) -> DecayCurve | None:
    """Read the contacts by distance of a map.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    sample : str
        Name of the sample.
    resolution : int
        Bin size in base pairs.

    Returns
    -------
    DecayCurve or None
        None if the record of the map has none, or too few contacts.
    """
    statistics = read_source(paths.map_files(sample, resolution).source).get("statistics")
    by_distance = statistics and statistics["by_distance"]
    if not by_distance:
        return None
    curve = decay_curve(by_distance, FEWEST_CONTACTS)
    return curve if len(curve.distance) >= 2 else None


def _align(curves: Sequence[DecayCurve]) -> tuple[Floats, Floats]:
    """Return the distances of the longest curve, and log P(s) of all there; NaN beyond its ends."""
    distance = max((curve.distance for curve in curves), key=len)
    logs = [
        np.interp(
            np.log(distance), np.log(curve.distance), np.log(curve.density),
            left=np.nan, right=np.nan,
        )
        for curve in curves
    ]  # fmt: skip
    return distance, np.array(logs)


def _draw(
    groups: Sequence[GroupDecay],
    curves: Mapping[str, DecayCurve],
    outstanding: Collection[str],
) -> str:
    """Draw P(s) above and its slope at each distance below."""
    shown = [curves[name] for group in groups for name in [*group.samples, *group.merged]]
    x = Scale(
        min(curve.distance[0] for curve in shown),
        max(curve.distance[-1] for curve in shown),
        LEFT,
        WIDTH - LEGEND,
        logarithmic=True,
    )
    low = min(curve.density.min() for curve in shown)
    high = max(curve.density.max() for curve in shown)
    y = Scale(low / 1.3, high * 1.3, TOP + HEIGHT, TOP, logarithmic=True)
    chart = Chart(
        "decay",
        WIDTH,
        TOP + HEIGHT + GAP + SLOPE_HEIGHT + BOTTOM,
        "Contacts by distance of each group of samples",
        "P(s) and its slope at each distance. " + _list_slopes(groups),
    )
    steep = [_local_slope(*_middle(group, curves)) for group in groups]
    known = np.concatenate([each[np.isfinite(each)] for each in steep] + [np.array([-1.0, -1.0])])
    slopes = Scale(
        float(np.floor(known.min() * 2) / 2),
        float(np.ceil(known.max() * 2) / 2) + 0.5 * (known.min() == known.max()),
        TOP + HEIGHT + GAP + SLOPE_HEIGHT,
        TOP + HEIGHT + GAP,
    )
    _add_axes(chart, x, y, slopes)
    for number, group in enumerate(groups):
        colour = COLOURS[number % len(COLOURS)]
        style = {"stroke": colour, "stroke_dasharray": DASHES[number // len(COLOURS)]}
        _add_group(chart, group, curves, outstanding, x, y, style)
        distance, _ = _middle(group, curves)
        chart.add(
            line(
                x.place(distance), slopes.place(steep[number]), tooltip(group.name),
                stroke_width=1.6, **style,
            )
        )  # fmt: skip
        _add_legend(chart, number, group, style)
    return chart.markup()


def _list_slopes(groups: Sequence[GroupDecay]) -> str:
    """List the slope of each group in words."""
    slopes = [f"{group.name} {format_slope(group.slope)}" for group in groups]
    return f"Slopes: {', '.join(slopes)}."


def _middle(group: GroupDecay, curves: Mapping[str, DecayCurve]) -> tuple[Floats, Floats]:
    """Return distances and the median of log P(s) over the samples of a group."""
    distance, logs = _align([curves[name] for name in group.samples])
    known = np.isfinite(logs).any(axis=0)
    return distance[known], np.nanmedian(logs[:, known], axis=0)


def _local_slope(distance: Floats, logs: Floats) -> Floats:
    """Return the slope at each distance."""
    slope: Floats = np.gradient(logs, np.log(distance))
    return slope


def _add_axes(chart: Chart, x: Scale, y: Scale, slopes: Scale) -> None:
    """Add the grids and their labels."""
    marks = [(value, format_base_pairs(round(value))) for value in x.ticks]
    middle = TOP + HEIGHT + GAP + SLOPE_HEIGHT / 2
    chart.add(
        *horizontal_axis(x, TOP, TOP + HEIGHT),
        *vertical_axis(y, x.start, x.end),
        *horizontal_axis(x, TOP + HEIGHT + GAP, slopes.start, marks),
        *vertical_axis(slopes, x.start, x.end),
        label(
            0,
            0,
            "P(s), per pair of bp",
            "middle",
            transform=f"translate(14 {TOP + HEIGHT // 2}) rotate(-90)",
        ),
        label(0, 0, "slope", "middle", transform=f"translate(14 {middle:g}) rotate(-90)"),
        label((x.start + x.end) / 2, slopes.start + 34, "distance s", "middle"),
    )


def _add_group(
    chart: Chart,
    group: GroupDecay,
    curves: Mapping[str, DecayCurve],
    outstanding: Collection[str],
    x: Scale,
    y: Scale,
    style: Mapping[str, str],
) -> None:
    """Add P(s) of a group, and its samples as thin lines or as a band."""
    distance, logs = _align([curves[name] for name in group.samples])
    places = x.place(distance)
    single = group.samples
    if len(group.samples) > MOST_LINES:
        single = [name for name in group.samples if name in outstanding]
        known = np.isfinite(logs).any(axis=0)
        low, high = np.nanpercentile(logs[:, known], BAND, axis=0)
        chart.add(
            band(
                places[known], y.place(np.exp(low)), y.place(np.exp(high)),
                tooltip(f"{group.name}: 80 % of {len(group.samples)} samples"),
                fill=style["stroke"], opacity=0.22,
            )
        )  # fmt: skip
    for name in [*(single if len(group.samples) > 1 else []), *group.merged]:
        curve = curves[name]
        chart.add(
            line(
                x.place(curve.distance), y.place(curve.density), tooltip(name),
                stroke_width=1, opacity=0.55, **style,
            )
        )  # fmt: skip
    distance, middle = _middle(group, curves)
    chart.add(
        line(
            x.place(distance), y.place(np.exp(middle)),
            tooltip(f"{group.name}: slope {format_slope(group.slope)}"), stroke_width=2.2, **style,
        )
    )  # fmt: skip


def _add_legend(chart: Chart, number: int, group: GroupDecay, style: Mapping[str, str]) -> None:
    """Add the line of a group to the legend, with its slope."""
    x, y = WIDTH - LEGEND + 18, TOP + 12 + 19 * number
    name = group.name
    if len(name) > LONGEST_NAME - 8:
        name = name[: LONGEST_NAME - 9] + "\u2026"
    chart.add(
        element("path", d=f"M{x} {y - 4}h22", fill="none", stroke_width=2.2, **style),
        element(
            "g",
            tooltip(f"{group.name}: {', '.join(group.samples[:20])}")
            + label(x + 28, y, f"{name}  {format_slope(group.slope)}"),
        ),
    )


def format_slope(slope: float | None) -> str:
    """Format a slope with two decimals.

    Parameters
    ----------
    slope : float or None
        The slope; None is written as a dash.
    """
    return DASH if slope is None else f"{slope:.2f}".replace("-", MINUS)
