"""How time and memory grow with the nonzeros: KR and ICE, whole processes, 1 M to 200 M.

python -m benchmarks.growth [--rounds 3] [--maps 1M,3M,10M,30M,100M,200M]

One chromosome of 250 Mb at finer and finer resolution, the same density everywhere
(benchmarks/simulated.py). ICE does a fixed number of iterations, so that only the size differs;
KR runs to its end, which takes about as many products at every size. Writes results/growth.json,
results/growth.png and the table in README.md.
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
    in_words,
    load,
    machine,
    markdown,
    on_two_cores,
    publish,
    save,
    timed,
)
from benchmarks.simulated import FOLDER, MAPS

ITERATIONS = 50
PROGRAMS = ("ICE", "KR")
# Below, starting Python and importing take most of the time.
LARGE = 10_000_000
FROM = 0.95 * LARGE  # a map's nonzeros are near its name, not equal to it
COLOURS = {"ICE": "#0072B2", "KR": "#D55E00"}


def measured(name: str, rounds: int) -> dict[str, Any]:
    subprocess.run([sys.executable, "-m", "benchmarks.simulated", name], check=True)
    source, work = MAPS[name].path, FOLDER / "growth-work"
    limit = f"max_iterations={ITERATIONS}"
    # A run that ends at its limit looks for the reason, which takes time of its own. So a trial
    # tells which tolerance is reached at that iteration.
    timed(one_shot(source, "ice", work / "trial", limit, "tolerance=1e-300", "on_failure=keep"))
    trace = pq.read_table(work / "trial" / "trace.parquet", columns=["max_deviation"])
    reached = trace["max_deviation"][-1].as_py()
    commands = {
        "ICE": one_shot(source, "ice", work / "ice", limit, f"tolerance={reached * (1 + 1e-9)!r}"),
        "KR": one_shot(source, "kr", work / "kr", "scope=genome", "ignore_diags=2"),
    }
    runs: dict[str, list[Run]] = {program: [] for program in PROGRAMS}
    for _ in range(rounds):
        for program, command in commands.items():
            runs[program].append(timed(command))
    with h5py.File(source) as file:
        nonzeros = file["pixels/count"].shape[0]
    return {
        "bins": MAPS[name].bins,
        "nonzeros": nonzeros,
        "runs": {program: [asdict(run) for run in done] for program, done in runs.items()},
        "machine": machine(),
    }


def curve(maps: list[dict[str, Any]], program: str, key: str) -> list[float]:
    """Medians of ``wall`` or ``peak``, by size."""
    return [statistics.median(run[key] for run in found["runs"][program]) for found in maps]


def exponent(nonzeros: list[int], values: list[float], least: float = 0) -> float | None:
    """Slope of log(value) over log(nonzeros), least squares, from a size on; None below two."""
    points = [(n, value) for n, value in zip(nonzeros, values, strict=True) if n >= least]
    if len(points) < 2:
        return None
    x, y = np.log(np.array(points)).T
    return float(np.polyfit(x, y, 1)[0])


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--maps", default="1M,3M,10M,30M,100M,200M")
    args = words.parse_args()
    on_two_cores()
    record = load("growth")
    for name in args.maps.split(","):
        record[name] = measured(name, args.rounds)
        save("growth", record)
        print(name, {p: curve([record[name]], p, "wall")[0] for p in PROGRAMS}, flush=True)
    maps = sorted(record.values(), key=lambda found: found["nonzeros"])
    plot(maps, RESULTS / "growth.png")
    publish("growth", table(maps))


def table(maps: list[dict[str, Any]]) -> str:
    header = ["nonzeros", "bins"]
    header += [f"{program} {unit}" for program in PROGRAMS for unit in ("s", "MB")]
    curves = [curve(maps, program, key) for program in PROGRAMS for key in ("wall", "peak")]
    rows = [
        [f"{found['nonzeros']:,}", f"{found['bins']:,}"]
        + [f"{values[k]:.{2 if c % 2 == 0 else 0}f}" for c, values in enumerate(curves)]
        for k, found in enumerate(maps)
    ]
    nonzeros = [found["nonzeros"] for found in maps]
    for least, label in ((0, "exponent, all"), (FROM, f"exponent, from {LARGE / 1e6:.0f} M on")):
        slopes = [exponent(nonzeros, values, least) for values in curves]
        rows.append([label, "", *("" if slope is None else f"{slope:.2f}" for slope in slopes)])
    return markdown(header, rows) + f"\n{in_words(maps[-1]['machine'])}"


def plot(maps: list[dict[str, Any]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    nonzeros = [found["nonzeros"] for found in maps]
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    for axis, key, label in zip(
        axes, ("wall", "peak"), ("whole process, s", "peak memory, MB"), strict=True
    ):
        for program in PROGRAMS:
            values = curve(maps, program, key)
            slope = exponent(nonzeros, values, FROM)
            what = f"{program}, {ITERATIONS} iterations" if program == "ICE" else program
            if slope is not None:
                what += f": exponent {slope:.2f} from {LARGE / 1e6:.0f} M on"
            axis.loglog(nonzeros, values, "o", color=COLOURS[program], label=what, markersize=4)
            if slope is not None:
                large = [k for k, n in enumerate(nonzeros) if n >= FROM]
                centre = np.exp(np.mean(np.log([(nonzeros[k], values[k]) for k in large]), axis=0))
                x = np.array([nonzeros[large[0]], nonzeros[-1]])
                axis.loglog(x, centre[1] * (x / centre[0]) ** slope, color=COLOURS[program], lw=1)
        axis.set_xlabel("nonzeros (upper triangle)")
        axis.set_ylabel(label)
        for each in (axis.yaxis.set_major_formatter, axis.yaxis.set_minor_formatter):
            each("{x:,g}")
        axis.grid(True, which="major", color="0.9")
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
