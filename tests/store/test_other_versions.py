"""Result files of another version are refused, with their name and the remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import counterpoise as cp
from counterpoise.errors import InputError
from counterpoise.files import read_json, write_json
from counterpoise.store.masks import read_mask
from counterpoise.store.paths import RunFiles
from counterpoise.store.source_record import read_source
from counterpoise.store.weights import (
    read_verdict,
    read_weights,
    write_balance,
)

MATRIX = np.random.default_rng(1).poisson(50, (40, 40))
MATRIX = MATRIX + MATRIX.T


def test_a_verdict_without_facts(tmp_path: Path) -> None:
    files = RunFiles.in_folder(tmp_path)
    result = cp.balance(MATRIX, "kr")
    write_balance(result, result.contacts.bins, files)
    record = read_json(files.verdict)
    for part in record["parts"]:
        del part["facts"]
    write_json(files.verdict, record)
    with pytest.raises(InputError, match=r"verdict\.json.*'facts'.*Delete it and run"):
        read_verdict(files.verdict)


def test_a_damaged_verdict(tmp_path: Path) -> None:
    files = RunFiles.in_folder(tmp_path)
    Path(files.verdict).write_text('{"status": "conv')
    with pytest.raises(InputError, match=r"verdict\.json.*damaged.*Delete it"):
        read_verdict(files.verdict)


@pytest.mark.parametrize("text", ["", "null", "[]", '{"status": "converged"}', "\x00"])
def test_a_verdict_that_holds_something_else(tmp_path: Path, text: str) -> None:
    files = RunFiles.in_folder(tmp_path)
    Path(files.verdict).write_text(text)
    with pytest.raises(InputError, match=r"verdict\.json: is damaged.*Delete it and run"):
        read_verdict(files.verdict)


@pytest.mark.parametrize("key", ["settings", "source", "mask", "versions", "run"])
def test_a_verdict_with_a_value_of_another_type(tmp_path: Path, key: str) -> None:
    files = RunFiles.in_folder(tmp_path)
    result = cp.balance(MATRIX, "kr")
    write_balance(result, result.contacts.bins, files)
    write_json(files.verdict, read_json(files.verdict) | {key: None})
    with pytest.raises(InputError, match=rf"verdict\.json: is damaged.*{key} is a NoneType"):
        read_verdict(files.verdict)


@pytest.mark.parametrize("text", ["", "[]", '{"bins": "4"}', '{"bins": 4, "identity": null}'])
def test_a_damaged_source_record(tmp_path: Path, text: str) -> None:
    (tmp_path / "source.json").write_text(text)
    with pytest.raises(InputError, match=r"source\.json: is damaged.*Delete it and run"):
        read_source(tmp_path / "source.json")


@pytest.mark.parametrize("read", [read_weights, read_mask])
def test_damaged_parquet(tmp_path: Path, read: Callable[[Path], object]) -> None:
    (tmp_path / "file.parquet").write_bytes(b"PAR1 and nothing more")
    with pytest.raises(InputError, match=r"file\.parquet: is damaged.*Delete it and run"):
        read(tmp_path / "file.parquet")
