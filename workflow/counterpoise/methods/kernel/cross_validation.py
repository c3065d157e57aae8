"""Choose the bandwidth by cross-validation: Algorithm 5 of arXiv 2506.12626.

The contacts are split in two halves, which are independent if the counts are Poisson. The bias
learned from one half at each bandwidth balances the other; the more evenly that half's contacts
then lie along the chromosome, the better the bandwidth. Each half is learned from and held out
once, over several splits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import nan

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.base import Operator
from counterpoise.backends.vectors import to_numpy
from counterpoise.contacts.bandwidth import Bandwidth
from counterpoise.contacts.chromosomes import ChromosomeBins, restrict_chromosomes
from counterpoise.contacts.contact_map import CHUNK_PIXELS, Contacts
from counterpoise.methods.base import PartPrior, Problem
from counterpoise.methods.fixed_point import Ending
from counterpoise.methods.kernel.along_prior import make_smoother
from counterpoise.methods.kernel.estimator import Estimator, approach, within_reach
from counterpoise.methods.kernel.settings import KernelSettings, Score
from counterpoise.records.search import Candidate
from counterpoise.records.wording import (
    NO_CONTACT_IN_REACH,
    NO_CONTACTS,
    WEIGHTS_DIVERGED,
    not_converged_after,
)

# This tolerance moves a score by less than neighbouring candidates differ.
TOLERANCE = 1e-5
MAX_ITERATIONS = 300


def cross_validate(
    problem: Problem,
    estimator: Estimator,
    settings: KernelSettings,
    bandwidths: Sequence[Bandwidth],
) -> tuple[tuple[Candidate, ...], int]:
    """Try every candidate on one part.

    Parameters
    ----------
    problem : Problem
        The part.
    estimator : Estimator
        The method.
    settings : KernelSettings
        Its settings: the score, the number of splits and the seed.
    bandwidths : sequence of Bandwidth
        The candidates, the narrowest first.

    Returns
    -------
    candidates : tuple of Candidate
        With their mean scores.
    best : int
        Index of the one with the lowest score; of the widest, if none has one.
    """
    trials = [_Trial(bandwidth) for bandwidth in bandwidths]
    chromosomes = problem.chromosomes()
    for split in range(settings.splits):
        # The same splits whatever other parts there are.
        rng = np.random.default_rng([settings.seed, split, *problem.record.part.encode()])
        halves = [problem.operator_of(half) for half in split_contacts(problem.load(), rng)]
        present = np.logical_and(*(_has_chromosome(half, chromosomes) for half in halves))
        if not present.all():
            halves = [half.restrict(present) for half in halves]
        places = restrict_chromosomes(chromosomes, present)
        prior = problem.prior and problem.prior.restrict(present)
        for learn, held_out in (halves, halves[::-1]):
            _score_round(trials, places, learn, held_out, estimator, settings, prior)
    candidates = tuple(trial.candidate() for trial in trials)
    return candidates, choose(candidates)


def choose(candidates: Sequence[Candidate]) -> int:
    """Return the index of the candidate with the lowest score; of the widest if none has one.

    Parameters
    ----------
    candidates : sequence of Candidate
        The narrowest first.
    """
    scored = [k for k, candidate in enumerate(candidates) if not candidate.rejected]
    return min(scored, key=lambda k: candidates[k].score, default=len(candidates) - 1)


def split_contacts(contacts: Contacts, rng: np.random.Generator) -> tuple[Contacts, Contacts]:
    """Assign each contact of the upper triangle to one of two maps at random.

    Parameters
    ----------
    contacts : Contacts
        The map.
    rng : numpy.random.Generator
        Source of the random numbers.
    """
    counts = contacts.counts
    first = np.empty_like(counts)
    for begin in range(0, len(counts), CHUNK_PIXELS):
        piece = slice(begin, begin + CHUNK_PIXELS)
        first[piece] = rng.binomial(counts[piece].astype(np.int64), 0.5)
    return replace(contacts, counts=first), replace(contacts, counts=counts - first)


def score(kind: Score, sums: NDArray[np.float64]) -> float:
    """Score the unevenness of held-out row sums; the lower, the more even.

    Parameters
    ----------
    kind : Score
        The score; any but ``unevenness``.
    sums : ndarray of float64, shape (bins,)
        Balanced row sums.
    """
    n = len(sums)
    shares = sums / sums.sum()
    if kind is Score.KL:
        # x log x is zero at zero.
        return float((shares * np.log(np.where(shares > 0, shares * n, 1))).sum())
    if kind is Score.COSINE:
        return float(1 - 1 / np.sqrt(n * (shares**2).sum()))
    # Distance of the cumulative shares from the line at the bins' borders, linear in between.
    distance = np.cumsum(shares) - np.arange(1, n + 1) / n
    before = np.append(0.0, distance[:-1])
    return float((before**2 + before * distance + distance**2).sum() / (3 * n))


@dataclass
class _Trial:
    """A candidate while it is tried: its scores so far, or why it was rejected."""

    bandwidth: Bandwidth
    scores: list[float] = field(default_factory=list)
    iterations: int = 0
    rejected: str = ""

    def candidate(self) -> Candidate:
        """Return the candidate with the mean of its scores."""
        if self.rejected:
            return Candidate(self.bandwidth, nan, nan, 0, self.rejected)
        error = nan
        if len(self.scores) > 1:
            error = float(np.std(self.scores, ddof=1) / len(self.scores) ** 0.5)
        return Candidate(self.bandwidth, float(np.mean(self.scores)), error, self.iterations)


def _has_chromosome(half: Operator, chromosomes: Sequence[ChromosomeBins]) -> NDArray[np.bool_]:
    """Return whether each bin's chromosome has contacts; True for all bins where none has."""
    marginal = to_numpy(half.product(half.ones()))
    ends = np.cumsum([np.count_nonzero(chromosome.kept) for chromosome in chromosomes])
    present = np.concatenate(
        [np.full(len(sums), sums.any()) for sums in np.split(marginal, ends[:-1])]
    )
    return present if present.any() else ~present


def _score_round(
    trials: Sequence[_Trial],
    chromosomes: Sequence[ChromosomeBins],
    learn: Operator,
    held_out: Operator,
    estimator: Estimator,
    settings: KernelSettings,
    prior: PartPrior | None,
) -> None:
    """Learn from one half and score on the other, the widest bandwidth first.

    Narrower ones start from the solution of their neighbour, except for a method that smooths
    because it is stopped: it always starts from one.
    """
    stopping = settings.stopping
    tolerance, limit = stopping.tolerance, stopping.max_iterations
    if not stopping.decides:
        tolerance, limit = max(tolerance, TOLERANCE), min(limit, MAX_ITERATIONS)
    marginal = learn.product(learn.ones())
    mean = marginal.sum() / learn.size
    start = learn.ones()
    for trial in reversed(trials):
        if trial.rejected:
            continue
        smoother = make_smoother(settings, chromosomes, trial.bandwidth, start, learn.xp, prior)
        if (
            not settings.positive_everywhere
            and not within_reach(smoother, marginal, tolerance).all()
        ):
            trial.rejected = NO_CONTACT_IN_REACH
            continue
        state = approach(
            learn,
            smoother,
            learn.ones() if stopping.decides else start,
            mean,
            estimator,
            settings,
            lambda state: state.largest < tolerance,
            limit,
        )
        if state.ending is Ending.DIVERGED:
            trial.rejected = WEIGHTS_DIVERGED
        elif state.ending is Ending.LIMIT and not stopping.decides:
            trial.rejected = not_converged_after(limit)
        else:
            start = state.u
            value = score(Score(settings.score), to_numpy(state.u * held_out.product(state.u)))
            trial.scores.append(value)
            trial.iterations = max(trial.iterations, state.iteration)
            trial.rejected = "" if np.isfinite(value) else NO_CONTACTS
