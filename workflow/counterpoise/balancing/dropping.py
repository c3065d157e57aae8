"""``on_failure: drop``: drop the sparsest bins until the others can be balanced."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from counterpoise.backends.vectors import to_numpy
from counterpoise.balancing.attempt import Outcome, attempt
from counterpoise.balancing.support import examine
from counterpoise.balancing.task import Part
from counterpoise.records.facts import DroppingFailed, SparsestDropped, first_names
from counterpoise.records.verdict import Cause

# The percentiles of Juicer's KR (``NormalizationCalculations.getOffset``): bins with row sums up to
# these percentiles of all positive ones are dropped, one percentile after the other. Juicer's bins
# are not always the same.
DROP_PERCENTILES = (1, 2, 3, 4, 10)


def drop_sparsest(part: Part, failed: Outcome) -> Outcome:
    """Drop the sparsest bins, more at each attempt, until the others are balanced.

    Parameters
    ----------
    part : Part
        The part with all its bins that have contacts.
    failed : Outcome
        The attempt at this part.

    Returns
    -------
    Outcome
        The first good one; otherwise ``failed``, with what was tried.
    """
    products = failed.verdict.matvecs
    tried = 0
    for percentile in DROP_PERCENTILES:
        rest = _keep_above(part, percentile, products)
        if rest is not None:
            products = rest.recorder.matvecs
        if rest is None or not rest.selection.kept.any():
            break
        tried = percentile
        if failed.verdict.cause is Cause.DISCONNECTED and _is_disconnected(rest):
            continue  # it would fail again, after as many iterations
        outcome = attempt(rest)
        products = outcome.verdict.matvecs
        if outcome.verdict.status.balanced:
            return _add_dropped(part, rest, outcome, failed, percentile)
    verdict = failed.verdict
    useless = DroppingFailed(tried, none_left=tried < DROP_PERCENTILES[-1])
    return replace(
        failed, verdict=replace(verdict, matvecs=products, facts=(*verdict.facts, useless))
    )


def _keep_above(part: Part, percentile: int, products: int) -> Part | None:
    """Return the part without the bins up to a percentile of row sums.

    Bins that lose all their partners are dropped with them.

    Parameters
    ----------
    part : Part
        The part.
    percentile : int
        Bins with row sums up to this percentile are dropped.
    products : int
        Products spent so far; the new recorder counts on from there.

    Returns
    -------
    Part or None
        None where all bins are at or below the percentile.
    """
    row_sums = part.relative(to_numpy(part.marginal))
    # Apache Commons' percentile, which Juicer calls; bins at the threshold are dropped, too.
    kept = row_sums > np.percentile(row_sums, percentile, method="weibull")
    if not kept.any():
        return None
    recorder = replace(part.recorder, matvecs=products, rows=[])
    return part.restrict(kept, recorder).drop_unconnected()


def _is_disconnected(part: Part) -> bool:
    """Return whether bins that all have contacts form several components."""
    decision = examine(part.task.contacts, part.selection, part.task.examine_limit)
    return (decision.components or 1) > 1


def _add_dropped(
    part: Part, rest: Part, outcome: Outcome, failed: Outcome, percentile: int
) -> Outcome:
    """Add to a good outcome which bins were dropped and why the part failed with them."""
    dropped = np.flatnonzero(part.selection.kept & ~rest.selection.kept)
    fact = SparsestDropped(
        dropped=len(dropped),
        of=part.operator.size,
        bins=first_names(part.task.contacts.bins, dropped + part.selection.lo),
        percentile=percentile,
        before=failed.verdict.facts,
    )
    verdict = replace(
        outcome.verdict,
        dropped=outcome.verdict.dropped + len(dropped),
        drop_percentile=percentile,
        facts=(fact, *outcome.verdict.facts),
    )
    return replace(outcome, verdict=verdict)
