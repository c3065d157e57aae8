"""What each job asks of a machine or a cluster: memory, minutes, threads, from what it will read.

The rules call these functions with their input files; while one is not made yet Snakemake says
``<TBD>``, and asks again when it is. For balancing and searching the memory is the upper bound of
``memory``; for all else, and for times, it is what was measured (``docs/cluster.md``) with room to
spare. The rules multiply by ``attempt``: a job that a cluster stopped comes back asking for more.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from counterpoise.backends.choice import expected_backend
from counterpoise.contacts.selection import Scope
from counterpoise.files import read_json
from counterpoise.jobs.memory import AROUND, forecast
from counterpoise.store.paths import MapFiles, ResultPaths

# MiB of a job that looks into a source, of one that reads it in chunks, of one that gathers
# results, and of PyTorch with CUDA on the host.
LOOKING, READING, GATHERING = 200, 1000, 400
# By rule: MiB in any case, and bytes for each bin of its maps, by itself and for each method.
PASSING = {
    "mask": (350, 150, 0),
    "plot": (700, 300, 0),
    "compare": (600, 100, 16),
    "export": (400, 300, 32),
}
# KiB that a job keeps for each run of the cohort.
KIB_A_RUN = 100
# Minutes of the smallest job, on a node that loads everything from a slow disk.
START = 10

# Inputs of a rule, in order and by name, as Snakemake hands them over.
Inputs = Any


# --- Reading ---------------------------------------------------------------------------------


def inspect_mb() -> int:
    return AROUND + LOOKING


def inspect_minutes(inputs: Inputs) -> int:
    """The checksum reads the file once; 20 MB a second is a slow disk."""
    return START + _megabytes(inputs) // 1200


def ingest_mb() -> int:
    return AROUND + READING


def ingest_minutes(inputs: Inputs) -> int:
    """At 1 MB of a compressed file a second, a tenth of what was measured."""
    return START + _megabytes(inputs) // 60


def _megabytes(inputs: Iterable[str]) -> int:
    return sum(Path(path).stat().st_size for path in inputs) // 10**6


# --- Balancing -------------------------------------------------------------------------------


def threads_for(inputs: Inputs) -> int:
    """As many threads as pay: on a small map that is one."""
    if not Path(MapFiles(*inputs.map).source).exists():
        return 2  # for this figure Snakemake cannot wait as it does for the others
    _, nonzeros = _size(inputs)
    return 1 if nonzeros < 2_000_000 else 2 if nonzeros < 50_000_000 else 4


def search_mb(inputs: Inputs, settings: Mapping[str, Any], threads: int) -> int:
    """A search for a bandwidth, the map in memory."""
    return _balancing_mb(inputs, settings, threads, drawing=True)


def balance_mb(inputs: Inputs, settings: Mapping[str, Any], threads: int) -> int:
    """Balancing, the map in memory."""
    return _balancing_mb(inputs, settings, threads, drawing=settings["bootstrap"] > 0)


def _balancing_mb(inputs: Inputs, settings: Mapping[str, Any], threads: int, drawing: bool) -> int:
    files = MapFiles(*map(str, inputs.map))
    scope = Scope(settings["scope"])
    whole = _whole(files, os.stat(files.source).st_mtime_ns, scope, threads, drawing)
    backend = expected_backend(settings["backend"], settings["device"])
    return AROUND + whole + backend.memory_mb


# Snakemake asks anew for every job that is ready, each time that it chooses the next ones: of maps
# that are as they were (by the time of their record) it is told what it was told before.
@lru_cache(maxsize=100_000)
def _whole(files: MapFiles, written: int, scope: Scope, threads: int, drawing: bool) -> int:
    return forecast(files, scope, threads, drawing)[0]


def search_minutes(inputs: Inputs) -> int:
    """Thousands of products with halves of the map, and transforms as long as the chromosomes."""
    bins, nonzeros = _size(inputs)
    return START + nonzeros // 2_000_000 + bins // 20_000


def balance_minutes(inputs: Inputs, settings: Mapping[str, Any]) -> int:
    """A thousand products at 10 ns a nonzero, ten times what was measured."""
    _, nonzeros = _size(inputs)
    return START + nonzeros * (1 + int(settings["bootstrap"])) // 5_000_000


# --- All else --------------------------------------------------------------------------------


def bins_mb(rule: str, inputs: Inputs, methods: int = 0) -> int:
    """A job that passes over maps and keeps something for each of their bins."""
    bins, _ = _size(inputs)
    least, alone, by_method = PASSING[rule]
    return AROUND + least + bins * (alone + methods * by_method) // 2**20


def pass_minutes(inputs: Inputs) -> int:
    """A few passes over the pixels, at a million a second."""
    _, nonzeros = _size(inputs)
    return START + nonzeros // 60_000_000


def runs_mb(runs: int) -> int:
    """A job that gathers the results of all runs."""
    return AROUND + GATHERING + runs * KIB_A_RUN // 1024


def runs_minutes(runs: int) -> int:
    """At one run a second."""
    return START + runs // 60


def _size(inputs: Iterable[str]) -> tuple[int, int]:
    """Bins and nonzeros of all maps among the inputs together."""
    record = Path(ResultPaths("").map_files().source).name
    sources = [str(path) for path in inputs if Path(path).name == record]
    sizes = [_size_of(path, os.stat(path).st_mtime_ns) for path in sources]
    return sum(bins for bins, _ in sizes), sum(nonzeros for _, nonzeros in sizes)


@lru_cache(maxsize=100_000)
def _size_of(source: str, written: int) -> tuple[int, int]:
    record = read_json(source)
    return record["bins"], record["nnz"]
