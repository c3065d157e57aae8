"""The simulation of section 6.1 of Park, Hao, Niu & Hu, arXiv 2506.12626: figures 2 and 3 redone.

python -m benchmarks.kernel_density.simulation [--replicates 20]

Pairs are drawn from f(x, y) = h(x) h(y) p(x, y) on the unit square, p a balanced density with a
band along the diagonal and two bumps, h a wavy bias. Each method estimates h, its bandwidth
chosen by cross-validation and, beside that, the best of the same bandwidths in hindsight. Writes
results/simulation.json, the table in ../README.md and two figures.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.measuring import RESULTS, in_words, load, machine, markdown, publish, save
from counterpoise.backends import make_operator
from counterpoise.balancing.cross_validation import search_bandwidth, solve_together
from counterpoise.contacts.chromosomes import ChromosomeBins
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope, select
from counterpoise.methods import methods
from counterpoise.methods.kernel.settings import KernelSettings
from counterpoise.records.search import Search

Floats = NDArray[np.float64]

N_BINS = 480
SIZES = (300, 1000, 3000, 10_000, 30_000, 100_000, 300_000)
SHOWN = 10_000  # pairs of the sample in the first figure

# What is compared: the method, and settings other than its defaults. The paper splits once.
CHOICES: dict[str, tuple[str, dict[str, Any]]] = {
    "KSK": ("kde", {}),
    "KSK, CvM, one split": ("kde", {"score": "cvm", "splits": 1}),
    "KSK by the letter (A), CvM, one split": (
        "kde",
        {"variant": "observation", "score": "cvm", "splits": 1},
    ),
    "SSK, cosine, one split": ("ssk_cv", {"splits": 1}),
    "SSK, CvM, one split": ("ssk_cv", {"splits": 1, "score": "cvm"}),
}


@dataclass(frozen=True)
class Truth:
    """On the midpoints of a grid: h [n], p [n, n] (rows of mean one) and f [n, n] (of mean one)."""

    h: Floats
    p: Floats
    f: Floats


def truth(n: int = N_BINS) -> Truth:
    """The densities of the simulation."""
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


def draw(f: Floats, pairs: int, rng: np.random.Generator) -> Contacts:
    """So many pairs, counted in the cells of the upper triangle."""
    chances = np.triu(f + np.triu(f, 1)).ravel()
    upper = rng.multinomial(pairs, chances / chances.sum()).reshape(f.shape)
    return Contacts.from_matrix(upper + np.triu(upper, 1).T)


@dataclass(frozen=True)
class Fitted:
    """A method on one sample.

    Attributes
    ----------
    found : the search.
    bandwidths, errors : all that it could have ended with, and the mean squared error of h by each.
    best, chosen : index of the best in hindsight, and of the one that the search found.
    h : by the one that it found.
    """

    found: Search
    bandwidths: list[float]
    errors: list[float]
    best: int
    chosen: int
    h: Floats


def fit(name: str, settings: dict[str, Any], contacts: Contacts, h: Floats) -> Fitted:
    """Choose a bandwidth by cross-validation; errors are the mean squared ones of h."""
    method = methods()[name]
    assert method.step is not None
    wanted = method.settings(ignore_diags=0, **settings)
    assert isinstance(wanted, KernelSettings)
    every = np.ones(len(h), bool)
    # A count in a diagonal cell is spread over half of that cell's area.
    selection = next(iter(select(contacts.bins, every, Scope.CIS, diagonal=2)))
    operator: Callable[[Contacts], Any] = partial(
        make_operator, "native", selection=selection, threads=1
    )
    chromosomes = [ChromosomeBins(every, 1.0)]
    found = search_bandwidth(contacts, operator, chromosomes, method.step, wanted, "simulated")
    whole = operator(contacts)
    # The candidates, and what they stand for on the whole map.
    tried = sorted({width for each in found.candidates for width in (each.bandwidth, each.whole)})
    u, _, why = solve_together(whole, chromosomes, tried, whole.ones(), method.step, wanted)
    errors = [
        float(((1 / u[:, k] - h) ** 2).mean()) if not why[k] else np.inf for k in range(len(tried))
    ]
    best = int(np.argmin(errors))
    chosen = tried.index(found.bandwidth)
    return Fitted(found, tried, errors, best, chosen, 1 / u[:, chosen])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=20)
    args = parser.parse_args()
    real = truth()
    rows: list[dict[str, Any]] = []
    for pairs, replicate in product(SIZES, range(args.replicates)):
        contacts = draw(real.f, pairs, np.random.default_rng([2506, pairs, replicate]))
        for label, (name, settings) in CHOICES.items():
            fitted = fit(name, settings, contacts, real.h)
            best, chosen = fitted.best, fitted.chosen
            rows.append(
                {
                    "pairs": pairs,
                    "replicate": replicate,
                    "choice": label,
                    "bandwidth": fitted.bandwidths[chosen],
                    "error": fitted.errors[chosen],
                    "best_bandwidth": fitted.bandwidths[best],
                    "best_error": fitted.errors[best],
                }
            )
        if replicate == args.replicates - 1:
            print(f"{pairs:,} pairs: {args.replicates} replicates done", flush=True)
    save("simulation", {"machine": machine(), "replicates": args.replicates, "rows": rows})
    report()


def report() -> None:
    """The tables and figures, from what was saved."""
    from benchmarks.kernel_density import figures

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
        lost = [np.median([row["error"] / row["best_error"] for row in part]) for part in parts]
        errors.append([label, *(f"{error:.2g}" for error in chosen)])
        ratios.append([label, *(f"{ratio:.2f}" for ratio in lost)])
        slopes.append([label, *(f"{slope(logs, np.log(y)):.2f}" for y in (least, chosen, width))])
    sizes = [f"{size:,}" for size in SIZES]
    told = [
        f"Mean integrated squared error of h, bandwidth by cross-validation, {replicates} samples:",
        markdown(["pairs", *sizes], errors),
        "Error over that with the best bandwidth in hindsight, median:",
        markdown(["pairs", *sizes], ratios),
        "Slopes against the number of pairs, in logarithms:",
        markdown(["", "error, best bandwidth", "error, by CV", "best bandwidth"], slopes),
        in_words(record["machine"]),
    ]
    publish("simulation", "\n\n".join(part.strip() for part in told))
    figures.sample(RESULTS / "simulation-sample.png")
    figures.rates(rows, RESULTS / "simulation-rates.png")


def by_size(rows: list[dict[str, Any]], label: str) -> list[list[dict[str, Any]]]:
    """The samples of a choice, for each number of pairs."""
    own = [row for row in rows if row["choice"] == label]
    return [[row for row in own if row["pairs"] == size] for size in SIZES]


def slope(x: Floats, y: Floats) -> float:
    return float(np.polyfit(x, y, 1)[0])


if __name__ == "__main__":
    main()
