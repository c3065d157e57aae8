"""Draw the pictures of docs/how-it-works/balancing.md from a simulated map whose bias is known.

python docs/images/bias.py

It writes ``bias.png`` and ``copies.png`` next to this file. The map has 80 bins and three domains.
Without bias all its row sums are equal, so balancing can recover it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray
from panels import add_axes, save

import counterpoise as cp
from counterpoise.report.style import BLUE, CONTACT_COLOURS, INK, RC_SETTINGS, RED, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FOLDER = Path(__file__).parent
BINS = 80
BORDERS = (0, 24, 53, 80)  # of domains
PER_BIN = 1500  # expected contacts of a bin
GAIN, COPIES = slice(34, 44), 3.0  # a region of a tumour, and its copies relative to the rest
SEED = 2506
WIDTH, DPI = 7.6, 180  # inches; a page shows it at about 100 pixels an inch
SIDE, GAP, LEFT = 2.2, 0.25, 0.45  # inches, of maps
TALLEST = 3.9  # row sum at the top of a track, over the mean

Floats = NDArray[np.float64]


class Simulation(NamedTuple):
    """A map without bias, its bias, and two maps that were measured, with their results."""

    truth: Floats
    bias: Floats
    measured: Floats
    result: cp.Balance
    of_tumour: Floats
    without_gain: cp.Balance


def main() -> None:
    """Simulate the maps and draw them."""
    simulation = simulate()
    truth, bias, measured, result, of_tumour, without_gain = simulation
    with mpl.rc_context({**RC_SETTINGS, "font.size": 9.5}):
        figure = draw_bias(truth, measured, result, bias)
        save(figure, FOLDER / "bias.png", describe_bias(simulation))
        figure = draw_copies(of_tumour, without_gain)
        save(figure, FOLDER / "copies.png", describe_copies(simulation))


def simulate() -> Simulation:
    """Simulate the maps and balance them."""
    random = np.random.default_rng(SEED)
    truth, bias = simulate_truth(), simulate_bias(random)
    measured = draw_counts(truth * np.outer(bias, bias), random)
    result = cp.balance(measured, "kr")
    copies = np.ones(BINS)
    copies[GAIN] = COPIES
    of_tumour = draw_counts(truth * np.outer(copies, copies), random)
    without_gain = cp.balance(of_tumour, "kr")
    return Simulation(truth, bias, measured, result, of_tumour, without_gain)


def describe_bias(simulation: Simulation) -> list[str]:
    """Return what the page says about the map with a bias."""
    sums = simulation.measured.sum(axis=1)
    estimate = 1 / simulation.result.weights
    error = np.median(np.abs(estimate / estimate.mean() / simulation.bias - 1))
    domains = {3: "three"}[len(BORDERS) - 1]
    return [
        f"A simulated chromosome of {BINS} bins with {domains} domains and about "
        f"{round(sums.mean(), -2):,.0f} contacts per bin",
        f"Row sums lie between {sums.min():,.0f} and {sums.max():,.0f}.",
        f"differs from the true one by {100 * error:.0f} % in the median bin.",
    ]


def describe_copies(simulation: Simulation) -> list[str]:
    """Return what the page says about the map with a gain."""
    inside = np.zeros(BINS, bool)
    inside[GAIN] = True
    weights = simulation.without_gain.weights
    ratio = np.median(weights[~inside]) / np.median(weights[inside])
    return [f"The weights outside of the region are {ratio:.1f} times those inside."]


def simulate_truth() -> Floats:
    """Return a map with domains whose row sums are all ``PER_BIN``."""
    distance = np.abs(np.subtract.outer(np.arange(BINS), np.arange(BINS)))
    domain = np.searchsorted(BORDERS, np.arange(BINS), side="right")
    shape = np.where(np.equal.outer(domain, domain), 2.5, 1.0) / (distance + 1.0)
    weights = cp.balance(shape, "kr").weights
    truth: Floats = PER_BIN * shape * np.outer(weights, weights)
    return truth


def simulate_bias(random: np.random.Generator) -> Floats:
    """Return a bias with mean one: a wave, scatter, and one bin in twelve poorly detected."""
    places = np.arange(BINS)
    bias = np.exp(0.35 * np.sin(places / 7) + random.normal(0, 0.18, BINS))
    bias[random.choice(BINS, BINS // 12, replace=False)] *= 0.35
    relative: Floats = bias / bias.mean()
    return relative


def draw_counts(expected: Floats, random: np.random.Generator) -> Floats:
    """Draw a symmetric map of Poisson counts."""
    upper = np.triu(random.poisson(expected)).astype(float)
    counts: Floats = upper + np.triu(upper, 1).T
    return counts


def draw_bias(truth: Floats, measured: Floats, result: cp.Balance, bias: Floats) -> Figure:
    """Draw the map without bias, as measured, and balanced; below, true and estimated bias."""
    height = 4.65
    figure = new_figure(height)
    balanced = measured * np.outer(result.weights, result.weights)
    maps = (("without bias", truth), ("measured", measured), ("balanced", balanced))
    for number, (title, values) in enumerate(maps):
        draw_map(figure, height, LEFT + number * (SIDE + GAP), title, values, not number)
    width = 3 * SIDE + 2 * GAP
    axes = add_axes(figure, (LEFT, 3.52, width, 0.72))
    places = np.arange(BINS)
    estimate = 1 / result.weights
    axes.step(places, bias, where="mid", color=INK, linewidth=1.1, label="true bias of each bin")
    axes.plot(
        places, estimate / estimate.mean(), "o", color=RED, markersize=3.4,
        label="estimated: 1 / weight",
    )  # fmt: skip
    axes.set(xlim=(-0.5, BINS - 0.5), ylim=(0, bias.max() * 1.12), yticks=[0, 1])
    axes.set_xlabel("bins along the chromosome", labelpad=3)
    tidy(axes)
    figure.legend(
        *axes.get_legend_handles_labels(), loc="upper right", ncols=2, frameon=False,
        bbox_to_anchor=((LEFT + width) / WIDTH, 1 - 3.2 / height), borderaxespad=0,
        handletextpad=0.4, columnspacing=1.4,
    )  # fmt: skip
    return figure


def draw_copies(measured: Floats, result: cp.Balance) -> Figure:
    """Draw a map with an amplified region and what balancing makes of it."""
    height = 3.15
    figure = new_figure(height)
    balanced = measured * np.outer(result.weights, result.weights)
    left = (WIDTH - 2 * SIDE - 1.2) / 2
    maps = (("one region in three copies", measured), ("balanced: the gain is gone", balanced))
    for number, (title, values) in enumerate(maps):
        draw_map(figure, height, left + number * (SIDE + 1.2), title, values, not number)
    return figure


def new_figure(height: float) -> Figure:
    """Return a white figure."""
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def draw_map(
    figure: Figure, height: float, left: float, title: str, values: Floats, labelled: bool
) -> None:
    """Draw a map with its title above and its row sums below."""
    figure.text(left / WIDTH, 1 - 0.24 / height, title, fontsize=11, weight="bold", va="baseline")
    axes = add_axes(figure, (left, 0.34, SIDE, SIDE))
    positive = values[values > 0]
    low, high = np.percentile(positive, [2, 97.5])
    axes.imshow(
        np.maximum(values, low), norm=LogNorm(low, high, clip=True), cmap=colours(),
        interpolation="nearest",
    )  # fmt: skip
    axes.set(xticks=[], yticks=[])
    sums = values.sum(axis=1)
    axes = add_axes(figure, (left, 0.34 + SIDE + 0.06, SIDE, 0.42))
    axes.fill_between(np.arange(BINS), sums / sums.mean(), step="mid", color=BLUE, linewidth=0)
    axes.set(xlim=(-0.5, BINS - 0.5), ylim=(0, TALLEST), xticks=[], yticks=[])
    tidy(axes)
    if labelled:
        axes.set_ylabel("row\nsums", rotation=0, ha="right", va="center", labelpad=4)


def colours() -> LinearSegmentedColormap:
    """Return the colours of contacts."""
    return LinearSegmentedColormap.from_list("contacts", CONTACT_COLOURS)


def tidy(axes: Axes) -> None:
    """Leave the axes at the bottom and their labels alone."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=2, colors=SOFT)


if __name__ == "__main__":
    main()
