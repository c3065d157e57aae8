"""Explain which runs of a cohort have no result.

Snakemake knows which outputs are missing (stale files may still exist on disk); the logs know why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from counterpoise.contacts.bins import format_base_pairs, pluralise
from counterpoise.store.paths import MapFiles, ResultPaths
from counterpoise.store.runs import RunKey

ERROR_PREFIX = "counterpoise: "  # start of the last line of a job that ended with our own error


@dataclass(frozen=True)
class Unfinished:
    """Outputs that a failed workflow did not make.

    Attributes
    ----------
    outputs : tuple of str
        Paths of the outputs.
    downloads : dict of str to tuple of str
        For each sample with a URL, the path of the downloaded file and of the download's log.
    finer_maps : dict of str to int
        For each map that is summed from a finer one, by its source record, the bin size of the
        finer one in base pairs.
    members : dict of str to list of str
        Names of the samples whose maps are summed, by the name of the merged sample.
    thinned : bool
        Whether maps are thinned after they are read.
    mask_groups : dict of str to str
        For each sample that shares its mask, the name in paths of its group.
    least_groups : dict of str to str
        For each sample that is thinned to the least of a group, the name of the group in paths.
    awaited : dict of str to list of str
        For each file of a group that was not made, the samples for whose maps or masks it waits.
    other_maps : dict of str to str
        For each run that waits for another map (its prior, or the sample whose weights it gets), by
        its verdict, why that has no result.
    """

    outputs: tuple[str, ...] = ()
    downloads: dict[str, tuple[str, str]] = field(default_factory=dict)
    finer_maps: dict[str, int] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)
    thinned: bool = False
    mask_groups: dict[str, str] = field(default_factory=dict)
    least_groups: dict[str, str] = field(default_factory=dict)
    awaited: dict[str, list[str]] = field(default_factory=dict)
    other_maps: dict[str, str] = field(default_factory=dict)

    @cached_property
    def output_set(self) -> frozenset[str]:
        """The outputs as a set, for lookups."""
        return frozenset(self.outputs)


NOTHING_UNFINISHED = Unfinished()


class Step(NamedTuple):
    """A job on the way to a run's result.

    Attributes
    ----------
    rule : str
        Name of its rule.
    result : str
        Path of its output.
    required : bool
        Whether the report reads this output.
    log : str
        Path of its log.
    """

    rule: str
    result: str
    required: bool
    log: str


def missing_reason(
    paths: ResultPaths, run: RunKey, unfinished: Unfinished = NOTHING_UNFINISHED
) -> str:
    """Explain why a run has no result.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's files.
    run : RunKey
        The run.
    unfinished : Unfinished, optional
        What a failed workflow left unmade.

    Returns
    -------
    str
        What the sample's file lacks, or the first step that did not finish and the last error in
        its log; empty if the run is complete.
    """
    if run.absent:
        return run.absent
    verdict, log = paths.run_files(*run.place).verdict, _log(paths, "balance", run)
    if reason := _first_failure(_map_steps(paths, run, unfinished), unfinished):
        return reason
    if verdict in unfinished.other_maps:
        return unfinished.other_maps[verdict]
    return _first_failure([Step("balance", verdict, True, log)], unfinished)


def missing_pool(
    paths: ResultPaths, runs: Sequence[RunKey], group: str, unfinished: Unfinished
) -> str:
    """Explain why a pool has no result.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's files.
    runs : sequence of RunKey
        The runs of its samples, which are without a prior in the pool.
    group : str
        Name of the group in paths.
    unfinished : Unfinished
        What a failed workflow left unmade.

    Returns
    -------
    str
        The first sample that is missing and why, or the last error in the log of the pool.
    """
    for run in runs:
        verdict = paths.alone_files(*run.place).verdict
        alone = Step("balance_alone", verdict, True, _log(paths, "balance_alone", run))
        if reason := _first_failure([*_map_steps(paths, run, unfinished), alone], unfinished):
            return f"the prior needs sample {run.sample}: {reason}"
    log = paths.log("pool", group, str(runs[0].resolution), runs[0].method)
    return f"pool: {_last_error(Path(log))}"


def missing_file_prior(paths: ResultPaths, run: RunKey) -> str:
    """Explain why a prior by a file has no result.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's files.
    run : RunKey
        A run with this prior.

    Returns
    -------
    str
        The last error in its log.
    """
    log = paths.log("file_prior", str(run.resolution), run.method)
    return f"file_prior: {_last_error(Path(log))}"


def missing_plot(
    paths: ResultPaths, run: RunKey, unfinished: Unfinished = NOTHING_UNFINISHED
) -> str:
    """Explain why a run that has a result has no plot.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's files.
    run : RunKey
        The run.
    unfinished : Unfinished, optional
        What a failed workflow left unmade.

    Returns
    -------
    str
        The setting that asks for no plot, or the last error in the log of the map's plots; empty if
        the run has a plot.
    """
    if run.unplotted:
        return run.unplotted
    sample, resolution, _ = run.place
    plot = paths.plot(*run.place)
    if Path(plot).is_file() and plot not in unfinished.output_set:
        return ""
    return f"plot: {_last_error(Path(paths.log('plot', sample, str(resolution))))}"


def _log(paths: ResultPaths, rule: str, run: RunKey) -> str:
    """Return the log of a rule's job for a run."""
    return paths.log(rule, *map(str, run.place))


def _first_failure(steps: Iterable[Step], unfinished: Unfinished) -> str:
    """Return the first job without a result and the last error in its log; empty for none."""
    for step in steps:
        missing = step.required and not Path(step.result).is_file()
        if missing or step.result in unfinished.output_set:
            return f"{step.rule}: {_explain(step, unfinished)}"
    return ""


def _map_steps(paths: ResultPaths, run: RunKey, unfinished: Unfinished) -> Iterator[Step]:
    """Yield the jobs that lead to a run's map and mask, in the order in which they run."""
    sample, resolution, _ = run.place
    paths = replace(paths, thinned=unfinished.thinned)
    source = paths.map_files(sample, resolution).source
    for step in _contact_steps(paths, sample, resolution, unfinished):
        yield step._replace(required=step.result == source)
    yield from _mask_steps(paths, run, unfinished)


def _contact_steps(
    paths: ResultPaths, sample: str, resolution: int, unfinished: Unfinished
) -> Iterator[Step]:
    """Yield the jobs that lead to a map."""
    if not unfinished.thinned:
        yield from _whole_map_steps(paths, sample, resolution, unfinished)
        return
    sizes = _summed_sizes(paths.map_files, sample, resolution, unfinished)
    yield from _whole_map_steps(paths, sample, sizes[0], unfinished)
    if group := unfinished.least_groups.get(sample):
        yield Step("find_least", paths.least(group), False, paths.log("find_least", group))
    for size in sizes:
        place = "" if size == resolution else f" at {format_base_pairs(size)}"
        source, log = paths.map_files(sample, size).source, paths.log("thin", sample, str(size))
        yield Step(f"thin{place}", source, False, log)


def _whole_map_steps(
    paths: ResultPaths, sample: str, resolution: int, unfinished: Unfinished, of: str = ""
) -> Iterator[Step]:
    """Yield the jobs that lead to a map that is read from a file, or merged; ``of`` a member."""
    for member in unfinished.members.get(sample, ()):
        yield from _whole_map_steps(paths, member, resolution, unfinished, f" of {member}")
    if sample in unfinished.members:
        source = paths.whole_map_files(sample, resolution).source
        yield Step("merge", source, False, paths.log("merge", sample, str(resolution)))
        return
    if sample in unfinished.downloads:
        file, log = unfinished.downloads[sample]
        yield Step(f"download{of}", file, False, log)
    yield Step(f"inspect{of}", paths.input_record(sample), False, paths.log("inspect", sample))
    for size in _summed_sizes(paths.whole_map_files, sample, resolution, unfinished):
        place = "" if size == resolution else f" at {format_base_pairs(size)}"
        source = paths.whole_map_files(sample, size).source
        yield Step(f"ingest{of}{place}", source, False, paths.log("ingest", sample, str(size)))


def _mask_steps(paths: ResultPaths, run: RunKey, unfinished: Unfinished) -> Iterator[Step]:
    """Yield the jobs that lead from a run's map to its mask."""
    place = run.sample, str(run.resolution)
    mask = paths.mask(*place)
    if run.sample not in unfinished.mask_groups:
        yield Step("mask", mask, True, paths.log("mask", *place))
        return
    shared = unfinished.mask_groups[run.sample], str(run.resolution)
    yield Step("mask", paths.own_mask(*place), False, paths.log("mask", *place))
    yield Step(
        "shared_mask", paths.shared_mask(*shared).mask, False, paths.log("shared_mask", *shared)
    )
    yield Step("final_mask", mask, True, paths.log("final_mask", *place))


def _explain(step: Step, unfinished: Unfinished) -> str:
    """Explain why a step did not finish: the samples that it waits for, or its last error."""
    awaited = unfinished.awaited.get(step.result)
    if not awaited:
        return _last_error(Path(step.log))
    others = f" and {pluralise(len(awaited) - 1, 'other sample')}" if awaited[1:] else ""
    return (
        f"waits for {awaited[0]}{others}, which failed; correct the sample, or remove it from the "
        "cohort or from this group."
    )


def _summed_sizes(
    name_files: Callable[[str, int], MapFiles], sample: str, resolution: int, unfinished: Unfinished
) -> list[int]:
    """Return the bin sizes of the maps from which a map is summed, finest first, and its own."""
    sizes = [resolution]
    while size := unfinished.finer_maps.get(name_files(sample, sizes[0]).source):
        sizes.insert(0, size)
    return sizes


def unfinished_files(paths: ResultPaths, unfinished: Unfinished) -> list[str]:
    """Return the coolers and comparisons that a failed workflow did not make.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's files.
    unfinished : Unfinished
        What the workflow left unmade.

    Returns
    -------
    list of str
        Their paths.
    """
    folders = (Path(paths.cooler("x")).parent, Path(paths.comparison("x")).parent)
    return [path for path in unfinished.outputs if Path(path).parent in folders]


def _last_error(log: Path) -> str:
    """Return the error that ends a log, or what can be said about the log."""
    if not log.is_file():
        return "has not run"
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(ERROR_PREFIX)]
    if errors:
        return errors[-1].removeprefix(ERROR_PREFIX)
    ending = f"; the last line is: {lines[-1].strip()}" if lines else ", and it is empty"
    return f"did not start or did not finish; no reason was logged (see {log}{ending})"
