"""The base class of a job that computes with a method."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from counterpoise.backends import AUTO
from counterpoise.backends.choice import expected_backend
from counterpoise.contacts.contact_map import ContactMap
from counterpoise.contacts.selection import Scope
from counterpoise.errors import ConfigError
from counterpoise.jobs.job import Inputs, MeasuredJob, build
from counterpoise.jobs.memory import open_map_within, predict_memory
from counterpoise.jobs.resources import SNAKEMAKE_MB, find_map, map_size
from counterpoise.methods import methods
from counterpoise.methods.base import ExtraMemory, MethodSettings
from counterpoise.process import log_progress
from counterpoise.store.paths import MapFiles

# Threads by number of nonzeros. On 100 million, two threads make a job 1.1 to 1.5 times as fast,
# because it also reads and chooses bandwidths; two jobs at a time do twice as much.
THREADS = ((200_000_000, 1), (400_000_000, 2))
MOST_THREADS = 4
# Snakemake cannot wait for this figure until the map exists, as it does for the others.
THREADS_OF_UNKNOWN_MAP = 2


@dataclass(frozen=True, kw_only=True)
class MethodJob(MeasuredJob):
    """Settings of jobs that compute with a method.

    Attributes
    ----------
    method : str
        The algorithm.
    settings : MethodSettings
        Its settings.
    backend : str
        Backend of the matrix-vector product.
    device : str or None
        Device of the backend; None lets the backend choose.
    """

    method: str
    settings: MethodSettings
    backend: str = AUTO
    device: str | None = None

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Self:
        """Make a job from the dictionary that ``to_params`` returned."""
        method = params.get("method")
        if method not in methods():
            raise ConfigError(
                f"there is no method {method!r}; there are {', '.join(sorted(methods()))}."
            )
        settings = build(methods()[method].settings, params.get("settings", {}), method)
        return super().from_params({**params, "settings": settings})

    @property
    @abstractmethod
    def extra(self) -> ExtraMemory:
        """Memory that the job takes in addition to the map."""

    def arguments(self, threads: int | None) -> dict[str, Any]:
        """Return the keyword arguments of the functions in ``balancing.api``.

        Parameters
        ----------
        threads : int or None
            Threads of the job; None for all that this process may use.

        Returns
        -------
        dict
            Backend, device, threads, progress and the settings of the method.
        """
        return {
            "backend": self.backend,
            "device": self.device,
            "threads": threads,
            "progress": log_progress,
            **asdict(self.settings),
        }

    def threads(self, inputs: Inputs) -> int:
        """Return as many threads as make the job faster: one on a small map."""
        if not Path(find_map(inputs).source).exists():
            return THREADS_OF_UNKNOWN_MAP
        return useful_threads(map_size(inputs)[1])

    def mem_mb(self, inputs: Inputs, threads: int) -> int:
        """Return the memory of computing with the whole map in memory, in MiB."""
        files = find_map(inputs)
        modified = os.stat(files.source).st_mtime_ns
        needed = _memory(files, modified, Scope(self.settings.scope), threads, self.extra)
        return SNAKEMAKE_MB + needed + expected_backend(self.backend, self.device).memory_mb

    def open_map(self, files: MapFiles, threads: int | None, memory_mb: int | None) -> ContactMap:
        """Load the map, or open it on disk if the job does not have the memory to load it.

        Parameters
        ----------
        files : MapFiles
            The map.
        threads : int or None
            Threads of the job; None for all that this process may use.
        memory_mb : int or None
            Memory of the job in MiB; None for no limit.

        Returns
        -------
        ContactMap
            The map.
        """
        available = None if memory_mb is None else memory_mb - SNAKEMAKE_MB
        scope = Scope(self.settings.scope)
        return open_map_within(files, available, log_progress, scope, threads, self.extra)


def useful_threads(nonzeros: int) -> int:
    """Return as many threads as make balancing faster.

    Parameters
    ----------
    nonzeros : int
        Number of pixels of the map.
    """
    return next((count for limit, count in THREADS if nonzeros < limit), MOST_THREADS)


# Snakemake asks for the resources of every ready job each time that it chooses the next jobs.
@lru_cache(maxsize=100_000)
def _memory(files: MapFiles, modified: int, scope: Scope, threads: int, extra: ExtraMemory) -> int:
    """Return the memory in MiB; ``modified`` makes a new entry for a new map."""
    return predict_memory(files, scope, threads, extra).in_memory
