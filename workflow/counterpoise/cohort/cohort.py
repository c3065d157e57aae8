"""A checked cohort: its settings, samples and methods, and the runs that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

from counterpoise.cohort.entries import PriorSettings
from counterpoise.cohort.file_levels import FileLevels
from counterpoise.cohort.groups import Groups
from counterpoise.cohort.levels import explain_absence, is_read, list_levels
from counterpoise.cohort.resolutions import expand
from counterpoise.cohort.samples import Sample
from counterpoise.cohort.settings import CohortSettings
from counterpoise.contacts.bins import format_base_pairs
from counterpoise.contacts.selection import column_name
from counterpoise.errors import ConfigError
from counterpoise.files import sha256
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
from counterpoise.mask import BED_FILES
from counterpoise.methods.base import MethodSettings
from counterpoise.store.paths import BASE, ResultPaths
from counterpoise.store.runs import (
    Plots,
    RunKey,
    SampleEntry,
    SampleLabels,
    compared_samples,
    list_runs,
)


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
        Samples that are balanced, by name: those of the YAML or the sample sheet, and merged ones.
    methods : dict of str to MethodSettings
        Settings of each entry of ``settings.methods``.
    algorithms : dict of str to str
        Algorithm of each entry.
    priors : dict of str to PriorSettings
        The prior of each entry that has one.
    weights_of : dict of str to str
        The sample whose weights the others get, of each entry that names one.
    experiment : str
        Name of the overlay that was put on the cohort; ``base`` for none.
    members : dict of str to list of str
        Names of the samples whose maps are summed, by the name of the merged sample.
    only_merged : dict of str to Sample
        Members that are read for merged samples, and neither balanced nor reported.
    file_levels : FileLevels
        Levels of the samples' files.
    """

    settings: CohortSettings
    samples: dict[str, Sample]
    methods: dict[str, MethodSettings]
    algorithms: dict[str, str]
    priors: dict[str, PriorSettings] = field(default_factory=dict)
    weights_of: dict[str, str] = field(default_factory=dict)
    experiment: str = BASE
    members: dict[str, list[str]] = field(default_factory=dict)
    only_merged: dict[str, Sample] = field(default_factory=dict)
    file_levels: FileLevels = field(default_factory=FileLevels, repr=False, compare=False)
    _digests: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def paths(self) -> ResultPaths:
        """Return the paths of the cohort's results."""
        thinned = self.settings.thin.is_on
        return ResultPaths(self.settings.cohort, experiment=self.experiment, thinned=thinned)

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
        if name in self.samples:
            return self.samples[name]
        if name in self.only_merged:
            return self.only_merged[name]
        raise ConfigError(
            f"the cohort {self.settings.cohort} has no sample {name!r}; correct the name, or "
            "add the sample to its sheet or YAML."
        )

    @cached_property
    def read_samples(self) -> dict[str, Sample]:
        """Return the samples that are read from files; merged ones are not."""
        samples = {name: s for name, s in self.samples.items() if name not in self.members}
        return {**samples, **self.only_merged}

    def requested(self, sample: str) -> list[int]:
        """Return the resolutions that are asked of a sample: its own, or those of the cohort.

        Of a merged sample, those that are asked of all its members.
        """
        if sample in self.members:
            return self._common_resolutions(sample)
        resolutions = self.sample(sample).resolutions or self.settings.resolutions
        if isinstance(resolutions, str):
            return expand(resolutions, self._find_levels(sample), sample)
        return cast("list[int]", resolutions)

    def _common_resolutions(self, merged: str) -> list[int]:
        """Return the resolutions that are asked of all members of a merged sample."""
        first, *others = (self.requested(member) for member in self.members[merged])
        common = [size for size in first if all(size in sizes for sizes in others)]
        if not common:
            raise ConfigError(
                f"merge.{merged}: its members have no resolution in common; ask for one that all "
                "of them have."
            )
        return common

    @cached_property
    def groups(self) -> Groups:
        """Return the groups of the samples."""
        return Groups(
            self.settings, self.samples, self.members, self.priors, self.sample, self.resolutions
        )

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
        if sample in self.members:
            raise ConfigError(
                f"merge.{sample}: no resolution of {sizes} can be had from all members "
                f"({next(iter(absent.values()))}); set resolutions to levels that all have."
            )
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
        if sample in self.members:
            return None
        if is_read(self._find_levels(sample), self.source_file(sample), resolution):
            return None
        return self._next_finer(sample, resolution)

    def thinned_from(self, sample: str, resolution: int) -> int | None:
        """Return the resolution of the thinned map that is summed to a thinned map.

        Parameters
        ----------
        sample : str
            Name of the sample.
        resolution : int
            Bin size in base pairs.

        Returns
        -------
        int or None
            As from ``finer_resolution``; None if contacts are drawn from those of the whole map.
        """
        return self._next_finer(sample, resolution) if self.settings.thin.is_on else None

    def _next_finer(self, sample: str, resolution: int) -> int | None:
        """Return the coarsest finer resolution of a sample of which a resolution is a multiple."""
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
        """Explain why a sample's file, or a member, cannot give a resolution; empty if it can."""
        if sample in self.members:
            for name in self.members[sample]:
                if reason := self._absence(name, resolution):
                    return f"{name}: {reason}"
            return ""
        info = self._find_levels(sample)
        return explain_absence(info, resolution, self._file_name(sample)) if info else ""

    def look_into_files(self) -> None:
        """Find the levels of all samples' files, several at a time."""
        uris = [self.source_uri(name) for name in self.read_samples if not self._may_change(name)]
        self.file_levels.find_all(uris, self.settings.ingest.hic_engine)

    def unreadable(self) -> dict[str, str]:
        """Return why files cannot be read, by sample; ``look_into_files`` finds it out."""
        uris = {name: self.source_uri(name) for name in self.read_samples}
        problems = self.file_levels.problems
        return {name: problems[uri] for name, uri in uris.items() if uri in problems}

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
    def made_mask_files(self) -> list[str]:
        """Return the BED files of the mask that a rule makes."""
        paths = [getattr(self.settings.mask, key) for key in BED_FILES]
        return [str(path) for path in paths if path and self._is_made(str(path))]

    def copy_number(self, sample: str) -> str | None:
        """Return the table of segments of a sample: its own, or that of the cohort.

        Parameters
        ----------
        sample : str
            Name of the sample.
        """
        return self.sample(sample).copy_number or self.settings.copy_number or None

    def copy_number_is_made(self, sample: str) -> bool:
        """Tell whether a rule makes the table of segments of a sample; false if there is none."""
        path = self.copy_number(sample)
        return path is not None and self._is_made(path)

    def copy_number_sha256(self, sample: str) -> str | None:
        """Return the SHA-256 of the table of segments; None without one or if a rule makes it."""
        path = self.copy_number(sample)
        if path is None or self._is_made(path):
            return None
        if path not in self._digests:  # one table may be that of every sample
            self._digests[path] = sha256(path)
        return self._digests[path]

    def _is_made(self, path: str) -> bool:
        return self.settings.files_made or path in made_files(self.settings)

    @cached_property
    def remote(self) -> dict[str, str]:
        """Return the addresses of the files to download, by the name of each file's folder."""
        urls = [sample.path for sample in self.read_samples.values() if is_url(sample.path)]
        return {url_key(url): split_group(url)[0] for url in urls}

    @property
    def downloads(self) -> dict[str, tuple[str, str]]:
        """Return the downloaded file and the download's log of each sample with a URL."""
        samples = self.read_samples
        urls = {name: sample.path for name, sample in samples.items() if is_url(sample.path)}
        return {name: (download_path(url), download_log(url)) for name, url in urls.items()}

    @cached_property
    def entries(self) -> dict[str, SampleEntry]:
        """Return what reports and tracking say about each sample."""
        return {
            name: SampleEntry(
                self.resolutions(name),
                sample.all_labels,
                self.groups.of(name),
                self.absent(name),
                self.members.get(name, []),
            )
            for name, sample in self.samples.items()
        }

    @cached_property
    def labels(self) -> dict[str, SampleLabels]:
        """Return the labels of each sample."""
        return {
            name: SampleLabels(sample.all_labels, self.groups.of(name), self.members.get(name, []))
            for name, sample in self.samples.items()
        }

    @cached_property
    def runs(self) -> list[RunKey]:
        """Return every run: sample x resolution x method."""
        return list_runs(self.entries, self.methods, self.plotted)

    @cached_property
    def plotted(self) -> list[str]:
        """Return the methods whose runs have a plot."""
        plots = Plots(self.settings.qc.plots)
        if plots is Plots.PRIMARY:
            return [self.settings.primary]
        return list(self.methods) if plots is Plots.ALL else []

    @cached_property
    def maps(self) -> list[tuple[str, int]]:
        """Return sample and resolution of every map."""
        return [(name, size) for name in self.samples for size in self.resolutions(name)]

    @cached_property
    def whole_maps(self) -> list[tuple[str, int]]:
        """Return sample and resolution of every map that is read from a file or merged.

        Without thinning and merging, these are all maps.
        """
        whole = [place for place in self.maps if self.thinned_from(*place) is None]
        members = [(name, size) for merged, size in whole for name in self.members.get(merged, ())]
        return list(dict.fromkeys([*whole, *members]))

    @cached_property
    def compared(self) -> dict[int, list[str]]:
        """Return the samples of each resolution at which there are two or more."""
        return compared_samples(self.runs)

    def compared_at(self, resolution: int) -> list[str]:
        """Return the samples that are compared at a resolution, those of ``compare_to`` first.

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
        names = self.compared[resolution]
        return sorted(names, key=lambda name: self.groups.of(name) != self.settings.compare_to)

    def column(self, method: str) -> str:
        """Return the name of a method's column in coolers: ``KR``, ``GW_KR`` or ``INTER_KR``."""
        return column_name(self.methods[method].scope, method)
