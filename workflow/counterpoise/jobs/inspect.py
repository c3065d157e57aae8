"""Rule ``inspect``: what a sample's file holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from counterpoise.cohort.revisions import REVISIONS
from counterpoise.files import write_json
from counterpoise.ingest.download import name_url_in_errors
from counterpoise.ingest.urls import is_url, public_url
from counterpoise.jobs.job import Inputs, MeasuredJob, has_braces
from counterpoise.jobs.resources import SNAKEMAKE_MB, START_MINUTES, megabytes

if TYPE_CHECKING:  # spares the job the import of OmegaConf
    from counterpoise.cohort.cohort import Cohort

COOLER_SUFFIXES = (".cool", ".mcool", ".scool")


@dataclass(frozen=True, kw_only=True)
class SourceJob(MeasuredJob):
    """Settings of jobs that read a sample's file.

    Attributes
    ----------
    uri : str
        Path of the file, with ``::/group`` if the sample names a group.
    hic_engine : str
        Reader of `.hic` files.
    url : str or None
        Address from which the file was downloaded, without its query.
    """

    uri: str
    hic_engine: str
    url: str | None = None

    def megabytes(self, inputs: Inputs) -> int:
        """Return the size in MB of the inputs and of the file, if that is no input."""
        file = self.uri.partition("::")[0]
        return megabytes([*inputs, file] if has_braces(file) else inputs)


def source_settings(cohort: Cohort, sample: str) -> dict[str, Any]:
    """Return the fields of a ``SourceJob``.

    Parameters
    ----------
    cohort : Cohort
        The cohort.
    sample : str
        Name of the sample.

    Returns
    -------
    dict
        Values by field.
    """
    uri, path = cohort.source_uri(sample), cohort.sample(sample).path
    url = public_url(path) if is_url(path) else None
    is_cooler = uri.partition("::")[0].lower().endswith(COOLER_SUFFIXES)
    ingest = cohort.settings.ingest
    # No engine reads a cooler: with the default, a change of engine reads no cooler again.
    engine = type(ingest).hic_engine if is_cooler else ingest.hic_engine
    return {"uri": uri, "hic_engine": engine, "url": url}


@dataclass(frozen=True, kw_only=True)
class InspectJob(SourceJob):
    """Record format, levels and SHA-256 of a sample's file, and fail early if it is no map."""

    WILDCARDS: ClassVar = ("sample",)

    @classmethod
    def of(cls, cohort: Cohort, sample: str) -> Self:
        """Make the job of a sample."""
        return cls(revision=REVISIONS["inspect"], **source_settings(cohort, sample))

    def mem_mb(self, inputs: Inputs, threads: int) -> int:
        """Return 600 MiB, whatever the file."""
        return SNAKEMAKE_MB + 200

    def minutes(self, inputs: Inputs) -> int:
        """Return the time of reading the file once for its checksum, at 20 MB a second."""
        return START_MINUTES + self.megabytes(inputs) // 1200

    def run(self, output: str | Path) -> None:
        """Write the record of the file.

        Parameters
        ----------
        output : str or Path
            Path of the JSON record.
        """
        from counterpoise.ingest.formats import inspect_source

        with name_url_in_errors(self.url):
            info = inspect_source(self.uri, self.hic_engine)
        write_json(output, {**asdict(info), "uri": self.url or info.uri})
