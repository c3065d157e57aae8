"""Assess the fitness of weights, of each part and of the whole map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from counterpoise.balancing.emptiness import count_masked
from counterpoise.balancing.standard_errors import median
from counterpoise.methods.base import EqualSumsSettings, Method
from counterpoise.records.excess import Excess, record_excess
from counterpoise.records.facts import PartsUnfit
from counterpoise.records.fitness import (
    Evidence,
    Fitness,
    FitnessSettings,
    judge_fitness,
    worst_fitness,
)
from counterpoise.records.verdict import PartVerdict, Verdict


@dataclass(frozen=True)
class BalancedBins:
    """The bins of a map, with what their fitness is judged by.

    Attributes
    ----------
    weights, errors : numpy.ndarray
        float64 [bins]; the weights and their relative standard errors, NaN where there are none.
    with_contacts : numpy.ndarray
        bool [bins]; whether a bin has contacts, and is not beyond the mask's regions.
    holds_counts : bool
        Whether the values of the map are counts.
    method : Method
        The method.
    has_prior : bool
        Whether a prior was used.
    """

    weights: NDArray[np.float64]
    errors: NDArray[np.float64]
    with_contacts: NDArray[np.bool_]
    holds_counts: bool
    method: Method
    has_prior: bool

    def between(self, first: int, end: int) -> Self:
        """Return some of the bins.

        Parameters
        ----------
        first, end : int
            First bin and end (exclusive).
        """
        return replace(
            self,
            weights=self.weights[first:end],
            errors=self.errors[first:end],
            with_contacts=self.with_contacts[first:end],
        )


def assess(verdict: Verdict, bins: BalancedBins, limits: FitnessSettings, regions: bool) -> Verdict:
    """Return a verdict with the fitness of the weights, and what it was judged by.

    Parameters
    ----------
    verdict : Verdict
        The verdict without it.
    bins : BalancedBins
        The bins of the map.
    limits : FitnessSettings
        The limits.
    regions : bool
        Whether the parts are regions that are balanced separately.
    """
    is_own = verdict.weights_of is None
    parts = tuple(_assess_part(part, bins, is_own, limits) for part in verdict.parts)
    deviation = overall_deviation(part for part in parts if part.weighted)
    excess = overall_excess(verdict.parts)
    evidence = _measure(bins, deviation, excess if is_own else None)
    evidence = replace(evidence, masked=count_masked(verdict.mask, evidence.with_contacts))
    fitness, causes = judge_fitness(evidence, limits)
    unfit = find_unfit_parts(parts, limits, regions) if fitness is not Fitness.NO else None
    if unfit is not None:
        fitness, causes = worst_fitness((fitness, Fitness.CAUTION)), (unfit, *causes)
    return replace(
        verdict,
        parts=parts,
        weighted=evidence.weighted,
        with_contacts=evidence.with_contacts,
        median_se=evidence.median_se,
        **record_excess(excess),
        fitness=fitness,
        fitness_causes=causes,
        fitness_limits=asdict(limits),
    )


def _measure(bins: BalancedBins, deviation: float | None, excess: Excess | None) -> Evidence:
    """Collect what bins are judged by, with the RMS deviation and expected excess of them all."""
    equal_sums = issubclass(bins.method.settings, EqualSumsSettings)
    return Evidence(
        weighted=int(np.count_nonzero(bins.with_contacts & np.isfinite(bins.weights))),
        with_contacts=int(np.count_nonzero(bins.with_contacts)),
        median_se=median(bins.errors[np.isfinite(bins.errors)]),
        row_sum_cv=deviation if equal_sums else None,
        counts=bins.holds_counts,
        excess=excess,
        one_pass="" if equal_sums or bins.method.fills else bins.method.name,
        has_prior=bins.has_prior,
    )


def _assess_part(
    part: PartVerdict, bins: BalancedBins, is_own: bool, limits: FitnessSettings
) -> PartVerdict:
    """Return the verdict on a part with its fitness; a part without contacts needs no weights.

    What weights of another map leave (not ``is_own``) may be a true difference between the two.
    """
    of_part = bins.between(part.first_bin, part.first_bin + part.bins)
    evidence = _measure(of_part, part.rms_deviation, part.excess if is_own else None)
    fitness, causes = (
        judge_fitness(evidence, limits) if evidence.with_contacts else (Fitness.GOOD, ())
    )
    return replace(
        part,
        weighted=evidence.weighted,
        with_contacts=evidence.with_contacts,
        median_se=evidence.median_se,
        fitness=fitness,
        fitness_causes=causes,
    )


def overall_deviation(parts: Iterable[PartVerdict]) -> float | None:
    """Return the RMS deviation of all row sums of some parts; None without any.

    Parameters
    ----------
    parts : iterable of PartVerdict
        Parts; those whose row sums were not measured are skipped.
    """
    measured = [part for part in parts if part.rms_deviation is not None]
    kept = sum(part.kept for part in measured)
    squares = sum(part.kept * (part.rms_deviation or 0.0) ** 2 for part in measured)
    return (squares / kept) ** 0.5 if kept else None


def overall_excess(parts: Iterable[PartVerdict]) -> Excess | None:
    """Return the expected excess over the bins of some parts; None without any.

    Parameters
    ----------
    parts : iterable of PartVerdict
        Parts; those without the figure are skipped.
    """
    known = [(part.excess, part.kept) for part in parts if part.excess is not None]
    return Excess.mean([excess for excess, _ in known], [kept for _, kept in known])


def find_unfit_parts(
    parts: Sequence[PartVerdict], limits: FitnessSettings, regions: bool
) -> PartsUnfit | None:
    """Return the parts whose weights are not usable; None if they are negligible.

    Parameters
    ----------
    parts : sequence of PartVerdict
        All parts of a map, with their fitness.
    limits : FitnessSettings
        ``parts_caution`` is what counts as negligible.
    regions : bool
        Whether the parts are regions that are balanced separately.
    """
    filled = [part for part in parts if part.with_contacts]
    unfit = [part for part in filled if part.fitness is Fitness.NO]
    contacts, total = (sum(part.raw_total for part in group) for group in (unfit, filled))
    if len(filled) < 2 or contacts <= limits.parts_caution * total:
        return None
    labels = tuple(part.label for part in unfit)
    return PartsUnfit(labels, len(filled), contacts / total, limits.parts_caution, regions)
