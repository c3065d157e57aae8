"""Choose the chromosomes of a map that are read, and put them in order."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable, coordinate_type
from counterpoise.contacts.contact_map import Chunk
from counterpoise.contacts.resolutions import parse_size
from counterpoise.errors import ConfigError, InputError
from counterpoise.ingest.pixel_checks import Tally
from counterpoise.ingest.read import CheckedMap
from counterpoise.ingest.sorting import sort_pixels

NAMED = 10  # chromosomes that a message names


@dataclass
class ChromosomeSettings:
    """Chromosomes that are read from every file, and their order.

    Attributes
    ----------
    keep : list of str, default []
        Names or patterns of the chromosomes to read, such as ``chr[0-9]*``; empty for all.
    leave_out : list of str, default []
        Names or patterns of chromosomes that are not read, such as chrM or ``chrUn_*``.
        What is in both lists is left out.
    min_length : int or str, default 0
        Length of the shortest chromosome that is read, in base pairs or such as 1Mb.
    order : list of str, default []
        Names or patterns of chromosomes in the order that they get.
        Chromosomes that no entry names follow. Those of one entry stay in the order of the file.
    circular : list of str, default []
        Names or patterns of circular chromosomes, such as ``plasmid_*``.
        Their first and last bins are neighbours, so that ``ignore_diags`` of methods and of the
        mask also counts across the origin. Kernel methods do not smooth across it.
    """

    keep: list[str] = field(default_factory=list)
    leave_out: list[str] = field(default_factory=list)
    min_length: Union[int, str] = 0  # noqa: UP007
    order: list[str] = field(default_factory=list)
    circular: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Turn the length into base pairs."""
        if isinstance(self.min_length, str):
            try:
                self.min_length = parse_size(self.min_length)
            except ConfigError:
                raise ConfigError(
                    f"chromosomes.min_length is {self.min_length!r}; write base pairs, or such as "
                    "500kb or 1Mb."
                ) from None
        if self.min_length < 0:
            raise ConfigError(
                f"chromosomes.min_length is {self.min_length}; it must be 0 or more base pairs."
            )

    @property
    def is_on(self) -> bool:
        """Whether anything is chosen."""
        return self != ChromosomeSettings()

    def arrange(self, bins: BinTable) -> list[int]:
        """Return the numbers of the chosen chromosomes in their new order.

        Parameters
        ----------
        bins : BinTable
            Bins of a map.
        """
        kept = [
            number
            for number, name in enumerate(bins.chromosomes)
            if (not self.keep or _matches(name, self.keep))
            and not _matches(name, self.leave_out)
            and bins.lengths[number] >= int(self.min_length)
        ]
        names = bins.chromosomes
        ordered = (k for pattern in self.order for k in kept if _matches(names[k], [pattern]))
        return list(dict.fromkeys([*ordered, *kept]))

    def find_circular(self, names: Sequence[str]) -> list[str]:
        """Return the circular ones of some chromosomes."""
        return [name for name in names if _matches(name, self.circular)]

    def notes(self, names: Sequence[str]) -> list[str]:
        """Return the entries that match none of some chromosomes, in words.

        Parameters
        ----------
        names : sequence of str
            The chromosomes of a map.
        """
        return [
            f"chromosomes.{key}: the map has no chromosome {pattern}"
            for key in ("keep", "leave_out", "order", "circular")
            for pattern in getattr(self, key)
            if not any(_matches(name, [pattern]) for name in names)
        ]


def _matches(name: str, patterns: Iterable[str]) -> bool:
    """Return whether a chromosome has one of these names, or a name of one of these patterns."""
    return any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)


@contextmanager
def choose_chromosomes(
    reading: CheckedMap, choice: ChromosomeSettings | None
) -> Iterator[CheckedMap]:
    """Restrict a map that is being read to some chromosomes, in another order.

    Pixels between a chosen chromosome and one that is left out are left out, too.

    Parameters
    ----------
    reading : CheckedMap
        The map.
    choice : ChromosomeSettings or None
        The choice; None to leave the map as it is.

    Yields
    ------
    CheckedMap
        The map of the chosen chromosomes. Its record says which ones are left out, and with how
        many contacts.

    Raises
    ------
    InputError
        If no chromosome is left.
    """
    if choice is None:
        yield reading
        return
    chosen, bins, mapping = choose_bins(reading.bins, choice, reading.record["uri"])
    names = reading.bins.chromosomes
    tally, inside = Tally(), set(chosen)
    summary: dict[str, Any] = {
        "settings": asdict(choice),
        "left_out": [name for number, name in enumerate(names) if number not in inside],
    }
    circular = choice.find_circular(bins.chromosomes)
    record = {
        **reading.record,
        "bins": len(bins),
        "chromosomes": summary,
        **({"circular": circular} if circular else {}),
        "notes": reading.record["notes"] + choice.notes(names),
    }
    with tempfile.TemporaryDirectory(prefix="counterpoise-") as scratch:

        def chunks() -> Iterator[Chunk]:
            pixels = _choose_pixels(reading, mapping, tally, summary)
            if chosen == sorted(chosen):
                return pixels
            return sort_pixels(pixels, len(bins), Path(scratch))

        yield replace(reading, bins=bins, chunks=chunks, tally=tally, record=record)


def choose_bins(
    bins: BinTable, choice: ChromosomeSettings, uri: str
) -> tuple[list[int], BinTable, NDArray[np.int32]]:
    """Return the bins of the chosen chromosomes, in their new order.

    Parameters
    ----------
    bins : BinTable
        Bins of a map.
    choice : ChromosomeSettings
        The choice.
    uri : str
        The file, for messages.

    Returns
    -------
    chosen : list of int
        Numbers of the chosen chromosomes.
    table : BinTable
        Their bins.
    mapping : int32 [bins]
        The new number of each bin, -1 for bins that are left out.

    Raises
    ------
    InputError
        If no chromosome is left.
    """
    chosen = choice.arrange(bins)
    if not chosen:
        raise InputError(
            uri,
            f"has no chromosome that is chosen: it has {_list_names(bins.chromosomes)}.",
            "Change chromosomes.keep, leave_out or min_length.",
        )
    return chosen, *_rearrange(bins, chosen)


def _list_names(names: Sequence[str]) -> str:
    """Return the first names of a list, and how many there are more."""
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _rearrange(bins: BinTable, chosen: list[int]) -> tuple[BinTable, NDArray[np.int32]]:
    """Return the bins of some chromosomes and the new bin of each old one, -1 for none."""
    places = [np.arange(*bins.offsets[number : number + 2]) for number in chosen]
    old = np.concatenate(places)
    mapping = np.full(len(bins), -1, np.int32)
    mapping[old] = np.arange(len(old))
    lengths = bins.lengths[chosen]
    kind = coordinate_type(lengths)
    table = BinTable(
        tuple(bins.chromosomes[number] for number in chosen),
        lengths,
        np.cumsum([0, *map(len, places)], dtype=np.int64),
        bins.start[old].astype(kind),
        bins.end[old].astype(kind),
        bins.resolution,
        {name: values[old] for name, values in bins.extra.items()},
    )
    return table, mapping


def _choose_pixels(
    reading: CheckedMap, mapping: NDArray[np.int32], tally: Tally, summary: dict[str, Any]
) -> Iterator[Chunk]:
    """Yield the pixels between chosen bins under their new numbers; complete tally and summary."""
    for bin1, bin2, count in reading.chunks():
        first, second = mapping[bin1], mapping[bin2]
        inside = (first >= 0) & (second >= 0)
        first, second, counts = first[inside], second[inside], count[inside]
        tally.contacts += counts.sum(dtype=float if counts.dtype.kind == "f" else int).item()
        if len(counts):
            yield np.minimum(first, second), np.maximum(first, second), counts
    tally.zeros, tally.unsorted_rows = reading.tally.zeros, reading.tally.unsorted_rows
    summary["contacts_left_out"] = reading.tally.contacts - tally.contacts
