"""What every reader of a file format gives: the levels of a source, and one level opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Chunk
from counterpoise.errors import InputError


@dataclass(frozen=True)
class Level:
    """One resolution of a source: bin size in base pairs (None: unequal bins) and HDF5 group.

    ``whole`` is the length of the longest chromosome where each is a single bin: then a file
    cannot tell its bin size, and any from that length on is right.
    """

    resolution: int | None
    group: str = "/"
    whole: int | None = None


@dataclass(frozen=True)
class SourceInfo:
    """What a file or URL holds, as far as can be told without reading its contacts.

    ``identity`` is what tells this content from another: ``sha256`` and ``bytes`` for a local
    file; ``etag``, ``last_modified`` and ``bytes`` for a URL that is read where it is.
    """

    uri: str
    format: str
    levels: tuple[Level, ...]
    assembly: str | None = None
    identity: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> SourceInfo:
        """The inverse of ``dataclasses.asdict``, for the record of an inspected source."""
        return cls(**{**record, "levels": tuple(Level(**level) for level in record["levels"])})

    def describe_levels(self) -> str:
        """The resolutions there are, for messages: ``10,000, 20,000 bp``."""
        fixed = sorted(level.resolution for level in self.levels if level.resolution)
        if not fixed:
            return "of unequal bins"
        text = ", ".join(f"{resolution:,}" for resolution in fixed) + " bp"
        if any(level.resolution is None for level in self.levels):
            text += " (and a level of unequal bins)"
        return text

    def find(self, resolution: int | None) -> Level:
        """The level of exactly this resolution, or the coarsest one that divides it.

        ``None`` stands for the only level of a source of one level.

        Raises
        ------
        InputError : no such level and none to coarsen from; lists the levels there are.
        """
        if resolution is None:
            if len(self.levels) == 1:
                return self.levels[0]
            raise InputError(
                self.uri,
                f"holds several resolutions ({self.describe_levels()}).",
                "Say which one you want.",
            )
        if not isinstance(resolution, int) or resolution < 1:
            raise InputError(
                self.uri,
                f"was asked for a resolution of {resolution!r}.",
                "A resolution is a whole number of base pairs, 1 or more.",
            )
        for level in self.levels:
            if level.whole is not None and level.whole <= resolution:
                return replace(level, resolution=resolution)
        fixed = [level for level in self.levels if level.resolution]
        for level in fixed:
            if level.resolution == resolution:
                return level
        divisors = [
            level for level in fixed if level.resolution and resolution % level.resolution == 0
        ]
        if divisors:
            # The coarsest divisor: the fewest contacts to read for the same sums.
            return max(divisors, key=lambda level: level.resolution or 0)
        raise InputError(
            self.uri,
            f"has no level of {resolution:,} bp and none that it is a multiple of; "
            f"its levels are {self.describe_levels()}.",
            "Ask for one of these, or for a multiple of one."
            if fixed
            else "Bin the contacts again, into bins of one size.",
        )


@dataclass
class OpenLevel:
    """One level, ready to be read.

    Attributes
    ----------
    bins : its bin table, with the source's extra columns.
    chunks : starts a new pass over the contacts: the upper triangle, as pieces of whole rows in
        order. What comes is not yet checked (``ingest.check`` does that for every format).
    total : number of contacts stored, for progress; None where the format does not tell.
    column_attributes : HDF5 attributes of the extra columns.
    notes : what the reader found odd and put right, in words.
    """

    bins: BinTable
    chunks: Callable[[], Iterator[Chunk]]
    total: int | None = None
    column_attributes: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


HIC_ENGINES = ("hictkpy", "hicstraw")


def is_url(uri: str) -> bool:
    return uri.startswith(("http://", "https://"))
