"""Thin a map: draw some of its contacts at random, without replacement."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from counterpoise.contacts.contact_map import Chunk
from counterpoise.errors import InputError
from counterpoise.ingest.pixel_checks import Tally
from counterpoise.ingest.read import CheckedMap
from counterpoise.store.arrow import to_numpy
from counterpoise.store.paths import MapFiles
from counterpoise.store.pixels import read_bins, read_row_groups
from counterpoise.store.source_record import read_source


@contextmanager
def open_thinned(
    whole: MapFiles, contacts: int, generator: np.random.Generator, settings: dict[str, Any]
) -> Iterator[CheckedMap]:
    """Open a map whose contacts are drawn from those of another map.

    Each set of that many contacts is drawn with the same probability: the counts follow the
    multivariate hypergeometric distribution.

    Parameters
    ----------
    whole : MapFiles
        The map to draw from.
    contacts : int
        Number of contacts to draw; a map with fewer keeps all.
    generator : numpy.random.Generator
        Random numbers; the pixels can be read once.
    settings : dict
        What was asked for, for the record.

    Yields
    ------
    CheckedMap

    Raises
    ------
    InputError
        If counts are not whole numbers.
    """
    source = read_source(whole.source)
    _refuse_fractions(source)
    total = int(source["contacts"])
    drawn = min(contacts, total)
    note = f"thinned from {total:,} to {drawn:,} contacts"
    if drawn < contacts:
        note = f"not thinned: it has {total:,} contacts, fewer than the {contacts:,} asked for"
    record = {
        **source,
        "thinned": {"settings": settings, "from_contacts": total},
        "notes": [*source["notes"], note],
    }
    with pq.ParquetFile(whole.pixels) as file:

        def chunks() -> Iterator[Chunk]:
            return thin_pixels(file, drawn, generator)

        yield CheckedMap(
            read_bins(whole.bins), chunks, Tally(contacts=drawn), source["nnz"], record
        )


def _refuse_fractions(source: dict[str, Any]) -> None:
    """Refuse a map that cannot be thinned, because its counts are not whole numbers."""
    if source["count_type"].startswith("float"):
        raise InputError(
            source["uri"],
            "has counts that are not whole numbers, so it cannot be thinned.",
            "Give the raw map, or remove thin from the configuration.",
        )


def seed_generator(seed: int, sample: str) -> np.random.Generator:
    """Return the random numbers of a sample, which do not depend on other samples.

    Parameters
    ----------
    seed : int
        Seed of the cohort.
    sample : str
        Name of the sample.
    """
    digest = hashlib.sha256(sample.encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])


def thin_pixels(
    file: pq.ParquetFile, contacts: int, generator: np.random.Generator
) -> Iterator[Chunk]:
    """Draw contacts of a map, a row group at a time.

    The first pass reads the counts alone and draws how many contacts come from each row group.

    Parameters
    ----------
    file : pyarrow.parquet.ParquetFile
        The open ``pixels.parquet``, with whole counts.
    contacts : int
        Number of contacts to draw, at most as many as the map has.
    generator : numpy.random.Generator
        Random numbers.

    Yields
    ------
    bin1, bin2 : ndarray of int32
        Pixels of which a contact was drawn, sorted; a row may continue in the next chunk.
    count : ndarray of int64
        Drawn contacts of each, 1 or more.
    """
    counts = (file.read_row_group(n, columns=["count"]) for n in range(file.num_row_groups))
    totals = [int(to_numpy(table["count"]).sum(dtype=np.int64)) for table in counts]
    shares = draw_contacts(np.array(totals, np.int64), contacts, generator)
    for (bin1, bin2, count), share in zip(read_row_groups(file), shares.tolist(), strict=True):
        drawn = draw_contacts(count.astype(np.int64), share, generator)
        kept = drawn > 0
        if kept.any():
            yield bin1[kept], bin2[kept], drawn[kept]


def draw_contacts(
    counts: NDArray[np.int64], contacts: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Draw contacts of pixels without replacement: multivariate hypergeometric numbers.

    Each contact is first kept or not with equal probability, independently. Then as many contacts,
    chosen at random, are added or removed as the number kept differs from the one asked for. This
    is exact, since every set of contacts remains as likely as any other of its size, and it works
    for more than the 1e9 contacts that numpy's own generator takes.

    Parameters
    ----------
    counts : ndarray of int64
        Contacts of each pixel.
    contacts : int
        Number of contacts to draw, at most the sum of ``counts``.
    generator : numpy.random.Generator
        Random numbers.

    Returns
    -------
    ndarray of int64
        Drawn contacts of each pixel; their sum is ``contacts``.
    """
    total = int(counts.sum())
    if contacts == total:
        return counts
    drawn = generator.binomial(counts, contacts / total)
    excess = int(drawn.sum()) - contacts
    pool = drawn if excess > 0 else counts - drawn
    ends = np.cumsum(pool)
    chosen = generator.choice(int(ends[-1]), abs(excess), replace=False, shuffle=False)
    pixels = np.searchsorted(ends, chosen, side="right")
    change = np.bincount(pixels, minlength=len(counts))
    return drawn - change if excess > 0 else drawn + change
