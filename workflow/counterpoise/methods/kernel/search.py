"""The search for the bandwidth of one part: by the analytic score, or by splits."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

from counterpoise.contacts.bandwidth import Bandwidth
from counterpoise.contacts.chromosomes import ChromosomeBins
from counterpoise.errors import ConfigError
from counterpoise.methods.base import Problem
from counterpoise.methods.kernel.analytic import AnalyticSearch
from counterpoise.methods.kernel.cross_validation import cross_validate
from counterpoise.methods.kernel.estimator import Estimator
from counterpoise.methods.kernel.settings import KernelSettings, Score
from counterpoise.records.search import Candidate, Search
from counterpoise.records.wording import NOTHING_TO_SMOOTH


def find_bandwidth(problem: Problem, estimator: Estimator, settings: KernelSettings) -> Search:
    """Choose the bandwidth of one part.

    Parameters
    ----------
    problem : Problem
        The part.
    estimator : Estimator
        The method.
    settings : KernelSettings
        Its settings; ``score`` says how to choose.

    Returns
    -------
    Search
        The candidates and the chosen one; no smoothing where there is nothing to smooth.

    Raises
    ------
    ConfigError
        If the values are not counts.
    """
    chromosomes = problem.chromosomes()
    largest = largest_chromosome(chromosomes)
    label, bins = problem.record.part, len(largest.kept)
    if problem.operator.size < 2 or not (problem.marginal > 0).any():
        none = Candidate(Bandwidth(0.0), nan, nan, 0, NOTHING_TO_SMOOTH)
        return Search(label, bins, largest.bin_size, settings.score, (none,), 0)
    if not problem.holds_counts:
        raise ConfigError(
            "give a bandwidth, or the raw map: none can be chosen, since the values are not whole "
            "numbers and their counting noise is unknown."
        )
    bandwidths = list_bandwidths(chromosomes, settings)
    if settings.score == Score.UNEVENNESS:
        search = AnalyticSearch(problem, estimator, settings, bandwidths)
        chosen = search.run()
        candidates = search.candidates(chosen)
        best = [candidate.bandwidth for candidate in candidates].index(bandwidths[chosen])
    else:
        candidates, best = cross_validate(problem, estimator, settings, bandwidths)
    return Search(label, bins, largest.bin_size, settings.score, candidates, best)


def largest_chromosome(chromosomes: Sequence[ChromosomeBins]) -> ChromosomeBins:
    """Return the chromosome with the most bins.

    Parameters
    ----------
    chromosomes : sequence of ChromosomeBins
        The chromosomes of a part.
    """
    return max(chromosomes, key=lambda chromosome: len(chromosome.kept))


def list_bandwidths(
    chromosomes: Sequence[ChromosomeBins], settings: KernelSettings
) -> list[Bandwidth]:
    """Return the candidates of a part, the narrowest first.

    Parameters
    ----------
    chromosomes : sequence of ChromosomeBins
        The chromosomes of the part.
    settings : KernelSettings
        The method's settings.
    """
    largest = largest_chromosome(chromosomes)
    fractions = settings.candidates(len(largest.kept))
    if len(chromosomes) == 1:
        return [Bandwidth(fraction) for fraction in fractions]
    # The same length on each of them, not the same fraction.
    length = len(largest.kept) * largest.bin_size
    return [Bandwidth.from_base_pairs(fraction * length) for fraction in fractions]
