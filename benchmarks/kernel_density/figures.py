"""Draw the figures of the kernel density benchmarks from data passed as arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

Floats = NDArray[np.float64]

INK, BLUE, ORANGE, GREEN, RED, PINK, GREY = (
    "#1b1f24", "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#999999",
)  # fmt: skip
ESTIMATOR_COLOURS = (BLUE, GREEN, PINK, GREY, RED, ORANGE)
# Colour, line, marker and width. The first four methods have the same solution, so their lines
# coincide.
METHOD_STYLES = {
    "ice": (RED, "-", "s", 3.5),
    "kr": (ORANGE, "-", "^", 2.0),
    "ssk": (INK, "--", "", 1.0),
    "scale": (INK, ":", "v", 1.0),
    "vc": (GREY, "-", "x", 1.2),
    "vc_sqrt": (PINK, "-", "D", 1.2),
    "kde": ("#56B4E9", "-", "o", 1.6),
    "kde_eb": (BLUE, "-", "o", 2.4),
    "ssk_cv": (GREEN, "-", "P", 1.2),
}


@dataclass(frozen=True)
class Sample:
    """One simulated sample and what was estimated from it.

    Attributes
    ----------
    counts : ndarray [n_bins, n_bins]
        Full symmetric matrix of counts; the number of bins is a multiple of 8.
    bias, density : ndarray [n_bins], [n_bins, n_bins]
        True bias h and true balanced density p.
    estimates : mapping of str to (str, ndarray [n_bins])
        Colour and estimated bias of each estimator, by label.
    estimated_density : ndarray [n_bins, n_bins]
        Smoothed counts divided by the bias that KSK estimates.
    """

    counts: Floats
    bias: Floats
    density: Floats
    estimates: Mapping[str, tuple[str, Floats]]
    estimated_density: Floats


@dataclass(frozen=True)
class Curves:
    """Results of one estimator, one value per number of pairs: error of h, bandwidth, and loss."""

    errors: list[float]
    bandwidths: list[float]
    losses: list[float]


def estimator_colours(labels: Sequence[str]) -> dict[str, str]:
    """Assign a colour to each estimator of the simulation."""
    return dict(zip(labels, ESTIMATOR_COLOURS, strict=True))


def plot_sample(sample: Sample, path: Path) -> None:
    """Plot one sample: counts, true and estimated bias, estimated and true density."""
    n = len(sample.bias)
    x = (np.arange(n) + 0.5) / n
    figure = new_figure(13, 3.6)
    counts, bias, estimated, true = figure.subplots(1, 4, width_ratios=[1, 1.5, 1, 1])
    coarse = sample.counts.reshape(n // 8, 8, n // 8, 8).sum(axis=(1, 3))
    counts.imshow(coarse, cmap="magma_r", extent=(0, 1, 1, 0))
    counts.set_title(f"{np.triu(sample.counts).sum():,.0f} pairs, counted")
    bias.plot(x, sample.bias, color=INK, linewidth=2, label="true bias")
    for label, (colour, estimate) in sample.estimates.items():
        bias.plot(x, estimate, color=colour, label=label)
    bias.set(title="bias h(x)", xlabel="x")
    bias.legend(fontsize=8)
    for axis, density, title in (
        (estimated, sample.estimated_density, "density without the bias (KSK)"),
        (true, sample.density, "true density p(x, y)"),
    ):
        axis.imshow(density, cmap="magma_r", extent=(0, 1, 1, 0), vmin=0, vmax=sample.density.max())
        axis.set_title(title)
    save_figure(figure, path)


def plot_rates(pairs: Sequence[int], curves: Mapping[str, Curves], path: Path) -> None:
    """Plot error, chosen bandwidth, and error over the smallest, against the number of pairs."""
    figure = new_figure(13, 4)
    errors, bandwidths, losses = figure.subplots(1, 3)
    colours = estimator_colours(list(curves))
    for label, curve in curves.items():
        style = {"color": colours[label], "marker": ".", "label": label}
        errors.plot(pairs, curve.errors, **style)
        bandwidths.plot(pairs, curve.bandwidths, **style)
        losses.plot(pairs, curve.losses, **style)
    n = np.array(pairs)
    errors.plot(n, 3.0 * n**-0.8, ":", color=INK, linewidth=1, label="slope -4/5")
    errors.plot(n, 4.0 * n ** (-2 / 3), "--", color=INK, linewidth=1, label="slope -2/3")
    errors.set(title="mean integrated squared error of h", yscale="log")
    bandwidths.set(title="chosen bandwidth or bin width, median", yscale="log")
    losses.set(title="error over the smallest in hindsight, median", ylim=(0.9, None))
    for axis in (errors, bandwidths, losses):
        axis.set(xscale="log", xlabel="pairs")
    errors.legend(fontsize=7)
    save_figure(figure, path)


def plot_held_out(
    shares: Sequence[float], excess: Mapping[str, Mapping[str, Sequence[float]]], path: Path
) -> None:
    """Plot the excess variance of held-out row sums against depth.

    Parameters
    ----------
    shares : sequence of float
        Shares of the contacts of one fold from which weights are estimated.
    excess : mapping of str to mapping of str to sequence of float
        Mean excess at each share, by map and method; NaN if the method gave no weights.
    path : Path
        The PNG file: a panel for each map, a line for each method.
    """
    figure = new_figure(13, 7.5)
    axes: list[Axes] = list(figure.subplots(2, 3).ravel())
    for axis, (name, methods) in zip(axes, excess.items(), strict=False):
        for method, means in methods.items():
            colour, line, marker, width = METHOD_STYLES[method]
            axis.plot(
                shares, means, line, color=colour, marker=marker, markersize=4, linewidth=width,
                label=method,
            )  # fmt: skip
        axis.set(title=name, xscale="log", yscale="log", ylim=(None, 2))
        axis.set(xlabel="share of the contacts of one fold", ylabel="excess of the other fold")
    axes[-1].axis("off")
    handles, labels = axes[0].get_legend_handles_labels()
    axes[-1].legend(handles, labels, loc="center", ncols=2, fontsize=12, frameon=False)
    save_figure(figure, path)


def new_figure(width: float, height: float) -> Figure:
    """Create a figure of the given size in inches."""
    figure = Figure(figsize=(width, height), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write a PNG without the name of the software, so that the bytes depend on the data only."""
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, metadata={"Software": None})
