"""`counterpoise balance`: cooler's weights, every level, in place or into a new file."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import cooler
import h5py
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

import counterpoise as cp
from counterpoise.cli.levels import balance_level, load_level, name_options, read_levels
from counterpoise.cli.main import group, main
from counterpoise.cli.options import BalancingOptions
from counterpoise.cli.output import Destination, existing_columns
from counterpoise.errors import ConfigError, DiskFullError, InputError
from counterpoise.files import FileState
from counterpoise.store import in_place
from tests.support.coolers import bin_column, write_genome

UNSET = (
    "ignore_diags",
    "ignore_dist",
    "blacklist",
    "tol",
    "tolerance",
    "mode",
    "max_iters",
    "on_failure",
)
DEFAULTS = {
    **dict.fromkeys((*UNSET, "on_failure", "isolate_limit", "threads", "policy")),
    **{"names": (), "cis_only": False, "trans_only": False},
    **{"min_nnz": 10, "min_count": 0, "mad_max": 5},
}


def balance(*arguments: object) -> Result:
    return CliRunner().invoke(group, ["balance", *map(str, arguments)])


@pytest.fixture
def cool(tmp_path: Path) -> Path:
    return write_genome(tmp_path / "map.cool")


@pytest.fixture
def mcool(cool: Path) -> Path:
    path = cool.with_suffix(".mcool")
    cooler.zoomify_cooler(str(cool), str(path), [1000, 2000, 5000], chunksize=100_000)
    return path


@pytest.mark.parametrize(
    ("options", "of_cooler"),
    [
        ([], {}),
        (["--cis-only"], {"cis_only": True}),
        (["--trans-only"], {"trans_only": True}),
        (["--ignore-diags", 1], {"ignore_diags": 1}),
        (["--ignore-dist", 3500], {"ignore_diags": 4}),
        (["--mad-max", 2, "--min-nnz", 30, "--min-count", 40],
         {"mad_max": 2, "min_nnz": 30, "min_count": 40}),
        (["--tol", 1e-2], {"tol": 1e-2}),
        (["--max-iters", 3], {"max_iters": 3}),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::cooler._balance.ConvergenceWarning")
def test_the_weights_of_cooler_balance(
    cool: Path, options: list[object], of_cooler: dict[str, object]
) -> None:
    result = balance(cool, "-o", cool.with_name("out.cool"), *options)
    assert result.exit_code == (1 if "--max-iters" in options else 0), result.output
    expected, stats = cooler.balance_cooler(cooler.Cooler(str(cool)), **of_cooler)
    np.testing.assert_allclose(bin_column(cool.with_name("out.cool")), expected, rtol=1e-10)
    with h5py.File(cool.with_name("out.cool")) as file:
        written = file["bins/weight"].attrs
        assert bool(written["converged"]) == bool(np.all(stats["converged"]))
        for key in ("tol", "ignore_diags", "min_nnz", "min_count", "mad_max", "cis_only"):
            assert written[key] == stats[key], key
        assert not written["divisive_weights"]


def test_blacklist(cool: Path) -> None:
    blacklist = cool.with_suffix(".bed")
    blacklist.write_text("chr1\t10000\t13000\n")
    assert balance(cool, "--in-place", "--blacklist", blacklist).exit_code == 0
    assert np.flatnonzero(np.isnan(bin_column(cool))).tolist() == [10, 11, 12, 40]


def test_every_level_in_place_with_the_columns_of_the_workflow(mcool: Path) -> None:
    result = balance(mcool, "--in-place", "-m", "kr", "-m", "ice")
    assert result.exit_code == 0, result.output
    assert result.output.count("converged, ") == 6
    for resolution in (1000, 2000, 5000):
        uri = f"{mcool}::/resolutions/{resolution}"
        kr, gw, first = (bin_column(uri, name) for name in ("KR", "GW_ICE", "weight"))
        expected = cp.balance(uri, "kr").weights
        np.testing.assert_array_equal(first, expected)
        np.testing.assert_allclose(gw, cp.balance(uri, "ice").weights, rtol=1e-12)
        product = (kr * first)[np.isfinite(kr)]  # divisive, on the scale of each chromosome
        on_chr1 = len(product) * 2 // 5 - 1
        np.testing.assert_allclose(product[:on_chr1], product[0], rtol=1e-9)
        assert "KR_se" in cooler.Cooler(uri).bins().columns


def test_columns_that_exist_and_files_that_cannot_be_changed(mcool: Path) -> None:
    uri = f"{mcool}::/resolutions/5000"
    assert balance(uri, "--in-place").exit_code == 0
    before = mcool.read_bytes()
    for arguments in ([mcool, "--in-place"], [mcool, "--in-place", "-m", "kr"]):
        with pytest.raises(InputError, match=r"5000: has a column 'weight' already"):
            raise balance(*arguments).exception
    assert balance(mcool, "--in-place", "--name", "mine").exit_code == 0
    assert balance(uri, "--in-place", "--force").exit_code == 0
    mcool.write_bytes(before)
    mcool.chmod(0o444)
    with pytest.raises(InputError, match="is read-only"):
        raise balance(mcool, "--in-place", "--force").exception
    assert mcool.read_bytes() == before


def test_a_link_stays_and_the_mode_too(cool: Path) -> None:
    link = cool.with_name("link.cool")
    link.symlink_to(cool.name)
    cool.chmod(0o640)
    assert balance(link, "--in-place").exit_code == 0
    assert link.is_symlink()
    assert stat.S_IMODE(cool.stat().st_mode) == 0o640
    assert np.isfinite(bin_column(cool)).sum() == 149
    assert sorted(path.name for path in cool.parent.iterdir()) == ["link.cool", "map.cool"]


def test_a_file_that_another_program_changes_stays(cool: Path) -> None:
    copying = in_place.changed_copy(cool, FileState.of(cool))
    copying.__enter__().write_bytes(b"ours")
    cool.write_bytes(b"theirs")
    with pytest.raises(InputError, match="was changed by another program"):
        copying.__exit__(None, None, None)
    assert cool.read_bytes() == b"theirs"
    assert list(cool.parent.iterdir()) == [cool]


@pytest.mark.parametrize("command", [["balance"], ["balance", "-m", "kr"], ["adopt", "weight"]])
@pytest.mark.parametrize("destination", [["--in-place", "--force"], ["-o", "out.mcool"]])
def test_a_file_that_changes_while_it_is_balanced_stays(
    cool: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], destination: list[str]
) -> None:
    monkeypatch.chdir(cool.parent)
    assert balance(cool, "--in-place").exit_code == 0
    write = Destination.write

    def change_first(self: Destination, *arguments: object) -> None:
        os.utime(cool, ns=(1, 1))
        write(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Destination, "write", change_first)
    column = command[1:] if command[0] == "adopt" else []
    options = command[1:] if command[0] == "balance" else ["--name", "mine"]
    name, place = command[0], str(cool)
    result = CliRunner().invoke(group, [name, *options, *destination, place, *column])
    assert isinstance(result.exception, InputError)
    assert "was changed by another program meanwhile" in str(result.exception)
    assert not Path("out.mcool").exists()


def test_discarded_weights_leave_no_stale_column(cool: Path) -> None:
    assert balance(cool, "--in-place").exit_code == 0
    few = ["--max-iters", 2, "--convergence-policy", "discard"]
    output = cool.with_name("out.mcool")
    assert balance(cool, "-o", output, *few).exit_code == 1
    assert "weight" not in existing_columns(f"{output}::/resolutions/1000")
    assert balance(cool, "--in-place", "--force", *few).exit_code == 1
    assert not {"weight", "weight_se"} & existing_columns(str(cool))


def test_nothing_is_computed_if_one_of_the_files_is_refused(cool: Path) -> None:
    other = cool.with_name("other.cool")
    shutil.copy(cool, other)
    assert balance(other, "--in-place").exit_code == 0
    before = cool.read_bytes()
    result = balance(cool, other, "--in-place")
    assert "has a column 'weight' already" in str(result.exception)
    assert cool.read_bytes() == before
    assert result.stdout == ""


def test_a_column_of_errors_is_not_overwritten(cool: Path) -> None:
    with h5py.File(cool, "r+") as file:
        file["bins"]["weight_se"] = np.arange(len(file["bins/start"]))
    assert "has a column 'weight_se' already" in str(balance(cool, "--in-place").exception)


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_an_output_that_is_no_file_stays(cool: Path, force: list[str]) -> None:
    folder, link, pipe = (cool.with_name(f"{name}.mcool") for name in ("folder", "link", "pipe"))
    folder.mkdir()
    link.symlink_to(cool.with_name("gone.mcool"))
    os.mkfifo(pipe)
    for path in (folder, link, pipe):
        result = balance(cool, "-o", path, *force)
        assert "exists and is not a file" in str(result.exception)
    assert folder.is_dir()
    assert link.is_symlink()
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    missing = balance(cool, "-o", cool.parent / "none" / "out.mcool")
    assert "there is no folder" in str(missing.exception)


def test_system_errors_and_typing_errors_have_status_2(
    cool: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*arguments: object) -> None:
        raise PermissionError(13, "Permission denied", str(cool))

    monkeypatch.setattr("counterpoise.cli.balance.read_levels", fail)
    for arguments, words in (
        (["balance", str(cool)], "Permission denied"),
        (["balence", str(cool)], "Did you mean 'balance'?"),
        (["balance", "--stdout", "--json", str(cool)], "one of --stdout and --json"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
        assert words in capsys.readouterr().err


def test_several_methods_in_one_option(cool: Path) -> None:
    assert balance(cool, "--in-place", "-m", "KR,vc").exit_code == 0
    assert {"KR", "VC", "weight"} <= existing_columns(str(cool))


def test_what_a_method_does_on_failure(cool: Path) -> None:
    arguments = ["-m", "kr", "--on-failure", "drop", "--isolate-limit", "0.5", "--json"]
    (record,) = json.loads(balance(cool, *arguments).stdout)
    settings = record["verdict"]["settings"]
    assert (settings["on_failure"], settings["isolate_limit"]) == ("drop", 0.5)
    assert "--on-failure is for methods of" in balance(cool, "--on-failure", "drop").output


def test_reasons_name_the_options_of_the_command() -> None:
    reason = "Mask the sparsest bins (on_failure: drop does). isolate_limit allows 1 %."
    assert name_options(reason) == (
        "Mask the sparsest bins (--on-failure drop does). --isolate-limit allows 1 %."
    )


def test_the_space_is_named_beforehand(cool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr(in_place.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(DiskFullError, match=r"takes about .*, and 10 bytes are free"):
        raise balance(cool, "--in-place").exception


def test_without_a_destination_nothing_is_written(cool: Path) -> None:
    before = cool.read_bytes()
    result = balance(cool)
    assert (result.exit_code, cool.read_bytes()) == (0, before)
    assert "Nothing will be written without --in-place or -o OUT.mcool." in result.stderr
    assert f"{cool}  1 kb  weight  converged, " in result.stdout


def test_stdout_check_and_json(mcool: Path) -> None:
    uri = f"{mcool}::/resolutions/2000"
    printed = [float(line) for line in balance(uri, "--stdout").stdout.splitlines()]
    assert balance(uri, "--check").exit_code == 1
    assert balance(uri, "--in-place").exit_code == 0
    np.testing.assert_array_equal(printed, bin_column(uri))
    assert balance(uri, "--check").exit_code == 0
    assert balance(mcool, "--check").exit_code == 1
    with pytest.raises(ConfigError, match="--stdout prints one column"):
        raise balance(mcool, "--stdout").exception
    record = json.loads(balance(uri, "--json", "-m", "vc").stdout)
    assert record[0]["columns"] == ["VC", "weight"]
    assert record[0]["verdict"]["status"] == "computed"
    assert record[0]["resolution"] == 2000


@pytest.mark.parametrize(
    ("policy", "column"),
    [("store_final", "finite"), ("store_nan", "nan"), ("discard", "none"), ("error", "none")],
)
def test_convergence_policy(cool: Path, policy: str, column: str) -> None:
    result = balance(cool, "--in-place", "--max-iters", 2, "--convergence-policy", policy)
    assert result.exit_code == 1
    if column == "none":
        assert "weight" not in cooler.Cooler(str(cool)).bins().columns
    else:
        assert np.isfinite(bin_column(cool)).any() == (column == "finite")


def test_a_new_file_has_what_the_old_one_has(mcool: Path) -> None:
    output = mcool.with_name("out.mcool")
    assert balance(mcool, "-o", output, "-m", "vc_sqrt").exit_code == 0
    for resolution in (1000, 2000, 5000):
        group = f"::/resolutions/{resolution}"
        old, new = (cooler.Cooler(f"{path}{group}") for path in (mcool, output))
        pd.testing.assert_frame_equal(old.pixels()[:], new.pixels()[:])
        assert old.info == new.info
        assert np.isfinite(bin_column(f"{output}{group}", "VC_SQRT")).any()
    with pytest.raises(InputError, match="exists already"):
        raise balance(mcool, "-o", output).exception
    with pytest.raises(ConfigError, match="is the input"):
        raise balance(mcool, "-o", mcool).exception
    with pytest.raises(ConfigError, match=r"a \.cool holds one level, and there are 3"):
        raise balance(mcool, "-o", mcool.with_name("x.cool")).exception


@pytest.mark.parametrize(
    "arguments",
    [
        ["--in-place", "--stdout"],
        ["--cis-only", "--trans-only"],
        ["--tol", "1", "--tolerance", "1"],
        ["--tol", "1", "-m", "kr"],
        ["-m", "kr", "-m", "kr"],
        ["-m", "kr", "-m", "vc", "--name", "x"],
        ["-m", "vc", "--tolerance", "1"],
    ],
)
def test_options_that_contradict_each_other(cool: Path, arguments: list[str]) -> None:
    assert balance(cool, *arguments).exit_code == 2


def test_errors_of_the_package_have_the_status_two(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["balance", "none.cool"])
    assert ended.value.code == 2
    assert "none.cool: does not exist" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("mode", "column", "scope"), [("gw", "GW_KR", "genome"), ("trans", "INTER_KR", "trans")]
)
def test_mode_as_in_hictk(cool: Path, mode: str, column: str, scope: str) -> None:
    assert balance(cool, "--in-place", "-m", "kr", "--mode", mode).exit_code == 0
    expected = cp.balance(str(cool), "kr", scope=scope).weights
    np.testing.assert_allclose(bin_column(cool, column), expected, rtol=1e-12)
    refused = balance(cool, "--in-place", "--mode", mode, "--cis-only")
    assert "at most one of" in refused.output


def test_results_hold_no_pixels(cool: Path) -> None:
    info, (level,) = read_levels(str(cool))
    balancing = BalancingOptions.from_options(DEFAULTS)
    contacts = load_level(info, level)
    runs = balancing.runs(1000)
    (result,) = balance_level(level, contacts, runs, balancing, lambda text: None)
    assert contacts.nnz > 0
    assert result.balance.contacts.nnz == 0


def test_defaults_are_cooler_s() -> None:
    (run,) = BalancingOptions.from_options(DEFAULTS).runs(1000)
    assert (run.method, run.columns) == ("ice", ("weight",))
    assert run.settings == {
        "tolerance": "cooler", "cooler_variance": 1e-5, "max_iterations": 200, "on_failure": "keep"
    }  # fmt: skip


def test_names_that_no_column_can_have(cool: Path) -> None:
    before = cool.read_bytes()
    with pytest.raises(ConfigError, match="'start', which no column of weights can have"):
        raise balance(cool, "--in-place", "--name", "start", "--force").exception
    assert cool.read_bytes() == before


@pytest.mark.peers
def test_methods_that_do_not_balance_a_hic_file(shared_data: Path, tmp_path: Path) -> None:
    source, output = shared_data / "straw_test.hic", tmp_path / "out.mcool"
    few = ["--max-iters", 1, "--convergence-policy", "discard"]
    assert balance(source, "-o", output, *few).exit_code == 1
    table = cooler.Cooler(f"{output}::/resolutions/2500000").bins()
    assert sorted(table.columns) == ["chrom", "end", "start"]


@pytest.mark.long
def test_a_kill_leaves_the_old_file_or_the_new_one(mcool: Path) -> None:
    before = mcool.read_bytes()
    command = [sys.executable, "-c", "from counterpoise.cli.main import main; main()"]
    command += ["balance", str(mcool), "--in-place", "-m", "kr", "-m", "vc"]
    begin = time.monotonic()
    subprocess.run(command, check=True)
    seconds, after = time.monotonic() - begin, mcool.read_bytes()
    for moment in range(10):
        mcool.write_bytes(before)
        process = subprocess.Popen(command, start_new_session=True)
        time.sleep(seconds * (moment + 1) / 10)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert mcool.read_bytes() in (before, after)
    mcool.write_bytes(before)
    subprocess.run(command, check=True)
    assert list(mcool.parent.glob(".*.tmp")) == []
