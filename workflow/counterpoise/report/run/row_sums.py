"""The panel of row sums: their histogram before and after balancing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from counterpoise.records.verdict import Verdict
from counterpoise.report.axes import set_log_ticks
from counterpoise.report.chunks import Flags, Floats
from counterpoise.report.run.survey import Survey, relative_row_sums
from counterpoise.report.style import BLUE, ORANGE, SOFT, add_heading, explain_empty_panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CLASSES = 60
LOWEST, HIGHEST = 1e-4, 1e4  # relative row sums shown; those beyond are drawn at the ends


def draw_row_sums(
    axes: Axes, numbers: Survey, kept: Flags, weights: Floats, verdict: Verdict
) -> None:
    """Draw histograms of row sums: raw upwards, balanced downwards.

    Parameters
    ----------
    axes : Axes
        The panel.
    numbers : Survey
        The row sums.
    kept : bool [bins]
        The mask.
    weights : float64 [bins]
        The weights.
    verdict : Verdict
        The run's verdict, for the parts to whose mean row sums are related.
    """
    whose = "its chromosome's" if verdict.scope == "cis" and len(verdict.parts) > 1 else "the"
    add_heading(axes, "Row sums (marginals)", f"of kept bins in contact, over {whose} mean")
    # Bins without a contact of the kind that the method uses are not part of its problem.
    in_contact = kept & (numbers.before > 0)
    before = _finite_row_sums(numbers.before, in_contact, verdict)
    after = _finite_row_sums(numbers.after, in_contact & np.isfinite(weights), verdict)
    if not len(before):
        explain_empty_panel(axes, "no row sums: no contacts between kept bins")
        return
    edges = _class_edges(np.concatenate([before, after]))
    _draw_histogram(axes, before, edges, "before", ORANGE, upwards=True)
    _draw_histogram(axes, after, edges, "after", BLUE, upwards=False)
    axes.axhline(0, color=SOFT, linewidth=0.6)
    axes.set(xscale="log", xlim=(edges[0], edges[-1]), ylim=(-1.75, 1.75), yticks=[])
    set_log_ticks(axes.xaxis, edges[0], edges[-1])
    axes.set_xlabel("row sum / mean", labelpad=1)


def _finite_row_sums(row_sums: Floats, counted: Flags, verdict: Verdict) -> Floats:
    """Return the relative row sums of the counted bins."""
    values = relative_row_sums(np.where(counted, row_sums, np.nan), verdict.parts)
    return values[np.isfinite(values)]


def _class_edges(values: Floats) -> Floats:
    """Return the edges of the histogram's classes."""
    positive = values[values > 0]
    low, high = max(positive.min(), LOWEST), min(positive.max(), HIGHEST)
    return np.geomspace(min(low, 0.5) / 1.1, max(high, 2.0) * 1.1, CLASSES + 1)


def _draw_histogram(
    axes: Axes, values: Floats, edges: Floats, label: str, colour: str, *, upwards: bool
) -> None:
    """Draw one histogram with its coefficient of variation and its range."""
    y, align = (0.96, "top") if upwards else (0.04, "bottom")
    if not len(values):
        axes.text(0.03, y, f"{label}: no weights", transform=axes.transAxes, color=SOFT)
        return
    heights = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
    sign = 1 if upwards else -1
    axes.stairs(sign * heights / heights.max(), edges, fill=True, color=colour)
    text = f"{label}\nCV {values.std() / values.mean():.2g}"
    axes.text(0.03, y, text, transform=axes.transAxes, va=align, weight="bold")
    extremes = f"{values.min():.2g} to {values.max():.2g}"
    if np.ptp(values) < 0.01:
        extremes = "all equal to within 1 %"
    text = f"{len(values):,} bins\n{extremes}"
    axes.text(0.97, y, text, transform=axes.transAxes, ha="right", va=align, color=SOFT)
