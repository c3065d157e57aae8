"""Time the whole workflow on a genome at five resolutions, next to cooler and hictk.

python -m benchmarks.journey [--nonzeros 100_000_000] [--only-workflow] [--folder FOLDER]

From a `.cool` of the finest level, the workflow makes five levels, balances each by four methods,
draws all plots, exports the `.mcool`, writes the report and logs to MLflow. ``cooler zoomify
--balance`` makes the same levels and balances each by one method. It would take most of an hour, so
its balancing of large levels runs for two small numbers of iterations and its time is extrapolated
(README.md, "The whole workflow"). hictk does the same and runs to its end, where it is installed.
With ``--only-workflow`` both keep their results. ``--folder`` is for the results of the programs,
which are removed. Writes results/journey.json and the tables in README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import h5py

from benchmarks.against_peers import cooler_command, extrapolate, one_shot
from benchmarks.measuring import (
    Run,
    load,
    machine,
    markdown,
    publish,
    save,
    time_process,
    use_two_cores,
)
from benchmarks.rules import goal_reached, load_line, rule_table, run_workflow, write_cohort
from benchmarks.simulated import FOLDER, find_map
from counterpoise.store.paths import RunFiles

RESOLUTIONS = (10_000, 50_000, 100_000, 500_000, 1_000_000)
METHODS = ("ice", "kr", "vc_sqrt", "kde")
MEMORY_MB = 8000  # as in the profile ``local``
GOAL_SECONDS = 90
FEW = (2, 6)  # numbers of iterations from which cooler is extrapolated
LONG = 60  # seconds; cooler runs to its end where that is expected to take less
MAX_ITERATIONS = 200  # default of cooler


def count_pixels(path: Path) -> int:
    """Return the nonzeros of a `.cool`."""
    with h5py.File(path) as file:
        return int(file["pixels/count"].shape[0])


def measure_workflow(source: Path, folder: Path) -> dict[str, Any]:
    """Run the workflow on a map."""
    folder.mkdir()
    write_cohort(folder, source, list(RESOLUTIONS), dict.fromkeys(METHODS, "{}"))
    return run_workflow(folder, MEMORY_MB)


def measure_cooler(source: Path, folder: Path) -> dict[str, Any]:
    """Time cooler: all levels without weights, and a few iterations of balancing on each."""
    folder.mkdir()
    load_before = os.getloadavg()[0]
    target = folder / "levels.mcool"
    zoomify = time_process(zoomify_command(source, target))
    print(f"cooler zoomify: {zoomify.wall:.1f} s", flush=True)
    levels = {}
    for resolution in RESOLUTIONS:
        uri = Path(f"{target}::/resolutions/{resolution}")
        few = [time_process(cooler_command(uri, "weight", count)) for count in FEW]
        iterations = count_iterations(uri, folder / f"{resolution}")
        run = extrapolate(few, iterations, FEW)
        extrapolated = run.wall > LONG
        if not extrapolated:
            run = time_process(cooler_command(uri, "weight", MAX_ITERATIONS))
        levels[str(resolution)] = {
            "few": [asdict(done) for done in few],
            "iterations": iterations,
            "extrapolated": extrapolated,
            "run": asdict(run),
        }
        print(f"cooler at {resolution} bp: {levels[str(resolution)]}", flush=True)
    measured = {"load": (load_before, os.getloadavg()[0]), "machine": machine()}
    return {"zoomify": asdict(zoomify), "levels": levels, **measured}


def zoomify_command(source: Path, target: Path) -> list[str]:
    """Return the command that makes all levels with cooler."""
    program = str(Path(sys.executable).with_name("cooler"))
    resolutions = ",".join(map(str, RESOLUTIONS))
    return [program, "zoomify", "-p", "2", "-r", resolutions, "-o", str(target), str(source)]


def count_iterations(uri: Path, folder: Path) -> int:
    """Return the iterations that cooler needs: ICE with its tolerance takes the same steps."""
    limit = f"max_iterations={MAX_ITERATIONS}"
    time_process(one_shot(uri, "ice", folder, "tolerance=cooler", limit, "on_failure=keep"))
    verdict = json.loads(Path(RunFiles.in_folder(folder).verdict).read_text())
    return int(verdict["iterations"])


def measure_hictk(source: Path, folder: Path) -> dict[str, Any] | None:
    """Time hictk, which runs to its end; None if it is not installed."""
    if shutil.which("hictk") is None:
        return None
    folder.mkdir()
    target = str(folder / "levels.mcool")
    resolutions = list(map(str, RESOLUTIONS))
    zoomify = ["hictk", "zoomify", str(source), target, "--resolutions", *resolutions]
    balance = ["hictk", "balance", "ice", "--mode", "gw", "--in-memory", "--threads", "2"]
    words = [*balance, "--max-iters", str(MAX_ITERATIONS), target]
    return {"zoomify": asdict(time_process(zoomify)), "balance": asdict(time_process(words))}


def main() -> None:
    """Measure the workflow and its peers and publish the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nonzeros", type=int, default=100_000_000)
    parser.add_argument("--only-workflow", action="store_true", help="keep the results of peers")
    parser.add_argument("--folder", type=Path, default=FOLDER / "journey-work")
    args = parser.parse_args()
    name = f"genome10kb-{args.nonzeros}"
    record = load("journey")
    size = {"bins": find_map(name).bins, "asked": args.nonzeros}
    if args.only_workflow and not size.items() <= record.items():
        parser.error("--only-workflow needs results of the same --nonzeros")
    use_two_cores()
    # In a separate process, because children inherit peak memory (see ``time_process``).
    subprocess.run([sys.executable, "-m", "benchmarks.simulated", name], check=True)
    source = find_map(name).path
    args.folder.mkdir(parents=True)
    try:
        record |= {**size, "nonzeros": count_pixels(source)}
        record["workflow"] = measure_workflow(source, args.folder / "workflow")
        if not args.only_workflow:
            record["cooler"] = measure_cooler(source, args.folder / "cooler")
            record["hictk"] = measure_hictk(source, args.folder / "hictk")
    finally:
        shutil.rmtree(args.folder)
    save("journey", record)
    publish("journey", tables(record))


def together(runs: Iterable[dict[str, float]]) -> Run:
    """Sum successive processes."""
    done = [Run(**run) for run in runs]
    return Run(sum(r.wall for r in done), sum(r.cpu for r in done), max(r.peak for r in done))


def tables(record: dict[str, Any]) -> str:
    """Format the results as tables."""
    workflow, levels = record["workflow"], record["cooler"]["levels"]
    ours = Run(**workflow["run"])
    cooler = [record["cooler"]["zoomify"], *(level["run"] for level in levels.values())]
    count = len(levels)
    rows = [
        program_row(
            "Counterpoise, whole workflow",
            f"{len(METHODS)} methods at {count} levels, plots, report, MLflow",
            ours,
            ours,
            f"{GOAL_SECONDS} ({goal_reached(ours.wall, GOAL_SECONDS)})",
        ),
        program_row(
            "`cooler zoomify -p 2 --balance` (x)",
            f"1 method at {count} levels",
            together(cooler),
            ours,
        ),
    ]
    if record["hictk"] is None:
        rows.append(["`hictk zoomify`, `hictk balance ice`", "not installed", *[""] * 6])
    else:
        label = "`hictk zoomify`, `hictk balance ice`"
        rows.append(
            program_row(
                label, f"1 method at {count} levels", together(record["hictk"].values()), ours
            )
        )
    header = ["program", "what", "wall s", "CPU s", "peak MB"]
    header += ["wall, over Counterpoise", "CPU, over Counterpoise", "goal, s"]
    return "\n".join(
        [
            f"{record['bins']:,} bins of 10 kb, {record['nonzeros']:,} nonzeros.\n",
            markdown(header, rows),
            "The workflow by rule:\n",
            rule_table(workflow),
            "Seconds of each job, by level:\n",
            job_table(workflow["seconds"]),
            "cooler by level:\n",
            cooler_table(record["cooler"]),
            f"The workflow: {load_line(workflow)} cooler: {load_line(record['cooler'])}",
        ]
    )


def program_row(label: str, what: str, run: Run, ours: Run, goal: str = "") -> list[str]:
    """Format the row of a program."""
    seconds = [f"{run.wall:,.1f}", f"{run.cpu:,.1f}", f"{run.peak:,.0f}"]
    ratios = [f"{run.wall / ours.wall:.1f}", f"{run.cpu / ours.cpu:.1f}"]
    return [label, what, *seconds, *ratios, goal]


def job_table(seconds: dict[str, float]) -> str:
    """Format the seconds of the jobs that there are at each level."""
    jobs = ["ingest", "mask", *(f"balance {name}" for name in METHODS), "plot"]
    rows = []
    for resolution in RESOLUTIONS:
        names = (f"{rule}/{resolution}/{method}".rstrip("/") for rule, _, method in parts(jobs))
        rows.append([level_name(resolution), *(f"{seconds[name]:.1f}" for name in names)])
    return markdown(["level", *jobs], rows)


def parts(jobs: list[str]) -> list[tuple[str, str, str]]:
    """Split the names of jobs into rule and method."""
    return [job.partition(" ") for job in jobs]


def cooler_table(record: dict[str, Any]) -> str:
    """Format the measurement and extrapolation of cooler."""
    header = ["step", *(f"s, {count} iterations" for count in FEW), "iterations needed"]
    header += ["s to the end"]
    rows = [["zoomify, without weights", *[""] * 3, f"{record['zoomify']['wall']:,.1f}"]]
    for resolution, level in record["levels"].items():
        few = [f"{run['wall']:.1f}" for run in level["few"]]
        mark = " (x)" if level["extrapolated"] else ""
        label = f"balance at {level_name(int(resolution))}"
        end = f"{level['run']['wall']:,.1f}{mark}"
        rows.append([label, *few, f"{level['iterations']}", end])
    return markdown(header, rows)


def level_name(resolution: int) -> str:
    """Format a bin size."""
    return f"{resolution // 1000} kb" if resolution < 1_000_000 else f"{resolution // 1_000_000} Mb"


if __name__ == "__main__":
    main()
