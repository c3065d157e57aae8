"""Learn from a map how far a prior applies to it: one strength for all of its parts.

A chromosome of a hundred bins cannot tell the strength: on yeast and on mouse chromosomes at 1 Mb
a strength for each of them leaves the excess of held-out contacts higher than one for the genome
(``benchmarks.kernel_density.prior``). The expected excess at each strength is therefore averaged
over the bins of all parts. A prior must be worth one standard deviation of the difference from none
at all. If it is, the least strength is taken within a quarter of one from the best, the tie of
``kde_eb`` between bandwidths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from counterpoise.balancing.prior import Prior
from counterpoise.balancing.task import Task, open_part
from counterpoise.contacts.selection import Selection
from counterpoise.methods.base import PriorRating
from counterpoise.methods.kernel.strength import STRENGTHS
from counterpoise.records.prior import PriorUse, RatedStrength
from counterpoise.records.wording import prior_reason

# Standard deviations by which a prior must be better than none, and within which strengths are
# equal.
CLEAR, TIE = 1.0, 0.25


def borrow_strength(
    task: Task, selections: Sequence[Selection], prior: Prior
) -> tuple[Task, PriorUse]:
    """Return the task with the prior, and how it is used.

    Parameters
    ----------
    task : Task
        The map and a method that takes a prior.
    selections : sequence of Selection
        Its parts.
    prior : Prior
        The bias of the bins by other maps.

    Raises
    ------
    ConfigError
        If the values of the map are not counts.
    """
    log_bias = np.asarray(prior.log_bias, dtype=np.float64)
    has_prior = np.isfinite(log_bias)
    bins = sum(
        int(np.count_nonzero(part.kept & has_prior[part.lo : part.hi])) for part in selections
    )
    use = PriorUse(prior.sources, bins, 0.0, None, 0, ())
    if bins:
        task = replace(task, log_bias=log_bias)
        rated = [_rate(task, selection) for selection in selections]
        ratings = [rating for rating, _ in rated if rating is not None]
        use = replace(use, matvecs=sum(matvecs for _, matvecs in rated))
        if ratings:
            use = _choose(use, ratings)
    task.progress(prior_reason(use))
    return replace(task, strength=use.strength), use


def _rate(task: Task, selection: Selection) -> tuple[PriorRating | None, int]:
    """Rate the strengths on one part, and count the products."""
    assert task.method.rate_prior is not None
    if not selection.holds_pixels:
        return None, 0
    part = open_part(task, task.contacts, selection)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore", under="ignore"):
        rating = task.method.rate_prior(part.problem(), task.settings)
    return rating, part.recorder.matvecs


def _choose(use: PriorUse, ratings: Sequence[PriorRating]) -> PriorUse:
    """Choose the strength by all rated parts; the first one is no use of the prior."""
    bins = sum(rating.bins for rating in ratings)
    excess = np.sum([rating.bins * rating.excess for rating in ratings], axis=0) / bins
    best = int(np.argmin(excess))
    errors = 2 * np.sqrt(np.sum([rating.squares[best] for rating in ratings], axis=0)) / bins
    worse = excess - excess[best]
    chosen = 0 if worse[0] <= CLEAR * errors[0] else int(np.argmax(worse <= TIE * errors))
    information = float(sum(rating.information[chosen] for rating in ratings))
    candidates = zip(STRENGTHS, excess.tolist(), errors.tolist(), strict=True)
    return replace(
        use,
        strength=STRENGTHS[chosen],
        error=information**-0.5 if information > 0 else None,
        candidates=tuple(RatedStrength(*each) for each in candidates),
    )
