"""Time and memory of the workflow's steps, as Snakemake's benchmark files record them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import RunKey


class Peak(NamedTuple):
    """The largest figure among the jobs of a rule, and the job.

    Attributes
    ----------
    value : float
        The figure.
    job : str
        Wildcards of the job, separated by spaces.
    """

    value: float
    job: str


class Cost(NamedTuple):
    """Time and memory of the jobs of a rule.

    Attributes
    ----------
    rule : str
        Name of the rule.
    jobs : int
        Number of jobs with a measurement.
    seconds : float
        Total time of these jobs.
    longest : Peak
        The longest time in seconds.
    largest : Peak or None
        The largest peak memory in MiB; None if all jobs were too short to be measured.
    """

    rule: str
    jobs: int
    seconds: float
    longest: Peak
    largest: Peak | None


def read_costs(paths: ResultPaths, runs: Sequence[RunKey]) -> list[Cost]:
    """Read the time and memory of each rule.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    runs : sequence of RunKey
        The runs.

    Returns
    -------
    list of Cost
        The rules with measurements, in the order of the workflow.
    """
    samples = dict.fromkeys((run.sample,) for run in runs)
    maps = dict.fromkeys((run.sample, str(run.resolution)) for run in runs)
    places = [(run.sample, str(run.resolution), run.method) for run in runs]
    resolutions = dict.fromkeys((str(run.resolution),) for run in runs)
    wildcards_of_rules: dict[str, Iterable[tuple[str, ...]]] = {
        "inspect": samples, "ingest": maps, "merge": maps, "thin": maps, "mask": maps,
        "final_mask": maps, "balance_alone": places,
        "file_prior": dict.fromkeys(place[1:] for place in places), "balance": places,
        "plot": maps, "compare": resolutions, "export": samples,
    }  # fmt: skip
    costs = (_cost_of_rule(paths, rule, jobs) for rule, jobs in wildcards_of_rules.items())
    return [cost for cost in costs if cost is not None]


def _cost_of_rule(paths: ResultPaths, rule: str, jobs: Iterable[tuple[str, ...]]) -> Cost | None:
    """Sum the measurements of a rule; None if there are none."""
    times, memories = [], []
    for wildcards in jobs:
        path = Path(paths.benchmark(rule, *wildcards))
        if not path.is_file():
            continue
        with open(path, newline="", encoding="utf-8") as stream:
            row = next(csv.DictReader(stream, delimiter="\t"))
        job = " ".join(wildcards)
        times.append(Peak(float(row["s"]), job))
        # Snakemake writes "NA" or "-" for jobs that ended before the first measurement.
        if row["max_rss"].replace(".", "", 1).isdigit():
            memories.append(Peak(float(row["max_rss"]), job))
    if not times:
        return None
    seconds = sum(peak.value for peak in times)
    return Cost(rule, len(times), seconds, max(times), max(memories, default=None))
