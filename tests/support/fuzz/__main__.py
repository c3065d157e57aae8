"""Run many cases: ``python -m tests.support.fuzz --count 1000 --seed 1``.

Prints one line for each fault, with the name of the case. ``--case cool:17`` repeats one case, and
``--keep FOLDER`` writes its input.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.support.fuzz.cases import KINDS, make_case
from tests.support.fuzz.pool import run_campaign
from tests.support.fuzz.seeds import write_seeds

# How often each kind comes: a case of a .hic file starts a process, and those of text are quick.
SHARES = {"cool": 30, "cool_bytes": 30, "mcool": 12, "hic": 6, "sheet": 8, "bed": 8}
SHARES["configuration"] = 6


def choose_cases(count: int, seed: int, kinds: list[str]) -> Iterator[tuple[str, int]]:
    """Name the cases of a campaign; campaigns of different seeds share none."""
    total = sum(SHARES[kind] for kind in kinds)
    for kind in kinds:
        for number in range(-(-count * SHARES[kind] // total)):
            yield kind, seed * 1_000_000 + number


def main(arguments: list[str]) -> int:
    """Run a campaign; the status is 1 if there are faults."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=3000, help="number of cases")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--case", action="append", help="run this case only, such as cool:17")
    parser.add_argument("--keep", type=Path, help="write the input of --case into this folder")
    options = parser.parse_args(arguments)
    cases = list(choose_cases(options.count, options.seed, options.kinds))
    if options.case:
        cases = [
            (kind, int(number)) for kind, _, number in (c.partition(":") for c in options.case)
        ]
    if options.keep:
        _keep(options.keep, *cases[0])
    start, faults, compared = time.monotonic(), 0, 0
    counts: Counter[tuple[str, str]] = Counter()
    for name, reply in run_campaign(cases, options.processes):
        counts[name.partition(":")[0], reply["outcome"]] += 1
        compared += reply.get("compared", 0)
        if options.case:
            print(reply)
        if reply["outcome"] == "fault":
            faults += 1
            lines = reply["detail"].strip().splitlines()
            print(f"{name}: {lines[-1][:300]} (repeat: make fuzz CASE={name})", flush=True)
    for (kind, outcome), number in sorted(counts.items()):
        print(f"{kind:14} {outcome:8} {number:6,}")
    print(
        f"{sum(counts.values()):,} cases in {time.monotonic() - start:.0f} s, {compared:,} maps "
        f"compared with peers, {faults:,} faults"
    )
    return 1 if faults else 0


def _keep(folder: Path, kind: str, number: int) -> None:
    """Write the input of a case."""
    (folder / "valid").mkdir(parents=True, exist_ok=True)
    write_seeds(folder / "valid")
    print(make_case(kind, number, folder / "valid", folder).path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
