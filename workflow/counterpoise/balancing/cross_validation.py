"""Choose the bandwidth by cross-validation: Algorithm 5 of arXiv 2506.12626.

The contacts are split in two halves, which are independent if the counts are Poisson. The bias
learned from one half at each bandwidth balances the other; the more evenly that half's contacts
then lie along the chromosome, the better the bandwidth. Each half is learned from and held out
once, over several splits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.base import Operator
from counterpoise.backends.vectors import to_numpy
from counterpoise.balancing.scores import FEWEST_GROUPS, find_groups, score, within_groups
from counterpoise.balancing.task import Task
from counterpoise.contacts.bandwidth import Bandwidth
from counterpoise.contacts.chromosomes import (
    ChromosomeBins,
    chromosome_bins,
    restrict_chromosomes,
)
from counterpoise.contacts.contact_map import CHUNK_PIXELS, Contacts, load_rows
from counterpoise.contacts.selection import Scope, Selection
from counterpoise.errors import ConfigError
from counterpoise.methods.kernel.settings import KernelSettings, Score
from counterpoise.methods.kernel.side_by_side import solve_together
from counterpoise.methods.kernel.solver import Step
from counterpoise.records.search import Candidate, Search
from counterpoise.records.wording import NO_CONTACTS, NOTHING_TO_SMOOTH, sentence

# Applies a function to the arguments of each round, as ``map`` does.
RunRounds = Callable[..., Iterable[Any]]

# Candidates that are computed side by side and share passes over the map.
TOGETHER = 8
# Rounds of a split: each half is held out once.
ROUNDS = 2


def choose(candidates: Sequence[Candidate], caution: float, decisive: bool = True) -> int:
    """Choose the candidate with the lowest score plus a number of standard errors.

    Parameters
    ----------
    candidates : sequence of Candidate
        The narrowest first.
    caution : float
        Number of standard errors to add to a score.
    decisive : bool
        Whether scores decide; if not, the widest with a score is chosen.

    Returns
    -------
    int
        Index of the choice; the widest of all where none has a score.
    """
    scored = [k for k, candidate in enumerate(candidates) if not candidate.rejected]
    if not scored:
        return len(candidates) - 1
    if not decisive:
        return scored[-1]
    return min(scored, key=lambda k: candidates[k].score + caution * candidates[k].error)


def split_contacts(contacts: Contacts, rng: np.random.Generator) -> tuple[Contacts, Contacts]:
    """Assign each contact of the upper triangle to one of two maps at random.

    Parameters
    ----------
    contacts : Contacts
        The map.
    rng : numpy.random.Generator
        Source of the random numbers.

    Raises
    ------
    ConfigError
        If counts are not whole numbers, and so cannot be split.
    """
    counts = contacts.counts
    if counts.dtype.kind == "f" and (counts != np.floor(counts)).any():
        raise ConfigError(
            "give a bandwidth, or the raw map: cross-validation cannot choose one, since the "
            "counts are not whole numbers and cannot be split in two."
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
    task : Task
        With the settings of a kernel method.
    selections : sequence of Selection
        The parts.
    progress : callable
        Receives a line of text for each part.
    """
    searches = []
    with ThreadPoolExecutor(ROUNDS) as pool:  # starts its threads when they are first needed
        for selection in selections:
            if not selection.kept.any():
                continue
            search = _search_part(task, selection, pool.map)
            searches.append(search)
            progress(f"{selection.label}: {sentence(search.fact)}")
    return searches


def _search_part(task: Task, selection: Selection, run_rounds: RunRounds) -> Search:
    """Choose the bandwidth of one part; without a search where there is nothing to choose."""
    assert isinstance(task.settings, KernelSettings)
    assert task.method.step is not None
    chromosomes = chromosome_bins(task.contacts.bins, selection)
    if np.count_nonzero(selection.kept) < 2 or not selection.holds_pixels:
        return _without_search(chromosomes, selection.label)
    # Other parts' contacts, and those with them, are not split.
    contacts = load_rows(task.contacts, selection.lo, selection.hi, selection.hi)
    if not _has_contacts(contacts, selection):
        return _without_search(chromosomes, selection.label)
    return search_bandwidth(
        contacts,
        partial(task.operator, selection=selection),
        chromosomes,
        task.method.step,
        task.settings,
        selection.label,
        selection.lo,
        run_rounds,
    )


def _without_search(chromosomes: Sequence[ChromosomeBins], label: str) -> Search:
    """Return no smoothing: the part has a single bin, or no contacts."""
    none = Candidate(Bandwidth(0.0), Bandwidth(0.0), np.nan, np.nan, 0, NOTHING_TO_SMOOTH)
    largest = _largest(chromosomes)
    return Search(label, len(largest.kept), largest.bin_size, (none,), 0)


def _has_contacts(contacts: Contacts, selection: Selection) -> bool:
    """Return whether any contact of a part counts; ``contacts`` holds those of the part alone."""
    lo, kept = selection.lo, selection.kept
    chromosome = contacts.bins.chromosome_ids if selection.scope is Scope.TRANS else None
    for begin in range(0, contacts.nnz, CHUNK_PIXELS):
        entries = np.arange(begin, min(begin + CHUNK_PIXELS, contacts.nnz))
        rows = np.searchsorted(contacts.indptr, entries, side="right") - 1
        columns = contacts.columns[entries].astype(np.int64)
        counts = kept[rows - lo] & kept[columns - lo]
        counts &= selection.is_far(rows - lo, columns - lo)
        if chromosome is not None:
            counts &= chromosome[rows] != chromosome[columns]
        if counts.any():
            return True
    return False


@dataclass
class _Trial:
    """A candidate while it is tried: its scores so far, or why it was rejected."""

    bandwidth: Bandwidth
    full_bandwidth: Bandwidth
    scores: list[float] = field(default_factory=list)
    iterations: int = 0
    rejected: str = ""

    def add(self, value: float, iterations: int, rejected: str) -> None:
        """Add the result of one round."""
        self.scores.append(value)
        self.iterations = max(self.iterations, iterations)
        self.rejected = self.rejected or rejected

    def candidate(self) -> Candidate:
        """Return the candidate with the mean of its scores."""
        if self.rejected:
            return Candidate(self.bandwidth, self.full_bandwidth, np.nan, np.nan, 0, self.rejected)
        error = float(np.std(self.scores, ddof=1) / len(self.scores) ** 0.5)
        mean = float(np.mean(self.scores))
        return Candidate(self.bandwidth, self.full_bandwidth, mean, error, self.iterations)


def _start_trials(chromosomes: Sequence[ChromosomeBins], settings: KernelSettings) -> list[_Trial]:
    """Return the candidates of a part, the narrowest first."""
    largest = _largest(chromosomes)
    fractions = settings.candidates(len(largest.kept))
    if len(chromosomes) == 1:
        bandwidths = [Bandwidth(fraction) for fraction in fractions]
    else:  # the same length on each of them, not the same fraction
        length = len(largest.kept) * largest.bin_size
        bandwidths = [Bandwidth.from_base_pairs(fraction * length) for fraction in fractions]
    factor = settings.full_map_factor
    return [_Trial(bandwidth, bandwidth.scale(factor)) for bandwidth in bandwidths]


def _largest(chromosomes: Sequence[ChromosomeBins]) -> ChromosomeBins:
    """Return the chromosome with the most bins."""
    return max(chromosomes, key=lambda chromosome: len(chromosome.kept))


def search_bandwidth(
    contacts: Contacts,
    make_operator: Callable[[Contacts], Operator],
    chromosomes: Sequence[ChromosomeBins],
    step: Step,
    settings: KernelSettings,
    label: str,
    first_bin: int = 0,
    run_rounds: RunRounds = map,
) -> Search:
    """Try every candidate on one part.

    Parameters
    ----------
    contacts : Contacts
        The part's contacts.
    make_operator : callable
        Makes the operator of the part, on its kept bins, from contacts.
    chromosomes : sequence of ChromosomeBins
        The part's chromosomes.
    step : Step
        The method's step.
    settings : KernelSettings
        The method's settings.
    label : str
        Name of the part, so that its splits are the same whatever other parts there are.
    first_bin : int
        First bin of the part.
    run_rounds : callable
        Runs both rounds of a split on a CPU: ``map`` one after the other, that of an executor at
        once, since much of the time goes into single-threaded transforms.
    """
    trials = _start_trials(chromosomes, settings)
    kept = np.concatenate([chromosome.kept for chromosome in chromosomes])
    groups, several_bins = np.empty(0, np.intp), False
    for split in range(settings.splits):
        rng = np.random.default_rng([settings.seed, split, *label.encode()])
        maps = split_contacts(contacts, rng)
        halves = [make_operator(half) for half in maps]
        if not split:
            groups = find_groups(halves)
            # In groups of one bin, no contact counts at both ends.
            several_bins = Score(settings.score) is Score.EXCESS and groups[-1] + 1 < len(groups)
        inner: list[Operator | None] = [None, None]
        if several_bins:
            inner = [make_operator(within_groups(half, groups, kept, first_bin)) for half in maps]
        run = run_rounds if halves[0].xp is np else map
        _score_split(trials, halves, inner, chromosomes, groups, step, settings, run)
    candidates = tuple(trial.candidate() for trial in trials)
    decisive = not several_bins or groups[-1] + 1 >= FEWEST_GROUPS
    best = choose(candidates, settings.caution, bool(decisive))
    largest = _largest(chromosomes)
    return Search(label, len(largest.kept), largest.bin_size, candidates, best)


def _score_split(
    trials: Sequence[_Trial],
    halves: Sequence[Operator],
    inner: Sequence[Operator | None],
    chromosomes: Sequence[ChromosomeBins],
    groups: NDArray[np.intp],
    step: Step,
    settings: KernelSettings,
    run_rounds: RunRounds,
) -> None:
    """Score one split, each half being held out once, on chromosomes with contacts in both."""
    present = np.logical_and(*(_has_chromosome(half, chromosomes) for half in halves))
    if not present.all():
        halves = [half.restrict(present) for half in halves]
        inner = [half and half.restrict(present) for half in inner]
    active = [trial for trial in trials if not trial.rejected]
    score_round = partial(
        _score_round,
        restrict_chromosomes(chromosomes, present),
        [trial.bandwidth for trial in active],
        step,
        settings,
        groups[present],
    )
    for results in run_rounds(score_round, halves, halves[::-1], inner[::-1]):
        for trial, result in zip(active, results, strict=True):
            trial.add(*result)


def _has_chromosome(half: Operator, chromosomes: Sequence[ChromosomeBins]) -> NDArray[np.bool_]:
    """Return whether each bin's chromosome has contacts; True for all bins where none has."""
    marginal = to_numpy(half.product(half.ones()))
    ends = np.cumsum([np.count_nonzero(chromosome.kept) for chromosome in chromosomes])
    present = np.concatenate(
        [np.full(len(sums), sums.any()) for sums in np.split(marginal, ends[:-1])]
    )
    return present if present.any() else ~present


def _score_round(
    chromosomes: Sequence[ChromosomeBins],
    bandwidths: list[Bandwidth],
    step: Step,
    settings: KernelSettings,
    groups: NDArray[np.intp],
    learn: Operator,
    held_out: Operator,
    inner: Operator | None,
) -> list[tuple[float, int, str]]:
    """Learn from one half and score on the other.

    The widest bandwidths come first; narrower ones start from the solution of their neighbour.

    Parameters
    ----------
    chromosomes, bandwidths, step, settings, groups : various
        What both rounds of a split have in common.
    learn : Operator
        The half to learn from.
    held_out, inner : Operator
        All contacts of the other half, and those within groups of bins.

    Returns
    -------
    list of (float, int, str)
        For each bandwidth the score, the iterations and why it is rejected.
    """
    start: Any = learn.ones()
    results: list[tuple[float, int, str]] = []
    for end in range(len(bandwidths), 0, -TOGETHER):
        group = bandwidths[max(end - TOGETHER, 0) : end]
        u, iterations, rejected = solve_together(learn, chromosomes, group, start, step, settings)
        with np.errstate(all="ignore"):  # rejected ones may be infinite
            sums, noise = (v * held_out.product(v) for v in (u, u * u))
            if inner is not None:
                noise = noise + u * u * inner.product(u * u)
            values = score(Score(settings.score), to_numpy(sums), to_numpy(noise), groups)
        rejected = [
            reason or ("" if np.isfinite(value) else NO_CONTACTS)
            for reason, value in zip(rejected, values, strict=True)
        ]
        results = [*zip(values.tolist(), iterations, rejected, strict=True), *results]
        if not rejected[0]:
            start = u[:, 0]
    return results
