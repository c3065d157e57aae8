"""Rule ``bandwidth``: the bandwidth of a kernel method."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from counterpoise.cohort.revisions import of_method
from counterpoise.jobs.job import Inputs
from counterpoise.jobs.method import MethodJob
from counterpoise.jobs.resources import START_MINUTES, map_size
from counterpoise.methods.base import MethodSettings
from counterpoise.store.paths import MapFiles

if TYPE_CHECKING:  # spares the job the import of OmegaConf
    from counterpoise.cohort.cohort import Cohort


@dataclass(frozen=True, kw_only=True)
class BandwidthJob(MethodJob):
    """Choose the bandwidth of a kernel method on each chromosome separately."""

    WILDCARDS: ClassVar = ("method",)

    @classmethod
    def of(cls, cohort: Cohort, method: str) -> Self:
        """Make the job of a method of the cohort."""
        algorithm = cohort.algorithms[method]
        return cls(
            revision=of_method("bandwidth", algorithm),
            method=algorithm,
            settings=without_balancing(cohort.methods[method]),
            backend=cohort.settings.backend.name,
            device=cohort.settings.backend.device,
        )

    @property
    def draws_maps(self) -> bool:
        """Always true: the search splits the map."""
        return True

    def minutes(self, inputs: Inputs) -> int:
        """Return the time of thousands of products and of transforms of the chromosomes."""
        bins, nonzeros = map_size(inputs)
        return START_MINUTES + nonzeros // 2_000_000 + bins // 20_000

    def run(
        self,
        files: MapFiles,
        mask: str | Path,
        output: str | Path,
        threads: int | None = None,
        memory_mb: int | None = None,
    ) -> None:
        """Write the search for the bandwidth.

        Parameters
        ----------
        files : MapFiles
            The map.
        mask : str or Path
            Its mask.
        output : str or Path
            Where the search goes.
        threads : int, optional
            Threads of the job; by default all that this process may use.
        memory_mb : int, optional
            Memory of the job in MiB; by default there is no limit.
        """
        from counterpoise.balancing.api import select_bandwidth
        from counterpoise.store.masks import read_mask
        from counterpoise.store.weights import write_searches

        contacts = self.open_map(files, threads, memory_mb)
        kept, _ = read_mask(mask)
        searches = select_bandwidth(contacts, self.method, mask=kept, **self.arguments(threads))
        write_searches(searches, output)


def without_balancing(settings: MethodSettings) -> MethodSettings:
    """Return the settings with defaults for those that do not change the search.

    Parameters
    ----------
    settings : MethodSettings
        Settings of a method.

    Returns
    -------
    MethodSettings
        The settings, with the defaults of ``on_failure`` and ``bootstrap``.
    """
    defaults = type(settings)()
    return replace(settings, on_failure=defaults.on_failure, bootstrap=defaults.bootstrap)
