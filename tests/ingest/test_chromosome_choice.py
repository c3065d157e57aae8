"""Chosen chromosomes: the map is the part of the dense matrix that belongs to them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoise.contacts.bins import BinTable
from counterpoise.errors import ConfigError, InputError
from counterpoise.ingest.chromosome_choice import ChromosomeSettings
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.ingest.read import read_contacts
from counterpoise.store.paths import MapFiles
from counterpoise.store.pixels import read_map
from tests.support.coolers import write_cool, write_genome

SIZES = {"chr1": 60, "chr2": 50, "chr3": 40}


def files_in(folder: Path) -> MapFiles:
    folder.mkdir()
    return MapFiles.in_folder(folder)


def arranged(choice: ChromosomeSettings, **sizes: int) -> list[str]:
    bins = BinTable.fixed(list(sizes), list(sizes.values()), 10)
    return [bins.chromosomes[number] for number in choice.arrange(bins)]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"keep": ["chr2"]}, ["chr2"]),
        ({"leave_out": ["chr2"]}, ["chr1", "chr3"]),
        ({"order": ["chr3"]}, ["chr3", "chr1", "chr2"]),
        ({"order": ["chr3", "chr1"], "keep": ["chr1", "chr3"]}, ["chr3", "chr1"]),
    ],
)
def test_the_map_is_that_part_of_the_matrix(
    tmp_path: Path, choice: dict[str, list[str]], expected: list[str]
) -> None:
    source = write_genome(tmp_path / "map.cool", SIZES)
    whole = read_contacts(source)
    places = {name: np.arange(lo, hi) for name, lo, hi in whole.bins.chromosome_ranges()}
    chosen = np.concatenate([places[name] for name in expected])
    files = files_in(tmp_path / "map")
    record = write_map(
        inspect_source(str(source)), 1000, files, chromosomes=ChromosomeSettings(**choice)
    )
    contacts = read_map(files)
    assert list(contacts.bins.chromosomes) == expected
    np.testing.assert_array_equal(contacts.bins.start, whole.bins.start[chosen])
    np.testing.assert_array_equal(contacts.bins.end, whole.bins.end[chosen])
    matrix = whole.full_matrix()[chosen][:, chosen].toarray()
    np.testing.assert_array_equal(contacts.full_matrix().toarray(), matrix)
    columns = np.split(contacts.columns, contacts.indptr[1:-1])
    assert all((np.diff(row.astype(np.int64)) > 0).all() for row in columns)
    kept = int(np.triu(matrix).sum())
    assert (record["contacts"], record["bins"], record["nnz"]) == (kept, len(chosen), contacts.nnz)
    assert record["chromosomes"]["left_out"] == [name for name in SIZES if name not in expected]
    assert record["chromosomes"]["contacts_left_out"] == whole.source["contacts"] - kept
    assert json.loads(Path(files.source).read_text()) == record


def test_patterns_lengths_and_order() -> None:
    sizes = {"chrM": 16, "chr10": 90, "chr2": 300, "chr1": 400, "chrUn_7": 350, "X": 200}
    assert arranged(ChromosomeSettings(), **sizes) == list(sizes)
    numbered = ChromosomeSettings(keep=["chr[0-9]*", "X"], order=["chr1", "chr[0-9]"])
    assert arranged(numbered, **sizes) == ["chr1", "chr2", "chr10", "X"]
    long = ChromosomeSettings(leave_out=["chrUn_*"], min_length=91)
    assert arranged(long, **sizes) == ["chr2", "chr1", "X"]
    assert arranged(ChromosomeSettings(min_length="0.2kb"), **sizes) == [
        *("chr2", "chr1", "chrUn_7", "X"),
    ]
    # A name is a name even where it reads as a pattern.
    odd = ChromosomeSettings(keep=["a[1]"])
    assert arranged(odd, **{"a[1]": 10, "a1": 10}) == ["a[1]", "a1"]


@pytest.mark.hypothesis
@given(st.lists(st.sampled_from("abcdef"), max_size=6), st.lists(st.sampled_from("abcdef")))
def test_the_order_begins_with_what_is_named(order: list[str], left_out: list[str]) -> None:
    names = arranged(
        ChromosomeSettings(leave_out=left_out, order=order), **dict.fromkeys("abcdef", 9)
    )
    named = [name for name in dict.fromkeys(order) if name not in left_out]
    assert names[: len(named)] == named
    assert names[len(named) :] == [n for n in "abcdef" if n not in named and n not in left_out]


def test_entries_that_match_nothing_are_noted(tmp_path: Path) -> None:
    source = write_genome(tmp_path / "map.cool", SIZES)
    choice = ChromosomeSettings(keep=["chr[12]", "chrX"], leave_out=["chrM"], order=["chr2", "9"])
    record = write_map(
        inspect_source(str(source)), 1000, files_in(tmp_path / "map"), chromosomes=choice
    )
    assert record["notes"] == [
        "chromosomes.keep: the map has no chromosome chrX",
        "chromosomes.leave_out: the map has no chromosome chrM",
        "chromosomes.order: the map has no chromosome 9",
    ]


def test_a_map_of_no_chosen_chromosome_is_refused(tmp_path: Path) -> None:
    source = write_genome(tmp_path / "map.cool", SIZES)
    files = files_in(tmp_path / "map")
    with pytest.raises(
        InputError,
        match=r"map\.cool: has no chromosome that is chosen: it has chr1, chr2, chr3\. Ch",
    ):
        write_map(
            inspect_source(str(source)), 1000, files, chromosomes=ChromosomeSettings(keep=["1"])
        )
    assert not any((tmp_path / "map").iterdir())


def test_columns_of_bins_follow_their_bins(tmp_path: Path) -> None:
    bins = BinTable.fixed(["a", "b"], [30, 20], 10)
    pixels = (np.arange(5, dtype=np.int32), np.arange(5, dtype=np.int32), np.ones(5, np.int32))
    write_cool(tmp_path / "map.cool", bins, pixels, gc=np.arange(5.0))
    files = files_in(tmp_path / "map")
    write_map(
        inspect_source(str(tmp_path / "map.cool")),
        10,
        files,
        chromosomes=ChromosomeSettings(order=["b"]),
    )
    assert read_map(files).bins.extra["gc"].tolist() == [3, 4, 0, 1, 2]


def test_coarser_maps_have_the_chromosomes_of_the_finer_one(tmp_path: Path) -> None:
    source = write_genome(tmp_path / "map.cool", SIZES)
    info = inspect_source(str(source))
    choice = ChromosomeSettings(leave_out=["chr2"], order=["chr3"])
    fine, coarse, direct = (files_in(tmp_path / name) for name in ("fine", "coarse", "direct"))
    first = write_map(info, 1000, fine, chromosomes=choice)
    second = write_map(info, 4000, coarse, finer=fine, chromosomes=choice)
    read = write_map(info, 4000, direct, chromosomes=choice)
    assert second["chromosomes"] == first["chromosomes"] == read["chromosomes"]
    for name in ("pixels", "bins"):
        assert Path(getattr(coarse, name)).read_bytes() == Path(getattr(direct, name)).read_bytes()


def test_a_second_run_gives_the_same_bytes(tmp_path: Path) -> None:
    source = write_genome(tmp_path / "map.cool", SIZES)
    choice = ChromosomeSettings(order=["chr3", "chr2"])
    one, other = (files_in(tmp_path / name) for name in ("one", "other"))
    for files in (one, other):
        write_map(inspect_source(str(source)), 1000, files, chromosomes=choice)
    assert all(
        Path(a).read_bytes() == Path(b).read_bytes() for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("length", ["long", "-5", -1, "1.5bp"])
def test_lengths_that_are_refused(length: int | str) -> None:
    with pytest.raises(ConfigError, match=r"chromosomes\.min_length is "):
        ChromosomeSettings(min_length=length)
