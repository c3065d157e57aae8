"""The table of input formats, and the choice of the reader for a source.

To add a format, write a module ``<name>_reader.py`` with the functions of
`reader_interface.Reader` (``inspect`` and ``open_level``), and add a row to `FORMATS`. Checks of
pixels, coarsening, records and downloads apply to every format. Columns of weights are written into
coolers only, as `is_cooler_format` tells; other files are converted. They are read from coolers,
and from `.hic` files by ``columns.stored``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from counterpoise.contacts.bins import BinTable
from counterpoise.errors import InputError
from counterpoise.files import sha256
from counterpoise.ingest.hic_engines import DEFAULT_ENGINE
from counterpoise.ingest.other_formats import refuse_other_formats
from counterpoise.ingest.reader_interface import Level, QuickReader, Reader, SourceInfo
from counterpoise.ingest.urls import is_url


def _hic_reader() -> Reader:
    from counterpoise.ingest import hic_reader

    return hic_reader


def _cooler_reader() -> Reader:
    from counterpoise.ingest import cooler_reader

    return cooler_reader


def _cells_reader() -> Reader:
    from counterpoise.ingest import cells_reader

    return cells_reader


@dataclass(frozen=True)
class Format:
    """One row of the table of formats.

    Attributes
    ----------
    names : tuple of str
        Values of ``SourceInfo.format`` that the reader gives.
    signature : bytes
        First bytes of every file of the format.
    suffixes : tuple of str
        File name endings, in lower case. They decide where the signature does not, so that the
        error about a damaged file speaks of the format that its name promises.
    load_reader : callable
        Imports and returns the reader. Readers are slow to import, so only the one that is
        needed is imported.
    """

    names: tuple[str, ...]
    signature: bytes
    suffixes: tuple[str, ...]
    load_reader: Callable[[], Reader]

    def has_signature(self, path: Path) -> bool:
        """Return whether a file begins with the signature of this format."""
        with open(path, "rb") as stream:
            return stream.read(len(self.signature)) == self.signature

    def matches(self, path: Path, start: bytes) -> bool:
        """Return whether a file that begins with ``start`` is of this format, or named so."""
        return start.startswith(self.signature) or path.suffix.lower() in self.suffixes


HIC = Format(("hic",), b"HIC\0", (".hic",), _hic_reader)
COOLER = Format(
    ("cool", "mcool"), b"\x89HDF\r\n\x1a\n", (".cool", ".mcool", ".scool"), _cooler_reader
)
# A pattern of groups, which no file tells: its signature is that of a cooler.
CELLS = Format(("scool",), COOLER.signature, (), _cells_reader)
PATTERN_LETTERS = frozenset("*?[")

# Rows are tried in order; the last one takes what no row matches, and names what is wrong.
FORMATS = (HIC, COOLER)
READ_FROM_URLS = HIC  # the only format that is read in place; other files are downloaded first


def reader_of(info: SourceInfo) -> Reader:
    """Return the reader of an inspected source.

    Parameters
    ----------
    info : SourceInfo
        The source.

    Returns
    -------
    Reader
        A module with the functions of `reader_interface.Reader`.
    """
    row = next(row for row in (*FORMATS, CELLS) if info.format in row.names)
    return row.load_reader()


def is_cooler_format(name: str) -> bool:
    """Return whether files of a format are coolers, with bin tables that hold columns of weights.

    Parameters
    ----------
    name : str
        Value of ``SourceInfo.format``. That of a pattern of single cells is no cooler: columns
        belong to one map, and the pattern names several.
    """
    return name in COOLER.names


def read_bins(info: SourceInfo, level: Level) -> BinTable:
    """Return the bins of one level without reading its contacts.

    Parameters
    ----------
    info : SourceInfo
        The source.
    level : Level
        One of its levels.

    Returns
    -------
    BinTable

    Raises
    ------
    InputError
        If the level is damaged or contradicts itself.
    """
    reader = reader_of(info)
    if isinstance(reader, QuickReader):
        return reader.read_bins(info.uri, level)
    with reader.open_level(info.uri, level, DEFAULT_ENGINE) as opened:
        return opened.bins


def inspect_source(
    uri: str, engine: str = DEFAULT_ENGINE, *, identify: bool = True, quick: bool = False
) -> SourceInfo:
    """Return format, levels and identity of a source.

    The format is recognised by content first and by name second.

    Parameters
    ----------
    uri : str
        Path, path with a group (``file.mcool::/resolutions/10000``) or a pattern of single cells
        (``file.scool::/cells/*``), or http(s) URL of a `.hic` file.
    engine : {"hictkpy", "hicstraw"}
        Library that reads `.hic` files.
    identify : bool, default True
        Compute the SHA-256 of a local file, which reads it once.
    quick : bool, default False
        Leave out checks that are made again when a level is opened.

    Returns
    -------
    SourceInfo

    Raises
    ------
    InputError
        If the source is missing, empty, damaged or of an unknown format.
    ConfigError
        If there is no such engine.
    """
    name, _, group = uri.partition("::")
    path = Path(name)
    if not is_url(uri) and not os.path.isfile(path):
        raise InputError(
            path,
            "does not exist or is not a file.",
            "Check the path.",
        )
    row = READ_FROM_URLS if is_url(uri) else _recognise(path)
    if row is COOLER and PATTERN_LETTERS & set(group):
        row = CELLS
    if not is_url(uri) and not row.has_signature(path):
        refuse_other_formats(path)
    if row is HIC and group and not is_url(uri):
        raise InputError(
            path,
            "is a .hic file, and '::' names a level of a cooler.",
            f"Leave '::{group}' out. counterpoise balance takes every level; the argument "
            "resolution chooses one in Python, and the key resolutions some in a cohort.",
        )
    info = row.load_reader().inspect(uri, engine, quick=quick)
    if identify and not is_url(uri):
        info.identity.update(sha256=sha256(path), bytes=path.stat().st_size)
    return info


def _recognise(path: Path) -> Format:
    """Return the format of a local file."""
    with open(path, "rb") as stream:
        start = stream.read(8)
    return next((row for row in FORMATS if row.matches(path, start)), FORMATS[-1])
