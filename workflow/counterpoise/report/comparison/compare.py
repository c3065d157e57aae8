"""The numbers that are drawn of a group of samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from counterpoise.report.chunks import Flags, Floats, ignored_diagonals
from counterpoise.report.comparison.decay import contact_decay, distance_edges, pairs_by_distance
from counterpoise.report.comparison.geometry import MOST_MAPS, map_side
from counterpoise.report.comparison.region import (
    Region,
    cells_with_weights,
    choose_region,
    draw_picture,
)
from counterpoise.report.comparison.samples import (
    Sample,
    choose_method,
    shared_chromosomes,
    usable_bins,
    weighted_shares,
)


@dataclass(frozen=True)
class Comparison:
    """The numbers that are drawn of a group of samples.

    Attributes
    ----------
    samples : list of Sample
        The group.
    method : str
        The method whose weights the maps and the decay show.
    region : Region
        The region that the maps show.
    pictures : list of float64 [cells, cells]
        The balanced maps of the first samples.
    usable_cells : list of bool [cells]
        Cells of each map in which a bin has a weight.
    chromosomes : list of str
        Chromosomes that all samples share.
    distance : float64 [classes]
        Geometric middle of each class of distance, in bins.
    decay : list of float64 [classes]
        Contacts by distance of each sample.
    shares : list of float64 [methods]
        Share of each sample's kept bins to which each method gave a weight.
    """

    samples: list[Sample]
    method: str
    region: Region
    pictures: list[Floats]
    usable_cells: list[Flags]
    chromosomes: list[str]
    distance: Floats
    decay: list[Floats]
    shares: list[Floats]


def compare(samples: list[Sample], primary: str) -> Comparison:
    """Compare the samples of a group.

    Parameters
    ----------
    samples : list of Sample
        Samples with the same longest chromosome.
    primary : str
        The cohort's primary method.

    Returns
    -------
    Comparison
        The numbers to draw.
    """
    method = choose_method(samples, primary)
    weights = [sample.runs[method].weights for sample in samples]
    chromosomes = shared_chromosomes(samples)
    # A sample without weights does not restrict the bins on which the others are compared.
    weighted = [sample for sample in samples if sample.runs[method].has_weights] or samples
    usable = {name: usable_bins(weighted, method, name) for name in chromosomes}
    # The longest chromosome that has usable bins.
    shown = max(chromosomes, key=lambda name: (usable[name].any(), len(usable[name])))
    region = choose_region(weighted, shown, usable[shown], map_side(len(samples)) // 2)
    ignored = ignored_diagonals(samples[0].runs[method].verdict)
    edges = distance_edges(max(ignored, 1), max(map(len, usable.values())))
    pairs = np.array([pairs_by_distance(flags, edges) for flags in usable.values()])
    each = list(zip(samples, weights, strict=True))
    return Comparison(
        samples,
        method,
        region,
        [draw_picture(sample, values, region, ignored) for sample, values in each[:MOST_MAPS]],
        [cells_with_weights(sample, values, region) for sample, values in each[:MOST_MAPS]],
        chromosomes,
        np.sqrt(edges[:-1] * (edges[1:] - 1.0)),
        [contact_decay(sample, values, usable, pairs, edges) for sample, values in each],
        [weighted_shares(sample) for sample in samples],
    )
