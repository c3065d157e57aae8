"""The table of formats: every row has a reader, and content decides before the name."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from counterpoise.errors import InputError
from counterpoise.ingest.formats import FORMATS, Format, inspect_source, reader_of
from counterpoise.ingest.reader_interface import Level, Reader, SourceInfo
from tests.support.hic_files import hic_bytes


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.names[0])
def test_every_format_has_a_reader(row: Format) -> None:
    reader = row.load_reader()
    for name in ("inspect", "open_level"):
        required = [*inspect.signature(getattr(Reader, name)).parameters][1:]
        assert [*inspect.signature(getattr(reader, name)).parameters][: len(required)] == required
    for name in row.names:
        assert reader_of(SourceInfo("map", name, (Level(1000),))) is reader


def test_names_of_formats_are_unique() -> None:
    names = [name for row in FORMATS for name in row.names]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", ["map.hic", "map.cool", "map"])
def test_the_content_decides_before_the_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(hic_bytes(8))
    assert inspect_source(str(tmp_path / name)).format == "hic"


@pytest.mark.parametrize(
    ("name", "words"),
    [("map.hic", r"is not a \.hic file"), ("map.cool", "not an HDF5 file"), ("map", "not an HDF5")],
)
def test_the_error_about_a_damaged_file_speaks_of_its_name(
    tmp_path: Path, name: str, words: str
) -> None:
    (tmp_path / name).write_bytes(b"no map at all")
    with pytest.raises(InputError, match=words):
        inspect_source(str(tmp_path / name))
