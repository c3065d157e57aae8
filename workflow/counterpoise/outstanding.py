"""Which runs of a cohort have no result yet, and why: from the files and logs that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from counterpoise.layout import Layout

ERROR = "counterpoise: "  # how the last line begins of a job that ended with an error of ours


def why_missing(layout: Layout, run: dict[str, Any]) -> str:
    """What stands between a run and its result, in words; empty if all of it is there.

    Parameters
    ----------
    run : sample, resolution and method.

    Returns
    -------
    The first step on the way whose result is not there, and what its log ends with.
    """
    sample, resolution, method = run["sample"], str(run["resolution"]), run["method"]
    place = (sample, resolution, method)
    steps = [
        ("inspect", (sample,), layout.input_record(sample)),
        ("ingest", (sample, resolution), layout.triples(sample, resolution)["source"]),
        ("mask", (sample, resolution), layout.mask(sample, resolution)),
        ("bandwidth", place, layout.bandwidth(*place)),
        ("balance", place, layout.weights(*place)["verdict"]),
        ("plot", place, layout.plot(*place)),
    ]
    there = {rule: Path(result).is_file() for rule, _, result in steps}
    if there["ingest"] and there["mask"] and there["balance"] and there["plot"]:
        return ""
    # Only kernel methods have a search before them; a log tells whether this one has.
    there["bandwidth"] |= not Path(layout.log("bandwidth", *place)).is_file()
    rule, wildcards = next((rule, wildcards) for rule, wildcards, _ in steps if not there[rule])
    return f"{rule}: {_last_words(Path(layout.log(rule, *wildcards)))}"


def _last_words(log: Path) -> str:
    """The error that a log ends with, or else what can be said about it."""
    if not log.is_file():
        return "has not run"
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(ERROR)]
    if errors:
        return errors[-1].removeprefix(ERROR)
    ending = f"; the last line is: {lines[-1].strip()}" if lines else ", and it is empty"
    return f"ended without a result or an error of its own (see {log}{ending})"
