"""Maps larger than memory: the same bits from disk, within the limit, or an error that says so."""

from __future__ import annotations

import os

import cooler
import numpy as np
import pandas as pd
import pytest

import counterpoise as cp
from counterpoise import triples
from counterpoise.backends import native
from counterpoise.backends.native import BLOCKS, NativeOperator
from counterpoise.contacts import Contacts
from counterpoise.errors import ConfigError
from counterpoise.ingest import inspect_source
from counterpoise.memory import MIB, needed, needed_streaming
from counterpoise.methods import methods
from counterpoise.selection import Scope, select
from counterpoise.triples import open_triples, read_triples, triples_within
from tests.test_backends import hic_like

NONZEROS = 500_000


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Triples of a map in several row groups."""
    folder = tmp_path_factory.mktemp("triples")
    contacts = hic_like(4000, NONZEROS, 11)
    lengths = dict(zip(contacts.bins.chromosomes, contacts.bins.lengths, strict=True))
    pixels = {"bin1_id": contacts.rows, "bin2_id": contacts.columns, "count": contacts.counts}
    source = str(folder / "map.cool")
    cooler.create_cooler(
        source, cooler.binnify(pd.Series(lengths), 1), pd.DataFrame(pixels).astype(np.int64)
    )
    found = {name: str(folder / f"{name}.parquet") for name in ("pixels", "bins")}
    found["source"] = str(folder / "source.json")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(triples, "ROW_GROUP", 70_000)
        triples.write_triples(inspect_source(source), 1, found)
    return found


def test_entries_from_disk_are_those_in_memory(paths: dict[str, str]) -> None:
    stored, loaded = open_triples(paths), read_triples(paths)
    assert stored.nnz == loaded.nnz == NONZEROS
    np.testing.assert_array_equal(stored.indptr, loaded.indptr)
    rng = np.random.default_rng(1)
    ends = [(0, 0), (0, 1), (69_999, 70_001), (70_000, 140_000), (NONZEROS, NONZEROS)]
    ends += [tuple(sorted(rng.integers(0, NONZEROS, 2).tolist())) for _ in range(20)]
    for a, z in ends:
        for ours, expected in zip(stored.entries(a, z), loaded.entries(a, z), strict=True):
            np.testing.assert_array_equal(ours, expected)
    np.testing.assert_array_equal(stored.load().columns, loaded.columns)


@pytest.mark.parametrize("scope", list(Scope))
def test_the_product_has_the_same_bits_from_a_scratch_file(
    paths: dict[str, str], scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "MAX_SLAB", 5_000)  # several slabs a block
    stored, loaded = open_triples(paths), read_triples(paths)
    kept = np.random.default_rng(2).random(4000) < 0.9
    for selection in select(loaded.bins, kept, scope, 1, 1, True):
        memory, disk = (NativeOperator(c, selection, 2) for c in (loaded, stored))
        assert disk.bytes_per_product == memory.bytes_per_product > 0
        assert len(disk.map.slabs) > BLOCKS
        x = np.random.default_rng(3).random((memory.size, 9))
        assert disk.product(x[:, 0]).tobytes() == memory.product(x[:, 0]).tobytes()
        assert disk.product(x).tobytes() == memory.product(x).tobytes()


@pytest.mark.parametrize("method", sorted(methods()))
def test_every_method_gives_the_same_from_disk(paths: dict[str, str], method: str) -> None:
    results = [
        cp.balance(contacts, method, mask={"min_nnz": 5}, scope="genome", on_failure="keep")
        for contacts in (read_triples(paths), open_triples(paths))
    ]
    memory, disk = results
    assert np.isfinite(memory.weights).any()
    assert disk.weights.tobytes() == memory.weights.tobytes()
    assert disk.trace == memory.trace
    assert (disk.status, disk.reason) == (memory.status, memory.reason)


def test_a_cut_scratch_file_is_an_error(paths: dict[str, str]) -> None:
    stored = open_triples(paths)
    (selection,) = select(stored.bins, np.ones(4000, dtype=bool), Scope.GENOME)
    operator = NativeOperator(stored, selection)
    os.ftruncate(operator.map.file, operator.bytes_per_product // 2)
    with pytest.raises(OSError, match="scratch file"):
        operator.product(operator.ones())


def test_what_fits_is_loaded_and_the_rest_streams(paths: dict[str, str]) -> None:
    said: list[str] = []
    whole = needed(4000, NONZEROS, False) / MIB
    assert isinstance(triples_within(paths, None, said.append), Contacts)
    assert isinstance(triples_within(paths, int(whole) + 1, said.append), Contacts)
    assert f"needs up to {int(whole) + 1} MB" in said[-1]
    with pytest.raises(ConfigError, match=r"has 100 MB; give the rule 'balance' more \(mem_mb\)"):
        triples_within(paths, 100, said.append)


def test_streaming_needs_less_than_a_large_map_in_memory() -> None:
    assert needed_streaming(300_000) < needed(300_000, 300_000_000, True) / 4


def test_only_the_native_backend_streams(paths: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"scipy holds the whole map in memory.*mem_mb"):
        cp.balance(open_triples(paths), "kr", backend="scipy")
