"""What Snakemake is asked beyond its rules."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterpoise.store.missing import DOWNLOADS, UNFINISHED

if TYPE_CHECKING:
    from counterpoise.cohort.cohort import Run


LONG_AGO = 86_400  # 2 January 1970; a time of zero means none to Snakemake


def gather(workflow: Any, scripts: Path, run: Run) -> None:
    """Write report, summary and tracking of what there is, after a run of the workflow that failed.

    The rules that write them wait for all of the cohort. The workflow forgets that it has these
    files, so that its next run makes them by their rules.

    Parameters
    ----------
    workflow : Snakemake's, when it has ended.
    """
    from snakemake.io import IOFile

    dag, paths = workflow.dag, run.paths
    unfinished = sorted(str(path) for job in dag.needrun_jobs() for path in job.output)
    written = {"--summary": paths.summary, "--report": paths.report}
    for script, settings, outputs in (
        ("report.py", run.report_settings(), written),
        ("track.py", run.tracking_settings(), {"--output": paths.tracking}),
    ):
        words = [word for option in outputs.items() for word in option]
        command = [sys.executable, str(scripts / script), "--settings", "-", "--root", paths.root]
        told = repr({**settings, UNFINISHED: unfinished, DOWNLOADS: run.downloads})
        done = subprocess.run([*command, *words], input=told, text=True, check=False)
        if done.returncode:
            print(f"{script} could not write what there is so far.", file=sys.stderr)
            continue
        for path in outputs.values():
            workflow.persistence.cleanup_metadata(IOFile(path))
            os.utime(path, (LONG_AGO, LONG_AGO))
