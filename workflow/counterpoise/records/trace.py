"""The trace of a balancing run: one row per iteration, the same columns for every method."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TraceRow:
    """One iteration: products so far and relative deviation of row sums from their target."""

    part: str
    iteration: int
    matvecs: int
    max_deviation: float
    rms_deviation: float
