"""Levels of files: the same one by one, many at a time, and from the kept answers."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cooler
import pytest

from counterpoise.cohort import file_levels
from counterpoise.cohort.file_levels import FileLevels
from counterpoise.errors import InputError
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.reader_interface import SourceInfo
from tests.support.hic_files import hic_bytes
from tests.support.maps import write_map

ENGINE = "hictkpy"
URIS = (
    *("one.cool", "several.mcool", "several.mcool::/resolutions/9000", "map.hic"),
    *("damaged.cool", "empty.hic", "missing.cool", "several.mcool::/resolutions/1"),
)


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("maps")
    write_map(folder / "one.cool", 3)
    several = str(folder / "several.mcool")
    cooler.zoomify_cooler(str(folder / "one.cool"), several, [3000, 9000], 10**6)
    (folder / "map.hic").write_bytes(hic_bytes(8, resolution=2000))
    (folder / "damaged.cool").write_bytes((folder / "one.cool").read_bytes()[:3000])
    (folder / "empty.hic").touch()
    return folder


@pytest.fixture
def folder(maps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for path in maps.iterdir():
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of the files that are looked into."""
    paths: list[str] = []

    def inspect(uri: str, *arguments: Any, **options: Any) -> SourceInfo:
        paths.append(uri)
        return inspect_source(uri, *arguments, **options)

    monkeypatch.setattr(file_levels, "inspect_source", inspect)
    return paths


def expected(uri: str) -> SourceInfo | None:
    try:
        return inspect_source(uri, identify=False)
    except InputError:
        return None


def find_all(record: Path | None = None) -> dict[str, SourceInfo | None]:
    files = FileLevels(record)
    files.find_all(URIS, ENGINE)
    return {uri: files.find(uri, ENGINE) for uri in URIS}


@pytest.mark.parametrize("files_per_thread", [1, 100])
def test_many_files_give_what_each_gives(
    folder: Path, opened: list[str], files_per_thread: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_levels, "FILES_PER_THREAD", files_per_thread)
    answers = {uri: expected(uri) for uri in URIS}
    assert [uri for uri, info in answers.items() if info] == list(URIS[:4])
    assert find_all() == answers
    assert sorted(opened) == sorted(set(URIS) - {"missing.cool"})
    files = FileLevels()
    assert {uri: files.find(uri, ENGINE) for uri in URIS} == answers


def test_files_on_record_are_not_opened(folder: Path, opened: list[str]) -> None:
    record = folder / "new" / "levels.json"
    answers = find_all(record)
    opened.clear()
    assert find_all(record) == answers
    assert set(opened) == {"damaged.cool", "empty.hic", "several.mcool::/resolutions/1"}
    assert FileLevels(record).find("one.cool", ENGINE) == answers["one.cool"]
    assert "one.cool" not in opened


def rewrite(path: Path) -> None:
    write_map(path, 4)


def replace_by_one_of_the_same_size_and_date(path: Path) -> None:
    status = path.stat()
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize(
    "change", [rewrite, replace_by_one_of_the_same_size_and_date, Path.touch, Path.unlink]
)
def test_a_changed_file_is_looked_into_again(
    folder: Path, opened: list[str], change: Callable[[Path], None]
) -> None:
    record = folder / "levels.json"
    find_all(record)
    change(folder / "one.cool")
    opened.clear()
    assert find_all(record)["one.cool"] == expected("one.cool")
    assert ("one.cool" in opened) == (change is not Path.unlink)
    assert "map.hic" not in opened


def entry(**changes: Any) -> str:
    """Return a record of ``one.cool`` in its present state, with other entries."""
    state = list(file_levels.FileState.of("one.cool"))
    return json.dumps(
        {
            "revision": file_levels.REVISIONS["inspect"],
            "files": {"one.cool": {"state": state, **changes}},
        }
    )


@pytest.mark.parametrize(
    "write",
    [
        lambda: "",
        lambda: "\x00\xff",
        lambda: "[1, 2]",
        lambda: '{"files": 3}',
        lambda: json.dumps({"revision": file_levels.REVISIONS["inspect"], "files": [1]}),
        lambda: entry(),
        lambda: entry(info=None),
        lambda: entry(info={"uri": "one.cool", "levels": [{"size": 5}]}),
        lambda: entry(info={"other": 1, "levels": []}),
    ],
)
def test_a_damaged_record_is_ignored_and_written_again(
    folder: Path, opened: list[str], write: Callable[[], str]
) -> None:
    record = folder / "levels.json"
    answers = find_all(record)
    sound = record.read_bytes()
    record.write_text(write(), encoding="latin-1")
    assert FileLevels(record).find("one.cool", ENGINE) == answers["one.cool"]
    assert find_all(record) == answers
    assert record.read_bytes() == sound


def test_a_record_of_another_revision_is_ignored(
    folder: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = folder / "levels.json"
    answers = find_all(record)
    opened.clear()
    monkeypatch.setitem(file_levels.REVISIONS, "inspect", 99)
    assert find_all(record) == answers
    assert "one.cool" in opened


def test_a_record_that_cannot_be_written_is_left_out(folder: Path) -> None:
    (folder / "file").touch()
    assert find_all(folder / "file" / "levels.json") == find_all()
