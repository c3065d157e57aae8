"""Maps with fewer contacts and with larger bins, drawn and summed from deep ones."""

from __future__ import annotations

import numpy as np

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.ingest.coarsen import coarse_bins, coarsen


def sum_bins(contacts: Contacts, times: int) -> Contacts:
    """Sum a map into bins so many times as large."""
    assert contacts.bins.resolution is not None
    bins, mapping = coarse_bins(contacts.bins, times * contacts.bins.resolution)
    pixels = (contacts.rows, contacts.columns.astype(np.int32), contacts.counts.astype(np.int64))
    return Contacts.from_chunks(bins, coarsen([pixels], mapping, len(bins)), {})


def thin(contacts: Contacts, per_bin: float) -> Contacts:
    """Draw contacts at random until a bin has so many, on average."""
    counts = contacts.counts.astype(np.int64)
    share = per_bin * len(contacts.bins) / (2 * counts.sum())
    drawn = np.random.default_rng(1).binomial(counts, share)
    some = drawn > 0
    pixels = (contacts.rows[some], contacts.columns[some].astype(np.int32), drawn[some])
    return Contacts.from_chunks(contacts.bins, [pixels], {})


def simulate(bins: int, tenths: tuple[int, ...] = (6, 4)) -> Contacts:
    """Simulate a deep map with a bias and a decay by distance; chromosomes are tenths of it."""
    rng = np.random.default_rng(5)
    names = tuple(f"chr{number}" for number in range(1, len(tenths) + 1))
    table = BinTable.fixed(names, tuple(bins * 1000 * each for each in tenths), 10_000)
    bin1, bin2 = np.triu_indices(len(table))
    bias = rng.lognormal(0, 0.4, len(table))
    ids = table.chromosome_ids
    rate = np.where(ids[bin1] == ids[bin2], 2000 / (1 + bin2 - bin1), 5)
    counts = rng.poisson(rate * bias[bin1] * bias[bin2])
    pixels = (bin1.astype(np.int32), bin2.astype(np.int32), counts)
    return Contacts.from_chunks(table, [pixels], {})
