"""Resolutions as they are written on the command line: ``10kb,1Mb``, ``N``, ``5000B``, ``4DN``."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from counterpoise.contacts.bins import format_base_pairs
from counterpoise.errors import ConfigError

TILE_BINS = 256  # a series ends where the genome fits into one tile of HiGlass
UNITS = {"": 1, "bp": 1, "k": 1000, "kb": 1000, "m": 1_000_000, "mb": 1_000_000}
NICE_STEPS, BINARY_STEPS = (1, 2, 5, 10), (1, 2)
SIZE = re.compile(r"([0-9][0-9_]*(?:\.[0-9]+)?)\s*(bp|kb?|mb?)?", re.IGNORECASE)
SERIES = re.compile(r"([0-9]*)([nb])", re.IGNORECASE)


def parse_size(text: str) -> int:
    """Return a bin size in base pairs.

    Parameters
    ----------
    text : str
        Such as ``10000``, ``10kb`` or ``2.5Mb``.

    Raises
    ------
    ConfigError
        If it is no size.

    Examples
    --------
    >>> parse_size("10kb"), parse_size("2.5Mb"), parse_size("1_000")
    (10000, 2500000, 1000)
    """
    match = SIZE.fullmatch(text.strip())
    if match:
        size = float(match[1].replace("_", "")) * UNITS[(match[2] or "").lower()]
        if size >= 1 and size == int(size):
            return int(size)
    raise ConfigError(f"{text!r} is no resolution; write base pairs, or such as 10kb or 1Mb.")


def parse_resolutions(text: str, finest: int, genome: int) -> list[int]:
    """Return the resolutions that a list names, as ``cooler zoomify -r`` does.

    Parameters
    ----------
    text : str
        Sizes and series, separated by commas. A series begins at the size before its letter, or
        at the finest level, and ends where the genome takes 256 bins: ``N`` multiplies by 2, 5 and
        10, ``B`` by 2; ``4DN`` stands for ``1000,2000,5000N``.
    finest : int
        Bin size of the finest level.
    genome : int
        Length of the genome.

    Returns
    -------
    list of int
        Sorted, each once.

    Raises
    ------
    ConfigError
        If a part is none of these, or a size is no multiple of the finest.

    Examples
    --------
    >>> parse_resolutions("N", 1000, 10_000_000)
    [1000, 2000, 5000, 10000, 20000]
    >>> parse_resolutions("5kb,500000B,1Mb", 1000, 500_000_000)
    [5000, 500000, 1000000]
    """
    coarsest = math.ceil(genome / TILE_BINS)
    sizes: set[int] = set()
    for part in text.split(","):
        sizes |= set(_parse_part(part.strip(), finest, coarsest))
    for size in sorted(sizes):
        _require_multiple(size, finest)
    return sorted(sizes)


def _require_multiple(size: int, finest: int) -> None:
    """Refuse a size that bins of the finest level do not add up to."""
    unit = format_base_pairs(finest)
    if size < finest:
        raise ConfigError(
            f"{format_base_pairs(size)} is finer than the finest level, and contacts of smaller "
            f"bins cannot be made from it; use {unit} or a multiple of it."
        )
    if size % finest:
        below = size - size % finest
        raise ConfigError(
            f"{format_base_pairs(size)} is no multiple of the finest level, whose bins are summed; "
            f"use {format_base_pairs(below)}, {format_base_pairs(below + finest)} or another "
            f"multiple of {unit}."
        )


def _parse_part(part: str, finest: int, coarsest: int) -> Iterator[int]:
    """Yield the sizes of one part of a list."""
    if part.lower() == "4dn":
        yield from (1000, 2000)
        yield from _series(5000, coarsest, NICE_STEPS)
    elif match := SERIES.fullmatch(part):
        steps = NICE_STEPS if match[2].lower() == "n" else BINARY_STEPS
        yield from _series(int(match[1] or finest), coarsest, steps)
    else:
        yield parse_size(part)


def _series(start: int, last: int, steps: tuple[int, ...]) -> Iterator[int]:
    """Yield multiples of a size, each decade or octave divided alike."""
    while start <= last:
        yield from (start * step for step in steps[:-1] if start * step <= last)
        start *= steps[-1]
