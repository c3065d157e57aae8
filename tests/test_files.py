"""A file is complete or does not exist, and leftovers of killed processes are removed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from counterpoise import files
from counterpoise.files import atomic_write

WRITE_HALF = """
import sys, time
from counterpoise.files import atomic_write
from counterpoise.jobs.command import run

def main():
    with atomic_write(sys.argv[1]) as temporary:
        temporary.write_text("half")
        print("written", flush=True)
        time.sleep(300)

run(main)
"""


@contextmanager
def half_written(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run another process that is in the middle of writing the file."""
    command = [sys.executable, "-c", WRITE_HALF, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "written\n"
            yield process
        finally:
            process.kill()


def names(folder: Path) -> list[str]:
    """Return the names of the files in a folder, sorted."""
    return sorted(path.name for path in folder.iterdir())


def write(path: Path) -> None:
    """Write a complete file."""
    with atomic_write(path) as temporary:
        temporary.write_text("complete")


def test_files_of_a_killed_process_are_removed_and_of_a_living_one_kept(tmp_path: Path) -> None:
    path = tmp_path / "map[1].json"
    with half_written(path) as process:
        write(path)
        assert len(names(tmp_path)) == 2
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert len(names(tmp_path)) == 2
    write(path)
    assert names(tmp_path) == [path.name]
    assert path.read_text() == "complete"


def test_a_terminated_process_leaves_nothing(tmp_path: Path) -> None:
    with half_written(tmp_path / "map.json") as process:
        process.terminate()
        assert process.wait() == 128 + signal.SIGTERM
    assert names(tmp_path) == []


def test_only_old_files_of_other_nodes_are_removed(tmp_path: Path) -> None:
    host = socket.gethostname().replace(".", "_")
    others = [".map.elsewhere-1-abcd.tmp", ".map.1234.tmp"]
    kept = [".map.json.elsewhere-1-abcd.tmp", f".map.{host}-{os.getpid()}-abcd.tmp", ".map.tmp"]
    for name in (*others, *kept):
        (tmp_path / name).touch()
    write(tmp_path / "map")
    assert names(tmp_path) == sorted([*others, *kept, "map"])
    old = time.time() - files.ABANDONED_SECONDS - 60
    for name in (*others, *kept):
        os.utime(tmp_path / name, (old, old))
    write(tmp_path / "map")
    assert names(tmp_path) == sorted([*kept, "map"])


def test_an_error_keeps_the_old_file(tmp_path: Path) -> None:
    write(tmp_path / "map")
    with pytest.raises(TypeError), atomic_write(tmp_path / "map") as temporary:
        temporary.write_bytes("no bytes")  # type: ignore[arg-type]
    assert names(tmp_path) == ["map"]
    assert (tmp_path / "map").read_text() == "complete"


def test_folders_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    with half_written(tmp_path / "other") as process:
        process.kill()
        process.wait()
    (abandoned,) = tmp_path.iterdir()
    dead = tmp_path / abandoned.name.replace(".other.", ".map.")
    living = tmp_path / dead.name.replace(str(process.pid), str(os.getpid()))
    for folder in (dead, living):
        folder.mkdir()
        (folder / "bins.parquet").touch()
    write(tmp_path / "map")
    assert names(tmp_path) == sorted([abandoned.name, living.name, "map"])
    assert names(living) == ["bins.parquet"]
