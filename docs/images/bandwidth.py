"""Draw the picture of docs/how-it-works/kernel-density-balancing.md: bandwidths on a sparse map.

python docs/images/bandwidth.py

A chromosome of 600 bins is simulated with a known, smooth bias. From this bias the true unevenness
of new contacts is computed. The picture shows it beside the unevenness that Counterpoise expects.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from panels import add_axes, save, tidy

import counterpoise as cp
from counterpoise.report.style import BLUE, GREEN, INK, ORANGE, RC_SETTINGS, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TARGET = Path(__file__).with_suffix(".png")
BINS, PER_BIN, SEED = 600, 20, 7
WIDTH, HEIGHT, DPI = 7.6, 5.65, 180  # inches; a page shows it at about 100 pixels an inch
NARROW, WIDE = 1, 64  # bins
WIDTHS = (1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64)

Floats = NDArray[np.float64]


class Simulation(NamedTuple):
    """A map with a known bias, its results by bandwidth, and the chosen bandwidth."""

    bias: Floats
    expected: Floats
    counts: Floats
    results: dict[int, cp.Balance]
    chosen: int


def main() -> None:
    """Simulate the map, balance it with several bandwidths and draw them."""
    simulation = simulate()
    bias, expected, counts, results, chosen = simulation
    with mpl.rc_context({**RC_SETTINGS, "font.size": 9.5}):
        figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, facecolor="white")
        FigureCanvasAgg(figure)
        panels = (
            (NARROW, f"{NARROW} bin: follows chance", ORANGE),
            (chosen, f"{chosen} bins: chosen", GREEN),
            (WIDE, f"{WIDE} bins: overlooks bias", BLUE),
        )
        for number, (width, title, colour) in enumerate(panels):
            axes = add_axes(figure, (0.55, 0.3 + number * 1.2, WIDTH - 0.75, 0.85))
            draw_curve(axes, counts, bias, results[width], colour)
            figure.text(0.55 / WIDTH, 1 - (0.24 + number * 1.2) / HEIGHT, title, weight="bold")
        label_curves(figure)
        axes = add_axes(figure, (0.75, 3.95, WIDTH - 0.95, 1.2))
        draw_score(axes, expected, results, chosen)
        save(figure, TARGET, describe(simulation))


def simulate() -> Simulation:
    """Simulate the map and balance it with several bandwidths."""
    bias = simulate_bias()
    expected = simulate_map(bias)
    upper = np.triu(np.random.default_rng(SEED).poisson(np.triu(expected))).astype(float)
    counts = upper + np.triu(upper, 1).T
    auto = cp.balance(counts, "kde", mask=None)
    chosen = round(auto.verdict.parts[0].bandwidth or 0)
    results = {width: cp.balance(counts, "kde", mask=None, bandwidth=width) for width in WIDTHS}
    return Simulation(bias, expected, counts, results, chosen)


def describe(simulation: Simulation) -> list[str]:
    """Return what the page says about the picture."""
    narrow, chosen, wide = (
        f"{100 * true_unevenness(simulation.expected, simulation.results[width].weights):.0f} %"
        for width in (NARROW, simulation.chosen, WIDE)
    )
    return [
        f"A simulated chromosome of {BINS} bins with {PER_BIN} contacts per bin",
        "**A narrow bandwidth follows chance.** New contacts, balanced with these weights, would "
        f"be uneven by {narrow}.",
        f"**A wide one overlooks bias.** They would be uneven by {wide}.",
        f"**The chosen one is in between.** They would be uneven by {chosen}.",
    ]


def simulate_bias() -> Floats:
    """Return a smooth bias with mean one."""
    places = np.arange(BINS)
    bias = np.exp(0.45 * np.sin(places / 38) + 0.35 * np.sin(places / 13 + 1))
    relative: Floats = bias / bias.mean()
    return relative


def simulate_map(bias: Floats) -> Floats:
    """Return the expected counts: equal row sums without the bias, falling with distance."""
    distance = np.abs(np.subtract.outer(np.arange(BINS), np.arange(BINS)))
    shape = 1 / (distance + 1.0)
    weights = cp.balance(shape, "kr", mask=None).weights
    mean = shape * np.outer(weights * bias, weights * bias)
    expected: Floats = mean * (PER_BIN * BINS / mean.sum())
    return expected


def draw_curve(axes: Axes, counts: Floats, bias: Floats, result: cp.Balance, colour: str) -> None:
    """Draw the bias by a bandwidth, the true one and what single bins say."""
    places = np.arange(BINS)
    alone = np.sqrt(counts.sum(axis=1))
    axes.plot(places, alone / alone.mean(), ".", color="#c3c8ce", markersize=2.5)
    axes.plot(places, bias, color=INK, linewidth=1.1)
    estimate = 1 / result.weights
    axes.plot(places, estimate / np.nanmean(estimate), color=colour, linewidth=1.6)
    axes.set(xlim=(0, BINS - 1), ylim=(0, 2.6), yticks=[0, 1, 2], xticks=[])
    tidy(axes)


def label_curves(figure: Figure) -> None:
    """Explain the three curves at the top right."""
    x, y = (WIDTH - 0.2) / WIDTH, 1 - 0.24 / HEIGHT
    words = "grey: \u221arow sum of a bin   black: true bias   colour: estimate"
    figure.text(x, y, words, ha="right", color=SOFT, fontsize=9)


def draw_score(axes: Axes, expected: Floats, results: dict[int, cp.Balance], chosen: int) -> None:
    """Draw the expected and the true unevenness of new contacts against the bandwidth."""
    estimates = [result.verdict.expected_unevenness or 0.0 for result in results.values()]
    true = [100 * true_unevenness(expected, result.weights) for result in results.values()]
    axes.plot(list(results), true, "o", color=INK, markersize=5, label="true, by the known bias")
    axes.plot(list(results), estimates, color=GREEN, linewidth=1.8, label="expected, from the map")
    axes.axvline(chosen, color=SOFT, linewidth=0.8, linestyle=":")
    axes.text(chosen * 1.04, 49, "chosen", color=SOFT, va="top")
    axes.set(xscale="log", ylim=(0, 50), yticks=[0, 25, 50])
    axes.set_xticks([1, 2, 4, 8, 16, 32, 64], ["1", "2", "4", "8", "16", "32", "64"])
    axes.minorticks_off()
    axes.set_xlabel("bandwidth (bins)")
    axes.set_ylabel("unevenness of\nnew contacts (%)")
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.3, 1.0))
    tidy(axes)


def true_unevenness(expected: Floats, weights: Floats) -> float:
    """Return the coefficient of variation of the expected row sums of new contacts."""
    given = np.isfinite(weights)
    u = weights[given]
    sums = u * (expected[np.ix_(given, given)] @ u)
    return float(sums.std() / sums.mean())


if __name__ == "__main__":
    main()
