"""Measure what the method `auto` costs against the best of its candidates in hindsight.

python -m benchmarks.kernel_density.choice FOLDER [--splits 2] [--processes 2]

The contacts of each map are split in two. One half is thinned to a share of its contacts and
balanced by `auto` and by each candidate. The other half says how uneven the row sums of new
contacts are with each (the excess of ``regret.py``), on the bins that all considered candidates
give weights. The regret is the excess with the chosen method over the least. Writes
results/choice.json and the tables in ../README.md. FOLDER holds the maps.
"""

from __future__ import annotations

import argparse
import math
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import product, repeat
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from numpy.typing import NDArray

import counterpoise as cp
from benchmarks.kernel_density.regret import DEPTHS, MAPS, split_map
from benchmarks.measuring import load, machine, machine_line, markdown, publish, save
from counterpoise.backends.base import Operator
from counterpoise.methods.auto import AutoSettings, candidate_settings

CANDIDATES = tuple(candidate_settings(AutoSettings()))


def excess(held_out: Operator, weights: NDArray[np.float64], bins: NDArray[np.bool_]) -> float:
    """Return the variance of held-out row sums of some bins beyond counting, over the squared mean.

    Bins without weights are given the weight 0.
    """
    given = np.nan_to_num(weights)
    sums, noise = (v * held_out.product(v) for v in (given, given**2))
    level = sums[bins].mean()
    return float(((sums / level - 1) ** 2 - noise / level**2)[bins].mean())


def measure(name: str, split: int, folder: Path) -> list[dict[str, Any]]:
    """Measure every depth on one split of a map."""
    halves = split_map(name, split, folder)
    kept, held_out = halves.kept, halves.held_out
    rows = []
    for depth, thinned, a_bin in halves.thinned:
        begin = time.process_time()
        chosen = cp.balance(thinned, "auto", mask=kept, threads=1).verdict.choice
        seconds = time.process_time() - begin
        assert chosen is not None
        considered = [each for each in chosen.candidates if not each.rejected]
        weights = {
            each.method: cp.balance(
                thinned, each.method, mask=kept, threads=1, scope="cis", ignore_diags=2
            ).weights[kept]
            for each in considered
        }
        common = np.all([np.isfinite(of_bins) for of_bins in weights.values()], axis=0)
        found = {each: excess(held_out, of_bins, common) for each, of_bins in weights.items()}
        expected = {each.method: each.expected_unevenness for each in considered}
        rows.append(
            {
                "map": name,
                "depth": depth,
                "contacts_a_bin": a_bin,
                "chosen": chosen.method,
                "excess": found,
                "expected": expected,
                "regret": found[chosen.method] / min(found.values()),
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
        for found in pool.map(measure, *zip(*jobs, strict=True), repeat(args.folder)):
            rows += found
            print(f"{len(rows)} of {len(jobs) * len(DEPTHS)} done", flush=True)
    save("choice", {"machine": machine(), "splits": args.splits, "rows": rows}, indent=None)
    report()


def report() -> None:
    """Publish the tables of the saved results."""
    record = load("choice")
    rows = record["rows"]
    regrets = [row["regret"] for row in rows]
    always = {
        method: [
            row["excess"][method] / min(row["excess"].values())
            for row in rows
            if method in row["excess"]
        ]
        for method in CANDIDATES
    }
    summary = [["auto", f"{mean(regrets):.2f}", f"{max(regrets):.2f}", str(len(rows))]]
    summary += [
        [method, f"{mean(own):.2f}", f"{max(own):.2f}", str(len(own))]
        for method, own in always.items()
    ]
    table = []
    for name, depth in product(MAPS, DEPTHS):
        here = [row for row in rows if (row["map"], row["depth"]) == (name, depth)]
        cells = [name, f"{mean(row['contacts_a_bin'] for row in here):,.1f}"]
        cells.append(", ".join(row["chosen"] for row in here))
        for method in CANDIDATES:
            cells.append(", ".join(_of_row(row, method) for row in here))
        cells.append(", ".join(f"{row['regret']:.2f}" for row in here))
        table.append(cells)
    sections = [
        f"Excess over the least of the candidates, over {len(MAPS)} maps, {len(DEPTHS)} depths "
        f"and {record['splits']} splits; a candidate counts where it is considered:",
        markdown(["method", "mean regret", "worst", "maps"], summary),
        "By map and contacts per bin, for each split: the chosen method; the unevenness of "
        "held-out contacts with each candidate and, in brackets, what was expected (percent; `x` "
        "where a candidate leaves too many bins without weights); the regret:",
        markdown(["map", "contacts per bin", "chosen", *CANDIDATES, "regret"], table),
        machine_line(record["machine"]),
    ]
    publish("choice", "\n\n".join(part.strip() for part in sections))


def _of_row(row: dict[str, Any], method: str) -> str:
    """Return the unevenness that was found with a candidate, and the expected one."""
    if method not in row["excess"]:
        return "x"
    found = 100 * math.sqrt(max(row["excess"][method], 0.0))
    expected = row["expected"][method]
    return f"{found:.2g}" + ("" if expected is None else f" ({expected:.2g})")


if __name__ == "__main__":
    main()
