"""Compare the time of an iteration of the kernel methods with one of SSK at 25,000 bins.

python -m benchmarks.kernel_density.iteration [--rounds 7] [--maps a,sparse,prime]

Times the solvers alone, with the map in memory. The time of an iteration is the difference between
runs of many and of few iterations, divided by the difference of their numbers, which excludes work
done once. Every round runs all methods in turn; ratios are taken within a round. Writes
results/iteration.json and the table in ../README.md.
"""

from __future__ import annotations

import argparse
import time
from itertools import product
from statistics import median
from typing import Any

import counterpoise as cp
from benchmarks.measuring import load, machine, machine_line, markdown, publish, save, use_two_cores
from benchmarks.simulated import MAPS, write_map
from counterpoise.backends import make_operator
from counterpoise.balancing.api import make_settings
from counterpoise.contacts.chromosomes import chromosome_bins
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope, select
from counterpoise.methods import methods
from counterpoise.methods.base import Problem
from counterpoise.methods.recorder import Recorder

FEW, MANY = 10, 110
NO_TOLERANCE = 1e-300  # never reached, so that the limit ends the run
# Method and bandwidth as a fraction of the chromosome.
CHOICES: dict[str, tuple[str, dict[str, Any]]] = {
    "SSK": ("ssk", {}),
    "KDE, .001": ("kde", {"bandwidth": 0.001}),
    "KDE, .01": ("kde", {"bandwidth": 0.01}),
    "KDE, .1": ("kde", {"bandwidth": 0.1}),
    "KDE_EB, .01": ("kde_eb", {"bandwidth": 0.01}),
}
THREADS = (1, 2)


def time_iterations(contacts: Contacts, rounds: int) -> list[dict[str, Any]]:
    """Return the seconds per iteration of every method in each round."""
    kept = cp.mask_bins(contacts).kept
    selection = next(iter(select(contacts.bins, kept, Scope.CIS, 2)))
    operators = {count: make_operator("native", contacts, selection, count) for count in THREADS}
    rows = []
    for number, (threads, (label, choice)) in product(
        range(rounds), product(THREADS, CHOICES.items())
    ):
        operator = operators[threads]
        method = methods()[choice[0]]
        problem = Problem(
            operator,
            operator.product(operator.ones()),
            Recorder(selection.label, method.quantity),
            nonzeros=operator.ones,
            chromosomes=lambda: chromosome_bins(contacts.bins, selection),
        )
        times = []
        for iterations in (FEW, MANY):
            limits = {"tolerance": NO_TOLERANCE, "max_iterations": iterations}
            settings = make_settings(method, {**choice[1], **limits})
            begin = time.perf_counter()
            method.solve(problem, settings)
            times.append(time.perf_counter() - begin)
        seconds = (times[1] - times[0]) / (MANY - FEW)
        rows.append({"round": number, "threads": threads, "choice": label, "seconds": seconds})
    return rows


def main() -> None:
    """Time the methods on each map and report the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--maps", default="a,sparse,prime")
    args = parser.parse_args()
    use_two_cores()
    record = load("iteration")
    for name in args.maps.split(","):
        contacts = cp.read_contacts(write_map(name))
        rows = time_iterations(contacts, args.rounds)
        facts = {"nonzeros": contacts.nnz, "rounds": args.rounds, "machine": machine()}
        record[name] = {**facts, "rows": rows}
        save("iteration", record)
        print(f"{name}: done", flush=True)
    report()


def report() -> None:
    """Publish the table of the saved results."""
    record = load("iteration")
    table = []
    for (name, result), threads in product(record.items(), THREADS):
        rows = [row for row in result["rows"] if row["threads"] == threads]
        seconds = {
            label: [row["seconds"] for row in rows if row["choice"] == label] for label in CHOICES
        }
        cells = [f"{median(seconds['SSK']) * 1e3:.2f} ms"]
        for label in list(CHOICES)[1:]:
            ratios = [mine / ssk for mine, ssk in zip(seconds[label], seconds["SSK"], strict=True)]
            extremes = f"{min(ratios):.1f} to {max(ratios):.1f}"
            cells.append(
                f"{median(seconds[label]) * 1e3:.2f} ms: **{median(ratios):.1f}** ({extremes})"
            )
        table.append(
            [name, f"{MAPS[name].bins:,}", f"{result['nonzeros']:,}", str(threads), *cells]
        )
    latest = max((result["machine"] for result in record.values()), key=lambda facts: facts["date"])
    text = markdown(["map", "bins", "nonzeros", "threads", *CHOICES], table)
    publish("iteration", f"{text}\n{machine_line(latest)}")


if __name__ == "__main__":
    main()
