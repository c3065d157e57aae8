"""Balanced contacts by distance."""

from __future__ import annotations

import numpy as np

from counterpoise.contacts.contact_map import ContactMap
from counterpoise.report.chunks import CHUNK, Flags, Floats, Indices, read_chunks
from counterpoise.report.comparison.samples import Sample

CLASSES_PER_DECADE = 12


def decay_edges(first: int, last: int) -> Indices:
    """Divide distances into classes that grow with distance.

    Parameters
    ----------
    first, last : int
        Ends of the distances, in bins.

    Returns
    -------
    int64 [classes + 1]
        Edges of the classes, in bins; the first classes hold a single distance.
    """
    steps = int(np.ceil(CLASSES_PER_DECADE * np.log10(max(last / first, 1)))) + 1
    return np.unique(np.round(np.geomspace(first, max(last, first + 1), steps + 1)).astype(int))


def pairs_by_distance(usable: Flags, edges: Indices) -> Floats:
    """Count the pairs of usable bins of a chromosome in each class of distance.

    Parameters
    ----------
    usable : bool [bins of the chromosome]
        Which bins count.
    edges : int64 [classes + 1]
        Edges of the classes, in bins.

    Returns
    -------
    float64 [classes]
        Numbers of pairs, from the autocorrelation of ``usable``.
    """
    n = len(usable)
    length = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(usable.astype(np.float64), length)
    pairs = np.zeros(max(n, int(edges[-1])))
    pairs[:n] = np.round(np.fft.irfft(abs(spectrum) ** 2, length)[:n])
    before = np.concatenate([[0.0], np.cumsum(pairs)])
    return np.asarray(np.diff(before[edges]))


def contact_decay(
    sample: Sample,
    contacts: ContactMap,
    weights: Floats,
    usable: dict[str, Flags],
    edges: Indices,
    chunk_size: int = CHUNK,
) -> Floats:
    """Compute the balanced contacts of a pair of bins by distance, divided by the overall mean.

    Parameters
    ----------
    sample : Sample
        The sample.
    contacts : ContactMap
        Its map.
    weights : float64 [bins]
        Multiplicative weights, NaN on masked bins.
    usable : dict of str to bool [bins of the chromosome]
        The chromosomes to use and their usable bins. Of these, the bins with a weight count.
    edges : int64 [classes + 1]
        Edges of the classes of distance, in bins.
    chunk_size : int
        Approximate number of contacts read at a time.

    Returns
    -------
    float64 [classes]
        Contacts by distance; NaN without pairs. The balanced contacts of each chromosome are
        scaled to the total of its raw contacts, so that the scale of a method's weights does not
        matter.
    """
    weighted = {
        name: flags & np.isfinite(weights[sample.span(name)]) for name, flags in usable.items()
    }
    raw, balanced = _sum_by_distance(sample, contacts, weights, weighted, edges, chunk_size)
    pairs = np.sum([pairs_by_distance(flags, edges) for flags in weighted.values()], axis=0)
    raw_total, total = raw.sum(axis=1), balanced.sum(axis=1)
    factor = np.divide(raw_total, total, out=np.zeros_like(total), where=total > 0)
    sums = factor @ balanced
    result = np.full(len(edges) - 1, np.nan)
    if sums.any():
        np.divide(sums * pairs.sum() / sums.sum(), pairs, out=result, where=pairs > 0)
    return result


def _sum_by_distance(
    sample: Sample,
    contacts: ContactMap,
    weights: Floats,
    usable: dict[str, Flags],
    edges: Indices,
    chunk_size: int,
) -> tuple[Floats, Floats]:
    """Sum raw and balanced contacts, both float64 [chromosomes, classes]."""
    bins = sample.bins
    row_of_chromosome = np.full(len(bins.chromosomes), -1)
    is_usable = np.zeros(len(bins), dtype=bool)
    for row, (name, flags) in enumerate(usable.items()):
        row_of_chromosome[bins.chromosomes.index(name)] = row
        is_usable[sample.span(name)] = flags
    chromosome = row_of_chromosome[bins.chromosome_ids]
    scale = np.nan_to_num(weights)
    classes = len(edges) - 1
    class_of = np.searchsorted(edges, np.arange(edges[-1]), side="right") - 1
    shape = (len(usable), classes)
    raw, balanced = np.zeros(len(usable) * classes), np.zeros(len(usable) * classes)
    for _, rows, columns, counts in read_chunks(contacts, chunk_size):
        distance = columns - rows
        used = is_usable[rows] & is_usable[columns] & (chromosome[rows] == chromosome[columns])
        used &= (distance >= edges[0]) & (distance < edges[-1])
        rows, columns, counts = rows[used], columns[used], counts[used]
        flat = chromosome[rows] * classes + class_of[distance[used]]
        raw += np.bincount(flat, counts, raw.size)
        balanced += np.bincount(flat, counts * scale[rows] * scale[columns], raw.size)
    return raw.reshape(shape), balanced.reshape(shape)
