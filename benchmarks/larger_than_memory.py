"""Balance 300 M nonzeros within 1 GiB; compare results and time with runs in memory.

python -m benchmarks.larger_than_memory [--rounds 2] [--map 300M]

Runs the scripts of the workflow with its settings: ingest and mask once, then KR and ICE in turns,
in memory and within 1024 MiB (``--memory-mb``). ``ulimit -v`` enforces the limit on all addresses
of the process, which exceed its memory. The file cache of the system is not under that limit, so a
third run drops the cached pages of the scratch file continuously. Linux only. Writes
results/larger_than_memory.json and the table in README.md.
"""

from __future__ import annotations

import argparse
import contextlib
import filecmp
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.measuring import (
    machine,
    machine_line,
    markdown,
    publish,
    save,
    time_process,
    use_two_cores,
)
from benchmarks.simulated import FOLDER, MAPS
from counterpoise.contacts.selection import Scope
from counterpoise.jobs.memory import predict_memory
from counterpoise.jobs.resources import SNAKEMAKE_MB
from counterpoise.methods import methods
from counterpoise.methods.base import Method
from counterpoise.store.paths import MapFiles, RunFiles

LIMIT_MB = 1024
WORK = FOLDER / "larger-work"
SCRATCH = WORK / "scratch"
MAP = MapFiles.in_folder(WORK)
METHODS: dict[str, dict[str, Any]] = {
    "KR": {"method": "kr", "settings": {"scope": "genome"}},
    "ICE": {"method": "ice"},
}
DROP_INTERVAL = 0.05  # seconds


def script(name: str, settings: dict[str, Any], **paths: str | MapFiles | RunFiles) -> list[str]:
    """Return the command that a rule of the workflow runs."""
    options = []
    for key, files in paths.items():
        options += [f"--{key}", *([files] if isinstance(files, str) else files)]
    return [sys.executable, f"scripts/{name}.py", *options, "--settings", repr(settings)]


def prepare(name: str) -> None:
    """Make the triples and the mask of a map as the workflow does."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "benchmarks.simulated", name], check=True)
    record, mask = str(WORK / "input.json"), str(WORK / "mask.parquet")
    source = {"uri": str(MAPS[name].path), "hic_engine": "hictkpy"}
    level = {**source, "resolution": MAPS[name].resolution}
    for command in (
        script("inspect_input", source, output=record),
        script("ingest", level, record=record, map=MAP),
        script("mask", {}, output=mask, map=MAP),
    ):
        time_process(command)


def balance(method: str, folder: Path, *options: str) -> list[str]:
    """Return the command of the rule ``balance`` that writes to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    files = RunFiles.in_folder(folder)
    mask = str(WORK / "mask.parquet")
    command = script("balance", METHODS[method], map=MAP, mask=mask, run=files)
    return [*command, "--threads", "2", *options]


def limit_memory(command: list[str]) -> list[str]:
    """Return the command with its addresses limited to ``LIMIT_MB``."""
    return ["sh", "-c", 'ulimit -v "$0" && exec "$@"', str(LIMIT_MB * 1024), *command]


@contextlib.contextmanager
def drop_cache() -> Iterator[None]:
    """Drop the cached pages of scratch files continuously in the meantime.

    Scratch files are already unlinked, so they are found as open files of their process.
    """
    finished = threading.Event()

    def drop() -> None:
        while not finished.wait(DROP_INTERVAL):
            for link in Path("/proc").glob("[0-9]*/fd/*"):
                # Processes and files may disappear in the meantime.
                with contextlib.suppress(FileNotFoundError, PermissionError, ProcessLookupError):
                    if os.readlink(link).startswith(str(SCRATCH.resolve())):
                        drop_pages(link)

    thread = threading.Thread(target=drop)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()


def drop_pages(path: Path) -> None:
    """Drop the cached pages of one file."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fdatasync(file)  # pages that are not written yet cannot be dropped
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(file)


def fail_in_memory() -> str:
    """Run in memory under the limit and return the last line of the error.

    Raises
    ------
    RuntimeError
        The run succeeded, so the limit is not enforced.
    """
    command = limit_memory(balance("KR", WORK / "refused"))
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    if not process.returncode:
        raise RuntimeError("a run in memory succeeded under the limit, so it is not enforced")
    return process.stderr.strip().splitlines()[-1]


# The runs of every round, in this order.
IN_MEMORY, WITHIN, FROM_DISK = "in memory", "within 1 GiB", "within 1 GiB, nothing cached"


def measure(method: str, kind: str) -> dict[str, Any]:
    """Run a method and compare its results with those of the run in memory."""
    folder = WORK / method / kind.replace(" ", "-")
    if kind == IN_MEMORY:
        run = time_process(balance(method, folder))
    else:
        command = limit_memory(balance(method, folder, "--memory-mb", str(LIMIT_MB + SNAKEMAKE_MB)))
        with drop_cache() if kind == FROM_DISK else contextlib.nullcontext():
            run = time_process(command)
    verdict = json.loads(Path(RunFiles.in_folder(folder).verdict).read_text())
    reference = WORK / method / IN_MEMORY.replace(" ", "-")
    for file in ("weights.parquet", "trace.parquet"):
        if not filecmp.cmp(reference / file, folder / file, shallow=False):
            raise RuntimeError(f"{method} {kind}: {file} differs from that of the run in memory")
    return {
        "wall": run.wall,
        "peak_mb": verdict["run"]["peak_memory_mb"],
        "status": verdict["status"],
        "iterations": verdict["iterations"],
        "products": verdict["matvecs"],
    }


def main() -> None:
    """Run both methods in all ways and publish the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--map", default="300M")
    args = parser.parse_args()
    use_two_cores()
    prepare(args.map)
    os.environ["TMPDIR"] = str(SCRATCH.resolve())
    kinds = (IN_MEMORY, WITHIN, FROM_DISK)
    record: dict[str, Any] = {
        "map": args.map,
        "bins": MAPS[args.map].bins,
        "nonzeros": json.loads(Path(MAP.source).read_text())["nnz"],
        "limit_mb": LIMIT_MB,
        "refused": fail_in_memory(),
        "forecast": {method: predict_for(method) for method in METHODS},
        "runs": {method: {kind: [] for kind in kinds} for method in METHODS},
        "machine": machine(),
    }
    for _ in range(args.rounds):
        for method in METHODS:
            for kind in kinds:
                result = measure(method, kind)
                record["runs"][method][kind].append(result)
                print(method, kind, result, flush=True)
    save("larger_than_memory", record)
    publish("larger than memory", table(record))
    shutil.rmtree(WORK)


def predict_for(method: str) -> tuple[int, int]:
    """Return the predicted MiB in memory and when streaming."""
    chosen: Method = methods()[METHODS[method]["method"]]
    settings = chosen.settings(**METHODS[method].get("settings", {}))
    return predict_memory(MAP, Scope(settings.scope), 2)


def table(record: dict[str, Any]) -> str:
    """Format the results as a table."""
    rows = []
    for method, kinds in record["runs"].items():
        in_memory = [run["wall"] for run in kinds[IN_MEMORY]]
        for kind, runs in kinds.items():
            ratios = [run["wall"] / base for run, base in zip(runs, in_memory, strict=True)]
            rows.append(
                [
                    f"{method}, {runs[0]['products']} products",
                    kind,
                    f"{statistics.median(run['wall'] for run in runs):.1f}",
                    f"{statistics.median(ratios):.2f}",
                    f"{max(run['peak_mb'] for run in runs):,.0f}",
                    f"{record['forecast'][method][kind != IN_MEMORY]:,}",
                ]
            )
    header = ["method", "run", "s", "relative to in memory", "peak MB", "predicted MB"]
    facts = (
        f"{record['nonzeros']:,} nonzeros, {record['bins']:,} bins. Weights and traces are "
        f"identical byte for byte. The run in memory fails under the limit: `{record['refused']}`"
    )
    return f"{markdown(header, rows)}\n{facts}\n\n{machine_line(record['machine'])}"


if __name__ == "__main__":
    main()
