"""`counterpoise vectors`: text for Juicer, read back by its conventions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cooler
import h5py
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from counterpoise.cli.main import group
from counterpoise.errors import ConfigError, InputError
from tests.support.coolers import bin_column, write_genome
from tests.support.peers import hic_vectors

Vectors = dict[tuple[str, str, int], np.ndarray]

# Pixels of one chromosome with hictkpy, which keeps a core busy while it is imported.
FETCH = """
import sys, hictkpy, numpy
path, size, chromosome, output = sys.argv[1:]
file = hictkpy.File(path, int(size))
raw, balanced = (
    file.fetch(chromosome, normalization=name).to_numpy("full") for name in ("NONE", "KR")
)
numpy.savez(output, raw=raw, balanced=balanced)
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(group, list(map(str, arguments)))


def parse(path: Path) -> Vectors:
    """Read vectors as Juicer and juicebox.js do: a header, and one value a line."""
    vectors: dict[tuple[str, str, int], list[float]] = {}
    key = ("", "", 0)
    for line in path.read_text().splitlines():
        if line.startswith("vector"):
            word, name, chromosome, size, unit = line.split("\t")
            assert (word, unit) == ("vector", "BP")
            key = (name, chromosome, int(size))
            assert key not in vectors
            vectors[key] = []
        else:
            vectors[key].append(float(line))
    return {key: np.array(values) for key, values in vectors.items()}


def totals(raw: np.ndarray, vector: np.ndarray) -> tuple[float, float]:
    """Sum a full symmetric matrix before and after balancing, over the bins with a weight."""
    given = np.isfinite(vector)
    kept = raw[np.ix_(given, given)]
    return kept.sum(), (kept / np.outer(vector[given], vector[given])).sum()


@pytest.fixture
def mcool(tmp_path: Path) -> Path:
    path = write_genome(tmp_path / "map.cool")
    methods = ["-m", "kr", "-m", "ice", "-m", "scale", "-m", "kde"]
    assert run("zoomify", path, "-r", "1000,2000", *methods).exit_code == 0
    return path.with_suffix(".mcool")


def test_our_columns(mcool: Path) -> None:
    output = mcool.with_name("vectors.txt")
    result = run("vectors", mcool, "-o", output)
    assert result.exit_code == 0, result.output
    assert "2000  GW_ICE: balanced, multiplicative, all contacts" in result.output
    vectors = parse(output)
    names = ("KR", "GW_ICE", "SCALE", "KDE")  # weight holds KR again
    assert set(vectors) == {
        (name, f"chr{k}", size) for name in names for k in (1, 2, 3) for size in (1000, 2000)
    }
    for size in (1000, 2000):
        map_ = cooler.Cooler(f"{mcool}::/resolutions/{size}")
        for chromosome in map_.chromnames:
            raw, theirs = (map_.matrix(balance=each).fetch(chromosome) for each in (False, "KR"))
            v = vectors["KR", chromosome, size]
            assert len(v) == map_.chromsizes[chromosome] // size + 1
            np.testing.assert_array_equal(v, map_.bins()["KR"].fetch(chromosome))
            np.testing.assert_allclose(raw / np.outer(v, v), theirs, rtol=1e-12)
            for name in ("KR", "SCALE"):
                before, after = totals(raw, vectors[name, chromosome, size])
                assert after == pytest.approx(before, rel=1e-9)
        # ICE is one vector for the genome, made without two diagonals.
        raw = np.triu(map_.matrix(balance=False)[:].astype(float), 2)
        genome = np.concatenate([vectors["GW_ICE", name, size] for name in map_.chromnames])
        before, after = totals(raw + raw.T, genome)
        assert after == pytest.approx(before, rel=1e-9)
        product = genome * bin_column(map_.uri, "GW_ICE")
        np.testing.assert_allclose(product[np.isfinite(product)], np.nanmean(product), rtol=1e-12)
    assert np.isnan(vectors["KR", "chr1", 1000][40])


def test_columns_of_any_name_and_full_last_bins(tmp_path: Path) -> None:
    path = tmp_path / "full.cool"
    bins = cooler.binnify(pd.Series({"a": 20_000, "b": 15_500}), 1000)
    bin1, bin2 = np.triu_indices(len(bins))
    counts = np.random.default_rng(2).poisson(9, len(bin1)) + 1
    pixels = pd.DataFrame({"bin1_id": bin1, "bin2_id": bin2, "count": counts})
    cooler.create_cooler(str(path), bins, pixels)
    weights, _ = cooler.balance_cooler(cooler.Cooler(str(path)), ignore_diags=1, tol=1e-12)
    with h5py.File(path, "a") as file:
        file["bins/mine"] = 7 / weights
    output = tmp_path / "vectors.txt"
    assert run("vectors", path, "-o", output, "--column", "mine").exit_code == 0
    vectors = parse(output)
    # Juicer has a bin more where the last one is full.
    assert [len(vectors["mine", name, 1000]) for name in "ab"] == [21, 16]
    assert np.isnan(vectors["mine", "a", 1000][20])
    vector = np.concatenate([vectors["mine", "a", 1000][:20], vectors["mine", "b", 1000]])
    raw = cooler.Cooler(str(path)).matrix(balance=False)[:].astype(float)
    np.fill_diagonal(raw, 0)
    before, after = totals(raw, vector)
    assert after == pytest.approx(before, rel=1e-12)
    np.testing.assert_allclose(vector * weights, vector[0] * weights[0], rtol=1e-12)


def test_what_is_refused(mcool: Path) -> None:
    output = mcool.with_name("vectors.txt")

    def refused(*arguments: object) -> None:
        raise run("vectors", *arguments).exception  # type: ignore[misc]

    with pytest.raises(InputError, match="does not exist"):
        refused(mcool.with_name("none.mcool"), "-o", output)
    with pytest.raises(InputError, match=r"has no column 'VC' \(it has GW_ICE"):
        refused(mcool, "-o", output, "--column", "KR", "--column", "VC")
    with pytest.raises(ConfigError, match="is the input"):
        refused(mcool, "-o", mcool, "--force")
    with pytest.raises(InputError, match="has no column of weights to write"):
        refused(mcool.with_name("map.cool"), "-o", output)
    with h5py.File(mcool, "a") as file:
        file["resolutions/1000/bins/stale"] = np.random.default_rng(1).uniform(1, 2, 150)
        del file["resolutions/1000/bins/weight"]
        file["resolutions/1000/bins/weight"] = file["resolutions/1000/bins/stale"][:]
    with pytest.raises(InputError, match=r"divided by stale\. It does not balance this map"):
        refused(mcool, "-o", output, "--column", "stale")
    assert sorted(path.name for path in mcool.parent.iterdir()) == ["map.cool", "map.mcool"]
    result = run("vectors", mcool, "-o", output)
    assert (result.exit_code, "weight is left out" in result.stderr) == (0, True)
    assert ("weight", "chr1", 1000) not in parse(output)
    with pytest.raises(InputError, match="exists already"):
        refused(mcool, "-o", output)
    assert run("vectors", mcool, "-o", output, "--force", "--column", "KR").exit_code == 0
    assert {name for name, _, _ in parse(output)} == {"KR"}


@pytest.mark.peers
@pytest.mark.parametrize(
    ("file", "size", "names"),
    [
        ("straw_test.hic", 2_500_000, ["KR", "SCALE", "VC", "VC_SQRT"]),
        ("GSE63525_HMEC_combined_example.hic", 50_000, ["KR", "GW_SCALE", "VC"]),
    ],
)
def test_the_vectors_of_hic_files_come_back(
    shared_data: Path, tmp_path: Path, file: str, size: int, names: list[str]
) -> None:
    """Directly, and through a cooler with the reciprocal as weight."""
    source, output = shared_data / file, tmp_path / "vectors.txt"
    assert run("vectors", source, "-o", output).exit_code == 0
    vectors, stored = parse(output), hic_vectors(source, size, names)
    through = tmp_path / "map.mcool"
    assert run("adopt", source, "KR", "-o", through).exit_code == 0
    assert run("vectors", through, "-o", output, "--force").exit_code == 0
    back = parse(output)
    bins = cooler.Cooler(f"{through}::/resolutions/{size}").bins()[:]
    for chromosome, places in bins.groupby("chrom", observed=True).groups.items():
        for name in names:
            values = stored[name][places]
            expected = np.where(values > 0, values, np.nan)
            ours = vectors[name, str(chromosome), size]
            np.testing.assert_array_equal(ours[: len(places)], expected)
            assert np.isnan(ours[len(places) :]).all()
        again = back["weight", str(chromosome), size][: len(places)]
        np.testing.assert_allclose(again, stored["KR"][places], rtol=1e-12)


@pytest.mark.peers
def test_hictk_balances_alike(shared_data: Path, tmp_path: Path) -> None:
    source, output, maps = shared_data / "straw_test.hic", tmp_path / "v.txt", tmp_path / "m.npz"
    assert run("vectors", source, "-o", output, "--column", "KR").exit_code == 0
    command = [sys.executable, "-c", FETCH, str(source), "2500000", "X", str(maps)]
    subprocess.run(command, check=True)
    with np.load(maps) as stored:
        raw, theirs = stored["raw"], stored["balanced"]
    v = parse(output)["KR", "X", 2_500_000][: len(raw)]
    # hictk balances contacts of .hic files in single precision.
    np.testing.assert_allclose(raw / np.outer(v, v), theirs, rtol=2e-7)


@pytest.mark.parametrize(
    ("name", "attributes", "genome"),
    [
        ("weight", {}, False),
        ("GW_mine", {}, True),
        ("mine", {"scope": "genome"}, True),
        ("GW_mine", {"scope": "cis"}, False),
        ("mine", {"cis_only": False, "trans_only": False}, True),
        ("weight", {"cis_only": False}, True),  # as cooler writes it
        ("GW_mine", {"cis_only": True}, False),
    ],
)
def test_the_scale_of_weights_of_other_contacts(
    tmp_path: Path, name: str, attributes: dict[str, object], genome: bool
) -> None:
    path, output = write_genome(tmp_path / "map.cool"), tmp_path / "vectors.txt"
    stored = {"divisive_weights": True, "ignore_diags": 1, **attributes}
    with h5py.File(path, "a") as file:
        file[f"bins/{name}"] = np.random.default_rng(1).uniform(1, 3, 150)
        file[f"bins/{name}"].attrs.update(stored)
    result = run("vectors", path, "-o", output, "--column", name)
    assert result.exit_code == 0, result.output
    assert f"{name}: It does not balance this map" in result.stderr
    parsed = parse(output)
    map_ = cooler.Cooler(str(path))
    vector = np.concatenate(
        [
            parsed[name, chromosome, 1000][:n]
            for chromosome, n in zip(map_.chromnames, (60, 50, 40), strict=True)
        ]
    )
    raw = map_.matrix(balance=False)[:].astype(float)
    np.fill_diagonal(raw, 0)
    chromosomes = np.repeat([0, 1, 2], (60, 50, 40))
    spans = [np.full(150, True)] if genome else [chromosomes == k for k in range(3)]
    for span in spans:
        before, after = totals(raw[np.ix_(span, span)], vector[span])
        assert after == pytest.approx(before, rel=1e-9)


def test_columns_without_a_value(mcool: Path) -> None:
    output = mcool.with_name("vectors.txt")
    with h5py.File(mcool, "a") as file:
        for size in (1000, 2000):
            table = file[f"resolutions/{size}/bins"]
            table["VC"] = np.full(len(table["start"]), np.nan)
    with pytest.raises(InputError, match="has no value in its column VC"):
        raise run("vectors", mcool, "-o", output, "--column", "VC").exception  # type: ignore[misc]
    assert not output.exists()
    assert run("vectors", mcool, "-o", output).exit_code == 0
    assert {name for name, _, _ in parse(output)} == {"KR", "GW_ICE", "SCALE", "KDE"}
