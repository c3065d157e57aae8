"""Contact data of formats that are not read, and the commands that convert them."""

from __future__ import annotations

import re
import shlex
import zlib
from pathlib import Path

from counterpoise.errors import InputError

_START = 1 << 12  # bytes that are looked at
_GZIP = b"\x1f\x8b"
_TRIPLET = re.compile(rb"\s*\d+\s+\d+\s+[\d.eE+-]+\s*")


def refuse_other_formats(path: Path) -> None:
    """Refuse a file of a known format that is not read.

    Parameters
    ----------
    path : pathlib.Path
        An existing file.

    Raises
    ------
    InputError
        If the file is compressed as a whole, a list of pairs, or a matrix in text; the remedy is
        the command that converts it.
    """
    with open(path, "rb") as stream:
        start = stream.read(_START)
    name, stem = shlex.quote(str(path)), _stem(path)
    is_packed = start.startswith(_GZIP)
    text = _unpack(start) if is_packed else start
    if text.startswith(b"## pairs format"):
        raise InputError(
            path,
            "is a list of pairs (.pairs) and not a map.",
            "Bin it: cooler cload pairs -c1 2 -p1 3 -c2 4 -p2 5 CHROM_SIZES:10000 "
            f"{name} {stem}.cool",
        )
    if is_packed:
        raise InputError(path, "is compressed with gzip.", f"Unpack it: gunzip --keep {name}")
    lines = text.splitlines()[:3]
    if path.suffix.lower() == ".matrix" or (lines and all(map(_TRIPLET.fullmatch, lines))):
        raise InputError(
            path,
            "is a matrix in text, as HiC-Pro writes it, and not a map with its bins.",
            "Convert it together with its bins (HiC-Pro's file _abs.bed): "
            f"cooler load -f coo --one-based BINS_abs.bed {name} {stem}.cool",
        )


def _unpack(start: bytes) -> bytes:
    """Inflate the start of a gzip file; empty if it is damaged."""
    try:
        return zlib.decompressobj(wbits=31).decompress(start, _START)
    except zlib.error:
        return b""


def _stem(path: Path) -> str:
    """Return a name for the converted file, quoted for a shell."""
    name = path.name.removesuffix(".gz")
    return shlex.quote(name.partition(".")[0] or "map")
