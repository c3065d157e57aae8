"""What an iteration of the kernel methods costs beside one of SSK, at 25,000 bins.

python -m benchmarks.kernel_density.iteration [--rounds 7] [--maps a,sparse,prime]

The solvers alone, the map in memory: the time of many iterations less that of few, over the
difference, so that whatever is done once drops out. Every round runs all in turn; what counts is
the ratio within a round. Writes results/iteration.json and the table in ../README.md.
"""

from __future__ import annotations

import argparse
import time
from itertools import product
from statistics import median
from typing import Any

import counterpoise as cp
from benchmarks.measuring import in_words, load, machine, markdown, on_two_cores, publish, save
from benchmarks.simulated import MAPS, simulated
from counterpoise.backends import make_operator
from counterpoise.balancing.api import make_settings
from counterpoise.contacts.chromosomes import chromosome_bins
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope, select
from counterpoise.methods import methods
from counterpoise.methods.base import Problem
from counterpoise.methods.recorder import Recorder

FEW, MANY = 10, 110
NO_TOLERANCE = 1e-300  # never reached, so the limit decides
# The method, and its bandwidth as a fraction of the chromosome.
CHOICES: dict[str, tuple[str, dict[str, Any]]] = {
    "SSK": ("ssk", {}),
    "KDE, .001": ("kde", {"bandwidth": 0.001}),
    "KDE, .01": ("kde", {"bandwidth": 0.01}),
    "KDE, .1": ("kde", {"bandwidth": 0.1}),
    "KDE_EB, .01": ("kde_eb", {"bandwidth": 0.01}),
}
THREADS = (1, 2)


def timed(contacts: Contacts, rounds: int) -> list[dict[str, Any]]:
    """Seconds an iteration, of every choice in each round."""
    kept = cp.mask_bins(contacts).kept
    selection = next(iter(select(contacts.bins, kept, Scope.CIS, 2)))
    operators = {count: make_operator("native", contacts, selection, count) for count in THREADS}
    rows = []
    for number, (threads, (label, choice)) in product(
        range(rounds), product(THREADS, CHOICES.items())
    ):
        operator = operators[threads]
        problem = Problem(
            operator,
            operator.product(operator.ones()),
            Recorder(selection.label),
            operator.ones,
            lambda: chromosome_bins(contacts.bins, selection),
        )
        taken = []
        for iterations in (FEW, MANY):
            method = methods()[choice[0]]
            limits = {"tolerance": NO_TOLERANCE, "max_iterations": iterations}
            settings = make_settings(method, {**choice[1], **limits})
            begin = time.perf_counter()
            method.solve(problem, settings)
            taken.append(time.perf_counter() - begin)
        seconds = (taken[1] - taken[0]) / (MANY - FEW)
        rows.append({"round": number, "threads": threads, "choice": label, "seconds": seconds})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--maps", default="a,sparse,prime")
    args = parser.parse_args()
    on_two_cores()
    record = load("iteration")
    for name in args.maps.split(","):
        contacts = cp.read_contacts(simulated(name).path)
        rows = timed(contacts, args.rounds)
        facts = {"nonzeros": contacts.nnz, "rounds": args.rounds, "machine": machine()}
        record[name] = {**facts, "rows": rows}
        save("iteration", record)
        print(f"{name}: done", flush=True)
    report()


def report() -> None:
    """The table, from what was saved."""
    record = load("iteration")
    table = []
    for (name, found), threads in product(record.items(), THREADS):
        rows = [row for row in found["rows"] if row["threads"] == threads]
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
        table.append([name, f"{MAPS[name].bins:,}", f"{found['nonzeros']:,}", str(threads), *cells])
    latest = max((found["machine"] for found in record.values()), key=lambda facts: facts["date"])
    text = markdown(["map", "bins", "nonzeros", "threads", *CHOICES], table)
    publish("iteration", f"{text}\n{in_words(latest)}")


if __name__ == "__main__":
    main()
