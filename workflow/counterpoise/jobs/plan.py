"""The plan of a cohort's workflow: what the rules ask about their jobs.

The rules in ``workflow/rules/`` hold no functions. Their callables are methods of ``Plan``, or
returned by them. Snakemake calls these several times for each job, so jobs are kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from functools import cached_property
from inspect import signature
from pathlib import Path
from typing import Any, TypeVar

from counterpoise.cohort.cohort import Cohort
from counterpoise.files import sha256
from counterpoise.jobs.balance import BalanceJob
from counterpoise.jobs.compare import CompareJob
from counterpoise.jobs.differences import DifferencesJob
from counterpoise.jobs.export import ExportJob
from counterpoise.jobs.ingest import IngestJob
from counterpoise.jobs.inputs import DownloadJob, ExtractJob, SdistJob, SimulateJob, YeastJob
from counterpoise.jobs.inspect import InspectJob
from counterpoise.jobs.job import Inputs, Job, MeasuredJob
from counterpoise.jobs.mask import MaskJob
from counterpoise.jobs.merge import MergeJob
from counterpoise.jobs.plot import PlotJob
from counterpoise.jobs.prior import AloneJob, FilePriorJob, PoolJob
from counterpoise.jobs.report import ReportJob
from counterpoise.jobs.shared_mask import FinalMaskJob, SharedMaskJob
from counterpoise.jobs.source_files import SourceFiles
from counterpoise.jobs.thin import FindLeastJob, ThinJob
from counterpoise.jobs.track import TrackJob
from counterpoise.store.paths import BASE, ResultPaths
from counterpoise.store.runs import is_merged
from counterpoise.tracking.log import next_attempt

# A rule's wildcards as Snakemake passes them: attributes by name.
Wildcards = Any

F = TypeVar("F", bound=Callable[..., Any])

# The jobs that run on a cluster, by rule.
MEASURED_JOBS: dict[str, type[MeasuredJob]] = {
    "inspect": InspectJob,
    "ingest": IngestJob,
    "merge": MergeJob,
    "find_least": FindLeastJob,
    "thin": ThinJob,
    "mask": MaskJob,
    "shared_mask": SharedMaskJob,
    "final_mask": FinalMaskJob,
    "balance_alone": AloneJob,
    "pool": PoolJob,
    "file_prior": FilePriorJob,
    "balance": BalanceJob,
    "plot": PlotJob,
    "compare": CompareJob,
    "export": ExportJob,
    "report": ReportJob,
    "differences": DifferencesJob,
    "track": TrackJob,
}

# The jobs that make input files, by rule.
INPUT_JOBS: dict[str, type[Job]] = {
    "download_sdist": SdistJob,
    "extract": ExtractJob,
    "download": DownloadJob,
    "demo_yeast": YeastJob,
    "demo_simulated": SimulateJob,
}

JOBS: dict[str, type[Job]] = {**MEASURED_JOBS, **INPUT_JOBS}

GPU_RULES = ("balance_alone", "file_prior", "balance")


class Plan:
    """Jobs, input files and resources of the rules for one cohort.

    Parameters
    ----------
    cohort : Cohort
        The checked cohort.
    root : str
        Folder of all cohorts' results as jobs see it: with the prefix that a workflow gives to this
        one when it uses it as a module. Snakemake adds the prefix to the paths of rules.

    Attributes
    ----------
    cohort : Cohort
        The cohort.
    paths : ResultPaths
        Paths of its results as rules name them, without a prefix.
    job_paths : ResultPaths
        Paths of its results as jobs see them.
    before_first_map : callable
        Called once, when Snakemake asks for the inputs of the first job that makes a map.
    """

    def __init__(self, cohort: Cohort, root: str) -> None:
        self.cohort = cohort
        self.paths: ResultPaths = cohort.paths
        self.job_paths = replace(self.paths, root=root)
        self.before_first_map: Callable[[], None] = lambda: None
        self._sources = SourceFiles(cohort, self.job_paths)
        self._jobs: dict[tuple[str, ...], Job] = {}
        self._params: dict[tuple[str, ...], dict[str, Any]] = {}

    # --- Settings and resources ----------------------------------------------------------------

    def job(self, rule: str, wildcards: Wildcards = None) -> Any:
        """Return the job of a rule for these wildcards.

        Parameters
        ----------
        rule : str
            Name of the rule.
        wildcards : object, optional
            The wildcards by attribute; needed if the rule's settings depend on any.

        Returns
        -------
        Job
            The job, of the class that belongs to the rule.
        """
        key = self._key(rule, wildcards)
        if key not in self._jobs:
            self._jobs[key] = JOBS[rule].of(self.cohort, *key[1:])
        return self._jobs[key]

    def params(self, rule: str, **changes: Any) -> Callable[[Wildcards], dict[str, Any]]:
        """Return the function that gives Snakemake the settings of a rule's jobs.

        Parameters
        ----------
        rule : str
            Name of the rule.
        **changes : object
            Settings that replace those of the cohort.

        Returns
        -------
        callable
            Returns one dictionary of builtins for the wildcards of a job.
        """

        def settings(wildcards: Wildcards) -> dict[str, Any]:
            key = self._key(rule, wildcards)
            if key not in self._params:
                job = self.job(rule, wildcards)
                self._params[key] = (replace(job, **changes) if changes else job).to_params()
            return self._params[key]

        return _with_signature(settings)

    def threads(self, rule: str) -> int | Callable[..., int]:
        """Return the threads of a rule's jobs, or the function that computes them."""
        kind = MEASURED_JOBS[rule]
        if kind.threads is MeasuredJob.threads:
            return kind.THREADS

        def threads(wildcards: Wildcards, input: Inputs) -> int:
            return int(self.job(rule, wildcards).threads(input))

        return _with_signature(threads)

    def resources(self, rule: str) -> dict[str, Any]:
        """Return the resources of a rule's jobs.

        Parameters
        ----------
        rule : str
            Name of the rule.

        Returns
        -------
        dict
            Functions for ``mem_mb`` and ``runtime``, which grow with the attempt, and ``gpu`` if
            the configuration requires one.
        """

        def mem_mb(wildcards: Wildcards, input: Inputs, threads: int, attempt: int) -> int:
            return attempt * int(self.job(rule, wildcards).mem_mb(input, threads))

        def runtime(wildcards: Wildcards, input: Inputs, attempt: int) -> int:
            return attempt * int(self.job(rule, wildcards).minutes(input))

        needs_gpu = rule in GPU_RULES and self.cohort.settings.backend.device == "cuda"
        predicted = {"mem_mb": _with_signature(mem_mb), "runtime": _with_signature(runtime)}
        return {**predicted, **({"gpu": 1} if needs_gpu else {})}

    def root(self, wildcards: Wildcards) -> str:
        """Return the folder of all cohorts' results as jobs see it."""
        return self.job_paths.root

    @property
    def next_attempt(self) -> int:
        """Return the number of the next attempt at logging to MLflow."""
        store = self.cohort.settings.tracking
        if not store.enabled:
            return next_attempt(self.job_paths.tracking)
        return next_attempt(self.job_paths.tracking, store.uri, store.artifacts)

    @property
    def environment(self) -> str:
        """Return the path of the conda environment of balancing jobs, from the rules' folder."""
        return f"../../envs/{self.cohort.settings.backend.environment}.yaml"

    def compared_to(self, wildcards: Wildcards) -> str:
        """Say to which group of a resolution the others are compared, for a message."""
        samples = self.cohort.compared_at(int(wildcards.resolution))
        members = self.cohort.members
        own = [name for name in samples if not is_merged(name, samples, members)]
        first, *others = dict.fromkeys(map(self.cohort.groups.of, own))
        return f", log2 ratios to {first or 'samples without a group'}" if others else ""

    def _key(self, rule: str, wildcards: Wildcards) -> tuple[str, ...]:
        """Return the rule and those wildcards on which its settings depend."""
        return (rule, *(getattr(wildcards, name) for name in JOBS[rule].WILDCARDS))

    # --- Input files ---------------------------------------------------------------------------

    def made_source(self, wildcards: Wildcards) -> list[str]:
        """Return the file of a sample if a rule makes it.

        Any other file is no input for Snakemake, whose jobs fail if an input is dated in the
        future, and who ignores a file replaced by an older one. The settings hold its version.
        """
        sample = wildcards.sample
        return [self.cohort.source_file(sample)] if self.cohort.is_made(sample) else []

    def source_of_level(self, wildcards: Wildcards) -> list[str]:
        """Return what ``made_source`` does; refuse a resolution that the file cannot give."""
        call, self.before_first_map = self.before_first_map, lambda: None
        call()
        self.cohort.check_level(wildcards.sample, int(wildcards.resolution))
        return self.made_source(wildcards)

    @property
    def made_mask_files(self) -> list[str]:
        """Return the BED files of the mask that a rule makes."""
        return self.cohort.made_mask_files

    def own_masks(self, wildcards: Wildcards) -> list[str]:
        """Return the masks of the samples that share one, and the source record of the first.

        The masks imply the bins of the samples' maps.
        """
        size = int(wildcards.resolution)
        samples = self.cohort.groups.sharing_mask(wildcards.group, size)
        first = self.paths.map_files(samples[0], size).source
        return [first, *(self.paths.own_mask(sample, size) for sample in samples)]

    def group_mask(self, wildcards: Wildcards) -> str:
        """Return the mask that a sample shares with its group."""
        group = self.cohort.groups.mask_group(wildcards.sample)
        return self.paths.shared_mask(group, wildcards.resolution).mask

    def awaited(self, unfinished: Collection[str]) -> dict[str, list[str]]:
        """Return the samples whose masks or maps were not made, by the file of a group that waits.

        Parameters
        ----------
        unfinished : collection of str
            Outputs that a failed workflow did not make.
        """
        cohort, paths = self.cohort, self.paths
        needed = [
            (paths.shared_mask(group, size).mask, paths.own_mask(sample, size), sample)
            for group, size in cohort.groups.group_masks
            for sample in cohort.groups.sharing_mask(group, size)
        ] + [
            (paths.least(group), paths.whole_map_files(sample, min(sizes)).source, sample)
            for group, samples in cohort.groups.least_samples.items()
            for sample in samples
            if (sizes := cohort.resolutions(sample))
        ]
        awaited: dict[str, list[str]] = {}
        for file, result, sample in needed:
            if result in unfinished:
                awaited.setdefault(file, []).append(sample)
        return awaited

    def made_copy_number(self, wildcards: Wildcards) -> list[str]:
        """Return the table of segments of a sample if a rule makes it."""
        made = self.cohort.copy_number_is_made(wildcards.sample)
        return [str(self.cohort.copy_number(wildcards.sample))] if made else []

    def first_records(self, wildcards: Wildcards) -> list[str]:
        """Return record and version of the first of several samples that share a file.

        Nothing is returned for that sample, and for files that a rule makes.
        """
        first = self._first_samples.get(self.cohort.source_file(wildcards.sample))
        if first in (None, wildcards.sample):
            return []
        return [self.paths.input_record(first), self.paths.input_state(first)]

    @cached_property
    def _first_samples(self) -> dict[str, str]:
        """Return the first sample of each file that no rule makes."""
        first: dict[str, str] = {}
        for sample in self.cohort.read_samples:
            if not self.cohort.is_made(sample):
                first.setdefault(self.cohort.source_file(sample), sample)
        return first

    def input_record(self, wildcards: Wildcards) -> str:
        """Return the record of a sample's file, as an input of the rule ``ingest``.

        It is ``ancient`` if the map on disk was read from the content that the file has now. Then
        a new date of the file runs ``inspect`` again and nothing after it.
        """
        from snakemake.io import ancient  # Snakemake has imported it when it asks

        path = self.paths.input_record(wildcards.sample)
        is_current = self._sources.is_current(wildcards.sample, int(wildcards.resolution))
        return str(path) if not is_current else ancient(path)

    def finer_map(self, wildcards: Wildcards) -> list[str]:
        """Return the files of the map that is summed to this one; none if the source is read."""
        sample = wildcards.sample
        size = self._sources.finer_resolution(sample, int(wildcards.resolution))
        return [] if size is None else list(self.paths.whole_map_files(sample, size))

    @property
    def finer_maps(self) -> dict[str, int]:
        """Return the resolution of the finer map of each map that is summed, by source record."""
        cohort, paths = self.cohort, self.paths
        sizes = {
            paths.whole_map_files(*place).source: self._sources.finer_resolution(*place)
            for place in cohort.whole_maps
        }
        if cohort.settings.thin.is_on:
            sizes |= {
                paths.map_files(*place).source: cohort.thinned_from(*place) for place in cohort.maps
            }
        return {source: size for source, size in sizes.items() if size}

    @cached_property
    def read_sample_pattern(self) -> str:
        """Return a regular expression of the samples that are read from files.

        It names the merged ones, which are not, since a list of all samples would be slow.
        """
        if not self.cohort.members:
            return r"[^/]+"
        return rf"(?!(?:{match_any(self.cohort.members)})(?:/|\.json$))[^/]+"

    def member_maps(self, wildcards: Wildcards) -> list[str]:
        """Return the files of the maps that are summed to the map of a merged sample."""
        sample, size = wildcards.sample, int(wildcards.resolution)
        self.cohort.check_level(sample, size)
        members = self.cohort.members[sample]
        return [path for name in members for path in self.paths.whole_map_files(name, size)]

    def whole_map(self, wildcards: Wildcards) -> list[str]:
        """Return the files of the map from which a thinned map is drawn; none if it is summed."""
        sample, size = wildcards.sample, int(wildcards.resolution)
        is_summed = self.cohort.thinned_from(sample, size) is not None
        return [] if is_summed else list(self.paths.whole_map_files(sample, size))

    def finer_thinned_map(self, wildcards: Wildcards) -> list[str]:
        """Return the files of the thinned map that is summed to this one; none if it is drawn."""
        size = self.cohort.thinned_from(wildcards.sample, int(wildcards.resolution))
        return [] if size is None else list(self.paths.map_files(wildcards.sample, size))

    def least_of_sample(self, wildcards: Wildcards) -> list[str]:
        """Return the record of the fewest contacts in the group of a sample, if one is needed."""
        if self.finer_thinned_map(wildcards) or wildcards.sample not in self.least_groups:
            return []
        return [self.paths.least(self.least_groups[wildcards.sample])]

    @cached_property
    def least_groups(self) -> dict[str, str]:
        """Return the group of each sample that is thinned to the least of its group."""
        groups = self.cohort.groups.least_samples
        return {sample: group for group, samples in groups.items() for sample in samples}

    def maps_to_count(self, wildcards: Wildcards) -> list[str]:
        """Return the source records of the finest maps of a group, before they are thinned."""
        samples = self.job("find_least", wildcards).samples
        return [self.paths.whole_map_files(*place).source for place in samples.items()]

    def pooled(self, wildcards: Wildcards) -> list[str]:
        """Return the weights without a prior of the samples of a pool."""
        size, method = int(wildcards.resolution), wildcards.method
        return [
            self.paths.alone_files(sample, size, method).weights
            for sample in self.cohort.groups.pooled(wildcards.group, size, method)
        ]

    def prior(self, wildcards: Wildcards) -> list[str]:
        """Return the files of a run's prior.

        They are the pool of its group and its own weights without a prior, which are taken out of
        the pool; or the prior by a file. Without another sample in the group there are none.
        """
        sample, size, method = wildcards.sample, wildcards.resolution, wildcards.method
        prior = self.cohort.priors.get(method)
        if prior is not None and prior.file:
            return [self.paths.file_prior(size, method)]
        group = self.pool_of(wildcards)
        if group is None:
            return []
        own = self.paths.alone_files(sample, size, method).weights
        return [self.paths.pool(group, size, method), own]

    def pool_of(self, wildcards: Wildcards) -> str | None:
        """Return the group with whose pool a run has its prior; None without a pool."""
        return self._pool_names[wildcards.method].get(wildcards.sample)

    @cached_property
    def _pool_names(self) -> dict[str, dict[str, str]]:
        """Return the name of each sample's pool by method, of samples that have one."""
        return {
            method: {
                sample: group
                for group, names in self.cohort.groups.pools(method).items()
                for sample in names
            }
            for method in self.cohort.methods
        }

    def applied(self, wildcards: Wildcards) -> list[str]:
        """Return weights and bins of the sample whose weights a run gets; else nothing."""
        size, method = wildcards.resolution, wildcards.method
        source = self.cohort.weights_of.get(method)
        if source is None or source == wildcards.sample:
            return []
        bins = self.paths.map_files(source, size).bins
        return [self.paths.run_files(source, size, method).weights, bins]

    # A job lists one or two files of each map and run that it reads: with all of them as inputs,
    # the DAG of a large cohort takes twice as long. The same jobs make the others. Each file is an
    # input of some rule, so that a lost one is made again.

    def maps_of_sample(self, wildcards: Wildcards) -> list[str]:
        """Return source record and bins of a sample's maps at all resolutions."""
        sizes = self.cohort.resolutions(wildcards.sample)
        maps = [self.paths.map_files(wildcards.sample, size) for size in sizes]
        return [path for files in maps for path in (files.source, files.bins)]

    def weights_of_sample(self, wildcards: Wildcards) -> list[str]:
        """Return the weights of a sample at all resolutions."""
        sample = wildcards.sample
        return [
            self.paths.run_files(sample, size, method).weights
            for size in self.cohort.resolutions(sample)
            for method in self.cohort.methods
        ]

    def compared_maps(self, wildcards: Wildcards) -> list[str]:
        """Return source record and verdicts of the maps that are compared at a resolution.

        The verdicts imply the mask.
        """
        size = int(wildcards.resolution)
        return [
            path
            for sample in self.cohort.compared_at(size)
            for path in (
                self.paths.map_files(sample, size).source,
                *(self.paths.run_files(sample, size, m).verdict for m in self.cohort.methods),
            )
        ]

    def plots(self, wildcards: Wildcards) -> list[str]:
        """Return the figures of runs."""
        return [self.paths.plot(*run.place) for run in self.cohort.runs if not run.unplotted]

    def unplotted(self, wildcards: Wildcards) -> list[str]:
        """Return verdicts and traces of the runs without a figure."""
        runs = [run for run in self.cohort.runs if run.unplotted]
        files = [self.paths.run_files(*run.place) for run in runs]
        return [path for each in files for path in (each.verdict, each.trace)]

    def comparisons(self, wildcards: Wildcards) -> list[str]:
        """Return the figures of samples side by side, and the tables of their pairs."""
        return [
            path
            for size in self.cohort.compared
            for path in (self.paths.comparison(size), self.paths.concordance(size))
        ]

    @cached_property
    def base_version(self) -> str:
        """Return the SHA-256 of the summary of the cohort without an experiment, if it exists."""
        summary = Path(replace(self.job_paths, experiment=BASE).summary)
        return sha256(summary) if summary.is_file() else ""

    @cached_property
    def differences(self) -> list[str]:
        """Return what an experiment that is compared with its cohort writes; else nothing.

        The experiment does not make the results of the cohort, so it needs those that exist.
        """
        if self.cohort.experiment == BASE or not self.base_version:
            return []
        return [self.paths.differences, self.paths.difference_table]

    @property
    def optional_rules(self) -> list[str]:
        """Return the files in ``workflow/rules`` that this cohort needs and others do not."""
        needed = {
            "merge": self.cohort.members,
            "thin": self.cohort.settings.thin.is_on,
            "shared_mask": self.cohort.groups.shares_masks,
            "plot": self.cohort.plotted,
            "differences": self.differences,
        }
        return [name for name, is_needed in needed.items() if is_needed]

    @cached_property
    def coolers(self) -> list[str]:
        """Return the balanced coolers of all samples."""
        return [self.paths.cooler(sample) for sample in self.cohort.samples]


def _with_signature(function: F) -> F:
    """Store the signature of a function, which Snakemake would otherwise look up for each job."""
    function.__signature__ = signature(function)  # type: ignore[attr-defined]
    return function


def match_any(names: Iterable[str | int]) -> str:
    """Return a regular expression that matches these names, and ``none`` if there are none.

    Parameters
    ----------
    names : iterable of str or int
        Values of a wildcard.

    Returns
    -------
    str
        The expression.
    """
    return "|".join(re.escape(str(name)) for name in names) or "none"
