"""A checked cohort: its settings, samples and methods, and the runs that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

from counterpoise.cohort.file_levels import FileLevels
from counterpoise.cohort.grouping import Extent, partition
from counterpoise.cohort.levels import explain_absence, is_read, list_levels
from counterpoise.cohort.resolutions import expand
from counterpoise.cohort.samples import Sample
from counterpoise.cohort.settings import CohortSettings
from counterpoise.contacts.bins import format_base_pairs
from counterpoise.contacts.selection import COLUMN_PREFIXES, Scope
from counterpoise.errors import ConfigError
from counterpoise.ingest.demo_maps import DEMO_FILES, YEAST_COOL, YEAST_HIC
from counterpoise.ingest.reader_interface import SourceInfo
from counterpoise.ingest.urls import (
    download_log,
    download_path,
    is_url,
    public_url,
    split_group,
    url_key,
)
from counterpoise.methods.base import MethodSettings
from counterpoise.store.paths import BASE, ResultPaths
from counterpoise.store.runs import RunKey, SampleEntry, SampleLabels, compared_samples, list_runs


def made_files(settings: CohortSettings) -> set[str]:
    """Return the files under ``resources/`` that rules of the workflow make.

    Parameters
    ----------
    settings : CohortSettings
        The configuration.

    Returns
    -------
    set of str
        Their paths; without downloads of URLs.
    """
    made = set(DEMO_FILES)
    if "iced" not in settings.sources:
        made -= {YEAST_COOL, YEAST_HIC}  # they are made from that package
    for package, source in settings.sources.items():
        made |= {f"resources/{package}/{name}" for name in source.members}
    return made


@dataclass(frozen=True)
class Cohort:
    """A checked configuration, or an experiment on it.

    The levels of a sample's file are read when they are first asked for, because each job of a
    cluster composes the cohort again and most need those of one sample only.

    Attributes
    ----------
    settings : CohortSettings
        The configuration.
    samples : dict of str to Sample
        Samples by name, from the YAML or the sample sheet.
    methods : dict of str to MethodSettings
        Settings of each entry of ``settings.methods``.
    algorithms : dict of str to str
        Algorithm of each entry.
    experiment : str
        Name of the overlay that was put on the cohort; ``base`` for none.
    file_levels : FileLevels
        Levels of the samples' files.
    """

    settings: CohortSettings
    samples: dict[str, Sample]
    methods: dict[str, MethodSettings]
    algorithms: dict[str, str]
    experiment: str = BASE
    file_levels: FileLevels = field(default_factory=FileLevels, repr=False, compare=False)
    _sharing: dict[Extent, dict[str, list[str]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def paths(self) -> ResultPaths:
        """Return the paths of the cohort's results."""
        return ResultPaths(self.settings.cohort, experiment=self.experiment)

    def sample(self, name: str) -> Sample:
        """Return a sample of the cohort.

        Parameters
        ----------
        name : str
            Name of the sample.

        Returns
        -------
        Sample
            The sample.

        Raises
        ------
        ConfigError
            If the cohort has no sample of this name.
        """
        if name not in self.samples:
            raise ConfigError(
                f"the cohort {self.settings.cohort} has no sample {name!r}; correct the name, or "
                "add the sample to its sheet or YAML."
            )
        return self.samples[name]

    def requested(self, sample: str) -> list[int]:
        """Return the resolutions that are asked of a sample: its own, or those of the cohort."""
        resolutions = self.sample(sample).resolutions or self.settings.resolutions
        if isinstance(resolutions, str):
            return expand(resolutions, self._find_levels(sample), sample)
        return cast("list[int]", resolutions)

    def group(self, sample: str) -> str:
        """Return the group of a sample: its labels of ``group_by``; empty if it has none."""
        labels = self.sample(sample).all_labels
        return ", ".join(labels[key] for key in self.settings.group_by if key in labels)

    def sharing(self, extent: Extent, place: str) -> dict[str, list[str]]:
        """Return the samples that share something, as ``partition`` does.

        Parameters
        ----------
        extent : Extent
            Among which samples it is shared.
        place : str
            Key of the configuration that asks for it, for the message.

        Returns
        -------
        dict of str to list of str
            Names of samples by the name of their group in paths.
        """
        if extent not in self._sharing:
            groups = {name: self.group(name) for name in self.samples}
            self._sharing[extent] = partition(groups, extent, place)
        return self._sharing[extent]

    def resolutions(self, sample: str) -> list[int]:
        """Return the resolutions of a sample: those asked for, without those its file lacks."""
        absent = self.absent(sample)
        return [size for size in self.requested(sample) if size not in absent]

    def lacking(self, sample: str) -> dict[int, str]:
        """Return the resolutions that are asked of a sample and that its file cannot give.

        Files that do not exist yet, and those that other rules may make (``files_made``), count as
        having every level.

        Parameters
        ----------
        sample : str
            Name of the sample.

        Returns
        -------
        dict of int to str
            The reason by resolution.
        """
        reasons = {size: self._absence(sample, size) for size in self.requested(sample)}
        return {size: reason for size, reason in reasons.items() if reason}

    def absent(self, sample: str) -> dict[int, str]:
        """Return what ``lacking`` does, and refuse a file that has none of the levels.

        Parameters
        ----------
        sample : str
            Name of the sample.

        Returns
        -------
        dict of int to str
            The reason by resolution.

        Raises
        ------
        ConfigError
            If the file has none of the levels.
        """
        requested, absent = self.requested(sample), self.lacking(sample)
        if len(absent) < len(requested):
            return absent
        sizes = ", ".join(map(format_base_pairs, requested))
        info = self._find_levels(sample)
        assert info is not None, "a file of unknown levels lacks none"
        raise ConfigError(
            f"sample {sample}: {self._file_name(sample)} has no level of {sizes}, and no finer one "
            f"that can be summed (it has {list_levels(info)}); set resolutions to levels that it "
            "has, or remove the sample."
        )

    def finer_resolution(self, sample: str, resolution: int) -> int | None:
        """Return the resolution of the map that is summed to a map.

        Parameters
        ----------
        sample : str
            Name of the sample.
        resolution : int
            Bin size in base pairs.

        Returns
        -------
        int or None
            The coarsest finer resolution of the sample of which it is a multiple. None if there is
            none, or if the level is read from the file.
        """
        if is_read(self._find_levels(sample), self.source_file(sample), resolution):
            return None
        sizes = self.resolutions(sample)
        return max((s for s in sizes if s < resolution and resolution % s == 0), default=None)

    def check_level(self, sample: str, resolution: int) -> None:
        """Refuse a resolution that the file of a sample cannot give.

        Parameters
        ----------
        sample : str
            Name of the sample.
        resolution : int
            Bin size in base pairs.

        Raises
        ------
        ConfigError
            Names the file and its levels.
        """
        if reason := self._absence(sample, resolution):
            raise ConfigError(f"sample {sample}: {reason}; ask for a level that the file has.")

    def _absence(self, sample: str, resolution: int) -> str:
        """Explain why a sample's file cannot give a resolution; empty if it can."""
        info = self._find_levels(sample)
        return explain_absence(info, resolution, self._file_name(sample)) if info else ""

    def look_into_files(self) -> None:
        """Find the levels of all samples' files, several at a time."""
        uris = [self.source_uri(name) for name in self.samples if not self._may_change(name)]
        self.file_levels.find_all(uris, self.settings.ingest.hic_engine)

    def _find_levels(self, sample: str) -> SourceInfo | None:
        """Return what the file of a sample holds; None if it is unknown."""
        if self._may_change(sample):
            return None
        return self.file_levels.find(self.source_uri(sample), self.settings.ingest.hic_engine)

    def _may_change(self, sample: str) -> bool:
        """Tell whether another workflow may make the file of a sample again in this run."""
        return self.settings.files_made and not is_url(self.sample(sample).path)

    def _file_name(self, sample: str) -> str:
        """Return the file of a sample as the user names it, without secrets of its address."""
        path = self.sample(sample).path
        return public_url(path) if is_url(path) else path

    def source_uri(self, sample: str) -> str:
        """Return the path of a sample's local file, with ``::/group`` if the sample names one."""
        path = self.sample(sample).path
        return download_path(path) + split_group(path)[1] if is_url(path) else path

    def source_file(self, sample: str) -> str:
        """Return the path of a sample's file; for a URL, the path of the downloaded file."""
        return self.source_uri(sample).partition("::")[0]

    def is_made(self, sample: str) -> bool:
        """Tell whether a rule makes or downloads the file of a sample."""
        path = self.sample(sample).path
        return is_url(path) or self._is_made(path.partition("::")[0])

    @property
    def blacklist_is_made(self) -> bool:
        """Tell whether a rule makes the blacklist; false if there is none."""
        blacklist = self.settings.mask.blacklist
        return bool(blacklist) and self._is_made(str(blacklist))

    def _is_made(self, path: str) -> bool:
        return self.settings.files_made or path in made_files(self.settings)

    @cached_property
    def remote(self) -> dict[str, str]:
        """Return the addresses of the files to download, by the name of each file's folder."""
        urls = [sample.path for sample in self.samples.values() if is_url(sample.path)]
        return {url_key(url): split_group(url)[0] for url in urls}

    @property
    def downloads(self) -> dict[str, tuple[str, str]]:
        """Return the downloaded file and the download's log of each sample with a URL."""
        urls = {name: sample.path for name, sample in self.samples.items() if is_url(sample.path)}
        return {name: (download_path(url), download_log(url)) for name, url in urls.items()}

    @cached_property
    def entries(self) -> dict[str, SampleEntry]:
        """Return what reports and tracking say about each sample."""
        return {
            name: SampleEntry(
                self.resolutions(name), sample.all_labels, self.group(name), self.absent(name)
            )
            for name, sample in self.samples.items()
        }

    @cached_property
    def labels(self) -> dict[str, SampleLabels]:
        """Return the labels of each sample."""
        return {
            name: SampleLabels(sample.all_labels, self.group(name))
            for name, sample in self.samples.items()
        }

    @cached_property
    def runs(self) -> list[RunKey]:
        """Return every run: sample x resolution x method."""
        return list_runs(self.entries, self.methods)

    @cached_property
    def maps(self) -> list[tuple[str, int]]:
        """Return sample and resolution of every map."""
        return [(name, size) for name in self.samples for size in self.resolutions(name)]

    @cached_property
    def compared(self) -> dict[int, list[str]]:
        """Return the samples of each resolution at which there are two or more."""
        return compared_samples(self.runs)

    def compared_at(self, resolution: int) -> list[str]:
        """Return the samples that are compared at a resolution.

        Parameters
        ----------
        resolution : int
            Bin size in base pairs.

        Returns
        -------
        list of str
            Their names.

        Raises
        ------
        ConfigError
            If there are fewer than two.
        """
        if resolution not in self.compared:
            raise ConfigError(
                f"the cohort {self.settings.cohort} has no two samples at "
                f"{format_base_pairs(resolution)} that could be compared."
            )
        return self.compared[resolution]

    def column(self, method: str) -> str:
        """Return the name of a method's column in coolers: ``KR``, ``GW_KR`` or ``INTER_KR``."""
        return COLUMN_PREFIXES[Scope(self.methods[method].scope)] + method.upper()
