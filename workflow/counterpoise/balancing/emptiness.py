"""Why a part has nothing to balance, and which bins with contacts the mask removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from counterpoise.balancing.task import Task
from counterpoise.contacts.bins import RegionBins
from counterpoise.contacts.selection import Scope, Selection
from counterpoise.records.facts import UNCOUNTED, Empty, EmptyCause, Masked

# The settings of the filters, by the reasons of a mask.
SETTINGS = {
    "min_nnz": "min_nnz",
    "min_count": "min_count",
    "mad": "mad_max",
    "max_count": "max_count",
    "mad_above": "mad_max_above",
    "blacklist": "blacklist",
    "shared": "shared",
}


def count_masked(mask: Mapping[str, Any], with_contacts: int) -> tuple[Masked, ...]:
    """Count the bins with contacts that each filter of a mask removed.

    Parameters
    ----------
    mask : mapping
        Summary of the mask; empty for a mask that was given as an array.
    with_contacts : int
        Bins of the map that have contacts, without those beyond the mask's regions.

    Returns
    -------
    tuple of Masked
        Filters that removed none are left out.
    """
    reasons, settings = mask.get("reasons"), mask.get("settings", {})
    if reasons is None:
        return ()
    counted = [
        Masked(setting, reasons.get(reason, 0), _limit_of(settings.get(setting)))
        for reason, setting in SETTINGS.items()
    ]
    # Bins of these reasons and kept bins have contacts that the filters count.
    rest = with_contacts - reasons.get("kept", 0) - sum(each.number for each in counted)
    diagonals = None if settings.get("cis_only") else settings.get("ignore_diags")
    counted.append(Masked(UNCOUNTED, rest, diagonals))
    return tuple(each for each in counted if each.number > 0)


def _limit_of(setting: Any) -> float | None:
    """Return the limit of a filter; None for files and for sharing."""
    is_number = isinstance(setting, int | float) and not isinstance(setting, bool)
    return setting if is_number else None


def explain_empty(task: Task, selection: Selection, raw_total: float) -> Empty:
    """Say why a part has nothing to balance.

    Parameters
    ----------
    task : Task
        The map, the method and its settings.
    selection : Selection
        The part, without contacts that the method uses between kept bins.
    raw_total : float
        Contacts that the method would use if all bins were kept.
    """
    kept = int(np.count_nonzero(selection.kept))
    if task.marginal is None:
        return Empty(kept)
    has_contacts = task.marginal[selection.lo : selection.hi] > 0
    with_contacts = int(np.count_nonzero(has_contacts))
    cause = _find_cause(task, selection, with_contacts, raw_total)
    is_whole = selection.hi - selection.lo == len(task.contacts.bins)
    is_masked = cause is EmptyCause.MASKED
    return Empty(
        int(np.count_nonzero(selection.kept & has_contacts)) if is_masked else kept,
        cause,
        with_contacts if is_masked else 0,
        count_masked(task.mask, with_contacts) if is_masked and is_whole else (),
        selection.ignore_diags if cause is EmptyCause.ON_DIAGONALS else 0,
    )


def _find_cause(
    task: Task, selection: Selection, with_contacts: int, raw_total: float
) -> EmptyCause | None:
    """Return the cause; None if it is none of these, or not known."""
    bins = task.contacts.bins
    # Bins beyond the regions count as bins without contacts.
    if task.mask.get("settings", {}).get("regions") and (not with_contacts or selection.kept.any()):
        return EmptyCause.IN_REGIONS
    if not with_contacts:
        return EmptyCause.NO_CONTACTS
    if raw_total:
        has_other_bins = task.applied is not None or task.target is not None
        return None if has_other_bins else EmptyCause.MASKED
    if selection.ignore_diags and _has_contacts_on_diagonals(task, selection):
        return EmptyCause.ON_DIAGONALS
    if selection.scope is Scope.TRANS:
        several = len(bins.chromosomes) > 1
        return EmptyCause.NO_TRANS if several else EmptyCause.ONE_CHROMOSOME
    # Near the origin of circular chromosomes, contacts of all scopes may have been left out.
    is_plain = not isinstance(bins, RegionBins) and not bins.circular
    return EmptyCause.NO_CIS if selection.scope is Scope.CIS and is_plain else None


def _has_contacts_on_diagonals(task: Task, selection: Selection) -> bool:
    """Return whether a part has contacts with all its bins and no ignored diagonals."""
    every = replace(
        selection, kept=np.ones_like(selection.kept), ignore_diags=0, chromosome_ends=None
    )
    return bool(task.sum_contacts([every]).any())
