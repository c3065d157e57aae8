"""The concordance of balanced maps: the stratum-adjusted correlation coefficient of HiCRep.

Yang et al., HiCRep: assessing the reproducibility of Hi-C data using a stratum-adjusted correlation
coefficient, Genome Res. 27:1939 (2017). Maps are smoothed. The contacts of two maps are then
correlated at each distance, and the correlations are averaged with the weights of the paper. The
package ``hicrep`` computes the same for two raw maps in memory. Here all pairs of samples share one
pass over each chromosome.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.contact_map import load_rows
from counterpoise.report.chunks import Flags, Floats, ignored_diagonals, read_chunks
from counterpoise.report.comparison.samples import Sample, group_samples, shared_chromosomes
from counterpoise.report.comparison.strata import Strata, choose_strata
from counterpoise.store.runs import share_contacts

# A variance below this share of the mean square is rounding.
ROUNDING = 1e-12


def pair_samples(samples: Sequence[Sample], method: str) -> list[tuple[str, str, float]]:
    """Compute the concordance of all pairs of samples with the same longest chromosome.

    Parameters
    ----------
    samples : sequence of Sample
        The samples of a cohort at one resolution.
    method : str
        The method whose weights are used.

    Returns
    -------
    list of tuple of str, str and float
        Names of two samples and their coefficient, each pair once, in the order of the samples;
        NaN if the two have no balanced contacts to compare. Samples that share contacts, which are
        a merged sample and its members, are no pair, and groups of samples to which
        ``choose_strata`` gives no distances have no pairs.
    """
    pairs = []
    members = {sample.name: sample.labels.members for sample in samples}
    for group in (each for each in group_samples(samples) if len(each) > 1):
        ignored = ignored_diagonals(group[0].runs[method].verdict)
        strata = choose_strata(group[0].bins, ignored, len(group))
        if strata is None:
            continue
        coefficients = correlate(group, method, strata)
        for a, b in zip(*np.triu_indices(len(group), 1), strict=True):
            one, other = group[a].name, group[b].name
            if not share_contacts(one, other, members):
                pairs.append((one, other, float(coefficients[a, b])))
    return pairs


def correlate(samples: Sequence[Sample], method: str, strata: Strata) -> Floats:
    """Compute the stratum-adjusted correlation coefficients of samples.

    Memory holds the strata of one chromosome of all samples, and their weights.

    Parameters
    ----------
    samples : sequence of Sample
        Samples with the same longest chromosome.
    method : str
        The method whose weights are used.
    strata : Strata
        The distances.

    Returns
    -------
    float64 [samples, samples]
        Symmetric, 1 on the diagonal, NaN where two samples have no contacts to compare. Strata of
        all chromosomes that all samples share count together.
    """
    total = np.zeros((2, len(samples), len(samples)))
    weights = [sample.runs[method].weights for sample in samples]
    for chromosome in shared_chromosomes(samples):
        has_weight = np.array(
            [
                np.isfinite(each[sample.span(chromosome)])
                for sample, each in zip(samples, weights, strict=True)
            ]
        )
        bins = has_weight.shape[1]
        values = np.empty((len(samples), strata.end - strata.first, bins), np.float32)
        for sample, each, place in zip(samples, weights, values, strict=True):
            place[:] = smooth_strata(sample, each, chromosome, strata)
        for distance in range(strata.first, min(strata.end, bins)):
            pairs = bins - distance
            both = has_weight[:, :pairs] & has_weight[:, distance:]
            stratum = values[:, distance - strata.first, :pairs].astype(np.float64)
            total += correlate_stratum(stratum, both)
    weighted, weight = total
    result = np.full(weight.shape, np.nan)
    np.divide(weighted, weight, out=result, where=weight > 0)
    return result


def correlate_stratum(values: Floats, both: Flags) -> NDArray[np.float64]:
    """Correlate the contacts of all pairs of samples at one distance.

    Parameters
    ----------
    values : float64 [samples, pairs of bins]
        Contacts of each pair of bins; zero where a bin has no weight.
    both : bool [samples, pairs of bins]
        Whether both bins have a weight.

    Returns
    -------
    float64 [2, samples, samples]
        The correlation times its weight, and the weight, for each pair of samples. They are
        computed over the pairs of bins that have weights in both samples and contacts in at least
        one. With n of them the weight is n + 1, as in HiCRep: n times the variance of ranks. A
        sample whose values are all equal has the correlation 0.
    """
    used, empty = both.astype(np.float64), (both & (values == 0)).astype(np.float64)
    number = used @ used.T - empty @ empty.T
    sums, squares = values @ used.T, values**2 @ used.T  # of the one over the pairs of the other
    least = np.maximum(number, 1)
    covariance = values @ values.T - sums * sums.T / least
    variance = squares - sums**2 / least
    varies = variance > ROUNDING * squares
    scale = np.sqrt(np.maximum(variance * variance.T, 0))
    correlation = np.zeros_like(scale)
    np.divide(covariance, scale, out=correlation, where=varies & varies.T)
    weight = np.where(number > 1, number + 1, 0)
    return np.array([weight * np.clip(correlation, -1, 1), weight])


def smooth_strata(sample: Sample, weights: Floats, chromosome: str, strata: Strata) -> Floats:
    """Compute the smoothed balanced contacts of a chromosome by distance.

    Parameters
    ----------
    sample : Sample
        The sample.
    weights : float64 [bins]
        Multiplicative weights, NaN on masked bins.
    chromosome : str
        The chromosome.
    strata : Strata
        The distances.

    Returns
    -------
    float64 [strata, bins of the chromosome]
        For each distance k and bin i, the mean of the balanced contacts between bins within
        ``strata.window`` of i and of i + k, over those that have weights and are not ignored; zero
        where i or i + k has no weight.
    """
    span = sample.span(chromosome)
    has_weight, scale = np.isfinite(weights[span]), np.nan_to_num(weights[span])
    bins = len(scale)
    contacts, pairs = np.zeros((strata.reach, bins)), np.zeros((strata.reach, bins))
    for distance in range(strata.ignored, min(strata.reach, bins)):
        first = slice(bins - distance)
        pairs[distance, first] = has_weight[first] & has_weight[distance:]
    for chunk in read_chunks(load_rows(sample.open(), span.start, span.stop, span.stop)):
        apart = chunk.columns - chunk.rows
        near = (apart >= strata.ignored) & (apart < strata.reach)
        row, column = chunk.rows[near] - span.start, chunk.columns[near] - span.start
        contacts[apart[near], row] = chunk.counts[near] * scale[row] * scale[column]
    sums, number = sum_windows(contacts, strata.window), sum_windows(pairs, strata.window)
    mean = np.divide(sums, number, out=np.zeros_like(sums), where=number > 0)
    return np.asarray((mean * pairs[: strata.end])[strata.first :])


def sum_windows(band: Floats, window: int) -> Floats:
    """Sum a symmetric matrix over square windows, near its main diagonal.

    Parameters
    ----------
    band : float64 [distances, bins]
        ``band[k, i]`` is the element (i, i + k) of the matrix, zero beyond its end.
    window : int
        Bins to either side of the middle of a window.

    Returns
    -------
    float64 [distances - 2 * window, bins]
        Sums over windows of ``2 * window + 1`` rows and columns, in the same layout.
    """
    reach, bins = band.shape
    end = reach - 2 * window
    # full[2 * window + k, window + i] is the element (i, i + k), also for k < 0.
    full = np.zeros((reach + 2 * window, bins + 2 * window))
    full[2 * window :, window : window + bins] = band
    for k in range(1, min(2 * window, bins - 1) + 1):
        full[2 * window - k, window + k : window + bins] = band[k, : bins - k]
    columns = np.zeros((reach, bins))  # columns[window + k, i]: rows about i, column i + k
    for d in range(-window, window + 1):
        columns += full[window - d : window - d + reach, window + d : window + d + bins]
    return np.asarray(sum(columns[d : d + end] for d in range(2 * window + 1)))
