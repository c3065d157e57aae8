"""Assess the fitness of weights, of each part and of the whole map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace

import numpy as np
from numpy.typing import NDArray

from counterpoise.balancing.standard_errors import median
from counterpoise.records.facts import PartsUnfit
from counterpoise.records.fitness import (
    Evidence,
    Fitness,
    FitnessSettings,
    judge_fitness,
    worst_fitness,
)
from counterpoise.records.verdict import PartVerdict, Verdict, as_unevenness


def assess(
    verdict: Verdict,
    weights: NDArray[np.float64],
    errors: NDArray[np.float64],
    with_contacts: NDArray[np.bool_],
    counts: bool,
    equal_sums: bool,
    limits: FitnessSettings,
) -> Verdict:
    """Return a verdict with the fitness of the weights, and what it was judged by.

    Parameters
    ----------
    verdict : Verdict
        The verdict without it.
    weights, errors : numpy.ndarray
        float64 [bins]; the weights and their relative standard errors, NaN where there are none.
    with_contacts : numpy.ndarray
        bool [bins]; whether a bin has contacts.
    counts : bool
        Whether the values of the map are counts.
    equal_sums : bool
        Whether the method makes row sums equal.
    limits : FitnessSettings
        The limits.
    """

    def measure(first: int, last: int, rms_deviation: float | None) -> Evidence:
        """Collect what the bins of a part, or of the map, are judged by."""
        of_part = with_contacts[first:last]
        error = errors[first:last]
        return Evidence(
            weighted=int(np.count_nonzero(of_part & np.isfinite(weights[first:last]))),
            with_contacts=int(np.count_nonzero(of_part)),
            median_se=median(error[np.isfinite(error)]),
            row_sum_cv=rms_deviation if equal_sums else None,
            counts=counts,
        )

    parts = tuple(
        _assess_part(
            part, measure(part.first_bin, part.first_bin + part.bins, part.rms_deviation), limits
        )
        for part in verdict.parts
    )
    evidence = measure(0, len(weights), overall_deviation(part for part in parts if part.weighted))
    fitness, causes = judge_fitness(evidence, limits)
    unfit = find_unfit_parts(parts, limits) if fitness is not Fitness.NO else None
    if unfit is not None:
        fitness, causes = worst_fitness((fitness, Fitness.CAUTION)), (unfit, *causes)
    excess = overall_excess(parts)
    return replace(
        verdict,
        parts=parts,
        weighted=evidence.weighted,
        with_contacts=evidence.with_contacts,
        median_se=evidence.median_se,
        expected_excess=excess,
        expected_unevenness=as_unevenness(excess),
        fitness=fitness,
        fitness_causes=causes,
        fitness_limits=asdict(limits),
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


def overall_excess(parts: Iterable[PartVerdict]) -> float | None:
    """Return the expected excess over the bins of some parts; None without any.

    Parameters
    ----------
    parts : iterable of PartVerdict
        Parts; those without the figure are skipped.
    """
    known = [part for part in parts if part.expected_excess is not None]
    kept = sum(part.kept for part in known)
    return sum(part.kept * (part.expected_excess or 0.0) for part in known) / kept if kept else None


def _assess_part(part: PartVerdict, evidence: Evidence, limits: FitnessSettings) -> PartVerdict:
    """Return the verdict on a part with its fitness; a part without contacts needs no weights."""
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


def find_unfit_parts(parts: Sequence[PartVerdict], limits: FitnessSettings) -> PartsUnfit | None:
    """Return the parts whose weights are not usable; None if they are negligible.

    Parameters
    ----------
    parts : sequence of PartVerdict
        All parts of a map, with their fitness.
    limits : FitnessSettings
        ``parts_caution`` is what counts as negligible.
    """
    filled = [part for part in parts if part.with_contacts]
    unfit = [part for part in filled if part.fitness is Fitness.NO]
    contacts, total = (sum(part.raw_total for part in group) for group in (unfit, filled))
    if len(filled) < 2 or contacts <= limits.parts_caution * total:
        return None
    labels = tuple(part.label for part in unfit)
    return PartsUnfit(labels, len(filled), contacts / total, limits.parts_caution)
