"""Priors on disk: the summed bias of the samples of a pool, and the bias of a file.

Both are bin tables with columns of numbers, which name their samples or their file in the metadata,
and the settings of the job that wrote them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from counterpoise.balancing.applied_weights import AppliedWeights
from counterpoise.balancing.prior import PoolSums, Prior
from counterpoise.contacts.bins import BinTable, describe_difference
from counterpoise.errors import InputError, refuse_other_versions
from counterpoise.store.paths import ResultPaths
from counterpoise.store.pixels import read_bin_record, read_bins, read_common_bins, write_bins
from counterpoise.store.weights import read_errors, read_weights

ONE_GENOME = "Maps that share weights must be of one assembly, with their chromosomes in one order."


@dataclass(frozen=True)
class Pool:
    """The summed bias of samples.

    Attributes
    ----------
    sums : PoolSums
        The sums.
    bins : BinTable
        The bins of all samples.
    samples : tuple of str
        The samples that have weights.
    """

    sums: PoolSums
    bins: BinTable
    samples: tuple[str, ...]


def pool_samples(
    paths: ResultPaths, samples: Sequence[str], resolution: int | str, method: str
) -> Pool:
    """Sum the bias of samples, each from its weights without a prior.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    samples : sequence of str
        Their names; at least one. Sums depend on their order in the last bits.
    resolution : int or str
        Bin size in base pairs.
    method : str
        Name of the method in the cohort.

    Returns
    -------
    Pool
        The sums. A sample counts for the bins for which it has a weight.

    Raises
    ------
    InputError
        If two samples have other bins.
    """
    maps = {name: paths.map_files(name, resolution) for name in samples}
    bins = read_common_bins(maps, "with which it has a prior in common", ONE_GENOME)
    sums, pooled = None, []
    for name in samples:
        term = read_term(paths.alone_files(name, resolution, method).weights, bins)
        sums = term if sums is None else sums + term
        if term.samples.any():
            pooled.append(name)
    assert sums is not None
    return Pool(sums, bins, tuple(pooled))


def read_term(weights: str, bins: BinTable) -> PoolSums:
    """Return what one sample adds to its pool.

    Parameters
    ----------
    weights : str
        Its ``weights.parquet`` without a prior.
    bins : BinTable
        The bins of its map.
    """
    return PoolSums.of(bins, read_weights(weights), read_errors(weights))


def write_pool(path: str, pool: Pool, settings: Mapping[str, Any]) -> None:
    """Write a pool as Parquet.

    Parameters
    ----------
    path : str
        Where the file goes. Its columns are chrom, start, end, weighted_logs, weights and samples.
    pool : Pool
        The pool.
    settings : mapping
        Settings of the job, for the record.
    """
    columns = dict(vars(pool.sums))
    bins = replace(pool.bins, extra=columns)
    write_bins(path, bins, samples=list(pool.samples), settings=dict(settings))


def read_prior_of_others(path: str, own: str, sample: str, bins: BinTable) -> Prior:
    """Read a pool and take one sample out of it.

    Parameters
    ----------
    path : str
        A file of ``write_pool``.
    own : str
        ``weights.parquet`` of the sample without a prior.
    sample : str
        Name of the sample.
    bins : BinTable
        The bins of its map.

    Returns
    -------
    Prior
        The bias by the other samples.

    Raises
    ------
    InputError
        If the pool is damaged or has other bins.
    """
    table, record = _read(path, bins)
    with refuse_other_versions(path):
        sums = PoolSums(*(table.extra[name] for name in ("weighted_logs", "weights", "samples")))
        others = [name for name in record["samples"] if name != sample]
    return (sums - read_term(own, bins)).prior(others)


def write_prior(path: str, prior: Prior, bins: BinTable, settings: Mapping[str, Any]) -> None:
    """Write a prior as Parquet.

    Parameters
    ----------
    path : str
        Where the file goes. Its columns are chrom, start, end and log_bias.
    prior : Prior
        The prior.
    bins : BinTable
        Its bins.
    settings : mapping
        Settings of the job, for the record.
    """
    table = replace(bins, extra={"log_bias": prior.log_bias})
    write_bins(path, table, sources=list(prior.sources), settings=dict(settings))


def read_prior(path: str, bins: BinTable) -> Prior:
    """Read a prior.

    Parameters
    ----------
    path : str
        A file of ``write_prior``.
    bins : BinTable
        The bins of the map that it is for.

    Returns
    -------
    Prior
        The prior.

    Raises
    ------
    InputError
        If the file is damaged or has other bins.
    """
    table, record = _read(path, bins)
    with refuse_other_versions(path):
        return Prior(table.extra["log_bias"], tuple(record["sources"]))


def read_settings(path: str) -> Any:
    """Read the settings of the job that wrote a pool or a prior.

    Parameters
    ----------
    path : str
        A file of ``write_pool`` or ``write_prior``.

    Returns
    -------
    object
        The settings as JSON gives them back.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    with refuse_other_versions(path):
        return read_bin_record(path)["settings"]


def read_sources(path: str) -> list[str]:
    """Read the names of the samples of a pool, or of the map of a prior.

    Parameters
    ----------
    path : str
        A file of ``write_pool`` or ``write_prior``.

    Raises
    ------
    InputError
        If the file is damaged.
    FileNotFoundError
        If there is no such file.
    """
    with refuse_other_versions(path):
        record = read_bin_record(path)
        return list(record["samples"] if "samples" in record else record["sources"])


def read_applied(weights: str, source_bins: str, bins: BinTable, source: str) -> AppliedWeights:
    """Read the weights of one sample for another.

    Parameters
    ----------
    weights : str
        ``weights.parquet`` of the sample.
    source_bins : str
        ``bins.parquet`` of its map.
    bins : BinTable
        The bins of the other's map.
    source : str
        Name of the sample.

    Returns
    -------
    AppliedWeights
        Its weights and their errors.

    Raises
    ------
    InputError
        If the bins differ.
    """
    _require_bins(f"sample {source}", read_bins(source_bins), bins)
    return AppliedWeights(read_weights(weights), read_errors(weights), source)


def _read(path: str, bins: BinTable) -> tuple[BinTable, dict[str, Any]]:
    """Read a bin table and its metadata; refuse other bins than those of a map."""
    table = read_bins(path)
    _require_bins(path, table, bins)
    return table, read_bin_record(path)


def _require_bins(place: str, bins: BinTable, others: BinTable) -> None:
    """Refuse bins that differ from those of a map."""
    difference = describe_difference(others, bins)
    if difference is not None:
        raise InputError(place, f"has other bins than the map: {difference}.", ONE_GENOME)
