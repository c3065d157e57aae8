"""Statistics of a map equal dense arithmetic, however its pixels arrive."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import cooler
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoise.contacts.bins import BinTable
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.ingest.statistics import MapStatistics, distance_edges
from counterpoise.report.figures import fit_slope
from counterpoise.store.paths import MapFiles
from counterpoise.store.pixels import read_map
from counterpoise.store.source_record import read_origin, read_source
from tests.support.pixels import pixels_of, split

RESOLUTIONS = (1, 3, 999, 7000, 10_000, 20_000, 20_001, 50_000)


@st.composite
def maps(draw: st.DrawFn) -> tuple[BinTable, np.ndarray]:
    """Draw bins of up to four chromosomes, of any size, and a dense upper triangle of counts."""
    resolution = draw(st.sampled_from(RESOLUTIONS))
    sizes = draw(st.lists(st.integers(1, 30), min_size=1, max_size=4))
    bins = BinTable.fixed(
        [f"c{i}" for i in range(len(sizes))], [size * resolution for size in sizes], resolution
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = len(bins)
    counts = rng.integers(1, 1000, (n, n)) * (rng.random((n, n)) < draw(st.floats(0, 1)))
    return bins, np.triu(counts)


def dense_statistics(bins: BinTable, upper: np.ndarray) -> dict[str, Any]:
    """Compute the statistics from the starts and chromosomes of all pairs of bins."""
    chromosome, start = bins.chromosome_ids, bins.start.astype(np.int64)
    pair = np.triu(np.ones(upper.shape, bool)) & (chromosome[:, None] == chromosome)
    distance = start - start[:, None]
    per_bin = (upper + np.triu(upper, 1).T).sum(axis=1)
    edges = distance_edges(bins) * bins.resolution
    classes = [pair & (distance >= a) & (distance < b) for a, b in pairwise(edges)]
    far = upper[pair & (distance >= 20_000)].sum() if bins.resolution <= 20_000 else None
    return {
        "cis": upper[pair].sum(),
        "cis_beyond_20kb": far,
        "median_per_bin": np.median(per_bin),
        "bins_with_1000": (per_bin >= 1000).sum() / len(bins),
        "by_distance": {
            "edges": edges.tolist(),
            "contacts": [upper[each].sum() for each in classes],
            "pairs": [each.sum() for each in classes],
        },
    }


@given(maps(), st.lists(st.integers(0, 500), max_size=5), st.sampled_from("iqdH"))
def test_statistics_equal_dense_arithmetic(
    drawn: tuple[BinTable, np.ndarray], cuts: list[int], kind: str
) -> None:
    bins, upper = drawn
    statistics = MapStatistics(bins)
    for bin1, bin2, count in split(pixels_of(upper), cuts):
        statistics.add((bin1.astype(np.int32), bin2.astype(np.int32), count.astype(kind)))
    record = statistics.record(integral=True)
    assert record == dense_statistics(bins, upper)
    assert isinstance(record["cis"], int)
    fractions = MapStatistics(bins)
    fractions.add(pixels_of(upper / 8))
    assert fractions.record(integral=False) == dense_statistics(bins, upper / 8)


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_classes_of_distance_fit_those_of_other_resolutions(resolution: int) -> None:
    """Each class but the first begins at the bin that a common lattice of base pairs reaches."""
    edges = distance_edges(BinTable.fixed(["a", "b"], [3_000 * resolution, resolution], resolution))
    assert (edges[0], edges[1], edges[-1]) == (0, 1, 3_000)
    lattice = np.round(20_000 * 10 ** (np.arange(-50, 50) / 10))
    first = {int(np.ceil(value / resolution)) for value in lattice}
    assert set(edges[1:-1].tolist()) == {each for each in first if 0 < each < 3_000}
    assert max(edges[2:-1] / edges[1:-2], default=1) < 2.01


def test_contacts_at_the_border_of_20_kb() -> None:
    """Bins that begin 20 kb apart count, neighbours of 10 kb do not."""
    bins = BinTable.fixed(["a"], [40_000], 10_000)
    statistics = MapStatistics(bins)
    row = np.arange(3, dtype=np.int32)
    statistics.add((np.zeros(3, np.int32), row, np.array([1, 10, 100], np.int32)))
    assert statistics.record(integral=True)["cis_beyond_20kb"] == 100


def test_bins_of_unequal_length_have_no_distances() -> None:
    bins = BinTable(
        ("a", "b"), np.array([90, 50]), np.array([0, 3, 4]),
        np.array([0, 20, 60, 0]), np.array([20, 60, 90, 50]), None,
    )  # fmt: skip
    statistics = MapStatistics(bins)
    upper = np.triu(np.arange(16).reshape(4, 4))
    statistics.add(pixels_of(upper))
    record = statistics.record(integral=True)
    assert record["cis"] == upper[:3, :3].sum() + upper[3, 3]
    assert record["cis_beyond_20kb"] is record["by_distance"] is None


@pytest.mark.parametrize("exponent", [-0.75, -1.0, -1.5])
def test_a_power_law_has_its_exponent(exponent: float) -> None:
    bins = BinTable.fixed(["a", "b"], [20_000_000, 8_000_000], 10_000)
    statistics = MapStatistics(bins)
    for first, end in ((0, 2000), (2000, 2800)):
        bin1, bin2 = np.triu_indices(end - first)
        law = 1e4 * np.maximum(bin2 - bin1, 0.5) ** exponent
        statistics.add((bin1 + first, bin2 + first, law))
    slope = fit_slope(statistics.record(integral=False)["by_distance"])
    assert slope == pytest.approx(exponent, abs=0.01)


def write_cool(path: Path, resolution: int = 5000) -> None:
    bins = cooler.binnify(pd.Series({"chr1": 400_000, "chr2": 153_000}), resolution)
    rng = np.random.default_rng(4)
    bin1, bin2 = np.triu_indices(len(bins))
    counts = rng.poisson(200 / (1 + bin2 - bin1))
    pixels = pd.DataFrame({"bin1_id": bin1, "bin2_id": bin2, "count": counts})
    cooler.create_cooler(str(path), bins, pixels[counts > 0])


def dense_map(files: MapFiles) -> tuple[BinTable, np.ndarray]:
    contacts = read_map(files)
    upper = np.zeros((len(contacts.bins), len(contacts.bins)), np.int64)
    upper[contacts.rows, contacts.columns] = contacts.counts
    return contacts.bins, upper


def test_maps_that_are_read_and_summed_have_their_statistics(tmp_path: Path) -> None:
    write_cool(tmp_path / "map.cool")
    info = inspect_source(str(tmp_path / "map.cool"))
    finest, from_file, from_map = (
        MapFiles.in_folder(tmp_path / name) for name in ("finest", "from_file", "from_map")
    )
    for files in (finest, from_file, from_map):
        Path(files.source).parent.mkdir()
    write_map(info, 5000, finest, row_group=100)
    write_map(info, 15_000, from_file)
    write_map(info, 15_000, from_map, finer=finest)
    for files in (finest, from_file, from_map):
        record = read_source(files.source)
        assert record["statistics"] == dense_statistics(*dense_map(files))
        assert json.loads(Path(files.source).read_text()) == record
    assert read_source(from_file.source)["statistics"] == read_source(from_map.source)["statistics"]


def test_verdicts_do_not_repeat_the_statistics(tmp_path: Path) -> None:
    write_cool(tmp_path / "map.cool")
    files = MapFiles.in_folder(tmp_path)
    written = write_map(inspect_source(str(tmp_path / "map.cool")), 5000, files)
    origin = read_origin(files.source)
    assert set(written) - set(origin) == {"statistics"}
    assert read_map(files).source == origin
