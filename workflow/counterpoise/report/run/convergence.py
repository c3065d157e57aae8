"""The panel of convergence: the deviation of what a method makes equal, by iteration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from counterpoise.contacts.bins import pluralise
from counterpoise.contacts.positive import positive_or_nan
from counterpoise.methods import methods
from counterpoise.records.verdict import PartVerdict, Status, Verdict
from counterpoise.report.axes import set_log_ticks, shorten_names
from counterpoise.report.chunks import Floats
from counterpoise.report.formats import format_status
from counterpoise.report.style import (
    BLUE,
    INK,
    ORANGE,
    PINK,
    RED,
    add_heading,
    explain_empty_panel,
)
from counterpoise.store.weights import largest_deviations

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes

UNBALANCED_COLOURS = (RED, ORANGE, PINK, INK)  # of the worst parts, which are named
FEW_ITERATIONS = 40  # up to this number each iteration is marked by a dot


def draw_convergence(axes: Axes, trace: pa.Table, verdict: Verdict) -> None:
    """Draw the deviation of what the method makes equal, by iteration.

    Parameters
    ----------
    axes : Axes
        The panel.
    trace : pyarrow.Table
        The run's ``trace.parquet``.
    verdict : Verdict
        The run's verdict. A single part gets its largest and RMS deviation; of several parts each
        gets its largest deviation.
    """
    result = describe_row_sums(verdict)
    iteration = trace["iteration"].to_numpy()
    largest = positive_or_nan(largest_deviations(trace))
    empty = ""
    if verdict.weights_of is not None:
        empty = "weights of another sample"
    elif not np.isfinite(largest).any():
        computed = verdict.status is Status.COMPUTED
        empty = "nothing to converge" if computed else "no iteration was run"
    if empty:
        add_heading(axes, "Convergence", result)
        explain_empty_panel(axes, empty)
        return
    tolerance = _row_sum_tolerance(verdict)
    dotted = f"; dotted: tolerance {tolerance:g}" if tolerance else ""
    add_heading(axes, "Convergence", result)
    if len(verdict.parts) == 1:
        rms = positive_or_nan(trace["rms_deviation"].to_numpy())
        marker = "." if len(iteration) <= FEW_ITERATIONS else ""
        axes.plot(iteration, largest, marker=marker, color=RED, label="largest")
        axes.plot(iteration, rms, marker=marker, linestyle="--", color=BLUE, label="RMS")
    else:
        part = trace["part"].cast("string").to_numpy(zero_copy_only=False)
        _draw_parts(axes, _lines_of_parts(part, iteration, largest), verdict)
    _finish_axes(axes, tolerance, float(np.nanmax(largest)))
    axes.set_xlabel(f"iteration{dotted}", labelpad=1)
    axes.set_ylabel(f"deviation of {methods()[verdict.method].quantity}", labelpad=1)


def describe_row_sums(verdict: Verdict) -> str:
    """Describe the row sums after balancing, which are equal if all went well.

    Parameters
    ----------
    verdict : Verdict
        The run's verdict.

    Returns
    -------
    str
        Their coefficient of variation and the largest deviation; empty without weights.
    """
    if verdict.rms_deviation is None or verdict.max_deviation is None:
        return ""
    return (
        f"balanced row sums: CV {verdict.rms_deviation:.1g}, "
        f"largest deviation {verdict.max_deviation:.1g}"
    )


def _row_sum_tolerance(verdict: Verdict) -> float | None:
    """Return the tolerance on row sums; SCALE's concerns the change of its vector instead."""
    tolerance = verdict.settings.get("tolerance")
    if isinstance(tolerance, float) and tolerance > 0 and methods()[verdict.method].exact:
        return tolerance
    return None


def _finish_axes(axes: Axes, tolerance: float | None, largest: float) -> None:
    """Set scales, ticks and legend, and draw the tolerance."""
    if tolerance:
        axes.axhline(tolerance, color=INK, linewidth=0.9, linestyle=":")
    axes.set_yscale("log")
    axes.margins(y=0.12)
    if tolerance:  # parts of one or two bins are exact to the last bit: do not zoom out that far
        lowest = min(tolerance / 1000, largest / 10)
        axes.set_ylim(bottom=max(axes.get_ylim()[0], lowest))
    set_log_ticks(axes.yaxis, *axes.get_ylim())
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.tick_params(labelsize=7, length=2)
    axes.legend(loc="best", fontsize=7, framealpha=0.85, edgecolor="none")


def _lines_of_parts(
    part: NDArray[np.object_], iteration: NDArray[np.int32], largest: Floats
) -> dict[str, Floats]:
    """Return iteration and largest deviation of each part, float64 [iterations, 2]."""
    order = np.argsort(part, kind="stable")
    names, starts = np.unique(part[order], return_index=True)
    rows_of_parts = np.split(order, starts[1:])
    return {
        name: np.column_stack([iteration[rows], largest[rows]])
        for name, rows in zip(names, rows_of_parts, strict=True)
    }


def _draw_parts(axes: Axes, lines: dict[str, Floats], verdict: Verdict) -> None:
    """Draw a thin line for each part; those not balanced stand out by colour and name."""
    parts = [part for part in verdict.parts if part.label in lines]
    good = [part for part in parts if part.status.balanced]
    bad = sorted((part for part in parts if not part.status.balanced), key=_smallest_last)
    if good:
        statuses = sorted({format_status(part.status) for part in good}, reverse=True)
        label = f"{pluralise(len(good), 'chromosome')} {' or '.join(statuses)}"
        good_lines = [lines[part.label] for part in good]
        axes.add_collection(LineCollection(good_lines, colors=BLUE, linewidths=0.7, label=label))
    for part, colour in zip(bad, UNBALANCED_COLOURS, strict=False):
        label = f"{shorten_names([part.label])[0]}: {format_status(part.status)}"
        axes.plot(*lines[part.label].T, color=colour, linewidth=1.6, label=label)
    rest = [lines[part.label] for part in bad[len(UNBALANCED_COLOURS) :]]
    if rest:
        label = f"{len(rest):,} more not balanced"
        axes.add_collection(LineCollection(rest, colors=RED, linewidths=0.7, label=label))
    axes.autoscale_view()


def _smallest_last(part: PartVerdict) -> float:
    """Return a sorting key that puts the largest deviation first."""
    return -(part.max_deviation or 0.0)
