"""Compare Counterpoise with its peers: complete processes, from `.cool` to weights, on two cores.

python -m benchmarks.against_peers [--rounds 3] [--maps a,b,c,c10] [--peers PYTHON]

Programs take turns, so that drifts of the machine's speed affect all of them. The tables give
medians; the speed-up is computed within each round. ``cooler balance`` runs to its end on the first
map. On the larger maps it would take hours, so it runs for two small numbers of iterations and its
time is extrapolated (README.md, "How to read the tables"). ``--peers`` names a Python that has iced
and krbalancing, whose solvers are then timed on the first map. Writes results/peers.json and the
tables in README.md; other maps keep their results.
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
from counterpoise.store.weights import read_weights

# Goals: speed-up over `cooler balance -p 2`.
GENOME_WIDE = {"ICE": 60, "KR": 120}
GOALS = {
    "a": {"ICE": 150, "KR": 250},
    "b": {"ICE": 120, "KR": 300},
    "c": GENOME_WIDE,
    "c10": GENOME_WIDE,
}
# Limit of peak memory: bytes per nonzero, bytes per bin, MB.
MEMORY_BAR = (12, 64, 250)
MAX_ITERATIONS = 200  # default of cooler
FEW = (2, 12)  # numbers of iterations from which cooler is extrapolated
RUN_TO_END = ("a",)  # maps on which cooler is not extrapolated
# Candidate chunk sizes of cooler in pixels; its default is 10 million.
CHUNKS = (625_000, 1_250_000, 2_500_000, 5_000_000)
COOLER, CHUNKED = "cooler balance -p 2", "cooler balance -p 2 -c"
MAX_DIFFERENCE = 1e-10


def cooler_command(path: Path, column: str, iterations: int, *options: str) -> list[str]:
    """Return the command that balances with cooler."""
    program = str(Path(sys.executable).with_name("cooler"))
    command = [program, "balance", "-p", "2", "--force", "--name", column]
    return [*command, "--max-iters", str(iterations), *options, str(path)]


def one_shot(source: Path, method: str, folder: Path, *settings: str) -> list[str]:
    """Return the command that balances with Counterpoise."""
    folder.mkdir(parents=True, exist_ok=True)
    module = [sys.executable, "-m", "benchmarks.one_shot"]
    return [*module, str(source), method, str(folder), *settings]


def extrapolate(few: list[Run], iterations: int, counts: tuple[int, int] = FEW) -> Run:
    """Predict a run from two runs with few iterations: as a fixed part and one per iteration."""
    first, second = few
    walls, cpus = ([getattr(run, key) for run in few] for key in ("wall", "cpu"))
    more = (iterations - counts[0]) / (counts[1] - counts[0])
    wall, cpu = (low + (high - low) * more for low, high in (walls, cpus))
    return Run(wall, cpu, max(first.peak, second.peak))


def best_chunk(path: Path) -> int:
    """Return the chunk size with which a few iterations of cooler are fastest."""
    times = {
        size: time_process(cooler_command(path, "tried", FEW[0], "-c", str(size))).wall
        for size in CHUNKS
    }
    print(f"{path}: seconds of cooler by chunk size: {times}", flush=True)
    return min(times, key=lambda size: times[size])


def measure(name: str, rounds: int) -> dict[str, Any]:
    """Time all programs on one map, in turns."""
    # In a separate process, because children inherit peak memory (see ``time_process``).
    subprocess.run([sys.executable, "-m", "benchmarks.simulated", name], check=True)
    source, work = MAPS[name].path, FOLDER / f"{name}-work"
    work.mkdir(exist_ok=True)
    cooler_copy = work / "cooler.cool"
    shutil.copyfile(source, cooler_copy)
    limit = f"max_iterations={MAX_ITERATIONS}"
    ice = one_shot(source, "ice", work / "ice", "tolerance=cooler", limit)
    kr = one_shot(source, "kr", work / "kr", "scope=genome", "ignore_diags=2")
    for command in (ice, kr):
        time_process(command)  # warm the file cache; the verdict has the number of iterations
    iterations = read_verdict(work / "ice")["iterations"]

    runs: dict[str, list[Run]] = {COOLER: [], CHUNKED: [], "ICE": [], "KR": []}
    best = best_chunk(cooler_copy)
    chunk = ["-c", str(best)]
    for number in range(rounds):
        few = [time_process(cooler_command(cooler_copy, "chunked", count, *chunk)) for count in FEW]
        runs[CHUNKED].append(extrapolate(few, iterations))
        if name in RUN_TO_END:
            runs[COOLER].append(time_process(cooler_command(cooler_copy, "weight", MAX_ITERATIONS)))
        else:
            few = [time_process(cooler_command(cooler_copy, "weight", count)) for count in FEW]
            runs[COOLER].append(extrapolate(few, iterations))
        runs["ICE"].append(time_process(ice))
        runs["KR"].append(time_process(kr))
        for program, done in runs.items():
            print(f"{name}, round {number + 1}: {program} {done[-1].wall:.2f} s", flush=True)

    compared = work / "ice"
    if name not in RUN_TO_END:
        compared = work / "few"
        few_only = (f"max_iterations={FEW[1]}", "on_failure=keep")
        time_process(one_shot(source, "ice", compared, "tolerance=cooler", *few_only))
    with h5py.File(cooler_copy) as file:
        expected = file["bins/weight"][:]
    with h5py.File(source) as file:
        nonzeros = file["pixels/count"].shape[0]
    return {
        "bins": MAPS[name].bins,
        "chromosomes": len(MAPS[name].chromosomes),
        "nonzeros": nonzeros,
        "iterations": iterations,
        "products": read_verdict(work / "kr")["matvecs"],
        "chunk": best,
        "status": {key: read_verdict(work / key)["status"] for key in ("ice", "kr")},
        "equality": {
            "iterations": read_verdict(compared)["iterations"],
            "ICE and cooler": check_difference(weights_in(compared), expected),
            "KR and ICE, up to scale": spread(weights_in(work / "kr"), weights_in(work / "ice")),
        },
        "runs": {program: [asdict(run) for run in done] for program, done in runs.items()},
        "machine": machine(),
    }


def read_verdict(folder: Path) -> dict[str, Any]:
    """Read the verdict of a run."""
    return dict(json.loads((folder / "verdict.json").read_text()))


def weights_in(folder: Path) -> NDArray[np.float64]:
    """Read the weights of a run."""
    return read_weights(folder / "weights.parquet")


def check_difference(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    """Return the largest relative difference of weights.

    Raises
    ------
    RuntimeError
        The masked bins differ, or the weights differ by more than ``MAX_DIFFERENCE``.
    """
    if (np.isnan(ours) != np.isnan(theirs)).any():
        raise RuntimeError("Counterpoise and cooler mask different bins")
    difference = float(np.nanmax(np.abs(ours / theirs - 1)))
    if not difference < MAX_DIFFERENCE:
        raise RuntimeError(f"the weights of Counterpoise and cooler differ by {difference:.1e}")
    return difference


def spread(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the largest relative deviation of the ratio of weights from its median."""
    ratio = one / other
    return float(np.nanmax(np.abs(ratio / np.nanmedian(ratio) - 1)))


def measure_solvers(peers: str) -> dict[str, Any]:
    """Time the solvers alone on the first map: iced, krbalancing and ours.

    Our times are those in the verdicts of the earlier runs, from the map in memory to the weights.
    """
    name = RUN_TO_END[0]
    work = FOLDER / f"{name}-work"
    matrix = str(work / "matrix")
    module = [sys.executable, "-m", "benchmarks.solving_alone"]
    subprocess.run([*module, "prepare", name, matrix], check=True)
    programs: dict[str, Any] = {}
    for program in ("iced", "krbalancing"):
        command = [peers, str(Path(__file__).with_name("solving_alone.py")), program, matrix]
        process = subprocess.run(command, check=True, capture_output=True, text=True)
        programs[program] = json.loads(process.stdout.splitlines()[-1])
        print(f"{program} alone: {programs[program]['seconds']:.2f} s", flush=True)
    for program in ("ice", "kr"):
        verdict = read_verdict(work / program)
        programs[program.upper()] = {
            "seconds": verdict["run"]["seconds"],
            "peak": verdict["run"]["peak_memory_mb"] * 1024**2 / 1e6,
            "deviation": verdict["max_deviation"],
            "note": f"{verdict['iterations']} iterations, {verdict['matvecs']} products",
        }
    return {"map": name, "programs": programs, "machine": machine()}


def main() -> None:
    """Measure each map and publish the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--maps", default=",".join(("a", "b", "c", "c10")))
    parser.add_argument("--peers", help="a Python that has iced and krbalancing")
    args = parser.parse_args()
    use_two_cores()
    record = {"maps": {}, **load("peers")}
    for name in args.maps.split(","):
        record["maps"][name] = measure(name, args.rounds)
        save("peers", record)
    if args.peers:
        record["alone"] = measure_solvers(args.peers)
        save("peers", record)
    publish("peers", table(record["maps"]))
    if "alone" in record:
        publish("alone", solver_table(record["alone"]))


def table(maps: dict[str, Any]) -> str:
    """Format the results as a table with one row per map and program."""
    header = ["map", "program", "wall s", "CPU s", "peak MB (limit)"]
    header += [f"speed-up over `{COOLER}` (each round)", "goal", "over its best chunk size"]
    rows, notes = [], []
    for name, result in sorted(maps.items()):
        runs = {
            program: [Run(**values) for values in done] for program, done in result["runs"].items()
        }
        limit = sum(
            factor * value
            for factor, value in zip(
                MEMORY_BAR, (result["nonzeros"] / 1e6, result["bins"] / 1e6, 1), strict=True
            )
        )
        for program, done in runs.items():
            wall, cpu, peak = (
                statistics.median(getattr(run, key) for run in done)
                for key in ("wall", "cpu", "peak")
            )
            ours = program in ("ICE", "KR")
            goal = GOALS.get(name, {}).get(program)
            is_extrapolated = not ours and (program != COOLER or name not in RUN_TO_END)
            rows.append(
                [
                    name,
                    program if ours else f"`{label(program, result)}`",
                    f"{wall:.2f}{' (x)' if is_extrapolated else ''}",
                    f"{cpu:.1f}",
                    f"{peak:.0f} ({limit:.0f})" if ours else f"{peak:.0f}",
                    speed_up(runs[COOLER], done) if program != COOLER else "1",
                    f"{goal}" if goal else "",
                    speed_up(runs[CHUNKED], done) if ours else "",
                ]
            )
        equality = result["equality"]
        notes.append(
            f"- {name}: {result['bins']:,} bins, {result['nonzeros']:,} nonzeros, "
            f"chromosomes: {result['chromosomes']}; ICE {result['iterations']} iterations "
            f"({result['status']['ice']}), KR {result['products']} products "
            f"({result['status']['kr']}). Weights of ICE and cooler after "
            f"{equality['iterations']} iterations differ by {equality['ICE and cooler']:.1e}, "
            f"those of KR and ICE, up to scale, by {equality['KR and ICE, up to scale']:.1e}. "
            f"Rounds: {len(runs[COOLER])}; {machine_line(result['machine'])}"
        )
    return markdown(header, rows) + "\n" + "\n".join(notes)


def label(program: str, result: dict[str, Any]) -> str:
    """Return the command, with the chunk size."""
    return f"{program} {result['chunk']}" if program == CHUNKED else program


def speed_up(theirs: list[Run], ours: list[Run]) -> str:
    """Format the median speed-up and that of each round."""
    ratios = [a.wall / b.wall for a, b in zip(theirs, ours, strict=True)]
    rounds = ", ".join(f"{value:.0f}" if value >= 10 else f"{value:.1f}" for value in ratios)
    return f"**{statistics.median(ratios):.{0 if min(ratios) >= 10 else 1}f}** ({rounds})"


def solver_table(record: dict[str, Any]) -> str:
    """Format the results of the solvers alone as a table."""
    header = [
        "program",
        "seconds in the solver",
        "peak MB",
        "largest deviation of row sums",
        "note",
    ]
    rows = [
        [
            program,
            f"{result['seconds']:.2f}",
            f"{result['peak']:.0f}",
            f"{result['deviation']:.1e}",
            result["note"],
        ]
        for program, result in record["programs"].items()
    ]
    return markdown(header, rows) + f"\nMap {record['map']}; {machine_line(record['machine'])}"


if __name__ == "__main__":
    main()
