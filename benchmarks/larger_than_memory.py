"""A map of 300 M nonzeros balanced within 1 GiB: the same bytes as in memory, and how much slower.

python -m benchmarks.larger_than_memory [--rounds 2] [--map 300M]

Runs the workflow's own scripts with the workflow's own settings: ingest and mask once, then KR
and ICE in turns, in memory and within 1024 MiB (``--memory-mb``). The limit is enforced by
``ulimit -v``, on all addresses of the process, which are more than the memory that it holds. The
system's cache of files is not under that limit; so a third run is made from which what it caches of
the scratch file is taken away all the time. Linux only. Writes results/larger_than_memory.json and
the table in README.md.
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
    in_words,
    machine,
    markdown,
    on_two_cores,
    publish,
    save,
    timed,
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
EVERY_SECONDS = 0.05


def script(name: str, settings: dict[str, Any], **paths: str | tuple[str, ...]) -> list[str]:
    """The command that a rule of the workflow runs."""
    values = {key: (path,) if isinstance(path, str) else path for key, path in paths.items()}
    options = [word for key, value in values.items() for word in (f"--{key}", *value)]
    return [sys.executable, f"scripts/{name}.py", *options, "--settings", repr(settings)]


def prepare(name: str) -> None:
    """Triples and mask of a map, as the workflow makes them."""
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
        timed(command)


def balance(method: str, folder: Path, *options: str) -> list[str]:
    """The command of the rule ``balance``; results go into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    mask, results = str(WORK / "mask.parquet"), RunFiles.in_folder(folder)
    command = script("balance", METHODS[method], map=MAP, mask=mask, run=results)
    return [*command, "--threads", "2", *options]


def limited(command: list[str]) -> list[str]:
    """The same command in a process that may not have more than ``LIMIT_MB`` of addresses."""
    return ["sh", "-c", 'ulimit -v "$0" && exec "$@"', str(LIMIT_MB * 1024), *command]


@contextlib.contextmanager
def nothing_cached() -> Iterator[None]:
    """Meanwhile drop what the system caches of scratch files, again and again.

    They have no name any more, so they are found as open files of their process.
    """
    over = threading.Event()

    def drop() -> None:
        while not over.wait(EVERY_SECONDS):
            for link in Path("/proc").glob("[0-9]*/fd/*"):
                # Processes and files come and go while this looks at them.
                with contextlib.suppress(FileNotFoundError, PermissionError, ProcessLookupError):
                    if os.readlink(link).startswith(str(SCRATCH.resolve())):
                        _drop(link)

    thread = threading.Thread(target=drop)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _drop(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fdatasync(file)  # what is not written yet cannot be dropped
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(file)


def refused() -> str:
    """What becomes of the run in memory under the limit: the last line that it says.

    Raises
    ------
    RuntimeError : it got through, so the limit is none.
    """
    command = limited(balance("KR", WORK / "refused"))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.returncode:
        raise RuntimeError("a run in memory got through under the limit: it is not enforced")
    return done.stderr.strip().splitlines()[-1]


# What is run in every round, in this order.
IN_MEMORY, WITHIN, FROM_DISK = "in memory", "within 1 GiB", "within 1 GiB, nothing cached"


def measured(method: str, kind: str) -> dict[str, Any]:
    """One run: seconds, its own record of its memory, and whether its results are as in memory."""
    folder = WORK / method / kind.replace(" ", "-")
    if kind == IN_MEMORY:
        run = timed(balance(method, folder))
    else:
        command = limited(balance(method, folder, "--memory-mb", str(LIMIT_MB + SNAKEMAKE_MB)))
        with nothing_cached() if kind == FROM_DISK else contextlib.nullcontext():
            run = timed(command)
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
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rounds", type=int, default=2)
    words.add_argument("--map", default="300M")
    args = words.parse_args()
    on_two_cores()
    prepare(args.map)
    os.environ["TMPDIR"] = str(SCRATCH.resolve())
    kinds = (IN_MEMORY, WITHIN, FROM_DISK)
    record: dict[str, Any] = {
        "map": args.map,
        "bins": MAPS[args.map].bins,
        "nonzeros": json.loads(Path(MAP.source).read_text())["nnz"],
        "limit_mb": LIMIT_MB,
        "refused": refused(),
        "forecast": {method: foretold(method) for method in METHODS},
        "runs": {method: {kind: [] for kind in kinds} for method in METHODS},
        "machine": machine(),
    }
    for _ in range(args.rounds):
        for method in METHODS:
            for kind in kinds:
                found = measured(method, kind)
                record["runs"][method][kind].append(found)
                print(method, kind, found, flush=True)
    save("larger_than_memory", record)
    publish("larger than memory", table(record))
    shutil.rmtree(WORK)


def foretold(method: str) -> tuple[int, int]:
    """The forecast of memory, in memory and streaming, MiB."""
    chosen: Method = methods()[METHODS[method]["method"]]
    settings = chosen.settings(**METHODS[method].get("settings", {}))
    return predict_memory(MAP, Scope(settings.scope), 2)


def table(record: dict[str, Any]) -> str:
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
    header = ["method", "run", "s", "times in memory", "peak MB", "forecast MB"]
    facts = (
        f"{record['nonzeros']:,} nonzeros, {record['bins']:,} bins. Weights and traces are the "
        f"same byte for byte. The run in memory, under the same limit: `{record['refused']}`."
    )
    return f"{markdown(header, rows)}\n{facts}\n\n{in_words(record['machine'])}"


if __name__ == "__main__":
    main()
