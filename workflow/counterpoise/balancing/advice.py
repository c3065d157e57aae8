"""Advice for a part that is not balanced: the remedies that work for it.

A remedy is named only if it works, or can be expected to: bins are isolated only if the others are
then balanced, and larger bins only where contacts are too few, as large as these ask for. A setting
that is set already is not named. There may be no remedy.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.vectors import to_numpy
from counterpoise.balancing.attempt import Outcome
from counterpoise.balancing.bin_size import expect_error, find_dominant
from counterpoise.balancing.isolation import count_bins_in_the_way
from counterpoise.balancing.support import decide
from counterpoise.balancing.task import Part
from counterpoise.contacts.bins import RegionBins
from counterpoise.contacts.selected import selected_pixels
from counterpoise.contacts.selection import Scope
from counterpoise.methods import Balancing
from counterpoise.methods.base import EqualSumsSettings, ExactSettings, MethodSettings, OnFailure
from counterpoise.methods.ice import IceSettings
from counterpoise.records.facts import (
    Balanceable,
    DominantChromosome,
    Fact,
    NotExamined,
    Remedies,
    Remedy,
)
from counterpoise.records.verdict import Cause, PartVerdict


def advise(part: Part, outcome: Outcome, kept: NDArray[np.bool_]) -> Outcome:
    """Begin the reason of a part that is not balanced with what to do.

    There is no advice on a map of captured regions: a note on the whole map says what to do.

    Parameters
    ----------
    part : Part
        The part with all its bins that have contacts.
    outcome : Outcome
        The last attempt at it.
    kept : ndarray of bool, shape (bins of the part,)
        The bins that the mask keeps, with those that have no contacts here.
    """
    verdict = outcome.verdict
    aims_at_equal_sums = isinstance(part.task.settings, EqualSumsSettings)
    if verdict.status.balanced or not aims_at_equal_sums or part.task.concentrated:
        return outcome
    dominant = _find_obstacle(part, verdict)
    remedies = _complete(_find_remedies(part, verdict, kept), part.task.settings)
    first: tuple[Fact, ...] = (remedies,) if remedies.actions else ()
    if dominant is not None:
        first = (*first, dominant)
    return replace(outcome, verdict=replace(verdict, facts=(*first, *verdict.facts)))


def _complete(remedies: Remedies, settings: MethodSettings) -> Remedies:
    """Add what else the method's settings need for the actions.

    Under cooler's rule no bins are isolated. The limit of iterations has the method's own name.
    """
    tolerance, setting = None, ""
    if Remedy.ISOLATE in remedies.actions and _follows_cooler(settings):
        tolerance = float(IceSettings.tolerance)
    if Remedy.MORE_ITERATIONS in remedies.actions:
        names = ("max_iterations", "max_products")
        setting = next((name for name in names if hasattr(settings, name)), "")
    return replace(remedies, tolerance=tolerance, iteration_setting=setting)


def _find_remedies(part: Part, verdict: PartVerdict, kept: NDArray[np.bool_]) -> Remedies:
    """Return what to do, by the cause."""
    has_dominant = _find_obstacle(part, verdict) is not None
    # With contacts weighted by chromosome size, kr would balance another map. With copy numbers it
    # is not known whether there are weights.
    plain = part.selection.factor is None and part.task.target is None
    may_use_kr = plain and not has_dominant
    if verdict.cause is Cause.DISCONNECTED and may_use_kr:
        return Remedies((Remedy.USE_KR,))
    if verdict.cause.structural or has_dominant:
        return _restore_support(part, verdict, kept)
    is_sparse = _expect_error(part) > part.task.limits.error_caution
    if verdict.cause is Cause.DIVERGED:
        settings = _settle(part)
        if is_sparse:
            return _use_larger_bins(part, settings)
        return Remedies(settings or _use_kde_eb(part))
    if is_sparse and any(isinstance(fact, NotExamined) for fact in verdict.facts):
        return _use_larger_bins(part, (Remedy.MORE_ITERATIONS,))
    is_kr = part.task.method.name == Balancing.KR
    # What is known of the structure is about the bins that the method did not drop.
    suits_kr = may_use_kr and not verdict.dropped
    other = (Remedy.USE_KR,) if suits_kr and not is_kr else ()
    if other and _follows_cooler(part.task.settings) and _has_equal_sums(verdict):
        return Remedies(other)
    return Remedies((Remedy.MORE_ITERATIONS, *other))


def _follows_cooler(settings: MethodSettings) -> bool:
    """Return whether cooler's rule decides on convergence, by a variance in counts squared."""
    return isinstance(settings, IceSettings) and settings.tolerance == "cooler"


def _has_equal_sums(verdict: PartVerdict) -> bool:
    """Return whether row sums are equal within ICE's own tolerance.

    Where counts are large, their variance may stay above cooler's limit by rounding alone.
    """
    deviation = verdict.max_deviation
    return deviation is not None and deviation <= float(IceSettings.tolerance)


def _settle(part: Part) -> tuple[Remedy, ...]:
    """Return what may keep weights from diverging, whatever the number of contacts."""
    drops = part.task.settings.on_failure == OnFailure.DROP
    copies = () if part.task.target is None else (Remedy.CHECK_COPY_NUMBERS,)
    return (*(() if drops else (Remedy.DROP,)), *copies)


def _find_obstacle(part: Part, verdict: PartVerdict) -> DominantChromosome | None:
    """Return the dominant chromosome, unless an exact balancing is known to exist.

    It exists where the largest has as many bins as all others, which share no contacts.
    """
    exists = any(isinstance(fact, Balanceable) for fact in verdict.facts)
    return None if exists or verdict.cause is Cause.DISCONNECTED else _find_dominant(part)


def _find_dominant(part: Part) -> DominantChromosome | None:
    """Return the chromosome that rules out equal row sums between chromosomes; None without it.

    With copy numbers row sums are not to be equal.
    """
    if part.selection.scope is not Scope.TRANS or part.task.target is not None:
        return None
    return find_dominant(part.task.contacts.bins, part.selection.kept)


def _restore_support(part: Part, verdict: PartVerdict, kept: NDArray[np.bool_]) -> Remedies:
    """Return how a part gets an exact balancing: without some bins, or with larger ones.

    With few contacts the structure is that of chance, which larger bins mend. With many it is the
    map's own: then the bins in the way are isolated, or a method is used that needs no support.
    """
    limits, error = part.task.limits, _expect_error(part)
    if error > limits.error_no:
        return _use_larger_bins(part)
    actions, limit = _change_settings(part, verdict, kept)
    if error > limits.error_caution:
        return _use_larger_bins(part, actions, limit)
    return Remedies(actions or _use_kde_eb(part), isolate_limit=limit)


def _expect_error(part: Part) -> float:
    """Return the median error that weights are expected to have; 0 for values that are no counts.

    Contacts are counted without the weights of chromosome sizes.
    """
    if not part.task.contacts.holds_counts:
        return 0.0
    marginal = part.marginal
    if part.selection.factor is not None:
        marginal = part.task.sum_contacts([part.selection])[part.selection.kept]
    return expect_error(to_numpy(marginal))


def _change_settings(
    part: Part, verdict: PartVerdict, kept: NDArray[np.bool_]
) -> tuple[tuple[Remedy, ...], float | None]:
    """Return the settings with which an exact balancing exists, and the limit of isolation.

    None with copy numbers: what is known of the structure is about equal row sums.
    """
    if part.task.target is not None:
        return (), None
    actions, limit = _isolate(part, verdict)
    if verdict.cause is not Cause.DISCONNECTED and _needs_diagonals(part, kept):
        actions += (Remedy.KEEP_DIAGONALS,)
    return actions, limit


def _isolate(part: Part, verdict: PartVerdict) -> tuple[tuple[Remedy, ...], float | None]:
    """Return how the bins in the way can be isolated, if they are few, and the limit to set."""
    refused = count_bins_in_the_way(part, verdict)
    if refused is None or refused.at_least:
        return (), None
    share, is_exact = refused.needed / refused.of, isinstance(part.task.settings, ExactSettings)
    if share <= refused.limit:
        return (Remedy.ISOLATE if is_exact else Remedy.USE_KR,), None
    if share > 1 - part.task.limits.bins_caution or not is_exact:
        return (), None
    # Above the share also after rounding.
    limit = (100 * refused.needed // refused.of + 1) / 100
    return (Remedy.RAISE_LIMIT if part.task.isolates else Remedy.ISOLATE,), limit


def _needs_diagonals(part: Part, kept: NDArray[np.bool_]) -> bool:
    """Return whether diagonals are ignored, and an exact balancing exists with all of them.

    With all diagonals, further bins may have contacts, and may be in the way.
    """
    settings = part.task.settings
    ignores_trans = settings.ignore_diags_trans or settings.scope != Scope.TRANS
    if not (settings.ignore_diags and ignores_trans):
        return False
    task, connected = part.task, kept.copy()
    every = replace(part.selection, kept=kept, ignore_diags=0, chromosome_ends=None)
    has_contacts = np.zeros(np.count_nonzero(kept), dtype=bool)
    for rows, columns, _ in selected_pixels(task.contacts, every):
        has_contacts[rows] = has_contacts[columns] = True
    connected[kept] = has_contacts
    every = replace(every, kept=connected)
    return decide(task.contacts, every, task.examine_limit).exists is True


def _use_larger_bins(
    part: Part, others: tuple[Remedy, ...] = (), isolate_limit: float | None = None
) -> Remedies:
    """Return other remedies, then larger bins or, where too few would be left, what else helps.

    The method for sparse maps is named where there is no other remedy. For values that are no
    counts, only the other remedies are known. With more contacts, a dominant chromosome is as
    dominant.
    """
    sizes, selection = part.task.bin_sizes, part.selection
    if not part.task.contacts.holds_counts:
        return Remedies(others, isolate_limit=isolate_limit)
    larger = None if sizes is None else sizes.of_part(selection.lo, selection.hi)
    actions = others
    if larger is not None:
        actions += (Remedy.LARGER_BINS,)
    elif _is_dispensable(part):
        actions += (Remedy.LEAVE_OUT,)
    elif _find_dominant(part) is None:
        actions += (Remedy.MORE_CONTACTS,)
    sparse = () if others else _use_kde_eb(part)
    return Remedies((*actions, *sparse), larger, isolate_limit)


def _is_dispensable(part: Part) -> bool:
    """Return whether a part with too few contacts is a chromosome, and others have enough.

    Others have enough if the map has, both in all and of the contacts that the method uses.
    """
    sizes, selection = part.task.bin_sizes, part.selection
    if selection.scope is not Scope.CIS or isinstance(part.task.contacts.bins, RegionBins):
        return False
    return sizes is not None and not (sizes.are_needed or sizes.are_needed_for_method)


def _use_kde_eb(part: Part) -> tuple[Remedy, ...]:
    """Return the method for sparse maps where it can be used.

    It needs counts to choose its bandwidth, and does not follow copy numbers. On sparse contacts
    between chromosomes it does not converge.
    """
    task, scope = part.task, part.selection.scope
    can_be_used = task.contacts.holds_counts and task.target is None and scope is not Scope.TRANS
    return (Remedy.USE_KDE_EB,) if can_be_used else ()
