"""Find outdated results that Snakemake has no record of.

There is no record if ``.snakemake`` was removed or not copied. Snakemake then assumes that results
are current. Those that record their settings (records of inputs, masks, verdicts) are compared with
the current settings; the others are made again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from counterpoise._version import __version__
from counterpoise.backends import AUTO
from counterpoise.errors import InputError
from counterpoise.files import read_record
from counterpoise.jobs.plan import Plan
from counterpoise.store.masks import read_mask
from counterpoise.store.runs import RunKey


def outdated_results(plan: Plan, has_record: Callable[[str], bool]) -> list[str]:
    """Return the results without a record that were not made with the current settings.

    Parameters
    ----------
    plan : Plan
        The plan of the workflow.
    has_record : callable
        Tells whether Snakemake has a record of an output.

    Returns
    -------
    list of str
        One output of each such job. Jobs that depend on these are left out where Snakemake runs
        them anyway.
    """
    stale = list(_stale_results(plan, has_record))
    cohort, paths = plan.cohort, plan.job_paths
    first_method = next(iter(cohort.methods))  # a job draws the plots of all methods of a map
    pictures = [paths.plot(*place, first_method) for place in cohort.maps]
    pictures += [paths.comparison(size) for size in cohort.compared]
    coolers = [paths.cooler(sample) for sample in cohort.samples]
    views = [*pictures, *coolers, paths.report, paths.tracking]
    return [*stale, *(path for path in views if _is_unrecorded(path, has_record))]


def _is_unrecorded(path: str, has_record: Callable[[str], bool]) -> bool:
    return Path(path).is_file() and not has_record(path)


def _stale_results(plan: Plan, has_record: Callable[[str], bool]) -> Iterator[str]:
    """Yield the results that state other settings than the current ones."""
    cohort, paths = plan.cohort, plan.job_paths
    for sample in cohort.samples:
        state = paths.input_state(sample)
        if _is_unrecorded(state, has_record) and not _fits_state(plan, sample):
            yield state
    for sample, size in cohort.maps:
        source, mask = paths.map_files(sample, size).source, paths.mask(sample, size)
        if _is_unrecorded(source, has_record) and not _fits_source(plan, sample, size):
            yield source
        if _is_unrecorded(mask, has_record) and not _fits_mask(plan, mask):
            yield mask
    for run in cohort.runs:
        verdict = paths.run_files(*run.place).verdict
        if _is_unrecorded(verdict, has_record) and not _fits_verdict(plan, run, verdict):
            yield verdict


def _fits_state(plan: Plan, sample: str) -> bool:
    """Tell whether a sample's file was inspected with the current settings."""
    record = read_record(plan.job_paths.input_state(sample))
    job = plan.job("inspect", SimpleNamespace(sample=sample))
    return bool(record.get("settings") == job.to_params())


def _fits_source(plan: Plan, sample: str, size: int) -> bool:
    """Tell whether a map was read from the inspected file with the current engine."""
    record = read_record(plan.job_paths.map_files(sample, size).source)
    inspected = read_record(plan.job_paths.input_record(sample))
    job = plan.job("ingest", SimpleNamespace(sample=sample, resolution=size))
    if record.get("format") == "hic" and record.get("engine") != job.hic_engine:
        return False
    keys = ("uri", "identity")
    return all(record.get(key) == inspected.get(key) for key in keys)


def _fits_mask(plan: Plan, path: str) -> bool:
    """Tell whether a mask has the current settings; False with a blacklist (not recorded)."""
    filters = plan.job("mask").filters
    try:
        _, summary = read_mask(path)
    except InputError:  # the job that makes it runs again
        return False
    return filters.blacklist is None and summary["settings"] == _plain(asdict(filters))


def _fits_verdict(plan: Plan, run: RunKey, path: str) -> bool:
    """Tell whether a run has the current settings and was made by this version.

    False with copy numbers that a rule makes, whose content is not known yet.
    """
    job, record = plan.job("balance", run), read_record(path)
    # Where a method chose between others, the verdict itself states the chosen one.
    choice = record.get("choice") or {}
    stated = {**record, "method": choice.get("by", record.get("method"))}
    stated["settings"] = choice.get("settings", record.get("settings"))
    stated["copy_number"] = (record.get("copy_number") or {}).get("sha256")
    expected = {"method": job.method, "name": run.method, "settings": _plain(asdict(job.settings))}
    expected["copy_number"] = job.copy_number_sha256
    expected["fitness_limits"] = asdict(job.fitness)
    if job.backend != AUTO:
        expected["backend"] = job.backend
    same = all(stated.get(key) == value for key, value in expected.items())
    return bool(same and record.get("versions", {}).get("counterpoise") == __version__)


def _plain(settings: dict[str, Any]) -> Any:
    """Return settings as JSON gives them back."""
    return json.loads(json.dumps(settings))
