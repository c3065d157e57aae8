"""Shared by the benchmarks: timed processes, a description of the machine, saving of results."""

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
from textwrap import wrap
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results"
README = HERE / "README.md"
CORES = 2


@dataclass(frozen=True)
class Run:
    """Wall and CPU seconds of a command and the peak memory of its largest process in MB."""

    wall: float
    cpu: float
    peak: float


# A program that fills memory, and then releases it.
FILL_MEMORY = "import numpy; numpy.ones({gib} << 27)"


def time_process(command: list[str], *, output: Path = Path(os.devnull), fill_gib: int = 3) -> Run:
    """Run a command to its end and measure it.

    A process inherits the peak memory of its parent, so callers must not hold a map in memory.

    Parameters
    ----------
    command : list of str
        Program and arguments.
    output : Path
        File for the standard output of the command.
    fill_gib : int
        Memory to fill and release first, at least what the command needs; 0 for none. On a virtual
        machine, memory that was idle for seconds has been returned to the host, and getting it back
        takes more than one second per gigabyte.

    Returns
    -------
    Run
        Time and peak memory.

    Raises
    ------
    RuntimeError
        The command failed. The message ends with the last lines of its standard error.
    """
    if fill_gib:
        subprocess.run([sys.executable, "-c", FILL_MEMORY.format(gib=fill_gib)], check=True)
    begin = time.perf_counter()
    with open(output, "wb") as stdout:
        process = subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE)
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = status
    if status:
        tail = errors.decode(errors="replace")[-2000:]
        raise RuntimeError(f"{' '.join(command)} failed: {tail}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)


def use_two_cores() -> None:
    """Restrict this process and its children to two cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


def machine() -> dict[str, str]:
    """Describe the processor, the memory, the versions and the date."""
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


def machine_line(facts: dict[str, str]) -> str:
    """Format the result of ``machine`` as one line."""
    versions = ", ".join(f"{name} {facts[name]}" for name in ("python", "cooler", "h5py", "numpy"))
    where = f"{facts['processor']}, {facts['cores']} cores, {facts['memory']}"
    return f"{where}; {versions}; {facts['date']}."


def save(name: str, record: Any, indent: int | None = 1) -> None:
    """Write ``results/NAME.json``; without ``indent`` on one line, for long records."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(record, indent=indent) + "\n")


def load(name: str) -> dict[str, Any]:
    """Read ``results/NAME.json``; an empty dictionary if it does not exist."""
    path = RESULTS / f"{name}.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def publish(name: str, text: str, path: Path = README) -> None:
    """Write tables between their markers in a page, with prose wrapped, and print them.

    Raises
    ------
    ValueError
        The page has no such markers.
    """
    start, stop = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    page = path.read_text(encoding="utf-8")
    before, start_found, rest = page.partition(start)
    _, stop_found, after = rest.partition(stop)
    if not (start_found and stop_found):
        raise ValueError(f"{path} has no markers for {name}")
    text = wrap_prose(text.rstrip())
    path.write_text(f"{before}{start}{text}\n{stop}{after}", encoding="utf-8")
    print(text)


def wrap_prose(text: str) -> str:
    """Wrap the lines of a Markdown text that are not rows of a table."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("|") or not line:
            lines.append(line)
        else:
            indent = "  " if line.startswith("- ") else ""
            lines += wrap(
                line, 100, subsequent_indent=indent,
                break_long_words=False, break_on_hyphens=False,
            )  # fmt: skip
    return "\n".join(lines)


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """Format a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
