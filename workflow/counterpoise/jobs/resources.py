"""Memory and time that jobs ask for, from what they read.

Memory of balancing jobs is the upper bound of ``memory``. All other figures were measured
(``docs/guides/cluster.md``) and leave room to spare. Jobs that a cluster stopped ask for more: the
rules multiply by ``attempt``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from counterpoise.jobs.job import Inputs
from counterpoise.store.paths import MapFiles, RunFiles
from counterpoise.store.source_record import read_source

# MiB of the two Snakemake processes that a cluster's job runs in.
SNAKEMAKE_MB = 400

# Minutes of the smallest job, on a node that loads everything from a slow disk.
START_MINUTES = 10

# MiB of a job that collects the results of all runs, and KiB that it keeps for each.
COLLECTING_MB = 400
RUN_KB = 100


def bins_mb(bins: int, base_mb: int, bytes_per_bin: int) -> int:
    """Return the memory of a job that passes over maps and keeps something for each bin.

    Parameters
    ----------
    bins : int
        Bins of all maps together.
    base_mb : int
        MiB of the job whatever the maps.
    bytes_per_bin : int
        Bytes that it keeps for each bin.

    Returns
    -------
    int
        MiB.
    """
    return SNAKEMAKE_MB + base_mb + bins * bytes_per_bin // 2**20


def passing_minutes(nonzeros: int) -> int:
    """Return the time of a few passes over pixels, at a million a second.

    Parameters
    ----------
    nonzeros : int
        Number of pixels.

    Returns
    -------
    int
        Minutes.
    """
    return START_MINUTES + nonzeros // 60_000_000


def collecting_mb(runs: int) -> int:
    """Return the memory of a job that collects results.

    Parameters
    ----------
    runs : int
        Number of runs.

    Returns
    -------
    int
        MiB.
    """
    return SNAKEMAKE_MB + COLLECTING_MB + runs * RUN_KB // 1024


def collecting_minutes(runs: int) -> int:
    """Return the time of a job that collects results, at one run a second.

    Parameters
    ----------
    runs : int
        Number of runs.

    Returns
    -------
    int
        Minutes.
    """
    return START_MINUTES + runs // 60


def megabytes(paths: Iterable[str]) -> int:
    """Return the size of files together.

    Parameters
    ----------
    paths : iterable of str
        The files.

    Returns
    -------
    int
        MB.
    """
    return sum(Path(path).stat().st_size for path in paths) // 10**6


def find_map(inputs: Inputs) -> MapFiles:
    """Return the files of the map among the inputs of a rule, which may list its record alone.

    Parameters
    ----------
    inputs : iterable of str
        Inputs of a rule that reads one map.

    Returns
    -------
    MapFiles
        The files.
    """
    [source] = _find_files(inputs, MapFiles.in_folder("").source)
    return MapFiles.in_folder(os.path.dirname(source))


def _find_files(inputs: Inputs, like: str) -> list[str]:
    """Return the files among the inputs that have the name of ``like``."""
    name = os.path.basename(like)  # several times faster than Path, on all inputs of a cohort
    return [str(path) for path in inputs if os.path.basename(path) == name]


def count_runs(inputs: Inputs) -> int:
    """Return the number of runs whose verdict is among the inputs of a rule.

    Parameters
    ----------
    inputs : iterable of str
        Inputs of a rule.

    Returns
    -------
    int
        The number.
    """
    return len(_find_files(inputs, RunFiles.in_folder("").verdict))


def map_size(inputs: Inputs) -> tuple[int, int]:
    """Return the size of all maps among the inputs together.

    Parameters
    ----------
    inputs : iterable of str
        Inputs of a rule.

    Returns
    -------
    tuple of int
        Numbers of bins and of nonzeros.
    """
    sources = _find_files(inputs, MapFiles.in_folder("").source)
    sizes = [_read_size(path, os.stat(path).st_mtime_ns) for path in sources]
    return sum(bins for bins, _ in sizes), sum(nonzeros for _, nonzeros in sizes)


def possible_holes(inputs: Inputs) -> int:
    """Return the most bins that an export adds to all maps among the inputs together.

    It covers each hole between bins by one (`store.tiling`).

    Parameters
    ----------
    inputs : iterable of str
        Inputs of a rule.

    Returns
    -------
    int
        An upper bound, 0 for maps whose bins cover all chromosomes.
    """
    tables = _find_files(inputs, MapFiles.in_folder("").bins)
    return sum(_possible_holes(path, os.stat(path).st_mtime_ns) for path in tables)


@lru_cache(maxsize=100_000)
def _possible_holes(table: str, modified: int) -> int:
    """Return the most holes of a bin table; ``modified`` makes a new entry for a new file."""
    from counterpoise.store.pixels import read_bin_counts

    bins, lengths, resolution = read_bin_counts(table)
    beside_bins = bins + len(lengths)  # one before each bin, and one at each chromosome's end
    if resolution is None:
        return beside_bins
    return min(sum(-(-length // resolution) for length in lengths) - bins, beside_bins)


@lru_cache(maxsize=100_000)
def _read_size(source: str, modified: int) -> tuple[int, int]:
    """Return bins and nonzeros of a map; ``modified`` makes a new entry for a new file."""
    record = read_source(source)
    return record["bins"], record["nnz"]
