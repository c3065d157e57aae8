"""The strips of samples side by side: depth, bins with weights and concordance of each sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D

from counterpoise.report.axes import set_log_ticks
from counterpoise.report.chunks import Floats
from counterpoise.report.comparison.colours import set_style
from counterpoise.report.comparison.compare import Comparison
from counterpoise.report.comparison.geometry import MOST_APART
from counterpoise.report.comparison.samples import Sample
from counterpoise.report.style import INK, MASKED, SOFT, add_heading, explain_empty_panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SPREAD = 0.56  # of the height of a row, over which the samples of a set are spread
DOT = 13.0  # area in square points
NAME = 22  # letters of the name of a set


def draw_strips(panels: tuple[Axes, Axes, Axes], comparison: Comparison) -> None:
    """Draw a dot for each sample, a row for each set.

    Parameters
    ----------
    panels : tuple of Axes
        For contacts, bins with weights, and concordance.
    comparison : Comparison
        The group's numbers. Samples that stand out have a ring and, in the first panel, their name.
    """
    depth, weighted, concordance = panels
    method = comparison.method
    add_heading(depth, "Contacts", "of the map")
    add_heading(weighted, "Bins with weights", f"share of all bins; {method}")
    for panel in panels:
        _prepare(panel, comparison)
    depths = [sample.depth for sample in comparison.samples if sample.depth] or [1.0]
    low, high = min(depths) / 3, max(depths) * 3
    depth.set_xscale("log")
    depth.set_xlim(low, high)
    set_log_ticks(depth.xaxis, low, high)
    names = len(comparison.reasons) <= MOST_APART
    _draw_dots(depth, comparison, lambda sample: sample.depth or np.nan, names=names)
    _draw_dots(weighted, comparison, lambda sample: sample.runs[method].weighted / len(sample.bins))
    weighted.set_xlim(-0.04, 1.04)
    weighted.set_xticks([0, 0.5, 1], ["0", "50 %", "100 %"])
    _draw_concordance(concordance, comparison)
    rows = [_row_name(comparison, k) for k in range(len(rows_of(comparison)))]
    depth.set_yticks(np.arange(len(rows)), rows, fontsize=7)
    for label, row in zip(depth.get_yticklabels(), rows_of(comparison), strict=True):
        label.set_color(set_style(comparison.colour_of(row[0]))["color"] if len(row) == 1 else SOFT)


def rows_of(comparison: Comparison) -> list[list[int]]:
    """Return the sets of each row: each set that has a map, and all others in a last row.

    Parameters
    ----------
    comparison : Comparison
        The group's numbers.

    Returns
    -------
    list of list of int
        Positions of sets.
    """
    others = [k for k in range(len(comparison.sets)) if k not in comparison.shown]
    return [[k] for k in comparison.shown] + ([others] if others else [])


def _row_name(comparison: Comparison, row: int) -> str:
    """Return the name of a row."""
    sets = rows_of(comparison)[row]
    if len(sets) > 1 or row >= len(comparison.shown):
        return f"{len(sets)} others"
    name = comparison.sets[sets[0]].name
    return name if len(name) <= NAME else name[: NAME - 1] + "\u2026"


def _prepare(axes: Axes, comparison: Comparison) -> None:
    """Draw the rows of an empty strip."""
    rows = len(rows_of(comparison))
    axes.set(ylim=(rows - 0.5, -0.5), yticks=[])
    for row in range(0, rows, 2):
        axes.axhspan(row - 0.5, row + 0.5, color=MASKED, alpha=0.25, linewidth=0)
    axes.spines[:].set_visible(False)
    axes.tick_params(labelsize=7, length=2, axis="x")
    axes.tick_params(length=0, axis="y")


def spread(number: int) -> Floats:
    """Return the heights of the samples of a row, from the middle of the row.

    Parameters
    ----------
    number : int
        Number of samples.

    Returns
    -------
    float64 [samples]
        Heights in rows, even for up to eight samples; neighbours of many samples are far apart, so
        that dots overlap less.
    """
    if number <= 8:
        return np.asarray((np.arange(number) - (number - 1) / 2) * SPREAD / max(number, 2))
    return np.asarray(((np.arange(number) * 0.618034) % 1 - 0.5) * SPREAD)


def _draw_dots(
    axes: Axes,
    comparison: Comparison,
    value: Callable[[Sample], float],
    *,
    names: bool = False,
    filled: bool = True,
) -> None:
    """Draw one dot for each sample at its value."""
    for row, sets in enumerate(rows_of(comparison)):
        samples = [
            (sample, k)
            for k in sets
            for sample in (*comparison.sets[k].samples, *comparison.sets[k].apart)
        ]
        x = np.array([value(sample) for sample, _ in samples], dtype=float)
        y = row + spread(len(samples))
        colours = [
            set_style(comparison.colour_of(k))["color"] if k in comparison.shown else SOFT
            for _, k in samples
        ]
        face = colours if filled else "white"
        axes.scatter(x, y, DOT, facecolors=face, edgecolors=colours, linewidths=0.9, zorder=3)
        apart = np.array([sample.name in comparison.reasons for sample, _ in samples], dtype=bool)
        axes.scatter(
            x[apart], y[apart], 4.5 * DOT, facecolors="none", edgecolors=INK, linewidths=1.0,
            zorder=4,
        )  # fmt: skip
        for (sample, _), left, height in zip(samples, x, y, strict=True):
            if names and sample.name in comparison.reasons and np.isfinite(left):
                _name_dot(axes, sample.name, left, height)


def _name_dot(axes: Axes, name: str, x: float, y: float) -> None:
    """Write the name of a sample next to its dot, towards the middle of the panel."""
    low, high = axes.get_xlim()
    is_left = x**2 < low * high  # the middle of a logarithmic axis
    axes.annotate(
        name[:NAME], (x, y), (6 if is_left else -6, 0), textcoords="offset points", fontsize=6.5,
        va="center", ha="left" if is_left else "right", zorder=5,
    )  # fmt: skip


def _draw_concordance(axes: Axes, comparison: Comparison) -> None:
    """Draw the median concordance of each sample, within and between sets."""
    samples = comparison.samples
    sets = {sample.name: comparison.set_of(sample.name) for sample in samples}
    table = comparison.concordance
    add_heading(axes, "Concordance", "of a sample: median")
    if not any(name in sets for name in table.samples):
        explain_empty_panel(
            axes,
            "not computed at this resolution",
            22,
        )
        return

    def median_of(sample: Sample, *, within: bool) -> float:
        others = [
            name
            for name in sets
            if name not in {sample.name, *comparison.reasons}
            and (sets[name] == sets[sample.name]) == within
        ]
        value = table.median_with(sample.name, others)
        return np.nan if value is None else value

    kinds = []
    for within in (False, True):
        values = {sample.name: median_of(sample, within=within) for sample in samples}
        if np.isfinite(list(values.values())).any():
            _draw_dots(axes, comparison, lambda sample: values[sample.name], filled=within)  # noqa: B023
            kinds.append(within)
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, high - 0.1), high)
    axes.locator_params(axis="x", nbins=4)
    style: dict[str, Any] = {"color": SOFT, "marker": "o", "linestyle": "none", "markersize": 4}
    words = {True: "within its set", False: "with others"}
    if comparison.are_conditions:
        words = {True: "within its condition", False: "with other conditions"}
    handles = [
        Line2D([], [], fillstyle="full" if kind else "none", label=words[kind], **style)
        for kind in reversed(kinds)
    ]
    axes.legend(
        handles=handles, loc="upper right", bbox_to_anchor=(1, 0), borderaxespad=2.4, fontsize=6.5,
        frameon=False, borderpad=0, handletextpad=0.1,
    )  # fmt: skip
