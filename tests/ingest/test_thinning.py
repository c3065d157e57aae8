"""Thinned maps: exact totals, and the multivariate hypergeometric distribution."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import cooler
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from counterpoise.errors import InputError
from counterpoise.ingest.finer import open_sum
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map, write_reading
from counterpoise.ingest.thinning import draw_contacts, open_thinned, seed_generator
from counterpoise.store.paths import MapFiles
from counterpoise.store.pixels import read_map
from tests.support.maps import write_map as write_cooler


def files_in(folder: Path) -> MapFiles:
    folder.mkdir()
    return MapFiles.in_folder(folder)


@pytest.fixture
def whole(tmp_path: Path) -> MapFiles:
    """Return a map of row groups that cut rows."""
    write_cooler(tmp_path / "map.cool", 3)
    files = files_in(tmp_path / "whole")
    write_map(inspect_source(str(tmp_path / "map.cool")), 1000, files, row_group=100)
    return files


def thin(
    whole: MapFiles, folder: Path, contacts: int, sample: str = "a", seed: int = 0
) -> MapFiles:
    files = files_in(folder)
    generator = seed_generator(seed, sample)
    with open_thinned(whole, contacts, generator, {"seed": seed}) as reading:
        write_reading(reading, files)
    return files


@pytest.mark.hypothesis
@given(
    counts=st.lists(st.integers(0, 2**40) | st.integers(0, 3), max_size=30),
    share=st.floats(0, 1),
    seed=st.integers(0, 100),
)
def test_as_many_contacts_as_asked_and_none_that_is_not_there(
    counts: list[int], share: float, seed: int
) -> None:
    """The total may be far beyond the 1e9 that numpy's own generator takes."""
    array = np.array(counts, np.int64)
    contacts = int(share * sum(counts))
    drawn = draw_contacts(array, contacts, np.random.default_rng(seed))
    assert drawn.sum() == contacts
    assert (drawn >= 0).all()
    assert (drawn <= array).all()


@pytest.mark.parametrize("contacts", [1, 4, 6])
def test_every_draw_is_as_likely_as_it_should_be(contacts: int) -> None:
    """Compared with the probability of each outcome, for all outcomes of four small pixels."""
    counts, draws = np.array([1, 0, 2, 4]), 40_000
    generator = np.random.default_rng(5)
    seen = Counter(tuple(draw_contacts(counts, contacts, generator).tolist()) for _ in range(draws))
    exact = scipy.stats.multivariate_hypergeom(m=counts, n=contacts)
    expected = {outcome: draws * float(exact.pmf(outcome)) for outcome in seen}
    assert sum(expected.values()) == pytest.approx(draws)  # none is missing
    statistic = sum((seen[key] - mean) ** 2 / mean for key, mean in expected.items())
    assert scipy.stats.chi2.sf(statistic, len(seen) - 1) > 1e-3


def test_moments_of_large_counts() -> None:
    counts = np.array([10**6, 3 * 10**9, 5 * 10**10])
    contacts, repetitions = 10**9, 2000
    generator = np.random.default_rng(1)
    drawn = np.array([draw_contacts(counts, contacts, generator) for _ in range(repetitions)])
    # scipy's mean of such numbers overflows.
    total, share = counts.sum(), counts / counts.sum()
    variance = contacts * share * (1 - share) * (total - contacts) / (total - 1)
    errors = (drawn.mean(axis=0) - contacts * share) / np.sqrt(variance / repetitions)
    assert np.abs(errors).max() < 4
    # The relative error of a variance is sqrt(2 / repetitions): 3 %.
    np.testing.assert_allclose(drawn.var(axis=0), variance, rtol=0.13)


def test_a_thinned_map_has_the_number_of_contacts(whole: MapFiles, tmp_path: Path) -> None:
    before = read_map(whole)
    thinned = thin(whole, tmp_path / "thinned", 1234)
    after = read_map(thinned)
    assert after.counts.sum() == 1234
    assert (after.counts > 0).all()
    difference = before.full_matrix() - after.full_matrix()
    assert difference.min() >= 0
    record = json.loads(Path(thinned.source).read_text())
    total = int(before.counts.sum())
    assert (record["contacts"], record["nnz"]) == (1234, after.nnz)
    assert record["thinned"] == {"settings": {"seed": 0}, "from_contacts": total}
    assert record["notes"] == [f"thinned from {total:,} to 1,234 contacts"]
    kept = ("uri", "identity", "format", "assembly", "resolution", "group")
    source = json.loads(Path(whole.source).read_text())
    assert {key: record[key] for key in kept} == {key: source[key] for key in kept}
    assert Path(thinned.bins).read_bytes() == Path(whole.bins).read_bytes()


def test_row_groups_share_the_contacts_by_chance(whole: MapFiles, tmp_path: Path) -> None:
    """The first rows have as many contacts as a hypergeometric number, over many seeds."""
    file = pq.ParquetFile(whole.pixels)
    first = int(np.sum(file.read_row_group(0)["count"].to_numpy()))
    total = int(read_map(whole).counts.sum())
    pixels = file.metadata.row_group(0).num_rows
    pairs = {
        tuple(pair)
        for pair in file.read_row_group(0).to_pandas()[["bin1_id", "bin2_id"]].to_numpy().tolist()
    }
    assert len(pairs) == pixels
    shares = []
    for seed in range(60):
        table = pd.read_parquet(thin(whole, tmp_path / str(seed), 1000, seed=seed).pixels)
        inside = [pair in pairs for pair in zip(table.bin1_id, table.bin2_id, strict=True)]
        shares.append(table["count"][inside].sum())
    exact = scipy.stats.hypergeom(total, first, 1000)
    assert abs(np.mean(shares) - exact.mean()) < 4 * exact.std() / np.sqrt(60)
    assert 0.5 < np.var(shares) / exact.var() < 1.8


def test_each_sample_has_its_own_seed(whole: MapFiles, tmp_path: Path) -> None:
    def pixels(name: str, **options: object) -> bytes:
        return Path(thin(whole, tmp_path / name, 1000, **options).pixels).read_bytes()  # type: ignore[arg-type]

    first = pixels("first")
    assert pixels("again") == first
    assert pixels("other_sample", sample="b") != first
    assert pixels("other_seed", seed=1) != first


def test_a_map_of_few_contacts_keeps_all(whole: MapFiles, tmp_path: Path) -> None:
    total = int(read_map(whole).counts.sum())
    thinned = thin(whole, tmp_path / "thinned", total + 5)
    assert pq.read_table(thinned.pixels).equals(pq.read_table(whole.pixels))
    record = json.loads(Path(thinned.source).read_text())
    assert record["notes"] == [
        f"not thinned: it has {total:,} contacts, fewer than the {total + 5:,} asked for"
    ]


def test_no_contacts_are_drawn_from_none(whole: MapFiles, tmp_path: Path) -> None:
    nothing = thin(whole, tmp_path / "nothing", 0)
    assert read_map(nothing).nnz == 0
    assert read_map(thin(nothing, tmp_path / "again", 10)).nnz == 0


def test_coarser_maps_are_sums_of_the_thinned_one(whole: MapFiles, tmp_path: Path) -> None:
    thinned, coarse = thin(whole, tmp_path / "thinned", 1000), files_in(tmp_path / "coarse")
    with open_sum(thinned, 2000) as reading:
        record = write_reading(reading, coarse)
    table = pd.read_parquet(thinned.pixels)
    bins = read_map(thinned).bins
    # chr1 has 25 bins: its last coarse bin is a fine one.
    mapping = [
        start // 2000 + (13 if number >= 25 else 0) for number, start in enumerate(bins.start)
    ]
    expected = np.zeros((21, 21))
    i, j = (np.array(mapping)[table[name]] for name in ("bin1_id", "bin2_id"))
    np.add.at(expected, (np.minimum(i, j), np.maximum(i, j)), table["count"])
    np.testing.assert_array_equal(np.triu(read_map(coarse).full_matrix().toarray()), expected)
    assert record["thinned"] == json.loads(Path(thinned.source).read_text())["thinned"]
    assert (record["contacts"], record["coarsened_from"]) == (1000, 1000)


def test_fractions_are_refused(tmp_path: Path) -> None:
    bins = cooler.binnify(pd.Series({"one": 30}), 10)
    pixels = pd.DataFrame({"bin1_id": [0, 0], "bin2_id": [0, 2], "count": [1.5, 1]})
    path = str(tmp_path / "map.cool")
    cooler.create_cooler(path, bins, pixels, dtypes={"count": np.float64})
    files = files_in(tmp_path / "whole")
    write_map(inspect_source(path), 10, files)
    with pytest.raises(InputError, match=r"map\.cool: has counts that are not whole numbers.*raw"):
        thin(files, tmp_path / "thinned", 1)
    assert not any((tmp_path / "thinned").iterdir())
