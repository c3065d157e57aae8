"""Settings that every kernel method has, and the bandwidths that a search tries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from numbers import Real
from typing import ClassVar, Union

from counterpoise.contacts.selection import Scope
from counterpoise.errors import ConfigError
from counterpoise.methods.base import MethodSettings, check_diagonal
from counterpoise.methods.kernel.smoothing import Gaussian, Smoother

CV = "cv"  # a bandwidth that cross-validation chooses


NARROWEST = 1.0  # bins


WIDEST = 0.25  # of the chromosome


STEP = 2**0.5  # from one candidate to the next


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
        chromosome by itself (``counterpoise.balancing.cross_validation``).
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
