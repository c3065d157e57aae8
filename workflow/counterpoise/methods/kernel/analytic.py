"""Choose the bandwidth whose weights leave new contacts the least uneven; no splits, no seed.

From coarse to fine: first no smoothing, one bin and two, which settles a map with many contacts;
otherwise every second candidate, and then the neighbours of the best. Wide kernels are solved
first, and each solution is the start of the next narrower one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from counterpoise.backends.vectors import Vector
from counterpoise.contacts.bandwidth import Bandwidth
from counterpoise.methods.base import Problem
from counterpoise.methods.fixed_point import Ending
from counterpoise.methods.kernel.along_prior import make_smoother
from counterpoise.methods.kernel.estimator import Estimator, approach, within_reach
from counterpoise.methods.kernel.settings import KernelSettings
from counterpoise.methods.kernel.smoothing import Blocks, Smoother
from counterpoise.methods.kernel.unevenness import (
    Profiles,
    Unevenness,
    estimate_unevenness,
    measure_profiles,
)
from counterpoise.records.search import Candidate
from counterpoise.records.wording import (
    FEW_CONTACTS_IN_REACH,
    NO_CONTACT_IN_REACH,
    WEIGHTS_DIVERGED,
    WEIGHTS_SPAN,
    not_converged_after,
)

# A candidate is solved until the RMS deviation of what its step drives to one is below this: its
# score then differs by less than neighbouring candidates do.
TOLERANCE = 1e-4
MAX_ITERATIONS = 60
# The score is an approximation of second order: not for kernels that cover fewer contacts.
FEWEST_CONTACTS = 20
# Nor for kernels that cover fewer than this at some bin: its estimate then rests on the edge of the
# kernel, and its weight may be off by any factor.
FEWEST_AT_A_BIN = 4
# Without a kernel the map may lack total support. Weights that span more than this, relative to
# those that coverage alone gives, are then on their way to zero and infinity.
LARGEST_SPAN = 1e3
# Standard deviations by which one bin must be worse than none to end the search.
CLEAR = 5.0


@dataclass(frozen=True)
class Trial:
    """A candidate that was solved.

    Attributes
    ----------
    u : Vector
        float64 [bins], its solution.
    estimate : Unevenness
        Its score.
    iterations : int
        Iterations that it took.
    """

    u: Vector
    estimate: Unevenness
    iterations: int


class AnalyticSearch:
    """The search on one part.

    Parameters
    ----------
    problem : Problem
        The part.
    estimator : Estimator
        The method.
    settings : KernelSettings
        Its settings.
    bandwidths : sequence of Bandwidth
        The candidates, the narrowest first.
    profiles : Profiles, optional
        Those of another search on the same part.
    """

    def __init__(
        self,
        problem: Problem,
        estimator: Estimator,
        settings: KernelSettings,
        bandwidths: Sequence[Bandwidth],
        profiles: Profiles | None = None,
    ) -> None:
        self.problem, self.estimator, self.settings = problem, estimator, settings
        self.bandwidths = bandwidths
        self.chromosomes = problem.chromosomes()
        self.mean = float(problem.marginal.sum() / problem.operator.size)
        self.trials: dict[int, Trial] = {}
        self.rejected: dict[int, str] = {}
        self.profiles = profiles

    def run(self) -> int:
        """Look at candidates until the best is known, and return its index."""
        last = len(self.bandwidths) - 1
        if last > 3:
            self._look([0, 1, 3])
            if self._none_is_best():
                return 0
        self._look([0, *range(1, last + 1, 2), last])
        best = self._least()
        if best is None:
            return last
        self._look([best - 1, best + 1])
        return self._widest_alike(self._least() or 0)

    def candidates(self, best: int) -> tuple[Candidate, ...]:
        """Return the candidates that were looked at, the narrowest first.

        Parameters
        ----------
        best : int
            Index of the chosen one.
        """
        looked_at = sorted({*self.trials, *self.rejected})
        return tuple(self._candidate(k, best) for k in looked_at)

    def _candidate(self, k: int, best: int) -> Candidate:
        """Return a candidate for the record."""
        if k in self.rejected:
            return Candidate(self.bandwidths[k], nan, nan, 0, self.rejected[k])
        trial = self.trials[k]
        error = self._difference_error(k, best)
        return Candidate(self.bandwidths[k], trial.estimate.excess.value, error, trial.iterations)

    def _look(self, indices: Iterable[int]) -> None:
        """Solve and score candidates, the widest first, each from its wider neighbour."""
        wanted = {k for k in indices if 0 <= k < len(self.bandwidths)}
        for k in sorted(wanted - {*self.trials, *self.rejected}, reverse=True):
            wider = [other for other in self.trials if other > k]
            start = self.trials[min(wider)].u if wider else self.problem.operator.ones()
            self._try(k, start)

    def _try(self, k: int, start: Vector) -> None:
        """Solve and score one candidate."""
        operator, mean = self.problem.operator, self.mean
        place = (self.settings, self.chromosomes, self.bandwidths[k], start, operator.xp)
        if why := self._refuse(make_smoother(*place), widest=k == len(self.bandwidths) - 1):
            self.rejected[k] = why
            return
        smoother = make_smoother(*place, self.problem.prior)
        state = approach(
            operator,
            smoother,
            start,
            mean,
            self.estimator,
            self.settings,
            lambda state: state.rms < TOLERANCE,
            MAX_ITERATIONS,
        )
        if state.ending is Ending.DIVERGED:
            self.rejected[k] = WEIGHTS_DIVERGED
        elif self._may_lack_support(k) and self._span(smoother, state.u) > LARGEST_SPAN:
            self.rejected[k] = WEIGHTS_SPAN
        elif state.rms > 10 * TOLERANCE:
            self.rejected[k] = not_converged_after(MAX_ITERATIONS)
        else:
            if self.profiles is None:
                self.profiles = measure_profiles(
                    self.problem.sum_by_distance,
                    state.u,
                    mean,
                    len(state.u),
                    self.settings.diagonal,
                )
            own = self.estimator.own_weight
            weight = None if own is None else own(operator, smoother, state.u, mean, self.settings)
            estimate = estimate_unevenness(operator, smoother, state.u, mean, self.profiles, weight)
            self.trials[k] = Trial(state.u, estimate, state.iteration)

    def _may_lack_support(self, k: int) -> bool:
        """Return whether the density has zeros where the map has: without a kernel."""
        return not self.bandwidths[k].value or self.settings.smoother is Blocks

    def _span(self, smoother: Smoother, u: Vector) -> float:
        """Return the span of the weights relative to those that coverage alone gives."""
        relative = u * smoother.smooth(self.problem.marginal) ** 0.5
        return float(relative.max() / relative.min())

    def _refuse(self, smoother: Smoother, widest: bool) -> str:
        """Return why a candidate cannot be scored; empty if it can."""
        reach = smoother.smooth(self.problem.marginal)
        kernel = smoother.variance(self.problem.operator.ones())
        if not within_reach(smoother, self.problem.marginal, TOLERANCE).all():
            return NO_CONTACT_IN_REACH
        if widest:
            return ""
        own_contacts_alone = bool((kernel == 1).all())  # their noise is part of the score
        at_a_bin = not own_contacts_alone and (reach < FEWEST_AT_A_BIN * kernel).any()
        if at_a_bin or self.mean < FEWEST_CONTACTS * float(kernel.mean()):
            return FEW_CONTACTS_IN_REACH
        return ""

    def _none_is_best(self) -> bool:
        """Return whether no smoothing is clearly better than one bin, and that than two."""
        if not {0, 1, 3} <= self.trials.keys():
            return False
        none, one, two = (self.trials[k].estimate.excess.value for k in (0, 1, 3))
        return one - none > CLEAR * self._difference_error(1, 0) and two > one

    def _least(self) -> int | None:
        """Return the candidate with the least score; None where none has one."""
        return min(self.trials, key=lambda k: self.trials[k].estimate.excess.value, default=None)

    def _widest_alike(self, best: int) -> int:
        """Return the widest candidate within the method's tie of the least score."""
        tie, least = self.estimator.tie, self.trials[best].estimate.excess.value
        return max(
            k
            for k, trial in self.trials.items()
            if k == best
            or (
                k > best
                and trial.estimate.excess.value - least < tie * self._difference_error(k, best)
            )
        )

    def _difference_error(self, k: int, best: int) -> float:
        """Return the standard deviation of the difference between two candidates' scores."""
        one, other = self.trials[k].estimate, self.trials[best].estimate
        noise = np.minimum(one.noise, other.noise)
        squares = (noise * (one.row_sums - other.row_sums) ** 2).sum()
        return float(2 * np.sqrt(squares) / len(noise))
