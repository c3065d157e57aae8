"""Balanced coolers of maps whose bins do not begin at 0 or have holes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cooler
import h5py
import numpy as np
import pandas as pd
import pytest

from counterpoise.balancing.api import balance
from counterpoise.columns.claims import read_claim
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.mask import MaskSettings, mask_bins
from counterpoise.store.masks import read_mask, write_mask
from counterpoise.store.mcool import write_mcool
from counterpoise.store.paths import ResultPaths
from counterpoise.store.pixels import read_map
from counterpoise.store.tiling import cover_holes
from counterpoise.store.weight_columns import write_weight_column
from counterpoise.store.weights import read_weights, write_balance
from tests.support.coolers import write_cool

RESOLUTIONS = [1000, 2000, 5000]
LENGTHS = {"left": 40_000, "holes": 60_500, "none": 7_000, "whole": 30_300, "right": 50_000}
KEPT = {"left": (0, 25), "holes": None, "none": (0, 0), "whole": (0, 31), "right": (35, 50)}


def with_holes() -> BinTable:
    """Return bins of 1 kb: the start, the end, a third or all of a chromosome are missing."""
    whole = BinTable.fixed(tuple(LENGTHS), list(LENGTHS.values()), 1000)
    kept = np.zeros(len(whole), bool)
    for name, lo, hi in whole.chromosome_ranges():
        span = KEPT[name]
        kept[lo:hi] = (
            np.random.default_rng(5).random(hi - lo) > 0.33
            if span is None
            else np.isin(np.arange(hi - lo), np.arange(*span))
        )
    kept[whole.offsets[1]] = False  # the first bin of "holes"
    offsets = np.searchsorted(whole.chromosome_ids[kept], np.arange(len(LENGTHS) + 1))
    return BinTable(
        whole.chromosomes, whole.lengths, offsets, whole.start[kept], whole.end[kept], 1000
    )


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[ResultPaths, Path]:
    folder = tmp_path_factory.mktemp("holes")
    bins, source = with_holes(), folder / "x.cool"
    n = len(bins)
    bin1, bin2 = np.triu_indices(n)
    count = np.random.default_rng(3).poisson(30 / (1 + bin2 - bin1) ** 0.5) + 1
    text = np.array([f"bin {i}".encode() for i in range(n)])
    write_cool(source, bins, (bin1, bin2, count), number=np.arange(n), text=text)
    paths = ResultPaths("toy", str(folder))
    info = inspect_source(str(source))
    for resolution in RESOLUTIONS:
        files = paths.map_files("s", resolution)
        write_map(info, resolution, files)
        contacts = read_map(files)
        kept = mask_bins(contacts, MaskSettings(0, 0, 0.0, 0))
        write_mask(paths.mask("s", resolution), kept, contacts.bins)
        mask, record = read_mask(paths.mask("s", resolution))
        result = balance(contacts, "vc", mask=mask, mask_record=record)
        write_balance(result, contacts.bins, paths.run_files("s", resolution, "vc"))
    write_mcool(paths, "s", RESOLUTIONS, {"vc": "GW_VC"}, "vc", paths.cooler("s"))
    return paths, source


def source_pixels(source: Path, resolution: int) -> dict[tuple[str, int, str, int], int]:
    """Return the contacts by chromosome and start of both bins, summed without cooler."""
    bins = with_holes()
    with h5py.File(source) as file:
        bin1, bin2, count = (file[f"pixels/{name}"][:] for name in ("bin1_id", "bin2_id", "count"))
    names = np.array(bins.chromosomes)[bins.chromosome_ids]
    start = bins.start // resolution * resolution
    columns = {"a": names[bin1], "b": start[bin1], "c": names[bin2], "d": start[bin2]}
    table = pd.DataFrame({**columns, "count": count})
    return table.groupby(["a", "b", "c", "d"])["count"].sum().to_dict()


REGIONS = [
    *((name, 0, length) for name, length in LENGTHS.items()),
    ("left", 20_000, 40_000),
    ("left", 30_500, 31_500),
    ("holes", 0, 1_500),
    ("holes", 10_000, 20_000),
    ("holes", 33_333, 45_678),
    ("right", 0, 10_000),
    ("right", 34_999, 35_001),
    ("right", 40_000, 50_000),
]


@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("region", REGIONS, ids=str)
def test_queries_of_cooler_return_the_region(
    exported: tuple[ResultPaths, Path], resolution: int, region: tuple[str, int, int]
) -> None:
    paths, source = exported
    clr = cooler.Cooler(f"{paths.cooler('s')}::/resolutions/{resolution}")
    chromosome, start, end = region
    bins = clr.bins().fetch(region)
    assert (bins["chrom"] == chromosome).all()
    assert bins["start"].iloc[0] <= start < bins["end"].iloc[0]
    assert bins["start"].iloc[-1] < end <= bins["end"].iloc[-1]
    assert (bins["start"].to_numpy()[1:] == bins["end"].to_numpy()[:-1]).all()

    pixels = clr.matrix(balance=False, as_pixels=True, join=True).fetch(region)
    columns = ("chrom1", "start1", "chrom2", "start2", "count")
    actual = {row[:4]: row[4] for row in zip(*(pixels[c].tolist() for c in columns), strict=True)}
    size = resolution
    expected = {
        key: count
        for key, count in source_pixels(source, resolution).items()
        if key[0] == key[2] == chromosome
        and all(s < end and min(s + size, LENGTHS[chromosome]) > start for s in key[1::2])
    }
    assert actual == expected

    matrix = clr.matrix(balance=False).fetch(region)
    assert matrix.shape == (len(bins), len(bins))
    assert np.triu(matrix).sum() == sum(expected.values())


def test_queries_between_chromosomes(exported: tuple[ResultPaths, Path]) -> None:
    paths, source = exported
    clr = cooler.Cooler(f"{paths.cooler('s')}::/resolutions/1000")
    matrix = clr.matrix(balance=False).fetch("holes", "right:30,000-50,000")
    expected = source_pixels(source, 1000)
    assert matrix.sum() == sum(
        count for key, count in expected.items() if (key[0], key[2]) == ("holes", "right")
    )


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_the_header_says_what_the_bins_are(
    exported: tuple[ResultPaths, Path], resolution: int
) -> None:
    paths, _ = exported
    clr = cooler.Cooler(f"{paths.cooler('s')}::/resolutions/{resolution}")
    is_fixed = resolution > 1000  # coarser levels cover all chromosomes
    assert clr.binsize == (resolution if is_fixed else None)
    assert clr.info["bin-type"] == ("fixed" if is_fixed else "variable")
    assert clr.info["nbins"] == len(clr.bins()[:]) == clr.shape[0]
    assert clr.chromsizes.to_dict() == LENGTHS
    with h5py.File(paths.cooler("s")) as file:
        assert file.attrs["bin-type"] == "variable"


def test_columns_lie_at_their_bins(exported: tuple[ResultPaths, Path]) -> None:
    paths, _ = exported
    bins = with_holes()
    table = cooler.Cooler(f"{paths.cooler('s')}::/resolutions/1000").bins()[:]
    mine = table[table["text"].astype(str) != ""]
    assert len(table) > len(mine) == len(bins)
    np.testing.assert_array_equal(mine["start"], bins.start)
    np.testing.assert_array_equal(mine["number"], np.arange(len(bins)))
    assert mine["text"].astype(str).tolist() == [f"bin {i}" for i in range(len(bins))]
    weights = read_weights(paths.run_files("s", 1000, "vc").weights)
    for name in ("weight", "GW_VC"):
        np.testing.assert_array_equal(mine[name], weights)
        assert table[name].drop(mine.index).isna().all()
    assert table["number"].drop(mine.index).isna().all()


def test_hictk_reads_the_same_pixels(exported: tuple[ResultPaths, Path]) -> None:
    paths, source = exported
    code = (
        "import sys, hictkpy\n"
        "file = hictkpy.File(sys.argv[1] + '::/resolutions/1000')\n"
        "print(len(file.bins().to_df()), file.fetch('right:35,000-50,000').to_df()['count'].sum())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, paths.cooler("s")], capture_output=True, text=True, check=True
    )
    expected = sum(
        count for key, count in source_pixels(source, 1000).items() if key[0] == key[2] == "right"
    )
    bins = cover_holes(with_holes()).bins
    assert done.stdout.split() == [str(len(bins)), str(expected)]


def test_a_tiling_is_not_changed() -> None:
    bins = BinTable.fixed(("a", "b"), (95, 20), 10)
    tiling = cover_holes(bins)
    assert tiling.bins is bins
    assert tiling.positions is None
    column = np.arange(len(bins))
    assert tiling.spread(column) is column


def test_every_hole_is_one_bin() -> None:
    bins = cover_holes(with_holes()).bins
    assert bins.is_tiling
    assert bins.offsets[3] - bins.offsets[2] == 1, "a chromosome without bins is one hole"
    assert (bins.start[bins.offsets[4]], bins.end[bins.offsets[4]]) == (0, 35_000)


def test_regions_are_recorded_by_their_places(tmp_path: Path) -> None:
    bins, bed = with_holes(), tmp_path / "regions.bed"
    bed.write_text("left\t5000\t15000\nleft\t15000\t25000\nright\t36000\t45000\n")
    bin1, bin2 = (each.astype(np.int32) for each in np.triu_indices(len(bins)))
    count = np.random.default_rng(3).poisson(30 / (1 + bin2 - bin1) ** 0.5) + 1
    contacts = Contacts.from_chunks(bins, [(bin1, bin2, count)], {})
    mask = {"regions": str(bed), "separate_regions": True}
    result = balance(contacts, "kr", mask=mask)
    tiling = cover_holes(bins)
    with h5py.File(tmp_path / "bins.h5", "w") as file:
        write_weight_column(file, "KR", result.weights, result.se, result.verdict, tiling)
        regions = json.loads(file["KR"].attrs["regions"])
    assert regions == [["left", 5000, 15000], ["left", 15000, 25000], ["right", 36000, 45000]]
    # The attributes are read on the bins of the cooler, which cover the holes.
    choice = read_claim({"scope": "cis", "regions": json.dumps(regions)}, tiling.bins).choice
    assert choice is not None
    stored = [(tiling.bins.start[lo], tiling.bins.end[hi - 1]) for lo, hi in choice.regions]
    assert stored == [(5000, 15000), (15000, 25000), (36000, 45000)]
