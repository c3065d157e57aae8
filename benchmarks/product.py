"""The symmetric product alone: time, bytes moved, fraction of the machine's memory bandwidth.

python -m benchmarks.product [--maps a,b,c,c10] [--seconds 10]

Bandwidth is measured in the same run, before and after each map, since it drifts. Writes
results/product.json and the table in README.md.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import counterpoise as cp
from benchmarks.bandwidth import bandwidth
from benchmarks.measuring import in_words, load, machine, markdown, on_two_cores, publish, save
from benchmarks.simulated import simulated
from counterpoise.backends import make_operator
from counterpoise.contacts.selection import Scope, select

IGNORE_DIAGS = 2


def measured(name: str, seconds: float) -> dict[str, Any]:
    """Products of one map for so many seconds, after one that is not counted."""
    contacts = cp.read_contacts(simulated(name).path)
    kept = cp.mask_bins(contacts).kept
    whole = next(iter(select(contacts.bins, kept, Scope.GENOME, IGNORE_DIAGS)))
    before = max(bandwidth().values())
    operator = make_operator("native", contacts, whole)
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
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--maps", default="a,b,c,c10")
    words.add_argument("--seconds", type=float, default=10.0)
    args = words.parse_args()
    on_two_cores()
    record = load("product")
    for name in args.maps.split(","):
        record[name] = {**measured(name, args.seconds), "machine": machine()}
        save("product", record)
    publish("product", table(record))


def table(record: dict[str, Any]) -> str:
    header = ["map", "nonzeros", "ns a nonzero, least (median)", "bytes a nonzero"]
    header += ["GB/s, best (median)", "the machine's GB/s", "fraction, best (median)"]
    rows = []
    for name, found in sorted(record.items()):
        times, moved, machines = found["seconds"], found["bytes"], found["bandwidth"]
        least, middle = (times[key] / found["nonzeros"] * 1e9 for key in ("least", "median"))
        best, usual = (moved / times[key] / 1e9 for key in ("least", "median"))
        rows.append(
            [
                name,
                f"{found['nonzeros']:,}",
                f"{least:.2f} ({middle:.2f})",
                f"{moved / found['nonzeros']:.2f}",
                f"{best:.1f} ({usual:.1f})",
                f"{machines:.1f}",
                f"**{best / machines:.0%}** ({usual / machines:.0%})",
            ]
        )
    latest = max((found["machine"] for found in record.values()), key=lambda facts: facts["date"])
    return markdown(header, rows) + "\n" + in_words(latest)


if __name__ == "__main__":
    main()
