"""Time and memory of the workflow's steps, as Snakemake's benchmark files record them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

from counterpoise.contacts.bins import format_base_pairs
from counterpoise.store.paths import RESOLUTION, RULE_WILDCARDS, ResultPaths
from counterpoise.store.runs import RunKey


class Peak(NamedTuple):
    """The largest figure among the jobs of a rule, and the job.

    Attributes
    ----------
    value : float
        The figure.
    job : str
        Wildcards of the job, separated by spaces, with sizes as ``10 kb``.
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


def read_costs(
    paths: ResultPaths,
    runs: Sequence[RunKey],
    groups: Sequence[str] = (),
    members: Sequence[str] = (),
) -> list[Cost]:
    """Read the time and memory of each rule.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    runs : sequence of RunKey
        The runs.
    groups : sequence of str
        Names in paths of groups of samples that share something.
    members : sequence of str
        Samples that are only read, as members of merged ones.

    Returns
    -------
    list of Cost
        The rules with measurements, in the order of the workflow.
    """
    wildcards = list_wildcards(runs, groups, members)
    costs = (_cost_of_rule(paths, rule, jobs) for rule, jobs in wildcards.items())
    return [cost for cost in costs if cost is not None]


def list_wildcards(
    runs: Sequence[RunKey], groups: Sequence[str] = (), members: Sequence[str] = ()
) -> dict[str, Iterable[tuple[str, ...]]]:
    """List the jobs that may have a measurement, in the order of the workflow.

    Parameters
    ----------
    runs : sequence of RunKey
        The runs.
    groups, members : sequence of str
        As for ``read_costs``.

    Returns
    -------
    dict of str to iterable of tuple of str
        Values of the wildcards of each job, by rule.
    """
    samples = dict.fromkeys(run.sample for run in runs)
    sizes = dict.fromkeys(str(run.resolution) for run in runs)
    methods = dict.fromkeys(run.method for run in runs)
    maps = dict.fromkeys((run.sample, str(run.resolution)) for run in runs)
    places = [(run.sample, str(run.resolution), run.method) for run in runs]
    return {
        "inspect": [(name,) for name in (*samples, *members)],
        "ingest": [*maps, *product(members, sizes)],
        "merge": maps,
        "find_least": [(name,) for name in groups],
        "thin": maps,
        "mask": maps,
        "shared_mask": list(product(groups, sizes)),
        "final_mask": maps,
        "balance_alone": places,
        "pool": list(product(groups, sizes, methods)),
        "file_prior": list(product(sizes, methods)),
        "balance": places,
        "plot": maps,
        "compare": [(size,) for size in sizes],
        "export": [(name,) for name in samples],
    }


def _cost_of_rule(paths: ResultPaths, rule: str, jobs: Iterable[tuple[str, ...]]) -> Cost | None:
    """Sum the measurements of a rule; None if there are none."""
    times, memories = [], []
    for wildcards in jobs:
        path = Path(paths.benchmark(rule, *wildcards))
        if not path.is_file():
            continue
        with open(path, newline="", encoding="utf-8") as stream:
            row = next(csv.DictReader(stream, delimiter="\t"))
        job = _name_job(rule, wildcards)
        times.append(Peak(float(row["s"]), job))
        # Snakemake writes "NA" or "-" for jobs that ended before the first measurement.
        if row["max_rss"].replace(".", "", 1).isdigit():
            memories.append(Peak(float(row["max_rss"]), job))
    if not times:
        return None
    seconds = sum(peak.value for peak in times)
    return Cost(rule, len(times), seconds, max(times), max(memories, default=None))


def _name_job(rule: str, wildcards: Sequence[str]) -> str:
    """Name a job by its wildcards: ``wild 10 kb ice``."""
    names = RULE_WILDCARDS[rule]
    return " ".join(
        format_base_pairs(int(value)) if name == RESOLUTION else value
        for name, value in zip(names, wildcards, strict=True)
    )
