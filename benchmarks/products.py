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
from counterpoise.contacts.contact_map import Contacts

MAPS = {
    "yeast, 10 kb, genome": "yeast.10kb.cool",
    "mouse, 1 Mb, genome": "CN.mm9.1000kb.cool",
    "hESC, chr1, 40 kb": "hesc_dixon_chr1_40kb.cool",
    "GM12878, chr22, 50 kb": "gm12878_rao_primary_chr22_50kb.cool",
}
TOLERANCE = 1e-8
EXACT = ("ice", "ssk")
KERNEL = ("kde", "kde_eb")
BANDWIDTHS = {"1 bin": 1, "4 bins": 4, "32 bins": 32}


def count(contacts: Contacts, method: str, **settings: Any) -> str:
    """Return the products of a method on a map; ``never`` where it does not converge."""
    result = cp.balance(
        contacts,
        method,
        mask=cp.mask_bins(contacts),
        ignore_diags=2,
        tolerance=TOLERANCE,
        on_failure="nan",
        **settings,
    )
    return str(result.matvecs) if result.status is cp.Status.CONVERGED else "never"


def count_both(contacts: Contacts, method: str, **settings: Any) -> str:
    """Return the products with plain and with accelerated steps."""
    return " / ".join(
        count(contacts, method, solver=solver, **settings) for solver in ("plain", "anderson")
    )


def measure(path: Path, has_kernels: bool) -> dict[str, str]:
    """Return the products of every method on a map, by column of the table."""
    contacts = cp.read_contacts(str(path))
    row = {"kr": count(contacts, "kr", scope="genome")}
    row |= {method: count_both(contacts, method) for method in EXACT}
    for method in KERNEL:
        for label, bins in BANDWIDTHS.items():
            row[f"{method}, {label}"] = (
                count_both(contacts, method, bandwidth=float(bins * contacts.bins.resolution))
                if has_kernels
                else ""
            )
    return row


def table(record: dict[str, Any]) -> str:
    """Format the counts."""
    rows = record["rows"]
    header = ["map", *next(iter(rows.values()))]
    lines = [[name, *row.values()] for name, row in rows.items()]
    return f"{markdown(header, lines)}\n{machine_line(record['machine'])}\n"


def main() -> None:
    """Count, save and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    rows = {label: measure(args.folder / name, "chr" in label) for label, name in MAPS.items()}
    record = {"machine": machine(), "rows": rows}
    save("products", record)
    publish("products", table(record))


if __name__ == "__main__":
    main()
