"""Repeat the simulation of section 6.1 of Park, Hao, Niu & Hu, arXiv 2506.12626 (figures 2, 3).

python -m benchmarks.kernel_density.simulation [--replicates 20]

Pairs are drawn from f(x, y) = h(x) h(y) p(x, y) on the unit square, where p is a balanced density
with a band along the diagonal and two bumps, and h is a wavy bias. Each method estimates h with
the bandwidth that it chooses, and with the best candidate in hindsight.
Writes results/simulation.json, the tables in ../README.md and two figures.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

import counterpoise as cp
from benchmarks.kernel_density import figures
from benchmarks.measuring import RESULTS, load, machine, machine_line, markdown, publish, save
from counterpoise.backends import make_operator
from counterpoise.contacts.bandwidth import Bandwidth
from counterpoise.contacts.chromosomes import ChromosomeBins
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope, select
from counterpoise.methods import methods
from counterpoise.methods.kde import Variant
from counterpoise.methods.kernel.settings import KernelSettings
from counterpoise.methods.kernel.smoothing import Gaussian, Smoother
from counterpoise.records.search import Search

Floats = NDArray[np.float64]

N_BINS = 480
SIZES = (300, 1000, 3000, 10_000, 30_000, 100_000, 300_000)
PLOTTED_PAIRS = 10_000  # size of the sample in the first figure

# Method and settings of each estimator, if not the defaults. The paper uses one split.
CHOICES: dict[str, tuple[str, dict[str, Any]]] = {
    "KSK": ("kde", {}),
    "KSK, CvM, one split": ("kde", {"score": "cvm", "splits": 1}),
    "KSK by the letter (A), CvM, one split": (
        "kde",
        {"variant": "observation", "score": "cvm", "splits": 1},
    ),
    "SSK": ("ssk_cv", {}),
    "SSK, cosine, one split": ("ssk_cv", {"splits": 1, "score": "cosine"}),
    "SSK, CvM, one split": ("ssk_cv", {"splits": 1, "score": "cvm"}),
}


@dataclass(frozen=True)
class Truth:
    """The true functions at the midpoints of a grid.

    Attributes
    ----------
    h : ndarray [n]
        Bias.
    p : ndarray [n, n]
        Balanced density; each row has mean one.
    f : ndarray [n, n]
        Observed density, of mean one.
    """

    h: Floats
    p: Floats
    f: Floats


def true_densities(n: int = N_BINS) -> Truth:
    """Return the bias and the densities of the simulation."""
    x = (np.arange(n) + 0.5) / n
    across, down = np.meshgrid(x, x)

    def even(density: Floats) -> Floats:
        return density / density.mean()

    def bump(a: float, b: float) -> Floats:
        return np.exp(-0.5 * ((across - a) ** 2 + (down - b) ** 2) / 0.07**2)

    band = np.exp(-0.5 * ((across - down) / 0.08) ** 2)
    p = 0.35 + 0.40 * even(band) + 0.25 * even(bump(0.30, 0.72) + bump(0.72, 0.30))
    u = np.ones(n)
    for _ in range(2000):
        u = np.sqrt(u / (p @ u / n))
    p = u[:, None] * p * u
    h = np.exp(0.5 * np.sin(3 * np.pi * x + 0.4) + 0.25 * np.cos(7 * np.pi * x))
    h /= np.sqrt((h[:, None] * p * h).mean())
    return Truth(h, p, h[:, None] * p * h)


def draw_pairs(f: Floats, pairs: int, rng: np.random.Generator) -> Contacts:
    """Draw read pairs from a density and count them in the cells of the upper triangle."""
    chances = np.triu(f + np.triu(f, 1)).ravel()
    upper = rng.multinomial(pairs, chances / chances.sum()).reshape(f.shape)
    return Contacts.from_matrix(upper + np.triu(upper, 1).T)


@dataclass(frozen=True)
class Fit:
    """Result of one estimator on one sample.

    Attributes
    ----------
    search : Search
        Search for the bandwidth.
    bandwidths, errors : list of float
        All candidates, and the mean squared error of h with each.
    best, chosen : int
        Index of the best bandwidth in hindsight, and of the chosen one.
    h : ndarray [n_bins]
        Bias estimated with the chosen bandwidth.
    """

    search: Search
    bandwidths: list[float]
    errors: list[float]
    best: int
    chosen: int
    h: Floats


def kernel_step(
    operator: Any, smoother: Smoother, u: Floats, mean: Any, settings: KernelSettings
) -> Floats:
    """Return what the iteration drives to one, by either reading of the paper's Algorithm 4."""
    if getattr(settings, "variant", None) == Variant.OBSERVATION:
        return np.asarray(smoother.smooth(u * operator.product(u)) / mean)
    return np.asarray(u * smoother.smooth(operator.product(smoother.spread(u))) / mean)


def fit(name: str, settings: dict[str, Any], contacts: Contacts, h: Floats) -> Fit:
    """Let a method choose its bandwidth, and measure the mean squared errors of h."""
    # A count in a diagonal cell is spread over half of that cell's area.
    settings = {"ignore_diags": 0, "diagonal": 2, **settings}
    balance = partial(cp.balance, contacts, name, mask=np.ones(N_BINS, bool), threads=1, **settings)
    (search,) = balance().searches
    kernel = methods()[name].settings(**settings)
    assert isinstance(kernel, KernelSettings)
    bandwidths = [Bandwidth(fraction) for fraction in kernel.candidates(N_BINS)]
    biases = [
        scale_bias(balance(bandwidth=each.value).weights, each, contacts, kernel)
        for each in bandwidths
    ]
    squares = [float(((each - h) ** 2).mean()) for each in biases]
    errors = [square if np.isfinite(square) else np.inf for square in squares]
    chosen = bandwidths.index(search.bandwidth)
    fractions = [bandwidth.value for bandwidth in bandwidths]
    return Fit(search, fractions, errors, int(np.argmin(errors)), chosen, biases[chosen])


def scale_bias(
    weights: Floats, bandwidth: Bandwidth, contacts: Contacts, settings: KernelSettings
) -> Floats:
    """Return the bias that weights stand for: with it, what the method drives to one is one."""
    selection = next(iter(select(contacts.bins, np.ones(N_BINS, bool), Scope.CIS, diagonal=2)))
    operator = make_operator("native", contacts, selection, 1)
    smoother = settings.smoother(whole_chromosome(), bandwidth, operator.ones(), np)
    mean = operator.product(operator.ones()).mean()
    step = kernel_step(operator, smoother, weights, mean, settings)
    return np.asarray(np.sqrt(step.mean()) / weights)


def whole_chromosome() -> list[ChromosomeBins]:
    """Return the only chromosome, with all its bins."""
    return [ChromosomeBins(np.ones(N_BINS, bool), 1.0)]


def main() -> None:
    """Run the simulation and report it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=20)
    args = parser.parse_args()
    truth = true_densities()
    rows: list[dict[str, Any]] = []
    for pairs, replicate in product(SIZES, range(args.replicates)):
        contacts = draw_pairs(truth.f, pairs, np.random.default_rng([2506, pairs, replicate]))
        for label, (name, settings) in CHOICES.items():
            estimate = fit(name, settings, contacts, truth.h)
            best, chosen = estimate.best, estimate.chosen
            rows.append(
                {
                    "pairs": pairs,
                    "replicate": replicate,
                    "choice": label,
                    "bandwidth": estimate.bandwidths[chosen],
                    "error": estimate.errors[chosen],
                    "best_bandwidth": estimate.bandwidths[best],
                    "best_error": estimate.errors[best],
                }
            )
        if replicate == args.replicates - 1:
            print(f"{pairs:,} pairs: {args.replicates} replicates done", flush=True)
    save("simulation", {"machine": machine(), "replicates": args.replicates, "rows": rows})
    report()


def report() -> None:
    """Publish the tables and figures of the saved results."""
    record = load("simulation")
    rows, replicates = record["rows"], record["replicates"]
    logs = np.log(SIZES)
    errors, slopes, ratios = [], [], []
    for label in CHOICES:
        parts = by_size(rows, label)
        chosen = np.array([np.mean([row["error"] for row in part]) for part in parts])
        least = np.array([np.mean([row["best_error"] for row in part]) for part in parts])
        widths = [[max(row["best_bandwidth"], 1 / N_BINS) for row in part] for part in parts]
        width = np.array([np.exp(np.log(part).mean()) for part in widths])
        lost = [[row["error"] / row["best_error"] for row in part] for part in parts]
        errors.append([label, *(f"{error:.2g}" for error in chosen)])
        ratios.append([label, *(f"{np.median(each):.2f} ({np.mean(each):.2f})" for each in lost)])
        slopes.append([label, *(f"{slope(logs, np.log(y)):.2f}" for y in (least, chosen, width))])
    sizes = [f"{size:,}" for size in SIZES]
    sections = [
        f"Mean integrated squared error of h with the chosen bandwidth, {replicates} samples:",
        markdown(["pairs", *sizes], errors),
        "Error divided by that with the best bandwidth in hindsight, median (mean):",
        markdown(["pairs", *sizes], ratios),
        "Slopes of the logarithms against the logarithm of the number of pairs:",
        markdown(["", "error, best bandwidth", "error, chosen one", "best bandwidth"], slopes),
        machine_line(record["machine"]),
    ]
    publish("simulation", "\n\n".join(part.strip() for part in sections))
    figures.plot_sample(plotted_sample(), RESULTS / "simulation-sample.png")
    curves = {label: curves_of(by_size(rows, label)) for label in CHOICES}
    figures.plot_rates(SIZES, curves, RESULTS / "simulation-rates.png")


def plotted_sample() -> figures.Sample:
    """Draw the sample of the first figure and estimate its bias by KSK and SSK."""
    truth = true_densities()
    rng = np.random.default_rng([2506, PLOTTED_PAIRS, 0])
    contacts = draw_pairs(truth.f, PLOTTED_PAIRS, rng)
    counts = contacts.full_matrix().toarray()
    labels = ("KSK", "SSK, cosine, one split")
    fits = {label: fit(*CHOICES[label], contacts, truth.h) for label in labels}
    colours = figures.estimator_colours(list(CHOICES))
    estimates = {label: (colours[label], each.h) for label, each in fits.items()}
    ksk = fits["KSK"]
    density = smooth_density(counts, ksk.h, ksk.search.bandwidth.value or 0.02)
    return figures.Sample(counts, truth.h, truth.p, estimates, density)


def smooth_density(counts: Floats, h: Floats, bandwidth: float) -> Floats:
    """Return the kernel estimate of f divided by h(x) h(y)."""
    smoother = Gaussian(whole_chromosome(), Bandwidth(bandwidth), h, np)
    rows = np.array([smoother.smooth(row) for row in counts / counts.mean()])
    smooth = np.array([smoother.smooth(column) for column in rows.T])
    return np.asarray(smooth / np.outer(h, h))


def curves_of(samples_by_size: list[list[dict[str, Any]]]) -> figures.Curves:
    """Summarise the samples of an estimator at each number of pairs."""
    return figures.Curves(
        [float(np.mean([row["error"] for row in rows])) for rows in samples_by_size],
        [float(np.median([row["bandwidth"] for row in rows])) for rows in samples_by_size],
        [
            float(np.median([row["error"] / row["best_error"] for row in rows]))
            for rows in samples_by_size
        ],
    )


def by_size(rows: list[dict[str, Any]], label: str) -> list[list[dict[str, Any]]]:
    """Return the samples of an estimator, grouped by number of pairs."""
    samples = [row for row in rows if row["choice"] == label]
    return [[row for row in samples if row["pairs"] == size] for size in SIZES]


def slope(x: Floats, y: Floats) -> float:
    """Return the slope of the least-squares line."""
    return float(np.polyfit(x, y, 1)[0])


if __name__ == "__main__":
    main()
