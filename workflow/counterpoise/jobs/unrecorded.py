"""Find outdated results that Snakemake has no record of.

There is no record if ``.snakemake`` was removed or not copied. Snakemake then assumes that results
are current. Results that record their settings (records of inputs, maps, masks, priors, verdicts)
are compared with the current ones. Thinned maps, masks with BED files, plots, comparisons, coolers,
the report and the tracking record are made again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from counterpoise._version import __version__
from counterpoise.backends import AUTO
from counterpoise.errors import InputError
from counterpoise.files import read_record
from counterpoise.jobs.balance import BalanceJob
from counterpoise.jobs.job import Job
from counterpoise.jobs.plan import Plan
from counterpoise.jobs.shared_mask import SharedMaskJob
from counterpoise.mask import BED_FILES
from counterpoise.mask.quorum import Quorum
from counterpoise.store.masks import read_mask, read_vote
from counterpoise.store.priors import read_settings, read_sources
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
    first = cohort.plotted[:1]  # a job draws all plots of a map
    pictures = [paths.plot(*place, method) for place in cohort.maps for method in first]
    pictures += [paths.comparison(size) for size in cohort.compared]
    coolers = [paths.cooler(sample) for sample in cohort.samples]
    views = [*pictures, *coolers, paths.report, paths.tracking]
    return [*stale, *(path for path in views if _is_unrecorded(path, has_record))]


def _is_unrecorded(path: str, has_record: Callable[[str], bool]) -> bool:
    return Path(path).is_file() and not has_record(path)


def _stale_results(plan: Plan, has_record: Callable[[str], bool]) -> Iterator[str]:
    """Yield the results that state other settings than the current ones."""
    cohort, paths = plan.cohort, plan.job_paths
    for sample in cohort.read_samples:
        state = paths.input_state(sample)
        if _is_unrecorded(state, has_record) and not _fits_state(plan, sample):
            yield state
    yield from _stale_maps(plan, has_record)
    yield from _stale_masks(plan, has_record)
    for path, has_current_settings in _priors(plan):
        if _is_unrecorded(path, has_record) and not has_current_settings():
            yield path
    for run in cohort.runs:
        verdict = paths.run_files(*run.place).verdict
        if not _is_unrecorded(verdict, has_record):
            continue
        job = plan.job("balance", run)
        if not _fits_verdict(job, verdict, run.sample) or not _fits_prior(plan, run, verdict):
            yield verdict


def _stale_maps(plan: Plan, has_record: Callable[[str], bool]) -> Iterator[str]:
    """Yield the maps that were read from, or merged of, other contents, and all thinned ones."""
    cohort, paths = plan.cohort, plan.job_paths
    for sample, size in cohort.whole_maps:
        source = paths.whole_map_files(sample, size).source
        fits = _fits_members if sample in cohort.members else _fits_source
        if _is_unrecorded(source, has_record) and not fits(plan, sample, size):
            yield source
    for sample, size in cohort.maps if paths.thinned else ():
        source = paths.map_files(sample, size).source
        if _is_unrecorded(source, has_record):
            yield source


def _stale_masks(plan: Plan, has_record: Callable[[str], bool]) -> Iterator[str]:
    """Yield the masks of maps and of groups that state other settings than the current ones."""
    for sample, size in plan.cohort.maps:
        for mask, settings in _mask_settings(plan, sample, size).items():
            if _is_unrecorded(mask, has_record) and not _fits_mask(mask, settings):
                yield mask
    for group, size in plan.cohort.groups.group_masks:
        mask = plan.job_paths.shared_mask(group, size).mask
        if _is_unrecorded(mask, has_record) and not _fits_group_mask(plan, group, size):
            yield mask


def _priors(plan: Plan) -> Iterator[tuple[str, Callable[[], bool]]]:
    """Yield the files from which priors are made, and whether each has the current settings."""
    cohort, paths = plan.cohort, plan.job_paths
    for run in cohort.runs:
        if plan.prior(run)[1:]:
            verdict = paths.alone_files(*run.place).verdict
            yield verdict, partial(_fits_verdict, plan.job("balance_alone", run), verdict)
    for method, prior in cohort.priors.items():
        sizes = dict.fromkeys(size for _, size in cohort.maps)
        places = [(group, size) for group in cohort.groups.pools(method) for size in sizes]
        for group, size in places:
            place = SimpleNamespace(group=group, resolution=size, method=method)
            path = paths.pool(group, size, method)
            yield path, partial(_fits_settings, plan.job("pool", place), path)
        for size in sizes if prior.file else ():
            place = SimpleNamespace(resolution=size, method=method)
            path = paths.file_prior(size, method)
            yield path, partial(_fits_settings, plan.job("file_prior", place), path)


def _fits_settings(job: Job, path: str) -> bool:
    """Tell whether a pool or a prior by a file was made with the current settings."""
    try:
        return bool(read_settings(path) == _plain(job.to_params()))
    except InputError:  # the job that makes it runs again
        return False


def _fits_state(plan: Plan, sample: str) -> bool:
    """Tell whether a sample's file was inspected with the current settings."""
    record = read_record(plan.job_paths.input_state(sample))
    job = plan.job("inspect", SimpleNamespace(sample=sample))
    return bool(record.get("settings") == job.to_params())


def _fits_source(plan: Plan, sample: str, size: int) -> bool:
    """Tell whether a map was read from the inspected file with the current engine."""
    record = read_record(plan.job_paths.whole_map_files(sample, size).source)
    inspected = read_record(plan.job_paths.input_record(sample))
    job = plan.job("ingest", SimpleNamespace(sample=sample, resolution=size))
    if record.get("format") == "hic" and record.get("engine") != job.hic_engine:
        return False
    chosen = job.chromosomes and asdict(job.chromosomes)
    if record.get("chromosomes", {}).get("settings") != chosen or "thinned" in record:
        return False
    keys = ("uri", "identity")
    return all(record.get(key) == inspected.get(key) for key in keys)


def _fits_members(plan: Plan, sample: str, size: int) -> bool:
    """Tell whether a merged map is the sum of the current maps of its members."""
    paths = plan.job_paths
    record = read_record(paths.whole_map_files(sample, size).source)
    members = record.get("members", {})
    current = {
        name: read_record(paths.whole_map_files(name, size).source)
        for name in plan.cohort.members[sample]
    }
    return (
        "thinned" not in record
        and members.keys() == current.keys()
        and all(members[name].get("identity") == current[name].get("identity") for name in members)
    )


def _mask_settings(plan: Plan, sample: str, size: int) -> dict[str, dict[str, Any]]:
    """Return the settings that the masks of a map should state, by path."""
    filters, paths = asdict(plan.job("mask").filters), plan.job_paths
    if not plan.cohort.groups.shares_masks:
        return {paths.mask(sample, size): filters}
    shared = _quorum(plan, plan.cohort.groups.mask_group(sample), size).settings
    return {paths.own_mask(sample, size): filters, paths.mask(sample, size): {**filters, **shared}}


def _fits_mask(path: str, settings: dict[str, Any]) -> bool:
    """Tell whether a mask has these settings; False with BED files (not recorded)."""
    try:
        _, summary = read_mask(path)
    except InputError:  # the job that makes it runs again
        return False
    files = [settings[key] for key in BED_FILES]
    return not any(files) and summary["settings"] == _plain(settings)


def _fits_group_mask(plan: Plan, group: str, size: int) -> bool:
    """Tell whether the mask of a group has the current settings and samples."""
    try:
        vote = read_vote(plan.job_paths.shared_mask(group, size).mask)
    except InputError:  # the job that makes it runs again
        return False
    return vote == (_quorum(plan, group, size), plan.cohort.groups.sharing_mask(group, size))


def _quorum(plan: Plan, group: str, size: int) -> Quorum:
    """Return the vote of a group on its bins by the current settings."""
    job: SharedMaskJob = plan.job("shared_mask", SimpleNamespace(group=group, resolution=size))
    return job.quorum(group)


def _fits_verdict(job: BalanceJob, path: str, sample: str = "") -> bool:
    """Tell whether a run has the current settings and was made by this version.

    False with copy numbers that a rule makes, whose content is not known yet.
    """
    record = read_record(path)
    # Where a method chose between others, the verdict itself states the chosen one.
    choice = record.get("choice") or {}
    stated = {**record, "method": choice.get("by", record.get("method"))}
    stated["settings"] = choice.get("settings", record.get("settings"))
    stated["copy_number"] = (record.get("copy_number") or {}).get("sha256")
    expected = {"method": job.method, "name": job.name, "settings": _plain(asdict(job.settings))}
    expected["copy_number"] = job.copy_number_sha256
    expected["fitness_limits"] = asdict(job.fitness)
    expected["weights_of"] = None if job.weights_of == sample else job.weights_of
    if ("prior" in record) != job.prior:
        return False
    if job.backend != AUTO:
        expected["backend"] = job.backend
    same = all(stated.get(key) == value for key, value in expected.items())
    return bool(same and record.get("versions", {}).get("counterpoise") == __version__)


def _fits_prior(plan: Plan, run: RunKey, path: str) -> bool:
    """Tell whether the prior of a run is that of the current pool or file."""
    prior = plan.cohort.priors.get(run.method)
    if prior is None:
        return True
    sources = (read_record(path).get("prior") or {}).get("sources", [])
    group = plan.pool_of(run)
    if not prior.file and group is None:
        return not sources
    paths = plan.job_paths
    file = paths.file_prior(run.resolution, run.method)
    file = file if group is None else paths.pool(group, run.resolution, run.method)
    try:
        current = read_sources(file)
    except (InputError, FileNotFoundError):  # the run is made again after its prior
        return False
    return bool(sources == [name for name in current if name != run.sample])


def _plain(settings: dict[str, Any]) -> Any:
    """Return settings as JSON gives them back."""
    return json.loads(json.dumps(settings))
