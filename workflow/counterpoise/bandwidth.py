"""Choosing the bandwidth by cross-validation: Algorithm 5 of arXiv 2506.12626.

The contacts are split in two halves, as independent as the counts are Poisson. The bias that one
half teaches at each bandwidth balances the other, and is the better the more evenly that half's
contacts then lie along the chromosome. Both ways round, over several splits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends import Operator, to_numpy
from counterpoise.bins import about
from counterpoise.contacts import PIECE, Contacts, rows_within
from counterpoise.errors import ConfigError
from counterpoise.kernel import KernelSettings, Score, Step, within_reach
from counterpoise.parts import Task, chromosome_bins
from counterpoise.selection import Selection
from counterpoise.smoothing import ChromosomeBins, fewer

# Candidates that are computed side by side, in passes over the map that they share.
TOGETHER = 8
# Nearer to the solution than the scores of neighbours are to each other.
TOLERANCE = 1e-5
MAX_ITERATIONS = 300
CONTACTS = 20  # that a run of bins has on average, for the score ``excess``


def score(
    kind: Score, sums: NDArray[np.float64], noise: NDArray[np.float64], contacts: float
) -> NDArray[np.float64]:
    """Unevenness of row sums [bins, candidates], each column by itself.

    Parameters
    ----------
    noise : their Poisson variance, of the same shape; ``excess`` takes it off, and can so be below
        zero.
    contacts : of a bin, on average.
    """
    n = len(sums)
    if kind is Score.EXCESS:
        width = max(int(np.ceil(CONTACTS / contacts)), 1) if contacts > 0 else n
        starts = np.arange(0, n, width)
        sizes = np.diff([*starts, n])[:, None]
        means = np.add.reduceat(sums, starts) / sizes
        counting = np.add.reduceat(noise, starts) / sizes**2
        mean = sums.mean(axis=0)
        return np.asarray((((means - mean) ** 2 - counting) * sizes).sum(axis=0) / n / mean**2)
    shares = sums / sums.sum(axis=0)
    if kind is Score.KL:
        # x log x is zero at zero.
        return np.asarray((shares * np.log(np.where(shares > 0, shares * n, 1))).sum(axis=0))
    if kind is Score.COSINE:
        return np.asarray(1 - 1 / np.sqrt(n * (shares**2).sum(axis=0)))
    # Distance of the cumulative shares from the line at the bins' borders, linear in between.
    apart = np.cumsum(shares, axis=0) - (np.arange(1, n + 1) / n)[:, None]
    before = np.vstack([np.zeros_like(apart[:1]), apart[:-1]])
    return np.asarray((before**2 + before * apart + apart**2).sum(axis=0) / (3 * n))


@dataclass(frozen=True)
class Candidate:
    """One bandwidth and how it did.

    Attributes
    ----------
    bandwidth : as the setting: a fraction of the chromosome, or base pairs in a part of several
        chromosomes; 0 is SSK.
    whole : the bandwidth for all contacts that it stands for, having been tried on half of them.
    score : mean over splits and both halves; NaN where it was rejected.
    error : standard error of that mean; NaN with fewer than two.
    iterations : most that a half needed.
    rejected : why it was not scored, in words; empty where it was.
    """

    bandwidth: float
    whole: float
    score: float
    error: float
    iterations: int
    rejected: str = ""


@dataclass(frozen=True)
class Search:
    """What came of the search on one part.

    Attributes
    ----------
    label : the chromosome.
    bins, bin_size : its size; base pairs.
    candidates : by bandwidth, the narrowest first.
    best : index of the chosen one; None where all were rejected.
    """

    label: str
    bins: int
    bin_size: float
    candidates: tuple[Candidate, ...]
    best: int | None

    @property
    def warning(self) -> str:
        """What is to be said where no candidate, or one at an end of those tried, is the best."""
        best = self.best
        if best is None:
            return self.candidates[-1].rejected
        if best == 0:
            return "no smoothing is best, as where contacts are many"
        if best == len(self.candidates) - 1:
            return "it is the widest that was tried, so the bias may be smoother still"
        if all(candidate.rejected for candidate in self.candidates[:best]):
            return "every narrower one was rejected, so a deeper map might choose one of those"
        return ""

    @property
    def bandwidth(self) -> float | None:
        """The chosen one for all contacts, as the setting; see ``Candidate``."""
        return None if self.best is None else self.candidates[self.best].whole

    def words(self) -> str:
        """The choice and its neighbours, in a sentence."""
        if self.best is None:
            return f"no bandwidth could be chosen: {self.warning}"
        chosen = self.candidates[self.best]
        told = f"bandwidth {self.named(chosen.whole)} chosen by cross-validation, "
        if chosen.whole != chosen.bandwidth:
            told += f"from {self.named(chosen.bandwidth)} on halves of the contacts, "
        told += f"score {chosen.score:.3g}"
        near = [
            f"{candidate.score:.3g} at {self.named(candidate.bandwidth)}"
            for candidate in self.candidates[max(self.best - 1, 0) : self.best + 2]
            if candidate is not chosen and not candidate.rejected
        ]
        told += f" ({', '.join(near)})" if near else ""
        return f"{told}; {self.warning}" if self.warning else told

    def base_pairs(self, bandwidth: float) -> float:
        """A candidate's bandwidth in base pairs."""
        return bandwidth * self.bins * self.bin_size if bandwidth < 1 else bandwidth

    def named(self, bandwidth: float) -> str:
        """A candidate's bandwidth as people say it, ``250 kb``."""
        return about(self.base_pairs(bandwidth)) if bandwidth else "0 (SSK)"


def choose(candidates: Sequence[Candidate], caution: float) -> int | None:
    """Index of the candidate with the least score, plus so many times its standard error."""
    scored = [k for k, candidate in enumerate(candidates) if not candidate.rejected]

    def bound(k: int) -> float:
        return candidates[k].score + caution * candidates[k].error

    return min(scored, key=bound, default=None)


def halves(contacts: Contacts, rng: np.random.Generator) -> tuple[Contacts, Contacts]:
    """Give each contact of the upper triangle to one of two maps, by the toss of a coin.

    Raises
    ------
    ConfigError : counts that are not whole, and so cannot be split.
    """
    counts = contacts.counts
    if counts.dtype.kind == "f" and (counts != np.floor(counts)).any():
        raise ConfigError(
            "a bandwidth cannot be chosen by cross-validation: the counts are not whole numbers, "
            "so they cannot be split in two; give a bandwidth, or the raw map."
        )
    first = np.empty_like(counts)
    for begin in range(0, len(counts), PIECE):
        piece = slice(begin, begin + PIECE)
        first[piece] = rng.binomial(counts[piece].astype(np.int64), 0.5)
    return replace(contacts, counts=first), replace(contacts, counts=counts - first)


def search_parts(
    task: Task,
    selections: Sequence[Selection],
    progress: Callable[[str], None] = lambda message: None,
) -> list[Search]:
    """Choose a bandwidth for each part that has contacts.

    Parameters
    ----------
    task : with the settings of a kernel method.
    """
    assert isinstance(task.settings, KernelSettings)
    assert task.method.step is not None
    found = []
    for selection in selections:
        if not selection.kept.any():
            continue
        chromosomes = chromosome_bins(task.contacts.bins, selection)
        # No other part's contacts are split, nor those between them.
        contacts = rows_within(task.contacts, selection.lo, selection.hi, selection.hi)
        operators = partial(task.operator, selection=selection)
        found.append(
            search(
                contacts, operators, chromosomes, task.method.step, task.settings, selection.label
            )
        )
        progress(f"{selection.label}: {found[-1].words()}")
    return found


@dataclass
class _Tried:
    """A candidate while it is tried: its scores so far, or why it is given up."""

    bandwidth: float
    whole: float
    scores: list[float] = field(default_factory=list)
    iterations: int = 0
    rejected: str = ""

    def told(self) -> Candidate:
        if self.rejected:
            return Candidate(self.bandwidth, self.whole, np.nan, np.nan, 0, self.rejected)
        error = float(np.std(self.scores, ddof=1) / len(self.scores) ** 0.5)
        mean = float(np.mean(self.scores))
        return Candidate(self.bandwidth, self.whole, mean, error, self.iterations)


def search(
    contacts: Contacts,
    operator: Callable[[Contacts], Operator],
    chromosomes: Sequence[ChromosomeBins],
    step: Step,
    settings: KernelSettings,
    label: str,
) -> Search:
    """Try every candidate on one part.

    Parameters
    ----------
    contacts : of the part.
    operator : makes the operator of the part from a map, on its kept bins.
    chromosomes : of the part.
    step : the method's.
    """
    largest = max(chromosomes, key=lambda chromosome: len(chromosome.kept))
    n, unit = len(largest.kept), 1.0
    if len(chromosomes) > 1:
        # The same length on each of them, not the same share.
        unit = n * largest.bin_size
    widths = [fraction * unit for fraction in settings.candidates(n)]
    # Below one it would be a fraction.
    least = 1.0 if unit > 1 else 0.0
    tried = [_Tried(width, max(width * settings.of_whole, min(width, least))) for width in widths]
    for split in range(settings.splits):
        # By the part's name: the same splits whatever other parts there are.
        rng = np.random.default_rng([settings.seed, split, *label.encode()])
        first, second = (operator(half) for half in halves(contacts, rng))
        there = _chromosomes_in(first, chromosomes) & _chromosomes_in(second, chromosomes)
        if not there.all():
            first, second = first.restricted(there), second.restricted(there)
        left = [candidate for candidate in tried if not candidate.rejected]
        widths = [candidate.bandwidth for candidate in left]
        score_by = partial(_round, fewer(chromosomes, there), widths, step, settings)
        # On a CPU both at once: much of the time is spent in transforms of one thread.
        with ThreadPoolExecutor(2 if first.xp is np else 1) as pool:
            rounds = pool.map(score_by, (first, second), (second, first))
        for results in rounds:
            for candidate, (value, iterations, rejected) in zip(left, results, strict=True):
                candidate.scores.append(value)
                candidate.iterations = max(candidate.iterations, iterations)
                candidate.rejected = candidate.rejected or rejected
    candidates = tuple(each.told() for each in tried)
    best = choose(candidates, settings.caution)
    return Search(label, n, largest.bin_size, candidates, best)


def _chromosomes_in(half: Operator, chromosomes: Sequence[ChromosomeBins]) -> NDArray[np.bool_]:
    """bool [bins], whether a bin's chromosome has contacts; all true where none has."""
    marginal = to_numpy(half.product(half.ones()))
    ends = np.cumsum([np.count_nonzero(chromosome.kept) for chromosome in chromosomes])
    there = np.concatenate([np.full(len(run), run.any()) for run in np.split(marginal, ends[:-1])])
    return there if there.any() else ~there


def _round(
    chromosomes: Sequence[ChromosomeBins],
    bandwidths: list[float],
    step: Step,
    settings: KernelSettings,
    learn: Operator,
    hold: Operator,
) -> list[tuple[float, int, str]]:
    """Learn on one half and score on the other; score, iterations, and why it is rejected.

    The widest go first, and the narrower ones start from the solution of their neighbour.
    """
    start: Any = learn.ones()
    contacts = float(hold.product(start).mean())
    found: list[tuple[float, int, str]] = []
    for end in range(len(bandwidths), 0, -TOGETHER):
        group = bandwidths[max(end - TOGETHER, 0) : end]
        u, needed, why = solutions(learn, chromosomes, group, start, step, settings)
        with np.errstate(all="ignore"):  # of those that are rejected
            sums, noise = (to_numpy(v * hold.product(v)) for v in (u, u * u))
            values = score(Score(settings.score), sums, noise, contacts)
        found = [*zip(values.tolist(), needed, why, strict=True), *found]
        if not why[0]:
            start = u[:, 0]
    return found


def solutions(
    operator: Operator,
    chromosomes: Sequence[ChromosomeBins],
    bandwidths: list[float],
    start: Any,
    step: Step,
    settings: KernelSettings,
) -> tuple[Any, list[int], list[str]]:
    """Solutions [bins, bandwidths] side by side; iterations of each, and why one is rejected."""
    xp = operator.xp
    smoother = settings.smoother(chromosomes, bandwidths, start, xp)
    marginal = operator.product(operator.ones())
    mean = marginal.sum() / operator.size
    stopping = settings.stopping
    tolerance, limit = stopping.tolerance, stopping.max_iterations
    if not stopping.decides:
        tolerance, limit = max(tolerance, TOLERANCE), min(limit, MAX_ITERATIONS)
    # A method that smooths because it is stopped has one start.
    u = xp.stack([xp.ones_like(start) if stopping.decides else start] * len(bandwidths)).T
    reached = to_numpy(within_reach(smoother, xp.stack([marginal] * len(bandwidths)).T))
    beyond = "a bin has no contact of one half within reach of the kernel"
    needed, why = [0] * len(bandwidths), ["" if column.all() else beyond for column in reached.T]
    going = [k for k, reason in enumerate(why) if not reason]
    active = smoother.only(going)
    for iteration in range(1, limit + 1):
        if not going:
            break
        moving = u[:, going]
        # Candidates that run off are seen to and rejected.
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            sums = step(operator, active, moving, mean, settings)
            u[:, going] = moving / xp.sqrt(sums)
        for k, apart in zip(list(going), to_numpy(xp.amax(abs(sums - 1), 0)), strict=True):
            if not np.isfinite(apart):
                why[k] = "the weights ran off to zero or infinity"
            elif apart < tolerance:
                needed[k] = iteration
            else:
                continue
            going.remove(k)
        if len(going) < moving.shape[1]:
            active = smoother.only(going)
    for k, many in enumerate(needed):
        if not many and not why[k]:
            why[k] = f"not converged after {limit} iterations"
    return u, needed, why
