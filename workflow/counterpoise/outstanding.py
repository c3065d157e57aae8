"""Which runs of a cohort have no result, and why: for what is told where a job failed.

What was not made the workflow knows best, since old files may lie where new ones should be; why,
the logs say.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterpoise.store.paths import Layout

if TYPE_CHECKING:
    from counterpoise.cohort.cohort import Run

ERROR = "counterpoise: "  # how the last line begins of a job that ended with an error of ours
LONG_AGO = 86_400  # 2 January 1970; a time of zero means none to Snakemake
UNFINISHED, DOWNLOADS = "unfinished", "downloads"  # keys of settings


def gather(workflow: Any, scripts: Path, run: Run) -> None:
    """Write report, summary and tracking of what there is, after a run of the workflow that failed.

    The rules that write them wait for all of the cohort. The workflow forgets that it has these
    files, so that its next run makes them by their rules.

    Parameters
    ----------
    workflow : Snakemake's, when it has ended.
    """
    from snakemake.io import IOFile

    dag, layout = workflow.dag, run.layout
    unfinished = sorted(str(path) for job in dag.needrun_jobs() for path in job.output)
    written = {"--summary": layout.summary, "--report": layout.report}
    for script, settings, outputs in (
        ("report.py", run.report_settings(), written),
        ("track.py", run.tracking_settings(), {"--output": layout.tracking}),
    ):
        words = [word for option in outputs.items() for word in option]
        command = [sys.executable, str(scripts / script), "--settings", "-", "--root", layout.root]
        told = repr({**settings, UNFINISHED: unfinished, DOWNLOADS: run.downloads})
        done = subprocess.run([*command, *words], input=told, text=True, check=False)
        if done.returncode:
            print(f"{script} could not write what there is so far.", file=sys.stderr)
            continue
        for path in outputs.values():
            workflow.persistence.cleanup_metadata(IOFile(path))
            os.utime(path, (LONG_AGO, LONG_AGO))


def why_missing(
    layout: Layout, run: Mapping[str, Any], settings: Mapping[str, Any] | None = None
) -> str:
    """What stands between a run and its result, in words; empty if all of it is there.

    Parameters
    ----------
    run : sample, resolution and method.
    settings : of the report or of tracking; after a run of the workflow that failed they hold
        ``unfinished``, the files that it should have made and did not.

    Returns
    -------
    The first step on the way that was not done, and what its log ends with.
    """
    told = settings or {}
    unfinished: Collection[str] = frozenset(told.get(UNFINISHED, ()))
    sample, resolution, method = run["sample"], str(run["resolution"]), run["method"]
    place = (sample, resolution, method)
    # Beside the rule its result, whether the report reads that, and where its log is.
    steps = [
        ("inspect", layout.input_record(sample), False, layout.log("inspect", sample)),
        ("ingest", layout.triples(sample, resolution)["source"], True,
         layout.log("ingest", sample, resolution)),
        ("mask", layout.mask(sample, resolution), True, layout.log("mask", sample, resolution)),
        ("bandwidth", layout.bandwidth(*place), False, layout.log("bandwidth", *place)),
        ("balance", layout.weights(*place)["verdict"], True, layout.log("balance", *place)),
        ("plot", layout.plot(*place), True, layout.log("plot", *place)),
    ]  # fmt: skip
    if sample in told.get(DOWNLOADS, {}):
        path, log = told[DOWNLOADS][sample]
        steps.insert(0, ("download", path, False, log))
    for rule, result, read, log in steps:
        if result in unfinished or (read and not Path(result).is_file()):
            return f"{rule}: {_last_words(Path(log))}"
    return ""


def not_written(layout: Layout, settings: Mapping[str, Any]) -> list[str]:
    """Coolers and comparisons that a run of the workflow that failed did not make."""
    folders = (Path(layout.cooler("x")).parent, Path(layout.comparison("x")).parent)
    return [path for path in settings.get(UNFINISHED, ()) if Path(path).parent in folders]


def _last_words(log: Path) -> str:
    """The error that a log ends with, or else what can be said about it."""
    if not log.is_file():
        return "has not run"
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(ERROR)]
    if errors:
        return errors[-1].removeprefix(ERROR)
    ending = f"; the last line is: {lines[-1].strip()}" if lines else ", and it is empty"
    return f"did not run to its end, or not at all, and does not say why (see {log}{ending})"
