"""Compare standard errors by formula with a Poisson bootstrap on real maps.

python -m benchmarks.kernel_density.standard_errors FOLDER [--draws 40]

Uses full maps and maps thinned to a hundredth of their contacts. Writes
results/standard_errors.json and the table in ../README.md. FOLDER holds the maps.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

import counterpoise as cp
from benchmarks.kernel_density.held_out import MAPS, select_chromosome, thin
from benchmarks.measuring import load, machine, machine_line, markdown, publish, save
from counterpoise.contacts.contact_map import load_rows

MAP_NAMES = ("yeast IV, 10 kb", "hESC chr1, 40 kb", "GM12878 chr22, 50 kb")
SHARES = (1.0, 0.01)
# Method and bandwidth as a fraction of the chromosome.
RUNS: tuple[tuple[str, float | None], ...] = (
    ("ice", None),
    ("kde_eb", 0.01),
)
SEED = 11


def main() -> None:
    """Measure both errors and report them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--draws", type=int, default=40)
    args = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for name in MAP_NAMES:
        file, resolution, chromosome = MAPS[name]
        full_map = cp.read_contacts(args.folder / file, resolution)
        part = select_chromosome(full_map, chromosome)
        kept = np.zeros(len(full_map.bins), bool)
        kept[part.lo : part.hi] = part.kept
        contacts = load_rows(full_map, part.lo, part.hi, part.hi)
        for share in SHARES:
            rng = np.random.default_rng(SEED)
            thinned = thin(contacts, share, rng) if share < 1 else contacts
            for method, bandwidth in RUNS:
                settings: dict[str, Any] = {
                    "mask": kept, "scope": "cis", "ignore_diags": 2, "on_failure": "keep"
                }  # fmt: skip
                if bandwidth is not None:
                    settings["bandwidth"] = bandwidth
                formula = cp.balance(thinned, method, **settings)
                bootstrap = cp.balance(thinned, method, **settings, bootstrap=args.draws)
                finite = np.isfinite(formula.se) & np.isfinite(bootstrap.se)
                ratios = formula.se[finite] / bootstrap.se[finite]
                rows.append(
                    {
                        "map": name,
                        "share": share,
                        "method": method,
                        "bandwidth": bandwidth,
                        "status": formula.status.value,
                        "formula": float(np.median(formula.se[finite])),
                        "bootstrap": float(np.median(bootstrap.se[finite])),
                        "ratio": np.quantile(ratios, [0.1, 0.5, 0.9]).tolist(),
                    }
                )
        print(f"{name}: done", flush=True)
    save("standard_errors", {"machine": machine(), "draws": args.draws, "rows": rows})
    report()


def report() -> None:
    """Publish the table of the saved results."""
    record = load("standard_errors")
    table = []
    for row in record["rows"]:
        low, middle, high = row["ratio"]
        width = "" if row["bandwidth"] is None else f", {row['bandwidth']:g}"
        method = row["method"] + width
        if row["status"] != cp.Status.CONVERGED:
            method += f" ({row['status'].replace('_', ' ')})"
        table.append(
            [
                row["map"],
                f"{row['share']:g}",
                method,
                f"{row['formula']:.3g}",
                f"{row['bootstrap']:.3g}",
                f"{middle:.2f} ({low:.2f} to {high:.2f})",
            ]
        )
    header = ["map", "share", "method, bandwidth", "formula", "bootstrap", "ratio"]
    text = markdown(header, table)
    publish("standard errors", f"{text}\n{machine_line(record['machine'])}")


if __name__ == "__main__":
    main()
