"""Ingest and export beside h5py reading and writing the same bytes.

python -m benchmarks.files [--rounds 3] [--maps a,b,c]

Whole processes, in turns:

- ingest: `.cool` to triples, every check included. h5py: reads the same three columns a span at a
  time and writes them in the triples' types, not compressed.
- export: triples and weights to a `.mcool`. h5py: reads what the h5py above wrote, and writes it in
  the types, chunks and gzip level of the `.mcool`.

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

BAR = 2.0
SPAN = 1 << 20
COLUMNS = ("bin1_id", "bin2_id", "count")
METHOD, SAMPLE = "vc", "simulated"
PAIRS = {"ingest": "ingest-h5py", "export": "export-h5py"}


def _ingest(name: str, work: Path) -> None:
    from counterpoise.ingest.formats import inspect_source
    from counterpoise.ingest.pixels import write_map
    from counterpoise.store.paths import ResultPaths

    made = MAPS[name]
    files = ResultPaths("files", str(work)).map_files(SAMPLE, made.resolution)
    # The identity is another job's work (scripts/inspect_input.py).
    write_map(inspect_source(str(made.path), identify=False), made.resolution, files)


def _balance(name: str, work: Path) -> None:
    """Weights for the export to write."""
    from counterpoise.balancing.api import balance
    from counterpoise.store.paths import ResultPaths
    from counterpoise.store.pixels import read_map
    from counterpoise.store.weights import write_balance

    paths, resolution = ResultPaths("files", str(work)), MAPS[name].resolution
    contacts = read_map(paths.map_files(SAMPLE, resolution))
    result = balance(contacts, METHOD)
    write_balance(result, contacts.bins, paths.run_files(SAMPLE, resolution, METHOD))


def _export(name: str, work: Path) -> None:
    from counterpoise.store.mcool import write_mcool
    from counterpoise.store.paths import ResultPaths

    paths = ResultPaths("files", str(work))
    resolutions = [MAPS[name].resolution]
    write_mcool(paths, SAMPLE, resolutions, {METHOD: "VC"}, METHOD, paths.cooler(SAMPLE))


def _ingest_h5py(name: str, work: Path) -> None:
    import h5py
    import numpy as np

    types = {"bin1_id": np.int32, "bin2_id": np.int32, "count": np.uint16}
    with h5py.File(MAPS[name].path) as source, h5py.File(work / "triples.h5", "w") as target:
        _copy(source["pixels"], target, {key: {"dtype": dtype} for key, dtype in types.items()})


def _export_h5py(name: str, work: Path) -> None:
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
            _copy(source, target, options)


def _copy(source: Any, target: Any, options: dict[str, dict[str, Any]]) -> None:
    total = source["count"].shape[0]
    for key in COLUMNS:
        target.create_dataset(key, (total,), **options[key])
    for lo in range(0, total, SPAN):
        for key in COLUMNS:
            target[key][lo : lo + SPAN] = source[key][lo : lo + SPAN]


JOBS = {
    "ingest": _ingest,
    "balance": _balance,
    "export": _export,
    "ingest-h5py": _ingest_h5py,
    "export-h5py": _export_h5py,
}


def measured(name: str, rounds: int) -> dict[str, Any]:
    subprocess.run([sys.executable, "-m", "benchmarks.simulated", name], check=True)
    work = FOLDER / f"{name}-files"
    work.mkdir(exist_ok=True)
    commands = {
        job: [sys.executable, "-m", "benchmarks.files", "job", job, name, str(work)] for job in JOBS
    }
    order = ("ingest", "ingest-h5py", "export", "export-h5py")
    for job in ("ingest", "balance"):
        timed(commands[job])  # warms the file cache, makes what the export needs
    runs: dict[str, list[Run]] = {job: [] for job in order}
    for number in range(rounds):
        for job in order:
            runs[job].append(timed(commands[job]))
            print(f"{name}, round {number + 1}: {job} {runs[job][-1].wall:.2f} s", flush=True)
    return {
        "nonzeros": _pixels(work / "triples.h5"),
        "megabytes": {
            "cool": MAPS[name].path.stat().st_size / 1e6,
            "triples": _size(work / "files" / "triples"),
            "mcool": _size(work / "files" / "coolers"),
            "h5py's pixels": (work / "pixels.h5").stat().st_size / 1e6,
        },
        "runs": {job: [asdict(run) for run in done] for job, done in runs.items()},
        "machine": machine(),
    }


def _pixels(path: Path) -> int:
    import h5py

    with h5py.File(path) as file:
        return int(file["count"].shape[0])


def _size(folder: Path) -> float:
    """Megabytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def main() -> None:
    if sys.argv[1:2] == ["job"]:
        job, name, work = sys.argv[2:]
        JOBS[job](name, Path(work))
        return
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--maps", default="a,b,c")
    args = words.parse_args()
    on_two_cores()
    record = load("files")
    for name in args.maps.split(","):
        record[name] = measured(name, args.rounds)
        save("files", record)
    publish("files", table(record))


def table(record: dict[str, Any]) -> str:
    header = [
        "map",
        "job",
        "wall s",
        "M pixels/s",
        "h5py s",
        "ratio (each round)",
        "bar",
        "peak MB",
    ]
    rows, notes = [], []
    for name, found in sorted(record.items()):
        runs = found["runs"]
        for job, other in PAIRS.items():
            each = [a["wall"] / b["wall"] for a, b in zip(runs[job], runs[other], strict=True)]
            wall, theirs = (
                statistics.median(run["wall"] for run in runs[key]) for key in (job, other)
            )
            rows.append(
                [
                    name,
                    job,
                    f"{wall:.2f}",
                    f"{found['nonzeros'] / wall / 1e6:.1f}",
                    f"{theirs:.2f}",
                    f"**{statistics.median(each):.2f}** ({', '.join(f'{x:.2f}' for x in each)})",
                    f"{BAR:.0f}",
                    f"{statistics.median(run['peak'] for run in runs[job]):.0f}",
                ]
            )
        sizes = ", ".join(f"{key} {value:.0f}" for key, value in found["megabytes"].items())
        notes.append(
            f"- {name}: {found['nonzeros']:,} pixels; MB: {sizes}; {in_words(found['machine'])}"
        )
    return markdown(header, rows) + "\n" + "\n".join(notes)


if __name__ == "__main__":
    main()
