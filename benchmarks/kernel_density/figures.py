"""The figures, drawn from results: two of the simulation, one of held-out contacts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.kernel_density.held_out import DEPTHS
from benchmarks.kernel_density.simulation import (
    CHOICES,
    N_BINS,
    SHOWN,
    SIZES,
    by_size,
    draw,
    fit,
    truth,
)

INK, BLUE, ORANGE, GREEN, RED, PINK = (
    "#1b1f24", "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7",
)  # fmt: skip
COLOURS = dict(zip(CHOICES, (BLUE, GREEN, PINK, RED, ORANGE), strict=True))
# Colour, line, marker and width. The first four have one solution, so they lie on each other.
STYLES = {
    "ice": (RED, "-", "s", 3.5),
    "kr": (ORANGE, "-", "^", 2.0),
    "ssk": (INK, "--", "", 1.0),
    "scale": (INK, ":", "v", 1.0),
    "vc": ("#999999", "-", "x", 1.2),
    "vc_sqrt": (PINK, "-", "D", 1.2),
    "kde": ("#56B4E9", "-", "o", 1.6),
    "kde_eb": (BLUE, "-", "o", 2.4),
    "ssk_cv": (GREEN, "-", "P", 1.2),
}


def sample(path: Path) -> None:
    """One sample: its counts, the bias that KSK and SSK find, and the density without it."""
    real = truth()
    contacts = draw(real.f, SHOWN, np.random.default_rng([2506, SHOWN, 0]))
    x = (np.arange(N_BINS) + 0.5) / N_BINS
    figure = Figure(figsize=(13, 3.6), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, 4, width_ratios=[1, 1.5, 1, 1])
    counts = contacts.full_matrix().toarray()
    coarse = counts.reshape(N_BINS // 8, 8, N_BINS // 8, 8).sum(axis=(1, 3))
    axes[0].imshow(coarse, cmap="magma_r", extent=(0, 1, 1, 0))
    axes[0].set_title(f"{SHOWN:,} pairs, counted")
    axes[1].plot(x, real.h, color=INK, linewidth=2, label="true bias")
    for label in ("KSK", "SSK, cosine, one split"):
        name, settings = CHOICES[label]
        fitted = fit(name, settings, contacts, real.h)
        axes[1].plot(x, fitted.h, color=COLOURS[label], label=label)
        if name == "kde":
            density = _smooth_density(counts, fitted.h, fitted.found.bandwidth or 0.02)
    axes[1].set(title="bias h(x)", xlabel="x")
    axes[1].legend(fontsize=8)
    top = real.p.max()
    axes[2].imshow(density, cmap="magma_r", extent=(0, 1, 1, 0), vmin=0, vmax=top)
    axes[2].set_title("density without the bias (KSK)")
    axes[3].imshow(real.p, cmap="magma_r", extent=(0, 1, 1, 0), vmin=0, vmax=top)
    axes[3].set_title("true density p(x, y)")
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, metadata={"Software": None})


def _smooth_density(counts: Any, h: Any, bandwidth: float) -> Any:
    """The kernel estimate of f over h(x) h(y)."""
    from counterpoise.contacts.chromosomes import ChromosomeBins
    from counterpoise.methods.kernel.smoothing import Gaussian

    smoother = Gaussian([ChromosomeBins(np.ones(N_BINS, bool), 1.0)], bandwidth, h, np)
    rows = np.array([smoother.smooth(row) for row in counts / counts.mean()])
    smooth = np.array([smoother.smooth(column) for column in rows.T])
    return smooth / np.outer(h, h)


def rates(rows: list[dict[str, Any]], path: Path) -> None:
    """Error, chosen bandwidth, and error over the best, against the number of pairs."""
    figure = Figure(figsize=(13, 4), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, 3)
    for label in CHOICES:
        parts = by_size(rows, label)
        style = {"color": COLOURS[label], "marker": ".", "label": label}
        axes[0].plot(SIZES, [np.mean([row["error"] for row in part]) for part in parts], **style)
        axes[1].plot(
            SIZES, [np.median([row["bandwidth"] for row in part]) for part in parts], **style
        )
        ratio = [np.median([row["error"] / row["best_error"] for row in part]) for part in parts]
        axes[2].plot(SIZES, ratio, **style)
    sizes = np.array(SIZES)
    axes[0].plot(sizes, 3.0 * sizes**-0.8, ":", color=INK, linewidth=1, label="slope -4/5")
    axes[0].plot(sizes, 4.0 * sizes ** (-2 / 3), "--", color=INK, linewidth=1, label="slope -2/3")
    axes[0].set(title="mean integrated squared error of h", yscale="log")
    axes[1].set(title="bandwidth or bin width chosen, median", yscale="log")
    axes[2].set(title="error over the best in hindsight, median", ylim=(0.9, None))
    for each in axes:
        each.set(xscale="log", xlabel="pairs")
    axes[0].legend(fontsize=7)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, metadata={"Software": None})


def held_out(record: dict[str, Any], path: Path) -> None:
    """Excess variance of held-out row sums against depth: a panel a map, a line a method."""
    figure = Figure(figsize=(13, 7.5), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 3).ravel()
    for axis, (name, rows) in zip(axes, record["maps"].items(), strict=False):
        for method, (color, line, marker, width) in STYLES.items():
            found = [
                [row["excess"] for row in rows if row["depth"] == depth and row["method"] == method]
                for depth in DEPTHS
            ]
            means = [np.mean([x for x in part if x is not None] or [np.nan]) for part in found]
            axis.plot(
                DEPTHS, means, line, color=color, marker=marker, markersize=4, linewidth=width,
                label=method,
            )  # fmt: skip
        axis.set(title=name, xscale="log", yscale="log", ylim=(None, 2))
        axis.set(xlabel="share of the contacts of one half", ylabel="excess of the other half")
    axes[-1].axis("off")
    handles, labels = axes[0].get_legend_handles_labels()
    axes[-1].legend(handles, labels, loc="center", ncols=2, fontsize=12, frameon=False)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, metadata={"Software": None})
