"""Settings of kernel methods, and the bandwidths that are tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from numbers import Real
from typing import ClassVar, Union

from counterpoise.contacts.selection import Scope
from counterpoise.errors import ConfigError
from counterpoise.methods.base import (
    ExtraMemory,
    MethodSettings,
    require_choice,
    require_diagonal,
)
from counterpoise.methods.fixed_point import Solver
from counterpoise.methods.kernel.smoothing import Gaussian, Smoother
from counterpoise.records.wording import UNEVENNESS

AUTO_BANDWIDTH = "auto"  # the bandwidth is chosen by a score
NARROWEST = 1.0  # bins
WIDEST = 0.25  # fraction of the chromosome
STEP = 2**0.5  # ratio of a candidate to the one before
CANDIDATE_BYTES = 1200  # for each bin, of all candidates with their row sums; 1,020 were measured


class Score(StrEnum):
    """Measures of how uneven balanced row sums are; lower is better.

    Attributes
    ----------
    UNEVENNESS : str
        The unevenness of new contacts that is expected of the weights, computed from all contacts
        (``counterpoise.methods.kernel.unevenness``). The others are measured on held-out halves.
    CVM : str
        Cramer-von Mises distance (the paper's score) of the cumulative share along the valid bins
        from a straight line. It responds mainly to long waves.
    KL, COSINE : str
        Kullback-Leibler divergence and cosine distance. They weigh every bin equally, noise
        included, so they choose too wide a kernel if contacts are few.
    """

    UNEVENNESS = UNEVENNESS
    CVM = "cvm"
    KL = "kl"
    COSINE = "cosine"


@dataclass(frozen=True)
class Stopping:
    """Stopping rule of a kernel method.

    Attributes
    ----------
    tolerance : float
        Largest relative deviation of the quantity that the step drives to one.
    max_iterations : int
        Largest number of iterations.
    decides : bool
        Whether the rule is part of the method's definition: a later stop gives other weights.
    """

    tolerance: float
    max_iterations: int
    decides: bool = False


@dataclass
class KernelSettings(MethodSettings):
    """Settings of every kernel method.

    Attributes
    ----------
    bandwidth : float or "auto", default "auto"
        Standard deviation of the kernel: a fraction of the chromosome, base pairs, or auto.
        Values below 1 are fractions of each chromosome, values from 1 up are base pairs, and 0
        stands for no smoothing (SSK). With ``auto`` the bandwidth with the best ``score`` is
        chosen for each chromosome separately.
    tolerance : float or None, default None
        Largest relative deviation of what the step drives to one; None stands for 1e-8.
    max_iterations : int or None, default None
        Largest number of iterations; None stands for 1,000.
    solver : {"anderson", "plain"}, default "anderson"
        How the next iterate follows from the last: anderson or plain.
        ``anderson`` combines the last six steps and needs half of the products. Variants that are
        stopped early are ``plain``, since their steps are part of them.
    score : {"unevenness", "cvm", "kl", "cosine"}, default "unevenness"
        What the choice of a bandwidth minimises: unevenness, cvm, kl or cosine.

        - ``unevenness``: the variance that new contacts would have beyond counting, estimated
          from all contacts.
        - ``cvm``: Cramer-von Mises distance, the paper's score, of contacts that were held out.
        - ``kl``, ``cosine``: Kullback-Leibler divergence, cosine distance, likewise.
    splits : int, default 5
        Number of random splits of the contacts for the scores of held-out contacts.
        Each half is held out once, and scores are averaged.
    diagonal : {1, 2}, default 1
        How often a main-diagonal pixel counts in a row sum: 1 as elsewhere, 2 as in the paper.
        The paper sees each pair of ends from both. Without effect if ``ignore_diags`` is above
        zero.
    """

    # Class of the smoother, made from chromosomes, a bandwidth, a vector and its library.
    smoother: ClassVar[Callable[..., Smoother]] = Gaussian

    scope: str = Scope.CIS.value
    ignore_diags: int = 2
    # omegaconf 2.3 reads unions of plain types only in this spelling, and 2000 not as a float
    bandwidth: Union[int, float, str] = AUTO_BANDWIDTH  # noqa: UP007
    tolerance: float | None = None
    max_iterations: int | None = None
    solver: str = Solver.ANDERSON.value
    score: str = Score.UNEVENNESS.value
    splits: int = 5
    diagonal: int = 1

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        super().__post_init__()
        if isinstance(self.bandwidth, Real) and not isinstance(self.bandwidth, bool):
            self.bandwidth = float(self.bandwidth)
        number = isinstance(self.bandwidth, float) and 0 <= self.bandwidth < inf
        if not number and self.bandwidth != AUTO_BANDWIDTH:
            raise ConfigError(
                f"bandwidth is {self.bandwidth!r}; it must be a fraction of the chromosome (below "
                f"1), base pairs, or the word '{AUTO_BANDWIDTH}'."
            )
        if self.score not in list(Score):
            raise ConfigError(f"score is {self.score!r}; it must be one of {', '.join(Score)}.")
        for key in ("tolerance", "max_iterations"):
            if getattr(self, key) is not None:
                self.require_positive(key)
        self.require_integers(splits=1)
        require_diagonal(self.diagonal)
        stopping = self.stopping
        self.tolerance, self.max_iterations = stopping.tolerance, stopping.max_iterations
        require_choice("solver", self.solver, Solver)
        if stopping.decides:
            self.solver = Solver.PLAIN.value

    @property
    def positive_everywhere(self) -> bool:
        """Whether the density is above zero beyond the reach of the kernel as well."""
        return False

    @property
    def analytic(self) -> bool:
        """Whether the formula of the expected unevenness holds for these settings."""
        return True

    @property
    def splits_map(self) -> bool:
        """Whether the choice of the bandwidth splits the map in halves."""
        return self.bandwidth == AUTO_BANDWIDTH and self.score != Score.UNEVENNESS

    @property
    def extra_memory(self) -> ExtraMemory:
        """Halves of the map, or candidates for a bandwidth with their row sums."""
        if self.bandwidth != AUTO_BANDWIDTH:
            return ExtraMemory()
        return ExtraMemory(maps=True) if self.splits_map else ExtraMemory(CANDIDATE_BYTES)

    def candidates(self, n: int) -> list[float]:
        """List the bandwidths that are tried on one chromosome.

        Parameters
        ----------
        n : int
            Number of bins of the chromosome.

        Returns
        -------
        list of float
            Fractions of the chromosome, ascending: zero, then from one bin to a quarter of the
            chromosome in steps of the square root of two. Zero and the quarter only, if the
            quarter is less than a bin.
        """
        bandwidths = [0.0]
        while (sigma := NARROWEST * STEP ** (len(bandwidths) - 1)) <= WIDEST * n:
            bandwidths.append(sigma / n)
        return bandwidths if len(bandwidths) > 1 else [0.0, WIDEST]

    @property
    def default_stopping(self) -> Stopping:
        """The stopping rule for settings that are None."""
        return Stopping(1e-8, 1000)

    @property
    def stopping(self) -> Stopping:
        """The stopping rule: the settings, or the defaults for those that are None."""
        default = self.default_stopping
        return Stopping(
            self.tolerance or default.tolerance,
            self.max_iterations or default.max_iterations,
            default.decides,
        )
