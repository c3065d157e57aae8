"""Figures of an independent prototype of kernel density balancing, measured anew.

python -m benchmarks.kernel_density.section12 FOLDER [--replicates 20]

How far reading A drifts with its number of steps, how far off the bias is at the ends of a
chromosome with and without a correction, and the excess of held-out row sums with empirical Bayes
at a bandwidth of ten bins. FOLDER holds the maps. Writes results/section12.json and the tables in
../README.md, the prototype's figures beside them.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

import counterpoise as cp
from benchmarks.kernel_density.held_out import thinned, unevenness
from benchmarks.kernel_density.simulation import N_BINS, Truth, draw, truth
from benchmarks.measuring import in_words, load, machine, markdown, publish, save
from counterpoise.backends import make_operator
from counterpoise.balancing.cross_validation import split_contacts
from counterpoise.contacts.chromosomes import ChromosomeBins
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope, select
from counterpoise.methods.kde import KdeSettings, Variant, step
from counterpoise.methods.kernel.settings import Score
from counterpoise.methods.kernel.smoothing import Gaussian, Smoother

Floats = NDArray[np.float64]

# The prototype's: error of reading A after so many steps; bias of h at the first and the last bin.
DRIFT = {10: 0.0010, 30: 0.0016, 100: 0.0021, 1000: 0.0030, 30_000: 0.0037}
DRIFT_PAIRS, DRIFT_BANDWIDTH = 3000, 0.05
ENDS = {"reflected": (0.04, 0.16), "renormalised": (0.03, 0.15), "no correction": (-0.47, -0.41)}
ENDS_PAIRS, ENDS_BANDWIDTH = 300_000, 0.03
LONGEST = 2000  # steps of reading C, which is at its end long before


@dataclass(frozen=True)
class Depth:
    """Held-out excess at one depth, the prototype's; None where ICE did not converge."""

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
# Two that look for the same weights, the kernel at the prototype's bandwidth, and at a chosen one.
BINS = 10
METHODS = ("ice", "kr", "kde_eb", "kde_eb, cv")
SEED = 12


class Dense:
    """A Gaussian without reflection, as a matrix; its rows sum to one where they are to."""

    def __init__(self, sigma: float, n: int, to_one: bool) -> None:
        apart = np.subtract.outer(np.arange(n), np.arange(n))
        self._kernel = np.exp(-0.5 * (apart / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
        if to_one:
            self._kernel /= self._kernel.sum(axis=1, keepdims=True)

    def smooth(self, x: Floats) -> Floats:
        return np.asarray(self._kernel @ x)

    def spread(self, x: Floats) -> Floats:
        return np.asarray(self._kernel.T @ x)


def smoothers(bandwidth: float) -> dict[str, Any]:
    """With each way to treat the ends."""
    chromosome = ChromosomeBins(np.ones(N_BINS, bool), 1.0)
    return {
        "reflected": Gaussian([chromosome], bandwidth, np.ones(N_BINS), np),
        "renormalised": Dense(bandwidth * N_BINS, N_BINS, to_one=True),
        "no correction": Dense(bandwidth * N_BINS, N_BINS, to_one=False),
    }


def stepped(
    contacts: Contacts, smoother: Smoother, variant: Variant, steps: list[int]
) -> list[Floats]:
    """h after each of so many steps from u = 1, or where it stands still before that."""
    every = np.ones(N_BINS, bool)
    selection = next(iter(select(contacts.bins, every, Scope.CIS, diagonal=2)))
    operator = make_operator("native", contacts, selection, 1)
    settings = KdeSettings(variant=variant.value)
    u = operator.ones()
    row_sum = operator.product(u).mean()
    found = []
    for count in range(1, max(steps) + 1):
        sums = step(operator, smoother, u, row_sum, settings)
        u = u / np.sqrt(sums)
        still = bool(abs(sums - 1).max() < 1e-10)
        found += [1 / u] * sum(count == wanted or (still and count < wanted) for wanted in steps)
        if still:
            break
    return found


def drift(real: Truth, replicates: int) -> dict[int, list[float]]:
    """Integrated squared errors of reading A, by the number of steps."""
    errors: dict[int, list[float]] = {count: [] for count in DRIFT}
    smoother = smoothers(DRIFT_BANDWIDTH)["reflected"]
    for replicate in range(replicates):
        rng = np.random.default_rng([2506, DRIFT_PAIRS, replicate])
        contacts = draw(real.f, DRIFT_PAIRS, rng)
        found = stepped(contacts, smoother, Variant.OBSERVATION, list(DRIFT))
        for count, h in zip(DRIFT, found, strict=True):
            errors[count].append(float(((h - real.h) ** 2).mean()))
    return errors


def ends(real: Truth, replicates: int) -> dict[str, list[tuple[float, float]]]:
    """Relative errors of h at the first and last bin with reading C, by what is done there."""
    errors: dict[str, list[tuple[float, float]]] = {label: [] for label in ENDS}
    for replicate in range(replicates):
        rng = np.random.default_rng([2506, ENDS_PAIRS, replicate])
        contacts = draw(real.f, ENDS_PAIRS, rng)
        for label, smoother in smoothers(ENDS_BANDWIDTH).items():
            h = stepped(contacts, smoother, Variant.DENSITY, [LONGEST])[0]
            errors[label].append((float(h[0] / real.h[0] - 1), float(h[-1] / real.h[-1] - 1)))
    return errors


def held_out(folder: Path, splits: int) -> dict[str, dict[str, list[float | None]]]:
    """Excess of held-out row sums, by map and method; None where there are no weights."""
    found: dict[str, dict[str, list[float | None]]] = {}
    for label, depth in DEPTHS.items():
        contacts = cp.read_contacts(folder / depth.file)
        kept = cp.mask_bins(contacts).kept
        every = next(iter(select(contacts.bins, np.ones_like(kept), depth.scope, 2)))
        width = BINS * (contacts.bins.resolution or 0)
        whole = next(iter(select(contacts.bins, kept, depth.scope, 2)))
        found[label] = {method: [] for method in METHODS}
        for split in range(splits):
            rng = np.random.default_rng([SEED, split])
            learn, hold = split_contacts(contacts, rng)
            thin = thinned(learn, depth.share, rng)
            operator = make_operator("native", hold, every, 1)
            ends = make_operator("native", thin, whole, 1)
            data = np.zeros(len(kept), bool)
            data[np.flatnonzero(kept)] = ends.product(ends.ones()) > 0
            for method in METHODS:
                name, _, chosen = method.partition(", ")
                settings: dict[str, Any] = {"scope": depth.scope.value, "ignore_diags": 2}
                if name == "kde_eb" and not chosen:
                    settings["bandwidth"] = width
                result = cp.balance(thin, name, mask=kept, threads=1, on_failure="nan", **settings)
                used = data & np.isfinite(result.weights)
                weights = np.where(used, result.weights, 0.0)
                found[label][method].append(unevenness(Score.EXCESS, operator, weights, used))
        print(f"{label}: done", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--replicates", type=int, default=20)
    parser.add_argument("--splits", type=int, default=5)
    args = parser.parse_args()
    real = truth()
    record = {
        "machine": machine(),
        "replicates": args.replicates,
        "splits": args.splits,
        "drift": drift(real, args.replicates),
        "ends": ends(real, args.replicates),
        "held_out": held_out(args.folder, args.splits),
    }
    save("section12", record)
    report()


def report() -> None:
    """The tables, from what was saved."""
    record = load("section12")
    drifted = {int(count): found for count, found in record["drift"].items()}
    first = []
    for count, stated in DRIFT.items():
        found = drifted[count]
        below = sum(error <= stated for error in found)
        first.append([f"{count:,}", f"{stated:.4f}", spread(found), f"{below} of {len(found)}"])
    second = []
    for label, both in ENDS.items():
        measured = map(mean, zip(*record["ends"][label], strict=True))
        second.append([label, *(f"{value:+.2f}" for value in (*both, *measured))])
    third = []
    for label, depth in DEPTHS.items():
        exact = "-" if depth.ice is None else f"{depth.ice:.2g}"
        ours = [spread(record["held_out"][label][method]) for method in METHODS]
        third.append([label, exact, f"{depth.kde_eb:.2g}", *ours])
    told = [
        f"Reading A, {DRIFT_PAIRS:,} pairs, bandwidth {DRIFT_BANDWIDTH:g}: integrated squared "
        f"error of h after so many steps, mean and standard deviation over "
        f"{record['replicates']} samples.",
        markdown(["steps", "prototype", "measured", "samples at or below the prototype's"], first),
        f"Reading C, {ENDS_PAIRS:,} pairs, bandwidth {ENDS_BANDWIDTH:g}: relative error of h at "
        "the two ends.",
        markdown(["ends", "prototype, first", "last", "measured, first", "measured, last"], second),
        f"Excess of held-out row sums, two diagonals left out; `kde_eb` at {BINS} bins, as the "
        f"prototype, and by cross-validation; mean and standard deviation over "
        f"{record['splits']} splits.",
        markdown(
            ["map", "prototype: ICE", "with EB", *(f"`{method}`" for method in METHODS)], third
        ),
        in_words(record["machine"]),
    ]
    publish("section 12", "\n\n".join(part.strip() for part in told))


def spread(found: list[float | None]) -> str:
    """Mean and standard deviation of those that are there."""
    there = [value for value in found if value is not None]
    return f"{mean(there):.2g} ±{stdev(there):.1g}" if len(there) > 1 else "-"


if __name__ == "__main__":
    main()
