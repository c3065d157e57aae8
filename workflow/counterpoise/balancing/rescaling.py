"""Rescale weights so that balanced row sums have the target that the settings ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from counterpoise.methods.base import Target
from counterpoise.records.verdict import PartVerdict


def rescale(
    target: Target, weights: NDArray[np.float64], parts: Sequence[PartVerdict]
) -> tuple[NDArray[np.float64], list[PartVerdict]]:
    """Rescale weights from row sums of one, which methods aim at, to a target.

    Each part gets one factor, so that relative deviations from the target stay the same.

    Parameters
    ----------
    target : Target
        What row sums become.
    weights : ndarray of float64, shape (bins,)
        Multiplicative; NaN stays NaN.
    parts : sequence of PartVerdict
        The verdicts, whose totals say how far each part is from the target.

    Returns
    -------
    weights : ndarray of float64, shape (bins,)
        The rescaled weights.
    parts : list of PartVerdict
        The verdicts with the balanced totals that these weights give.
    """
    if target is Target.UNIT:
        return weights, list(parts)
    kept = [part for part in parts if part.kept]
    mean = sum(part.raw_total for part in kept) / max(sum(part.kept for part in kept), 1)
    scaled, rescaled = weights.copy(), []
    for part in parts:
        if part.balanced_total > 0:
            total = part.raw_total if target is Target.TOTAL else mean * part.kept
            inside = slice(part.first_bin, part.first_bin + part.bins)
            scaled[inside] *= np.sqrt(total / part.balanced_total)
            part = replace(part, balanced_total=total)
        rescaled.append(part)
    return scaled, rescaled
