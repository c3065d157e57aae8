"""What the benchmarks share: timed processes, the machine in words, and where results go."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results"
README = HERE / "README.md"
CORES = 2


@dataclass(frozen=True)
class Run:
    """One finished process: wall and CPU seconds, peak memory of its largest process in MB."""

    wall: float
    cpu: float
    peak: float


# Fills more memory than any timed program needs and gives it back.
FILL_MEMORY = "import numpy; numpy.ones(3 << 27)"


def timed(command: list[str], *, says: Path = Path(os.devnull), memory_at_hand: bool = True) -> Run:
    """Run a command to its end, with free memory at hand where that is asked for.

    Where the machine is a virtual one, memory that lay idle for seconds has gone back to its host,
    and to get it again costs more than a second a gigabyte; a process that fills memory goes
    before, whatever the command.

    What the command writes to standard output goes into the file ``says``.

    A process inherits the peak memory of the one that starts it, so callers stay small: no map in
    their own memory.

    Raises
    ------
    RuntimeError : the command failed; with the end of what it said.
    """
    if memory_at_hand:
        subprocess.run([sys.executable, "-c", FILL_MEMORY], check=True)
    begin = time.perf_counter()
    with open(says, "wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = status
    if status:
        raise RuntimeError(f"{' '.join(command)} failed: {said.decode(errors='replace')[-2000:]}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)


def on_two_cores() -> None:
    """Keep this process, and all that it starts, on two cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


def machine() -> dict[str, str]:
    """Processor, memory, versions and the date."""
    model, memory = platform.machine(), ""
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), model)
        total = Path("/proc/meminfo").read_text().split()[1]
        memory = f"{int(total) / 1024**2:.0f} GiB"
    packages = ("counterpoise", "cooler", "h5py", "numpy")
    return {
        "processor": model,
        "cores": f"{CORES} of {os.cpu_count()}",
        "memory": memory,
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
        "date": datetime.now(UTC).date().isoformat(),
    }


def in_words(facts: dict[str, str]) -> str:
    """``machine()`` as one line."""
    versions = ", ".join(f"{name} {facts[name]}" for name in ("python", "cooler", "h5py", "numpy"))
    where = f"{facts['processor']}, {facts['cores']} cores, {facts['memory']}"
    return f"{where}; {versions}; {facts['date']}."


def save(name: str, record: Any, indent: int | None = 1) -> None:
    """Write ``results/NAME.json``; without ``indent`` on one line, for long records."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(record, indent=indent) + "\n")


def load(name: str) -> dict[str, Any]:
    """What ``save`` wrote; empty where nothing was."""
    path = RESULTS / f"{name}.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def publish(name: str, text: str) -> None:
    """Put a table between its markers in README.md, and print it.

    Raises
    ------
    ValueError : the markers are not there.
    """
    start, stop = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    page = README.read_text(encoding="utf-8")
    before, found, rest = page.partition(start)
    _, ended, after = rest.partition(stop)
    if not (found and ended):
        raise ValueError(f"{README} has no markers for {name}")
    README.write_text(f"{before}{start}{text.rstrip()}\n{stop}{after}", encoding="utf-8")
    print(text)


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
