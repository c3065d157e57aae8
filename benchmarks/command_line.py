"""Time ``counterpoise balance`` next to the commands of cooler and hictk, file to file.

python -m benchmarks.command_line [--nonzeros 10_000_000] [--rounds 3] [--folder FOLDER]

The wheel of this clone and cooler are installed into a fresh environment. Each program then
balances every level of the same `.mcool` in place, in turns, so that drifts of the machine's speed
affect all of them; ratios are computed within a round. hictk takes part where it is installed. The
command fails if a weight of ICE differs from cooler's. ``--folder`` is for the environment and the
files, which are removed. Writes results/command_line.json and the table in README.md; ``python -m
benchmarks.front_page`` then writes the numbers and the chart of the front page.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from benchmarks.against_peers import check_difference
from benchmarks.journey import (
    MAX_ITERATIONS,
    RESOLUTIONS,
    count_pixels,
    level_name,
    together,
    zoomify_command,
)
from benchmarks.measuring import (
    HERE,
    Run,
    load,
    machine,
    machine_line,
    markdown,
    publish,
    save,
    time_process,
    use_two_cores,
)
from benchmarks.simulated import FOLDER, find_map

ICE, KR = "counterpoise balance", "counterpoise balance -m kr"
COOLER, HICTK = "cooler balance -p 2", "hictk balance ice --threads 2"
PACKAGES = ("counterpoise", "cooler", "numpy", "scipy")
NOT_MEASURED = "Not measured yet."

Floats = NDArray[np.float64]
Program = Callable[[Path], Run]  # balances every level of a file


def install(folder: Path) -> dict[str, Any]:
    """Install the wheel of this clone, and then cooler, into a fresh environment."""
    os.environ.pop("PYTHONPATH", None)  # it could hide the wheel behind the clone
    environment = folder / "environment"
    wheels = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder)]
    subprocess.run([*wheels, str(HERE.parent)], check=True)
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = str(environment / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet"]
    begin = time.perf_counter()
    subprocess.run([*pip, str(next(folder.glob("counterpoise-*.whl")))], check=True)
    seconds = time.perf_counter() - begin
    subprocess.run([*pip, "cooler"], check=True)
    lines = f"import importlib.metadata as m; print(*map(m.version, {PACKAGES}))"
    found = subprocess.run([python, "-c", lines], check=True, capture_output=True, text=True)
    return {
        "seconds": seconds,
        "versions": dict(zip(PACKAGES, found.stdout.split(), strict=True)),
    }


def programs(binaries: Path) -> dict[str, Program]:
    """Return the programs by name, those of the environment and hictk if it is installed."""
    words = [str(binaries / "counterpoise"), "balance", "--in-place", "-p", "2"]
    cooler = [str(binaries / "cooler"), "balance", "-p", "2"]
    hictk = ["hictk", "balance", "ice", "--mode", "gw", "--in-memory", "--threads", "2"]
    hictk += ["--max-iters", str(MAX_ITERATIONS)]

    def balance_levels(path: Path) -> Run:
        """Run cooler, which takes one level at a time."""
        levels = (f"{path}::/resolutions/{resolution}" for resolution in RESOLUTIONS)
        return together(asdict(time_process([*cooler, level])) for level in levels)

    known: dict[str, Program] = {
        ICE: lambda path: time_process([*words, str(path)]),
        KR: lambda path: time_process([*words, "-m", "kr", str(path)]),
        COOLER: balance_levels,
    }
    if shutil.which("hictk"):
        known[HICTK] = lambda path: time_process([*hictk, str(path)])
    return known


def measure(source: Path, folder: Path, rounds: int) -> dict[str, Any]:
    """Time all programs on the levels of a map, in turns."""
    levels = folder / "levels.mcool"
    time_process(zoomify_command(source, levels))
    installed = install(folder)
    runs: dict[str, list[dict[str, float]]] = {}
    weights: dict[str, list[Floats]] = {}
    for number in range(rounds):
        for name, program in programs(folder / "environment" / "bin").items():
            copy = folder / "copy.mcool"
            shutil.copyfile(levels, copy)
            done = program(copy)
            runs.setdefault(name, []).append(asdict(done))
            weights[name] = read_weights(copy)
            print(f"round {number + 1}: {name} {done.wall:.2f} s", flush=True)
    pairs = zip(weights[ICE], weights[COOLER], strict=True)
    return {
        "installed": installed,
        "difference": max(check_difference(ours, theirs) for ours, theirs in pairs),
        "hictk": HICTK in runs,
        "runs": runs,
        "machine": machine(),
    }


def read_weights(path: Path) -> list[Floats]:
    """Read the column ``weight`` of every level."""
    with h5py.File(path) as file:
        return [file[f"resolutions/{size}/bins/weight"][:] for size in RESOLUTIONS]


def main() -> None:
    """Measure and publish the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nonzeros", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=FOLDER / "command-line-work")
    parser.add_argument("--trial", action="store_true", help="print the results, write nothing")
    args = parser.parse_args()
    use_two_cores()
    name = f"genome10kb-{args.nonzeros}"
    # In a separate process, because children inherit peak memory (see ``time_process``).
    subprocess.run([sys.executable, "-m", "benchmarks.simulated", name], check=True)
    spec = find_map(name)
    args.folder.mkdir(parents=True)
    try:
        record = {"bins": spec.bins, "nonzeros": count_pixels(spec.path)}
        record |= measure(spec.path, args.folder, args.rounds)
    finally:
        shutil.rmtree(args.folder)
    if args.trial:
        print(json.dumps(record, indent=1), tables(record), sep="\n")
        return
    save("command_line", record)
    publish("command line", tables(load("command_line")))


def medians(record: dict[str, Any]) -> dict[str, Run]:
    """Return the median of each measure for every program."""
    return {
        name: Run(*(statistics.median(run[key] for run in done) for key in ("wall", "cpu", "peak")))
        for name, done in record["runs"].items()
    }


def ratios(record: dict[str, Any], slower: str, faster: str) -> list[float]:
    """Return the ratio of wall seconds of two programs in each round."""
    pairs = zip(record["runs"][slower], record["runs"][faster], strict=True)
    return [one["wall"] / other["wall"] for one, other in pairs]


def tables(record: dict[str, Any]) -> str:
    """Format the results as a table; say so if there are none."""
    if not record:
        return NOT_MEASURED
    rows = []
    for name, run in sorted(medians(record).items(), key=lambda item: -item[1].wall):
        row = [f"`{name}`", f"{run.wall:.2f}", f"{run.cpu:.1f}", f"{run.peak:.0f}"]
        for ours in (ICE, KR):
            rounds = ratios(record, name, ours)
            each = ", ".join(f"{value:.3g}" for value in rounds)
            row.append(f"**{statistics.median(rounds):.3g}** ({each})" if name != ours else "1")
        rows.append(row)
    header = ["program, all levels", "wall s", "CPU s", "peak MB"]
    header += [f"wall, over `{ours}` (each round)" for ours in (ICE, KR)]
    versions = record["installed"]["versions"]
    hictk = "" if record["hictk"] else " hictk was not installed."
    return "\n".join(
        [
            f"{record['bins']:,} bins of 10 kb, {record['nonzeros']:,} nonzeros; levels: "
            f"{', '.join(map(level_name, RESOLUTIONS))}.\n",
            markdown(header, rows),
            f"Weights of ICE and cooler differ by {record['difference']:.1e} at most.{hictk} "
            f"`pip install` of the wheel took {record['installed']['seconds']:.0f} s. In the fresh "
            f"environment: {', '.join(f'{name} {word}' for name, word in versions.items())}. "
            f"{machine_line(record['machine'])}",
        ]
    )


if __name__ == "__main__":
    main()
