"""Measure what the choice of a bandwidth costs on held-out contacts of real maps.

python -m benchmarks.kernel_density.regret FOLDER [--splits 2] [--processes 2]

The contacts of each map are split in two. One half is thinned to a share of its contacts, and each
kernel method chooses a bandwidth for it. Then every candidate is balanced, and the other half says
how uneven the row sums of new contacts are with each (the excess: their variance beyond counting
noise, relative to the squared mean). The regret is the excess with the chosen bandwidth over that
with the best candidate in hindsight; the calibration is the expected excess over the one found.
Writes results/regret.json and the tables in ../README.md. FOLDER holds the maps.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product, repeat
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
from numpy.typing import NDArray

import counterpoise as cp
from benchmarks.kernel_density.held_out import MAPS as DEEP_MAPS
from benchmarks.kernel_density.held_out import SEED, select_chromosome, thin
from benchmarks.measuring import load, machine, machine_line, markdown, publish, save
from counterpoise.backends import make_operator
from counterpoise.backends.base import Operator
from counterpoise.contacts.contact_map import Contacts
from counterpoise.methods import methods
from counterpoise.methods.kernel.cross_validation import split_contacts

MAPS = {**DEEP_MAPS, "Scc1 control chr19, 10 kb": ("Scc1-control.10000.cool", None, "chr19")}
DEPTHS = (1.0, 0.1, 0.03, 0.01, 0.003)
METHODS = ("kde", "kde_eb", "ssk_cv")


def excess(held_out: Operator, weights: NDArray[np.float64]) -> float:
    """Return the variance of held-out row sums beyond counting, relative to the squared mean.

    Infinite where a bin has no weight, or where weights are so uneven that noise exceeds it all.
    """
    if not np.isfinite(weights).all():
        return float("inf")
    sums, noise = (v * held_out.product(v) for v in (weights, weights**2))
    value = float(((sums - sums.mean()) ** 2 - noise).mean() / sums.mean() ** 2)
    return value if value > 0 else float("inf")


@dataclass(frozen=True)
class Halves:
    """The two halves of a chromosome's contacts.

    Attributes
    ----------
    bins : int
        Bins of the chromosome.
    kept : numpy.ndarray
        bool [bins of the map], the bins of the chromosome with contacts.
    held_out : Operator
        One half.
    thinned : iterator
        The other half at each depth: the depth, the contacts, and their number per bin.
    """

    bins: int
    kept: NDArray[np.bool_]
    held_out: Operator
    thinned: Iterator[tuple[float, Contacts, float]]


def split_map(name: str, split: int, folder: Path) -> Halves:
    """Split the contacts of a map at random; the same split gives the same halves."""
    file, resolution, chromosome = MAPS[name]
    contacts = cp.read_contacts(folder / file, resolution)
    selection = select_chromosome(contacts, chromosome)
    kept = np.zeros(len(contacts.bins), bool)
    kept[selection.lo : selection.hi] = selection.kept
    rng = np.random.default_rng([SEED, split])
    training, testing = split_contacts(contacts, rng)

    def thinned() -> Iterator[tuple[float, Contacts, float]]:
        for depth in DEPTHS:
            half = thin(training, depth, rng)
            operator = make_operator("native", half, selection, 1)
            yield depth, half, float(operator.product(operator.ones()).mean())

    held_out = make_operator("native", testing, selection, 1)
    return Halves(len(selection.kept), kept, held_out, thinned())


def measure(name: str, split: int, folder: Path) -> list[dict[str, Any]]:
    """Measure every method at every depth on one split of a map."""
    halves = split_map(name, split, folder)
    kept, held_out = halves.kept, halves.held_out
    rows = []
    for depth, thinned, a_bin in halves.thinned:
        for method in METHODS:
            begin = time.process_time()
            chosen = cp.balance(thinned, method, mask=kept, threads=1)
            seconds = time.process_time() - begin
            found = {}
            for bandwidth in methods()[method].settings().candidates(halves.bins):
                result = cp.balance(thinned, method, mask=kept, threads=1, bandwidth=bandwidth)
                found[bandwidth] = excess(held_out, result.weights[kept])
            expected = (chosen.verdict.expected_unevenness or np.nan) / 100
            with_chosen = excess(held_out, chosen.weights[kept])
            rows.append(
                {
                    "map": name,
                    "depth": depth,
                    "contacts_a_bin": a_bin,
                    "method": method,
                    "chosen": chosen.searches[0].bandwidth.value * halves.bins,
                    "best": min(found, key=lambda b: found[b]) * halves.bins,
                    "regret": with_chosen / min(found.values()),
                    "calibration": expected**2 / with_chosen,
                    "seconds": seconds,
                }
            )
    return rows


def main() -> None:
    """Measure all splits of all maps and report the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--splits", type=int, default=2)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    jobs = list(product(MAPS, range(args.splits)))
    rows: list[dict[str, Any]] = []
    with ProcessPoolExecutor(args.processes) as pool:
        for number, found in enumerate(
            pool.map(measure, *zip(*jobs, strict=True), repeat(args.folder)), start=1
        ):
            rows += found
            print(f"{number} of {len(jobs)} splits done", flush=True)
    save("regret", {"machine": machine(), "splits": args.splits, "rows": rows}, indent=None)
    report()


def report() -> None:
    """Publish the tables of the saved results."""
    record = load("regret")
    rows = record["rows"]
    table = []
    for name, depth in product(MAPS, DEPTHS):
        here = [row for row in rows if (row["map"], row["depth"]) == (name, depth)]
        cells = [name, f"{mean(row['contacts_a_bin'] for row in here):,.1f}"]
        for method in METHODS:
            own = [row for row in here if row["method"] == method]
            bandwidths = ", ".join(f"{row['chosen']:.3g} ({row['best']:.3g})" for row in own)
            cells += [bandwidths, f"{max(row['regret'] for row in own):.2f}"]
            cells.append(f"{mean(row['calibration'] for row in own):.2f}")
        table.append(cells)
    heads = [f"{method}{what}" for method in METHODS for what in (", bins", "", ", expected")]
    summary = [
        [
            method,
            f"{mean(values):.3f}",
            f"{median(values):.3f}",
            f"{max(values):.2f}",
            f"{max(row['seconds'] for row in rows if row['method'] == method):.2f}",
        ]
        for method in METHODS
        for values in [[row["regret"] for row in rows if row["method"] == method]]
    ]
    sections = [
        f"Regret over {len(MAPS)} maps, {len(DEPTHS)} depths and {record['splits']} splits, and "
        "the longest CPU time of a balancing with its choice:",
        markdown(["method", "mean regret", "median", "worst", "seconds"], summary),
        "By map and contacts per bin. For each method: the chosen bandwidth in bins and, in "
        "brackets, the best in hindsight; the worst regret; and the expected excess over the one "
        "found:",
        markdown(["map", "contacts per bin", *heads], table),
        machine_line(record["machine"]),
    ]
    publish("regret", "\n\n".join(part.strip() for part in sections))


if __name__ == "__main__":
    main()
