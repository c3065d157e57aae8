"""Contacts of each bin, as the filters count them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.circular import leave_out_near_origin
from counterpoise.contacts.contact_map import COUNT_TYPES, ContactMap
from counterpoise.contacts.selection import first_far_columns
from counterpoise.mask.settings import MaskSettings
from counterpoise.native import call

CHUNK_PIXELS = 1 << 22  # pixels that a worker reads at a time
WORKERS = 2


def bins_with_contacts(contacts: ContactMap) -> NDArray[np.bool_]:
    """Return which bins have a contact, on any diagonal and with any bin.

    Parameters
    ----------
    contacts : ContactMap
        The map.

    Returns
    -------
    numpy.ndarray
        bool [bins].
    """
    return sum_contacts(contacts) > 0


def sum_contacts(contacts: ContactMap) -> NDArray[np.float64]:
    """Sum the contacts of each bin, on all diagonals and with all bins.

    Parameters
    ----------
    contacts : ContactMap
        The map.

    Returns
    -------
    numpy.ndarray
        float64 [bins].
    """
    return count_contacts(contacts, MaskSettings(ignore_diags=0), CHUNK_PIXELS)[1]


def count_contacts(
    contacts: ContactMap, settings: MaskSettings, chunk_pixels: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return, for each bin, the number of bins in contact and the contacts that filters count.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    settings : MaskSettings
        Decide which contacts count.
    chunk_pixels : int
        Pixels read at a time.

    Returns
    -------
    nnz : int64 [bins]
        Number of bins in contact with each.
    marginal : float64 [bins]
        Contacts of each.
    """
    contacts = leave_out_near_origin(contacts, settings.ignore_diags)
    bins = contacts.bins
    border = np.full(len(bins), len(bins))
    if settings.cis_only:
        border = bins.chromosome_ends
    ends = None if settings.ignore_diags_trans else bins.chromosome_ends
    far = first_far_columns(len(bins), settings.ignore_diags, ends)
    cuts = np.searchsorted(contacts.indptr, np.arange(chunk_pixels, contacts.nnz, chunk_pixels))
    chunks = list(pairwise([0, *cuts.tolist(), len(bins)]))

    # Each worker has its own chunks and sums, whatever the number of processors: the same bits
    # everywhere, and two chunks in memory.
    def count_share(worker: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        nnz, marginal = np.zeros(len(bins), np.int64), np.zeros(len(bins))
        for first, last in chunks[worker::WORKERS]:
            columns, counts = contacts.entries(contacts.indptr[first], contacts.indptr[last])
            call(
                "add_marginals",
                contacts.indptr[first : last + 1],
                columns,
                counts,
                COUNT_TYPES.index(counts.dtype),
                first,
                last - first,
                far[first:last],
                border[first:last],
                nnz,
                marginal,
            )
        return nnz, marginal

    with ThreadPoolExecutor(WORKERS) as pool:
        shares = list(pool.map(count_share, range(WORKERS)))
    nnz, marginal = (np.sum(parts, axis=0) for parts in zip(*shares, strict=True))
    return nnz, marginal
