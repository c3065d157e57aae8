"""Pixels across the origin of circular chromosomes.

On a circular chromosome of n bins the first and the last bin are neighbours. The distance of bins i
and j is the smaller of |i - j| and n - |i - j|, so that a few pixels in the far corner of the map
are near the diagonal. They are left out of the map before it is filtered or balanced; then nothing
else has to know of them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.contact_map import ContactMap, Contacts, Entries, narrow_counts


def leave_out_near_origin(contacts: ContactMap, ignore_diags: int) -> ContactMap:
    """Return a map without the ignored pixels across the origin of its circular chromosomes.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    ignore_diags : int
        Pixels of bins that are nearer than this across the origin are left out.

    Returns
    -------
    ContactMap
        The same map if no pixel is left out; otherwise a copy, if the map is in memory.
    """
    return leave_out(contacts, find_near_origin(contacts, ignore_diags))


def find_near_origin(contacts: ContactMap, ignore_diags: int) -> NDArray[np.int64]:
    """Find the ignored pixels across the origin of circular chromosomes.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    ignore_diags : int
        Pixels of bins that are nearer than this across the origin are found.

    Returns
    -------
    numpy.ndarray
        int64 [pixels], their entries as in ``indptr``, ascending.
    """
    found = [np.empty(0, dtype=np.int64)]
    for name, lo, hi in contacts.bins.chromosome_ranges():
        end = min(lo + ignore_diags - 1, hi)
        if name not in contacts.bins.circular or end <= lo:
            continue
        begin = int(contacts.indptr[lo])
        columns, _ = contacts.entries(begin, int(contacts.indptr[end]))
        rows = np.repeat(np.arange(lo, end), np.diff(contacts.indptr[lo : end + 1]))
        across = (columns < hi) & ((hi - lo) - (columns - rows) < ignore_diags)
        found.append(begin + np.flatnonzero(across))
    return np.concatenate(found)


def leave_out(contacts: ContactMap, entries: NDArray[np.int64]) -> ContactMap:
    """Return a map without some of its pixels.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    entries : numpy.ndarray
        int64 [pixels], entries as in ``indptr``, ascending and distinct.

    Returns
    -------
    ContactMap
        The same map if there are none.
    """
    if not len(entries):
        return contacts
    indptr = contacts.indptr - np.searchsorted(entries, contacts.indptr)
    if isinstance(contacts, Contacts):
        columns, counts = (np.delete(each, entries) for each in (contacts.columns, contacts.counts))
        return replace(contacts, indptr=indptr, columns=columns, counts=counts)
    source = contacts.read
    # The number that the entry after each pixel has in the new map.
    numbers = entries - np.arange(len(entries))

    def read(start: int, stop: int) -> Entries:
        shift_start, shift_stop = np.searchsorted(numbers, [start, stop - 1], side="right")
        begin, end = start + int(shift_start), stop + int(shift_stop)
        if start == stop:
            return source(begin, begin)
        inside = entries[(entries >= begin) & (entries < end)] - begin
        columns, counts = source(begin, end)
        return np.delete(columns, inside), narrow_counts(np.delete(counts, inside))

    return replace(contacts, indptr=indptr, read=read)
