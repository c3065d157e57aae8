"""SSK_CV: SSK on bins taken together, as many as the score finds best.

Algorithm 6 of Park, Hao, Niu & Hu, arXiv 2506.12626: the map is summed to coarser bins and
balanced by SSK, and each fine bin gets the weight of its coarse one. Its density is a histogram,
where that of ``kde`` is smooth. A coarse bin with fewer valid fine ones, as the last of a
chromosome, has so much smaller a row sum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from counterpoise.backends.base import Operator
from counterpoise.backends.vectors import Vector
from counterpoise.methods.base import Method
from counterpoise.methods.kernel.estimator import Estimator, bin_noise
from counterpoise.methods.kernel.settings import STEP, WIDEST, KernelSettings
from counterpoise.methods.kernel.smoothing import Blocks, Smoother
from counterpoise.methods.kernel.solver import SMOOTHED, solve_by
from counterpoise.records.citations import KERNEL, SINKHORN_KNOPP

ALL = 0.99  # of a chromosome of a few bins; 1 would mean a base pair


@dataclass
class SskCvSettings(KernelSettings):
    """Settings of SSK on coarser bins.

    Attributes
    ----------
    bandwidth : float or "auto", default "auto"
        For this method the bandwidth is the length of a coarse bin, and 0 keeps the bins.
    """

    smoother: ClassVar[Callable[..., Smoother]] = Blocks

    def candidates(self, n: int) -> list[float]:
        """List the lengths of coarse bins that are tried on one chromosome.

        Parameters
        ----------
        n : int
            Number of bins of the chromosome.

        Returns
        -------
        list of float
            Fractions of the chromosome, ascending: zero, two bins, three, and on to a quarter in
            steps of the square root of two. Zero and the whole chromosome only, if a quarter is
            less than two bins.
        """
        widths, width = [1], STEP
        while width <= WIDEST * n:
            widths.append(max(widths[-1] + 1, round(width)))
            width *= STEP
        return [0.0, *(width / n for width in widths[1:])] if len(widths) > 1 else [0.0, ALL]


def _step(
    operator: Operator, smoother: Smoother, u: Vector, mean: Any, settings: SskCvSettings
) -> Vector:
    """Return the balanced row sums of the coarse map, on its fine bins."""
    return u * smoother.smooth(operator.product(smoother.spread(u))) / mean


METHODS = (
    Method(
        "ssk_cv",
        SskCvSettings,
        solve_by(Estimator(_step, bin_noise)),
        "`ssk` on coarser bins; their size is chosen by the expected unevenness",
        cites=(SINKHORN_KNOPP, KERNEL),
        quantity=SMOOTHED,
        fills=True,
        revision=3,
    ),
)
