"""The scale of balanced maps: what the equal row sums are equal to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from counterpoise.methods.base import Target
from counterpoise.records.verdict import PartVerdict


def scaled_to(
    target: Target, weights: NDArray[np.float64], parts: Sequence[PartVerdict]
) -> tuple[NDArray[np.float64], list[PartVerdict]]:
    """Bring weights from row sums of one, as methods leave them, to a target.

    One factor a part, so that deviations relative to the target stay what they are.

    Parameters
    ----------
    weights : float64 [bins], multiplicative; NaN stays NaN.
    parts : the verdicts, whose totals say how far each part is from the target.

    Returns
    -------
    weights : float64 [bins].
    parts : with the balanced totals that these weights give.
    """
    if target is Target.UNIT:
        return weights, list(parts)
    mean = sum(part.raw_total for part in parts) / max(sum(part.kept for part in parts), 1)
    scaled, told = weights.copy(), []
    for part in parts:
        if part.balanced_total > 0:
            total = part.raw_total if target is Target.TOTAL else mean * part.kept
            inside = slice(part.first_bin, part.first_bin + part.bins)
            scaled[inside] *= np.sqrt(total / part.balanced_total)
            part = replace(part, balanced_total=total)
        told.append(part)
    return scaled, told
