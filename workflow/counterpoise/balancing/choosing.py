"""Balance a map with several methods, and take the simplest that is as good as the best.

What weights are worth is their expected excess, G (``counterpoise.methods.kernel.unevenness``): how
much new contacts would vary beyond counting. The candidates' G are compared on the bins to which
all of them give weights. A candidate whose estimate tells nothing (``Excess.at_most``) is not
compared. A candidate is as good as the best if their G differ by less than one standard deviation
of that difference,

    sd = 2 sqrt(sum_i v_i (r_i - r'_i)^2) / n,

with r and r' the relative row sums that the two candidates' weights give to the n bins, and v the
variance of r by counting. Differences below a thousandth of G count as none.
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
from counterpoise.records.excess import Excess, record_excess
from counterpoise.records.verdict import PartVerdict
from counterpoise.records.wording import (
    UNKNOWN_WORTH,
    choice_reason,
    fails_parts,
    lacks_weights,
)

# A candidate that gives no weights to more than this share of the bins that another one balances
# is not compared.
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
    settings_of = method.candidates(settings)
    if not request.contacts.holds_counts:  # their noise, and so what weights are worth, is unknown
        settings_of = dict(list(settings_of.items())[:1])
    results: dict[str, Balance] = {}
    for name, of_candidate in settings_of.items():
        request.progress(f"Balancing with {name}.")
        results[name] = balance_with(request, methods()[name], of_candidate)
    rated, compared = _rate(request, results, settings_of)
    chosen = _simplest(rated)
    if settings.bootstrap:
        request.progress(f"Balancing with {chosen} again, for the bootstrap.")
        of_chosen = replace(settings_of[chosen], bootstrap=settings.bootstrap)
        results[chosen] = balance_with(request, methods()[chosen], of_chosen)
    choice = Choice(method.name, asdict(settings), chosen, compared, rated)
    verdict = results[chosen].verdict
    reason = " ".join(filter(None, [choice_reason(choice), verdict.reason]))
    return replace(results[chosen], verdict=replace(verdict, reason=reason, choice=choice))


def _simplest(rated: Sequence[RatedMethod]) -> str:
    """Return the first candidate that is as good as the best.

    Where none can be compared, it is the first of those that balance the most bins.
    """
    good = [each for each in rated if each.as_good]
    return (good[0] if good else max(rated, key=lambda each: each.balanced)).method


def _rate(
    request: Request, results: Mapping[str, Balance], settings_of: Mapping[str, MethodSettings]
) -> tuple[tuple[RatedMethod, ...], int]:
    """Rate the results of all candidates; return also the number of bins they are compared on."""
    rejected = _reject(results)
    considered = {name: result for name, result in results.items() if not rejected[name]}
    of_all = _measure(request, considered, settings_of)
    measured = {name: each for name, each in of_all.items() if each.estimate.at_most is not None}
    if measured:
        rejected |= dict.fromkeys(of_all.keys() - measured.keys(), UNKNOWN_WORTH)
    best = min(measured.values(), key=lambda each: each.estimate.value, default=None)
    rated = []
    for name, result in results.items():
        excess = error = estimate = None
        if best is not None and name in measured:
            excess, error = measured[name].compare(best)
            estimate = measured[name].estimate
        recorded = record_excess(estimate)
        rated.append(
            RatedMethod(
                method=name,
                balanced=_count_balanced(result),
                matvecs=result.matvecs,
                expected_unevenness=recorded["expected_unevenness"],
                unevenness_at_most=recorded["unevenness_at_most"],
                excess=excess,
                error=error,
                as_good=_is_as_good(excess, error, best),
                parts={part.label: part.expected_excess for part in result.verdict.parts},
                rejected=rejected[name],
            )
        )
    return tuple(rated), len(best.row_sums) if best is not None else 0


def _is_as_good(excess: float | None, error: float | None, best: _Worth | None) -> bool:
    """Return whether a candidate's difference from the best is within its uncertainty."""
    if excess is None or error is None or best is None:
        return False
    return excess <= max(error, LEAST_DIFFERENCE * abs(best.estimate.value))


def _reject(results: Mapping[str, Balance]) -> dict[str, str]:
    """Return why a candidate is not compared with the others; empty where it is."""
    balanced = {name: _count_balanced(result) for name, result in results.items()}
    most = max(balanced, key=balanced.__getitem__)
    rejected = {}
    for name, result in results.items():
        failed = _failed_parts(result, results)
        lost = balanced[most] - balanced[name]
        if failed or not balanced[name]:
            rejected[name] = fails_parts(failed if balanced[name] else [])
        elif lost > MOST_BINS_LOST * balanced[most]:
            rejected[name] = lacks_weights(lost, balanced[most], most)
        else:
            rejected[name] = ""
    return rejected


def _failed_parts(result: Balance, results: Mapping[str, Balance]) -> list[str]:
    """Return the labels of parts that a candidate does not balance, but another one does."""
    parts = zip(*(each.verdict.parts for each in results.values()), strict=True)
    return [
        part.label
        for part, of_all in zip(result.verdict.parts, parts, strict=True)
        if not _balances(part) and any(map(_balances, of_all))
    ]


def _balances(part: PartVerdict) -> bool:
    """Return whether a part has weights, and is balanced."""
    return part.status.balanced and part.weighted > 0


def _count_balanced(result: Balance) -> int:
    """Return the number of bins with contacts whose part is balanced."""
    return sum(part.weighted for part in result.verdict.parts if _balances(part))


@dataclass(frozen=True)
class _Worth:
    """The expected excess of a candidate on the bins to which all candidates give weights.

    Attributes
    ----------
    estimate : Excess
        G and its standard error.
    row_sums, noise : numpy.ndarray
        float64 [bins], relative row sums and their variance by counting.
    """

    estimate: Excess
    row_sums: NDArray[np.float64]
    noise: NDArray[np.float64]

    def compare(self, best: _Worth) -> tuple[float, float]:
        """Return the difference of G from the best, and its standard deviation."""
        squares = float((best.noise * (self.row_sums - best.row_sums) ** 2).sum())
        difference = self.estimate.value - best.estimate.value
        return difference, 2 * math.sqrt(squares) / len(self.row_sums)


def _measure(
    request: Request, results: Mapping[str, Balance], settings_of: Mapping[str, MethodSettings]
) -> dict[str, _Worth]:
    """Measure candidates on all parts of which the expected excess is known with each of them.

    Parameters
    ----------
    request, results, settings_of : Request, mapping, mapping
        The map; results and settings by candidate.

    Returns
    -------
    dict of str to _Worth
        By candidate; empty where there is no such part.
    """
    of_all = zip(*(each.verdict.parts for each in results.values()), strict=True)
    positions = [
        position
        for position, parts in enumerate(of_all)
        if all(_balances(part) and part.expected_excess is not None for part in parts)
    ]
    if not positions:
        return {}
    first = next(iter(results))
    task, selections = open_task(request, methods()[first], settings_of[first])
    weighted = np.all([np.isfinite(result.weights) for result in results.values()], axis=0)
    measured: dict[str, list[_Worth]] = {name: [] for name in results}
    for position in positions:
        selection = selections[position]
        common = weighted[selection.lo : selection.hi][selection.kept]
        if not common.any():
            continue
        part = open_part(task, task.contacts, selection)
        for name, result in results.items():
            excess = result.verdict.parts[position].excess
            assert excess is not None
            measured[name].append(_measure_part(part, result.weights, common, excess))
    return {name: _join(parts) for name, parts in measured.items() if parts}


def _measure_part(
    part: Part, weights: NDArray[np.float64], common: NDArray[np.bool_], excess: Excess
) -> _Worth:
    """Measure a candidate on the common bins of one part.

    Its expected excess is that of all its bins. The variance of the row sums beyond counting is
    measured on both sets of bins, each about its own mean; the rest of the estimate, an average
    over bins, is taken to be the same.

    Parameters
    ----------
    part : Part
        The part.
    weights : ndarray of float64, shape (bins of the map,)
        NaN where the candidate has none.
    common : ndarray of bool, shape (kept bins of the part,)
        Bins that all candidates give weights.
    excess : Excess
        The candidate's expected excess.
    """
    of_part = weights[part.selection.lo : part.selection.hi][part.selection.kept]
    u = part.operator.xp.asarray(np.nan_to_num(of_part), device=part.marginal.device)
    row_sums = to_numpy(u * part.operator.product(u))
    noise = to_numpy(u * u * part.operator.product(u * u))
    on_all = _relative(row_sums, noise, np.isfinite(of_part))
    on_common = _relative(row_sums, noise, common)
    shift = _beyond_counting(*on_common) - _beyond_counting(*on_all)
    return _Worth(Excess(excess.value + shift, excess.error), *on_common)


def _relative(
    row_sums: NDArray[np.float64], noise: NDArray[np.float64], bins: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return row sums of some bins and their variances, relative to the mean of these bins."""
    mean = row_sums[bins].mean()
    return row_sums[bins] / mean, noise[bins] / mean**2


def _beyond_counting(row_sums: NDArray[np.float64], noise: NDArray[np.float64]) -> float:
    """Return the variance of relative row sums beyond counting."""
    return float(((row_sums - 1) ** 2 - noise).mean())


def _join(parts: Sequence[_Worth]) -> _Worth:
    """Join the measurements of several parts."""
    sizes = [len(part.row_sums) for part in parts]
    estimate = Excess.mean([part.estimate for part in parts], sizes)
    assert estimate is not None
    return _Worth(
        estimate,
        np.concatenate([part.row_sums for part in parts]),
        np.concatenate([part.noise for part in parts]),
    )
