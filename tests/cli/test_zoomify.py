"""`counterpoise zoomify`: the levels of `cooler zoomify` and the weights of `cooler balance`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import cooler
import h5py
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from cooler.cli import cli as cooler_cli

from counterpoise.cli.main import group
from counterpoise.errors import ConfigError, InputError
from counterpoise.ingest import pixels
from tests.support.coolers import bin_column, write_genome


def zoomify(*arguments: object) -> Result:
    return CliRunner().invoke(group, ["zoomify", *map(str, arguments)])


def levels(path: Path) -> list[int]:
    return sorted(int(name.split("/")[-1]) for name in cooler.fileops.list_coolers(str(path)))


@pytest.fixture
def cool(tmp_path: Path) -> Path:
    return write_genome(tmp_path / "map.cool", {"chr1": 400, "chr2": 301})


def test_pixels_of_zoomify_and_weights_of_balance(cool: Path) -> None:
    output, expected = cool.with_name("out.mcool"), cool.with_name("cooler.mcool")
    result = zoomify(cool, "-r", "1kb,2000,5kb,10kb", "-o", output)
    assert result.exit_code == 0, result.output
    cooler.zoomify_cooler(str(cool), str(expected), [1000, 2000, 5000, 10_000], 10_000)
    assert levels(output) == levels(expected)
    assert result.output.count("weight  converged, ") == 4
    for size in levels(output):
        ours, theirs = (
            cooler.Cooler(f"{path}::/resolutions/{size}") for path in (output, expected)
        )
        pd.testing.assert_frame_equal(ours.pixels()[:], theirs.pixels()[:], check_dtype=False)
        columns = ["chrom", "start", "end"]
        pd.testing.assert_frame_equal(ours.bins()[columns][:], theirs.bins()[columns][:])
        weights, _ = cooler.balance_cooler(theirs)
        np.testing.assert_allclose(ours.bins()["weight"][:], weights, rtol=1e-10)


@pytest.mark.parametrize("resolutions", [None, "B", "n", "1000N", "4DN", "2000,1000,6000"])
def test_resolutions_of_cooler_zoomify(cool: Path, resolutions: str | None) -> None:
    listed = ["-r", resolutions] if resolutions else []
    expected = cool.with_name("cooler.mcool")
    arguments = ["zoomify", str(cool), *listed, "-o", str(expected)]
    assert CliRunner().invoke(cooler_cli, arguments).exit_code == 0
    assert zoomify(cool, *listed, "--no-balance").exit_code == 0
    assert levels(cool.with_suffix(".mcool")) == levels(expected)


def test_a_small_map_keeps_its_own_level(tmp_path: Path) -> None:
    assert zoomify(write_genome(tmp_path / "map.cool")).exit_code == 0
    assert levels(tmp_path / "map.mcool") == [1000]


def test_the_file_is_read_once_and_its_own_level_is_not_asked_for(
    cool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []

    def opened(uri: str, size: int, *rest: Any) -> Any:
        reads.append(size)
        return original(uri, size, *rest)

    original = pixels.open_contacts
    monkeypatch.setattr(pixels, "open_contacts", opened)
    output = cool.with_name("out.mcool")
    for listed, read in (("2000,6000", 2000), ("2000,3000,6000", 1000)):
        assert zoomify(cool, "-r", listed, "-o", output, "-f", "--no-balance").exit_code == 0
        assert reads == [read]
        reads.clear()
        assert levels(output) == [int(size) for size in listed.split(",")]
        for size in levels(output):
            expected = cool.with_name(f"{size}.cool")
            cooler.coarsen_cooler(str(cool), str(expected), size // 1000, 10_000)
            ours = cooler.Cooler(f"{output}::/resolutions/{size}").pixels()[:]
            pd.testing.assert_frame_equal(
                ours, cooler.Cooler(str(expected)).pixels()[:], check_dtype=False
            )


def test_methods_and_json(cool: Path) -> None:
    output = cool.with_suffix(".mcool")
    result = zoomify(cool, "-r", "2000,4000", "-m", "kr", "-m", "ice", "--cis-only", "--json")
    assert result.exit_code == 0, result.output
    records = json.loads(result.stdout)
    assert [(each["resolution"], each["columns"]) for each in records] == [
        (size, columns) for size in (2000, 4000) for columns in (["KR", "weight"], ["ICE"])
    ]
    for size in (2000, 4000):
        uri = f"{output}::/resolutions/{size}"
        kr, weight = bin_column(uri, "KR"), bin_column(uri)
        product = (kr * weight)[: 400_000 // size]
        np.testing.assert_allclose(product[np.isfinite(product)], np.nanmax(product), rtol=1e-9)
        assert {"ICE", "ICE_se"} <= set(cooler.Cooler(uri).bins().columns)


@pytest.mark.filterwarnings("ignore::cooler._balance.ConvergenceWarning")
def test_levels_that_are_not_balanced(cool: Path) -> None:
    output = cool.with_suffix(".mcool")
    few = ["-r", "1000,2000", "--max-iters", 5]
    assert zoomify(cool, *few, "--convergence-policy", "error").exit_code == 1
    assert not output.exists()
    assert zoomify(cool, *few, "--convergence-policy", "discard").exit_code == 1
    assert "weight" not in cooler.Cooler(f"{output}::/resolutions/1000").bins().columns
    assert zoomify(cool, *few, "-f").exit_code == 1
    uri = f"{output}::/resolutions/2000"
    expected, _ = cooler.balance_cooler(cooler.Cooler(uri), max_iters=5)
    np.testing.assert_allclose(bin_column(uri), expected, rtol=1e-10)
    assert zoomify(cool, "-r", "2000", "--no-balance", "-f").exit_code == 0
    assert "weight" not in cooler.Cooler(uri).bins().columns
    assert sorted(path.name for path in cool.parent.iterdir()) == ["map.cool", "map.mcool"]


def test_what_is_refused(cool: Path) -> None:
    def refused(*arguments: object) -> None:
        raise zoomify(*arguments).exception  # type: ignore[misc]

    with pytest.raises(InputError, match="does not exist"):
        refused(cool.with_name("none.cool"))
    with pytest.raises(ConfigError, match=r"-r 1500: 1\.5 kb is no multiple of the finest"):
        refused(cool, "-r", "1500")
    with pytest.raises(ConfigError, match=r"use 1 kb, 2 kb or another multiple of 1 kb\.$"):
        refused(cool, "-r", "1500")
    with pytest.raises(ConfigError, match=r"500 bp is finer than the finest level, .* use 1 kb or"):
        refused(cool, "-r", "500")
    with pytest.raises(ConfigError, match="'big' is no resolution"):
        refused(cool, "-r", "big")
    with pytest.raises(ConfigError, match=r"ends with \.mcool"):
        refused(cool, "-o", cool.with_name("out.cool"))
    assert zoomify(cool, "--no-balance", "-m", "kr").exit_code == 2
    assert zoomify(cool, "--no-balance").exit_code == 0
    mcool = cool.with_suffix(".mcool")
    before = mcool.read_bytes()
    with pytest.raises(InputError, match=r"map\.mcool: exists already"):
        refused(cool)
    with pytest.raises(ConfigError, match=r"is the input; give another name with -o OUT\.mcool"):
        refused(mcool, "--force")
    assert mcool.read_bytes() == before
    bins = pd.DataFrame({"chrom": "c", "start": [0, 10, 25], "end": [10, 25, 30]})
    pairs = pd.DataFrame({"bin1_id": [0, 1], "bin2_id": [1, 2], "count": [3, 4]})
    cooler.create_cooler(str(cool.with_name("unequal.cool")), bins, pairs)
    with pytest.raises(InputError, match="has bins of unequal length"):
        refused(cool.with_name("unequal.cool"))


def test_the_finest_level_of_a_file_with_several(cool: Path) -> None:
    assert zoomify(cool, "-r", "1000,2000", "--no-balance").exit_code == 0
    output = cool.with_name("out.mcool")
    assert zoomify(cool.with_suffix(".mcool"), "-r", "3000", "-o", output).exit_code == 0
    expected = cool.with_name("3000.cool")
    cooler.coarsen_cooler(str(cool), str(expected), 3, 10_000)
    weights, _ = cooler.balance_cooler(cooler.Cooler(str(expected)))
    np.testing.assert_allclose(bin_column(f"{output}::/resolutions/3000"), weights, rtol=1e-10)


@pytest.mark.peers
def test_a_hic_file_and_a_yeast_map(shared_data: Path, tmp_path: Path) -> None:
    output = tmp_path / "human.mcool"
    assert zoomify(shared_data / "straw_test.hic", "-r", "5Mb,10Mb", "-o", output).exit_code in (
        0,
        1,
    )
    coarse = cooler.Cooler(f"{output}::/resolutions/10000000")
    assert coarse.info["sum"] == cooler.Cooler(f"{output}::/resolutions/5000000").info["sum"]
    yeast, expected = shared_data / "yeast.10kb.cool", tmp_path / "cooler.mcool"
    output = tmp_path / "yeast.mcool"
    assert zoomify(yeast, "-r", "20kb,100kb", "-o", output).exit_code == 0
    cooler.zoomify_cooler(str(yeast), str(expected), [20_000, 100_000], 1_000_000)
    for size in (20_000, 100_000):
        ours, theirs = (
            cooler.Cooler(f"{path}::/resolutions/{size}") for path in (output, expected)
        )
        pd.testing.assert_frame_equal(ours.pixels()[:], theirs.pixels()[:], check_dtype=False)
        weights, _ = cooler.balance_cooler(theirs)
        np.testing.assert_allclose(ours.bins()["weight"][:], weights, rtol=1e-10)


def test_columns_of_the_file_keep_their_names(cool: Path) -> None:
    output = cool.with_suffix(".mcool")
    cooler.balance_cooler(cooler.Cooler(str(cool)), store=True)
    with h5py.File(cool, "a") as file:
        file["bins/KR"] = 1 / file["bins/weight"][:]
        file["bins/KR"].attrs["divisive_weights"] = True
        file["bins/weight_se"] = np.full(701, 0.1)
    fixed = ["chrom", "start", "end"]

    def columns(size: int) -> set[str]:
        return set(cooler.Cooler(f"{output}::/resolutions/{size}").bins().columns) - set(fixed)

    uri = f"{output}::/resolutions/1000"
    assert zoomify(cool, "-r", "1000,2000", "--no-balance").exit_code == 0
    assert columns(1000) == {"KR", "weight", "weight_se"}
    assert columns(2000) == set()
    for name in ("KR", "weight", "weight_se"):
        np.testing.assert_array_equal(bin_column(uri, name), bin_column(cool, name))
    with h5py.File(output) as file:
        assert file["resolutions/1000/bins/KR"].attrs["divisive_weights"]
    assert zoomify(cool, "-r", "1000,2000", "-f").exit_code == 0
    ours = {"weight", "weight_se"}
    assert columns(1000) == {"KR", *ours, "weight_source", "weight_se_source"}
    assert columns(2000) == ours
    np.testing.assert_array_equal(bin_column(uri, "weight_source"), bin_column(cool))
    np.testing.assert_array_equal(bin_column(uri, "KR"), bin_column(cool, "KR"))


STOP_HALFWAY = """
import sys, time
from counterpoise.cli import zoomify
from counterpoise.cli.main import main

def wait(*arguments):
    print("written", flush=True)
    time.sleep(300)

zoomify.build_mcool = wait
main(["zoomify", sys.argv[1], "-r", "2000", "--no-balance"])
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_ended_process_leaves_nothing(cool: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", STOP_HALFWAY, str(cool)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "written\n"
            assert len(list(cool.parent.iterdir())) == 2
            process.send_signal(number)
            process.wait()
        finally:
            process.kill()
    if number == signal.SIGTERM:
        assert process.returncode == 128 + number
        assert [path.name for path in cool.parent.iterdir()] == ["map.cool"]
    assert zoomify(cool, "-r", "2000", "--no-balance").exit_code == 0
    assert sorted(path.name for path in cool.parent.iterdir()) == ["map.cool", "map.mcool"]
