"""The panel of a simulated map: its true bias against the estimated one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from counterpoise.report.axes import set_log_ticks
from counterpoise.report.chunks import Floats
from counterpoise.report.formats import format_percent
from counterpoise.report.style import BLUE, INK, add_heading, explain_empty_panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_biases(axes: Axes, true_bias: Floats, weights: Floats) -> None:
    """Draw the true bias of a simulated map against the estimated one.

    Parameters
    ----------
    axes : Axes
        The panel.
    true_bias : float64 [bins]
        The bias that the map was simulated with.
    weights : float64 [bins]
        The weights.
    """
    add_heading(axes, "Truth against estimate", "bias = 1 / weight, geometric mean 1")
    truth, estimate = compare_biases(true_bias, weights)
    if not len(truth):
        explain_empty_panel(axes, "no weights to compare")
        return
    axes.plot(truth, estimate, ".", color=BLUE, markersize=2.5, alpha=0.5, rasterized=True)
    limits = (min(truth.min(), estimate.min()) / 1.2, max(truth.max(), estimate.max()) * 1.2)
    axes.plot(limits, limits, color=INK, linewidth=0.8)
    axes.set(xscale="log", yscale="log", xlim=limits, ylim=limits)
    text = _describe_agreement(truth, estimate)
    axes.text(0.04, 0.95, text, transform=axes.transAxes, va="top", weight="bold")
    set_log_ticks(axes.xaxis, *limits)
    set_log_ticks(axes.yaxis, *limits)
    axes.set_xlabel("true bias", labelpad=1)
    axes.set_ylabel("estimated bias", labelpad=1)


def compare_biases(true_bias: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Bring the true and the estimated bias of a simulated map to the same scale.

    Parameters
    ----------
    true_bias : float64 [bins]
        The bias that the map was simulated with.
    weights : float64 [bins]
        Multiplicative weights; the estimated bias is ``1 / weight``.

    Returns
    -------
    tuple of float64 arrays
        True and estimated bias of the bins that have both, each with a geometric mean of one.
    """
    with np.errstate(divide="ignore"):
        estimate = 1.0 / weights
    both = np.isfinite(estimate) & np.isfinite(true_bias) & (true_bias > 0) & (estimate > 0)
    pair = np.log(np.stack([true_bias[both], estimate[both]]))
    if not both.any():
        return np.empty(0), np.empty(0)
    centred = np.exp(pair - pair.mean(axis=1, keepdims=True))
    return centred[0], centred[1]


def _describe_agreement(truth: Floats, estimate: Floats) -> str:
    """Return the median relative error and, where it exists, the correlation of logarithms."""
    error = float(np.median(np.abs(estimate / truth - 1)))
    text = f"median error {format_percent(error)}"
    if len(truth) > 2 and np.ptp(truth) > 0 and np.ptp(estimate) > 0:
        r = float(np.corrcoef(np.log(truth), np.log(estimate))[0, 1])
        text = f"correlation of logs {r:.4f}\n{text}"
    return text
