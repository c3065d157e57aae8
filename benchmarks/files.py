"""Compare ingest and export with h5py reading and writing the same bytes.

python -m benchmarks.files [--rounds 3] [--maps a,b,c]

Complete processes take turns:

- ingest: `.cool` to triples, including every check. h5py reads the same three columns in spans and
  writes them in the types of the triples, uncompressed.
- export: triples and weights to a `.mcool`. h5py reads the file written by the h5py process above
  and writes it in the types, chunks and gzip level of the `.mcool`.

Writes results/files.json and the table in README.md.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

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

GOAL = 2.0
SPAN = 1 << 20
COLUMNS = ("bin1_id", "bin2_id", "count")
METHOD, SAMPLE = "vc", "simulated"
PAIRS = {"ingest": "ingest-h5py", "export": "export-h5py"}


def ingest(name: str, work: Path) -> None:
    """Read the map and write its triples."""
    from counterpoise.ingest.formats import inspect_source
    from counterpoise.ingest.pixels import write_map
    from counterpoise.store.paths import ResultPaths

    made = MAPS[name]
    files = ResultPaths("files", str(work)).map_files(SAMPLE, made.resolution)
    # Another job computes the identity (scripts/inspect_input.py).
    write_map(inspect_source(str(made.path), identify=False), made.resolution, files)


def balance_map(name: str, work: Path) -> None:
    """Compute the weights that the export writes."""
    from counterpoise.balancing.api import balance
    from counterpoise.store.paths import ResultPaths
    from counterpoise.store.pixels import read_map
    from counterpoise.store.weights import write_balance

    paths, resolution = ResultPaths("files", str(work)), MAPS[name].resolution
    contacts = read_map(paths.map_files(SAMPLE, resolution))
    result = balance(contacts, METHOD, mask=None)
    write_balance(result, contacts.bins, paths.run_files(SAMPLE, resolution, METHOD))


def export(name: str, work: Path) -> None:
    """Write the `.mcool`."""
    from counterpoise.store.mcool import write_mcool
    from counterpoise.store.paths import ResultPaths

    paths = ResultPaths("files", str(work))
    resolutions = [MAPS[name].resolution]
    write_mcool(paths, SAMPLE, resolutions, {METHOD: "VC"}, METHOD, paths.cooler(SAMPLE))


def ingest_h5py(name: str, work: Path) -> None:
    """Read and write the pixels of the map by h5py alone."""
    import h5py
    import numpy as np

    types = {"bin1_id": np.int32, "bin2_id": np.int32, "count": np.uint16}
    with h5py.File(MAPS[name].path) as source, h5py.File(work / "triples.h5", "w") as target:
        copy_pixels(
            source["pixels"], target, {key: {"dtype": dtype} for key, dtype in types.items()}
        )


def export_h5py(name: str, work: Path) -> None:
    """Read and write the pixels of the `.mcool` by h5py alone."""
    import h5py

    from counterpoise.store.paths import ResultPaths

    exported = ResultPaths("files", str(work)).cooler(SAMPLE)
    with h5py.File(exported) as model, h5py.File(work / "triples.h5") as source:
        pixels = model[f"resolutions/{MAPS[name].resolution}/pixels"]
        options = {
            key: {
                "dtype": pixels[key].dtype,
                "chunks": pixels[key].chunks,
                "compression": pixels[key].compression,
                "compression_opts": pixels[key].compression_opts,
                "shuffle": pixels[key].shuffle,
            }
            for key in COLUMNS
        }
        with h5py.File(work / "pixels.h5", "w") as target:
            copy_pixels(source, target, options)


def copy_pixels(source: Any, target: Any, options: dict[str, dict[str, Any]]) -> None:
    """Copy the columns of pixels in spans."""
    total = source["count"].shape[0]
    for key in COLUMNS:
        target.create_dataset(key, (total,), **options[key])
    for lo in range(0, total, SPAN):
        for key in COLUMNS:
            target[key][lo : lo + SPAN] = source[key][lo : lo + SPAN]


JOBS = {
    "ingest": ingest,
    "balance": balance_map,
    "export": export,
    "ingest-h5py": ingest_h5py,
    "export-h5py": export_h5py,
}


def measure(name: str, rounds: int) -> dict[str, Any]:
    """Time all jobs on one map, in turns."""
    subprocess.run([sys.executable, "-m", "benchmarks.simulated", name], check=True)
    work = FOLDER / f"{name}-files"
    work.mkdir(exist_ok=True)
    commands = {
        job: [sys.executable, "-m", "benchmarks.files", "job", job, name, str(work)] for job in JOBS
    }
    order = ("ingest", "ingest-h5py", "export", "export-h5py")
    for job in ("ingest", "balance"):
        time_process(commands[job])  # warm the file cache and make the inputs of the export
    runs: dict[str, list[Run]] = {job: [] for job in order}
    for number in range(rounds):
        for job in order:
            runs[job].append(time_process(commands[job]))
            print(f"{name}, round {number + 1}: {job} {runs[job][-1].wall:.2f} s", flush=True)
    return {
        "nonzeros": count_pixels(work / "triples.h5"),
        "megabytes": {
            "cool": MAPS[name].path.stat().st_size / 1e6,
            "triples": folder_size(work / "files" / "triples"),
            "mcool": folder_size(work / "files" / "coolers"),
            "h5py's pixels": (work / "pixels.h5").stat().st_size / 1e6,
        },
        "runs": {job: [asdict(run) for run in done] for job, done in runs.items()},
        "machine": machine(),
    }


def count_pixels(path: Path) -> int:
    """Return the number of pixels of a file."""
    import h5py

    with h5py.File(path) as file:
        return int(file["count"].shape[0])


def folder_size(folder: Path) -> float:
    """Return the megabytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def main() -> None:
    """Run one job, or measure each map and publish the table."""
    if sys.argv[1:2] == ["job"]:
        job, name, work = sys.argv[2:]
        JOBS[job](name, Path(work))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--maps", default="a,b,c")
    args = parser.parse_args()
    use_two_cores()
    record = load("files")
    for name in args.maps.split(","):
        record[name] = measure(name, args.rounds)
        save("files", record)
    publish("files", table(record))


def table(record: dict[str, Any]) -> str:
    """Format the results as a table."""
    header = [
        "map",
        "job",
        "wall s",
        "M pixels/s",
        "h5py s",
        "ratio (each round)",
        "goal",
        "peak MB",
    ]
    rows, notes = [], []
    for name, result in sorted(record.items()):
        runs = result["runs"]
        for job, other in PAIRS.items():
            ratios = [a["wall"] / b["wall"] for a, b in zip(runs[job], runs[other], strict=True)]
            rounds = ", ".join(f"{ratio:.2f}" for ratio in ratios)
            wall, theirs = (
                statistics.median(run["wall"] for run in runs[key]) for key in (job, other)
            )
            rows.append(
                [
                    name,
                    job,
                    f"{wall:.2f}",
                    f"{result['nonzeros'] / wall / 1e6:.1f}",
                    f"{theirs:.2f}",
                    f"**{statistics.median(ratios):.2f}** ({rounds})",
                    f"{GOAL:.0f}",
                    f"{statistics.median(run['peak'] for run in runs[job]):.0f}",
                ]
            )
        sizes = ", ".join(f"{key} {value:.0f}" for key, value in result["megabytes"].items())
        notes.append(
            f"- {name}: {result['nonzeros']:,} pixels; MB: {sizes}; "
            f"{machine_line(result['machine'])}"
        )
    return markdown(header, rows) + "\n" + "\n".join(notes)


if __name__ == "__main__":
    main()
