"""KDE: kernel density balancing (Park, Hao, Niu & Hu, arXiv 2506.12626).

The bias of a chromosome's bins is taken to be a smooth function along it. The contacts are read as
draws from a density, which is estimated with a Gaussian kernel, and the estimate is balanced. In
exact arithmetic it is positive everywhere, so it can be balanced however few the contacts are. The
paper describes the algorithm in words that allow two readings.

``density`` (Algorithm 3 on the kernel estimate, what its Theorems 1 to 3 and Corollary 1 are
about): with A the map over its mean row sum and S the smoother, u <- sqrt(u / m), m = S A S^T u.

``observation`` (the letter of Algorithm 4): the contacts are weighted, and the marginal of the
weighted contacts is smoothed: u <- u / sqrt(m), m = S (u * A u). Its only fixed point is that
of SSK, at every bandwidth: it smooths because it is stopped, so tolerance and limit are part of it.

A bandwidth of zero is SSK, in either reading.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from counterpoise.backends.base import Operator
from counterpoise.backends.vectors import Vector
from counterpoise.errors import ConfigError
from counterpoise.methods.base import Method
from counterpoise.methods.kernel.estimator import Estimator, curve_noise
from counterpoise.methods.kernel.evidence import measure_evidence
from counterpoise.methods.kernel.settings import KernelSettings, Score, Stopping
from counterpoise.methods.kernel.smoothing import Smoother
from counterpoise.methods.kernel.solver import SMOOTHED, solve_by
from counterpoise.records.citations import KERNEL
from counterpoise.records.numbers import require_number


class Variant(StrEnum):
    """Readings of the paper's Algorithm 4.

    Attributes
    ----------
    DENSITY : str
        Balance the smoothed density.
    OBSERVATION : str
        Smooth the marginal of the weighted contacts, and stop early.
    """

    DENSITY = "density"
    OBSERVATION = "observation"


@dataclass
class KdeSettings(KernelSettings):
    """Settings of kernel density balancing.

    Attributes
    ----------
    tolerance : float or None, default None
        With ``variant: observation`` None stands for 0.01.
    max_iterations : int or None, default None
        With ``variant: observation`` None stands for 100.
    variant : {"density", "observation"}, default "density"
        Reading of the paper's Algorithm 4: density or observation.
        ``density`` balances the smoothed density; ``observation`` smooths the marginal of the
        weighted contacts and is stopped early. ``methods/kde.py`` has the formulas.
    score : {"unevenness", "cvm", "kl", "cosine"}, default "unevenness"
        With ``variant: observation`` or ``mixing``, ``unevenness`` stands for ``cvm``, since its
        formula holds for neither.
    mixing : float, default 0.0
        Share of a uniform density mixed into the estimate, from 0 to below 1 (density only).
        Above zero, the estimate is positive in floating point on any map.
    """

    variant: str = Variant.DENSITY.value
    mixing: float = 0.0

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        if self.variant not in list(Variant):
            raise ConfigError(
                f"variant is {self.variant!r}; it must be one of {', '.join(Variant)}."
            )
        require_number("mixing", self.mixing)
        if not 0 <= self.mixing < 1:
            raise ConfigError(f"mixing is {self.mixing}; it must be at least 0 and below 1.")
        if self.mixing and self.variant != Variant.DENSITY:
            raise ConfigError(f"mixing is only for variant {Variant.DENSITY.value}.")
        if not self.analytic and self.score == Score.UNEVENNESS:
            self.score = Score.CVM.value
        super().__post_init__()

    @property
    def positive_everywhere(self) -> bool:
        """Whether the density is above zero beyond the reach of the kernel as well."""
        return self.mixing > 0

    @property
    def analytic(self) -> bool:
        """Whether the formula of the expected unevenness holds."""
        return not self.mixing and self.variant == Variant.DENSITY

    @property
    def default_stopping(self) -> Stopping:
        """The stopping rule for settings that are None; it is part of ``observation``."""
        if self.variant == Variant.OBSERVATION:
            return Stopping(1e-2, 100, decides=True)
        return super().default_stopping


def _step(
    operator: Operator, smoother: Smoother, u: Vector, mean: Any, settings: KdeSettings
) -> Vector:
    """Return row sums of the balanced density, or smoothed row sums of the balanced map."""
    if settings.variant == Variant.OBSERVATION:
        return smoother.smooth(u * operator.product(u)) / mean
    density = smoother.smooth(operator.product(smoother.spread(u))) / mean
    if settings.mixing:
        density = (1 - settings.mixing) * density + settings.mixing * u.mean(0)
    return u * density


def _noise(
    operator: Operator, smoother: Smoother, u: Vector, mean: Any, settings: KdeSettings
) -> Vector:
    """Return the relative variance of u; NaN for ``observation``, which is stopped early."""
    if settings.variant == Variant.OBSERVATION:
        return u * math.nan
    scatter = measure_evidence(operator, smoother, u, mean).scatter.clip(0)
    of_curve = curve_noise(operator, smoother, u, mean, settings)
    return (1 - settings.mixing) ** 2 * of_curve + scatter


METHODS = (
    Method(
        "kde",
        KdeSettings,
        solve_by(Estimator(_step, _noise)),
        "kernel density balancing: removes bias that is smooth along the chromosome, also on maps "
        "too sparse for the other methods; the bandwidth is chosen by the expected unevenness",
        cites=(KERNEL,),
        quantity=SMOOTHED,
        fills=True,
        revision=3,
    ),
)
