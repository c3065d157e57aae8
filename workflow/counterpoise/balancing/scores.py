"""Scores of held-out contacts: how uneven balanced row sums are, and over which groups of bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.base import Operator
from counterpoise.contacts.contact_map import Contacts
from counterpoise.methods.kernel.settings import Score

# The score ``excess`` looks at groups of neighbouring bins with this many contacts on average.
CONTACTS = 20
# With fewer groups than this their variance is not significant, and scores are not compared.
FEWEST_GROUPS = 5


def score(
    kind: Score,
    sums: NDArray[np.float64],
    noise: NDArray[np.float64],
    groups: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Score the unevenness of row sums.

    Parameters
    ----------
    kind : Score
        The score.
    sums : ndarray of float64, shape (bins, candidates)
        Balanced row sums; each column is scored separately.
    noise : ndarray of float64, shape (bins, candidates)
        Their Poisson variance, such that its sum over a group is the variance of the sum of the
        group's row sums. ``excess`` subtracts it, and can therefore be negative.
    groups : ndarray of int, shape (bins,)
        The group that each bin is in, ascending; used by ``excess`` only.

    Returns
    -------
    ndarray of float64, shape (candidates,)
        The lower, the more even.
    """
    if kind is Score.EXCESS:
        return _excess(sums, noise, groups)
    n = len(sums)
    shares = sums / sums.sum(axis=0)
    if kind is Score.KL:
        # x log x is zero at zero.
        return np.asarray((shares * np.log(np.where(shares > 0, shares * n, 1))).sum(axis=0))
    if kind is Score.COSINE:
        return np.asarray(1 - 1 / np.sqrt(n * (shares**2).sum(axis=0)))
    # Distance of the cumulative shares from the line at the bins' borders, linear in between.
    distance = np.cumsum(shares, axis=0) - (np.arange(1, n + 1) / n)[:, None]
    before = np.vstack([np.zeros_like(distance[:1]), distance[:-1]])
    return np.asarray((before**2 + before * distance + distance**2).sum(axis=0) / (3 * n))


def _excess(
    sums: NDArray[np.float64], noise: NDArray[np.float64], groups: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the variance of groups beyond counting noise, over the squared mean."""
    n = len(sums)
    starts = np.concatenate([[0], np.flatnonzero(np.diff(groups)) + 1])
    sizes = np.diff([*starts, n])[:, None]
    means = np.add.reduceat(sums, starts) / sizes
    counting = np.add.reduceat(noise, starts) / sizes**2
    mean = sums.mean(axis=0)
    return np.asarray((((means - mean) ** 2 - counting) * sizes).sum(axis=0) / n / mean**2)


def find_groups(halves: Sequence[Operator]) -> NDArray[np.intp]:
    """Group neighbouring bins, with ``CONTACTS`` contacts a bin of the group on average.

    Parameters
    ----------
    halves : sequence of Operator
        Both halves of a map; together they give the same groups for every split.

    Returns
    -------
    ndarray of int, shape (bins,)
        The group that each bin is in.
    """
    size = halves[0].size
    total = sum(float(half.product(half.ones()).sum()) for half in halves)
    contacts = total / 2 / size  # of a bin, in one half
    width = max(int(np.ceil(CONTACTS / contacts)), 1) if contacts > 0 else size
    return np.arange(size) // min(width, size)


def within_groups(
    contacts: Contacts, groups: NDArray[np.intp], kept: NDArray[np.bool_], first_bin: int
) -> Contacts:
    """Return the contacts between two bins of one group.

    In the group's row sum each of them counts at both ends, so its variance there is four times
    its count, of which the noise of the bins' own row sums holds two.

    Parameters
    ----------
    contacts : Contacts
        The part's contacts.
    groups : ndarray of int, shape (kept bins of the part,)
        The group that each bin is in.
    kept : ndarray of bool, shape (bins of the part,)
        Kept bins.
    first_bin : int
        First bin of the part.
    """
    group_of_bin = np.full(len(kept), -1)
    group_of_bin[kept] = groups
    rows, columns = contacts.rows - first_bin, contacts.columns.astype(np.int64) - first_bin
    inside = (columns < len(kept)) & (rows != columns)
    inside[inside] = group_of_bin[rows[inside]] == group_of_bin[columns[inside]]
    sizes = np.bincount(contacts.rows[inside], minlength=len(contacts.bins))
    return replace(
        contacts,
        indptr=np.concatenate([[0], np.cumsum(sizes)]),
        columns=contacts.columns[inside],
        counts=contacts.counts[inside],
    )
