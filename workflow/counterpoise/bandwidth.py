"""Choosing the bandwidth by cross-validation: Algorithm 5 of arXiv 2506.12626.

The contacts are split in two halves, as independent as the counts are Poisson. The bias that one
half teaches at each bandwidth balances the other, and is the better the more evenly that half's
contacts then lie along the chromosome. Both ways round, over several splits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends import Operator, to_numpy
from counterpoise.bins import base_pairs
from counterpoise.contacts import ContactMap, Contacts, StoredContacts
from counterpoise.errors import ConfigError
from counterpoise.kernel import NOISE, KernelSettings, Score, Step
from counterpoise.parts import Task, chromosome_bins
from counterpoise.selection import Selection
from counterpoise.smoothing import ChromosomeBins

# Candidates that are computed side by side, in passes over the map that they share.
TOGETHER = 8
# Nearer to the solution than the scores of neighbours are to each other.
TOLERANCE = 1e-5
MAX_ITERATIONS = 300


def score(kind: Score, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unevenness of row sums [bins, candidates], each column by itself."""
    shares = sums / sums.sum(axis=0)
    n = len(shares)
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
    bandwidth : as a fraction of the chromosome; 0 is SSK.
    score : mean over splits and both halves; NaN where it was rejected.
    error : standard error of that mean; NaN with fewer than two.
    iterations : most that a half needed.
    rejected : why it was not scored, in words; empty where it was.
    """

    bandwidth: float
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
    """

    label: str
    bins: int
    bin_size: float
    candidates: tuple[Candidate, ...]

    @property
    def best(self) -> int | None:
        """Index of the chosen one, the best score; None where all were rejected."""
        scored = [k for k, candidate in enumerate(self.candidates) if not candidate.rejected]
        return min(scored, key=lambda k: self.candidates[k].score, default=None)

    @property
    def warning(self) -> str:
        """What is to be said where no candidate, or one at an end of those tried, is the best."""
        best = self.best
        if best is None:
            return self.candidates[-1].rejected
        if best == len(self.candidates) - 1:
            return "it is the widest that was tried, so the bias may be smoother still"
        if best and self.candidates[best - 1].rejected:
            return "every narrower one was rejected, so a deeper map might choose one of those"
        return ""

    @property
    def bandwidth(self) -> float | None:
        """The chosen one, as a fraction of the chromosome."""
        return None if self.best is None else self.candidates[self.best].bandwidth

    def words(self) -> str:
        """The choice and its neighbours, in a sentence."""
        if self.best is None:
            return f"no bandwidth could be chosen: {self.warning}"

        def named(candidate: Candidate) -> str:
            return self.named(candidate.bandwidth)

        chosen = self.candidates[self.best]
        told = f"bandwidth {named(chosen)} chosen by cross-validation, score {chosen.score:.3g}"
        near = [
            f"{candidate.score:.3g} at {named(candidate)}"
            for candidate in self.candidates[max(self.best - 1, 0) : self.best + 2]
            if candidate is not chosen and not candidate.rejected
        ]
        told += f" ({', '.join(near)})" if near else ""
        return f"{told}; {self.warning}" if self.warning else told

    def named(self, bandwidth: float) -> str:
        """A bandwidth as people say it, ``250 kb``."""
        if not bandwidth:
            return "0 (SSK)"
        return base_pairs(round(float(f"{bandwidth * self.bins * self.bin_size:.2g}")))


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
    first = rng.binomial(counts.astype(np.int64), 0.5)
    second = counts.astype(np.int64) - first
    return (
        replace(contacts, counts=first.astype(counts.dtype)),
        replace(contacts, counts=second.astype(counts.dtype)),
    )


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
        contacts = _of_part(task.contacts, selection)
        operators = partial(task.operator, selection=selection)
        found.append(
            search(
                contacts, operators, chromosomes, task.method.step, task.settings, selection.label
            )
        )
        progress(f"{selection.label}: {found[-1].words()}")
    return found


def _of_part(contacts: ContactMap, selection: Selection) -> Contacts:
    """The rows of a part alone, in memory, so that no other's contacts are split."""
    lo, hi = selection.lo, selection.hi
    if isinstance(contacts, StoredContacts):
        return contacts.load_rows(lo, hi, hi)
    a, z = contacts.indptr[lo], contacts.indptr[hi]
    indptr = np.clip(contacts.indptr, a, z) - a
    return Contacts(
        contacts.bins, indptr, contacts.columns[a:z], contacts.counts[a:z], contacts.source
    )


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
    tried = settings.candidates(max(len(chromosome.kept) for chromosome in chromosomes))
    scores: list[list[float]] = [[] for _ in tried]
    iterations, rejected = [0] * len(tried), [""] * len(tried)
    for split in range(settings.splits):
        # By the part's name: the same splits whatever other parts there are.
        rng = np.random.default_rng([settings.seed, split, *label.encode()])
        pair = [operator(half) for half in halves(contacts, rng)]
        for learn, hold in (pair, pair[::-1]):
            # Candidates that run off, or find an empty half, are seen to and rejected.
            with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
                _round(
                    learn, hold, chromosomes, tried, step, settings, scores, iterations, rejected
                )
    told = tuple(
        Candidate(
            bandwidth,
            float(np.mean(values)) if not why else np.nan,
            float(np.std(values, ddof=1) / len(values) ** 0.5) if not why else np.nan,
            many,
            why,
        )
        for bandwidth, values, many, why in zip(tried, scores, iterations, rejected, strict=True)
    )
    largest = max(chromosomes, key=lambda chromosome: len(chromosome.kept))
    return Search(label, len(largest.kept), largest.bin_size, told)


def _round(
    learn: Operator,
    hold: Operator,
    chromosomes: Sequence[ChromosomeBins],
    tried: list[float],
    step: Step,
    settings: KernelSettings,
    scores: list[list[float]],
    iterations: list[int],
    rejected: list[str],
) -> None:
    """Learn on one half and score on the other, the widest candidates first.

    The narrower ones start from the solution of their neighbour.
    """
    start: Any = learn.ones()
    order = [number for number in range(len(tried))[::-1] if not rejected[number]]
    for first in range(0, len(order), TOGETHER):
        group = order[first : first + TOGETHER]
        u, needed, why = solutions(
            learn, chromosomes, [tried[k] for k in group], start, step, settings
        )
        values = score(Score(settings.score), to_numpy(u * hold.product(u)))
        for number, value, many, reason in zip(group, values, needed, why, strict=True):
            scores[number].append(float(value))
            iterations[number] = max(iterations[number], many)
            rejected[number] = reason
        if not why[-1]:
            start = u[:, -1]


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
    mean = operator.product(operator.ones()).sum() / operator.size
    stopping = settings.stopping
    tolerance, limit = stopping.tolerance, stopping.max_iterations
    if not stopping.decides:
        tolerance, limit = max(tolerance, TOLERANCE), min(limit, MAX_ITERATIONS)
    # A method that smooths because it is stopped has one start.
    u = xp.stack([xp.ones_like(start) if stopping.decides else start] * len(bandwidths)).T
    needed, why = [0] * len(bandwidths), [""] * len(bandwidths)
    going = list(range(len(bandwidths)))
    for iteration in range(1, limit + 1):
        moving = u[:, going]
        sums = step(operator, smoother.only(going), moving, mean, settings)
        if iteration == 1:
            reached = to_numpy(xp.amin(sums, 0) > NOISE * xp.amax(sums, 0))
        largest = to_numpy(xp.amax(abs(sums - 1), 0))
        u[:, going] = moving / xp.sqrt(sums)
        for k, apart in zip(list(going), largest, strict=True):
            if not reached[k]:
                why[k] = "a bin has no contact of one half within reach of the kernel"
            elif not np.isfinite(apart):
                why[k] = "the weights ran off to zero or infinity"
            elif apart < tolerance:
                needed[k] = iteration
            else:
                continue
            going.remove(k)
        if not going:
            break
    for k, many in enumerate(needed):
        if not many and not why[k]:
            why[k] = f"not converged after {limit} iterations"
    return u, needed, why
