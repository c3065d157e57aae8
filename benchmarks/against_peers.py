"""Counterpoise beside its peers: whole processes, from a `.cool` to written weights, on two cores.

python -m benchmarks.against_peers [--rounds 3] [--maps a,b,c,c10] [--peers PYTHON]

Programs take turns, so that a machine whose speed drifts is slow for all of them; the tables give
medians, and the speed-up is taken within each round. ``cooler balance`` runs to its end on the
first map; on the larger ones it would take hours, so it is run for two small numbers of
iterations and the rest is extrapolated (README.md, "How to read them"). ``--peers`` names a Python
that has iced and krbalancing; they are then timed solving alone on the first map. Writes
results/peers.json and the tables in README.md; maps that are not named keep their results.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from benchmarks.measuring import (
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
from counterpoise.store.weights import read_weights

# The goals: how many times faster than `cooler balance -p 2`.
GENOME_WIDE = {"ICE": 60, "KR": 120}
BARS = {
    "a": {"ICE": 150, "KR": 250},
    "b": {"ICE": 120, "KR": 300},
    "c": GENOME_WIDE,
    "c10": GENOME_WIDE,
}
# Peak memory: bytes a nonzero, bytes a bin, MB.
MEMORY_BAR = (12, 64, 250)
MAX_ITERATIONS = 200  # cooler's own default
FEW = (2, 12)
TO_ITS_END = ("a",)
# Chunk sizes in pixels that are tried for cooler's best; its default is 10 million.
CHUNKS = (625_000, 1_250_000, 2_500_000, 5_000_000)
COOLER, CHUNKED = "cooler balance -p 2", "cooler balance -p 2 -c"
EQUAL = 1e-10


def cooler_command(path: Path, column: str, iterations: int, *options: str) -> list[str]:
    program = str(Path(sys.executable).with_name("cooler"))
    command = [program, "balance", "-p", "2", "--force", "--name", column]
    return [*command, "--max-iters", str(iterations), *options, str(path)]


def one_shot(source: Path, method: str, folder: Path, *settings: str) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    module = [sys.executable, "-m", "benchmarks.one_shot"]
    return [*module, str(source), method, str(folder), *settings]


def extrapolated(few: list[Run], iterations: int) -> Run:
    """A run of so many iterations, from two of ``FEW``: a fixed part and as much for each."""
    first, second = few
    walls, cpus = ([getattr(run, key) for run in few] for key in ("wall", "cpu"))
    more = (iterations - FEW[0]) / (FEW[1] - FEW[0])
    wall, cpu = (low + (high - low) * more for low, high in (walls, cpus))
    return Run(wall, cpu, max(first.peak, second.peak))


def best_chunk(path: Path) -> int:
    """The chunk size with which cooler is fastest, by a run of ``FEW[0]`` iterations with each."""
    times = {
        size: timed(cooler_command(path, "tried", FEW[0], "-c", str(size))).wall for size in CHUNKS
    }
    print(f"{path}: seconds of cooler by chunk size: {times}", flush=True)
    return min(times, key=lambda size: times[size])


def measured(name: str, rounds: int) -> dict[str, Any]:
    """All programs on one map, in turns."""
    # In a process of its own: see ``timed``.
    subprocess.run([sys.executable, "-m", "benchmarks.simulated", name], check=True)
    source, work = MAPS[name].path, FOLDER / f"{name}-work"
    work.mkdir(exist_ok=True)
    theirs = work / "cooler.cool"
    shutil.copyfile(source, theirs)
    limit = f"max_iterations={MAX_ITERATIONS}"
    ice = one_shot(source, "ice", work / "ice", "tolerance=cooler", limit)
    kr = one_shot(source, "kr", work / "kr", "scope=genome", "ignore_diags=2")
    for command in (ice, kr):
        timed(command)  # warms the file cache; the verdict says how many iterations there are
    iterations = _verdict(work / "ice")["iterations"]

    runs: dict[str, list[Run]] = {COOLER: [], CHUNKED: [], "ICE": [], "KR": []}
    best = best_chunk(theirs)
    chunk = ["-c", str(best)]
    for number in range(rounds):
        few = [timed(cooler_command(theirs, "chunked", count, *chunk)) for count in FEW]
        runs[CHUNKED].append(extrapolated(few, iterations))
        if name in TO_ITS_END:
            runs[COOLER].append(timed(cooler_command(theirs, "weight", MAX_ITERATIONS)))
        else:
            few = [timed(cooler_command(theirs, "weight", count)) for count in FEW]
            runs[COOLER].append(extrapolated(few, iterations))
        runs["ICE"].append(timed(ice))
        runs["KR"].append(timed(kr))
        for program, done in runs.items():
            print(f"{name}, round {number + 1}: {program} {done[-1].wall:.2f} s", flush=True)

    compared = work / "ice"
    if name not in TO_ITS_END:
        compared = work / "few"
        few_only = (f"max_iterations={FEW[1]}", "on_failure=keep")
        timed(one_shot(source, "ice", compared, "tolerance=cooler", *few_only))
    with h5py.File(theirs) as file:
        expected = file["bins/weight"][:]
    with h5py.File(source) as file:
        nonzeros = file["pixels/count"].shape[0]
    return {
        "bins": MAPS[name].bins,
        "chromosomes": len(MAPS[name].chromosomes),
        "nonzeros": nonzeros,
        "iterations": iterations,
        "products": _verdict(work / "kr")["matvecs"],
        "chunk": best,
        "status": {key: _verdict(work / key)["status"] for key in ("ice", "kr")},
        "equality": {
            "iterations": _verdict(compared)["iterations"],
            "ICE and cooler": _difference(_weights(compared), expected),
            "KR and ICE, up to scale": _spread(_weights(work / "kr"), _weights(work / "ice")),
        },
        "runs": {program: [asdict(run) for run in done] for program, done in runs.items()},
        "machine": machine(),
    }


def _verdict(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "verdict.json").read_text()))


def _weights(folder: Path) -> NDArray[np.float64]:
    return read_weights(folder / "weights.parquet")


def _difference(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    """Largest relative difference of weights.

    Raises
    ------
    RuntimeError : other bins are masked, or the weights differ by more than ``EQUAL``.
    """
    if (np.isnan(ours) != np.isnan(theirs)).any():
        raise RuntimeError("Counterpoise and cooler mask different bins")
    difference = float(np.nanmax(np.abs(ours / theirs - 1)))
    if not difference < EQUAL:
        raise RuntimeError(f"the weights of Counterpoise and cooler differ by {difference:.1e}")
    return difference


def _spread(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    ratio = one / other
    return float(np.nanmax(np.abs(ratio / np.nanmedian(ratio) - 1)))


def alone(peers: str) -> dict[str, Any]:
    """Seconds in the solver alone on the first map: iced and krbalancing beside ours.

    Ours come from the verdicts of the runs before: from the map as it was read to its weights.
    """
    name = TO_ITS_END[0]
    work = FOLDER / f"{name}-work"
    matrix = str(work / "matrix")
    module = [sys.executable, "-m", "benchmarks.solving_alone"]
    subprocess.run([*module, "prepare", name, matrix], check=True)
    found: dict[str, Any] = {}
    for program in ("iced", "krbalancing"):
        command = [peers, str(Path(__file__).with_name("solving_alone.py")), program, matrix]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found[program] = json.loads(done.stdout.splitlines()[-1])
        print(f"{program} alone: {found[program]['seconds']:.2f} s", flush=True)
    for program in ("ice", "kr"):
        verdict = _verdict(work / program)
        found[program.upper()] = {
            "seconds": verdict["run"]["seconds"],
            "peak": verdict["run"]["peak_memory_mb"] * 1024**2 / 1e6,
            "deviation": verdict["max_deviation"],
            "note": f"{verdict['iterations']} iterations, {verdict['matvecs']} products",
        }
    return {"map": name, "programs": found, "machine": machine()}


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--maps", default=",".join(("a", "b", "c", "c10")))
    words.add_argument("--peers", help="a Python that has iced and krbalancing")
    args = words.parse_args()
    on_two_cores()
    record = {"maps": {}, **load("peers")}
    for name in args.maps.split(","):
        record["maps"][name] = measured(name, args.rounds)
        save("peers", record)
    if args.peers:
        record["alone"] = alone(args.peers)
        save("peers", record)
    publish("peers", table(record["maps"]))
    if "alone" in record:
        publish("alone", alone_table(record["alone"]))


def table(maps: dict[str, Any]) -> str:
    """The results as Markdown: a row a map and program."""
    header = ["map", "program", "wall s", "CPU s", "peak MB (limit)"]
    header += [f"times faster than `{COOLER}` (each round)", "bar", "than at its best chunk"]
    rows, notes = [], []
    for name, found in sorted(maps.items()):
        runs = {
            program: [Run(**values) for values in done] for program, done in found["runs"].items()
        }
        limit = sum(
            factor * value
            for factor, value in zip(
                MEMORY_BAR, (found["nonzeros"] / 1e6, found["bins"] / 1e6, 1), strict=True
            )
        )
        for program, done in runs.items():
            wall, cpu, peak = (
                statistics.median(getattr(run, key) for run in done)
                for key in ("wall", "cpu", "peak")
            )
            ours = program in ("ICE", "KR")
            bar = BARS.get(name, {}).get(program)
            guessed = not ours and (program != COOLER or name not in TO_ITS_END)
            rows.append(
                [
                    name,
                    program if ours else f"`{_label(program, found)}`",
                    f"{wall:.2f}{' (x)' if guessed else ''}",
                    f"{cpu:.1f}",
                    f"{peak:.0f} ({limit:.0f})" if ours else f"{peak:.0f}",
                    _faster(runs[COOLER], done) if program != COOLER else "1",
                    f"{bar}" if bar else "",
                    _faster(runs[CHUNKED], done) if ours else "",
                ]
            )
        equality = found["equality"]
        notes.append(
            f"- {name}: {found['bins']:,} bins, {found['nonzeros']:,} nonzeros, "
            f"chromosomes: {found['chromosomes']}; ICE {found['iterations']} iterations "
            f"({found['status']['ice']}), KR {found['products']} products "
            f"({found['status']['kr']}). Weights of ICE and cooler after "
            f"{equality['iterations']} iterations differ by {equality['ICE and cooler']:.1e}, "
            f"those of KR and ICE, up to scale, by {equality['KR and ICE, up to scale']:.1e}. "
            f"Medians of {len(runs[COOLER])} rounds; {in_words(found['machine'])}"
        )
    return markdown(header, rows) + "\n" + "\n".join(notes)


def _label(program: str, found: dict[str, Any]) -> str:
    return f"{program} {found['chunk']}" if program == CHUNKED else program


def _faster(theirs: list[Run], ours: list[Run]) -> str:
    each = [a.wall / b.wall for a, b in zip(theirs, ours, strict=True)]
    shown = ", ".join(f"{value:.0f}" if value >= 10 else f"{value:.1f}" for value in each)
    return f"**{statistics.median(each):.{0 if min(each) >= 10 else 1}f}** ({shown})"


def alone_table(record: dict[str, Any]) -> str:
    header = ["program", "seconds solving", "peak MB", "largest deviation of row sums", ""]
    rows = [
        [
            program,
            f"{found['seconds']:.2f}",
            f"{found['peak']:.0f}",
            f"{found['deviation']:.1e}",
            found["note"],
        ]
        for program, found in record["programs"].items()
    ]
    return markdown(header, rows) + f"\nMap {record['map']}; {in_words(record['machine'])}"


if __name__ == "__main__":
    main()
