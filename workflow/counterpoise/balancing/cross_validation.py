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

from counterpoise.backends.base import Operator
from counterpoise.backends.vectors import to_numpy
from counterpoise.balancing.parts import Task
from counterpoise.contacts.chromosomes import ChromosomeBins, chromosome_bins, restrict_chromosomes
from counterpoise.contacts.contact_map import CHUNK_PIXELS, Contacts, load_rows
from counterpoise.contacts.selection import Selection
from counterpoise.errors import ConfigError
from counterpoise.methods.kernel.settings import KernelSettings, Score
from counterpoise.methods.kernel.solver import Step, within_reach
from counterpoise.records.search import Candidate, Search

# Candidates that are computed side by side, in passes over the map that they share.
TOGETHER = 8
# Nearer to the solution than the scores of neighbours are to each other.
TOLERANCE = 1e-5
MAX_ITERATIONS = 300
# The score ``excess`` looks at runs of bins that have so many contacts on average, and where there
# are fewer than so many runs, at nothing: a variance of two or three numbers is chance.
CONTACTS, FEWEST_RUNS = 20, 5


def score(
    kind: Score,
    sums: NDArray[np.float64],
    noise: NDArray[np.float64],
    runs: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Unevenness of row sums [bins, candidates], each column by itself.

    Parameters
    ----------
    noise : their Poisson variance, of the same shape, such that the sum over a run is the variance
        of that of its row sums; ``excess`` takes it off, and can so be below zero.
    runs : int [bins], ascending, the run of bins that each is in; for ``excess`` alone.
    """
    n = len(sums)
    if kind is Score.EXCESS:
        starts = np.concatenate([[0], np.flatnonzero(np.diff(runs)) + 1])
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


def choose(candidates: Sequence[Candidate], caution: float, telling: bool = True) -> int:
    """Index of the candidate with the least score, plus so many times its standard error.

    The widest of those scored where scores are not ``telling``, and of all where none has one.
    """
    scored = [k for k, candidate in enumerate(candidates) if not candidate.rejected]
    if not scored:
        return len(candidates) - 1
    if not telling:
        return scored[-1]
    return min(scored, key=lambda k: candidates[k].score + caution * candidates[k].error)


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
    for begin in range(0, len(counts), CHUNK_PIXELS):
        piece = slice(begin, begin + CHUNK_PIXELS)
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
        contacts = load_rows(task.contacts, selection.lo, selection.hi, selection.hi)
        operators = partial(task.operator, selection=selection)
        step, settings = task.method.step, task.settings
        label, first_bin = selection.label, selection.lo
        found.append(search(contacts, operators, chromosomes, step, settings, label, first_bin))
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
    first_bin: int = 0,
) -> Search:
    """Try every candidate on one part.

    Parameters
    ----------
    contacts : of the part.
    operator : makes the operator of the part from a map, on its kept bins.
    chromosomes : of the part.
    step : the method's.
    first_bin : of the part.
    """
    largest = max(chromosomes, key=lambda chromosome: len(chromosome.kept))
    n, unit = len(largest.kept), 1.0
    if len(chromosomes) > 1:
        # The same length on each of them, not the same share.
        unit = n * largest.bin_size
    widths = [fraction * unit for fraction in settings.candidates(n)]
    # Below one it would be a fraction.
    least = 1.0 if unit > 1 else 0.0
    tried = [
        _Tried(width, max(width * settings.full_map_factor, min(width, least))) for width in widths
    ]
    kept = np.concatenate([chromosome.kept for chromosome in chromosomes])
    runs, longer = np.empty(0, np.intp), False
    for split in range(settings.splits):
        # By the part's name: the same splits whatever other parts there are.
        rng = np.random.default_rng([settings.seed, split, *label.encode()])
        maps = halves(contacts, rng)
        both = [operator(half) for half in maps]
        if not split:
            runs = _runs(both)
            # In runs of one bin there is nothing that counts twice.
            longer = Score(settings.score) is Score.EXCESS and runs[-1] + 1 < len(runs)
        inner: list[Operator | None] = [None, None]
        if longer:
            inner = [operator(within_runs(half, runs, kept, first_bin)) for half in maps]
        there = np.logical_and(*(_chromosomes_in(half, chromosomes) for half in both))
        if not there.all():
            both = [half.restrict(there) for half in both]
            inner = [half and half.restrict(there) for half in inner]
        left = [candidate for candidate in tried if not candidate.rejected]
        widths = [candidate.bandwidth for candidate in left]
        here = restrict_chromosomes(chromosomes, there)
        score_by = partial(_round, here, widths, step, settings, runs[there])
        # On a CPU both at once: much of the time is spent in transforms of one thread.
        with ThreadPoolExecutor(2 if both[0].xp is np else 1) as pool:
            rounds = pool.map(score_by, both, both[::-1], inner[::-1])
        for results in rounds:
            for candidate, (value, iterations, rejected) in zip(left, results, strict=True):
                candidate.scores.append(value)
                candidate.iterations = max(candidate.iterations, iterations)
                candidate.rejected = candidate.rejected or rejected
    candidates = tuple(each.told() for each in tried)
    telling = not longer or runs[-1] + 1 >= FEWEST_RUNS
    best = choose(candidates, settings.caution, telling)
    return Search(label, n, largest.bin_size, candidates, best)


def _runs(both: Sequence[Operator]) -> NDArray[np.intp]:
    """int [bins], the run that each is in, from both halves of a map: the same for every split."""
    size = both[0].size
    total = sum(float(half.product(half.ones()).sum()) for half in both)
    contacts = total / 2 / size  # of a bin, in a half
    width = max(int(np.ceil(CONTACTS / contacts)), 1) if contacts > 0 else size
    return np.arange(size) // min(width, size)


def within_runs(
    contacts: Contacts, runs: NDArray[np.intp], kept: NDArray[np.bool_], first_bin: int
) -> Contacts:
    """The contacts between two bins of one run: in the run's row sum each counts at both ends.

    So its variance there is four times its count, of which the row sums' own hold two.

    Parameters
    ----------
    runs : int [kept bins of the part].
    kept : bool [bins of the part].
    first_bin : of the part.
    """
    of_bin = np.full(len(kept), -1)
    of_bin[kept] = runs
    rows, columns = contacts.rows - first_bin, contacts.columns.astype(np.int64) - first_bin
    inside = (columns < len(kept)) & (rows != columns)
    inside[inside] = of_bin[rows[inside]] == of_bin[columns[inside]]
    sizes = np.bincount(contacts.rows[inside], minlength=len(contacts.bins))
    return replace(
        contacts,
        indptr=np.concatenate([[0], np.cumsum(sizes)]),
        columns=contacts.columns[inside],
        counts=contacts.counts[inside],
    )


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
    runs: NDArray[np.intp],
    learn: Operator,
    hold: Operator,
    inner: Operator | None,
) -> list[tuple[float, int, str]]:
    """Learn on one half and score on the other; score, iterations, and why it is rejected.

    The widest go first, and the narrower ones start from the solution of their neighbour.

    Parameters
    ----------
    hold, inner : all contacts of the half that is held out, and those within runs of bins.
    """
    start: Any = learn.ones()
    found: list[tuple[float, int, str]] = []
    for end in range(len(bandwidths), 0, -TOGETHER):
        group = bandwidths[max(end - TOGETHER, 0) : end]
        u, needed, why = solutions(learn, chromosomes, group, start, step, settings)
        with np.errstate(all="ignore"):  # of those that are rejected
            sums, noise = (v * hold.product(v) for v in (u, u * u))
            if inner is not None:
                noise = noise + u * u * inner.product(u * u)
            values = score(Score(settings.score), to_numpy(sums), to_numpy(noise), runs)
        why = [
            reason or ("" if np.isfinite(value) else "one half has no contacts")
            for reason, value in zip(why, values, strict=True)
        ]
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
    needed, why = [0] * len(bandwidths), [""] * len(bandwidths)
    if not settings.positive_everywhere:
        reached = to_numpy(within_reach(smoother, xp.stack([marginal] * len(bandwidths)).T))
        beyond = "a bin has no contact of one half within reach of the kernel"
        why = ["" if column.all() else beyond for column in reached.T]
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
