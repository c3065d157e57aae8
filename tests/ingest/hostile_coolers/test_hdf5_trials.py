"""Coolers on which the HDF5 library crashes or does not end: it is tried in a process first."""

from __future__ import annotations

import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import pytest

from counterpoise.errors import InputError, SetupError
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.hdf5_trial import Trials
from counterpoise.ingest.read import open_contacts, read_contacts
from tests.support.hostile_coolers import N, change


def damage_attribute_type(path: Path) -> None:
    """Let an attribute claim a type of variable length that does not exist."""
    data = bytearray(path.read_bytes())
    name = data.index(b"bin-type\0")
    place = data.index(b"\x19\x01", name)  # variable length, a string
    data[place + 1] = 7
    path.write_bytes(data)


def test_a_crash_of_the_hdf5_library_becomes_an_error(path: Path) -> None:
    damage_attribute_type(path)
    with pytest.raises(InputError, match=r"HDF5 library crashes \(SIG[A-Z]+\)") as caught:
        inspect_source(str(path))
    assert path.name in str(caught.value)


def damage_last_heap(path: Path) -> None:
    """Let the free space of the heap that holds text take no bytes."""
    data = bytearray(path.read_bytes())
    first = data.rindex(b"GCOL\1") + 16  # number, references (2 bytes each), unused (4), length (8)
    data[first : first + 2], data[first + 8 : first + 16] = bytes(2), bytes(8)
    path.write_bytes(data)


def test_a_run_without_end_of_the_hdf5_library_becomes_an_error(path: Path) -> None:
    """The text of a bin column is read with the level, and not before."""
    change(
        path, lambda file: file.create_dataset("bins/x", data=["a"] * N, dtype=h5py.string_dtype())
    )
    assert list(read_contacts(path).bins.extra) == ["x"]
    damage_last_heap(path)
    info = inspect_source(str(path))
    with (
        pytest.raises(InputError, match="the HDF5 library does not come to an end"),
        open_contacts(str(path), 10, info=info),
    ):
        pass


def test_an_attribute_that_cannot_be_read_is_not_missing(tmp_path: Path) -> None:
    path = tmp_path / "latest.cool"
    with h5py.File(path, "w", libver="latest") as file:
        file.create_group("bins"), file.create_group("pixels")
        file.attrs.update({f"x{number}": number for number in range(20)})
    data = bytearray(path.read_bytes())
    block = data.index(b"FHDB")  # the block of attributes, with a checksum
    data[block + 30] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"is damaged and cannot be read .*checksum"):
        inspect_source(str(path))


def test_the_process_of_trials_starts_again_after_its_end(path: Path) -> None:
    trials = Trials()
    request = json.dumps({"uri": str(path), "level": None})
    assert trials.ask(request) == 0
    assert trials._process is not None
    trials._process.kill()
    trials._process.wait()
    assert trials.ask(request) == 0
    trials.stop()


def test_threads_that_read_files_at_the_same_time_get_their_own_replies(path: Path) -> None:
    crashing = path.with_name("crashing.cool")
    shutil.copy(path, crashing)
    damage_attribute_type(crashing)
    sound = inspect_source(str(path))

    def inspect(file: Path) -> object:
        try:
            return inspect_source(str(file))
        except InputError as error:
            return str(error)

    files = [path, path, crashing] * 8
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(inspect, files))
    for file, reply in zip(files, replies, strict=True):
        assert reply == sound if file == path else "HDF5 library crashes" in str(reply)


def test_a_process_of_trials_that_does_not_start_is_an_error() -> None:
    with pytest.raises(SetupError, match=r"ends at once; does this print .*exit.* </dev/null"):
        Trials([sys.executable, "-c", "exit()"]).ask("{}")
