"""Count the products with the map that each method needs, with accelerated and with plain steps.

python -m benchmarks.products FOLDER

FOLDER holds the real maps of ``MAPS``. All methods balance the same bins (cooler's filters, without
two diagonals) until the largest deviation is below 1e-8. Counts do not depend on the machine.
Writes results/products.json and the table in README.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import counterpoise as cp
from benchmarks.measuring import machine, machine_line, markdown, publish, save

MAPS = {
    "yeast, 10 kb, genome": "yeast.10kb.cool",
    "mouse, 1 Mb, genome": "CN.mm9.1000kb.cool",
    "hESC, chr1, 40 kb": "hesc_dixon_chr1_40kb.cool",
    "GM12878, chr22, 50 kb": "gm12878_rao_primary_chr22_50kb.cool",
}
TOLERANCE = 1e-8
BINS = (1, 4, 32)
EXACT: dict[str, dict[str, Any]] = {
    "ice": {"ignore_diags": 2},
    "ssk": {"ignore_diags": 2},
}
LIMIT = 1000


def count(path: Path, **settings: Any) -> str:
    """Return the products of a method on a map; ``never`` where it does not converge."""
    contacts = cp.read_contacts(str(path))
    mask = cp.mask_bins(contacts)
    result = cp.balance(contacts, mask=mask, tolerance=TOLERANCE, on_failure="nan", **settings)
    return f"{result.matvecs}" if result.status is cp.Status.CONVERGED else "never"


def measure(folder: Path) -> list[dict[str, Any]]:
    """Return the products of every method on every map that has them."""
    rows = []
    for label, name in MAPS.items():
        path = folder / name
        row = {"map": label}
        row["kr"] = count(path, method="kr", scope="genome", ignore_diags=2)
        for method, settings in EXACT.items():
            for solver in ("plain", "anderson"):
                row[f"{method} {solver}"] = count(
                    path, method=method, solver=solver, max_iterations=LIMIT, **settings
                )
        if "chr" in label:
            size = cp.read_contacts(str(path)).bins.resolution
            for method in ("kde", "kde_eb"):
                for bins in BINS:
                    for solver in ("plain", "anderson"):
                        row[f"{method} {bins} {solver}"] = count(
                            path, method=method, bandwidth=float(bins * size), solver=solver
                        )
        print(row, flush=True)
        rows.append(row)
    return rows


def table(record: dict[str, Any]) -> str:
    """Format the counts: plain, then accelerated."""
    header = [
        "map",
        "kr",
        "ice",
        "ssk",
        *(f"{m}, {b} bins" for m in ("kde", "kde_eb") for b in BINS),
    ]
    lines = []
    for row in record["rows"]:
        keys = ["ice", "ssk", *(f"{m} {b}" for m in ("kde", "kde_eb") for b in BINS)]
        pairs = [
            f"{row[f'{key} plain']} / {row[f'{key} anderson']}" if f"{key} plain" in row else ""
            for key in keys
        ]
        lines.append([row["map"], row["kr"], *pairs])
    return f"{markdown(header, lines)}\n{machine_line(record['machine'])}\n"


def main() -> None:
    """Count, save and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    record = {"machine": machine(), "rows": measure(args.folder)}
    save("products", record)
    publish("products", table(record))


if __name__ == "__main__":
    main()
