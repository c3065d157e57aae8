"""How much memory a balancing job needs, foretold and measured."""

from __future__ import annotations

from dataclasses import dataclass

from counterpoise.process import MIB

# MiB of a job's memory that are not its program's: on a cluster two processes of Snakemake run
# around it.
AROUND = 400
# Python and its libraries.
BASE = 110 * MIB
# Row groups of triples (``triples``): while they are read, about five are held in one form or
# another, and two more where a map streams.
ROW_GROUP, READING, STREAMED = 1 << 20, 5, 2
# For each bin: the table and the mask, the rows' places, the sums of the blocks, vectors.
BIN = 300
# For each nonzero in memory: its column; in the compact layout at most four bytes (a byte where one
# pixel in four of the band is there) or, for counts that are no bytes, a column and a double.
COLUMN, LAYOUT, LAYOUT_DOUBLE = 4, 4, 10
# The layout's segments, of which a row has at most one for each panel of columns and each kind of
# counts (``native/layout.h``).
SEGMENT, PANEL, KINDS = 8, 1 << 16, 3
# Nonzeros of a slab: where a map streams, the entries of one are held, its layout, and a layout for
# each thread.
SLAB = 1 << 21
# For each nonzero of a part whose structure is examined: its pattern, as scipy copies it.
EXAMINED = 75
# For each bin of a part of which two maps are drawn: eight candidates on each, side by side.
DRAWN_BIN = 3400
# The largest count that the layout keeps in a byte.
LARGEST_BYTE = 255


@dataclass(frozen=True)
class Size:
    """What of a map decides how much memory it takes.

    Attributes
    ----------
    bins, nonzeros : of the whole map.
    count_bytes : of a count in memory: 2, 4 or 8.
    doubles : nonzeros, at most, whose count is above 255 or no whole number.
    examined : nonzeros, at most, of a part whose structure may be examined.
    drawn_bins, drawn : bins and nonzeros, at most, of a part from which other maps are drawn:
        halves for a search, or maps of a bootstrap. 0 for none.
    """

    bins: int
    nonzeros: int
    count_bytes: int
    doubles: int
    examined: int
    drawn_bins: int = 0
    drawn: int = 0

    @classmethod
    def of(cls, bins: int, nonzeros: int, count_type: str, contacts: float, examined: int) -> Size:
        """From the type of the stored counts, as numpy calls it, and their sum."""
        if count_type.startswith("float"):
            return cls(bins, nonzeros, 8, nonzeros, examined)
        count_bytes = {"uint8": 2, "uint16": 2, "int32": 4, "int64": 8}[count_type]
        doubles = min(nonzeros, int(contacts) // (LARGEST_BYTE + 1))
        return cls(bins, nonzeros, count_bytes, doubles, examined)

    def layout(self, nonzeros: int) -> int:
        """Bytes, at most, of the compact layout of so many of the nonzeros, in successive rows.

        A few rows may have twice the large counts of the average, or be twice as many for them.
        """
        share = min(2 * nonzeros / max(self.nonzeros, 1), 1)
        doubles = min(nonzeros, int(self.doubles * share))
        panels = -(-self.bins // PANEL)
        # Of the upper triangle a row has half of the panels, its own among them.
        segments = min(nonzeros, int(KINDS * self.bins * share) * (panels + 1) // 2)
        return nonzeros * LAYOUT + doubles * (LAYOUT_DOUBLE - LAYOUT) + segments * SEGMENT

    def always(self) -> int:
        """Bytes for Python, the bins, reading, and what is drawn."""
        reading = READING * ROW_GROUP * (2 * COLUMN + self.count_bytes)
        return BASE + self.bins * BIN + reading + self._drawing()

    def _drawing(self) -> int:
        """Bytes for a part in memory and two maps drawn from it, with their layouts and vectors."""
        entries = self.drawn * (COLUMN + 3 * self.count_bytes)
        return entries + 2 * self.layout(self.drawn) + self.drawn_bins * DRAWN_BIN


def needed(size: Size) -> int:
    """Bytes that balancing a map in memory takes at most."""
    stored = size.nonzeros * (COLUMN + size.count_bytes)
    # A part that may be examined is small, and so is its own layout.
    work = max(size.layout(size.nonzeros), size.examined * EXAMINED)
    return size.always() + stored + work


def needed_streaming(size: Size, threads: int) -> int:
    """Bytes that balancing a map takes at most when it streams from disk."""
    entries = (STREAMED * ROW_GROUP + SLAB) * (COLUMN + size.count_bytes)
    slabs = (1 + threads) * size.layout(SLAB)
    return size.always() + entries + slabs + size.examined * EXAMINED
