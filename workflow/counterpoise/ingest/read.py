"""Read a map from a source of any format: open a level, check its pixels, coarsen if needed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral
from typing import Any, SupportsIndex

from counterpoise.contacts.bins import BinTable, format_base_pairs
from counterpoise.contacts.contact_map import Chunk, Contacts, describe_type
from counterpoise.errors import ConfigError, InputError, strip_credentials
from counterpoise.ingest.coarsen import coarse_bins, coarsen
from counterpoise.ingest.formats import inspect_source, reader_of
from counterpoise.ingest.hic_engines import DEFAULT_ENGINE
from counterpoise.ingest.pixel_checks import Tally, check_pixels, check_sum
from counterpoise.ingest.reader_interface import Level, OpenLevel, SourceInfo


@dataclass
class CheckedMap:
    """A map that is being read.

    Attributes
    ----------
    bins : BinTable
        Bins at the resolution that was asked for.
    chunks : callable
        Starts the pass over the checked pixels (see `check_pixels`); meant to be called once.
    tally : Tally
        Totals over the pixels read so far.
    total : int or None
        Number of pixels stored in the file, for progress.
    record : dict
        What is recorded of the source, known before its pixels are read.
    """

    bins: BinTable
    chunks: Callable[[], Iterator[Chunk]]
    tally: Tally
    total: int | None
    record: dict[str, Any]

    def load(self) -> Contacts:
        """Read all pixels into memory; the source of the map is its complete record."""
        contacts = Contacts.from_chunks(self.bins, self.chunks(), {}, self.total)
        contacts.source.update(self.source_record(contacts.nnz))
        return contacts

    def source_record(self, nnz: int) -> dict[str, Any]:
        """Return the record of the source after all pixels have been read.

        Parameters
        ----------
        nnz : int
            Number of pixels that were passed on.

        Returns
        -------
        dict
            The content of ``source.json``.
        """
        return {
            **self.record,
            "nnz": nnz,
            "contacts": self.tally.contacts,
            "zeros_dropped": self.tally.zeros,
            "notes": self.record["notes"] + self.tally.notes(),
        }


@contextmanager
def open_contacts(
    uri: str,
    resolution: int | None,
    engine: str = DEFAULT_ENGINE,
    info: SourceInfo | None = None,
) -> Iterator[CheckedMap]:
    """Open a source at a resolution.

    Parameters
    ----------
    uri : str
        Path, path with a group, or http(s) URL of a `.hic` file.
    resolution : int or None
        Bin size in base pairs; a level that the source lacks is summed from a finer one. None
        asks for the only level of a source.
    engine : {"hictkpy", "hicstraw"}
        Library that reads `.hic` files.
    info : SourceInfo, optional
        The source, where it was inspected before.

    Yields
    ------
    CheckedMap

    Raises
    ------
    InputError
        See `inspect_source`, `SourceInfo.find_level` and `check_pixels`.
    """
    info = info or inspect_source(uri, engine)
    level = info.find_level(resolution)
    with reader_of(info).open_level(info.uri, level, engine) as opened:
        yield _check_level(opened, info, uri, level, resolution or level.resolution)


def _check_level(
    opened: OpenLevel, info: SourceInfo, uri: str, level: Level, resolution: int | None
) -> CheckedMap:
    """Return an open level as a checked map of a resolution."""
    tally = Tally()
    bins, mapping = opened.bins, None
    attributes, notes = opened.column_attributes, list(opened.notes)
    if resolution != level.resolution:
        assert resolution is not None
        bins, mapping = coarse_bins(opened.bins, resolution)
        attributes = {}  # a column of fine bins says nothing about coarse ones
        notes.append(f"summed from the file's level of {format_base_pairs(level.resolution)}")

    def chunks() -> Iterator[Chunk]:
        pixels = check_pixels(opened.chunks(), opened.bins, uri, tally)
        pixels = check_sum(pixels, opened.promised_sum, tally, uri)
        return pixels if mapping is None else coarsen(pixels, mapping, len(bins))

    record = {
        "uri": strip_credentials(uri),
        "format": info.format,
        "engine": opened.engine,
        "assembly": info.assembly,
        "identity": info.identity,
        "resolution": resolution,
        "coarsened_from": None if mapping is None else level.resolution,
        "group": level.group,
        "bins": len(bins),
        "column_attributes": attributes,
        "notes": notes,
    }
    if opened.members is not None:
        record["members"] = opened.members
    return CheckedMap(bins, chunks, tally, opened.total, record)


def read_contacts(
    uri: str | os.PathLike[str],
    resolution: SupportsIndex | None = None,
    engine: str = DEFAULT_ENGINE,
) -> Contacts:
    """Read a contact map into memory.

    Parameters
    ----------
    uri : str or PathLike
        `.cool`, `.mcool` or `.hic` file, ``file.mcool::/group``, or http(s) URL of a `.hic` file.
    resolution : int, optional
        Bin size in base pairs, a whole number of Python or numpy; needed where the file has
        several levels. A level that the file lacks is summed from a finer one of which it is a
        multiple.
    engine : {"hictkpy", "hicstraw"}
        Library that reads local `.hic` files.

    Returns
    -------
    Contacts
        The map; its ``source`` is the record of where it came from.

    Raises
    ------
    ConfigError
        If ``uri`` is not text or a path.
    InputError
        If ``resolution`` is not a whole number, or the map cannot be read or contradicts itself;
        the message names the file, the place and the remedy.

    Examples
    --------
    >>> read_contacts("map.mcool", 10_000)  # doctest: +SKIP
    <Contacts: 1,216 bins of 10 kb on 17 chromosomes, 728,311 pixels, from map.mcool>
    >>> read_contacts(Path("map.mcool::/resolutions/10000"))  # doctest: +SKIP
    >>> read_contacts("map.hic", np.int64(10_000))  # doctest: +SKIP
    """
    source = _check_uri(uri)
    bin_size = _check_resolution(source, resolution)
    info = inspect_source(source, engine, identify=False)
    with open_contacts(source, bin_size, engine, info) as checked:
        return checked.load()


def _check_uri(uri: object) -> str:
    """Return a path or URL as text."""
    if not isinstance(uri, str | os.PathLike) or not isinstance(text := os.fspath(uri), str):
        raise ConfigError(
            "a map is read from a path (text or pathlib.Path), file.mcool::/group, or the URL of "
            f"a .hic file; this is {describe_type(uri)}."
        )
    return text


def _check_resolution(uri: str, resolution: object) -> int | None:
    """Return a resolution as a plain int; None for none."""
    if resolution is None:
        return None
    if isinstance(resolution, bool) or not isinstance(resolution, Integral):
        raise InputError(
            uri,
            f"was asked for a resolution of {resolution!r}, which is {describe_type(resolution)}.",
            "A resolution is a whole number of base pairs, such as 10_000 or numpy.int64(10_000), "
            "or None for the only one of a file.",
        )
    return int(resolution)
