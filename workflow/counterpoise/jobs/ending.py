"""The last lines of the workflow in a terminal: what there is, what is missing, where it is."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from counterpoise.contacts.bins import pluralise
from counterpoise.files import read_record
from counterpoise.jobs.plan import Plan
from counterpoise.report.ending import describe_results
from counterpoise.report.table import read_table
from counterpoise.store.missing import NOTHING_UNFINISHED, Unfinished
from counterpoise.tracking.saved_view import LOCAL_ADDRESS, page_address


def ending_lines(plan: Plan, unfinished: Unfinished = NOTHING_UNFINISHED) -> list[str]:
    """Return the last lines of a workflow that has written its summary.

    Parameters
    ----------
    plan : Plan
        The plan.
    unfinished : Unfinished, optional
        What a failed workflow left unmade.

    Returns
    -------
    list of str
        What has a result and what it is worth, and where report, coolers and MLflow are. Empty if
        there is no summary.
    """
    paths = plan.job_paths
    if not Path(paths.summary).is_file():
        return []
    rows = read_table(paths.summary)
    return [
        "",
        *describe_results(rows, paths.title, plan.cohort.settings.primary),
        f"Report   {paths.report}",
        *_differences(plan),
        *_coolers(plan, unfinished),
        *_mlflow(read_record(paths.tracking), paths.cohort),
        "",
    ]


def _differences(plan: Plan) -> list[str]:
    """Say where the page of differences is, if this experiment is compared with its cohort."""
    page = plan.job_paths.differences
    return [f"Changes  {page}"] if plan.differences and Path(page).is_file() else []


def _coolers(plan: Plan, unfinished: Unfinished) -> list[str]:
    """Say where the coolers are, and how many were not made."""
    coolers = [plan.paths.cooler(name) for name in plan.cohort.samples]
    ready = sum(cooler not in unfinished.output_set for cooler in coolers)
    missing = len(coolers) - ready
    folder = Path(plan.job_paths.cooler("x")).parent
    if not ready:
        return ["Coolers  none"]
    without = f"; {missing:,} not made" if missing else ""
    return [f"Coolers  {folder}/ ({pluralise(ready, 'file')}{without})"]


def _mlflow(record: dict[str, Any], cohort: str) -> list[str]:
    """Say where MLflow shows the runs, or why it does not."""
    status = record.get("status", "off")
    if status == "off":
        return []
    if status == "pending":
        return [f"MLflow   not logged yet, the next run tries again: {record['reason']}"]
    if record["page"]:
        return [f"MLflow   {record['page']}"]
    lines = [f"MLflow   {_command()} ui --cohort {cohort}"]
    if "experiment_id" in record:  # records of earlier versions have none
        lines.append(f"         which opens {page_address(LOCAL_ADDRESS, record['experiment_id'])}")
    return lines


def _command() -> str:
    """Return how the command ``counterpoise`` is called in this folder."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    beside = Path(sys.executable).with_name("counterpoise")
    if str(beside.parent) in folders:
        folders.remove(str(beside.parent))  # `prepare_jobs` put it there for the jobs
    if shutil.which("counterpoise", path=os.pathsep.join(folders)):
        return "counterpoise"
    return os.path.relpath(beside) if beside.exists() else "counterpoise"
