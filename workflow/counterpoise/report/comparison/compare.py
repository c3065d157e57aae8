"""The numbers that are drawn of a group of samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.positive import is_positive
from counterpoise.errors import ConfigError
from counterpoise.records.wording import fitness_reason, list_names
from counterpoise.report.chunks import Flags, Floats, Indices, ignored_diagonals
from counterpoise.report.comparison.decay import contact_decay, decay_edges
from counterpoise.report.comparison.geometry import MOST_APART, MOST_SETS, grid_of_sets
from counterpoise.report.comparison.region import (
    Picture,
    Pool,
    Region,
    choose_region,
    count_contacts,
    draw_picture,
    list_regions,
    locate_region,
)
from counterpoise.report.comparison.samples import Sample, choose_method, shared_chromosomes
from counterpoise.report.comparison.sets import SampleSet, divide_samples, leave_out_merged
from counterpoise.report.concordance import Concordance, find_outliers

# A bin is used if this share of the samples that do not stand out have a weight for it.
SHARE_OF_SAMPLES = 0.9


@dataclass(frozen=True)
class Comparison:
    """The numbers that are drawn of a group of samples.

    Attributes
    ----------
    samples : list of Sample
        The group, without merged samples.
    merged : list of str
        Names of the merged samples.
    method : str
        The method whose weights are shown.
    chromosomes : list of str
        Chromosomes that all samples share.
    sets : list of SampleSet
        All conditions, or single samples.
    shown : list of int
        The sets that have maps: all, or the first one and those that differ most from the mean.
    reasons : dict of str to str
        Why samples stand out, by their names; those shown first come first.
    distance : float64 [classes]
        Geometric middle of each class of distance, in bins.
    decay : dict of str to float64 [classes]
        Contacts by distance of each sample.
    means : list of float64 [classes]
        Geometric mean over the samples of each set.
    overall : float64 [classes]
        Geometric mean over the sets.
    region : Region
        The region that the maps show.
    pictures : list of Picture
        The map of each set of ``shown``.
    apart : dict of str to Picture
        The maps of samples that stand out, by their names.
    concordance : Concordance
        The concordance of pairs of samples.
    """

    samples: list[Sample]
    merged: list[str]
    method: str
    chromosomes: list[str]
    sets: list[SampleSet]
    shown: list[int]
    reasons: dict[str, str]
    distance: Floats
    decay: dict[str, Floats]
    means: list[Floats]
    overall: Floats
    region: Region
    pictures: list[Picture]
    concordance: Concordance
    apart: dict[str, Picture] = field(default_factory=dict)

    def set_of(self, name: str) -> int:
        """Return the position of the set of a sample."""
        return next(
            index
            for index, each in enumerate(self.sets)
            if any(sample.name == name for sample in (*each.samples, *each.apart))
        )

    def colour_of(self, index: int) -> int:
        """Return the position of a set among those that have maps, which decides its colour."""
        return self.shown.index(index) if index in self.shown else len(self.shown)

    @property
    def are_conditions(self) -> bool:
        """Whether a set can hold several samples."""
        return any(len(each.samples) + len(each.apart) > 1 for each in self.sets)


def compare(
    samples: Sequence[Sample],
    primary: str,
    concordance: Concordance,
    region: str | None = None,
) -> Comparison:
    """Compare the samples of a group.

    The maps are read twice, one after the other.

    Parameters
    ----------
    samples : sequence of Sample
        Samples with the same longest chromosome.
    primary : str
        The cohort's primary method.
    concordance : Concordance
        The concordance of pairs of samples; empty if it is not known.
    region : str, optional
        The setting ``qc.region``, which the maps show.

    Returns
    -------
    Comparison
        The numbers to draw.

    Raises
    ------
    ConfigError
        If the samples do not share the region.
    """
    ours = leave_out_merged(samples)
    names = {sample.name for sample in ours}
    merged = [sample.name for sample in samples if sample.name not in names]
    remarks = compare_with_cohort(samples, concordance)
    method = choose_method([each for each in ours if each.name not in remarks] or ours, primary)
    reasons = list_reasons(samples, method, remarks)
    sets = divide_samples(ours, reasons)
    chromosomes = shared_chromosomes(ours)
    usual = [sample for each in sets for sample in each.samples if sample.name not in reasons]
    usable = common_bins(usual or ours, method, chromosomes)
    cells = grid_of_sets(min(len(sets), MOST_SETS)).side // 2
    regions = _list_regions(ours[0].bins, usable, cells, region)
    ignored = ignored_diagonals(ours[0].runs[method].verdict)
    edges = decay_edges(max(ignored, 1), max(map(len, usable.values())))
    decay, contacts = _measure(ours, method, usable, edges, regions)
    means = [mean_decay([decay[sample.name] for sample in each.samples]) for each in sets]
    sound = [k for k, each in enumerate(sets) if each.samples[0].name not in reasons]
    overall = mean_decay([means[k] for k in sound] or means)
    shown = choose_sets(means, overall)
    known = [k for k in shown if k in sound] or shown
    totals = [sum(contacts[sample.name] for sample in sets[k].samples) for k in known]
    shown_region = choose_region(regions, np.array(totals), cells)
    pictures = [_pool(sets[k].samples, method, shown_region, ignored) for k in shown]
    return Comparison(
        ours,
        merged,
        method,
        chromosomes,
        sets,
        shown,
        {name: reasons[name] for name in reasons if name not in merged},
        np.sqrt(edges[:-1] * (edges[1:] - 1.0)),
        decay,
        means,
        overall,
        shown_region,
        pictures,
        concordance,
        _draw_apart(sets, reasons, method, shown_region, ignored),
    )


def _draw_apart(
    sets: Sequence[SampleSet],
    reasons: Mapping[str, str],
    method: str,
    region: Region,
    ignored: int,
) -> dict[str, Picture]:
    """Draw the maps of the samples that stand out from their sets, in the order of the reasons."""
    by_name = {sample.name: sample for each in sets for sample in each.apart}
    shown = [name for name in reasons if name in by_name][:MOST_APART]
    return {name: _draw(by_name[name], method, region, ignored) for name in shown}


def compare_with_cohort(samples: Sequence[Sample], concordance: Concordance) -> dict[str, str]:
    """List the samples that stand out from the others, whatever the weights.

    Parameters
    ----------
    samples : sequence of Sample
        The samples of a group, with merged ones.
    concordance : Concordance
        The concordance of pairs of samples.

    Returns
    -------
    dict of str to str
        Reasons by sample: few contacts for the cohort, little concordance.
    """
    groups = {sample.name: sample.labels.group for sample in samples}
    members = {each.name: each.labels.members for each in samples if each.labels.members}
    pairs = {
        pair: value
        for pair, value in concordance.coefficients.items()
        if groups.keys() >= set(pair)
    }
    outliers = find_outliers(Concordance(concordance.resolution, pairs), groups, members)
    remarks = {}
    for sample in samples:
        shallow = fitness_reason([sample.shallow]) if sample.shallow else ""
        sentences = [shallow, outliers.get(sample.name, "")]
        if any(sentences):
            remarks[sample.name] = " ".join(filter(None, sentences))
    return remarks


def list_reasons(
    samples: Sequence[Sample], method: str, remarks: Mapping[str, str]
) -> dict[str, str]:
    """List the samples that stand out from the others or have no usable weights.

    Parameters
    ----------
    samples : sequence of Sample
        The samples of a group.
    method : str
        The method whose weights are shown.
    remarks : mapping
        Those of ``compare_with_cohort``.

    Returns
    -------
    dict of str to str
        Reasons by sample, the samples with the fewest contacts first.
    """
    reasons = {}
    for sample in sorted(samples, key=lambda each: each.depth):
        run = sample.runs[method]
        unfit = ""
        if not run.has_weights:
            unfit = f"{method} gave it no weights."
        elif not run.usable:
            causes = fitness_reason(run.verdict.fitness_causes)
            unfit = f"Its weights of {method} are not for use: {causes}"
        if sentences := [each for each in (remarks.get(sample.name, ""), unfit) if each]:
            reasons[sample.name] = " ".join(sentences)
    return reasons


def common_bins(
    samples: Sequence[Sample], method: str, chromosomes: Sequence[str]
) -> dict[str, Flags]:
    """Flag the bins that nearly all samples have weights for.

    Parameters
    ----------
    samples : sequence of Sample
        The samples.
    method : str
        The method.
    chromosomes : sequence of str
        Chromosomes that all samples share.

    Returns
    -------
    dict of str to bool [bins of the chromosome]
        True where ``SHARE_OF_SAMPLES`` of the samples that have any weight have one.
    """
    first = samples[0]
    spans = {name: first.span(name) for name in chromosomes}
    number = {name: np.zeros(span.stop - span.start, int) for name, span in spans.items()}
    weighted = [sample for sample in samples if sample.runs[method].has_weights]
    for sample in weighted:
        has_weight = np.isfinite(sample.runs[method].weights)
        for name, counts in number.items():
            counts += has_weight[sample.span(name)]
    required = max(int(np.ceil(SHARE_OF_SAMPLES * len(weighted))), 1)
    return {name: counts >= required for name, counts in number.items()}


def _list_regions(
    bins: BinTable, usable: Mapping[str, Flags], cells: int, region: str | None
) -> list[Region]:
    """List the regions that could be shown: that of the settings, or those of a chromosome.

    The chromosome is the longest one that has usable bins.
    """
    if region is None:
        place = max(usable, key=lambda name: (usable[name].any(), len(usable[name])))
        return list_regions(place, usable[place], cells)
    located = locate_region(bins, region, cells)
    if located.chromosome not in usable:
        raise ConfigError(
            f"qc.region is {region}, and {located.chromosome} has other lengths in some samples. "
            f"Name a region on {list_names(list(usable))}, or set qc.region to null."
        )
    return [located]


def mean_decay(curves: Sequence[Floats]) -> Floats:
    """Return the geometric mean of contacts by distance.

    Parameters
    ----------
    curves : sequence of float64 [classes]
        Contacts by distance; those that are not positive do not count.

    Returns
    -------
    float64 [classes]
        The mean; NaN where no curve is positive.
    """
    values = np.asarray(curves)
    known = is_positive(values)
    logs = np.log(np.where(known, values, 1.0)).sum(axis=0)
    number = known.sum(axis=0)
    mean = np.exp(np.divide(logs, number, out=np.zeros_like(logs), where=number > 0))
    return np.where(number > 0, mean, np.nan)


def deviation(curve: Floats, mean: Floats) -> float:
    """Return how far contacts by distance are from a mean.

    Parameters
    ----------
    curve, mean : float64 [classes]
        Contacts by distance.

    Returns
    -------
    float
        Root mean square of the logarithm of their ratio, over the classes where both are positive;
        0 without any.
    """
    known = np.isfinite(curve) & np.isfinite(mean) & (curve > 0) & (mean > 0)
    logs = np.log(curve[known] / mean[known])
    return float(np.sqrt(np.mean(logs**2))) if known.any() else 0.0


def choose_sets(means: Sequence[Floats], overall: Floats) -> list[int]:
    """Choose the sets whose maps are shown.

    Parameters
    ----------
    means : sequence of float64 [classes]
        Contacts by distance of each set.
    overall : float64 [classes]
        Their mean.

    Returns
    -------
    list of int
        All sets, or the first and those that differ most from the mean, in their order.
    """
    others = sorted(range(1, len(means)), key=lambda k: -deviation(means[k], overall))
    return sorted([0, *others[: MOST_SETS - 1]])


def _measure(
    samples: Sequence[Sample],
    method: str,
    usable: Mapping[str, Flags],
    edges: Indices,
    regions: Sequence[Region],
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return contacts by distance and contacts in regions, by sample."""
    decay, totals = {}, {}
    for sample in samples:
        contacts = sample.open()
        weights = sample.runs[method].weights
        decay[sample.name] = contact_decay(sample, contacts, weights, dict(usable), edges)
        totals[sample.name] = count_contacts(sample, contacts, regions)
    return decay, totals


def _draw(sample: Sample, method: str, region: Region, ignored: int) -> Picture:
    """Draw the map of one sample."""
    weights = sample.runs[method].weights
    return draw_picture(sample, sample.open(), weights, region, ignored)


def _pool(samples: Sequence[Sample], method: str, region: Region, ignored: int) -> Picture:
    """Draw the mean map of samples."""
    pool = Pool(region.cells)
    for sample in samples:
        pool.add(_draw(sample, method, region, ignored))
    return pool.picture()
