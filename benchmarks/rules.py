"""Shared by the benchmarks of the whole workflow: run it, and measure the jobs of each rule.

Snakemake samples CPU time and memory of a job every second, and after half a minute every 30
seconds, so the last part of a job is missing. Here each job measures itself when it ends.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.measuring import CORES, machine, machine_line, markdown, time_process

ROOT = Path(__file__).resolve().parents[1]
COHORT = "timed"
SAMPLE = "genome"
RULES = ("inspect", "ingest", "mask", "balance", "plot", "compare", "export", "report", "track")
# Scripts that do not have the name of their rule.
RULE_OF_SCRIPT = {"inspect_input": "inspect"}
# Python imports this module when it starts. Snakemake sets the variable for its jobs.
MEASURE_SELF = """\
import os

if "COUNTERPOISE_SCRIPTS" in os.environ and "MEASURED_JOBS" in os.environ:
    import atexit
    import time

    def record(begin=time.time(), process=os.getpid()):
        if os.getpid() != process:
            return  # a fork
        import json
        import resource
        import sys

        own, others = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        with open("/proc/self/status") as status:
            held = next(int(row.split()[1]) for row in status if row.startswith("VmHWM"))
        line = {
            "script": os.path.basename(sys.argv[0]).removesuffix(".py"),
            "begin": begin,
            "end": time.time(),
            "cpu": sum(used.ru_utime + used.ru_stime for used in (own, others)),
            "peak": max(held, others.ru_maxrss) * 1024 / 1e6,
        }
        with open(os.environ["MEASURED_JOBS"], "a") as jobs:
            jobs.write(json.dumps(line) + "\\n")

    atexit.register(record)
"""


@dataclass(frozen=True)
class RuleCost:
    """Cost of the jobs of a rule.

    Attributes
    ----------
    jobs : int
        Number of jobs.
    seconds : float
        Total of their wall seconds.
    elapsed : float
        Seconds in which at least one of them ran.
    cpu : float
        Total of their CPU seconds.
    peak : float
        Largest memory of one of them in MB.
    """

    jobs: int
    seconds: float
    elapsed: float
    cpu: float
    peak: float


def write_cohort(folder: Path, path: Path, resolutions: list[int], methods: dict[str, str]) -> None:
    """Write the configuration of a cohort of one sample.

    Parameters
    ----------
    folder : Path
        Working folder of the workflow.
    path : Path
        File of the sample.
    resolutions : list of int
        Bin sizes in base pairs.
    methods : dict of str to str
        Settings of each method as YAML; the first is the primary one.
    """
    chosen = "".join(f"  - /method@methods.{name}: {name}\n" for name in methods)
    settings = "".join(f"  {name}: {text}\n" for name, text in methods.items())
    home = folder / "conf" / "cohort"
    home.mkdir(parents=True)
    (home / f"{COHORT}.yaml").write_text(
        f"# @package _global_\ndefaults:\n{chosen}  - _self_\ncohort: {COHORT}\n"
        f"resolutions: {resolutions}\nprimary: {next(iter(methods))}\nmethods:\n{settings}"
        f"samples: {{{SAMPLE}: {{path: {path.resolve()}}}}}\n"
    )


def run_workflow(folder: Path, memory_mb: int) -> dict[str, Any]:
    """Run the whole workflow in a folder with a cohort and measure it.

    Parameters
    ----------
    folder : Path
        The folder that ``write_cohort`` filled.
    memory_mb : int
        MB that all running jobs may request together.

    Returns
    -------
    dict
        ``run``: time of Snakemake with all its jobs, and memory of the largest process. ``rules``:
        a ``RuleCost`` for each rule. ``idle``: seconds in which no job ran, in which Snakemake
        starts, plans and records. ``seconds``: wall seconds of each job by its name.
        ``load``: load of the machine before and after. ``machine``: its description.
    """
    hook = folder / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(MEASURE_SELF)
    scratch = folder / "scratch"
    scratch.mkdir()
    command = [
        *(sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")),
        *("--directory", str(folder), "--profile", str(ROOT / "profiles" / "local")),
        *("--cores", str(CORES), "--resources", f"mem_mb={memory_mb}"),
        *("--config", f"cohort={COHORT}", f"conf={folder.resolve() / 'conf'}"),
    ]
    jobs_file = (folder / "jobs.txt").resolve()
    variables = {
        "MEASURED_JOBS": str(jobs_file),
        "PYTHONPATH": os.pathsep.join([str(hook.resolve()), os.environ.get("PYTHONPATH", "")]),
        "TMPDIR": str(scratch.resolve()),
    }
    load = os.getloadavg()[0]
    with environment(variables):
        run = time_process(command, output=folder / "output.txt")
    jobs = [json.loads(line) for line in jobs_file.read_text().splitlines()]
    return {
        "run": asdict(run),
        "rules": {rule: asdict(cost) for rule, cost in sum_rules(jobs)},
        "idle": run.wall - elapsed(jobs),
        "seconds": dict(sorted(read_seconds(folder / "results" / COHORT / "benchmarks"))),
        "load": (load, os.getloadavg()[0]),
        "machine": machine(),
    }


@contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    """Set environment variables in the meantime."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def sum_rules(jobs: list[dict[str, Any]]) -> Iterator[tuple[str, RuleCost]]:
    """Sum the jobs of each rule, in the order of the workflow."""
    for rule in RULES:
        own = [job for job in jobs if RULE_OF_SCRIPT.get(job["script"], job["script"]) == rule]
        if own:
            seconds = sum(job["end"] - job["begin"] for job in own)
            cpu, peak = sum(job["cpu"] for job in own), max(job["peak"] for job in own)
            yield rule, RuleCost(len(own), seconds, elapsed(own), cpu, peak)


def elapsed(jobs: list[dict[str, Any]]) -> float:
    """Return the seconds in which at least one job ran."""
    total, last = 0.0, 0.0
    for job in sorted(jobs, key=lambda job: float(job["begin"])):
        total += max(0.0, job["end"] - max(last, job["begin"]))
        last = max(last, job["end"])
    return total


def read_seconds(folder: Path) -> Iterator[tuple[str, float]]:
    """Yield the name of each job and the wall seconds that Snakemake measured."""
    for path in folder.rglob("*.tsv"):
        name = str(path.relative_to(folder).with_suffix("")).replace(f"/{SAMPLE}", "")
        with open(path, newline="") as stream:
            yield name, float(next(csv.DictReader(stream, delimiter="\t"))["s"])


def rule_table(record: dict[str, Any]) -> str:
    """Format what ``run_workflow`` returned as a table with a row for each rule."""
    rows = []
    for rule, cost in record["rules"].items():
        times = [f"{cost[key]:.1f}" for key in ("elapsed", "seconds", "cpu")]
        rows.append([rule, f"{cost['jobs']}", *times, f"{cost['peak']:,.0f}"])
    jobs = sum(cost["jobs"] for cost in record["rules"].values())
    seconds, cpu = (
        sum(cost[key] for cost in record["rules"].values()) for key in ("seconds", "cpu")
    )
    run = record["run"]
    rows.append(["Snakemake alone", "", f"{record['idle']:.1f}", "", f"{run['cpu'] - cpu:.1f}", ""])
    totals = [f"{run['wall']:.1f}", f"{seconds:.1f}", f"{run['cpu']:.1f}", f"{run['peak']:,.0f}"]
    rows.append(["all", f"{jobs}", *totals])
    header = ["rule", "jobs", "wall s", "sum over jobs, s", "CPU s", "peak MB"]
    return markdown(header, rows)


def load_line(record: dict[str, Any]) -> str:
    """Format the machine of a measurement and its load before and after."""
    before, after = record["load"]
    return f"load {before:.1f} before and {after:.1f} after; {machine_line(record['machine'])}"


def goal_reached(seconds: float, goal: float) -> str:
    """Say whether a goal was reached and, if not, how many times longer it took."""
    return "reached" if seconds <= goal else f"missed, {seconds / goal:.1f} times"
