"""Where the contacts of each sample come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from counterpoise.contacts.bins import format_base_pairs
from counterpoise.store.paths import ResultPaths
from counterpoise.store.source_record import read_source

MOST_ROWS = 100  # the others are in summary.tsv


@dataclass(frozen=True)
class Input:
    """The source of the maps of a sample.

    Attributes
    ----------
    sample : str
        Name of the sample.
    uri : str
        File or address.
    format : str
        Its format.
    levels : str
        How each map was had from it, in words.
    contacts : int or float or None
        Contacts of the finest map.
    nonzeros : int or None
        Pixels of the finest map.
    assembly : str
        Name of the assembly; empty if unknown.
    sha256 : str
        Checksum of the file; empty if unknown.
    notes : str
        What was noticed while reading.
    """

    sample: str
    uri: str
    format: str
    levels: str
    contacts: float | None
    nonzeros: int | None
    assembly: str
    sha256: str
    notes: str


def list_inputs(paths: ResultPaths, maps: Sequence[tuple[str, int]]) -> list[Input]:
    """List the source of each sample.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    maps : sequence of tuple of str and int
        Samples and resolutions of the maps that have a result.

    Returns
    -------
    list of Input
        One for each sample.
    """
    records: dict[str, dict[int, dict[str, Any]]] = {}
    for sample, size in sorted(maps, key=lambda place: place[1]):
        record = read_source(paths.map_files(sample, size).source)
        record.pop("statistics", None)
        records.setdefault(sample, {})[size] = record
    return [_describe(name, records[name]) for name in dict.fromkeys(name for name, _ in maps)]


def _describe(sample: str, records: dict[int, dict[str, Any]]) -> Input:
    """Describe the source of a sample from the records of its maps, the finest first."""
    finest = next(iter(records.values()))
    notes = dict.fromkeys(note for record in records.values() for note in record.get("notes", []))
    return Input(
        sample,
        finest.get("uri") or "",
        finest.get("format") or "",
        describe_levels({size: record.get("coarsened_from") for size, record in records.items()}),
        finest.get("contacts"),
        finest.get("nnz"),
        finest.get("assembly") or "",
        finest.get("identity", {}).get("sha256") or "",
        "; ".join(notes),
    )


def describe_levels(summed_from: dict[int, int | None]) -> str:
    """Describe how maps were had from a file.

    Parameters
    ----------
    summed_from : dict of int to int or None
        By resolution, that of the map that was summed; None for a level of the file.

    Returns
    -------
    str
        ``10 kb as stored; 20 kb summed from 10 kb``.
    """
    stored = [format_base_pairs(size) for size, finer in summed_from.items() if finer is None]
    parts = [f"{', '.join(stored)} as stored"] if stored else []
    parts += [
        f"{format_base_pairs(size)} summed from {format_base_pairs(finer)}"
        for size, finer in summed_from.items()
        if finer is not None
    ]
    return "; ".join(parts)
