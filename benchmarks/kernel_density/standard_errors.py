"""Standard errors by formula, against a Poisson bootstrap, on real maps.

python -m benchmarks.kernel_density.standard_errors FOLDER [--draws 40]

Whole maps and maps thinned to a hundredth. Writes results/standard_errors.json and the table in
../README.md. FOLDER holds the maps.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

import counterpoise as cp
from benchmarks.kernel_density.held_out import MAPS, part_of, thinned
from benchmarks.measuring import in_words, load, machine, markdown, publish, save
from counterpoise.contacts.contact_map import load_rows

SHOWN = ("yeast IV, 10 kb", "hESC chr1, 40 kb", "GM12878 chr22, 50 kb")
SHARES = (1.0, 0.01)
# The method, and its bandwidth as a fraction of the chromosome.
RUNS: tuple[tuple[str, float | None], ...] = (
    ("ice", None),
    ("kde", 0.005),
    ("kde", 0.03),
    ("kde_eb", 0.01),
)
SEED = 11


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--draws", type=int, default=40)
    args = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for name in SHOWN:
        file, resolution, chromosome = MAPS[name]
        whole = cp.read_contacts(args.folder / file, resolution)
        part = part_of(whole, chromosome)
        kept = np.zeros(len(whole.bins), bool)
        kept[part.lo : part.hi] = part.kept
        contacts = load_rows(whole, part.lo, part.hi, part.hi)
        for share in SHARES:
            thin = thinned(contacts, share, np.random.default_rng(SEED)) if share < 1 else contacts
            for method, bandwidth in RUNS:
                settings: dict[str, Any] = {"mask": kept, "scope": "cis", "ignore_diags": 2}
                if bandwidth is not None:
                    settings["bandwidth"] = bandwidth
                formula = cp.balance(thin, method, **settings)
                drawn = cp.balance(thin, method, **settings, bootstrap=args.draws)
                known = np.isfinite(formula.se) & np.isfinite(drawn.se)
                ratios = formula.se[known] / drawn.se[known]
                rows.append(
                    {
                        "map": name,
                        "share": share,
                        "method": method,
                        "bandwidth": bandwidth,
                        "status": formula.status.value,
                        "formula": float(np.median(formula.se[known])),
                        "bootstrap": float(np.median(drawn.se[known])),
                        "ratio": np.quantile(ratios, [0.1, 0.5, 0.9]).tolist(),
                    }
                )
        print(f"{name}: done", flush=True)
    save("standard_errors", {"machine": machine(), "draws": args.draws, "rows": rows})
    report()


def report() -> None:
    """The table, from what was saved."""
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
    header = ["map", "share", "method, bandwidth", "formula", "bootstrap", "their ratio"]
    text = markdown(header, table)
    publish("standard errors", f"{text}\n{in_words(record['machine'])}")


if __name__ == "__main__":
    main()
