"""Time every method on one map: complete processes, from `.cool` to weights, on two cores.

python -m benchmarks.each_method [--rounds 3] [--map a]

Each method runs with its own defaults and the default mask. Methods take turns, so that drifts of
the machine's speed affect all of them; the table gives medians. Writes results/each_method.json,
the table in README.md and the costs in docs/how-it-works/methods/.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.journey import count_pixels
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
from counterpoise.methods import methods

FILL_GIB = 1
NOT_MEASURED = "Not measured yet."
PAGES = HERE.parent / "docs" / "how-it-works" / "methods"


def time_method(path: Path, method: str, folder: Path) -> dict[str, Any]:
    """Balance a map by a method; return its time, memory and products."""
    command = [sys.executable, "-m", "benchmarks.one_shot", str(path), method, str(folder)]
    run = time_process(command, fill_gib=FILL_GIB)
    return {**asdict(run), **read_products(folder / "verdict.json")}


def read_products(path: Path) -> dict[str, Any]:
    """Return the status, and the products of all candidates and of all parts."""
    verdict = json.loads(path.read_text(encoding="utf-8"))
    choice = verdict["choice"]
    products = (
        sum(each["matvecs"] for each in choice["candidates"]) if choice else verdict["matvecs"]
    )
    return {"products": products, "status": verdict["status"]}


def medians(runs: list[dict[str, Any]]) -> Run:
    """Return the median of each measure of a method."""
    return Run(*(statistics.median(run[key] for run in runs) for key in ("wall", "cpu", "peak")))


def cost(record: dict[str, Any], method: str) -> str:
    """Say in words what a method costs, for its page."""
    runs = record["runs"].get(method)
    if runs is None:
        return NOT_MEASURED
    done = medians(runs)
    return (
        f"On [map *{record['map']}*](../../../benchmarks/README.md#the-maps) of the benchmarks "
        f"({record['bins']:,} bins, {record['nonzeros'] / 1e6:.1f} million nonzeros): "
        f"{runs[0]['products']} products, {done.cpu:.1f} s of CPU time from the `.cool` to the "
        f"files of weights, and {done.peak:.0f} MB of memory. Starting Python, reading and "
        "filtering are included "
        "([all methods](../../../benchmarks/README.md#cost-of-each-method))."
    )


def with_costs(text: str, record: dict[str, Any]) -> str:
    """Return a page with each method's costs in its row of the table of six columns.

    Its last two cells are products and CPU seconds. Rows of other tables stay as they are.
    """
    for method, runs in record["runs"].items():
        row = rf"^(\| \[`{method}`\](?:[^|\n]*\|){{4}})[^|\n]*\|[^|\n]*\|$"
        cells = rf"\1 {runs[0]['products']} | {medians(runs).cpu:.1f} |"
        text, rows = re.subn(row, cells, text, flags=re.M)
        if rows != 1:
            raise ValueError(f"{rows} rows of six cells begin with [`{method}`], instead of one")
    return text


def publish_costs(record: dict[str, Any]) -> None:
    """Write the cost of each method into its page and into the table of all methods."""
    index = PAGES / "index.md"
    index.write_text(with_costs(index.read_text(encoding="utf-8"), record), encoding="utf-8")
    for method in record["runs"]:
        publish("cost", cost(record, method), PAGES / f"{method}.md")


def tables(record: dict[str, Any]) -> str:
    """Format the results as a table."""
    rows = []
    for method, runs in record["runs"].items():
        done = medians(runs)
        spread = f"{min(run['wall'] for run in runs):.2f} to {max(run['wall'] for run in runs):.2f}"
        row = [f"`{method}`", str(runs[0]["products"]), f"{done.wall:.2f} ({spread})"]
        rows.append([*row, f"{done.cpu:.2f}", f"{done.peak:.0f}", runs[0]["status"]])
    header = ["method", "products", "wall s (range)", "CPU s", "peak MB", "status"]
    return (
        f"Map {record['map']}: {record['bins']:,} bins, {record['nonzeros']:,} nonzeros.\n\n"
        f"{markdown(header, rows)}\n"
        f"Rounds: {record['rounds']}; {machine_line(record['machine'])}\n"
    )


def main() -> None:
    """Measure and publish the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--map", default="a")
    args = parser.parse_args()
    use_two_cores()
    # In a separate process, because children inherit peak memory (see ``time_process``).
    subprocess.run([sys.executable, "-m", "benchmarks.simulated", args.map], check=True)
    spec = find_map(args.map)
    folder = FOLDER / "each-method-work"
    folder.mkdir(parents=True)
    runs: dict[str, list[dict[str, Any]]] = {method: [] for method in methods()}
    try:
        for number in range(args.rounds):
            for method, done in runs.items():
                done.append(time_method(spec.path, method, folder))
                print(f"round {number + 1}: {method} {done[-1]['wall']:.2f} s", flush=True)
    finally:
        shutil.rmtree(folder)
    record = {"map": args.map, "bins": spec.bins, "nonzeros": count_pixels(spec.path)}
    save("each_method", record | {"rounds": args.rounds, "machine": machine(), "runs": runs})
    saved = load("each_method")
    publish("each method", tables(saved))
    publish_costs(saved)


if __name__ == "__main__":
    main()
