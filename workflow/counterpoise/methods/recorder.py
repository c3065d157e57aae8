"""The recorder of one part: it keeps the trace, counts products and reports progress."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from counterpoise.backends.vectors import Vector, deviations
from counterpoise.records.trace import TraceRow

EVERY_SECONDS = 10.0  # between two lines about one part


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
