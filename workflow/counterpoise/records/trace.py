"""The trace of a balancing run: one row per iteration, the same columns for every method."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TraceRow:
    """One iteration of one part.

    Attributes
    ----------
    part : str
        Label of the part.
    iteration : int
        Number of the iteration.
    matvecs : int
        Symmetric matrix-vector products of the part so far.
    max_deviation, rms_deviation : float
        Largest and RMS relative deviation of row sums from their target.
    """

    part: str
    iteration: int
    matvecs: int
    max_deviation: float
    rms_deviation: float
