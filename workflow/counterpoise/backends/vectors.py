"""Vectors of an operator: numpy arrays, or torch tensors where the operator lives on a device."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

# A numpy array or a torch tensor, float64: see ``Operator.xp``.
Vector = Any


def to_numpy(x: Vector) -> NDArray[Any]:
    """A vector of an operator as a numpy array."""
    return np.asarray(x) if isinstance(x, np.ndarray) else np.asarray(x.cpu().numpy())


def to_floats(*values: Any) -> list[float]:
    """Sums, largest values and the like as plain numbers.

    All of them together: where they lie on a device, each transfer makes it wait for the host.
    """
    if isinstance(values[0], np.generic):
        return [float(value) for value in values]
    import torch  # loaded already, since the values are its own

    return list(torch.stack(values).tolist())


def deviations(row_sums: Vector, target: Any = None) -> tuple[float, float]:
    """Largest and RMS relative deviation of row sums from a target, or from their own mean."""
    goal = row_sums.mean() if target is None else target
    relative = row_sums / goal
    relative -= 1
    extremes = relative.max(), relative.min()
    relative *= relative
    highest, lowest, square = to_floats(*extremes, relative.mean())
    return max(highest, -lowest), math.sqrt(square)
