"""One mask for the samples of a group, by the number of samples that keep each bin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from counterpoise.mask.outcome import Mask, Reason
from counterpoise.mask.quorum import Quorum

NOBODY = -1  # stands for no sample, or several, in ``GroupMask.only_masker``


@dataclass(frozen=True)
class GroupMask:
    """The bins that a group of samples keeps.

    Attributes
    ----------
    keepers : numpy.ndarray
        int32 [bins], the number of samples whose own mask keeps the bin.
    only_masker : numpy.ndarray
        int32 [bins], the number of the sample whose own mask is the only one that masks the bin;
        ``NOBODY`` where none or several do.
    quorum : Quorum
        How many samples must keep a bin.
    """

    keepers: NDArray[np.int32]
    only_masker: NDArray[np.int32]
    quorum: Quorum

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Bins that enough samples keep: bool [bins]."""
        return self.keepers >= self.quorum.required


def count_keepers(masks: Iterable[NDArray[np.bool_]], bins: int, quorum: Quorum) -> GroupMask:
    """Count the samples that keep each bin.

    Parameters
    ----------
    masks : iterable of numpy.ndarray
        bool [bins], the bins that each sample's own mask keeps.
    bins : int
        Number of bins.
    quorum : Quorum
        How many samples must keep a bin.

    Returns
    -------
    GroupMask

    Examples
    --------
    >>> masks = np.array([[True, True, False], [True, False, False]])
    >>> group = count_keepers(masks, 3, Quorum("union", "cohort", "all", 2))
    >>> group.keepers.tolist(), group.only_masker.tolist(), group.kept.tolist()
    ([2, 1, 0], [-1, 1, -1], [True, True, False])
    """
    maskers = np.zeros(bins, dtype=np.int32)
    last_masker = np.full(bins, NOBODY, dtype=np.int32)
    for number, kept in enumerate(masks):
        maskers += ~kept
        last_masker[~kept] = number
    last_masker[maskers > 1] = NOBODY
    return GroupMask(np.int32(quorum.samples) - maskers, last_masker, quorum)


class Cost(NamedTuple):
    """Bins that a sample costs its group, and bins that it loses and regains by sharing.

    Attributes
    ----------
    kept : int
        Bins that its own mask keeps.
    lost : int
        Bins that its own mask keeps and the group does not.
    regained : int
        Bins that its own mask does not keep and the group does.
    removed_alone : int
        Bins that the group does not keep because of this sample only.
    removed_with_others : int
        Bins that the group does not keep because of this sample and others.
    """

    kept: int
    lost: int
    regained: int
    removed_alone: int
    removed_with_others: int


def measure_cost(group: GroupMask, number: int, kept: NDArray[np.bool_]) -> Cost:
    """Count the bins that a sample costs its group.

    Parameters
    ----------
    group : GroupMask
        The mask of the group.
    number : int
        Number of the sample in ``count_keepers``.
    kept : numpy.ndarray
        bool [bins], the bins that its own mask keeps.

    Returns
    -------
    Cost
    """
    removed = ~kept & ~group.kept
    alone = np.count_nonzero(removed & (group.only_masker == number))
    return Cost(
        kept=int(np.count_nonzero(kept)),
        lost=int(np.count_nonzero(kept & ~group.kept)),
        regained=int(np.count_nonzero(~kept & group.kept)),
        removed_alone=int(alone),
        removed_with_others=int(np.count_nonzero(removed) - alone),
    )


def share_mask(own: Mask, kept: NDArray[np.bool_], quorum: Quorum) -> Mask:
    """Return the mask of a sample with the bins that its group keeps.

    A bin that the group keeps is kept whatever the filters of the sample say of it, unless it has
    no contact in the sample: it could not be balanced. A bin that only the others mask gets the
    reason ``SHARED``.

    Parameters
    ----------
    own : Mask
        The filters of the sample alone.
    kept : numpy.ndarray
        bool [bins], the bins that the group keeps.
    quorum : Quorum
        How the group decided.

    Returns
    -------
    Mask
    """
    reasons = own.reasons.copy()
    reasons[own.kept & ~kept] = Reason.SHARED
    reasons[kept & (reasons != Reason.EMPTY)] = Reason.KEPT
    return replace(own, reasons=reasons, quorum=quorum)
