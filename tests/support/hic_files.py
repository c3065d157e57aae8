"""Small `.hic` files: of old versions, as Juicer wrote them, and of version 9."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pandas as pd

CHROMOSOMES = {"a": 1000, "b|1": 450, "empty": 300}
CONTACTS = {
    (1, 1): [(0, 0, 5.0), (0, 1, 2.0), (1, 3, 1.0)],
    (1, 2): [(0, 0, 3.0), (2, 1, 0.0)],
    (2, 2): [(1, 1, 7.0)],
}
Contacts = dict[tuple[int, int], list[tuple[int, int, float]]]


def text(value: str) -> bytes:
    return value.encode() + b"\0"


def hic_block(version: int, contacts: list[tuple[int, int, float]]) -> bytes:
    number = struct.pack("<i", len(contacts))
    if version < 7:
        return zlib.compress(number + b"".join(struct.pack("<iif", *c) for c in contacts))
    rows: dict[int, list[tuple[int, float]]] = {}
    for x, y, count in contacts:
        rows.setdefault(y, []).append((x, count))
    offsets, float_counts, list_of_rows = struct.pack("<ii", 0, 0), b"\1", b"\1"
    data = number + offsets + float_counts + list_of_rows + struct.pack("<h", len(rows))
    for y, cells in sorted(rows.items()):
        data += struct.pack("<hh", y, len(cells))
        data += b"".join(struct.pack("<hf", *cell) for cell in cells)
    return zlib.compress(data)


def hic_bytes(
    version: int,
    contacts: Contacts = CONTACTS,
    resolution: int = 200,
    fragments: tuple[tuple[int, int], ...] = (),
) -> bytes:
    """Return a `.hic` file of version 6, 7 or 8 as Juicer writes it, without normalisations.

    The bins of the pairs in ``fragments`` are restriction fragments.
    """
    head = b"HIC\0" + struct.pack("<i", version)
    rest = text("toy") + struct.pack("<i", 0)
    rest += struct.pack("<i", len(CHROMOSOMES) + 1) + text("All") + struct.pack("<i", 2)
    for name, length in CHROMOSOMES.items():
        rest += text(name) + struct.pack("<i", length)
    rest += struct.pack("<iii", 1, resolution, 0)
    start = len(head) + 8 + len(rest)
    body = entries = b""
    for (first, second), listed in contacts.items():
        block = hic_block(version, listed)
        position = start + len(body)
        record = struct.pack("<iii", first, second, 1)
        record += text("FRAG" if (first, second) in fragments else "BP")
        record += struct.pack("<i4fiiii", 0, 0, 0, 0, 0, resolution, 1000, 1, 1)
        record += struct.pack("<iqi", 0, position + len(record) + 16, len(block))
        body += record + block
        entries += text(f"{first}_{second}") + struct.pack("<qi", position, len(record))
    footer = struct.pack("<i", len(contacts)) + entries + struct.pack("<i", 0)
    footer = struct.pack("<i", len(footer)) + footer + struct.pack("<ii", 0, 0)
    return head + struct.pack("<q", start + len(body)) + rest + body + footer


WRITE = """
import json, sys, hictkpy, pandas
path, sizes, size, table = sys.argv[1:]
with hictkpy.hic.FileWriter(path, json.loads(sizes), int(size)) as writer:
    writer.add_pixels(pandas.read_csv(table))
"""


def write_hic(path: Path, sizes: dict[str, int], size: int, pixels: pd.DataFrame) -> None:
    """Write a file of version 9 with hictkpy, which keeps a core busy while it is imported."""
    table = path.with_suffix(".csv")
    pixels.to_csv(table, index=False)
    arguments = [str(path), json.dumps(sizes), str(size), str(table)]
    subprocess.run([sys.executable, "-c", WRITE, *arguments], check=True)
