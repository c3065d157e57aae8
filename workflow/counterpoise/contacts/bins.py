"""The bins of a genome: which interval of which chromosome each row of a contact map stands for."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from counterpoise.errors import ConfigError


@dataclass(frozen=True)
class BinTable:
    """Bins of all chromosomes, one after the other in the order of the source file.

    Attributes
    ----------
    chromosomes : tuple of str
        Names.
    lengths : numpy.ndarray
        int64 [chromosomes], base pairs.
    offsets : numpy.ndarray
        int64 [chromosomes + 1], the first bin of each chromosome; the last is the number of bins.
    start, end : numpy.ndarray
        int32 [bins], base pairs, half open; int64 if a chromosome is longer than 2,147,483,647
        base pairs.
    resolution : int or None
        Bin size in base pairs, or None if bins are of unequal length.
    extra : dict of str to numpy.ndarray
        Further columns of the source's bin table, one value per bin, copied to exports.
    circular : frozenset of str
        Names of circular chromosomes, whose first and last bins are neighbours.
    """

    chromosomes: tuple[str, ...]
    lengths: NDArray[np.int64]
    offsets: NDArray[np.int64]
    start: NDArray[np.signedinteger[Any]]
    end: NDArray[np.signedinteger[Any]]
    resolution: int | None
    extra: dict[str, NDArray[Any]] = field(default_factory=dict)
    circular: frozenset[str] = frozenset()

    @classmethod
    def fixed(cls, chromosomes: Sequence[str], lengths: Sequence[int], resolution: int) -> BinTable:
        """Make bins of one size; the last bin of a chromosome ends with the chromosome.

        Parameters
        ----------
        chromosomes : sequence of str
            Names.
        lengths : sequence of int
            Lengths in base pairs.
        resolution : int
            Bin size in base pairs.

        Returns
        -------
        BinTable
        """
        sizes = np.asarray(lengths, dtype=np.int64)
        offsets = np.concatenate([[0], np.cumsum(-(-sizes // resolution))]).astype(np.int64)
        index = np.arange(offsets[-1]) - np.repeat(offsets[:-1], np.diff(offsets))
        start = index * resolution
        end = np.minimum(start + resolution, np.repeat(sizes, np.diff(offsets)))
        kind = coordinate_type(sizes)
        return cls(
            tuple(chromosomes), sizes, offsets, start.astype(kind), end.astype(kind), resolution
        )

    def with_circular(self, patterns: Sequence[str]) -> BinTable:
        """Return the same bins, with the chromosomes that are circular.

        Parameters
        ----------
        patterns : sequence of str
            Names of chromosomes, or patterns such as ``plasmid_*``.

        Raises
        ------
        ConfigError
            If no chromosome has one of these names.
        """
        circular: set[str] = set()
        for pattern in patterns:
            names = [
                name
                for name in self.chromosomes
                if pattern in (name, "*") or fnmatch.fnmatchcase(name, pattern)
            ]
            if not names:
                raise ConfigError(
                    f"circular: the map has no chromosome {pattern!r}; correct the name. It has "
                    f"{_shorten(self.chromosomes)}."
                )
            circular.update(names)
        return replace(self, circular=frozenset(circular))

    def __repr__(self) -> str:
        """Return one line that says how many bins and chromosomes there are."""
        return f"<BinTable: {self.summary()}>"

    def summary(self) -> str:
        """Return bins and chromosomes in words, such as ``1,200 bins of 10 kb``."""
        size = (
            "of unequal length"
            if self.resolution is None
            else f"of {format_base_pairs(self.resolution)}"
        )
        chromosomes = pluralise(len(self.chromosomes), "chromosome")
        return f"{pluralise(len(self), 'bin')} {size} on {chromosomes}"

    def __len__(self) -> int:
        """Return the number of bins."""
        return int(self.offsets[-1])

    @property
    def is_tiling(self) -> bool:
        """Whether the bins cover every chromosome from its start to its end, without holes."""
        covered = np.concatenate([[0], np.cumsum(self.end.astype(np.int64) - self.start)])
        # Bins do not overlap and lie on their chromosome.
        return bool((np.diff(covered[self.offsets]) == self.lengths).all())

    @property
    def chromosome_ids(self) -> NDArray[np.int32]:
        """int32 [bins], the index of each bin's chromosome."""
        return np.repeat(np.arange(len(self.chromosomes), dtype=np.int32), np.diff(self.offsets))

    @property
    def chromosome_ends(self) -> NDArray[np.int64]:
        """int64 [bins], the end (exclusive) of each bin's chromosome, as a bin number."""
        return np.repeat(self.offsets[1:], np.diff(self.offsets))

    def chromosome_ranges(
        self, first: int = 0, end: int | None = None
    ) -> Iterator[tuple[str, int, int]]:
        """Iterate over chromosomes: name, first bin and end (exclusive) of each.

        Parameters
        ----------
        first : int
            First bin; chromosomes that begin before it are left out.
        end : int, optional
            End (exclusive) of the bins; chromosomes that end after it are left out. None for the
            end of the table.
        """
        a = int(np.searchsorted(self.offsets, first))
        b = len(self.chromosomes)
        if end is not None:
            b = int(np.searchsorted(self.offsets, end, side="right")) - 1
        edges = self.offsets[a : b + 1].tolist()
        yield from zip(self.chromosomes[a:b], edges[:-1], edges[1:], strict=True)

    def overlap(self, lo: int, hi: int, start: int, end: int) -> tuple[int, int]:
        """Return the bins of a chromosome that overlap an interval.

        Parameters
        ----------
        lo, hi : int
            First bin and end (exclusive) of the chromosome.
        start, end : int
            The interval in base pairs, half open.

        Returns
        -------
        tuple of int
            First bin and end (exclusive).
        """
        first = lo + np.searchsorted(self.end[lo:hi], start, side="right")
        last = lo + np.searchsorted(self.start[lo:hi], end, side="left")
        return int(first), int(last)

    def describe(self, index: int) -> str:
        """Return the interval of a bin, such as ``chr1:10,000-20,000``.

        Parameters
        ----------
        index : int
            Number of the bin.
        """
        chromosome = int(np.searchsorted(self.offsets, index, side="right")) - 1
        return f"{self.chromosomes[chromosome]}:{self.start[index]:,}-{self.end[index]:,}"


class RegionBins(BinTable):
    """Bins whose regions stand for chromosomes, so that scope ``cis`` is within regions.

    What lies between regions stands for chromosomes, too. Bins have the numbers that they had.
    """

    @classmethod
    def of(cls, bins: BinTable, regions: Sequence[Sequence[int]]) -> Self:
        """Split the chromosomes of a table at the borders of regions.

        Parameters
        ----------
        bins : BinTable
            The bins.
        regions : sequence of pairs of int
            First bin and end (exclusive) of each region, in order; none overlaps another.

        Returns
        -------
        RegionBins
            Chromosomes are named such as ``chr1:10,000-50,000``.
        """
        edges = np.unique([*bins.offsets, *(edge for region in regions for edge in region)])
        ids, first, last = bins.chromosome_ids, edges[:-1], edges[1:] - 1
        names = (
            f"{bins.chromosomes[ids[a]]}:{bins.start[a]:,}-{bins.end[b]:,}"
            for a, b in zip(first, last, strict=True)
        )
        lengths = bins.end[last].astype(np.int64) - bins.start[first]
        fields = bins.start, bins.end, bins.resolution, bins.extra
        return cls(tuple(names), lengths, edges.astype(np.int64), *fields)

    def describe(self, index: int) -> str:
        """Return the interval of a bin, such as ``chr1:10,000-20,000``.

        Parameters
        ----------
        index : int
            Number of the bin.
        """
        chromosome, _, interval = super().describe(index).rsplit(":", 2)
        return f"{chromosome}:{interval}"


def describe_difference(bins: BinTable, target: BinTable) -> str | None:
    """Return how the bins of a file differ from those of a map; None if they are the same.

    Parameters
    ----------
    bins, target : BinTable
        Bins of the map and of the file.
    """
    if bins.chromosomes != target.chromosomes:
        return (
            f"its chromosomes are {_shorten(target.chromosomes)}, those of the map "
            f"{_shorten(bins.chromosomes)}"
        )
    if not np.array_equal(bins.lengths, target.lengths):
        k = int(np.argmax(bins.lengths != target.lengths))
        return (
            f"{bins.chromosomes[k]} has {target.lengths[k]:,} bp in the file and "
            f"{bins.lengths[k]:,} in the map"
        )
    if len(bins) != len(target):
        return f"it has {len(target):,} bins, the map {len(bins):,}"
    same = (bins.start == target.start) & (bins.end == target.end)
    if np.array_equal(bins.offsets, target.offsets) and same.all():
        return None
    k = int(np.argmin(same))
    return f"bin {k:,} is {target.describe(k)} in the file and {bins.describe(k)} in the map"


def _shorten(names: tuple[str, ...]) -> str:
    """Return the first names of a list."""
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def coordinate_type(lengths: NDArray[np.int64]) -> type[np.signedinteger[Any]]:
    """Return the type of the coordinates of a genome.

    Parameters
    ----------
    lengths : numpy.ndarray
        int64 [chromosomes], base pairs.

    Returns
    -------
    type
        int32, or int64 if a chromosome is too long for it.
    """
    return np.int64 if lengths.max(initial=0) > np.iinfo(np.int32).max else np.int32


def pluralise(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 bin``, ``1,200 bins``.

    Parameters
    ----------
    number : int
        The number.
    noun : str
        In the singular; the plural adds an s.
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def format_base_pairs(count: int | None) -> str:
    """Format a bin size: ``500 bp``, ``10 kb``, ``2.5 Mb``.

    Parameters
    ----------
    count : int or None
        Base pairs; None gives ``unequal bins``.
    """
    if count is None:
        return "unequal bins"
    for unit, name in ((1_000_000, "Mb"), (1_000, "kb")):
        if count >= unit:
            return f"{count / unit:g} {name}"
    return f"{count} bp"


def format_length(length: float) -> str:
    """Format a length with two significant digits, such as ``230 kb``.

    Parameters
    ----------
    length : float
        Base pairs; 0 gives ``none``.
    """
    return format_base_pairs(round(float(f"{length:.2g}"))) if length else "none"
