"""Captions of the page of samples side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from counterpoise.contacts.bins import pluralise
from counterpoise.records.wording import fitness_label, list_names, percent
from counterpoise.report.chunks import ignored_diagonals
from counterpoise.report.comparison.compare import Comparison, deviation
from counterpoise.report.comparison.geometry import MOST_APART, MOST_SETS
from counterpoise.report.comparison.region import PSEUDOCOUNT
from counterpoise.report.comparison.samples import Sample
from counterpoise.store.source_record import group_by_assembly

MOST_REASONS = 6


def describe_answers(comparison: Comparison) -> list[str]:
    """Say in numbers how much the sets differ, and which samples stand out.

    Parameters
    ----------
    comparison : Comparison
        The group's numbers.

    Returns
    -------
    list of str
        A paragraph each.
    """
    return [
        text
        for text in (
            _describe_spread(comparison),
            _describe_concordance(comparison),
            *_list_reasons(comparison),
        )
        if text
    ]


def describe_comparison(comparison: Comparison, primary: str) -> str:
    """Describe which samples, weights, region and scale are shown.

    Parameters
    ----------
    comparison : Comparison
        The group's numbers.
    primary : str
        The cohort's primary method.

    Returns
    -------
    str
        A few sentences.
    """
    sentences = [
        _describe_method(comparison, primary),
        _name_mixed_methods(comparison),
        _describe_maps(comparison),
        _describe_ratios(comparison),
        _name_sets_without_map(comparison),
        _name_merged(comparison),
        _list_unshared_chromosomes(comparison),
    ]
    return " ".join(filter(None, sentences))


def describe_genomes(groups: Sequence[Sequence[Sample]]) -> list[str]:
    """Say where the samples do not have one genome.

    Parameters
    ----------
    groups : sequence of sequence of Sample
        Samples by their longest chromosome.

    Returns
    -------
    list of str
        A paragraph each: on samples that are compared apart from the others, or with none, and on
        assemblies that files name differently.
    """
    paragraphs = []
    if len(groups) > 1:
        parts = "; ".join(
            f"{list_names([sample.name for sample in group])}: {group[0].longest_chromosome()}, "
            f"{int(group[0].bins.lengths.max()):,} bp"
            for group in groups
        )
        alone = [group[0].name for group in groups if len(group) == 1]
        paragraphs.append(
            "The samples differ in their longest chromosome and are compared only with those that "
            f"have the same one ({parts})."
            + (f" Compared with no other sample: {list_names(alone)}." if alone else "")
        )
    assemblies = group_by_assembly(
        (sample.name, sample.assembly) for group in groups for sample in group
    )
    if len(assemblies) > 1:
        named = "; ".join(f"{name}: {list_names(names)}" for name, names in assemblies.items())
        paragraphs.append(
            f"The files name different assemblies ({named}). Maps of different assemblies cannot "
            "be compared, also where chromosomes have the same names and lengths."
        )
    return paragraphs


def _describe_spread(comparison: Comparison) -> str:
    """Say how far contacts by distance differ between sets, and within them."""
    usual = [
        (k, each)
        for k, each in enumerate(comparison.sets)
        if each.samples[0].name not in comparison.reasons
    ]
    between = [deviation(comparison.means[k], comparison.overall) for k, _ in usual]
    within = [
        deviation(comparison.decay[sample.name], comparison.means[k])
        for k, each in usual
        for sample in each.samples
        if len(each.samples) > 1
    ]
    kind = "conditions" if comparison.are_conditions else "samples"
    words = []
    if len(usual) > 1:
        far = usual[int(np.argmax(between))][1].name
        usually, largest = percent(float(np.median(between))), percent(max(between))
        most = f"; {far} differs most, by {largest}" if largest != usually else ""
        words.append(f"from the mean of all {kind} by {usually} (median of {kind}{most})")
    if within:
        usually = percent(float(np.median(within)))
        words.append(f"from the mean of their condition by {usually} (median of samples)")
    if not words:
        return ""
    return (
        f"Contacts by distance differ {' and '.join(words)}. Differences are root mean squares "
        "over distances; samples that stand out are not counted."
    )


def _describe_concordance(comparison: Comparison) -> str:
    """Say how well maps agree within sets and between them."""
    sets = {sample.name: comparison.set_of(sample.name) for sample in comparison.samples}
    groups: dict[bool, list[float]] = {True: [], False: []}
    for (one, other), value in comparison.concordance.coefficients.items():
        known = sets.keys() >= {one, other} and not {one, other} & comparison.reasons.keys()
        if one < other and known:
            groups[sets[one] == sets[other]].append(value)
    words = [
        f"{np.median(values):.3f} {place}"
        for values, place in (
            (groups[True], "within a condition"),
            (
                groups[False],
                "between conditions" if comparison.are_conditions else "between samples",
            ),
        )
        if values
    ]
    return f"Concordance of two maps: {', '.join(words)} (median of pairs)." if words else ""


def _list_reasons(comparison: Comparison) -> list[str]:
    """Say which samples stand out, and why."""
    reasons = comparison.reasons
    if not reasons:
        return ["No sample stands out."]
    listed = [f"{name} stands out. {reason}" for name, reason in reasons.items()][:MOST_REASONS]
    if others := list(reasons)[MOST_REASONS:]:
        verb = "stand" if len(others) > 1 else "stands"
        listed.append(f"{list_names(others)} {verb} out, too.")
    if len(without := [name for name in reasons if _is_apart(comparison, name)]) > MOST_APART:
        listed.append(
            f"{MOST_APART} of the {len(without)} samples that stand out have a map, those with the "
            "fewest contacts."
        )
    return listed


def _is_apart(comparison: Comparison, name: str) -> bool:
    """Return whether a sample is shown apart from its set."""
    return any(sample.name == name for each in comparison.sets for sample in each.apart)


def _describe_method(comparison: Comparison, primary: str) -> str:
    method = comparison.method
    if method == primary:
        return f"Balanced by {method}, the cohort's primary method."
    unusable = [
        f"{sample.name} ({fitness_label(sample.fitness(primary))})"
        for sample in comparison.samples
        if not sample.runs[primary].usable
    ]
    return (
        f"Balanced by {method}, since the primary method, {primary}, has no weights, or weights "
        f"that are not for use, for {list_names(unusable)}."
    )


def _name_mixed_methods(comparison: Comparison) -> str:
    """Warn of samples whose method was chosen map by map, if the choices differ."""
    chosen: dict[str, list[str]] = {}
    for sample in comparison.samples:
        chosen.setdefault(sample.runs[comparison.method].verdict.method, []).append(sample.name)
    if len(chosen) < 2:
        return ""
    methods = "; ".join(f"{method} for {list_names(names)}" for method, names in chosen.items())
    return f"These are different methods, which cannot be compared: {methods}."


def _describe_maps(comparison: Comparison) -> str:
    first, region = comparison.samples[0], comparison.region
    bins, span = first.bins, first.span(region.chromosome)
    offset = span.start + region.first
    begin, end = int(bins.start[offset]), int(bins.end[offset + region.bins - 1])
    is_whole = region.bins == span.stop - span.start
    place = f"all of {region.chromosome}" if is_whole else f"{region.chromosome}:{begin:,}-{end:,}"
    cell = f", mean over {region.block:,} \u00d7 {region.block:,} bins" if region.block > 1 else ""
    ignored = ignored_diagonals(first.runs[comparison.method].verdict)
    without = f", without {pluralise(ignored, 'diagonal')}" if ignored else ""
    pooled = (
        " The map of a condition is the mean of the balanced maps of its samples that do not stand "
        "out, weighted by their contacts."
        if comparison.are_conditions
        else ""
    )
    return (
        "Contacts by distance are within chromosomes, between bins for which nine of ten samples "
        "have weights; 1 is the mean of all pairs of bins, and dotted lines are samples that stand "
        f"out. Maps: {place}{cell}{without}, each over its own mean, in the same colours; grey has "
        f"no weights.{pooled}"
    )


def _describe_ratios(comparison: Comparison) -> str:
    if len(comparison.sets) < 2 and not comparison.apart:
        return ""
    reference = comparison.sets[0].name
    to = f"to {reference}" if len(comparison.sets) > 1 else ""
    apart = "of samples that stand out to their condition" if comparison.apart else ""
    return (
        f"Log2 ratios {' and '.join(filter(None, (to, apart)))}: both maps scaled to equal sums, "
        f"{PSEUDOCOUNT:g} contacts of the shallower one added to both."
    )


def _name_sets_without_map(comparison: Comparison) -> str:
    others = len(comparison.sets) - len(comparison.shown)
    if not others:
        return ""
    return (
        f"{MOST_SETS} of {len(comparison.sets)} conditions have a map: the first, and those whose "
        f"contacts by distance differ most from the mean. The other {others} are grey lines."
    )


def _name_merged(comparison: Comparison) -> str:
    if not comparison.merged:
        return ""
    names = list_names(comparison.merged)
    return f"Not shown, since their members are: the merged samples {names}."


def _list_unshared_chromosomes(comparison: Comparison) -> str:
    """Name the chromosomes that some samples lack or divide into other bins."""
    shared = set(comparison.chromosomes)
    unshared: dict[tuple[str, ...], list[str]] = {}
    for sample in comparison.samples:
        names = tuple(name for name in sample.bins.chromosomes if name not in shared)
        if names:
            unshared.setdefault(names, []).append(sample.name)
    listed = "; ".join(
        f"{list_names(names)} of {list_names(samples)}" for names, samples in unshared.items()
    )
    return (
        "The samples differ in their chromosomes. Left out, since not all samples have them with "
        f"the same length: {listed}."
        if listed
        else ""
    )
