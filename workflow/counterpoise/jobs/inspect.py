"""Rule ``inspect``: what a sample's file holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from counterpoise.cohort.revisions import REVISIONS
from counterpoise.errors import refuse_other_versions
from counterpoise.files import FileState, read_json, write_json
from counterpoise.ingest.download import name_url_in_errors
from counterpoise.ingest.identity import identify, refuse_change
from counterpoise.ingest.urls import is_url, public_url
from counterpoise.jobs.job import Inputs, MeasuredJob
from counterpoise.jobs.resources import SNAKEMAKE_MB, START_MINUTES, megabytes

if TYPE_CHECKING:  # spares the job the import of OmegaConf
    from counterpoise.cohort.cohort import Cohort


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

    @property
    def megabytes(self) -> int:
        """Return the size in MB of the file, which is an input only if a rule makes it."""
        return megabytes([self.file])

    @property
    def file(self) -> str:
        """Return the path of the file."""
        return self.uri.partition("::")[0]


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
    from counterpoise.ingest.formats import COOLER

    uri, path = cohort.source_uri(sample), cohort.sample(sample).path
    url = public_url(path) if is_url(path) else None
    is_cooler = uri.partition("::")[0].lower().endswith(COOLER.suffixes)
    ingest = cohort.settings.ingest
    # No engine reads a cooler: with the default, a change of engine reads no cooler again.
    engine = type(ingest).hic_engine if is_cooler else ingest.hic_engine
    return {"uri": uri, "hic_engine": engine, "url": url}


@dataclass(frozen=True, kw_only=True)
class InspectJob(SourceJob):
    """Record format, levels and SHA-256 of a sample's file, and fail early if it is no map.

    Attributes
    ----------
    size_and_date : list of int or None
        Size and modification time of the file, so that a file with another date, also an older one,
        runs the job again. None for a file that a rule makes, which may not exist yet.
    """

    WILDCARDS: ClassVar = ("sample",)

    size_and_date: list[int] | None = None

    @classmethod
    def of(cls, cohort: Cohort, sample: str) -> Self:
        """Make the job of a sample."""
        current = None
        if not cohort.is_made(sample):
            current = FileState.of(cohort.source_file(sample)).size_and_date
        return cls(
            revision=REVISIONS["inspect"], size_and_date=current, **source_settings(cohort, sample)
        )

    def mem_mb(self, inputs: Inputs, threads: int) -> int:
        """Return 600 MiB, whatever the file."""
        return SNAKEMAKE_MB + 200

    def minutes(self, inputs: Inputs) -> int:
        """Return the time of reading the file once for its checksum, at 20 MB a second."""
        return START_MINUTES + self.megabytes // 1200

    def run(
        self,
        output: str | Path,
        state: str | Path,
        first_record: str | Path | None = None,
        first_state: str | Path | None = None,
    ) -> None:
        """Write the record of the file.

        Parameters
        ----------
        output : str or Path
            Path of the JSON record.
        state : str or Path
            Path of the JSON record of the state that the file had.
        first_record, first_state : str or Path, optional
            What the job of another sample wrote about the same file. Where the file is still in
            that state, its SHA-256 is taken from there.
        """
        from counterpoise.ingest.formats import inspect_source

        with name_url_in_errors(self.url):
            before = FileState.of(self.file) if Path(self.file).exists() else None
            info = inspect_source(self.uri, self.hic_engine, identify=False)
            digest, inspected = self._identify(first_record, first_state)
            refuse_change(self.file, before, inspected)
        identity = {"sha256": digest, "bytes": inspected.bytes}
        write_json(output, {**asdict(info), "uri": self.url or info.uri, "identity": identity})
        write_json(state, {**inspected._asdict(), "settings": self.to_params()})

    def _identify(
        self, first_record: str | Path | None, first_state: str | Path | None
    ) -> tuple[str, FileState]:
        """Return the SHA-256 of the file and the state in which it had it."""
        if first_record and first_state:
            with refuse_other_versions(first_record):
                digest = str(read_json(first_record)["identity"]["sha256"])
            current = FileState.of(self.file)
            if read_state(first_state) == current:
                return digest, current
        return identify(self.file)


def read_state(path: str | Path) -> FileState:
    """Return the state that a file had when it was inspected.

    Parameters
    ----------
    path : str or Path
        What ``InspectJob`` wrote about the state.

    Returns
    -------
    FileState
        The state.

    Raises
    ------
    InputError
        If the record is damaged.
    """
    with refuse_other_versions(path):
        record = read_json(path)
        return FileState(*(int(record[name]) for name in FileState._fields))
