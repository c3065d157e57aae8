"""Which runs of a cohort have no result, and why: for what is told where a job failed.

What was not made the workflow knows best, since old files may lie where new ones should be; why,
the logs say.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterpoise.store.paths import ResultPaths

if TYPE_CHECKING:
    pass

ERROR = "counterpoise: "  # how the last line begins of a job that ended with an error of ours
UNFINISHED, DOWNLOADS = "unfinished", "downloads"  # keys of settings


def why_missing(
    paths: ResultPaths, run: Mapping[str, Any], settings: Mapping[str, Any] | None = None
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
        ("inspect", paths.input_record(sample), False, paths.log("inspect", sample)),
        ("ingest", paths.map_files(sample, resolution).source, True,
         paths.log("ingest", sample, resolution)),
        ("mask", paths.mask(sample, resolution), True, paths.log("mask", sample, resolution)),
        ("bandwidth", paths.bandwidth(*place), False, paths.log("bandwidth", *place)),
        ("balance", paths.run_files(*place).verdict, True, paths.log("balance", *place)),
        ("plot", paths.plot(*place), True, paths.log("plot", *place)),
    ]  # fmt: skip
    if sample in told.get(DOWNLOADS, {}):
        path, log = told[DOWNLOADS][sample]
        steps.insert(0, ("download", path, False, log))
    for rule, result, read, log in steps:
        if result in unfinished or (read and not Path(result).is_file()):
            return f"{rule}: {_last_words(Path(log))}"
    return ""


def not_written(paths: ResultPaths, settings: Mapping[str, Any]) -> list[str]:
    """Coolers and comparisons that a run of the workflow that failed did not make."""
    folders = (Path(paths.cooler("x")).parent, Path(paths.comparison("x")).parent)
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
