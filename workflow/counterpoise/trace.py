"""The course of a balancing run, the same columns for every method."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TraceRow:
    """One iteration: products so far and relative deviation of row sums from their target."""

    part: str
    iteration: int
    matvecs: int
    max_deviation: float
    rms_deviation: float


def deviations(row_sums: NDArray[np.float64], target: float | None = None) -> tuple[float, float]:
    """Largest and RMS relative deviation of row sums from a target, or from their own mean."""
    goal = row_sums.mean() if target is None else target
    relative = np.abs(row_sums / goal - 1)
    return float(relative.max()), float(np.sqrt(np.mean(relative**2)))


@dataclass
class Recorder:
    """Collects the trace of one part and counts the products of its operator."""

    part: str
    matvecs: int = 0
    rows: list[TraceRow] = field(default_factory=list)

    def __call__(
        self, iteration: int, row_sums: NDArray[np.float64], target: float | None = None
    ) -> float:
        """Keep a line; returns the largest relative deviation."""
        largest, rms = deviations(row_sums, target)
        self.rows.append(TraceRow(self.part, iteration, self.matvecs, largest, rms))
        return largest
