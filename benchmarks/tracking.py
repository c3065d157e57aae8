"""Logging a cohort to a real MLflow server on PostgreSQL, both on this machine.

python -m benchmarks.tracking [--runs 200] [--points 300]

Needs PostgreSQL and the extra ``dev``, as tests/test_tracking_server.py does. Logs the runs, then
the same again, when nothing is new. Writes results/tracking.json and the table in README.md.
"""

from __future__ import annotations

import argparse
import os
import time
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.servers import missing_for_postgres, mlflow_server, postgres, running
from tests.test_tracking import cohort_rows, write_run

from benchmarks.measuring import in_words, machine, markdown, on_two_cores, publish, save
from counterpoise.layout import Layout
from counterpoise.tracking import log_cohort

WORKERS = 4  # what ``mlflow server`` starts by itself


def logged(layout: Layout, rows: list[dict[str, Any]], settings: dict[str, Any]) -> dict[str, Any]:
    """One logging, timed: wall seconds, and CPU seconds of this process alone.

    Raises
    ------
    RuntimeError : not all was logged.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    record = log_cohort(layout, rows, settings)
    took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    if record["status"] != "logged":
        raise RuntimeError(f"not all was logged: {record['reason']}")
    return took


def measured(runs: int, points: int) -> dict[str, Any]:
    """A cohort of so many runs, logged to servers that are started for it."""
    with TemporaryDirectory() as name, postgres() as (_, uri):
        folder = Path(name)
        with running(mlflow_server(folder, uri, WORKERS)) as server:
            settings = {
                "uri": server.address,
                "artifacts": None,
                "enabled": True,
                "timeout_seconds": 60,
            }
            layout, rows = Layout("bench", str(folder / "results")), cohort_rows(runs // 2)
            for row in rows:
                write_run(layout, row, points=points)
            log_cohort(Layout("other", str(folder / "results")), [], settings)  # imports MLflow
            before = os.getloadavg()[0]
            return {
                "runs": len(rows),
                "points": points,
                "first": logged(layout, rows, settings),
                "again": logged(layout, rows, settings),
                "load": before,
                "mlflow": version("mlflow"),
                "machine": machine(),
            }


def table(record: dict[str, Any]) -> str:
    header = ["runs", "points of a curve", "", "seconds", "CPU seconds of the logging job"]
    first = [f"{record['runs']}", f"{record['points']}"]
    rows = [
        [*cells, words, f"{record[name]['wall']:.1f}", f"{record[name]['cpu']:.1f}"]
        for cells, name, words in (
            (first, "first", "logged"),
            (["", ""], "again", "logged again, nothing new"),
        )
    ]
    words = f"mlflow {record['mlflow']}, load before the start {record['load']:.1f}."
    return f"{markdown(header, rows)}\n{in_words(record['machine'])} {words}"


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
