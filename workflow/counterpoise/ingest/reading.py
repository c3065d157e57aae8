"""Reading a source: what it holds, and the checked contacts of one level."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Chunk, Contacts
from counterpoise.errors import InputError, without_credentials
from counterpoise.files import sha256
from counterpoise.ingest.check import Tally, checked
from counterpoise.ingest.coarsen import coarse_bins, coarsened
from counterpoise.ingest.source import Level, OpenLevel, SourceInfo, is_url


def inspect_source(uri: str, engine: str = "hictkpy", *, identify: bool = True) -> SourceInfo:
    """Format, levels and identity of a source, by its content and not by its name.

    Parameters
    ----------
    uri : path, path with a group (``file.mcool::/resolutions/10000``), or http(s) URL of a `.hic`.
    engine : reader of `.hic` files, ``hictkpy`` or ``hicstraw``.
    identify : compute the SHA-256 of a local file (reads it once).

    Raises
    ------
    InputError : missing, empty, damaged or of no known format.
    """
    path = Path(uri.partition("::")[0])
    if not is_url(uri) and not path.is_file():
        raise InputError(path, "is not there or is no file.", "Check the path in the sample sheet.")
    # Each reader is imported only where its format is read: both take long to load.
    if is_url(uri) or _looks_like_hic(path):
        from counterpoise.ingest.hic import inspect_hic

        info = inspect_hic(uri, engine)
    else:
        from counterpoise.ingest.cool import inspect_cool

        info = inspect_cool(uri)
    if identify and not is_url(uri):
        info.identity.update(sha256=sha256(path), bytes=path.stat().st_size)
    return info


def _looks_like_hic(path: Path) -> bool:
    """By the first bytes; a broken file counts as what its name says, so errors speak of that."""
    with open(path, "rb") as stream:
        start = stream.read(8)
    if start.startswith(b"HIC\x00"):
        return True
    return path.suffix.lower() == ".hic"


@dataclass
class Reading:
    """A level being read: its bins, its checked contacts, and what is to be recorded of it."""

    bins: BinTable
    chunks: Callable[[], Iterator[Chunk]]
    tally: Tally
    total: int | None
    record: dict[str, Any]

    def finished_record(self, nnz: int) -> dict[str, Any]:
        """The source's record, with what was counted while the ``nnz`` pixels went by."""
        return {
            **self.record,
            "nnz": nnz,
            "contacts": self.tally.contacts,
            "zeros_dropped": self.tally.zeros,
            "notes": self.record["notes"] + self.tally.summary(),
        }


@contextmanager
def open_contacts(
    uri: str, resolution: int | None, engine: str = "hictkpy", info: SourceInfo | None = None
) -> Iterator[Reading]:
    """Open a source at a resolution; coarsened from a finer level where it has none of its own.

    Raises
    ------
    InputError : see ``inspect_source`` and ``ingest.check.checked``.
    """
    info = info or inspect_source(uri, engine)
    level = info.find(resolution)
    with _open_level(info, level, engine) as opened:
        tally = Tally()
        bins, attributes = opened.bins, opened.column_attributes
        notes = list(opened.notes)

        def chunks() -> Iterator[Chunk]:
            return checked(opened.chunks(), opened.bins, uri, tally)

        coarse = resolution is not None and level.resolution != resolution
        if coarse:
            assert resolution is not None
            bins, mapping = coarse_bins(opened.bins, resolution)
            attributes = {}
            notes.append(f"summed from the file's level of {level.resolution:,} bp")
        record = {
            "uri": without_credentials(uri),
            "format": info.format,
            "engine": ("hicstraw" if is_url(uri) else engine) if info.format == "hic" else "h5py",
            "assembly": info.assembly,
            "identity": info.identity,
            "resolution": resolution if coarse else level.resolution,
            "coarsened_from": level.resolution if coarse else None,
            "group": level.group,
            "bins": len(bins),
            "column_attributes": attributes,
            "notes": notes,
        }
        yield Reading(
            bins,
            (lambda: coarsened(chunks(), mapping, len(bins))) if coarse else chunks,
            tally,
            opened.total,
            record,
        )


@contextmanager
def _open_level(info: SourceInfo, level: Level, engine: str) -> Iterator[OpenLevel]:
    if info.format == "hic":
        from counterpoise.ingest.hic import open_hic

        if level.resolution is None:
            raise ValueError("a .hic level always has a resolution")
        with open_hic(info.uri, level.resolution, engine) as opened:
            yield opened
    else:
        from counterpoise.ingest.cool import open_cool

        with open_cool(info.uri, level) as opened:
            yield opened


def read_contacts(
    uri: str | Path, resolution: int | None = None, engine: str = "hictkpy"
) -> Contacts:
    """Read a contact map into memory.

    Parameters
    ----------
    uri : `.cool`, `.mcool` or `.hic` file, ``file.mcool::/group``, or http(s) URL of a `.hic`.
    resolution : bin size in base pairs; may be left out where the file has one level. A level the
        file lacks is summed from a finer one of which it is a multiple.
    engine : reader of local `.hic` files, ``hictkpy`` or ``hicstraw``.

    Raises
    ------
    InputError : names the file, the place and what to do.
    """
    info = inspect_source(str(uri), engine, identify=False)
    with open_contacts(str(uri), resolution, engine, info) as reading:
        contacts = Contacts.from_chunks(reading.bins, reading.chunks(), {}, reading.total)
        contacts.source.update(reading.finished_record(contacts.nnz))
        return contacts
