"""The recorder of one part: it keeps the trace, counts products and reports progress."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from counterpoise.backends.vectors import Vector, deviations
from counterpoise.records.trace import TraceRow

# Between two lines about one part, unless what receives them has its own ``every_seconds``.
EVERY_SECONDS = 10.0


@dataclass
class Recorder:
    """Collects the trace of one part, counts its products and reports progress.

    Attributes
    ----------
    part : str
        Label of the part.
    quantity : str
        What the method records, in the plural (``Method.quantity``).
    matvecs : int
        Products so far, those of earlier attempts included.
    progress : callable
        Receives a line of text at intervals during a long run.
    rows : list of TraceRow
        The trace.
    last_report : float
        Time of the last line, by the monotonic clock.
    """

    part: str
    quantity: str
    matvecs: int = 0
    progress: Callable[[str], None] = lambda message: None
    rows: list[TraceRow] = field(default_factory=list)
    last_report: float = field(default_factory=time.monotonic)

    def __call__(self, iteration: int, values: Vector, target: Any = None) -> tuple[float, float]:
        """Add a row to the trace, unless the values are not finite.

        Parameters
        ----------
        iteration : int
            Number of the iteration.
        values : Vector
            float64 [bins], of the quantity.
        target : float, optional
            What they should be; their mean by default.

        Returns
        -------
        largest, rms : float
            Largest and RMS relative deviation from the target.
        """
        largest, rms = deviations(values, target)
        if math.isfinite(rms):
            self.rows.append(TraceRow(self.part, iteration, self.matvecs, largest, rms))
        now = time.monotonic()
        if now - self.last_report > getattr(self.progress, "every_seconds", EVERY_SECONDS):
            self.last_report = now
            self.progress(
                f"{self.part}: iteration {iteration}, {self.matvecs} products; {self.quantity} "
                f"are off by up to {largest:.2g} of their target, RMS {rms:.2g}"
            )
        return largest, rms
