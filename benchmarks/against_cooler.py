"""Counterpoise beside `cooler balance -p 2`: whole processes, from a `.cool` to written weights.

python -m benchmarks.against_cooler [ROUNDS]

One simulated map (25,000 bins, 10 million nonzeros). The programs take turns, so that a machine
whose speed drifts is slow for all of them; the table gives medians and the ratios of each
round. Writes benchmarks/results.md. Takes about three minutes a round.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from counterpoise.results import read_weights

FOLDER = Path("resources/benchmarks")
BINS, NONZEROS = 25_000, 10_000_000
REPORT = Path(__file__).parent / "results.md"


@dataclass
class Run:
    """One finished process: wall and CPU seconds, peak memory in MB."""

    wall: float
    cpu: float
    peak: float


def timed(command: list[str]) -> Run:
    """Run a command to its end; memory is that of its largest process."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    if status:
        raise RuntimeError(f"{' '.join(command)} ended with status {status}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def one_shot(source: Path, method: str, *settings: str) -> tuple[list[str], Path]:
    folder = FOLDER / method
    folder.mkdir(parents=True, exist_ok=True)
    module = [sys.executable, "-m", "benchmarks.one_shot"]
    return [*module, str(source), method, str(folder), *settings], folder


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    source = FOLDER / f"{BINS}-bins.cool"
    # In a process of its own: the memory of this one would count as its children's peak.
    simulation = [sys.executable, "-m", "benchmarks.simulated", str(source), str(BINS)]
    subprocess.run([*simulation, str(NONZEROS)], check=True)
    theirs = FOLDER / "cooler.cool"
    ice, ice_folder = one_shot(source, "ice", "tolerance=cooler", "max_iterations=200")
    kr, kr_folder = one_shot(source, "kr", "scope=genome", "ignore_diags=2")
    program = str(Path(sys.executable).with_name("cooler"))
    balance = [program, "balance", "-p", "2", "--force", str(theirs)]
    for command in (ice, kr):
        timed(command)  # compiles once and warms the file cache
    runs: dict[str, list[Run]] = {"cooler balance -p 2": [], "ICE": [], "KR": []}
    for number in range(rounds):
        shutil.copyfile(source, theirs)
        for name, command in zip(runs, (balance, ice, kr), strict=True):
            runs[name].append(timed(command))
            print(f"round {number + 1}: {name} {runs[name][-1].wall:.2f} s", flush=True)
    text = table(runs, theirs, ice_folder, kr_folder)
    REPORT.write_text(text)
    print(text)


def table(runs: dict[str, list[Run]], theirs: Path, ice_folder: Path, kr_folder: Path) -> str:
    """The results as Markdown, with how equal the weights are."""
    import cooler  # here, not above: see the note on memory in main

    expected = cooler.Cooler(str(theirs)).bins()["weight"][:].to_numpy()
    ice, kr = (read_weights(folder / "weights.parquet") for folder in (ice_folder, kr_folder))
    verdicts = [
        json.loads((folder / "verdict.json").read_text()) for folder in (ice_folder, kr_folder)
    ]
    if (np.isnan(ice) != np.isnan(expected)).any():
        raise RuntimeError("the masks differ")
    difference = float(np.nanmax(np.abs(ice / expected - 1)))
    ratio = kr / ice
    spread = float(np.nanmax(np.abs(ratio / np.nanmedian(ratio) - 1)))
    reference = runs["cooler balance -p 2"]
    notes = {
        "cooler balance -p 2": f"{verdicts[0]['iterations']} iterations",
        "ICE": f"{verdicts[0]['iterations']} iterations, weights equal to {difference:.1e}",
        "KR": f"{verdicts[1]['matvecs']} products, equal to ICE up to scale to {spread:.1e}",
    }
    lines = [
        f"{BINS:,} bins, {NONZEROS:,} nonzeros, one chromosome; "
        f"medians of {len(reference)} rounds; {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, "
        f"cooler {cooler.__version__}.",
        "",
        "| program | wall s | CPU s | peak MB | times faster (each round) | |",
        "|---|---|---|---|---|---|",
    ]
    for name, done in runs.items():
        faster = [a.wall / b.wall for a, b in zip(reference, done, strict=True)]
        shown = ", ".join(f"{value:.0f}" for value in faster)
        wall, cpu, peak = (
            statistics.median(getattr(run, key) for run in done) for key in ("wall", "cpu", "peak")
        )
        speed = "1" if done is reference else f"**{statistics.median(faster):.0f}** ({shown})"
        lines.append(f"| {name} | {wall:.2f} | {cpu:.1f} | {peak:.0f} | {speed} | {notes[name]} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
