"""Put the weights of another map on a part, and measure how even they leave its row sums."""

from __future__ import annotations

import numpy as np

from counterpoise.backends.vectors import Vector, like, to_numpy
from counterpoise.balancing.standard_errors import errors_by_formula
from counterpoise.balancing.task import Part
from counterpoise.methods.base import Solution
from counterpoise.records.excess import Excess
from counterpoise.records.verdict import Status


def apply_weights(part: Part) -> Solution:
    """Return the weights of the other map, scaled to a mean row sum of one on this part.

    The scale of a map's weights depends on its depth, and only their ratios carry over.

    Parameters
    ----------
    part : Part
        A part of a task with applied weights; each of its bins has one.

    Returns
    -------
    Solution
        The standard errors are those of the other map.
    """
    applied = part.task.applied
    assert applied is not None
    inside = slice(part.selection.lo, part.selection.hi)
    kept = part.selection.kept
    weights = like(applied.weights[inside][kept], part.marginal)
    row_sums = weights * part.operator.product(weights)
    mean = float(row_sums.mean())
    weights, row_sums = weights / mean**0.5, row_sums / mean
    return Solution(
        weights,
        Status.COMPUTED,
        row_sums=row_sums,
        errors=lambda: like(applied.errors[inside][kept], part.marginal),
        unevenness=lambda: _unevenness(part, weights, row_sums),
    )


def _unevenness(part: Part, weights: Vector, row_sums: Vector) -> Excess:
    """Return the expected excess of new contacts.

    The weights know nothing of the noise of this map. So new contacts are as uneven as these are,
    without the noise of these.
    """
    sums = part.relative(row_sums)
    relative = to_numpy(sums) / float(sums.mean())
    errors = errors_by_formula(part, Solution(weights, Status.COMPUTED), row_sums)
    noise = np.where(relative > 0, errors * relative, 0.0)
    value = float(((relative - 1) ** 2).mean() - (noise**2).mean())
    return Excess.of_bins(value, relative, noise**2, 0.0)
