"""Balanced coolers, read with cooler and hictkpy without special options."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cooler
import h5py
import numpy as np
import pyarrow.parquet as pq
import pytest

from counterpoise.balancing.api import balance
from counterpoise.contacts.bins import BinTable
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.mask import MaskSettings, mask_bins
from counterpoise.store.masks import read_mask, write_mask
from counterpoise.store.mcool import write_mcool
from counterpoise.store.paths import ResultPaths
from counterpoise.store.pixels import read_map
from counterpoise.store.weight_columns import juicer_vector
from counterpoise.store.weights import read_errors, read_verdict, read_weights, write_balance
from tests.support.coolers import write_cool

RESOLUTIONS = [10_000, 20_000]
COLUMNS = {"ice": "GW_ICE", "kr": "KR", "kr_all": "GW_KR", "vc": "VC", "vc_sqrt": "VC_SQRT"}
SETTINGS: dict[str, dict[str, Any]] = {
    "ice": {"method": "ice", "tolerance": 1e-9},
    "kr": {"method": "kr"},
    "kr_all": {"method": "kr", "scope": "genome"},
    "vc": {"method": "vc"},
    "vc_sqrt": {"method": "vc_sqrt"},
}
DIVISIVE = {"KR", "VC", "VC_SQRT"}
# Methods that make row sums equal, the scope of each and the diagonals it leaves out.
FLAT = {"GW_ICE": ("genome", 2), "weight": ("genome", 2), "KR": ("cis", 0), "GW_KR": ("genome", 0)}


def toy(path: Path) -> Path:
    """Write a dense map of two chromosomes with empty bins, weak bins and further columns."""
    bins = BinTable.fixed(("chrA", "chrB"), (595_000, 412_345), 10_000)
    n = len(bins)
    rng = np.random.default_rng(11)
    bias = np.exp(rng.normal(0, 0.4, n))
    bias[[7, 8, 70]] = 0
    bias[30] = 0.002
    bin1, bin2 = np.triu_indices(n)
    count = rng.poisson(60 * bias[bin1] * bias[bin2] / (1 + bin2 - bin1) ** 0.7)
    nonzero = count > 0
    pixels = (bin1[nonzero], bin2[nonzero], count[nonzero].astype(np.int32))
    weight = np.linspace(1, 2, n)
    weight[3] = np.nan
    write_cool(path, bins, pixels, weight=weight, gc=np.arange(n) / n, band=np.array([b"p"] * n))
    with h5py.File(path, "r+") as file:
        file["bins/weight"].attrs.update({"ignore_diags": 2, "scale": [1.5, np.nan], "by": "me"})
    return path


def run_cohort(
    folder: Path,
    source: Path,
    resolutions: list[int] = RESOLUTIONS,
    columns: dict[str, str] = COLUMNS,
    filters: MaskSettings | None = None,
) -> ResultPaths:
    """Run the stages up to the export, as the workflow does."""
    paths = ResultPaths("toy", str(folder))
    info = inspect_source(str(source))
    for resolution in resolutions:
        files = paths.map_files("s", resolution)
        write_map(info, resolution, files)
        contacts = read_map(files)
        write_mask(
            paths.mask("s", resolution),
            mask_bins(contacts, filters or MaskSettings()),
            contacts.bins,
        )
        kept, summary = read_mask(paths.mask("s", resolution))
        for method in columns:
            result = balance(contacts, mask=kept, mask_record=summary, **SETTINGS[method])
            write_balance(result, contacts.bins, paths.run_files("s", resolution, method))
    return paths


@dataclass(frozen=True)
class Exported:
    source: Path
    paths: ResultPaths
    path: Path
    sha256: str

    def cooler(self, resolution: int) -> cooler.Cooler:
        return cooler.Cooler(f"{self.path}::/resolutions/{resolution}")

    def kept(self, resolution: int) -> np.ndarray:
        return read_mask(self.paths.mask("s", resolution))[0]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    folder = tmp_path_factory.mktemp("export")
    source = toy(folder / "toy.cool")
    before = hashlib.sha256(source.read_bytes()).hexdigest()
    paths = run_cohort(folder, source)
    path = Path(paths.cooler("s"))
    write_mcool(paths, "s", RESOLUTIONS, COLUMNS, "ice", str(path))
    return Exported(source, paths, path, before)


HICTKPY = """
import sys, hictkpy, numpy as np
path, out, resolutions, names = sys.argv[1:]
arrays = {}
for resolution in map(int, resolutions.split(",")):
    file = hictkpy.File(path, resolution)
    for name in names.split(","):
        pixels = file.fetch(normalization=name, count_type="float64").to_df()
        columns = [pixels[column] for column in ("bin1_id", "bin2_id", "count")]
        arrays[f"{resolution} {name}"] = np.stack(columns)
        if name != "NONE":
            arrays[f"{resolution} {name} weights"] = file.weights(name, divisive=False)
np.savez(out, **arrays)
"""


@pytest.fixture(scope="module")
def by_hictkpy(exported: Exported) -> dict[str, np.ndarray]:
    """Balanced pixels and weights read by hictkpy.

    It runs in a separate process, since it keeps a core busy while it is imported.
    """
    out = exported.path.with_suffix(".npz")
    names = ",".join(["NONE", "weight", *COLUMNS.values()])
    arguments = [str(exported.path), str(out), ",".join(map(str, RESOLUTIONS)), names]
    subprocess.run([sys.executable, "-c", HICTKPY, *arguments], check=True)
    with np.load(out) as arrays:
        return dict(arrays)


def dense(pixels: np.ndarray, n: int) -> np.ndarray:
    """Return both triangles of a map from rows of bin1, bin2 and count."""
    bin1, bin2 = pixels[:2].astype(int)
    matrix = np.zeros((n, n))
    matrix[bin1, bin2] = matrix[bin2, bin1] = pixels[2]
    return matrix


def spreads(matrix: np.ndarray, clr: cooler.Cooler, scope: str, diagonals: int) -> list[float]:
    """Return the CV of row sums of kept bins: of the genome, or of each chromosome in cis."""
    matrix = matrix.copy()
    kept = np.isfinite(matrix).any(axis=1)
    i, j = np.indices(matrix.shape)
    matrix[abs(i - j) < diagonals] = 0
    matrix[~np.isfinite(matrix)] = 0
    spans = [clr.extent(name) for name in clr.chromnames] if scope == "cis" else [(0, len(matrix))]
    variations = []
    for lo, hi in spans:
        sums = matrix[lo:hi, lo:hi].sum(axis=1)[kept[lo:hi]]
        assert len(sums) > 10
        variations.append(sums.std() / sums.mean())
    return variations


@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("column", FLAT)
def test_flat_marginals_in_cooler(exported: Exported, resolution: int, column: str) -> None:
    clr = exported.cooler(resolution)
    matrix = clr.matrix(balance=column)[:]
    raw = clr.matrix(balance=False)[:].astype(float)
    scope, diagonals = FLAT[column]
    assert max(spreads(matrix, clr, scope, diagonals)) < 1e-4
    assert min(spreads(raw, clr, scope, diagonals)) > 0.1, "the raw map is far from flat"


@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("column", FLAT)
def test_flat_marginals_in_hictkpy(
    exported: Exported, by_hictkpy: dict[str, np.ndarray], resolution: int, column: str
) -> None:
    clr = exported.cooler(resolution)
    matrix = dense(by_hictkpy[f"{resolution} {column}"], len(clr.bins()))
    matrix[~exported.kept(resolution)] = np.nan
    assert max(spreads(matrix, clr, *FLAT[column])) < 1e-4


@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("column", ["weight", *COLUMNS.values()])
def test_both_readers_agree(
    exported: Exported, by_hictkpy: dict[str, np.ndarray], resolution: int, column: str
) -> None:
    clr = exported.cooler(resolution)
    matrix = clr.matrix(balance=column)[:]
    pixels = by_hictkpy[f"{resolution} {column}"]
    bin1, bin2 = pixels[:2].astype(int)
    assert np.isfinite(pixels[2]).sum() > 1000
    np.testing.assert_allclose(pixels[2], matrix[bin1, bin2], rtol=1e-12)
    stored = clr.bins()[column][:].to_numpy()
    multiplicative = 1 / stored if column in DIVISIVE else stored
    weights = by_hictkpy[f"{resolution} {column} weights"]
    np.testing.assert_allclose(weights, multiplicative, rtol=1e-12, equal_nan=True)


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_the_default_is_the_primary_method(exported: Exported, resolution: int) -> None:
    clr = exported.cooler(resolution)
    bins = clr.bins()[:]
    np.testing.assert_array_equal(bins["weight"], bins["GW_ICE"])
    np.testing.assert_array_equal(
        bins["weight"], read_weights(exported.paths.run_files("s", resolution, "ice").weights)
    )
    np.testing.assert_array_equal(clr.matrix()[:], clr.matrix(balance="GW_ICE")[:])


def test_another_primary(exported: Exported, tmp_path: Path) -> None:
    """The column ``weight`` is multiplicative, even if the method's own column is divisive."""
    path = tmp_path / "x.mcool"
    write_mcool(exported.paths, "s", RESOLUTIONS, COLUMNS, "kr", str(path))
    clr = cooler.Cooler(f"{path}::/resolutions/10000")
    bins = clr.bins()[:]
    stored = read_weights(exported.paths.run_files("s", 10_000, "kr").weights)
    np.testing.assert_array_equal(bins["weight"], stored)
    matrix = clr.matrix()[:]
    assert max(spreads(matrix, clr, "cis", 0)) < 1e-4
    with h5py.File(path) as file:
        assert not file["resolutions/10000/bins/weight"].attrs["divisive_weights"]


@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("column", ["weight", *COLUMNS.values()])
def test_only_masked_bins_are_nan(exported: Exported, resolution: int, column: str) -> None:
    values = exported.cooler(resolution).bins()[column][:].to_numpy()
    kept = exported.kept(resolution)
    assert 1 <= (~kept).sum() < len(kept) / 2
    np.testing.assert_array_equal(np.isfinite(values), kept)
    assert (values[kept] > 0).all()
    assert values.dtype == np.float64


@pytest.mark.parametrize("column", sorted(DIVISIVE))
def test_juicers_scale(exported: Exported, column: str) -> None:
    """The balanced total of the kept bins of each chromosome equals the raw total."""
    clr = exported.cooler(10_000)
    kept = exported.kept(10_000)
    for name in clr.chromnames:
        inside = kept[slice(*clr.extent(name))]
        balanced = clr.matrix(balance=column).fetch(name)[np.ix_(inside, inside)]
        raw = clr.matrix(balance=False).fetch(name)[np.ix_(inside, inside)]
        assert balanced.sum() == pytest.approx(raw.sum(), rel=1e-12)


def test_vc_is_the_row_sum(exported: Exported) -> None:
    clr = exported.cooler(10_000)
    kept = exported.kept(10_000)
    bins = clr.bins()[:]
    for name in clr.chromnames:
        span = slice(*clr.extent(name))
        inside = kept[span]
        raw = clr.matrix(balance=False).fetch(name)[np.ix_(inside, inside)].sum(axis=1)
        for column, expected in (("VC", raw), ("VC_SQRT", np.sqrt(raw))):
            ratio = bins[column].to_numpy()[span][inside] / expected
            np.testing.assert_allclose(ratio, ratio[0], rtol=1e-12)


def test_part_without_data_has_no_vector(exported: Exported) -> None:
    verdict = read_verdict(exported.paths.run_files("s", 10_000, "kr").verdict)
    weights = np.ones(verdict.bins)
    vector = juicer_vector(weights, verdict)
    first, second = verdict.parts
    assert (vector[: first.bins] == first.juicer_factor).all()
    assert (vector[first.bins :] == second.juicer_factor).all()
    assert first.juicer_factor != second.juicer_factor


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_attributes_of_weights(exported: Exported, resolution: int) -> None:
    with h5py.File(exported.path) as file:
        table = file[f"resolutions/{resolution}/bins"]
        for method, column in [*COLUMNS.items(), ("ice", "weight")]:
            attributes = dict(table[column].attrs)
            files = exported.paths.run_files("s", resolution, method)
            verdict = read_verdict(files.verdict)
            assert bool(attributes["divisive_weights"]) is (column in DIVISIVE)
            assert bool(attributes["converged"]) is True
            assert attributes["status"] == verdict.status.value
            assert attributes["method"] == SETTINGS[method]["method"]
            assert attributes["scope"] == verdict.scope
            assert bool(attributes["cis_only"]) is (verdict.scope == "cis")
            assert bool(attributes["trans_only"]) is False
            assert attributes["ignore_diags"] == verdict.settings["ignore_diags"]
            assert attributes["iterations"] == verdict.iterations
            assert attributes["max_deviation"] == verdict.max_deviation
            filters = [attributes[key] for key in ("min_nnz", "min_count", "mad_max")]
            assert filters == [10, 0, 5.0]
            assert json.loads(attributes["settings"]) == verdict.settings
            assert json.loads(attributes["versions"]) == verdict.versions
        assert table["GW_ICE"].attrs["tol"] == 1e-9
        assert "tol" not in table["VC"].attrs


def test_standard_errors(exported: Exported) -> None:
    """Relative errors are the same for divisive and multiplicative columns."""
    with h5py.File(exported.path) as file:
        for resolution in RESOLUTIONS:
            table = file[f"resolutions/{resolution}/bins"]
            for method, column in {**COLUMNS, "ice": "weight"}.items():
                path = exported.paths.run_files("s", resolution, method).weights
                errors = table[f"{column}_se"]
                np.testing.assert_array_equal(errors[:], read_errors(path))
                inside = np.isfinite(table[column][:])
                assert inside.any()
                assert (errors[:][inside] > 0).all()
                assert np.isnan(errors[:][~inside]).all()
                assert bool(errors.attrs["relative"])
                assert (errors.attrs["of"], errors.attrs["bootstrap"]) == (column, 0)


def test_columns_of_the_source_are_kept(exported: Exported) -> None:
    with h5py.File(exported.path) as file, h5py.File(exported.source) as source:
        table = file["resolutions/10000/bins"]
        assert set(table) == {
            *("chrom", "start", "end", "weight", "weight_se", "weight_source", "gc", "band"),
            *COLUMNS.values(),
            *(f"{column}_se" for column in COLUMNS.values()),
        }
        for name, original in (("weight_source", "weight"), ("gc", "gc"), ("band", "band")):
            np.testing.assert_array_equal(table[name][:], source[f"bins/{original}"][:])
        attributes = table["weight_source"].attrs
        assert set(attributes) == {"ignore_diags", "scale", "by"}
        assert (attributes["ignore_diags"], attributes["by"]) == (2, "me")
        np.testing.assert_array_equal(attributes["scale"], [1.5, np.nan])
        coarse = file["resolutions/20000/bins"]
        assert "gc" not in coarse, "a column of fine bins says nothing of coarse ones"


def test_an_exported_file_is_a_source_too(exported: Exported, tmp_path: Path) -> None:
    """An exported file can be a source; every name is then taken, also ``weight_source``."""
    columns = {"kr": "KR"}
    paths = run_cohort(tmp_path, exported.path, [10_000], columns)
    write_mcool(paths, "s", [10_000], columns, "kr", paths.cooler("s"))
    with h5py.File(paths.cooler("s")) as new, h5py.File(exported.path) as old:
        before, after = (file["resolutions/10000/bins"] for file in (old, new))
        moved = {column: f"{column}_source" for column in COLUMNS.values()}
        moved["weight"] = "weight_source_source"
        moved |= {f"{name}_se": f"{name}_se_source" for name in moved}
        kept = {name for name in before if name not in moved}
        written = {"KR", "KR_se", "weight", "weight_se"}
        assert set(after) == kept | written | set(moved.values())
        for name in set(before):
            target = moved.get(name, name)
            np.testing.assert_array_equal(after[target][:], before[name][:])
            assert dict(after[target].attrs).keys() == dict(before[name].attrs).keys()
        assert bool(after["KR_source"].attrs["divisive_weights"])
        np.testing.assert_allclose(after["KR"][:], before["KR"][:], rtol=1e-12, equal_nan=True)


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_pixels_and_header(
    exported: Exported, by_hictkpy: dict[str, np.ndarray], resolution: int, tmp_path: Path
) -> None:
    clr = exported.cooler(resolution)
    expected = cooler.Cooler(str(exported.source))
    if resolution == 20_000:
        coarse = str(tmp_path / "coarse.cool")
        fine = str(tmp_path / "whole.cool")
        cooler.create_cooler(
            fine, expected.bins()[["chrom", "start", "end"]][:], exported_pixels(exported.source)
        )
        cooler.coarsen_cooler(fine, coarse, 2, 10**7)
        expected = cooler.Cooler(coarse)
        assert clr.bins()[["chrom", "start", "end"]][:].equals(
            expected.bins()[["chrom", "start", "end"]][:]
        )
    pixels = clr.pixels()[:]
    assert pixels.dtypes.astype(str).to_dict() == {
        "bin1_id": "int64",
        "bin2_id": "int64",
        "count": "int32",
    }
    expected_pixels = expected.pixels()[:].astype("int64")
    assert pixels.astype("int64").equals(expected_pixels)
    np.testing.assert_array_equal(by_hictkpy[f"{resolution} NONE"], expected_pixels.to_numpy().T)
    information = clr.info
    assert information["nnz"] == len(expected_pixels)
    assert information["sum"] == expected_pixels["count"].sum()
    assert information["nbins"] == len(clr.bins())
    assert information["bin-size"] == clr.binsize == resolution
    assert information["genome-assembly"] == "toy1"
    origin = information["metadata"]["counterpoise"]
    assert origin["identity"]["sha256"] == exported.sha256
    assert origin["coarsened_from"] == (10_000 if resolution == 20_000 else None)
    offsets = clr.open()["indexes/bin1_offset"][:]
    np.testing.assert_array_equal(
        offsets, np.searchsorted(expected_pixels["bin1_id"], np.arange(len(clr.bins()) + 1))
    )


def exported_pixels(source: Path) -> Any:
    return cooler.Cooler(str(source)).pixels()[:]


def test_cooler_recognises_a_multires_file(exported: Exported) -> None:
    assert cooler.fileops.is_multires_file(str(exported.path))
    assert sorted(cooler.fileops.list_coolers(str(exported.path))) == [
        "/resolutions/10000",
        "/resolutions/20000",
    ]


def test_source_is_untouched(exported: Exported) -> None:
    assert hashlib.sha256(exported.source.read_bytes()).hexdigest() == exported.sha256


def test_same_bytes_twice(exported: Exported, tmp_path: Path) -> None:
    again = tmp_path / "again.mcool"
    write_mcool(exported.paths, "s", RESOLUTIONS[::-1], COLUMNS, "ice", str(again))
    assert again.read_bytes() == exported.path.read_bytes()


@pytest.mark.parametrize("chunk", [1, 777, 1000, 10**6])
def test_chunks_and_row_groups_of_any_size(exported: Exported, tmp_path: Path, chunk: int) -> None:
    """HDF5 receives finished chunks: wherever they are cut, h5py reads the same pixels."""
    paths = replace(exported.paths, root=str(tmp_path))
    shutil.copytree(exported.paths.shared, paths.shared)
    files = paths.map_files("s", 20_000)
    write_map(inspect_source(str(exported.source)), 20_000, files, row_group=500)
    assert pq.ParquetFile(files.pixels).num_row_groups > 2
    columns = {"kr": "KR"}
    output = str(tmp_path / "x.mcool")
    write_mcool(paths, "s", [20_000], columns, "kr", output, chunk=chunk)
    with h5py.File(output) as new, h5py.File(exported.path) as reference:
        after, before = (file["resolutions/20000"] for file in (new, reference))
        pixels = before["pixels/count"].shape[0]
        assert after["pixels/count"].chunks == (min(chunk, pixels),)
        for name in ("pixels/bin1_id", "pixels/bin2_id", "pixels/count", "indexes/bin1_offset"):
            np.testing.assert_array_equal(after[name][:], before[name][:])
        assert dict(after.attrs) == dict(before.attrs)


def test_nothing_half_written(exported: Exported, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_mcool(
            exported.paths, "s", [*RESOLUTIONS, 40_000], COLUMNS, "ice", str(tmp_path / "x.mcool")
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "counts",
    [np.array([2.5, 0.25, 3.0]), np.array([2**40, 7, 1]), np.array([2**31, 7, 1])],
    ids=["float", "int64", "just over int32"],
)
def test_wide_and_float_counts(tmp_path: Path, counts: np.ndarray) -> None:
    bins = BinTable.fixed(("a",), (30,), 10)
    source = tmp_path / "x.cool"
    write_cool(source, bins, (np.arange(3), np.arange(3), counts))
    filters = MaskSettings(0, 0, 0.0, 0)
    paths = run_cohort(tmp_path, source, [10], {"vc": "VC"}, filters)
    write_mcool(paths, "s", [10], {"vc": "VC"}, "vc", paths.cooler("s"))
    clr = cooler.Cooler(paths.cooler("s") + "::/resolutions/10")
    np.testing.assert_array_equal(clr.pixels()["count"][:], counts)
    assert clr.info["sum"] == counts.sum()
    np.testing.assert_allclose(np.diag(clr.matrix(balance="VC")[:]).sum(), counts.sum())


def test_map_without_contacts(tmp_path: Path) -> None:
    bins = BinTable.fixed(("a", "b"), (300, 100), 10)
    source = tmp_path / "x.cool"
    empty = np.empty(0, np.int32)
    write_cool(source, bins, (empty, empty, empty))
    columns = {"ice": "GW_ICE", "kr": "KR"}
    paths = run_cohort(tmp_path, source, [10], columns)
    write_mcool(paths, "s", [10], columns, "ice", paths.cooler("s"))
    clr = cooler.Cooler(paths.cooler("s") + "::/resolutions/10")
    assert clr.info["nnz"] == 0
    assert clr.bins()[["weight", "GW_ICE", "KR"]][:].isna().all(axis=None)
    with h5py.File(paths.cooler("s")) as file:
        attributes = dict(file["resolutions/10/bins/KR"].attrs)
    assert (attributes["status"], bool(attributes["converged"])) == ("empty", False)


@pytest.mark.parametrize(
    ("number", "width"),
    [(6000, 40), (10_000, 5), (5000, 5), (3000, 16)],
    ids=["long names", "many short names", "just an enum", "padding decides"],
)
def test_many_chromosomes(tmp_path: Path, number: int, width: int) -> None:
    """Names that do not fit into an HDF5 enum are stored as numbers, which cooler reads, too."""
    names = [f"c{i:0{width - 1}d}" for i in range(number)]
    bins = BinTable.fixed(names, [10] * number, 10)
    ids = np.arange(0, number - 1, 7)
    source = tmp_path / "x.cool"
    write_cool(source, bins, (ids, ids + 1, np.full(len(ids), 3)))
    columns = {"ice": "GW_ICE"}
    paths = run_cohort(tmp_path, source, [10], columns, MaskSettings(0, 0, 0.0, 0))
    write_mcool(paths, "s", [10], columns, "ice", paths.cooler("s"))
    clr = cooler.Cooler(paths.cooler("s") + "::/resolutions/10")
    assert clr.chromnames == names
    table = clr.bins()[number - 3 :]
    assert table["chrom"].astype(str).tolist() == names[-3:]
    assert clr.extent(names[123]) == (123, 124)
    np.testing.assert_array_equal(clr.pixels()["bin1_id"][:], ids)
    with h5py.File(paths.cooler("s")) as file:
        column = file["resolutions/10/bins/chrom"]
        assert column.dtype == np.int32
        assert (h5py.check_enum_dtype(column.dtype) is not None) == (number == 5000)


def test_real_maps(shared_data: Path, tmp_path: Path) -> None:
    """A real map with trans contacts and a column of weights."""
    columns = {name: COLUMNS[name] for name in ("ice", "kr")}
    paths = run_cohort(tmp_path, shared_data / "yeast.10kb.cool", [20_000], columns)
    write_mcool(paths, "s", [20_000], columns, "ice", paths.cooler("s"))
    clr = cooler.Cooler(paths.cooler("s") + "::/resolutions/20000")
    assert max(spreads(clr.matrix()[:], clr, "genome", 2)) < 1e-4
    kr = clr.matrix(balance="KR").fetch("chrIV")
    sums = np.nansum(kr, axis=1)[np.isfinite(kr).any(axis=1)]
    assert sums.std() / sums.mean() < 1e-4
