"""Measure the symmetric product: time, bytes moved, fraction of the memory bandwidth.

python -m benchmarks.product [--maps a,b,c,c10] [--seconds 10]

The bandwidth drifts, so it is measured before and after each map. Writes results/product.json and
the table in README.md.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import counterpoise as cp
from benchmarks.bandwidth import bandwidth
from benchmarks.measuring import load, machine, machine_line, markdown, publish, save, use_two_cores
from benchmarks.simulated import write_map
from counterpoise.backends import make_operator
from counterpoise.contacts.selection import Scope, select

IGNORE_DIAGS = 2


def measure(name: str, seconds: float) -> dict[str, Any]:
    """Time products with one map for some seconds, after one untimed product."""
    contacts = cp.read_contacts(write_map(name))
    kept = cp.mask_bins(contacts).kept
    selection = next(iter(select(contacts.bins, kept, Scope.GENOME, IGNORE_DIAGS)))
    before = max(bandwidth().values())
    operator = make_operator("native", contacts, selection)
    x = operator.product(operator.ones())
    x /= x.max()
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        begin = time.perf_counter()
        operator.product(x)
        times.append(time.perf_counter() - begin)
    return {
        "bins": len(contacts.bins),
        "nonzeros": contacts.nnz,
        "products": len(times),
        "seconds": {"least": min(times), "median": statistics.median(times)},
        "bytes": operator.bytes_per_product,
        "bandwidth": max(before, *bandwidth().values()),
    }


def main() -> None:
    """Measure each map and publish the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--maps", default="a,b,c,c10")
    parser.add_argument("--seconds", type=float, default=10.0)
    args = parser.parse_args()
    use_two_cores()
    record = load("product")
    for name in args.maps.split(","):
        record[name] = {**measure(name, args.seconds), "machine": machine()}
        save("product", record)
    publish("product", table(record))


def table(record: dict[str, Any]) -> str:
    """Format the results as a table."""
    header = ["map", "nonzeros", "ns per nonzero, minimum (median)", "bytes per nonzero"]
    header += ["GB/s, best (median)", "GB/s of the machine", "fraction, best (median)"]
    rows = []
    for name, result in sorted(record.items()):
        times, moved, available = result["seconds"], result["bytes"], result["bandwidth"]
        fastest, median = (times[key] / result["nonzeros"] * 1e9 for key in ("least", "median"))
        best, typical = (moved / times[key] / 1e9 for key in ("least", "median"))
        rows.append(
            [
                name,
                f"{result['nonzeros']:,}",
                f"{fastest:.2f} ({median:.2f})",
                f"{moved / result['nonzeros']:.2f}",
                f"{best:.1f} ({typical:.1f})",
                f"{available:.1f}",
                f"**{best / available:.0%}** ({typical / available:.0%})",
            ]
        )
    latest = max((result["machine"] for result in record.values()), key=lambda facts: facts["date"])
    return markdown(header, rows) + "\n" + machine_line(latest)


if __name__ == "__main__":
    main()
