"""Intervals of BED files, and the bins that overlap them."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable
from counterpoise.errors import InputError

DISPLAY_LINES = ("track", "browser")  # first words of lines that tell browsers how to draw
GZIP_MAGIC = b"\x1f\x8b"
WHOLE_NUMBER = re.compile(r"[0-9]+")
LISTED_CHROMOSOMES = 20  # unknown chromosomes that records name
LONGEST_QUOTE = 100  # characters of a wrong line that a message shows


class Interval(NamedTuple):
    """A line of a BED file.

    Attributes
    ----------
    chrom : str
        Chromosome.
    start, end : int
        Base pairs, half open.
    columns : tuple of str
        The columns after the third.
    """

    chrom: str
    start: int
    end: int
    columns: tuple[str, ...] = ()


class Overlap(NamedTuple):
    """The bins that overlap the intervals of a BED file.

    Attributes
    ----------
    bins : numpy.ndarray
        bool [bins], True for bins that overlap an interval.
    ranges : list of tuple of int
        First bin and end (exclusive) of each interval on the map, in order; intervals with a bin
        in common are one.
    note : dict
        ``intervals`` (their number), ``unknown_intervals`` (those on chromosomes that the map does
        not have) and ``unknown_chromosomes`` (up to 20 of their names).
    """

    bins: NDArray[np.bool_]
    ranges: list[tuple[int, int]]
    note: dict[str, Any]


def find_overlap(bins: BinTable, path: str, key: str) -> Overlap:
    """Find the bins that overlap an interval of a BED file.

    Parameters
    ----------
    bins : BinTable
        Bins of the map.
    path : str
        The BED file, packed or not.
    key : str
        Key of the configuration that names the file, for messages.

    Returns
    -------
    Overlap

    Raises
    ------
    InputError
        If the file cannot be read, or names none of the map's chromosomes.
    """
    overlap = np.zeros(len(bins), dtype=bool)
    ranges = {name: (lo, hi) for name, lo, hi in bins.chromosome_ranges()}
    intervals: Counter[str] = Counter()
    places: list[tuple[int, int]] = []
    for interval in read_intervals(path, key):
        intervals[interval.chrom] += 1
        if interval.chrom in ranges and interval.start < interval.end:
            first, end = bins.overlap(*ranges[interval.chrom], interval.start, interval.end)
            overlap[first:end] = True
            if first < end:
                places.append((first, end))
    unknown = sorted(set(intervals) - set(ranges))
    if unknown and len(unknown) == len(intervals):
        raise InputError(
            path,
            f"names no chromosome of the map: it has {', '.join(unknown[:3])}, "
            f"the map has {', '.join(bins.chromosomes[:3])}.",
            "Rename the chromosomes of either (chr1 versus 1 is the usual cause).",
        )
    note = {
        "intervals": intervals.total(),
        "unknown_intervals": sum(intervals[name] for name in unknown),
        "unknown_chromosomes": unknown[:LISTED_CHROMOSOMES],
    }
    return Overlap(overlap, _join(places), note)


def _join(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join ranges of bins that have a bin in common; return them in order."""
    joined: list[tuple[int, int]] = []
    for first, end in sorted(places):
        if joined and first < joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((first, end))
    return joined


def read_intervals(path: str, key: str) -> Iterator[Interval]:
    """Read the intervals of a BED file, packed with gzip or not.

    Comments, display lines of browsers, and a header above the intervals are skipped. Columns are
    separated by tabs, or by blanks in lines without two tabs.

    Parameters
    ----------
    path : str
        The file.
    key : str
        Key of the configuration that names the file, for messages.

    Yields
    ------
    Interval
        Chromosome, start, end and further columns of each line.

    Raises
    ------
    InputError
        If the file does not exist, is no regular file, is damaged, or has a line that is no
        interval.
    """
    if os.path.exists(path) and not os.path.isfile(path):
        raise InputError(
            path,
            "is no regular file.",
            "Name a regular file; write what comes from a pipe to one first.",
        )
    if not os.path.isfile(path):
        raise InputError(path, "does not exist.", f"Check {key} in the configuration.")
    may_be_header = True
    for number, line in read_lines(path):
        columns = line.split("\t") if line.count("\t") >= 2 else line.split()
        columns = [column.strip() for column in columns]
        complete = len(columns) >= 3 and all(map(WHOLE_NUMBER.fullmatch, columns[1:3]))
        if complete and columns[0] and int(columns[1]) <= int(columns[2]):
            yield Interval(columns[0], int(columns[1]), int(columns[2]), tuple(columns[3:]))
            may_be_header = False
        elif not (line.split()[0] in DISPLAY_LINES or (may_be_header and is_header(columns))):
            raise InputError(
                path,
                f"line {number} is not a BED interval: {line.strip()[:LONGEST_QUOTE]!r}.",
                "Each line needs chromosome, start and end.",
            )


def read_lines(path: str) -> Iterator[tuple[int, str]]:
    """Read the lines of a text file, packed or not, that are neither empty nor comments.

    Parameters
    ----------
    path : str
        The file.

    Yields
    ------
    number : int
        Number of the line.
    line : str
        Its text.

    Raises
    ------
    InputError
        If the file is damaged or no UTF-8 text.
    """
    with open(path, "rb") as stream:
        packed = stream.read(2) == GZIP_MAGIC
    try:
        with (gzip.open if packed else open)(path, "rt", encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip() and not line.startswith("#"):
                    yield number, line
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            path, f"is damaged ({error}).", "Copy or download the file again."
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            path, f"is not UTF-8 text ({error}).", "Save the BED file as plain text."
        ) from error


def is_header(columns: list[str]) -> bool:
    """Return whether these are names of columns, as some tools write above the intervals.

    Parameters
    ----------
    columns : list of str
        The cells of a line.
    """
    names = [re.sub("chrom|[^a-z]", "", column.lower()) for column in columns[1:3]]
    return names in (["start", "end"], ["start", "stop"])
