"""Damage in the index of a `.hic` file, and contacts beyond the end of a chromosome."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from counterpoise.errors import InputError
from counterpoise.ingest.hic_block import block_bins
from counterpoise.ingest.hic_engines import HIC_ENGINES as ENGINES
from counterpoise.ingest.hic_file import open_hic_file
from counterpoise.ingest.hic_reader import open_level
from counterpoise.ingest.read import read_contacts
from counterpoise.ingest.reader_interface import Level
from tests.support.hic_files import hic_bytes, text, write_hic

RESOLUTION = struct.pack("<i", 200)
ZOOM = text("BP") + struct.pack("<i4fiiii", 0, 0, 0, 0, 0, 200, 1000, 1, 1)  # ends: 1 block
BEYOND = {
    (1, 1): [(0, 0, 5.0), (0, 7, 2.0), (4, 4, 1.0)],
    (1, 2): [(0, 0, 3.0), (1, 3, 4.0), (9, 9, 4.0)],
    (2, 2): [(1, 1, 7.0)],
}


def substitute(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def edit(data: bytes) -> bytes:
        assert old in data
        assert len(old) == len(new)
        return data.replace(old, new, 1)

    return edit


def empty_block(data: bytes) -> bytes:
    place = data.index(ZOOM) + len(ZOOM) + 12  # after its number and its position
    return data[:place] + bytes(4) + data[place + 4 :]


def fewer_entries(data: bytes) -> bytes:
    place = data.index(text("1_1")) - 4
    return data[:place] + struct.pack("<i", 2) + data[place + 4 :]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (empty_block, "block of contacts has an impossible position or length"),
        (substitute(ZOOM, ZOOM[:-4] + bytes(4)), "damaged list of blocks: its length is not"),
        (substitute(text("1_2"), text("1_9")), "entry '1_9' makes no sense"),
        (substitute(text("1_2"), text("1_1")), "entry '1_1' is given twice"),
        (substitute(text("1_2"), text("2_2")), "entry '2_2' is given twice"),
        (substitute(ZOOM, ZOOM.replace(RESOLUTION, struct.pack("<i", 201))), "resolution of 201"),
        (substitute(ZOOM, text("B\1") + ZOOM[3:]), "resolution of 200 B\1"),
        (fewer_entries, "it has more entries than it announces"),
    ],
)
def test_damage_that_would_lose_contacts_is_refused(
    tmp_path: Path, damage: Callable[[bytes], bytes], words: str, engine: str
) -> None:
    path = tmp_path / "x.hic"
    path.write_bytes(damage(hic_bytes(8)))
    with pytest.raises(InputError, match=words) as caught:
        read_contacts(path, 200, engine)
    assert "x.hic" in str(caught.value)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_pair_without_the_resolution_is_counted(tmp_path: Path, engine: str) -> None:
    """It may list the resolution in units of restriction fragments only."""
    path = tmp_path / "x.hic"
    path.write_bytes(hic_bytes(8, fragments=((1, 1),)))
    contacts = read_contacts(path, 200, engine)
    assert contacts.source["contacts"] == 3 + 7
    [note] = [note for note in contacts.source["notes"] if "do not list" in note]
    assert note.startswith("1 chromosome pairs do not list 200 bp")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("version", [6, 7, 8])
def test_contacts_beyond_a_chromosome_are_left_out_and_counted(
    tmp_path: Path, version: int, engine: str
) -> None:
    path = tmp_path / "x.hic"
    path.write_bytes(hic_bytes(version, BEYOND))
    contacts = read_contacts(path, 200, engine)
    assert contacts.rows.tolist() == [0, 0, 4, 6]
    assert contacts.columns.tolist() == [0, 5, 4, 6]
    assert contacts.counts.tolist() == [5, 3, 1, 7]
    assert contacts.source["notes"] == [
        "3 contact records of 2 chromosome pairs lie beyond the end of a chromosome and were left "
        "out: the lengths of the chromosomes may be those of another assembly"
    ]


def test_bins_of_blocks_equal_those_that_an_engine_returns(tmp_path: Path) -> None:
    """Version 9, with sparse and dense blocks."""
    path = tmp_path / "x.hic"
    rng = np.random.default_rng(4)
    bin1, bin2 = np.triu_indices(300)
    kept = (bin2 < 60) | (rng.random(len(bin1)) < 0.02)
    frame = pd.DataFrame({"bin1_id": bin1[kept], "bin2_id": bin2[kept], "count": 1})
    write_hic(path, {"a": 30_000}, 100, frame)
    with open_hic_file(str(path)) as file:
        [(_, _, position)] = file.matrices
        blocks = file.blocks(position, 100)
        assert blocks is not None
        assert file.header.version == 9
        assert file.count_records(blocks) == len(frame)
        assert file.count_outside(blocks, 300, 300) == 0
        for size in (299, 100, 37):
            expected = ((frame["bin1_id"] >= size) | (frame["bin2_id"] >= size)).sum()
            assert file.count_outside(blocks, size, size) == expected


def test_blocks_of_every_arrangement() -> None:
    head = struct.pack("<iii", 3, 10, 20)
    short = struct.pack("<bbihhhhhhh", 0, 2, 6, 3, 5, -32768, 1, -32768, 7, -32768)
    floats = struct.pack("<bbihffffff", 1, 2, 6, 3, 5, np.nan, 1, np.nan, 7, np.nan)
    for content in (head + short, head + floats):
        bin1, bin2 = block_bins(content, 8)
        assert (bin1.tolist(), bin2.tolist()) == ([10, 12, 11], [20, 20, 21])
    wide = struct.pack("<bbbbiiiihihih", 0, 1, 1, 1, 1, 5, 3, 0, 9, 1, 9, 70_000, 9)
    bin1, bin2 = block_bins(head + wide, 9)
    assert (bin1.tolist(), bin2.tolist()) == ([10, 11, 70_010], [25, 25, 25])
    for broken in (head, head + short[:9], head + b"\0\7" + short[2:], b""):
        with pytest.raises(ValueError, match=r"cut short|arrangement|buffer|size"):
            block_bins(broken, 8)


@pytest.mark.parametrize(
    ("name", "words"), [("a", "lists a chromosome name twice: 'a'"), ("", "chromosome 2 has no")]
)
def test_chromosomes_of_one_name_or_of_none_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, words: str
) -> None:
    sizes = [("a", 1000), (name, 450), ("empty", 300)]
    listing = type("Listing", (dict,), {"items": lambda self: sizes, "__len__": lambda self: 3})
    monkeypatch.setattr("tests.support.hic_files.CHROMOSOMES", listing())
    path = tmp_path / "x.hic"
    path.write_bytes(hic_bytes(8))
    with pytest.raises(InputError, match=words):
        read_contacts(path, 200)


def test_long_chromosomes_name_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "x.hic"
    frame = pd.DataFrame({"bin1_id": [0], "bin2_id": [1], "count": [3]})
    write_hic(path, {"chr6": 3_136_375_085}, 20_000_000, frame)
    words = r"chromosome chr6 has 3,136,375,085 bp.*give the map as a \.cool"
    with (
        pytest.raises(InputError, match=words),
        open_level(str(path), Level(20_000_000), "hictkpy"),
    ):
        pass
