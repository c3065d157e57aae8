"""Progress of `balance`: a callable, or one line that is rewritten."""

from __future__ import annotations

import sys
import time
from itertools import count
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import counterpoise as cp
from counterpoise.errors import ConfigError
from counterpoise.interface.progress_line import ProgressLine
from tests.support.coolers import write_cool
from tests.support.maps import genome_map, random_map


def screen(text: str) -> str:
    """Return what a terminal shows in its last line after some output."""
    line = ""
    for piece in text.split("\r"):
        line = piece + line[len(piece) :]
    return line.rstrip()


def test_silence_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    for progress in (None, False):
        cp.balance(random_map(60, 5), "ice", progress=progress)
    assert capsys.readouterr() == ("", "")


def test_one_line_is_rewritten_and_removed(capsys: pytest.CaptureFixture[str]) -> None:
    result = cp.balance(genome_map({"chr1": 40, "chr2": 30}, 4), "kr", progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "\n" not in err
    for part in result.verdict.parts:
        assert f"{part.label}: {part.status.value}" in err
    assert screen(err) == ""


def test_a_shorter_message_covers_a_longer_one(capsys: pytest.CaptureFixture[str]) -> None:
    line = ProgressLine()
    line("a long message")
    line("short")
    assert screen(capsys.readouterr().err).endswith("s  short")


def test_the_line_fits_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    ProgressLine()("x" * 100)
    assert max(map(len, capsys.readouterr().err.split("\r"))) == 39


def test_the_line_goes_after_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigError):
        cp.balance(random_map(60, 5), "ice", progress=True, tolerance=-1)
    assert screen(capsys.readouterr().err) == ""


def test_a_line_is_rewritten_more_often_than_a_log_gets_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A clock that goes on by a second at each call.
    monkeypatch.setattr(time, "monotonic", count(time.monotonic() + 1000, step=1.0).__next__)
    lines: list[str] = []
    cp.balance(random_map(60, 5), "ice", progress=lines.append)
    result = cp.balance(random_map(60, 5), "ice", progress=True)
    assert len(lines) < len(result.trace)
    assert capsys.readouterr().err.count("genome: iteration ") == len(result.trace)


def test_a_notebook_shows_the_progress_of_long_calls(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    cp.balance(random_map(60, 5), "ice")
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(time, "monotonic", count(time.monotonic() + 1000, step=1.0).__next__)
    cp.balance(random_map(60, 5), "ice", progress=False)
    assert capsys.readouterr() == ("", "")
    cp.balance(random_map(60, 5), "ice")
    err = capsys.readouterr().err
    assert "genome: iteration 2" in err
    assert "genome: iteration 1 " not in err
    assert screen(err) == ""


def test_reading_a_file_is_announced(tmp_path: Path) -> None:
    contacts = genome_map({"chr1": 40, "chr2": 30}, 4)
    path = tmp_path / "map.cool"
    pixels = (contacts.rows, contacts.columns.astype(np.int32), contacts.counts.astype(np.int32))
    write_cool(path, contacts.bins, pixels)
    lines: list[str] = []
    cp.balance(path, "vc", progress=lines.append)
    assert lines[0] == f"reading {path}"
