"""The samples of a cohort at one resolution, and which of them can be compared.

Samples are compared if their longest chromosome is the same: on the chromosomes that all of them
have, and with the weights of one method.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from counterpoise.contacts.contact_map import ContactMap
from counterpoise.records.facts import Shallow
from counterpoise.records.fitness import Fitness
from counterpoise.records.verdict import Verdict
from counterpoise.report.chunks import Flags, Floats
from counterpoise.report.depth import find_shallow, fitness_in_cohort
from counterpoise.store.masks import read_mask
from counterpoise.store.paths import ResultPaths
from counterpoise.store.pixels import open_map
from counterpoise.store.runs import Labels, SampleLabels
from counterpoise.store.weights import read_verdict, read_weights


@dataclass(frozen=True)
class Balanced:
    """The result of one method on a sample.

    Attributes
    ----------
    weights : float64 [bins]
        Weights, NaN on masked bins.
    verdict : Verdict
        The run's verdict.
    """

    weights: Floats
    verdict: Verdict

    @property
    def has_weights(self) -> bool:
        """Whether any bin has a weight."""
        return bool(np.isfinite(self.weights).any())

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
    description : str
        Its condition and replicate; may be empty.
    contacts : ContactMap
        Its map.
    kept : bool [bins]
        The mask.
    runs : dict of str to Balanced
        The result of each method, in the order of the configuration.
    shallow : Shallow or None
        How the map compares with the cohort; None unless it has far fewer contacts.
    """

    name: str
    description: str
    contacts: ContactMap
    kept: Flags
    runs: dict[str, Balanced]
    shallow: Shallow | None = None

    def fitness(self, method: str) -> Fitness:
        """Return the fitness of a run, as the summary has it."""
        return fitness_in_cohort(self.runs[method].verdict.fitness, self.shallow)

    def span(self, chromosome: str) -> slice:
        """Return the bins of a chromosome."""
        index = self.contacts.bins.chromosomes.index(chromosome)
        return slice(*map(int, self.contacts.bins.offsets[index : index + 2]))

    def signature(self, chromosome: str) -> tuple[str, int, bytes]:
        """Return a key that two samples share if the chromosome and its bins are the same."""
        bins = self.contacts.bins
        length = int(bins.lengths[bins.chromosomes.index(chromosome)])
        return chromosome, length, bins.start[self.span(chromosome)].tobytes()

    def longest_chromosome(self) -> str:
        """Return the name of the longest chromosome."""
        bins = self.contacts.bins
        return bins.chromosomes[int(np.argmax(bins.lengths))]


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
        The sample; its contacts stay on disk.
    """
    runs = {}
    for method in methods:
        files = paths.run_files(name, resolution, method)
        runs[method] = Balanced(read_weights(files.weights), read_verdict(files.verdict))
    return Sample(
        name,
        _describe_labels(labels.labels),
        open_map(paths.map_files(name, resolution)),
        read_mask(paths.mask(name, resolution))[0],
        runs,
    )


def _describe_labels(labels: Labels) -> str:
    """Describe a sample by its labels."""
    return ", ".join(
        f"replicate {text}" if name == "replicate" else text for name, text in labels.items()
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
        The samples in the order of ``samples``.
    """
    read = [
        read_sample(paths, name, labels, resolution, methods) for name, labels in samples.items()
    ]
    contacts = {
        (sample.name, resolution): float(sample.contacts.source.get("contacts", 0))
        for sample in read
    }
    groups = {name: labels.group for name, labels in samples.items()}
    shallow = find_shallow(contacts, groups, depth_caution)
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
        {sample.signature(name) for name in sample.contacts.bins.chromosomes} for sample in samples
    ]
    first, common = samples[0], set.intersection(*signatures)
    return [name for name in first.contacts.bins.chromosomes if first.signature(name) in common]


def choose_method(samples: Sequence[Sample], primary: str) -> str:
    """Choose the method whose weights are compared.

    Parameters
    ----------
    samples : sequence of Sample
        The samples of a group.
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


def usable_bins(samples: Sequence[Sample], method: str, chromosome: str) -> Flags:
    """Flag the bins of a chromosome that have a weight in every sample.

    Parameters
    ----------
    samples : sequence of Sample
        The samples.
    method : str
        The method.
    chromosome : str
        A chromosome that all samples share.

    Returns
    -------
    bool [bins of the chromosome]
        True where all samples have a weight.
    """
    weights = [sample.runs[method].weights[sample.span(chromosome)] for sample in samples]
    return np.asarray(np.isfinite(weights).all(axis=0))


def weighted_shares(sample: Sample) -> Floats:
    """Return the share of kept bins to which each method gave a weight.

    Parameters
    ----------
    sample : Sample
        The sample.

    Returns
    -------
    float64 [methods]
        Shares; NaN if the mask kept no bin.
    """
    kept = np.count_nonzero(sample.kept)
    weights = (run.weights[sample.kept] for run in sample.runs.values())
    bins_with_weight = np.array([np.count_nonzero(np.isfinite(each)) for each in weights])
    return bins_with_weight / kept if kept else np.full(len(bins_with_weight), np.nan)
