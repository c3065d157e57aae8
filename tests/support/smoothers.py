"""The Gaussian smoother of kernel methods by direct sums."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def reflected(centres: Floats, points: Floats, sigma: float, length: float) -> Floats:
    """Return sums of Gaussians at the points and their mirror images, [centres, points]."""
    total = np.zeros((len(centres), len(points)))
    turns = int(20 * sigma / length) + 2
    for turn in range(-turns, turns + 1):
        for image in (points, -points):
            gap = centres[:, None] - image[None, :] - 2 * turn * length
            total += np.exp(-0.5 * (gap / sigma) ** 2)
    return total


def direct_smoother(kept: NDArray[np.bool_], sigma: float) -> Floats:
    """Return the smoother S by direct sums, [kept bins, kept bins]."""
    centres = np.arange(len(kept)) + 0.5
    kernel = reflected(centres, centres, sigma, len(kept))
    inside = kernel[np.ix_(kept, kept)]
    return inside / inside.sum(axis=1, keepdims=True)
