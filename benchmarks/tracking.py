"""Logging a cohort to a real MLflow server on PostgreSQL, both on this machine.

python -m benchmarks.tracking [--runs 200] [--points 300]

Needs PostgreSQL and the extra ``dev``, as tests/tracking/test_tracking_server.py does. Logs the
runs, then the same again, when nothing is new. Writes results/tracking.json and the
table in README.md.
"""

from __future__ import annotations

import argparse
import os
import time
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from benchmarks.measuring import in_words, machine, markdown, on_two_cores, publish, save
from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import RunKey
from counterpoise.tracking.log import log_cohort
from tests.support.servers import Server, missing_for_postgres, mlflow_server, postgres, running
from tests.support.tracking import cohort_runs, write_run

WORKERS = 4  # what ``mlflow server`` starts by itself


def cpu_seconds(server: Server) -> float:
    """CPU seconds of all processes of a server so far."""
    assert server.process is not None
    first = psutil.Process(server.process.pid)
    times = [process.cpu_times() for process in (first, *first.children(recursive=True))]
    return sum(spent.user + spent.system for spent in times)


def logged(paths: ResultPaths, rows: list[RunKey], server: Server) -> dict[str, Any]:
    """One logging, timed: wall seconds, and CPU seconds of this process and of MLflow's server.

    Raises
    ------
    RuntimeError : not all was logged.
    """
    settings = {"uri": server.address, "artifacts": None, "enabled": True, "timeout_seconds": 60}
    load = os.getloadavg()[0]
    wall, cpu, served = time.perf_counter(), time.process_time(), cpu_seconds(server)
    record = log_cohort(paths, rows, **settings)
    if record["status"] != "logged":
        raise RuntimeError(f"not all was logged: {record['reason']}")
    return {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "server": cpu_seconds(server) - served,
        "load": (load, os.getloadavg()[0]),
    }


def measured(runs: int, points: int) -> dict[str, Any]:
    """A cohort of so many runs, logged to servers that are started for it."""
    with TemporaryDirectory() as name, postgres() as (_, uri):
        folder = Path(name)
        with running(mlflow_server(folder, uri, WORKERS)) as server:
            paths, rows = ResultPaths("bench", str(folder / "results")), cohort_runs(runs // 2)
            for row in rows:
                write_run(paths, row, points=points)
            logged(ResultPaths("other", str(folder / "results")), [], server)  # imports MLflow
            return {
                "runs": len(rows),
                "points": points,
                "first": logged(paths, rows, server),
                "again": logged(paths, rows, server),
                "mlflow": version("mlflow"),
                "machine": machine(),
            }


def table(record: dict[str, Any]) -> str:
    header = ["runs", "points of a curve", "", "seconds", "CPU seconds of the logging job"]
    header += ["of MLflow's server", "load of the machine, before and after"]
    rows = []
    for name, words in (("first", "logged"), ("again", "logged again, nothing new")):
        took = record[name]
        seconds = [f"{took[key]:.1f}" for key in ("wall", "cpu", "server")]
        load = "{:.1f}, {:.1f}".format(*took["load"])
        rows.append([f"{record['runs']}", f"{record['points']}", words, *seconds, load])
    return f"{markdown(header, rows)}\n{in_words(record['machine'])} mlflow {record['mlflow']}."


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--runs", type=int, default=200)
    words.add_argument("--points", type=int, default=300)
    args = words.parse_args()
    if missing := missing_for_postgres():
        raise SystemExit(missing)
    on_two_cores()
    record = measured(args.runs, args.points)
    save("tracking", record)
    publish("tracking", table(record))


if __name__ == "__main__":
    main()
