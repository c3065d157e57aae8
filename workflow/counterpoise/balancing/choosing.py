"""Balance a map with several methods, and take the simplest whose weights are worth the most.

What weights are worth is their expected unevenness, G (``counterpoise.methods.kernel.unevenness``):
how much new contacts would vary beyond counting. The candidates' G are compared over the parts that
all of them balance. A candidate is as good as the best if their G differ by less than one standard
deviation of that difference,

    sd = 2 sqrt(sum_i v_i (r_i - r'_i)^2) / n,

with r and r' the relative row sums that the two candidates' weights give to the n bins, and v the
variance of r by counting.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.vectors import to_numpy
from counterpoise.balancing.result import Balance
from counterpoise.balancing.run import Request, balance_with, open_task
from counterpoise.balancing.task import Part, open_part
from counterpoise.methods import methods
from counterpoise.methods.base import Method, MethodSettings
from counterpoise.records.choice import Choice, RatedMethod
from counterpoise.records.wording import choice_reason, leaves_bins

# A candidate that leaves more than this share of bins without weights, beyond what another one
# leaves, is not considered.
MOST_BINS_LOST = 0.01
# Candidates that arrive at the same weights differ by the tolerance of their iterations.
LEAST_DIFFERENCE = 1e-3


def balance_with_best(request: Request, method: Method, settings: MethodSettings) -> Balance:
    """Balance a map with each candidate of a method, and return the best result.

    Parameters
    ----------
    request : Request
        The map and the means.
    method : Method
        The method that chooses.
    settings : MethodSettings
        Its settings.
    """
    assert method.candidates is not None
    wanted = method.candidates(settings)
    if not request.contacts.holds_counts:
        wanted = dict(list(wanted.items())[:1])
    results: dict[str, Balance] = {}
    for name, own in wanted.items():
        request.progress(f"Balancing with {name}.")
        results[name] = balance_with(request, methods()[name], own)
    rated = _rate(request, results, wanted)
    chosen = _simplest(rated)
    if settings.bootstrap:
        own = replace(wanted[chosen], bootstrap=settings.bootstrap)
        results[chosen] = balance_with(request, methods()[chosen], own)
    choice = Choice(method.name, asdict(settings), chosen, rated)
    verdict = results[chosen].verdict
    reason = " ".join(filter(None, [choice_reason(choice), verdict.reason]))
    return replace(results[chosen], verdict=replace(verdict, reason=reason, choice=choice))


def _simplest(rated: Sequence[RatedMethod]) -> str:
    """Return the first candidate that is as good as the best.

    Where none can be compared, it is the first of those that balance the most bins.
    """
    good = [each for each in rated if each.deviations is not None and each.deviations <= 1]
    return (good[0] if good else max(rated, key=lambda each: each.weighted)).method


def _rate(
    request: Request, results: Mapping[str, Balance], settings: Mapping[str, MethodSettings]
) -> tuple[RatedMethod, ...]:
    """Rate the results of all candidates."""
    left_out = _leave_out(results, int(np.count_nonzero(request.with_contacts)))
    compared = {name: result for name, result in results.items() if not left_out[name]}
    worth = _compare(request, compared, settings)
    rated = []
    for name, result in results.items():
        unevenness, deviations = worth.get(name, (None, None))
        parts = {part.label: part.expected_unevenness for part in result.verdict.parts}
        rated.append(
            RatedMethod(
                method=name,
                weighted=_count_balanced(result),
                matvecs=result.matvecs,
                expected_unevenness=unevenness,
                deviations=deviations,
                parts=parts,
                rejected=left_out[name],
            )
        )
    return tuple(rated)


def _leave_out(results: Mapping[str, Balance], with_contacts: int) -> dict[str, str]:
    """Return why a candidate is left out of the comparison; empty where it is not."""
    weighted = {name: _count_balanced(result) for name, result in results.items()}
    fewest = max(1, max(weighted.values()) - MOST_BINS_LOST * with_contacts)
    return {
        name: "" if number >= fewest else leaves_bins(with_contacts - number, with_contacts)
        for name, number in weighted.items()
    }


def _count_balanced(result: Balance) -> int:
    """Return the number of bins with contacts whose part is balanced."""
    return sum(part.weighted for part in result.verdict.parts if part.status.balanced)


def _comparable_parts(results: Mapping[str, Balance]) -> list[int]:
    """Return the positions of parts of which each candidate's expected unevenness is known."""
    parts = zip(*(result.verdict.parts for result in results.values()), strict=True)
    return [
        position
        for position, of_all in enumerate(parts)
        if all(part.status.balanced and part.expected_unevenness is not None for part in of_all)
    ]


def _compare(
    request: Request,
    results: Mapping[str, Balance],
    settings: Mapping[str, MethodSettings],
) -> dict[str, tuple[float, float]]:
    """Return each candidate's expected unevenness, and its distance from the least.

    Parameters
    ----------
    request, results, settings : Request, mapping, mapping
        The map; results and settings by candidate.

    Returns
    -------
    dict
        Percent and standard deviations by candidate; empty where no part can be compared.
    """
    positions = _comparable_parts(results)
    if not positions:
        return {}
    first = next(iter(results))
    task, selections = open_task(request, methods()[first], settings[first])
    weighted = np.all([np.isfinite(result.weights) for result in results.values()], axis=0)
    measured: dict[str, list[_Measured]] = {name: [] for name in results}
    for position in positions:
        selection = selections[position]
        part = open_part(task, task.contacts, selection)
        common = weighted[selection.lo : selection.hi][selection.kept]
        for name, result in results.items():
            unevenness = result.verdict.parts[position].expected_unevenness
            assert unevenness is not None
            measured[name].append(_measure(part, result.weights, common, unevenness))
    joined = {name: _join(parts) for name, parts in measured.items()}
    least = min(joined.values(), key=lambda each: each.variance)
    return {name: (each.percent, each.deviations(least)) for name, each in joined.items()}


@dataclass(frozen=True)
class _Measured:
    """What a candidate's weights are worth on the bins that all candidates give weights.

    Attributes
    ----------
    variance : float
        G.
    row_sums, noise : numpy.ndarray
        float64 [bins], relative row sums and their variance by counting.
    """

    variance: float
    row_sums: NDArray[np.float64]
    noise: NDArray[np.float64]

    @property
    def percent(self) -> float:
        """The expected unevenness."""
        return 100 * math.sqrt(max(self.variance, 0.0))

    def deviations(self, least: _Measured) -> float:
        """Return the standard deviations by which G exceeds the least."""
        excess = self.variance - least.variance
        squares = float((least.noise * (self.row_sums - least.row_sums) ** 2).sum())
        error = 2 * math.sqrt(squares) / len(self.row_sums)
        alike = not error or excess <= LEAST_DIFFERENCE * least.variance
        return 0.0 if alike else excess / error


def _measure(
    part: Part, weights: NDArray[np.float64], common: NDArray[np.bool_], unevenness: float
) -> _Measured:
    """Measure a candidate on one part.

    Its expected unevenness is that of all its bins, of which others may have no weights. The
    variance of the row sums beyond counting is measured on both sets of bins, and the rest of the
    estimate, an average over bins, is taken over.

    Parameters
    ----------
    part : Part
        The part.
    weights : ndarray of float64, shape (bins of the map,)
        NaN where the candidate has none.
    common : ndarray of bool, shape (kept bins of the part,)
        Bins that all candidates give weights.
    unevenness : float
        The candidate's, in percent.
    """
    of_part = weights[part.selection.lo : part.selection.hi][part.selection.kept]
    own = np.isfinite(of_part)
    u = part.operator.xp.asarray(np.nan_to_num(of_part), device=part.marginal.device)
    row_sums = to_numpy(u * part.operator.product(u))
    noise = to_numpy(u * u * part.operator.product(u * u))
    mean = row_sums[own].mean()
    row_sums, noise = row_sums / mean, noise / mean**2
    beyond_counting = (row_sums - 1) ** 2 - noise
    shift = float(beyond_counting[common].mean() - beyond_counting[own].mean())
    return _Measured((unevenness / 100) ** 2 + shift, row_sums[common], noise[common])


def _join(parts: Sequence[_Measured]) -> _Measured:
    """Join the measurements of several parts."""
    sizes = [len(part.row_sums) for part in parts]
    return _Measured(
        float(np.average([part.variance for part in parts], weights=sizes)),
        np.concatenate([part.row_sums for part in parts]),
        np.concatenate([part.noise for part in parts]),
    )
