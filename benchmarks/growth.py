"""Measure the growth of time and memory with the nonzeros for KR and ICE, from 1 M to 200 M.

python -m benchmarks.growth [--rounds 3] [--maps 1M,3M,10M,30M,100M,200M]

The maps are one chromosome of 250 Mb at finer and finer resolution, with the same density
(benchmarks/simulated.py). ICE runs for a fixed number of iterations, so that only the size differs.
KR runs to its end, which takes about the same number of products at every size. Writes
results/growth.json, results/growth.png and the table in README.md.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow.parquet as pq

from benchmarks.against_peers import one_shot
from benchmarks.measuring import (
    RESULTS,
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
from benchmarks.simulated import FOLDER, MAPS

ITERATIONS = 50
PROGRAMS = ("ICE", "KR")
# Below this size, starting Python and importing take most of the time.
LARGE = 10_000_000
MIN_NONZEROS = 0.95 * LARGE  # maps have about as many nonzeros as their names say
COLOURS = {"ICE": "#0072B2", "KR": "#D55E00"}


def measure(name: str, rounds: int) -> dict[str, Any]:
    """Time both methods on one map, in turns."""
    subprocess.run([sys.executable, "-m", "benchmarks.simulated", name], check=True)
    source, work = MAPS[name].path, FOLDER / "growth-work"
    limit = f"max_iterations={ITERATIONS}"
    # A run that ends at its limit looks for the reason, which takes time. A trial finds the
    # tolerance that is reached at that iteration instead.
    time_process(
        one_shot(source, "ice", work / "trial", limit, "tolerance=1e-300", "on_failure=keep")
    )
    trace = pq.read_table(work / "trial" / "trace.parquet", columns=["max_deviation"])
    reached = trace["max_deviation"][-1].as_py()
    commands = {
        "ICE": one_shot(source, "ice", work / "ice", limit, f"tolerance={reached * (1 + 1e-9)!r}"),
        "KR": one_shot(source, "kr", work / "kr", "scope=genome", "ignore_diags=2"),
    }
    runs: dict[str, list[Run]] = {program: [] for program in PROGRAMS}
    for _ in range(rounds):
        for program, command in commands.items():
            runs[program].append(time_process(command))
    with h5py.File(source) as file:
        nonzeros = file["pixels/count"].shape[0]
    return {
        "bins": MAPS[name].bins,
        "nonzeros": nonzeros,
        "runs": {program: [asdict(run) for run in done] for program, done in runs.items()},
        "machine": machine(),
    }


def curve(maps: list[dict[str, Any]], program: str, key: str) -> list[float]:
    """Return the medians of ``wall`` or ``peak`` by size."""
    return [statistics.median(run[key] for run in result["runs"][program]) for result in maps]


def exponent(nonzeros: list[int], values: list[float], min_nonzeros: float = 0) -> float | None:
    """Return the least-squares slope of log(value) over log(nonzeros); None for one point."""
    points = [(n, value) for n, value in zip(nonzeros, values, strict=True) if n >= min_nonzeros]
    if len(points) < 2:
        return None
    x, y = np.log(np.array(points)).T
    return float(np.polyfit(x, y, 1)[0])


def main() -> None:
    """Measure each map, publish the table and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--maps", default="1M,3M,10M,30M,100M,200M")
    args = parser.parse_args()
    use_two_cores()
    record = load("growth")
    for name in args.maps.split(","):
        record[name] = measure(name, args.rounds)
        save("growth", record)
        print(name, {p: curve([record[name]], p, "wall")[0] for p in PROGRAMS}, flush=True)
    maps = sorted(record.values(), key=lambda result: result["nonzeros"])
    plot(maps, RESULTS / "growth.png")
    publish("growth", table(maps))


def table(maps: list[dict[str, Any]]) -> str:
    """Format the results as a table."""
    header = ["nonzeros", "bins"]
    header += [f"{program} {unit}" for program in PROGRAMS for unit in ("s", "MB")]
    curves = [curve(maps, program, key) for program in PROGRAMS for key in ("wall", "peak")]
    rows = [
        [f"{result['nonzeros']:,}", f"{result['bins']:,}"]
        + [f"{values[k]:.{2 if c % 2 == 0 else 0}f}" for c, values in enumerate(curves)]
        for k, result in enumerate(maps)
    ]
    nonzeros = [result["nonzeros"] for result in maps]
    large = f"exponent, from {LARGE / 1e6:.0f} M"
    for min_nonzeros, label in ((0, "exponent, all"), (MIN_NONZEROS, large)):
        slopes = [exponent(nonzeros, values, min_nonzeros) for values in curves]
        rows.append([label, "", *("" if slope is None else f"{slope:.2f}" for slope in slopes)])
    return markdown(header, rows) + f"\n{machine_line(maps[-1]['machine'])}"


def plot(maps: list[dict[str, Any]], path: Path) -> None:
    """Plot time and memory against the nonzeros."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    nonzeros = [result["nonzeros"] for result in maps]
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    for axis, key, quantity in zip(
        axes, ("wall", "peak"), ("whole process, s", "peak memory, MB"), strict=True
    ):
        for program in PROGRAMS:
            values = curve(maps, program, key)
            slope = exponent(nonzeros, values, MIN_NONZEROS)
            label = f"{program}, {ITERATIONS} iterations" if program == "ICE" else program
            if slope is not None:
                label += f": exponent {slope:.2f} from {LARGE / 1e6:.0f} M"
            axis.loglog(nonzeros, values, "o", color=COLOURS[program], label=label, markersize=4)
            if slope is not None:
                large = [k for k, n in enumerate(nonzeros) if n >= MIN_NONZEROS]
                centre = np.exp(np.mean(np.log([(nonzeros[k], values[k]) for k in large]), axis=0))
                x = np.array([nonzeros[large[0]], nonzeros[-1]])
                axis.loglog(x, centre[1] * (x / centre[0]) ** slope, color=COLOURS[program], lw=1)
        axis.set_xlabel("nonzeros (upper triangle)")
        axis.set_ylabel(quantity)
        for set_formatter in (axis.yaxis.set_major_formatter, axis.yaxis.set_minor_formatter):
            set_formatter("{x:,g}")
        axis.grid(True, which="major", color="0.9")
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
