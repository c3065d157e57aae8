"""Captions of the page of samples side by side."""

from __future__ import annotations

from collections.abc import Sequence

from counterpoise.contacts.bins import pluralise
from counterpoise.records.wording import fitness_label
from counterpoise.report.chunks import ignored_diagonals
from counterpoise.report.comparison.compare import Comparison
from counterpoise.report.comparison.geometry import MOST_MAPS
from counterpoise.report.comparison.samples import Sample


def describe_comparison(comparison: Comparison, primary: str) -> str:
    """Describe which weights, region and scale are shown.

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
        _list_samples_without_map(comparison),
        _list_unshared_chromosomes(comparison),
    ]
    return " ".join(filter(None, sentences))


def describe_uncompared(samples: Sequence[Sample]) -> str:
    """Explain why samples are compared with no other.

    Parameters
    ----------
    samples : sequence of Sample
        Samples whose longest chromosome no other sample has.

    Returns
    -------
    str
        A sentence for each sample.
    """
    return " ".join(
        f"{sample.name} is compared with no other sample: its longest chromosome is "
        f"{sample.longest_chromosome()}, {int(sample.contacts.bins.lengths.max()):,} bp, "
        "which no other sample has."
        for sample in samples
    )


def _describe_method(comparison: Comparison, primary: str) -> str:
    method = comparison.method
    if method == primary:
        return f"Balanced by {method}, the cohort's primary method."
    unusable = ", ".join(
        f"{sample.name} ({fitness_label(sample.fitness(primary))})"
        for sample in comparison.samples
        if not sample.runs[primary].usable
    )
    return (
        f"Balanced by {method}, since the primary method, {primary}, has no weights, or weights "
        f"that are not for use, for {unusable}."
    )


def _name_mixed_methods(comparison: Comparison) -> str:
    """Warn of samples whose method was chosen map by map, if the choices differ."""
    chosen: dict[str, list[str]] = {}
    for sample in comparison.samples:
        chosen.setdefault(sample.runs[comparison.method].verdict.method, []).append(sample.name)
    if len(chosen) < 2:
        return ""
    methods = "; ".join(f"{method} for {', '.join(names)}" for method, names in chosen.items())
    return f"These are different methods, which cannot be compared: {methods}."


def _describe_maps(comparison: Comparison) -> str:
    first, region = comparison.samples[0], comparison.region
    bins, span = first.contacts.bins, first.span(region.chromosome)
    offset = span.start + region.first
    begin, end = int(bins.start[offset]), int(bins.end[offset + region.bins - 1])
    is_whole = region.bins == span.stop - span.start
    place = f"all of {region.chromosome}" if is_whole else f"{region.chromosome}:{begin:,}-{end:,}"
    cell = f", mean over {region.block:,} \u00d7 {region.block:,} bins" if region.block > 1 else ""
    ignored = ignored_diagonals(first.runs[comparison.method].verdict)
    without = f", without {pluralise(ignored, 'diagonal')}" if ignored else ""
    return f"Maps: {place}{cell}{without}, each over its own mean, in the same colours."


def _list_samples_without_map(comparison: Comparison) -> str:
    names = ", ".join(sample.name for sample in comparison.samples[len(comparison.pictures) :])
    return f"Only {MOST_MAPS} maps are drawn; without a map: {names}." if names else ""


def _list_unshared_chromosomes(comparison: Comparison) -> str:
    shared = set(comparison.chromosomes)
    unshared = {
        sample.name: [name for name in sample.contacts.bins.chromosomes if name not in shared]
        for sample in comparison.samples
    }
    listed = "; ".join(
        f"{sample} {', '.join(names)}" for sample, names in unshared.items() if names
    )
    return f"Not compared, since not all samples have them: {listed}." if listed else ""
