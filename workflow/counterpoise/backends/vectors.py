"""Vectors of an operator: numpy arrays, or torch tensors if the operator lives on a device."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

# A numpy array or a torch tensor, float64: see ``Operator.xp``.
Vector = Any


def to_numpy(x: Vector) -> NDArray[Any]:
    """Copy a vector of an operator to numpy.

    Parameters
    ----------
    x : Vector
        Any shape and type; a numpy array is returned as it is.
    """
    return np.asarray(x) if isinstance(x, np.ndarray) else np.asarray(x.cpu().numpy())


def like(values: NDArray[Any], x: Vector) -> Vector:
    """Return a numpy array as an array of the library and on the device of a vector.

    Parameters
    ----------
    values : numpy.ndarray
        Any shape and type.
    x : Vector
        The vector.
    """
    if isinstance(x, np.ndarray):
        return values
    import torch  # loaded already, since the vector is torch's

    return torch.as_tensor(values, device=x.device)


def to_floats(*values: Any) -> list[float]:
    """Return sums, maxima and other scalars of an operator's module as Python floats.

    Parameters
    ----------
    *values : scalar
        numpy scalars or torch tensors without dimensions. Pass all of them in one call: each
        transfer from a device makes it wait for the host.
    """
    if isinstance(values[0], np.generic):
        return [float(value) for value in values]
    import torch  # loaded already, since the values are torch's

    return list(torch.stack(values).tolist())


def deviations(row_sums: Vector, target: Any = None) -> tuple[float, float]:
    """Measure how far row sums are from their target.

    Parameters
    ----------
    row_sums : Vector
        float64 [n].
    target : float or Vector, optional
        What the row sums should be; None for their own mean.

    Returns
    -------
    largest : float
        Largest absolute relative deviation.
    rms : float
        Root of the mean square of the relative deviations.
    """
    goal = row_sums.mean() if target is None else target
    relative = row_sums / goal
    relative -= 1
    extremes = relative.max(), relative.min()
    relative *= relative
    highest, lowest, square = to_floats(*extremes, relative.mean())
    return max(highest, -lowest), math.sqrt(square)
