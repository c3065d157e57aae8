"""`counterpoise adopt`: a right `weight` from columns of any convention."""

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

import counterpoise as cp
from counterpoise.cli.main import group
from counterpoise.errors import ConfigError, InputError
from tests.support.coolers import bin_column, write_genome
from tests.support.peers import hic_vectors

SIZES = (1000, 2000)
# hictkpy keeps a core busy while it is imported.
OPEN = """
import sys, hictkpy, numpy
assert hictkpy.is_mcool_file(sys.argv[1])
assert list(hictkpy.MultiResFile(sys.argv[1]).resolutions()) == [1000, 2000]
for number, uri in enumerate(sys.argv[2:]):
    map = hictkpy.File(uri).fetch(normalization="weight").to_numpy("full")
    numpy.save(f"{sys.argv[1]}.{number}.npy", map)
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(group, list(map(str, arguments)))


def refuse(*arguments: object) -> None:
    raise run("adopt", *arguments).exception  # type: ignore[misc]


def balanced(uri: object, column: str | bool = True) -> np.ndarray:
    return cooler.Cooler(str(uri)).matrix(balance=column)[:]


def attributes(path: Path, column: str) -> dict[str, object]:
    with h5py.File(path) as file:
        return dict(file[column].attrs)


def add_column(path: Path, name: str, values: np.ndarray, **attributes: object) -> None:
    with h5py.File(path, "a") as file:
        file[f"bins/{name}"] = values
        file[f"bins/{name}"].attrs.update(attributes)


@pytest.fixture
def cool(tmp_path: Path) -> Path:
    return write_genome(tmp_path / "map.cool")


@pytest.fixture
def mcool(cool: Path) -> Path:
    """Two levels with the columns KR, GW_ICE and KDE, and no weight."""
    path = cool.with_suffix(".mcool")
    methods = ["-m", "kr", "-m", "ice", "-m", "kde"]
    assert run("zoomify", cool, "-r", "1000,2000", *methods).exit_code == 0
    with h5py.File(path, "a") as file:
        for size in SIZES:
            for name in ("weight", "weight_se"):
                del file[f"resolutions/{size}/bins/{name}"]
    return path


def test_a_divisive_column_in_place(mcool: Path) -> None:
    with h5py.File(mcool, "a") as file:
        del file["resolutions/2000/bins/KR"]
    result = run("adopt", mcool, "KR", "--in-place")
    assert result.exit_code == 0, result.output
    assert "1000  KR: balanced, divisive, each chromosome, row sums" in result.output
    uri = f"{mcool}::/resolutions/1000"
    np.testing.assert_array_equal(balanced(uri), balanced(uri, "KR"))
    assert np.flatnonzero(np.isnan(bin_column(uri))).tolist() == [40]
    np.testing.assert_array_equal(bin_column(uri, "weight_se"), bin_column(uri, "KR_se"))
    written = attributes(mcool, "resolutions/1000/bins/weight")
    assert not written["divisive_weights"]
    assert (written["scope"], written["cis_only"], written["trans_only"]) == ("cis", True, False)
    assert (written["ignore_diags"], written["adopted_from"], written["method"]) == (0, "KR", "kr")
    assert attributes(mcool, "resolutions/1000/bins/weight_se")["of"] == "weight"
    assert "weight" not in cooler.Cooler(f"{mcool}::/resolutions/2000").bins().columns
    assert run("check", uri).exit_code == 0


def test_the_row_sums_decide_and_not_the_name(cool: Path) -> None:
    weights, _ = cooler.balance_cooler(cooler.Cooler(str(cool)))
    usual = np.where(np.arange(len(weights)) == 40, 0, 1 / weights)
    for name, values in {"old": weights, "bias": usual}.items():
        add_column(cool, name, values)
    # A false attribute, such as a column of another program that was renamed.
    add_column(cool, "ICE", 1 / weights, divisive_weights=False)
    for name in ("old", "bias", "ICE"):
        output = cool.with_name(f"{name}.cool")
        assert run("adopt", cool, name, "-o", output).exit_code == 0
        np.testing.assert_allclose(bin_column(output), weights, rtol=1e-15)
        assert attributes(output, "bins/weight")["ignore_diags"] == 2
        assert not attributes(output, "bins/weight")["divisive_weights"]
    np.testing.assert_array_equal(bin_column(cool.with_name("old.cool")), weights)
    assert cooler.Cooler(str(cool)).bins().columns.tolist()[3:] == ["ICE", "bias", "old"]


@pytest.mark.parametrize("scope", ["genome", "cis", "trans"])
def test_diagonals_that_cooler_states(cool: Path, scope: str) -> None:
    """cooler writes cis_only and no trans_only."""
    only = {"cis": {"cis_only": True}, "trans": {"trans_only": True}}
    cooler.balance_cooler(
        cooler.Cooler(str(cool)),
        **{"ignore_diags": 5, "tol": 1e-6, "max_iters": 2000, "store": True, "store_name": "mine"},
        **only.get(scope, {}),
    )
    assert "trans_only" not in attributes(cool, "bins/mine")
    result = run("adopt", cool, "mine", "--in-place")
    assert result.exit_code == 0, result.exception
    assert "balanced, multiplicative" in result.output
    written = attributes(cool, "bins/weight")
    assert (written["scope"], written["ignore_diags"]) == (scope, 5)
    np.testing.assert_array_equal(bin_column(cool), bin_column(cool, "mine"))


def test_what_balances_nothing(cool: Path) -> None:
    """Row sums decide: no attribute says why they need not be equal."""
    noise = np.random.default_rng(1).uniform(0.5, 2, 150)
    add_column(cool, "stale", noise)
    add_column(cool, "stated", noise, divisive_weights=True)
    add_column(cool, "named", noise, divisive_weights=False, method="kr", scope="cis")
    add_column(cool, "same", np.full(150, 2.0), divisive_weights=False)
    add_column(cool, "empty", np.full(150, np.nan))
    output = cool.with_name("out.cool")
    fact = (
        r"It does not balance this map: row sums vary by \d+ % at best \(.*counterpoise balance\."
    )
    for name, problem in {
        **dict.fromkeys(("stale", "stated", "named"), fact),
        "same": "It has one value for all bins",
    }.items():
        with pytest.raises(InputError, match=rf"cool: its column {name} is refused\. {problem}"):
            refuse(cool, name, "-o", output)
        with pytest.raises(InputError, match=f"its column {name} is refused"):
            refuse(cool, name, "--in-place", "--force")
    with pytest.raises(InputError, match="has no value in its column empty"):
        refuse(cool, "empty", "-o", output)
    assert not output.exists()
    assert "weight" not in cooler.Cooler(str(cool)).bins().columns


def test_too_few_weights_to_tell_need_their_attribute(cool: Path) -> None:
    """A small level does not make adopt refuse a whole file."""
    kept = np.arange(150) < 3
    weights = cp.balance(cp.read_contacts(cool), "kr", scope="genome", mask=kept).weights
    add_column(cool, "stated", 1 / weights, divisive_weights=True)
    add_column(cool, "few", weights)
    output = cool.with_name("out.cool")
    assert run("adopt", cool, "stated", "-o", output).exit_code == 0
    np.testing.assert_allclose(bin_column(output), weights)
    with pytest.raises(
        InputError,
        match=r"does not tell whether contacts are multiplied or divided by few\. Only 3 of \d+ "
        "bins with contacts have a weight, too few to tell what it is",
    ):
        refuse(cool, "few", "-o", output, "--force")


def test_a_level_of_one_bin(tmp_path: Path) -> None:
    path = tmp_path / "map.cool"
    bins = pd.DataFrame({"chrom": ["c"], "start": 0, "end": 1000})
    cooler.create_cooler(str(path), bins, pd.DataFrame({"bin1_id": [0], "bin2_id": 0, "count": 4}))
    add_column(path, "KR", np.array([2.0]), divisive_weights=True, scope="genome", method="kr")
    assert run("adopt", path, "KR", "--in-place").exit_code == 0
    assert bin_column(path).tolist() == [0.5]


@pytest.mark.parametrize(
    ("attribute", "value", "named"),
    [
        ("copy_number", "segments.tsv", "copy numbers"),
        ("weights_of", "wild", "weights of another map"),
        ("method", "kde", "of a kernel method"),
    ],
)
def test_row_sums_that_need_not_be_even(cool: Path, attribute: str, value: str, named: str) -> None:
    """The help names each case in which an attribute decides."""
    assert named in " ".join(run("adopt", "--help").stdout.split())
    noise = np.random.default_rng(1).uniform(0.5, 2, 150)
    add_column(cool, "copies", noise, divisive_weights=True, **{attribute: value})
    output = cool.with_name("out.cool")
    result = run("adopt", cool, "copies", "-o", output)
    assert (result.exit_code, "divisive as the file says" in result.stdout) == (0, True)
    np.testing.assert_array_equal(bin_column(output), 1 / noise)


def test_kernel_weights_need_their_attribute(mcool: Path) -> None:
    uri = f"{mcool}::/resolutions/1000"
    output = mcool.with_name("out.cool")
    assert run("adopt", uri, "KDE", "-o", output).exit_code == 0
    np.testing.assert_array_equal(bin_column(output), bin_column(uri, "KDE"))
    assert attributes(output, "bins/weight")["scope"] == "cis"
    with h5py.File(mcool, "a") as file:
        del file["resolutions/1000/bins/KDE"].attrs["divisive_weights"]
        file["resolutions/1000/bins/KDE"][:50] *= 3
    with pytest.raises(
        InputError, match=r"divided by KDE\. Such weights do not make row sums equal"
    ):
        refuse(uri, "KDE", "-o", output, "--force")


def test_what_is_refused(mcool: Path) -> None:
    before = mcool.read_bytes()
    with pytest.raises(InputError, match=r"has no column 'SCALE' \(it has GW_ICE, GW_ICE_se, KDE"):
        refuse(mcool, "SCALE", "--in-place")
    with pytest.raises(InputError, match="does not exist"):
        refuse(mcool.with_name("none.mcool"), "KR", "--in-place")
    with pytest.raises(
        ConfigError, match="name is 'KR', and cooler divides by a column of this name"
    ):
        refuse(mcool, "KR", "--in-place", "--name", "KR", "--force")
    with pytest.raises(ConfigError, match="'start', which no column of weights can have"):
        refuse(mcool, "KR", "--in-place", "--name", "start", "--force")
    with pytest.raises(ConfigError, match="is the input; use --in-place"):
        refuse(mcool, "KR", "-o", mcool)
    with pytest.raises(ConfigError, match=r"a \.cool holds one level, and there are 2"):
        refuse(mcool, "KR", "-o", mcool.with_name("out.cool"))
    for arguments in (
        [mcool, "KR"],
        [mcool, "KR", "--in-place", "-o", "out.mcool"],
        [mcool, "--in-place"],
        [mcool, "--in-place", "--method-columns"],
        [mcool, "--method-columns", "-o", "out.cool"],
    ):
        assert run("adopt", *arguments).exit_code == 2
    assert mcool.read_bytes() == before
    assert run("adopt", mcool, "KR", "--in-place").exit_code == 0
    with pytest.raises(InputError, match="has a column 'weight' already"):
        refuse(mcool, "GW_ICE", "--in-place")
    assert run("adopt", mcool, "GW_ICE", "--in-place", "--name", "weight_ice").exit_code == 0
    assert run("adopt", mcool, "GW_ICE", "--in-place", "--force").exit_code == 0
    for name in ("weight", "weight_ice"):
        uri = f"{mcool}::/resolutions/2000"
        np.testing.assert_array_equal(bin_column(uri, name), bin_column(uri, "GW_ICE"))


def test_a_group_for_each_method(mcool: Path) -> None:
    output = mcool.with_name("out.mcool")
    result = run("adopt", mcool, "GW_ICE", "--method-columns", "-o", output)
    assert result.exit_code == 0, result.output
    groups = {
        (column, size): f"{output}::/methods/{column}/resolutions/{size}"
        for column in ("GW_ICE", "KDE", "KR")
        for size in SIZES
    }
    expected = {uri.partition("::")[2] for uri in groups.values()}
    expected |= {f"/resolutions/{size}" for size in SIZES}
    assert set(cooler.fileops.list_coolers(str(output))) == expected
    subprocess.run([sys.executable, "-c", OPEN, str(output), *groups.values()], check=True)
    for number, ((column, size), uri) in enumerate(groups.items()):
        source = f"{mcool}::/resolutions/{size}"
        np.testing.assert_array_equal(balanced(uri), balanced(source, column))
        theirs = np.load(f"{output}.{number}.npy")
        np.testing.assert_allclose(theirs, balanced(source, column), rtol=1e-12)
        old, new = cooler.Cooler(source), cooler.Cooler(uri)
        assert old.info == new.info
        pd.testing.assert_frame_equal(old.pixels()[:], new.pixels()[:])
    # HiGlass opens the file by its root.
    np.testing.assert_array_equal(
        balanced(f"{output}::/resolutions/1000"), balanced(f"{mcool}::/resolutions/1000", "GW_ICE")
    )


def test_pixels_are_stored_once(mcool: Path) -> None:
    single, output = mcool.with_name("single.mcool"), mcool.with_name("out.mcool")
    assert run("adopt", mcool, "KR", "-o", single).exit_code == 0
    assert run("adopt", mcool, "KR", "--method-columns", "-o", output).exit_code == 0
    with h5py.File(output) as file:
        for size in SIZES:
            level = file[f"resolutions/{size}"]
            linked = file[f"methods/KDE/resolutions/{size}"]
            for name in ("chroms", "pixels", "indexes", "bins/start", "bins/KR"):
                assert linked[name] == level[name]
            assert linked["bins/weight"] != level["bins/weight"]
    # HDF5 takes 10 kB for a group and its links; the pixels of a level take 50 kB.
    groups, weights = 3 * len(SIZES), 3 * 8 * (150 + 75)
    assert output.stat().st_size < single.stat().st_size + weights + 10_240 * groups


def test_columns_that_cannot_be_told_have_no_group(mcool: Path) -> None:
    with h5py.File(mcool, "a") as file:
        file["resolutions/1000/bins/weight"] = np.random.default_rng(1).uniform(0.5, 2, 150)
    output = mcool.with_name("out.mcool")
    result = run("adopt", mcool, "--method-columns", "-o", output)
    assert result.exit_code == 0, result.output
    assert "1000  weight is left out. It does not balance this map" in result.stderr
    with h5py.File(output) as file:
        assert sorted(file["methods"]) == ["GW_ICE", "KDE", "KR"]
    bare = write_genome(mcool.with_name("bare.cool"))
    with pytest.raises(InputError, match="has no column of weights"):
        refuse(bare, "--method-columns", "-o", output, "--force")


def test_bins_of_unequal_length(tmp_path: Path) -> None:
    path, output = tmp_path / "map.cool", tmp_path / "out.mcool"
    bins = pd.DataFrame({"chrom": "c", "start": [0, 10, 25], "end": [10, 25, 30]})
    pixels = pd.DataFrame({"bin1_id": [0, 0, 1, 2], "bin2_id": [0, 1, 2, 2], "count": [2, 1, 1, 2]})
    cooler.create_cooler(str(path), bins, pixels)
    add_column(path, "KR", np.array([2.0, 1.0, 2.0]), divisive_weights=True)
    assert run("adopt", path, "KR", "--method-columns", "-o", output).exit_code == 0
    for group_name in ("/resolutions/1", "/methods/KR/resolutions/1"):
        assert bin_column(f"{output}::{group_name}").tolist() == [0.5, 1, 0.5]


@pytest.mark.peers
def test_a_vector_of_a_hic_file(shared_data: Path, tmp_path: Path) -> None:
    source, output = shared_data / "straw_test.hic", tmp_path / "out.mcool"
    assert run("adopt", source, "KR", "-o", output, "--method-columns").exit_code == 0
    stored = hic_vectors(source, 2_500_000, ["KR", "SCALE", "VC"])
    np.testing.assert_array_equal(
        bin_column(f"{output}::/resolutions/2500000"), 1 / stored["KR"][:1254]
    )
    vc = bin_column(f"{output}::/methods/VC/resolutions/2500000")
    given = stored["VC"] > 0
    np.testing.assert_array_equal(vc[given], 1 / stored["VC"][given])
    assert np.isnan(vc[~given]).all()
    with pytest.raises(InputError, match="has no column 'ICE'"):
        refuse(source, "ICE", "-o", output, "--force")
    with pytest.raises(InputError, match=r"is a \.hic file, which stays as it is"):
        refuse(source, "KR", "--in-place")


@pytest.mark.peers
def test_columns_of_hic2cool(shared_data: Path, tmp_path: Path) -> None:
    """Version 0.4.2 wrote multiplicative KR, 0.7.0 divisive."""
    old, new = tmp_path / "old.cool", tmp_path / "new.mcool"
    source = shared_data / "hic2cool_0.4.2_single_res.cool"
    assert run("adopt", source, "KR", "-o", old).exit_code == 0
    values = bin_column(source, "KR")
    np.testing.assert_array_equal(bin_column(old), np.where(values > 0, values, np.nan))
    source = shared_data / "hic2cool_0.7.0_multi_res.mcool"
    assert run("adopt", source, "KR", "-o", new).exit_code == 0
    for size in (1_000_000, 2_500_000):
        level = f"::/resolutions/{size}"
        np.testing.assert_array_equal(
            bin_column(f"{new}{level}"), 1 / bin_column(f"{source}{level}", "KR")
        )


def test_errors_of_the_column_itself_stay(tmp_path: Path) -> None:
    path = write_genome(tmp_path / "map.cool")
    assert run("balance", path, "--in-place", "-m", "kr").exit_code == 0
    errors, weights = bin_column(path, "weight_se"), bin_column(path)
    assert run("adopt", path, "weight", "--in-place", "--force").exit_code == 0
    np.testing.assert_array_equal(bin_column(path, "weight_se"), errors)
    np.testing.assert_array_equal(bin_column(path), weights)
    with pytest.raises(ConfigError, match="names that end with _se"):
        refuse(path, "KR", "--in-place", "--force", "--name", "KR_se")


@pytest.mark.parametrize("target", ["KR", "/bins/KR"])
def test_linked_columns_are_copied_with_their_values(cool: Path, target: str) -> None:
    """hictk links weight to the column that it wrote."""
    assert run("balance", cool, "--in-place", "-m", "kr", "--name", "KR").exit_code == 0
    with h5py.File(cool, "a") as file:
        file["bins/weight"] = h5py.SoftLink(target)
        file["bins/mine"] = file["bins/KR"][:]
    output = cool.with_name("out.mcool")
    assert run("adopt", cool, "mine", "-o", output, "--name", "other").exit_code == 0
    uri = f"{output}::/resolutions/1000"
    with h5py.File(output) as file:
        link = file["resolutions/1000/bins"].get("weight", getlink=True)
        assert isinstance(link, h5py.HardLink)
    np.testing.assert_array_equal(bin_column(uri), bin_column(cool, "KR"))


def test_links_that_lead_nowhere_or_to_another_file(cool: Path) -> None:
    output = cool.with_name("out.cool")
    with h5py.File(cool, "a") as file:
        file["bins/weight"] = h5py.SoftLink("KR")
    with pytest.raises(InputError, match=r"has no column 'weight' \(it has none\)"):
        refuse(cool, "weight", "-o", output)
    assert run("balance", cool, "-o", output).exit_code == 0
    assert np.isfinite(bin_column(output)).any()
    mcool = cool.with_suffix(".mcool")
    assert run("zoomify", cool, "-r", "1000,2000", "--no-balance").exit_code == 0
    weights, _ = cooler.balance_cooler(cooler.Cooler(f"{mcool}::/resolutions/2000"))
    with h5py.File(mcool, "a") as file:
        file["resolutions/2000/bins/mine"] = weights
        file["resolutions/1000/bins/gc"] = h5py.ExternalLink(str(output), "bins/weight")
    with pytest.raises(InputError, match=r"bins/gc is a link to another file"):
        refuse(mcool, "mine", "-o", cool.with_name("out.mcool"))
