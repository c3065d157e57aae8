"""Compare this implementation with the results of an earlier prototype.

python -m benchmarks.kernel_density.section12 FOLDER [--replicates 20]

Measures the drift of reading A with the number of steps, the error of the bias at the ends of a
chromosome with and without a correction, and the excess of held-out row sums with empirical Bayes
at a bandwidth of ten bins. FOLDER holds the maps. Writes results/section12.json and the tables in
../README.md, which also show the numbers of the prototype.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

import counterpoise as cp
from benchmarks.kernel_density.held_out import held_out_score, thin
from benchmarks.kernel_density.simulation import (
    N_BINS,
    Truth,
    draw_pairs,
    kernel_step,
    true_densities,
)
from benchmarks.measuring import load, machine, machine_line, markdown, publish, save
from counterpoise.backends import make_operator
from counterpoise.contacts.bandwidth import Bandwidth
from counterpoise.contacts.chromosomes import ChromosomeBins
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope, select
from counterpoise.methods.kde import KdeSettings, Variant
from counterpoise.methods.kernel.cross_validation import split_contacts
from counterpoise.methods.kernel.smoothing import Gaussian, Smoother

Floats = NDArray[np.float64]

# Results of the prototype: error of reading A after a number of steps, and relative error of h at
# the first and the last bin.
DRIFT = {10: 0.0010, 30: 0.0016, 100: 0.0021, 1000: 0.0030, 30_000: 0.0037}
DRIFT_PAIRS, DRIFT_BANDWIDTH = 3000, 0.05
ENDS = {"reflected": (0.04, 0.16), "renormalised": (0.03, 0.15), "no correction": (-0.47, -0.41)}
ENDS_PAIRS, ENDS_BANDWIDTH = 300_000, 0.03
MAX_STEPS = 2000  # of reading C, which converges long before


@dataclass(frozen=True)
class Depth:
    """Held-out excess of the prototype at one depth; None if ICE did not converge."""

    file: str
    scope: Scope
    share: float
    ice: float | None
    kde_eb: float


DEPTHS = {
    "yeast, whole genome, 34 M": Depth("yeast.10kb.cool", Scope.GENOME, 1.0, 2.7e-5, 2.7e-5),
    "yeast, whole genome, 34 k": Depth("yeast.10kb.cool", Scope.GENOME, 1e-3, 0.0325, 0.0209),
    "hESC chr1, 3.5 M": Depth("hesc_dixon_chr1_40kb.cool", Scope.CIS, 1.0, 0.0012, 0.0012),
    "hESC chr1, 350 k": Depth("hesc_dixon_chr1_40kb.cool", Scope.CIS, 0.1, 0.0147, 0.0106),
    "hESC chr1, 35 k": Depth("hesc_dixon_chr1_40kb.cool", Scope.CIS, 0.01, None, 0.059),
}
# ICE and KR seek the same weights; `kde_eb` uses the bandwidth of the prototype or a chosen one.
BINS = 10
METHODS = ("ice", "kr", "kde_eb", "kde_eb, auto")
SEED = 12


class Dense:
    """A Gaussian smoother without reflection, as a matrix whose rows optionally sum to one."""

    def __init__(self, sigma: float, n: int, normalise: bool) -> None:
        distance = np.subtract.outer(np.arange(n), np.arange(n))
        self._kernel = np.exp(-0.5 * (distance / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
        if normalise:
            self._kernel /= self._kernel.sum(axis=1, keepdims=True)

    def smooth(self, x: Floats) -> Floats:
        """Return S x."""
        return np.asarray(self._kernel @ x)

    def spread(self, x: Floats) -> Floats:
        """Return the transpose of S times x."""
        return np.asarray(self._kernel.T @ x)


def smoothers(bandwidth: float) -> dict[str, Any]:
    """Return a smoother for each treatment of the ends."""
    chromosome = ChromosomeBins(np.ones(N_BINS, bool), 1.0)
    return {
        "reflected": Gaussian([chromosome], Bandwidth(bandwidth), np.ones(N_BINS), np),
        "renormalised": Dense(bandwidth * N_BINS, N_BINS, normalise=True),
        "no correction": Dense(bandwidth * N_BINS, N_BINS, normalise=False),
    }


def iterate(
    contacts: Contacts, smoother: Smoother, variant: Variant, steps: list[int]
) -> list[Floats]:
    """Return h after each number of steps from u = 1, or at the fixed point if that comes first."""
    all_bins = np.ones(N_BINS, bool)
    selection = next(iter(select(contacts.bins, all_bins, Scope.CIS, diagonal=2)))
    operator = make_operator("native", contacts, selection, 1)
    settings = KdeSettings(variant=variant.value)
    u = operator.ones()
    row_sum = operator.product(u).mean()
    results = []
    for count in range(1, max(steps) + 1):
        sums = kernel_step(operator, smoother, u, row_sum, settings)
        u = u / np.sqrt(sums)
        at_fixed_point = bool(abs(sums - 1).max() < 1e-10)
        reached = [count == number or (at_fixed_point and count < number) for number in steps]
        results += [1 / u] * sum(reached)
        if at_fixed_point:
            break
    return results


def measure_drift(truth: Truth, replicates: int) -> dict[int, list[float]]:
    """Return the integrated squared errors of reading A by number of steps."""
    errors: dict[int, list[float]] = {count: [] for count in DRIFT}
    smoother = smoothers(DRIFT_BANDWIDTH)["reflected"]
    for replicate in range(replicates):
        rng = np.random.default_rng([2506, DRIFT_PAIRS, replicate])
        contacts = draw_pairs(truth.f, DRIFT_PAIRS, rng)
        estimates = iterate(contacts, smoother, Variant.OBSERVATION, list(DRIFT))
        for count, h in zip(DRIFT, estimates, strict=True):
            errors[count].append(float(((h - truth.h) ** 2).mean()))
    return errors


def measure_ends(truth: Truth, replicates: int) -> dict[str, list[tuple[float, float]]]:
    """Return the relative errors of h at the first and last bin by treatment of the ends."""
    errors: dict[str, list[tuple[float, float]]] = {label: [] for label in ENDS}
    for replicate in range(replicates):
        rng = np.random.default_rng([2506, ENDS_PAIRS, replicate])
        contacts = draw_pairs(truth.f, ENDS_PAIRS, rng)
        for label, smoother in smoothers(ENDS_BANDWIDTH).items():
            h = iterate(contacts, smoother, Variant.DENSITY, [MAX_STEPS])[0]
            errors[label].append((float(h[0] / truth.h[0] - 1), float(h[-1] / truth.h[-1] - 1)))
    return errors


def measure_held_out(folder: Path, splits: int) -> dict[str, dict[str, list[float | None]]]:
    """Return the excess of held-out row sums by map and method; None without weights."""
    excess: dict[str, dict[str, list[float | None]]] = {}
    for label, depth in DEPTHS.items():
        contacts = cp.read_contacts(folder / depth.file)
        kept = cp.mask_bins(contacts).kept
        all_bins = next(iter(select(contacts.bins, np.ones_like(kept), depth.scope, 2)))
        width = BINS * (contacts.bins.resolution or 0)
        kept_bins = next(iter(select(contacts.bins, kept, depth.scope, 2)))
        excess[label] = {method: [] for method in METHODS}
        for split in range(splits):
            rng = np.random.default_rng([SEED, split])
            training, held_out = split_contacts(contacts, rng)
            thinned = thin(training, depth.share, rng)
            operator = make_operator("native", held_out, all_bins, 1)
            training_operator = make_operator("native", thinned, kept_bins, 1)
            marginal = training_operator.product(training_operator.ones())
            has_data = np.zeros(len(kept), bool)
            has_data[np.flatnonzero(kept)] = marginal > 0
            for method in METHODS:
                name, _, chosen = method.partition(", ")
                settings: dict[str, Any] = {"scope": depth.scope.value, "ignore_diags": 2}
                if name == "kde_eb" and not chosen:
                    settings["bandwidth"] = width
                result = cp.balance(
                    thinned, name, mask=kept, threads=1, on_failure="nan", **settings
                )
                used = has_data & np.isfinite(result.weights)
                weights = np.where(used, result.weights, 0.0)
                excess[label][method].append(held_out_score("excess", operator, weights, used))
        print(f"{label}: done", flush=True)
    return excess


def main() -> None:
    """Measure everything and report it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--replicates", type=int, default=20)
    parser.add_argument("--splits", type=int, default=5)
    args = parser.parse_args()
    truth = true_densities()
    record = {
        "machine": machine(),
        "replicates": args.replicates,
        "splits": args.splits,
        "drift": measure_drift(truth, args.replicates),
        "ends": measure_ends(truth, args.replicates),
        "held_out": measure_held_out(args.folder, args.splits),
    }
    save("section12", record)
    report()


def report() -> None:
    """Publish the tables of the saved results."""
    record = load("section12")
    errors_by_steps = {int(count): errors for count, errors in record["drift"].items()}
    first = []
    for count, stated in DRIFT.items():
        errors = errors_by_steps[count]
        below = sum(error <= stated for error in errors)
        cells = [f"{count:,}", f"{stated:.4f}", mean_and_deviation(errors)]
        first.append([*cells, f"{below} of {len(errors)}"])
    second = []
    for label, both in ENDS.items():
        measured = map(mean, zip(*record["ends"][label], strict=True))
        second.append([label, *(f"{value:+.2f}" for value in (*both, *measured))])
    third = []
    for label, depth in DEPTHS.items():
        exact = "-" if depth.ice is None else f"{depth.ice:.2g}"
        ours = [mean_and_deviation(record["held_out"][label][method]) for method in METHODS]
        third.append([label, exact, f"{depth.kde_eb:.2g}", *ours])
    sections = [
        f"Reading A, {DRIFT_PAIRS:,} pairs, bandwidth {DRIFT_BANDWIDTH:g}: integrated squared "
        f"error of h after a number of steps, mean and standard deviation over "
        f"{record['replicates']} samples.",
        markdown(["steps", "prototype", "measured", "samples at or below the prototype's"], first),
        f"Reading C, {ENDS_PAIRS:,} pairs, bandwidth {ENDS_BANDWIDTH:g}: relative error of h at "
        "the two ends.",
        markdown(["ends", "prototype, first", "last", "measured, first", "measured, last"], second),
        f"Excess of held-out row sums, two diagonals ignored; `kde_eb` with a bandwidth of {BINS} "
        f"bins, as in the prototype, and with the one it chooses; mean and standard deviation over "
        f"{record['splits']} splits.",
        markdown(
            ["map", "prototype: ICE", "with EB", *(f"`{method}`" for method in METHODS)], third
        ),
        machine_line(record["machine"]),
    ]
    publish("section 12", "\n\n".join(part.strip() for part in sections))


def mean_and_deviation(values: Sequence[float | None]) -> str:
    """Format the mean and the standard deviation of the values that are not None."""
    numbers = [value for value in values if value is not None]
    return f"{mean(numbers):.2g} ±{stdev(numbers):.1g}" if len(numbers) > 1 else "-"


if __name__ == "__main__":
    main()
