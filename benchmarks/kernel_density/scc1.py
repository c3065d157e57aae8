"""Balance sparse mouse maps at 10 kb (with and without cohesin) by ICE, KR, SSK and KDE.

python -m benchmarks.kernel_density.scc1 FOLDER

Keeps every bin with contacts. Writes results/scc1.json and the table in ../README.md. FOLDER holds
the maps; ``snakemake --profile local --config cohort=scc1`` downloads them.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

import counterpoise as cp
from benchmarks.measuring import load, machine, machine_line, markdown, publish, save
from counterpoise.contacts.bins import format_length
from counterpoise.records.verdict import Status

MAPS = {"control": "Scc1-control.10000.cool", "knock-out": "Scc1-KO.10000.cool"}
METHODS = ("ice", "kr", "ssk", "kde")


def measure(name: str, file: Path) -> list[dict[str, Any]]:
    """Balance one map by each method, chromosome by chromosome."""
    contacts = cp.read_contacts(file)
    kept = np.diff(contacts.indptr) > 0
    kept[np.unique(contacts.columns)] = True
    rows = []
    for method in METHODS:
        begin = time.perf_counter()
        settings: dict[str, Any] = {"scope": "cis", "ignore_diags": 2, "on_failure": "nan"}
        result = cp.balance(contacts, method, mask=kept, **settings)
        parts = [part for part in result.verdict.parts if part.status is not Status.EMPTY]
        widths = [part.bandwidth for part in parts if part.bandwidth is not None]
        rows.append(
            {
                "map": name,
                "bins": int(kept.sum()),
                "contacts": int(contacts.counts.sum(dtype=np.int64)),
                "method": method,
                "chromosomes": len(parts),
                "balanced": sum(part.status.balanced for part in parts),
                "weights": int(np.isfinite(result.weights).sum()),
                "iterations": [min(p.iterations for p in parts), max(p.iterations for p in parts)],
                "bandwidth": [min(widths), max(widths)] if widths else None,
                "median_se": result.verdict.median_se,
                "seconds": time.perf_counter() - begin,
            }
        )
        print(f"{name}, {method}: {result.status.value}", flush=True)
    return rows


def main() -> None:
    """Balance both maps and report the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    rows = [row for name, file in MAPS.items() for row in measure(name, args.folder / file)]
    save("scc1", {"machine": machine(), "rows": rows})
    report()


def report() -> None:
    """Publish the table of the saved results."""
    record = load("scc1")
    table = []
    for row in record["rows"]:
        widths = row["bandwidth"]
        iterations = dict.fromkeys(row["iterations"])
        table.append(
            [
                row["map"],
                row["method"],
                f"{row['balanced']} of {row['chromosomes']}",
                f"{row['weights']:,} of {row['bins']:,} ({row['weights'] / row['bins']:.1%})",
                " to ".join(f"{each:,}" for each in iterations),
                ""
                if widths is None
                else " to ".join(dict.fromkeys(format_length(w) for w in widths)),
                "-" if row["median_se"] is None else f"{row['median_se']:.0%}",
                f"{row['seconds']:.0f}",
            ]
        )
    header = ["map", "method", "chromosomes balanced", "bins with a weight", "iterations"]
    header += ["bandwidth", "error of a weight, median", "seconds"]
    publish("scc1", f"{markdown(header, table)}\n{machine_line(record['machine'])}")


if __name__ == "__main__":
    main()
