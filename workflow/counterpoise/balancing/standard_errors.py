"""Standard errors of weights: how far counting noise may have moved them.

They are relative, so the same number holds for a weight and for its inverse, the bias. Contacts are
taken as Poisson counts. Errors of a smooth curve include the scatter of bins about it. Systematic
errors are not part of them, such as a bias that the method's model does not describe.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.base import Operator
from counterpoise.backends.vectors import Vector, to_numpy
from counterpoise.balancing.check_solution import check_excess, check_vector
from counterpoise.balancing.task import Part, open_part
from counterpoise.contacts.contact_map import CHUNK_PIXELS, Contacts, narrow_counts
from counterpoise.methods.base import Solution
from counterpoise.records.excess import Excess
from counterpoise.records.facts import Fact, FewerResampled
from counterpoise.records.verdict import Status

# A standard deviation needs weights on at least this many resampled maps.
FEWEST_MAPS = 2


def median_error(part: Part, solution: Solution, row_sums: Vector) -> float:
    """Return the median standard error of a solution's weights, by the formula.

    Parameters
    ----------
    part, solution, row_sums : Part, Solution, Vector
        As for ``errors_by_formula``.

    Returns
    -------
    float
        Relative; 0 where the method has no formula.
    """
    errors = errors_by_formula(part, solution, row_sums)
    return median(errors[np.isfinite(errors)]) or 0.0


def estimate_excess(
    part: Part, solution: Solution, row_sums: Vector, errors: NDArray[np.float64]
) -> Excess | None:
    """Estimate how much new contacts would vary, balanced with a solution's weights.

    Weights that make row sums equal follow the map's own noise, so that new contacts vary by as
    much again: by the mean square of the noise of row sums. What the row sums lack of being equal
    comes in addition.

    Parameters
    ----------
    part, solution, row_sums : Part, Solution, Vector
        As for ``errors_by_formula``.
    errors : ndarray of float64, shape (bins,)
        Standard errors by the formula.

    Returns
    -------
    Excess or None
        None where the method has no formula, no error is known, or values are no counts.
    """
    if not part.task.contacts.holds_counts:
        return None
    if solution.unevenness is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            excess = solution.unevenness()
        check_excess(part.task.method.name, excess)
        return excess if isfinite(excess.value) else None
    sums = part.relative(row_sums)
    relative = to_numpy(sums) / float(sums.mean())
    known = np.isfinite(errors)  # not where a bin lost all its partners
    if not known.any():
        return None
    noise = (errors[known] * relative[known]) ** 2
    value = float(((relative - 1) ** 2).mean() + noise.mean())
    return Excess.of_bins(value, relative[known], noise, 1.0) if isfinite(value) else None


def median(values: NDArray[np.float64]) -> float | None:
    """Return the median, or None for an empty array.

    ``np.median`` imports numpy.ma first, which takes longer than a product.

    Parameters
    ----------
    values : numpy.ndarray
        float64.
    """
    ordered, n = np.sort(values), len(values)
    return float((ordered[(n - 1) // 2] + ordered[n // 2]) / 2) if n else None


def errors_by_formula(part: Part, solution: Solution, row_sums: Vector) -> NDArray[np.float64]:
    """Return the standard errors that the method's formula gives, or that for equal row sums.

    Parameters
    ----------
    part : Part
        The bins that have weights.
    solution : Solution
        What the method returned.
    row_sums : Vector
        float64 [bins], balanced with these weights.

    Returns
    -------
    ndarray of float64, shape (bins,)
        Relative; NaN where there are none.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        if solution.errors is not None:
            errors = solution.errors()
            check_vector(part.task.method.name, "errors", errors, solution.weights)
            return to_numpy(errors)
        factor = part.selection.factor
        if factor is not None:
            kept = part.selection.kept
            factor = part.operator.xp.asarray(factor[kept], device=row_sums.device)
        return to_numpy(closed_formula(part.operator, solution.weights, row_sums, factor))


def closed_formula(
    operator: Operator, weights: Vector, row_sums: Vector, factor: Vector | None = None
) -> Vector:
    """Estimate standard errors of weights that make row sums equal, for one product.

    The formula is sqrt(A w^2) / (A w): the noise of a bin's own row sum. What reaches it from
    other bins' weights, (I + P)^-1 with P the balanced map, is as small as a bin's share in
    another's row sum.

    Parameters
    ----------
    operator : Operator
        The map A.
    weights, row_sums : Vector
        float64 [bins]; the row sums are w (A w).
    factor : Vector, optional
        float64 [bins], by which contacts, and so their noise, are multiplied
        (``Selection.factor``).

    Returns
    -------
    Vector
        float64 [bins], relative.
    """
    squares = weights * weights
    if factor is None:
        noise = operator.product(squares)
    else:
        noise = factor * operator.product(factor * squares)
    return weights * operator.xp.sqrt(noise) / row_sums


def bootstrap_part(part: Part, own: Solution) -> tuple[NDArray[np.float64], list[Fact]]:
    """Estimate the standard errors of a solution's weights by a bootstrap of its part.

    Parameters
    ----------
    part : Part
        The bins that have weights.
    own : Solution
        What the method returned.

    Returns
    -------
    errors : ndarray of float64, shape (bins,)
        Relative; NaN where there are none.
    facts : list of Fact
        Whether resampled maps are missing, since they could not be balanced.
    """
    settings = part.task.settings
    quiet = replace(part, task=replace(part.task, progress=lambda message: None))
    solve = partial(_solve_resampled, quiet, own)
    label = part.selection.label
    errors, used = bootstrap(part.load(), solve, settings.bootstrap, settings.seed, label)
    if used == settings.bootstrap:
        return errors, []
    return errors, [FewerResampled(used, settings.bootstrap)]


def bootstrap(
    contacts: Contacts,
    solve: Callable[[Contacts], NDArray[np.float64]],
    maps: int,
    seed: int,
    label: str,
) -> tuple[NDArray[np.float64], int]:
    """Estimate standard errors from Poisson-resampled maps.

    Parameters
    ----------
    contacts : Contacts
        The map; each resampled count is Poisson with the count as its mean.
    solve : callable
        Returns the weights [bins] of a map, NaN where it finds none.
    maps : int
        Number of resampled maps.
    seed : int
        Seed of the random numbers.
    label : str
        Name of the part, so that it gets the same numbers whatever other parts there are.

    Returns
    -------
    errors : ndarray of float64, shape (bins,)
        Standard deviation of the logarithms; NaN for bins with weights on fewer than two maps.
    used : int
        Number of maps on which weights were found.
    """
    solved: list[NDArray[np.float64]] = []
    for number in range(maps):
        rng = np.random.default_rng([seed, number, *label.encode()])
        # A piece at a time: numpy draws eight bytes for each count.
        starts = range(0, contacts.nnz, CHUNK_PIXELS)
        drawn = [narrow_counts(rng.poisson(contacts.counts[a : a + CHUNK_PIXELS])) for a in starts]
        solved.append(np.log(solve(replace(contacts, counts=np.concatenate(drawn)))))
    logs = np.array(solved)
    finite = np.isfinite(logs)
    logs[~finite] = np.nan
    enough = finite.sum(axis=0) >= FEWEST_MAPS
    errors = np.full(logs.shape[1], np.nan)
    errors[enough] = np.nanstd(logs[:, enough], axis=0, ddof=1)
    return errors, int(finite.any(axis=1).sum())


def _solve_resampled(part: Part, own: Solution, contacts: Contacts) -> NDArray[np.float64]:
    """Balance a resampled map; float64 [bins of the part], NaN where there are no weights.

    A map on which the method reaches its limit counts if the map itself is no better.
    """
    task, bins = part.task, part.selection.kept
    weights = np.full(part.operator.size, np.nan)
    resampled = open_part(task, contacts, part.selection)
    if resampled.empty:
        return weights
    if not task.method.fills:
        resampled = resampled.drop_unconnected()
    with np.errstate(over="ignore", divide="ignore", invalid="ignore", under="ignore"):
        bandwidth = own.search.bandwidth if own.search else None
        solution = task.solve(resampled.problem(bandwidth))
    keeps = task.keeps_unbalanced_weights or own.status is Status.NOT_CONVERGED
    reached = keeps and solution.status is Status.NOT_CONVERGED
    if solution.status.balanced or reached:
        kept = resampled.selection.kept
        if solution.dropped is not None:
            kept = kept.copy()
            kept[kept] = ~solution.dropped
        weights[kept[bins]] = to_numpy(solution.weights)
    return weights
