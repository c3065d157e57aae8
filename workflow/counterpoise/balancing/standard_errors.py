"""Standard errors of weights: how far counting noise alone may have moved them.

They are relative, so the same number holds for a weight and for its inverse, the bias. Contacts are
taken as Poisson counts. What a method gets wrong on every map alike is no part of them: neither a
bias that its model does not know, nor, in a smooth curve, what is finer than the curve.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.base import Operator
from counterpoise.backends.vectors import Vector
from counterpoise.contacts.contact_map import CHUNK_PIXELS, Contacts, narrow_counts

# Fewer resampled maps than this say nothing of a bin.
FEWEST = 2


def free_formula(
    operator: Operator, weights: Vector, row_sums: Vector, factor: Vector | None = None
) -> Vector:
    """Standard errors of weights that make row sums equal: sqrt(A w^2) / (A w), for one product.

    The noise of a bin's own row sum. What reaches it from other bins' weights, (I + P)^-1 with P
    the balanced map, changes it by as little as a bin's share in another's row sum.

    Parameters
    ----------
    weights, row_sums : float64 [bins]; the sums are w (A w).
    factor : by which contacts are multiplied, ``Selection.factor``; their noise is so, too.

    Returns
    -------
    float64 [bins], relative.
    """
    squares = weights * weights
    if factor is None:
        noise = operator.product(squares)
    else:
        noise = factor * operator.product(factor * squares)
    return weights * operator.xp.sqrt(noise) / row_sums


def bootstrap(
    contacts: Contacts,
    solve: Callable[[Contacts], NDArray[np.float64]],
    times: int,
    seed: int,
    label: str,
) -> tuple[NDArray[np.float64], int]:
    """Standard errors from maps whose counts are drawn anew, Poisson about those of the map.

    Parameters
    ----------
    solve : weights [bins] of a map, NaN where it finds none.
    times : how many maps are drawn.
    label : the part's name: it gets the same draws whatever other parts there are.

    Returns
    -------
    errors : float64 [bins], standard deviation of the logarithms; NaN for bins with weights on
        fewer than two of the maps.
    used : number of maps on which weights were found.
    """
    solved: list[NDArray[np.float64]] = []
    for number in range(times):
        rng = np.random.default_rng([seed, number, *label.encode()])
        # A piece at a time: numpy draws eight bytes for each.
        starts = range(0, contacts.nnz, CHUNK_PIXELS)
        drawn = [narrow_counts(rng.poisson(contacts.counts[a : a + CHUNK_PIXELS])) for a in starts]
        solved.append(np.log(solve(replace(contacts, counts=np.concatenate(drawn)))))
    logs = np.array(solved)
    seen = np.isfinite(logs)
    logs[~seen] = np.nan  # weights that ran off
    enough = seen.sum(axis=0) >= FEWEST
    errors = np.full(logs.shape[1], np.nan)
    errors[enough] = np.nanstd(logs[:, enough], axis=0, ddof=1)
    return errors, int(seen.any(axis=1).sum())
