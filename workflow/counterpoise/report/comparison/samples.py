"""The samples of a cohort at one resolution, and which of them can be compared.

Samples are compared if their longest chromosome is the same: on the chromosomes that all of them
have, and with the weights of one method. A sample holds no contacts and no weights, which are read
one sample at a time, so that memory does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Self

import numpy as np

from counterpoise.contacts.bins import BinTable, describe_difference
from counterpoise.contacts.contact_map import ContactMap
from counterpoise.records.facts import Shallow
from counterpoise.records.fitness import Fitness
from counterpoise.records.verdict import Verdict
from counterpoise.report.chunks import Floats
from counterpoise.report.depth import find_shallow, fitness_in_cohort
from counterpoise.store.masks import read_mask
from counterpoise.store.paths import ResultPaths
from counterpoise.store.pixels import open_map, read_bins
from counterpoise.store.runs import SampleLabels
from counterpoise.store.source_record import read_source
from counterpoise.store.weights import read_verdict, read_weights


@dataclass(frozen=True)
class Balanced:
    """The result of one method on a sample.

    Attributes
    ----------
    verdict : Verdict
        The run's verdict.
    weighted : int
        Number of bins with a weight.
    read : callable
        Returns the weights, float64 [bins], NaN on masked bins.
    """

    verdict: Verdict
    weighted: int
    read: Callable[[], Floats]

    @classmethod
    def of(cls, verdict: Verdict, read: Callable[[], Floats]) -> Self:
        """Count the weights once, and keep none of them."""
        return cls(verdict, int(np.count_nonzero(np.isfinite(read()))), read)

    @property
    def weights(self) -> Floats:
        """Weights, float64 [bins], NaN on masked bins; read at every access."""
        return self.read()

    @property
    def has_weights(self) -> bool:
        """Whether any bin has a weight."""
        return self.weighted > 0

    @property
    def usable(self) -> bool:
        """Whether there are weights that are fit for use, if with caution."""
        return self.verdict.fitness is not Fitness.NO and self.has_weights


@dataclass(frozen=True)
class Sample:
    """A sample at one resolution.

    Attributes
    ----------
    name : str
        Name in the sample sheet.
    labels : SampleLabels
        Its labels, group and members.
    bins : BinTable
        The bins of its map.
    open : callable
        Opens its map; the contacts stay on disk.
    kept : int
        Number of bins that the mask keeps.
    runs : dict of str to Balanced
        The result of each method, in the order of the configuration.
    depth : float
        Contacts of its map.
    assembly : str
        Name of the genome that its file states; empty for none.
    shallow : Shallow or None
        How the map compares with the cohort; None unless it has far fewer contacts.
    """

    name: str
    labels: SampleLabels
    bins: BinTable
    open: Callable[[], ContactMap]
    kept: int
    runs: dict[str, Balanced]
    depth: float = 0.0
    assembly: str = ""
    shallow: Shallow | None = field(default=None, compare=False)

    def fitness(self, method: str) -> Fitness:
        """Return the fitness of a run, as the summary has it."""
        return fitness_in_cohort(self.runs[method].verdict.fitness, self.shallow)

    def span(self, chromosome: str) -> slice:
        """Return the bins of a chromosome."""
        index = self.bins.chromosomes.index(chromosome)
        return slice(*map(int, self.bins.offsets[index : index + 2]))

    def signature(self, chromosome: str) -> tuple[str, int, bytes]:
        """Return a key that two samples share if the chromosome and its bins are the same."""
        length = int(self.bins.lengths[self.bins.chromosomes.index(chromosome)])
        return chromosome, length, self.bins.start[self.span(chromosome)].tobytes()

    def longest_chromosome(self) -> str:
        """Return the name of the longest chromosome."""
        return self.bins.chromosomes[int(np.argmax(self.bins.lengths))]


def read_sample(
    paths: ResultPaths, name: str, labels: SampleLabels, resolution: int, methods: Sequence[str]
) -> Sample:
    """Read a sample from its results.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    name : str
        The sample.
    labels : SampleLabels
        Its labels.
    resolution : int
        The resolution in base pairs.
    methods : sequence of str
        The methods to read.

    Returns
    -------
    Sample
        The sample; its contacts and weights stay on disk.
    """
    runs = {}
    for method in methods:
        files = paths.run_files(name, resolution, method)
        runs[method] = Balanced.of(
            read_verdict(files.verdict), partial(read_weights, files.weights)
        )
    maps = paths.map_files(name, resolution)
    source = read_source(maps.source)
    return Sample(
        name,
        labels,
        replace(read_bins(maps.bins), extra={}),
        partial(open_map, maps),
        int(np.count_nonzero(read_mask(paths.mask(name, resolution))[0])),
        runs,
        float(source.get("contacts", 0)),
        source.get("assembly") or "",
    )


def read_samples(
    paths: ResultPaths,
    samples: Mapping[str, SampleLabels],
    resolution: int,
    methods: Sequence[str],
    depth_caution: float,
) -> list[Sample]:
    """Read all samples of a resolution, and compare the depths of their maps.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    samples : mapping
        Labels of the samples by name.
    resolution : int
        The resolution in base pairs.
    methods : sequence of str
        The methods to read.
    depth_caution : float
        Share of the median depth below which a map is shallow.

    Returns
    -------
    list of Sample
        The samples in the order of ``samples``; those with the same bins share one table of them.
    """
    read: list[Sample] = []
    tables: list[BinTable] = []
    for name, labels in samples.items():
        sample = read_sample(paths, name, labels, resolution, methods)
        same = [bins for bins in tables if describe_difference(bins, sample.bins) is None]
        if not same:
            tables.append(sample.bins)
        read.append(replace(sample, bins=same[0]) if same else sample)
    contacts = {(sample.name, resolution): sample.depth for sample in read}
    groups = {name: labels.group for name, labels in samples.items()}
    members = {name: labels.members for name, labels in samples.items() if labels.members}
    shallow = find_shallow(contacts, groups, depth_caution, members)
    return [replace(sample, shallow=shallow.get((sample.name, resolution))) for sample in read]


def group_samples(samples: Sequence[Sample]) -> list[list[Sample]]:
    """Group the samples whose longest chromosome is the same.

    Parameters
    ----------
    samples : sequence of Sample
        The samples.

    Returns
    -------
    list of list of Sample
        Groups in the order of their first samples.
    """
    groups: dict[tuple[str, int, bytes], list[Sample]] = {}
    for sample in samples:
        groups.setdefault(sample.signature(sample.longest_chromosome()), []).append(sample)
    return list(groups.values())


def shared_chromosomes(samples: Sequence[Sample]) -> list[str]:
    """List the chromosomes that all samples have and divide into the same bins.

    Parameters
    ----------
    samples : sequence of Sample
        The samples of a group.

    Returns
    -------
    list of str
        Names in the order of the first sample.
    """
    signatures = [
        {sample.signature(name) for name in sample.bins.chromosomes} for sample in samples
    ]
    first, common = samples[0], set.intersection(*signatures)
    return [name for name in first.bins.chromosomes if first.signature(name) in common]


def choose_method(samples: Sequence[Sample], primary: str) -> str:
    """Choose the method whose weights are compared.

    Parameters
    ----------
    samples : sequence of Sample
        The samples that decide.
    primary : str
        The cohort's primary method.

    Returns
    -------
    str
        The method with usable weights for most samples, then with any weights for most; among
        equals the primary method, then the first of the configuration.
    """

    def coverage(method: str) -> tuple[int, int]:
        runs = [sample.runs[method] for sample in samples]
        return sum(run.usable for run in runs), sum(run.has_weights for run in runs)

    others = [method for method in samples[0].runs if method != primary]
    return max([primary, *others], key=coverage)
