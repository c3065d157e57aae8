"""Circular chromosomes: where the origin is makes no difference.

The oracle rotates the origin: the same genome, with its bins numbered from another place.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cooler
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

import counterpoise as cp
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.circular import find_near_origin, leave_out, leave_out_near_origin
from counterpoise.contacts.contact_map import ContactMap, Contacts, StoredContacts
from counterpoise.errors import ConfigError
from counterpoise.ingest.chromosome_choice import ChromosomeSettings
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.store.paths import MapFiles
from counterpoise.store.pixels import open_map, read_map
from tests.support.maps import random_contacts

LINEAR = 15  # bins of the second chromosome


def circular_matrix(n: int, seed: int) -> np.ndarray:
    """Return a full map of a circular chromosome of n bins and a linear one.

    The pixels next to the diagonal are far from what balancing would expect of them.
    """
    rng = np.random.default_rng(seed)
    size = n + LINEAR
    distance = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    distance[:n, :n] = np.minimum(distance[:n, :n], n - distance[:n, :n])
    bias = np.exp(rng.normal(0, 0.4, size))
    mean = np.outer(bias, bias) * np.where(distance < 3, 500.0 * rng.random(size), 20.0)
    upper = np.triu(rng.poisson(mean))
    return (upper + np.triu(upper, 1).T).astype(np.float64)


def as_map(matrix: np.ndarray, circular: tuple[str, ...] = ("ring",)) -> Contacts:
    upper = sp.csr_matrix(np.triu(matrix))
    bins = BinTable.fixed(("ring", "line"), [10 * (len(matrix) - LINEAR), 10 * LINEAR], 10)
    return Contacts(
        bins.with_circular(circular),
        upper.indptr.astype(np.int64),
        upper.indices.astype(np.uint32),
        upper.data,
    )


def rotate(matrix: np.ndarray, shift: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the map with the origin elsewhere, and the former number of each bin."""
    size, n = len(matrix), len(matrix) - LINEAR
    former = np.r_[np.roll(np.arange(n), shift), np.arange(n, size)]
    return matrix[np.ix_(former, former)], former


# Pixels between the end of one chromosome and the start of the next are near in cooler's tradition.
SCOPES = st.sampled_from(
    [{"scope": scope, "ignore_diags_trans": False} for scope in ("cis", "genome", "trans")]
)


@given(
    n=st.integers(8, 30),
    seed=st.integers(0, 2**32 - 1),
    shift=st.integers(1, 29),
    method=st.sampled_from(["kr", "ice", "vc"]),
    ignore_diags=st.integers(0, 4),
    settings=SCOPES,
)
def test_another_origin_permutes_the_weights(
    n: int, seed: int, shift: int, method: str, ignore_diags: int, settings: dict[str, Any]
) -> None:
    matrix = circular_matrix(n, seed)
    rotated, former = rotate(matrix, shift)
    filters = {"min_nnz": 3, "mad_max": 3, "ignore_diags": 2, "ignore_diags_trans": False}
    if method != "vc":
        settings = {**settings, "tolerance": 1e-9}
    first, second = (
        cp.balance(as_map(each), method, mask=filters, ignore_diags=ignore_diags, **settings)
        for each in (matrix, rotated)
    )
    masks = [cp.mask_bins(as_map(each), filters) for each in (matrix, rotated)]
    np.testing.assert_array_equal(masks[1].reasons, masks[0].reasons[former])
    np.testing.assert_array_equal(masks[1].marginal, masks[0].marginal[former])
    np.testing.assert_allclose(second.weights, first.weights[former], rtol=1e-6)


def test_as_a_linear_chromosome_bins_at_the_origin_are_off() -> None:
    matrix = circular_matrix(30, 1)
    rotated, former = rotate(matrix, 10)
    first, second = (
        cp.balance(as_map(each, ()), "kr", mask=None, ignore_diags=3, scope="cis").weights
        for each in (matrix, rotated)
    )
    assert np.abs(np.log(second / first[former])[:30]).max() > 0.05


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=3),
    st.integers(0, 5),
    st.integers(0, 2**32 - 1),
)
def test_the_pixels_left_out_are_those_near_the_origin(
    sizes: list[int], ignore_diags: int, seed: int
) -> None:
    contacts = random_contacts(sizes, 0.7, seed)
    names = contacts.bins.chromosomes[::2]
    contacts = replace(contacts, bins=contacts.bins.with_circular(names))
    expected = contacts.full_matrix().toarray()
    for name, lo, hi in contacts.bins.chromosome_ranges():
        for i in range(lo, hi):
            for j in range(lo, hi):
                if name in names and (hi - lo) - abs(i - j) < ignore_diags:
                    expected[i, j] = 0
    left = leave_out_near_origin(contacts, ignore_diags)
    assert isinstance(left, Contacts)
    np.testing.assert_array_equal(left.full_matrix().toarray(), expected)
    assert (left.counts > 0).all()


def stored(contacts: Contacts) -> StoredContacts:
    """Return a map as it is on disk."""
    return StoredContacts(contacts.bins, contacts.indptr, contacts.entries)


@given(st.integers(1, 40), st.integers(0, 2**32 - 1), st.data())
def test_any_piece_of_a_map_on_disk_is_without_the_pixels(
    n: int, seed: int, data: st.DataObject
) -> None:
    contacts = random_contacts([n], 0.4, seed)
    numbers = st.integers(0, max(contacts.nnz - 1, 0))
    chosen = data.draw(st.sets(numbers, max_size=contacts.nnz)) if contacts.nnz else set()
    entries = np.array(sorted(chosen), dtype=np.int64)
    in_memory, on_disk = leave_out(contacts, entries), leave_out(stored(contacts), entries)
    np.testing.assert_array_equal(on_disk.indptr, in_memory.indptr)
    ends = st.integers(0, int(in_memory.indptr[-1]))
    start, stop = sorted((data.draw(ends), data.draw(ends)))
    for one, other in zip(
        on_disk.entries(start, stop), in_memory.entries(start, stop), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_a_map_without_circular_chromosomes_is_not_copied() -> None:
    contacts = random_contacts([10, 5], 0.5, 1)
    assert leave_out_near_origin(contacts, 3) is contacts
    ring = replace(contacts, bins=contacts.bins.with_circular(["c0"]))
    assert leave_out_near_origin(ring, 1) is ring, "the main diagonal is not across the origin"


# --- from the configuration to the map --------------------------------------------------------


def test_a_map_on_disk_knows_its_circular_chromosomes(tmp_path: Path) -> None:
    bins = cooler.binnify(pd.Series({"chrI": 9000, "plasmid_1": 3000, "plasmid_2": 2000}), 1000)
    i, j = np.triu_indices(len(bins))
    pixels = pd.DataFrame({"bin1_id": i, "bin2_id": j, "count": i + j + 1})
    cooler.create_cooler(str(tmp_path / "a.cool"), bins, pixels)
    info = inspect_source(str(tmp_path / "a.cool"))
    fine, coarse = (MapFiles.in_folder(tmp_path / name) for name in ("fine", "coarse"))
    patterns = ["chrI", "plasmid_*"]
    record = write_map(info, 1000, fine, chromosomes=ChromosomeSettings(circular=patterns))
    write_map(info, 2000, coarse, finer=fine)
    assert record["circular"] == ["chrI", "plasmid_1", "plasmid_2"]
    maps: list[ContactMap] = [open_map(fine), read_map(fine), open_map(coarse)]
    for contacts in maps:
        assert contacts.bins.circular == {"chrI", "plasmid_1", "plasmid_2"}
    assert find_near_origin(maps[0], 2).tolist() == find_near_origin(maps[1], 2).tolist()
    assert "circular" not in write_map(info, 1000, fine)
    assert open_map(fine).bins.circular == frozenset()
    with pytest.raises(ConfigError, match=r"circular: the map has no chromosome 'chrX'; .*chrI"):
        contacts.bins.with_circular(["chrX"])
    record = write_map(info, 1000, fine, chromosomes=ChromosomeSettings(circular=["chrX"]))
    assert record["notes"] == ["chromosomes.circular: the map has no chromosome chrX"]
