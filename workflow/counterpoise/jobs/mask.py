"""Rule ``mask``: the bins that can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from counterpoise.cohort.revisions import REVISIONS
from counterpoise.files import sha256
from counterpoise.jobs.job import Inputs, MeasuredJob
from counterpoise.jobs.resources import bins_mb, map_size, passing_minutes
from counterpoise.mask import BED_FILES, MaskSettings, describe_notes, mask_bins
from counterpoise.process import log_progress
from counterpoise.store.paths import MapFiles

if TYPE_CHECKING:  # spares the job the import of OmegaConf
    from counterpoise.cohort.cohort import Cohort


@dataclass(frozen=True, kw_only=True)
class MaskJob(MeasuredJob):
    """Filter the bins of a map.

    Attributes
    ----------
    filters : MaskSettings
        Settings of the filters.
    blacklist_sha256, regions_sha256 : str or None
        SHA-256 of a BED file that no rule makes, so that other content, also with an older date,
        runs the job again.
    """

    NESTED: ClassVar = {"filters": MaskSettings}

    filters: MaskSettings = field(default_factory=MaskSettings)
    blacklist_sha256: str | None = None
    regions_sha256: str | None = None

    @classmethod
    def of(cls, cohort: Cohort) -> Self:
        """Make the job, which is the same for all maps."""
        filters = cohort.settings.mask.filters
        paths = {f"{key}_sha256": getattr(filters, key) for key in BED_FILES}
        digests = {
            key: sha256(path)
            for key, path in paths.items()
            if path and path not in cohort.made_mask_files
        }
        return cls(revision=REVISIONS["mask"], filters=filters, **digests)

    def mem_mb(self, inputs: Inputs, threads: int) -> int:
        """Return the memory of one pass that keeps 150 bytes for each bin."""
        return bins_mb(map_size(inputs)[0], 350, 150)

    def minutes(self, inputs: Inputs) -> int:
        """Return the time of one pass over the pixels."""
        return passing_minutes(map_size(inputs)[1])

    def run(self, files: MapFiles, output: str | Path) -> None:
        """Write the mask of a map.

        Parameters
        ----------
        files : MapFiles
            The map.
        output : str or Path
            Where the mask goes.
        """
        from counterpoise.store.masks import write_mask
        from counterpoise.store.pixels import open_map

        contacts = open_map(files)
        mask = mask_bins(contacts, self.filters)
        write_mask(output, mask, contacts.bins)
        log_progress(", ".join(f"{count:,} {reason}" for reason, count in mask.counts().items()))
        if text := describe_notes(mask.notes):
            log_progress(text)
