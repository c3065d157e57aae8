"""Explain which runs of a cohort have no result.

Snakemake knows which outputs are missing (stale files may still exist on disk); the logs know why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from counterpoise.contacts.bins import format_base_pairs
from counterpoise.store.paths import ResultPaths
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
    other_maps : dict of str to str
        For each run that waits for another map (its prior, or the sample whose weights it gets), by
        its verdict, why that has no result.
    """

    outputs: tuple[str, ...] = ()
    downloads: dict[str, tuple[str, str]] = field(default_factory=dict)
    finer_maps: dict[str, int] = field(default_factory=dict)
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
        The last error in the log of the map's plots; empty if the run has a plot.
    """
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
            return f"{step.rule}: {_last_error(Path(step.log))}"
    return ""


def _map_steps(paths: ResultPaths, run: RunKey, unfinished: Unfinished) -> Iterator[Step]:
    """Yield the jobs that lead to a run's map and mask, in the order in which they run."""
    sample, resolution, _ = run.place
    if run.sample in unfinished.downloads:
        file, log = unfinished.downloads[run.sample]
        yield Step("download", file, False, log)
    yield Step("inspect", paths.input_record(sample), False, paths.log("inspect", sample))
    for size in _finer_maps(paths, run, unfinished):
        source, log = paths.map_files(sample, size).source, paths.log("ingest", sample, str(size))
        yield Step(f"ingest at {format_base_pairs(size)}", source, False, log)
    for rule, result in (
        ("ingest", paths.map_files(sample, resolution).source),
        ("mask", paths.mask(sample, resolution)),
    ):
        yield Step(rule, result, True, paths.log(rule, sample, str(resolution)))


def _finer_maps(paths: ResultPaths, run: RunKey, unfinished: Unfinished) -> list[int]:
    """Return the bin sizes of the maps from which the map of a run is summed, finest first."""
    sizes = [run.resolution]
    while size := unfinished.finer_maps.get(paths.map_files(run.sample, sizes[0]).source):
        sizes.insert(0, size)
    return sizes[:-1]


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
