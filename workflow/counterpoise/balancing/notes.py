"""Notes on a map as a whole: larger bins that suit it, or why none do, and captured regions."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from counterpoise.balancing.task import Task
from counterpoise.methods.base import EqualSumsSettings
from counterpoise.records.facts import (
    Concentrated,
    DominantChromosome,
    Empty,
    EmptyCause,
    Fact,
    FewWeights,
    LargeErrors,
    LargerBins,
    Remedies,
    UnevenContacts,
)
from counterpoise.records.verdict import Status, Verdict
from counterpoise.records.wording import part_reason

# So few of the bins with contacts have so many of the contacts in capture Hi-C only: 0.6 or more in
# bins of up to 250 kb, and up to 0.2 in all other maps that were measured
# (``tests/balancing/test_notes.py``). Of fewer bins than the last number nothing is said.
FEW_BINS, MOST_CONTACTS, FEWEST = 0.05, 0.4, 100
# Bins at the ends of three pixels, which outliers may be. These bins are left out, but at most half
# of the few bins.
BINS_OF_PIXELS = 6


def add_notes(verdict: Verdict, task: Task) -> Verdict:
    """Return a verdict with its notes, with which its reason begins.

    Parameters
    ----------
    verdict : Verdict
        The verdict with its fitness.
    task : Task
        What was balanced.
    """
    possible = (task.concentrated or _suggest(verdict, task),)
    notes = tuple(note for note in possible if note is not None)
    reason = " ".join(filter(None, [part_reason(notes), verdict.reason]))
    return replace(verdict, notes=notes, reason=reason)


def _suggest(verdict: Verdict, task: Task) -> LargerBins | DominantChromosome | None:
    """Return the bins that are expected to be fit for use, or the chromosome that rules them out.

    None where too few contacts are not the cause, and where the reason of a part names either.
    """
    causes = [type(cause) for cause in verdict.fitness_causes]
    named = any(_names_size(fact) for part in verdict.parts for fact in part.facts)
    sizes = task.bin_sizes
    if named or sizes is None or not task.contacts.holds_counts or not _has_enough_bins(verdict):
        return None
    # Kernel methods count the scatter of bins about the curve as an error, whatever the contacts.
    counted = LargeErrors in causes and isinstance(task.settings, EqualSumsSettings)
    noisy = not {LargeErrors, FewWeights, UnevenContacts}.isdisjoint(causes)
    if not (counted or (noisy and sizes.are_needed)):
        return None
    return sizes.of_map or (sizes.dominant if task.target is None else None)


def _has_enough_bins(verdict: Verdict) -> bool:
    """Return whether bins are left, or larger ones may be: a filter asked for more contacts."""
    if verdict.status is not Status.EMPTY:
        return True
    few = [cause for cause in verdict.fitness_causes if isinstance(cause, FewWeights)]
    masked = [fact for cause in few for fact in cause.masked]
    empty = [fact for part in verdict.parts for fact in part.facts if isinstance(fact, Empty)]
    causes = {fact.cause for fact in empty} - {EmptyCause.NO_CONTACTS}
    if not masked or causes != {EmptyCause.MASKED}:
        return False
    return max(masked, key=lambda each: each.number).setting in ("min_nnz", "min_count")


def _names_size(fact: Fact) -> bool:
    """Return whether a fact names larger bins, or why there are none."""
    if isinstance(fact, Remedies):
        return fact.larger is not None
    return isinstance(fact, DominantChromosome)


def find_concentration(marginal: NDArray[np.float64]) -> Concentrated | None:
    """Find that few bins have most of the contacts, as those of captured regions have.

    Parameters
    ----------
    marginal : numpy.ndarray
        float64 [bins], the contacts of each bin.

    Returns
    -------
    Concentrated or None
        None for an ordinary map, and where a few pixels have so many.
    """
    contacts = np.sort(marginal[marginal > 0])
    if len(contacts) < FEWEST:
        return None
    few = ceil(FEW_BINS * len(contacts))
    highest = min(BINS_OF_PIXELS, few // 2)
    without_pixels = contacts[:-highest]
    of_others = without_pixels[highest - few :].sum() / without_pixels.sum()
    share = float(contacts[-few:].sum() / contacts.sum())
    return Concentrated(few, len(contacts), share) if of_others > MOST_CONTACTS else None
