"""The course of a balancing run, the same columns for every method."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from counterpoise.backends import Vector

EVERY_SECONDS = 10.0  # between two lines about one part


@dataclass(frozen=True)
class TraceRow:
    """One iteration: products so far and relative deviation of row sums from their target."""

    part: str
    iteration: int
    matvecs: int
    max_deviation: float
    rms_deviation: float


def scalars(*values: Any) -> list[float]:
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
    highest, lowest, square = scalars(*extremes, relative.mean())
    return max(highest, -lowest), math.sqrt(square)


@dataclass
class Recorder:
    """Collects the trace of one part and counts the products of its operator.

    Attributes
    ----------
    matvecs : products so far, those of attempts before this one included.
    progress : is told now and then how far a long run is.
    """

    part: str
    matvecs: int = 0
    progress: Callable[[str], None] = lambda message: None
    rows: list[TraceRow] = field(default_factory=list)
    told: float = field(default_factory=time.monotonic)

    def __call__(self, iteration: int, row_sums: Vector, target: Any = None) -> tuple[float, float]:
        """Keep a line, unless the numbers ran off; returns largest and RMS relative deviation."""
        largest, rms = deviations(row_sums, target)
        if math.isfinite(rms):
            self.rows.append(TraceRow(self.part, iteration, self.matvecs, largest, rms))
        now = time.monotonic()
        if now - self.told > EVERY_SECONDS:
            self.told = now
            self.progress(
                f"{self.part}: iteration {iteration}, {self.matvecs} products; row sums are off "
                f"by up to {largest:.2g} of their target, RMS {rms:.2g}"
            )
        return largest, rms
