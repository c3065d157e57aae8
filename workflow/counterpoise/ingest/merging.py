"""Sum the maps of several samples, whose pixels were read and checked before."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Chunk
from counterpoise.ingest.pixel_checks import Tally
from counterpoise.ingest.read import CheckedMap
from counterpoise.ingest.sorting import sort_pixels
from counterpoise.store.paths import MapFiles
from counterpoise.store.pixels import read_common_bins, read_row_groups
from counterpoise.store.source_record import read_source

FORMAT = "merge"  # format of a source that is no file
ENGINE = "pyarrow"
NAMED = 3  # members that the source is named after


@contextmanager
def open_merged(members: Mapping[str, MapFiles]) -> Iterator[CheckedMap]:
    """Open a map whose pixels are the sums of those of several maps.

    Parameters
    ----------
    members : mapping of str to MapFiles
        The maps by the names of their samples.

    Yields
    ------
    CheckedMap

    Raises
    ------
    InputError
        If the bins of two maps differ.
    """
    bins = read_common_bins(
        members,
        "with which it is merged",
        "Merge samples of one genome, or choose the chromosomes that they share (chromosomes.keep, "
        "leave_out, order).",
    )
    sources = {name: read_source(files.source) for name, files in members.items()}
    record = _describe_merged(sources, bins)
    tally = Tally(contacts=sum(source["contacts"] for source in sources.values()))
    total = sum(source["nnz"] for source in sources.values())
    with tempfile.TemporaryDirectory(prefix="counterpoise-") as scratch:

        def chunks() -> Iterator[Chunk]:
            return sort_pixels(_read_members(members), len(bins), Path(scratch))

        yield CheckedMap(bins, chunks, tally, total, record)


def _read_members(members: Mapping[str, MapFiles]) -> Iterator[Chunk]:
    """Read the pixels of one map after the other."""
    for files in members.values():
        with pq.ParquetFile(files.pixels) as file:
            yield from read_row_groups(file)


def _describe_merged(sources: Mapping[str, dict[str, Any]], bins: BinTable) -> dict[str, Any]:
    """Return the record of a merged map, as far as it is known before its pixels are summed."""
    assemblies = {source["assembly"] for source in sources.values()}
    notes = []
    if len(assemblies) > 1:
        named = ", ".join(sorted(assembly or "none" for assembly in assemblies))
        notes.append(f"its members name different assemblies ({named})")
    first = next(iter(sources.values()))
    return {
        **({"circular": first["circular"]} if "circular" in first else {}),
        "uri": _name_members(list(sources)),
        "format": FORMAT,
        "engine": ENGINE,
        "assembly": assemblies.pop() if len(assemblies) == 1 else None,
        "identity": _identify(list(sources.values())),
        "resolution": bins.resolution,
        "coarsened_from": None,
        "group": None,
        "bins": len(bins),
        "column_attributes": {},
        "notes": notes,
        "members": {
            name: {key: source[key] for key in ("uri", "identity", "contacts")}
            for name, source in sources.items()
        },
    }


def _name_members(names: list[str]) -> str:
    """Return what reports call the source of a merged map."""
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return f"merge of {', '.join(names[:NAMED])}{more}"


def _identify(sources: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the identity of a merged map: it changes with the content of any member."""
    lines = []
    for source in sources:
        group = source["uri"].partition("::")[2]  # distinguishes maps of one file
        lines.append(f"{source['identity']['sha256']} {group}\n")
    size = sum(source["identity"]["bytes"] for source in sources)
    return {"sha256": hashlib.sha256("".join(lines).encode()).hexdigest(), "bytes": size}
