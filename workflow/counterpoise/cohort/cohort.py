"""A checked cohort, and the settings of each of its jobs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from counterpoise.cohort.revisions import REVISIONS, of_method
from counterpoise.cohort.samples import (
    Sample,
)
from counterpoise.cohort.settings import METHOD_KEY, IngestSettings, RunConfig
from counterpoise.contacts.selection import Scope
from counterpoise.errors import ConfigError
from counterpoise.ingest.urls import (
    download_log,
    download_path,
    is_url,
    public_url,
    split_group,
    url_key,
)
from counterpoise.methods.base import MethodSettings
from counterpoise.methods.kernel.settings import CV, KernelSettings
from counterpoise.store.paths import BASE, ResultPaths


@dataclass(frozen=True)
class Run:
    """A checked configuration, and the plain settings of every job.

    Attributes
    ----------
    config : the configuration.
    samples : its samples, from the YAML or the sheet.
    methods : settings of each entry of ``config.methods``.
    algorithms : the algorithm of each entry.
    experiment : name of the overlay that was put on the cohort; ``base`` for none.
    """

    config: RunConfig
    samples: dict[str, Sample]
    methods: dict[str, MethodSettings]
    algorithms: dict[str, str]
    experiment: str = BASE

    @property
    def paths(self) -> ResultPaths:
        return ResultPaths(self.config.cohort, experiment=self.experiment)

    def cohort_settings(self) -> dict[str, Any]:
        """What the report and tracking need to know: samples with their words, and methods.

        ``paths.combinations`` spells out sample x resolution x method from it.
        """
        return {
            "cohort": self.config.cohort,
            "experiment": self.experiment,
            "samples": {
                name: {
                    "condition": sample.condition,
                    "replicate": sample.replicate,
                    "resolutions": self.resolutions(name),
                }
                for name, sample in self.samples.items()
            },
            "methods": list(self.methods),
        }

    def sample(self, name: str) -> Sample:
        """A sample of the cohort.

        Raises
        ------
        ConfigError : there is none of this name.
        """
        if name not in self.samples:
            raise ConfigError(
                f"the cohort {self.config.cohort} has no sample {name!r}; correct the name, or add "
                "the sample to its sheet or YAML."
            )
        return self.samples[name]

    def resolutions(self, sample: str) -> list[int]:
        """The sample's own, or those of the cohort."""
        return self.sample(sample).resolutions or self.config.resolutions

    def source_path(self, sample: str) -> str:
        """Path, path with a group, or URL of a sample."""
        return self.sample(sample).path

    def source_file(self, sample: str) -> list[str]:
        """The sample's file, as a rule's input; of a URL the one that ``download`` makes."""
        path = self.source_path(sample)
        return [download_path(path) if is_url(path) else path.partition("::")[0]]

    @cached_property
    def remote(self) -> dict[str, str]:
        """The addresses of files to fetch, by the folder that each gets."""
        urls = filter(is_url, map(self.source_path, self.samples))
        return {url_key(url): split_group(url)[0] for url in urls}

    def archive_settings(self, package: str) -> dict[str, str]:
        """Version and SHA-256 of a source package to fetch."""
        source = self.config.sources[package]
        return {"version": source.version, "sha256": source.sha256}

    def ingest_settings(self, sample: str, resolution: int | None = None) -> dict[str, Any]:
        """Parameters of the jobs that read a source.

        The engine is fixed for files that are coolers by name, which no engine reads, so that a
        change of it leaves them alone.
        """
        uri, url = self.source_path(sample), {}
        if is_url(uri):
            uri, url = download_path(uri) + split_group(uri)[1], {"url": public_url(uri)}
        cooler = uri.partition("::")[0].lower().endswith((".cool", ".mcool"))
        engine = IngestSettings.hic_engine if cooler else self.config.ingest.hic_engine
        settings: dict[str, Any] = {"uri": uri, "hic_engine": engine, **url}
        if resolution is None:
            return {"revision": REVISIONS["inspect"], **settings}
        return {"revision": REVISIONS["ingest"], **settings, "resolution": resolution}

    def mask_settings(self) -> dict[str, Any]:
        return {"revision": REVISIONS["mask"], **asdict(self.config.mask)}

    def method_settings(self, method: str) -> dict[str, Any]:
        """Parameters of a method's balancing jobs: its own settings and the backend."""
        return {**self._settings_of_methods[method]}

    @cached_property
    def _settings_of_methods(self) -> dict[str, dict[str, Any]]:
        """Spelt out once: Snakemake asks for those of a method several times for each job."""
        return {
            method: {
                "revision": of_method("balance", self.algorithms[method]),
                "name": method,
                METHOD_KEY: self.algorithms[method],
                "backend": self.config.backend.name,
                "device": self.config.backend.device,
                **asdict(settings),
            }
            for method, settings in self.methods.items()
        }

    def gpu(self) -> dict[str, int]:
        """A GPU among the resources of balancing jobs, where the configuration insists on one."""
        return {"gpu": 1} if self.config.backend.device == "cuda" else {}

    def search_settings(self, method: str) -> dict[str, Any]:
        """Parameters of the jobs that search for a method's bandwidth."""
        settings = self.method_settings(method)
        settings["revision"] = of_method("bandwidth", self.algorithms[method])
        for later in ("on_failure", "bootstrap"):
            del settings[later]
        return settings

    def bandwidth_file(self, sample: str, resolution: int | str, method: str) -> list[str]:
        """What the search for a method's bandwidth finds; nothing where none is searched for."""
        settings = self.methods[method]
        if not isinstance(settings, KernelSettings) or settings.bandwidth != CV:
            return []
        return [self.paths.bandwidth(sample, resolution, method)]

    def column(self, method: str) -> str:
        """Name of a method's column in coolers: Juicer's prefixes, so ``KR``, ``GW_KR``, ..."""
        prefix = {Scope.CIS: "", Scope.GENOME: "GW_", Scope.TRANS: "INTER_"}
        return prefix[Scope(self.methods[method].scope)] + method.upper()

    def export_settings(self, sample: str) -> dict[str, Any]:
        return {
            "revision": REVISIONS["export"],
            "cohort": self.config.cohort,
            "experiment": self.experiment,
            "resolutions": self.resolutions(sample),
            "assembly": self.sample(sample).assembly,
            "columns": {method: self.column(method) for method in self.methods},
            "primary": self.config.primary,
        }

    def qc_settings(self) -> dict[str, Any]:
        return {"revision": REVISIONS["plot"], **asdict(self.config.qc)}

    def comparison_settings(self, samples: list[str]) -> dict[str, Any]:
        """Parameters of the jobs that put samples side by side."""
        about = {name: self.samples[name] for name in samples}
        return {
            "revision": REVISIONS["compare"],
            "cohort": self.config.cohort,
            "experiment": self.experiment,
            "samples": {
                name: {"condition": sample.condition, "replicate": sample.replicate}
                for name, sample in about.items()
            },
            "methods": list(self.methods),
            "primary": self.config.primary,
            "dpi": self.config.qc.dpi,
        }

    @property
    def downloads(self) -> dict[str, tuple[str, str]]:
        """Of samples with a URL the file that is fetched, and the log of that."""
        urls = {name: sample.path for name, sample in self.samples.items() if is_url(sample.path)}
        return {name: (download_path(url), download_log(url)) for name, url in urls.items()}

    def report_settings(self) -> dict[str, Any]:
        return {"revision": REVISIONS["report"], **self.cohort_settings()}

    def tracking_settings(self) -> dict[str, Any]:
        return {
            "revision": REVISIONS["track"],
            **self.cohort_settings(),
            **asdict(self.config.tracking),
        }
