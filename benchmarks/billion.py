"""Time a billion nonzeros in 3.1 million bins: in memory, and the whole workflow within 4 GB.

python -m benchmarks.billion [--nonzeros 1_000_000_000] [--memory-mb 4000] [--only-workflow]
                             [--keep FOLDER]

The map is a genome at 1 kb with one resolution. In memory, KR balances all contacts through the
Python interface. The workflow reads the map, balances each chromosome by KR and the genome by ICE,
draws the plots, exports the `.mcool`, writes the report and logs to MLflow. The map is written to a
temporary folder and removed, unless ``--keep`` names a folder, where a map of an earlier call is
used again. TMPDIR must have room for 20 bytes per nonzero. With ``--only-workflow`` the run in
memory keeps its result. Writes results/billion.json and the tables in README.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measuring import (
    load,
    machine,
    machine_line,
    markdown,
    publish,
    save,
    time_process,
    use_two_cores,
)
from benchmarks.rules import (
    COHORT,
    SAMPLE,
    goal_reached,
    load_line,
    rule_table,
    run_workflow,
    write_cohort,
)
from benchmarks.simulated import find_map
from counterpoise.store.paths import ResultPaths

RESOLUTION = 1000
# The first writes the column ``weight``.
METHODS = {"ice": "{}", "kr": "{scope: cis}"}
MEMORY_MB = 4000
FILL_GIB = 9  # memory of the run in memory
# Seconds: ICE of the genome, all plots, and the whole workflow.
GOALS = {"balance ice": 60, "plot": 20, "all": 240}


def balance_in_memory(path: str) -> None:
    """Read a map, balance its genome by KR and print the seconds of both."""
    import counterpoise as cp

    begin = time.perf_counter()
    contacts = cp.read_contacts(path)
    read = time.perf_counter()
    kept = cp.mask_bins(contacts).kept
    masked = time.perf_counter()
    result = cp.balance(contacts, "kr", scope="genome", mask=kept)
    print(
        json.dumps(
            {
                "read": read - begin,
                "mask": masked - read,
                "solve": time.perf_counter() - masked,
                "status": result.status.value,
                "products": result.matvecs,
                "nonzeros": contacts.nnz,
            }
        )
    )


def measure_in_memory(path: Path, folder: Path) -> dict[str, Any]:
    """Run ``balance_in_memory`` in a process of its own."""
    output = folder / "memory.json"
    command = [sys.executable, "-m", "benchmarks.billion", "--in-memory", str(path)]
    run = time_process(command, output=output, fill_gib=FILL_GIB)
    return {"run": asdict(run), **json.loads(output.read_text()), "machine": machine()}


def measure_workflow(path: Path, folder: Path, memory_mb: int) -> dict[str, Any]:
    """Run the workflow, and read how the runs ended."""
    write_cohort(folder, path, [RESOLUTION], METHODS)
    record = run_workflow(folder, memory_mb)
    paths = ResultPaths(COHORT, str(folder / "results"))
    verdicts = {}
    for method in METHODS:
        file = Path(paths.run_files(SAMPLE, RESOLUTION, method).verdict)
        verdict = json.loads(file.read_text())
        keys = ("status", "iterations", "matvecs")
        verdicts[method] = {key: verdict[key] for key in keys}
        verdicts[method]["peak"] = verdict["run"]["peak_memory_mb"] * 2**20 / 1e6
    return {**record, "verdicts": verdicts, "memory_mb": memory_mb}


def write_map(name: str, folder: Path) -> Path:
    """Write the map, in a separate process, because children inherit peak memory."""
    command = [sys.executable, "-m", "benchmarks.simulated", "--folder", str(folder), name]
    subprocess.run(command, check=True)
    return folder / find_map(name).path.name


def main() -> None:
    """Measure and publish the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nonzeros", type=int, default=1_000_000_000)
    parser.add_argument("--only-workflow", action="store_true", help="keep the run in memory")
    parser.add_argument("--memory-mb", type=int, default=MEMORY_MB, help="of the workflow")
    parser.add_argument("--keep", type=Path, help="folder in which the map stays")
    parser.add_argument("--in-memory", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.in_memory:
        balance_in_memory(args.in_memory)
        return
    name = f"genome1kb-{args.nonzeros}"
    record = load("billion")
    size = {"bins": find_map(name).bins, "asked": args.nonzeros}
    if args.only_workflow and not size.items() <= record.items():
        parser.error("--only-workflow needs results of the same --nonzeros")
    use_two_cores()
    with TemporaryDirectory() as folder:
        path = write_map(name, args.keep or Path(folder))
        record |= {**size, "megabytes": path.stat().st_size / 1e6}
        if not args.only_workflow:
            record["in_memory"] = measure_in_memory(path, Path(folder))
            print(record["in_memory"], flush=True)
            save("billion", record)
        record["workflow"] = measure_workflow(path, Path(folder), args.memory_mb)
    save("billion", record)
    publish("billion", tables(record))


def tables(record: dict[str, Any]) -> str:
    """Format the results as tables."""
    memory, workflow = record["in_memory"], record["workflow"]
    run = memory["run"]
    whole = [f"{run['wall']:.1f}", f"{run['peak']:,.0f}"]
    in_memory = [
        ["reading", f"{memory['read']:.1f}", ""],
        ["filtering bins", f"{memory['mask']:.1f}", ""],
        ["solving and standard errors", f"{memory['solve']:.1f}", ""],
        ["whole process", *whole],
    ]
    solved = "; ".join(
        f"{method}: {result['status']}, {result['matvecs']} products"
        for method, result in workflow["verdicts"].items()
    )
    return "\n".join(
        [
            f"{record['bins']:,} bins of 1 kb, {memory['nonzeros']:,} nonzeros, a `.cool` of "
            f"{record['megabytes']:,.0f} MB.\n",
            f"KR of the genome in memory, through the Python interface ({memory['status']}, "
            f"{memory['products']} products):\n",
            markdown(["step", "wall s", "peak MB"], in_memory),
            f"The workflow within {workflow['memory_mb']:,} MB ({solved}):\n",
            goal_table(workflow),
            "By rule:\n",
            rule_table(workflow),
            f"In memory: {machine_line(memory['machine'])} The workflow: {load_line(workflow)}",
        ]
    )


def goal_table(workflow: dict[str, Any]) -> str:
    """Format the steps of the workflow next to their goals."""
    seconds, rules = workflow["seconds"], workflow["rules"]
    verdicts = workflow["verdicts"]
    steps = {
        "ingest": (seconds[f"ingest/{RESOLUTION}"], rules["ingest"]["peak"]),
        **{
            f"balance {method}": (
                seconds[f"balance/{RESOLUTION}/{method}"],
                verdicts[method]["peak"],
            )
            for method in ("kr", "ice")
        },
        "plot": (seconds[f"plot/{RESOLUTION}"], rules["plot"]["peak"]),
        "export": (seconds["export"], rules["export"]["peak"]),
        "all": (workflow["run"]["wall"], workflow["run"]["peak"]),
    }
    labels = {
        "balance kr": "KR by chromosome",
        "balance ice": "ICE of the genome",
        "plot": "plots of both methods",
        "all": "all, with report and MLflow",
    }
    rows = []
    for step, (wall, peak) in steps.items():
        goal = GOALS.get(step)
        reached = "" if goal is None else goal_reached(wall, goal)
        label = labels.get(step, step)
        rows.append([label, f"{wall:.1f}", f"{peak:,.0f}", f"{goal or ''}", reached])
    return markdown(["step", "wall s", "peak MB", "goal, s", ""], rows)


if __name__ == "__main__":
    main()
