"""What kernel methods share: their settings, and the loop that brings smoothed row sums to one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite
from numbers import Real
from typing import Any, ClassVar, Union

from counterpoise.backends import Operator
from counterpoise.backends.vectors import Vector, to_numpy
from counterpoise.contacts.selection import Scope
from counterpoise.errors import ConfigError
from counterpoise.methods import MethodSettings, Problem, Solution, check_diagonal
from counterpoise.records.verdict import Cause, Status, counted, not_enough
from counterpoise.smoothing import Gaussian, Smoother, fewer

CV = "cv"  # a bandwidth that cross-validation chooses

# Of the largest smoothed row sum: less than this is the transforms' rounding.
NOISE = 1e-14

NARROWEST = 1.0  # bins
WIDEST = 0.25  # of the chromosome
STEP = 2**0.5  # from one candidate to the next

# What a step of a method makes one, from its operator, smoother, u, mean row sum and settings:
# float64 [bins], or [bins, bandwidths] for u and a smoother of as many. Then u <- u / sqrt(it).
Step = Callable[[Operator, Any, Vector, Any, Any], Vector]

# Relative variance of u = 1 / h by counting noise, float64 [bins], from the same.
Noise = Callable[[Operator, Any, Vector, Any, Any], Vector]


class Score(StrEnum):
    """How uneven the balanced row sums of held-out contacts are; the least is the best.

    ``excess`` : their variance beyond that of counting, over their mean squared, in runs of bins
        with twenty contacts or more on average: sees what is finer than the kernel as far as there
        are contacts to show it, and no noise for it.
    ``cvm`` (Cramer-von Mises, the paper's): between their cumulative share along the valid bins
        and a straight line; it looks at long waves above all.
    ``kl`` (Kullback-Leibler), ``cosine`` : look at every bin alike, noise included, so they smooth
        more than is good where contacts are few.
    """

    EXCESS = "excess"
    CVM = "cvm"
    KL = "kl"
    COSINE = "cosine"


@dataclass(frozen=True)
class Stopping:
    """When a method stops: its tolerance and largest number of iterations.

    ``decides``: they are a part of what the method finds, not of how well it finds it.
    """

    tolerance: float
    max_iterations: int
    decides: bool = False


@dataclass
class KernelSettings(MethodSettings):
    """Settings of every kernel method.

    Attributes
    ----------
    bandwidth : standard deviation of the kernel: below 1 a fraction of each chromosome, from 1 up
        base pairs, 0 for none (SSK); or the word ``cv`` for what cross-validation chooses, for each
        chromosome by itself (``counterpoise.bandwidth``).
    tolerance : stop when nothing that should be one differs from it by this much or more. None
        for the method's own, see there.
    max_iterations : give up after as many. None for the method's own.
    score : what cross-validation makes least: ``excess``, the variance of held-out balanced row
        sums beyond counting noise; ``cvm``, the paper's; ``kl`` or ``cosine``.
    splits : how often the contacts are split in two for it; the scores are averaged.
    diagonal : how often a main-diagonal pixel counts in a row sum: 1, as with the other methods, or
        2 as in the paper, where each pair of ends is seen from both. Without effect where
        ``ignore_diags`` is above zero.
    """

    # What smooths: made from chromosomes, one bandwidth or several, a vector and its library.
    smoother: ClassVar[Callable[..., Smoother]] = Gaussian
    # The bandwidth at which the squared error of the bias is least falls as contacts ** -rate.
    rate: ClassVar[float] = 1 / 5

    scope: str = Scope.CIS.value
    ignore_diags: int = 2
    # omegaconf 2.3 reads unions of plain types only in this spelling, and 2000 not as a float
    bandwidth: Union[int, float, str] = CV  # noqa: UP007
    tolerance: float | None = None
    max_iterations: int | None = None
    score: str = Score.EXCESS.value
    splits: int = 5
    diagonal: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.bandwidth, Real) and not isinstance(self.bandwidth, bool):
            self.bandwidth = float(self.bandwidth)
        number = isinstance(self.bandwidth, float) and 0 <= self.bandwidth < inf
        if not number and self.bandwidth != CV:
            raise ConfigError(
                f"bandwidth is {self.bandwidth!r}; it must be a fraction of the chromosome (below "
                f"1), base pairs, or the word '{CV}'."
            )
        if self.score not in list(Score):
            raise ConfigError(f"score is {self.score!r}; it must be one of {', '.join(Score)}.")
        for key in ("tolerance", "max_iterations"):
            if getattr(self, key) is not None:
                self.require_positive(key)
        self.require_whole(splits=1)
        check_diagonal(self.diagonal)
        stopping = self.stopping
        self.tolerance, self.max_iterations = stopping.tolerance, stopping.max_iterations

    @property
    def everywhere(self) -> bool:
        """Whether the density is above zero beyond the kernel's reach, too."""
        return False

    def candidates(self, n: int) -> list[float]:
        """Bandwidths to try on a chromosome of n bins, as fractions of it, the narrowest first.

        None at all, and from one bin to a quarter of the chromosome in steps of a root of two;
        the quarter alone where that is less than a bin.
        """
        tried = [0.0]
        while (sigma := NARROWEST * STEP ** (len(tried) - 1)) <= WIDEST * n:
            tried.append(sigma / n)
        return tried if len(tried) > 1 else [0.0, WIDEST]

    @property
    def of_whole(self) -> float:
        """The best bandwidth of all contacts, over that of the halves on which it was looked for.

        The paper's scores are left as they are: of Cramer-von Mises even the best of the halves is
        too narrow for the bias of a deep map, since it looks at the cumulative share.
        """
        return float(2**-self.rate) if self.score == Score.EXCESS else 1.0

    @property
    def caution(self) -> float:
        """Standard errors of a score, over splits and halves, that count against a candidate.

        With few contacts ``excess`` is now and then low by chance where the bandwidth is far too
        narrow, and differs widely between splits there. The paper's scores are left as they are.
        """
        return 2.0 if self.score == Score.EXCESS else 0.0

    @property
    def own_stopping(self) -> Stopping:
        """The method's own."""
        return Stopping(1e-8, 1000)

    @property
    def stopping(self) -> Stopping:
        """As set, or else the method's own."""
        own = self.own_stopping
        return Stopping(
            self.tolerance or own.tolerance, self.max_iterations or own.max_iterations, own.decides
        )


def within_reach(smoother: Smoother, marginal: Vector) -> Vector:
    """bool [bins] (or [bins, bandwidths]): the bins that a contact's kernel gets to."""
    reach = smoother.smooth(marginal)
    return reach > NOISE * reach.max()


def curve_noise(
    operator: Operator, smoother: Smoother, u: Vector, mean: Any, settings: KernelSettings
) -> Vector:
    """Relative variance of h = S A S^T u by the noise of the contacts that it is a mean of.

    With v = S^T u that of A v is A v^2. Two things are left out, which nearly make up for each
    other: a contact within reach of the kernel counts at both its ends, and the balance takes
    back part of what noise does to a stretch of bins. A bootstrap finds errors .8 to 1 times these.
    """
    blurred = smoother.spread(u)
    return u * u * smoother.variance(operator.product(blurred * blurred)) / mean**2


def solve_by(step: Step, noise: Noise) -> Callable[[Problem, Any], Solution]:
    """The solver of a kernel method, from its step and the noise of what that leads to."""

    def solve(problem: Problem, settings: KernelSettings) -> Solution:
        return _solve(problem, settings, step, noise)

    return solve


def _solve(problem: Problem, settings: KernelSettings, step: Step, noise: Noise) -> Solution:
    """Weights whose mean balanced row sum is one; the rows do not each sum to one."""
    operator, chromosomes = problem.operator, problem.chromosomes()
    xp, note = operator.xp, ""
    if problem.bandwidth is not None:
        bandwidth, note = problem.bandwidth
    else:
        bandwidth = float(settings.bandwidth)
    widest = max(chromosomes, key=lambda chromosome: len(chromosome.kept))
    smoother = settings.smoother(chromosomes, bandwidth, problem.marginal, xp)
    mean = problem.marginal.sum() / operator.size
    within = to_numpy(within_reach(smoother, problem.marginal))
    dropped = None if within.all() or settings.everywhere else ~within
    if dropped is not None:
        operator = operator.restricted(within)
        smoother = settings.smoother(fewer(chromosomes, within), bandwidth, operator.ones(), xp)
        mean = problem.marginal.sum() / operator.size

    stopping = settings.stopping
    u = operator.ones()
    status, cause, reason = Status.NOT_CONVERGED, Cause.LIMIT, note
    iteration = 0
    while iteration < stopping.max_iterations:
        iteration += 1
        sums = step(operator, smoother, u, mean, settings)
        largest, _ = problem.record(iteration, sums, 1.0)
        if not isfinite(largest):
            words = (
                f"the weights ran off to zero or infinity after {counted(iteration, 'iteration')}"
            )
            return Solution(u, Status.FAILED, iteration, Cause.DIVERGED, words, dropped=dropped)
        if largest < stopping.tolerance:
            status, cause = Status.CONVERGED, Cause.NONE
            break
        u = u / xp.sqrt(sums)
    else:
        words = not_enough(stopping.max_iterations, "iteration")
        reason = f"{words}: smoothed row sums still differ by up to {largest:.2g} from one"
        reason = f"{reason}; {note}" if note else reason
    row_sums = u * operator.product(u)
    total = row_sums.mean()
    return Solution(
        u / xp.sqrt(total),
        status,
        iteration,
        cause,
        reason,
        dropped=dropped,
        dropped_reason="no contact within reach of the kernel" if dropped is not None else "",
        bandwidth=widest.sigma(bandwidth) * widest.bin_size,
        row_sums=row_sums / total,
        errors=lambda: xp.sqrt(noise(operator, smoother, u, mean, settings)),
    )
