"""The interface of a reader: what it is asked for and what it returns.

A reader is a module with the functions of `Reader`. `ingest.formats` lists the readers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Chunk
from counterpoise.errors import InputError

# The remedy for a damaged file, whatever its format.
FETCH_AGAIN = "Compare its size and checksum with the source and fetch it again."


@dataclass(frozen=True)
class Level:
    """One resolution of a source.

    Attributes
    ----------
    resolution : int or None
        Bin size in base pairs; None where bins are unequal or the file does not tell.
    group : str
        HDF5 group; ``/`` for formats without groups.
    single_bin_length : int or None
        Length of the longest chromosome where every chromosome is a single bin. Such a file
        cannot tell its bin size, and any size from this length on is right.
    """

    resolution: int | None
    group: str = "/"
    single_bin_length: int | None = None


@dataclass(frozen=True)
class SourceInfo:
    """Content of a file or URL, as far as it can be known without reading the contacts.

    Attributes
    ----------
    uri : str
        Path or URL as the user gave it.
    format : str
        One of the names in `ingest.formats.FORMATS` or `ingest.formats.CELLS`.
    levels : tuple of Level
        The resolutions of the source.
    assembly : str or None
        Name of the genome, where the file has one.
    identity : dict
        What distinguishes this content from any other: ``sha256`` and ``bytes`` of a local file;
        ``etag``, ``last_modified`` and ``bytes`` of a URL that is read in place.
    """

    uri: str
    format: str
    levels: tuple[Level, ...]
    assembly: str | None = None
    identity: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> SourceInfo:
        """Return the source that ``dataclasses.asdict`` turned into ``record``."""
        return cls(**{**record, "levels": tuple(Level(**level) for level in record["levels"])})

    def describe_levels(self) -> str:
        """Return the resolutions in words, such as ``10,000, 20,000 bp``."""
        fixed = sorted(level.resolution for level in self.levels if level.resolution)
        if not fixed:
            return "of unequal bins"
        text = ", ".join(f"{resolution:,}" for resolution in fixed) + " bp"
        if any(level.resolution is None for level in self.levels):
            text += " (and a level of unequal bins)"
        return text

    def uri_of(self, level: Level) -> str:
        """Return the path of a level, with its group where the file has groups."""
        path = self.uri.partition("::")[0]
        return path if level.group == "/" else f"{path}::{level.group}"

    def find_level(self, resolution: int | None) -> Level:
        """Return the level of a resolution, or the coarsest level that can be summed to it.

        Parameters
        ----------
        resolution : int or None
            Bin size in base pairs. None asks for the only level of a source that has one.

        Returns
        -------
        Level
            The level of this resolution; without one, the coarsest level whose resolution
            divides it, which has the fewest contacts to read.

        Raises
        ------
        InputError
            If there is no such level; the message lists the levels of the source.
        """
        if resolution is None:
            if len(self.levels) == 1:
                return self.levels[0]
            sizes = [level.resolution for level in self.levels if level.resolution]
            size = min(sizes, default="SIZE")
            raise InputError(
                self.uri,
                f"has several resolutions ({self.describe_levels()}).",
                f"Name the one to read, such as resolution={size}, or for a .mcool its path "
                f"followed by ::/resolutions/{size}.",
            )
        if not isinstance(resolution, int) or resolution < 1:
            raise InputError(
                self.uri,
                f"was asked for a resolution of {resolution!r}.",
                "A resolution is a whole number of base pairs, 1 or more.",
            )
        for level in self.levels:
            if level.single_bin_length is not None and level.single_bin_length <= resolution:
                return replace(level, resolution=resolution)
        divisors = {
            level.resolution: level
            for level in reversed(self.levels)
            if level.resolution and resolution % level.resolution == 0
        }
        if not divisors:
            raise self._no_level(resolution)
        return divisors[max(divisors)]

    def _no_level(self, resolution: int) -> InputError:
        """Return the error about a resolution that the source cannot give."""
        return InputError(
            self.uri,
            f"has no level of {resolution:,} bp and none that it is a multiple of; "
            f"its levels are {self.describe_levels()}.",
            "Choose one of these, or a multiple of one."
            if any(level.resolution for level in self.levels)
            else "Bin the contacts again, into bins of one size.",
        )


@dataclass
class OpenLevel:
    """One level that is ready to be read.

    Attributes
    ----------
    bins : BinTable
        Bin table of the level, with the extra columns of the source.
    chunks : callable
        Starts a pass over the contacts: an iterator of ``(bin1, bin2, count)`` arrays, upper
        triangle, in order of rows. Its pixels are not yet checked; `ingest.pixel_checks` does
        that for every format.
    engine : str
        Library that reads the contacts.
    total : int or None
        Number of stored contacts, for progress; None where the format does not tell.
    column_attributes : dict
        HDF5 attributes of each extra bin column.
    notes : list of str
        What the reader found odd and how it was handled, in words.
    promised_sum : int, float or None
        Sum of the contacts of ``chunks`` by the header of the file; None where it has none.
    members : dict or None
        What is recorded of each map whose pixels are summed, by name, complete when all pixels
        have been read; None where the level is one map.
    """

    bins: BinTable
    chunks: Callable[[], Iterator[Chunk]]
    engine: str
    total: int | None = None
    column_attributes: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    promised_sum: float | None = None
    members: dict[str, Any] | None = None


class Reader(Protocol):
    """A module that reads one file format."""

    def inspect(self, uri: str, engine: str, *, quick: bool = False) -> SourceInfo:
        """Return what a source holds, without reading its contacts.

        Parameters
        ----------
        uri : str
            Path, path with a group (``file.mcool::/resolutions/10000``) or URL.
        engine : str
            Library that reads `.hic` files; other readers ignore it.
        quick : bool, default False
            Take a few milliseconds: leave out checks that `open_level` makes too.

        Returns
        -------
        SourceInfo
            Without ``identity`` for local files.

        Raises
        ------
        InputError
            If the file is missing, damaged or not of this format.
        """
        ...

    def open_level(self, uri: str, level: Level, engine: str) -> AbstractContextManager[OpenLevel]:
        """Open one level; it can be read until the context ends.

        Parameters
        ----------
        uri : str
            Source, as given to `inspect`.
        level : Level
            A level that `inspect` listed.
        engine : str
            As for `inspect`.

        Returns
        -------
        context manager of OpenLevel

        Raises
        ------
        InputError
            If the level is damaged or contradicts itself.
        """
        ...


@runtime_checkable
class QuickReader(Reader, Protocol):
    """A reader that need not open a level to read its bins, where opening it reads contacts."""

    def read_bins(self, uri: str, level: Level) -> BinTable:
        """Return the bins of one level without reading its contacts.

        Parameters
        ----------
        uri : str
            Source, as given to `inspect`.
        level : Level
            A level that `inspect` listed.

        Returns
        -------
        BinTable
            As `open_level` gives it.

        Raises
        ------
        InputError
            If the level is damaged or contradicts itself.
        """
        ...
