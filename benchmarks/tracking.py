"""Time the logging of a cohort to an MLflow server with PostgreSQL on the same machine.

python -m benchmarks.tracking [--runs 200] [--points 300]

Needs PostgreSQL and the extra ``dev``, like tests/tracking/test_tracking_server.py. Logs the runs,
then logs them again when nothing is new. Writes results/tracking.json and the table in README.md.
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

from benchmarks.measuring import machine, machine_line, markdown, publish, save, use_two_cores
from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import RunKey
from tests.support.servers import Server, missing_for_postgres, mlflow_server, postgres, running
from tests.support.tracking import cohort_runs, log_results, write_run

WORKERS = 4  # default of ``mlflow server``


def cpu_seconds(server: Server) -> float:
    """Return the CPU seconds of all processes of a server so far."""
    assert server.process is not None
    first = psutil.Process(server.process.pid)
    times = [process.cpu_times() for process in (first, *first.children(recursive=True))]
    return sum(spent.user + spent.system for spent in times)


def time_logging(paths: ResultPaths, rows: list[RunKey], server: Server) -> dict[str, Any]:
    """Log runs and measure wall seconds and the CPU seconds of this process and of the server.

    Raises
    ------
    RuntimeError
        Some runs were not logged.
    """
    settings = {"uri": server.address, "artifacts": None, "enabled": True, "timeout_seconds": 60}
    load = os.getloadavg()[0]
    wall, cpu, served = time.perf_counter(), time.process_time(), cpu_seconds(server)
    record = log_results(paths, rows, **settings)
    if record["status"] != "logged":
        raise RuntimeError(f"some runs were not logged: {record['reason']}")
    return {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "server": cpu_seconds(server) - served,
        "load": (load, os.getloadavg()[0]),
    }


def measure(runs: int, points: int) -> dict[str, Any]:
    """Start the servers, make a cohort and log it twice."""
    with TemporaryDirectory() as name, postgres() as (_, uri):
        folder = Path(name)
        with running(mlflow_server(folder, uri, WORKERS)) as server:
            paths, rows = ResultPaths("bench", str(folder / "results")), cohort_runs(runs // 2)
            for row in rows:
                write_run(paths, row, points=points)
            time_logging(
                ResultPaths("other", str(folder / "results")), [], server
            )  # imports MLflow
            return {
                "runs": len(rows),
                "points": points,
                "first": time_logging(paths, rows, server),
                "again": time_logging(paths, rows, server),
                "mlflow": version("mlflow"),
                "machine": machine(),
            }


def table(record: dict[str, Any]) -> str:
    """Format the results as a table."""
    header = ["runs", "points per curve", "log", "seconds", "CPU seconds of the logging job"]
    header += ["CPU seconds of the server", "load of the machine, before and after"]
    rows = []
    for name, label in (("first", "new runs"), ("again", "again, nothing new")):
        result = record[name]
        seconds = [f"{result[key]:.1f}" for key in ("wall", "cpu", "server")]
        load = "{:.1f}, {:.1f}".format(*result["load"])
        rows.append([f"{record['runs']}", f"{record['points']}", label, *seconds, load])
    return f"{markdown(header, rows)}\n{machine_line(record['machine'])} mlflow {record['mlflow']}."


def main() -> None:
    """Measure and publish the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--points", type=int, default=300)
    args = parser.parse_args()
    if missing := missing_for_postgres():
        raise SystemExit(missing)
    use_two_cores()
    record = measure(args.runs, args.points)
    save("tracking", record)
    publish("tracking", table(record))


if __name__ == "__main__":
    main()
