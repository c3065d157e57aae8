"""The bins of a genome: which part of which chromosome each row of a contact map stands for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class BinTable:
    """Bins of all chromosomes, laid end to end in the order of the source file.

    Attributes
    ----------
    chromosomes : names.
    lengths : int64 [chromosomes], base pairs.
    offsets : int64 [chromosomes + 1], the first bin of each chromosome; the last is the bin count.
    start, end : int32 [bins], base pairs, half open.
    resolution : bin size in base pairs, or None where bins are of unequal length.
    extra : further columns of the source's bin table, one value a bin, carried over to exports.
    """

    chromosomes: tuple[str, ...]
    lengths: NDArray[np.int64]
    offsets: NDArray[np.int64]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    resolution: int | None
    extra: dict[str, NDArray[Any]] = field(default_factory=dict)

    @classmethod
    def fixed(cls, chromosomes: Sequence[str], lengths: Sequence[int], resolution: int) -> BinTable:
        """Bins of one size; the last bin of a chromosome ends where the chromosome does."""
        sizes = np.asarray(lengths, dtype=np.int64)
        offsets = np.concatenate([[0], np.cumsum(-(-sizes // resolution))]).astype(np.int64)
        index = np.arange(offsets[-1]) - np.repeat(offsets[:-1], np.diff(offsets))
        start = (index * resolution).astype(np.int32)
        limits = np.repeat(sizes, np.diff(offsets))
        end = np.minimum(start.astype(np.int64) + resolution, limits).astype(np.int32)
        return cls(tuple(chromosomes), sizes, offsets, start, end, resolution)

    def __len__(self) -> int:
        return int(self.offsets[-1])

    @property
    def chromosome_ids(self) -> NDArray[np.int32]:
        """int32 [bins], the index of each bin's chromosome."""
        return np.repeat(np.arange(len(self.chromosomes), dtype=np.int32), np.diff(self.offsets))

    def chromosome_ranges(self) -> Iterator[tuple[str, int, int]]:
        """Name, first bin and end (exclusive) of each chromosome."""
        for name, lo, hi in zip(self.chromosomes, self.offsets, self.offsets[1:], strict=False):
            yield name, int(lo), int(hi)

    def describe(self, index: int) -> str:
        """A bin as people write it, ``chr1:10,000-20,000``."""
        chromosome = int(np.searchsorted(self.offsets, index, side="right")) - 1
        return f"{self.chromosomes[chromosome]}:{self.start[index]:,}-{self.end[index]:,}"


def format_base_pairs(count: int | None) -> str:
    """A bin size as people say it: ``500 bp``, ``10 kb``, ``2.5 Mb``; None: unequal bins."""
    if count is None:
        return "unequal bins"
    for unit, name in ((1_000_000, "Mb"), (1_000, "kb")):
        if count >= unit:
            return f"{count / unit:g} {name}"
    return f"{count} bp"


def format_length(length: float) -> str:
    """A length to two digits: ``230 kb``; ``none`` for zero."""
    return format_base_pairs(round(float(f"{length:.2g}"))) if length else "none"
