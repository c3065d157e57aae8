"""`counterpoise balance`: cooler's weights, every level, in place or into a new file."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from itertools import chain
from pathlib import Path

import cooler
import h5py
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

import counterpoise as cp
from counterpoise.cli import balance as cli_balance
from counterpoise.cli.levels import balance_level, load_level, name_options, read_levels
from counterpoise.cli.main import group, main
from counterpoise.cli.options import BalancingOptions
from counterpoise.cli.output import Destination, existing_columns
from counterpoise.columns.stored import find_columns
from counterpoise.contacts.contact_map import Contacts
from counterpoise.errors import ConfigError, DiskFullError, InputError
from counterpoise.files import FileState
from counterpoise.ingest import cooler_reader, formats
from counterpoise.ingest.formats import FORMATS, Format
from counterpoise.ingest.reader_interface import Level, OpenLevel, SourceInfo
from counterpoise.records.facts import Concentrated
from counterpoise.records.wording import sentence
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


def test_a_column_without_weights_says_why_and_is_replaced_by_force_only(cool: Path) -> None:
    every_bin_masked = ["--in-place", "--min-nnz", 10_000]
    assert balance(cool, *every_bin_masked).exit_code == 1
    assert np.isnan(bin_column(cool)).all()
    with h5py.File(cool) as file:
        assert "Lower min_nnz." in file["bins/weight"].attrs["reason"]
    before = cool.read_bytes()
    assert "has a column 'weight' already" in str(balance(cool, "--in-place").exception)
    assert cool.read_bytes() == before
    assert balance(cool, "--in-place", "--force").exit_code == 0
    assert np.isfinite(bin_column(cool)).any()


def test_discarded_weights_leave_no_stale_column(cool: Path) -> None:
    assert balance(cool, "--in-place").exit_code == 0
    few = ["--max-iters", 2, "--convergence-policy", "discard"]
    output = cool.with_name("out.mcool")
    assert balance(cool, "-o", output, *few).exit_code == 1
    assert "weight" not in existing_columns(f"{output}::/resolutions/1000")
    removed = balance(cool, "--in-place", "--force", *few)
    assert removed.exit_code == 1
    assert not {"weight", "weight_se"} & existing_columns(str(cool))
    words = "map.cool: no weights. 1 of 1 results are not written (weight), since they are not"
    assert f"{words} balanced, and earlier columns were removed." in removed.stderr
    assert "removed" not in balance(cool, "--in-place", *few).stderr


def test_nothing_is_computed_if_one_of_the_files_is_refused(cool: Path) -> None:
    other = cool.with_name("other.cool")
    shutil.copy(cool, other)
    assert balance(other, "--in-place").exit_code == 0
    before = cool.read_bytes()
    result = balance(cool, other, "--in-place")
    assert "has a column 'weight' already" in str(result.exception)
    assert cool.read_bytes() == before
    assert result.stdout == ""


def test_a_file_that_is_named_twice_is_balanced_once(
    cool: Path, mcool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(cool.parent)
    result = balance("map.cool", "./map.cool", cool, "map.cool::/", "-m", "vc", "--in-place")
    assert (result.exit_code, result.output.count("computed, ")) == (0, 1), result.exception
    level = f"{mcool}::/resolutions"
    levels = balance(f"{level}/2000", f"{level}/5000", "-m", "vc", "--in-place")
    assert (levels.exit_code, levels.output.count("computed, ")) == (0, 2), levels.exception
    of_both = balance(f"{level}/2000", mcool, "-m", "vc", "--in-place", "--force")
    assert of_both.output.count("computed, ") == len(cooler.fileops.list_coolers(str(mcool)))


def test_a_change_by_another_program_is_seen_where_nothing_was_written(
    mcool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seven iterations are too few for the first level alone, and ``error`` writes nothing then."""

    def load_and_change(info: SourceInfo, level: Level) -> Contacts:
        loaded = load_level(info, level)
        if level.resolution == 2000:
            os.utime(mcool, (0, 0))
        return loaded

    monkeypatch.setattr(cli_balance, "load_level", load_and_change)
    levels = [f"{mcool}::/resolutions/{size}" for size in (2000, 5000)]
    few = ("-m", "ice", "--max-iters", "7", "--convergence-policy", "error")
    assert "was changed by another program" in str(balance(*levels, "--in-place", *few).exception)


def test_files_before_an_error_are_reported(cool: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong, last = cool.with_name("wrong.cool"), cool.with_name("last.cool")
    for path in (wrong, last):
        shutil.copy(cool, path)
    with h5py.File(wrong, "r+") as file:
        file["pixels/count"][0] = -1
    with pytest.raises(SystemExit) as ended:
        main(["balance", *map(str, (cool, wrong, last)), "-m", "vc", "--json", "--in-place"])
    printed = capsys.readouterr()
    assert ended.value.code == 2
    assert [each["file"] for each in json.loads(printed.out)] == [str(cool)]
    assert printed.err.endswith(f"\nNot finished: {wrong}, {last}.\n")
    assert "VC" not in existing_columns(str(last))


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
        (["balance", "--stdout", "--json", str(cool)], "one of --stdout, --check and --json"),
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
    (record,) = json.loads(balance(cool, "--on-failure", "drop", "--json").stdout)
    assert record["columns"] == ["weight"]
    assert record["verdict"]["settings"]["on_failure"] == "drop"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--convergence-policy", "discard", "--on-failure", "drop"], "--convergence-policy."),
        (["--on-failure", "isolate"], "isolate needs --tolerance"),
        (["-m", "ice", "--tol", "1e-5", "--on-failure", "isolate"], "isolate needs --tolerance"),
    ],
)
def test_options_on_failure_that_contradict_others(
    cool: Path, arguments: list[str], words: str
) -> None:
    result = balance(cool, *arguments)
    assert result.exit_code == 2
    assert words in result.output


@pytest.fixture
def star(tmp_path: Path) -> Path:
    """Return a map in which bin 0 is the only partner of the last two of 300 bins."""
    rng = np.random.default_rng(0)
    rows, columns = (index.ravel() for index in np.indices((298, 298)))
    upper = rows <= columns
    pixels = {"bin1_id": rows[upper], "bin2_id": columns[upper]}
    frame = pd.DataFrame(pixels).assign(count=rng.poisson(5, upper.sum()) + 3)
    few = pd.DataFrame({"bin1_id": 0, "bin2_id": [298, 299], "count": 30})
    frame = pd.concat([frame, few]).sort_values(["bin1_id", "bin2_id"])
    bins = cooler.binnify(pd.Series({"chr1": 3_000_000}), 10_000)
    cooler.create_cooler(str(tmp_path / "star.cool"), bins, frame)
    return tmp_path / "star.cool"


@pytest.mark.parametrize(
    "given",
    [
        [],
        ["--tol", "1e-4"],
        ["--isolate-limit", "0"],
        ["--convergence-policy", "discard"],
        ["-m", "ice", "--tol", "1e-4"],
        ["-m", "ice", "--on-failure", "nan"],
        ["-m", "ice", "--convergence-policy", "store_final"],
        ["-m", "ice", "--isolate-limit", "0"],
    ],
)
def test_the_options_that_a_reason_names_balance_the_map(star: Path, given: list[str]) -> None:
    filters = ["--min-nnz", "0", "--mad-max", "0"]
    first = balance(star, *filters, *given)
    assert first.exit_code == 1
    (advice,) = re.findall(r": No bin has a weight\. Set (.*?)\. ", first.stdout)
    arguments = dict(zip(given[::2], given[1::2], strict=True))
    for option in re.split(", | and ", advice):
        named = re.fullmatch(r"(--[a-z-]+) ([\w.-]+)(?: \(without (--[a-z-]+)\))?", option)
        assert named is not None
        assert (named[3] is None) == (named[3] not in given)
        arguments = {**arguments, named[1]: named[2]}
        arguments.pop(named[3], None)
    second = balance(star, *filters, *chain.from_iterable(arguments.items()))
    assert second.exit_code == 0, second.output
    assert "2 of 300 bins were isolated" in second.stdout


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        (["--max-iters", "2"], "--max-iters"),
        (["--tol", "1e-99"], "--tol"),
        (["--tol", "1e-99", "--max-iters", "2"], "--max-iters and --tol"),
        (["-m", "ice", "--max-iters", "1", "--isolate-limit", "0.05"], "--max-iters"),
    ],
)
def test_a_method_is_advised_without_the_options_that_it_lacks(
    star: Path, given: list[str], refused: str
) -> None:
    first = balance(star, *given)
    assert f"se -m kr (without {refused}). " in first.stdout
    options = dict(zip(given[::2], given[1::2], strict=True)) | {"-m": "kr"}
    assert balance(star, *chain.from_iterable(options.items())).exit_code == 2
    for option in refused.split(" and "):
        options.pop(option)
    assert balance(star, *chain.from_iterable(options.items())).exit_code == 0


def test_more_iterations_are_not_advised_where_row_sums_are_equal(tmp_path: Path) -> None:
    """Rounding keeps the variance of large counts above cooler's limit."""
    bin1, bin2 = np.triu_indices(40)
    counts = np.random.default_rng(0).integers(1, 9, len(bin1)) * 100_000_000
    bins = cooler.binnify(pd.Series({"chr1": 40_000}), 1000)
    pixels = pd.DataFrame({"bin1_id": bin1, "bin2_id": bin2, "count": counts})
    path = tmp_path / "large.cool"
    cooler.create_cooler(str(path), bins, pixels)
    result = balance(path, "--mad-max", "0", "--tol", "1e-20")
    assert ": Use -m kr (without --tol). 200 iterations were not enough." in result.stdout
    assert balance(path, "--mad-max", "0", "-m", "kr").exit_code == 0


def test_methods_without_isolation_exclude_its_options() -> None:
    options = BalancingOptions.from_options(DEFAULTS | {"names": ("kr",), "on_failure": "isolate"})
    assert options.runs(1000)[0].excludes == {"-m kde_eb": "--on-failure"}


def test_diagonals_of_a_distance_are_lowered_with_it() -> None:
    options = BalancingOptions.from_options(DEFAULTS | {"names": ("ice",), "ignore_dist": 9000})
    (run,) = options.runs(1000)
    assert name_options("Set ignore_diags: 0, also for the mask.", run.excludes) == (
        "Set --ignore-diags 0 (without --ignore-dist)."
    )
    assert name_options("Set mask.cis_only: false.", {}) == "Leave out --cis-only."


def test_reasons_name_the_options_of_the_command() -> None:
    reason = "Set on_failure: isolate and isolate_limit: 0.02. isolate_limit allows 1 %."
    assert name_options(reason, {}) == (
        "Set --on-failure isolate and --isolate-limit 0.02. --isolate-limit allows 1 %."
    )
    assert name_options("Set on_failure: drop.", {"--on-failure": "--convergence-policy"}) == (
        "Set --on-failure drop (without --convergence-policy)."
    )
    reason = "Raise max_iterations or use kr. Use kde_eb."
    assert name_options(reason, {}) == "Raise --max-iters or use -m kr. Use -m kde_eb."
    excludes = {"-m kr": "--tol", "-m kde_eb": "--isolate-limit"}
    assert name_options(reason, excludes) == (
        "Raise --max-iters or use -m kr (without --tol). Use -m kde_eb (without --isolate-limit)."
    )
    reason = "300 by min_nnz (20) and 4 by mad_max (5). Set ignore_diags: 0, also for the mask."
    assert name_options(reason, {}) == (
        "300 by --min-nnz (20) and 4 by --mad-max (5). Set --ignore-diags 0."
    )
    assert name_options("Set mask.ignore_diags: 0.", {}) == "Set --ignore-diags 0."
    assert name_options("Raise mad_max_above.", {}) == "Raise mad_max_above."
    assert name_options("Leave these chromosomes out or use kde_eb.", {}) == (
        "Leave these chromosomes out (--blacklist) or use -m kde_eb."
    )
    reason = "Raise max_products. It is above the tolerance (1e-08)."
    assert name_options(reason, {}) == (
        "Raise max_products (in a workflow). It is above the tolerance (1e-08)."
    )


def test_reasons_name_no_setting_that_a_command_lacks(cool: Path) -> None:
    reason = sentence(Concentrated(5, 100, 0.6))
    assert "balance only the captured regions (mask.regions)" in reason
    assert "the captured regions (in a workflow, mask.regions)" in name_options(reason, {})
    result = balance(cool, "--max-iters", "2", "-m", "ice", "--mad-max", "0")
    assert "Raise --max-iters or use -m kr (without --max-iters). 2 iterations" in result.stdout


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
    kr = balance(uri, "--check", "-m", "kr")
    assert (kr.exit_code, kr.stdout) == (1, f"{uri}: no column 'KR'\n{uri}: has column 'weight'\n")
    assert balance(uri, "--in-place", "--force", "-m", "kr").exit_code == 0
    assert balance(uri, "--check", "-m", "kr").exit_code == 0
    assert balance(uri, "--check", "--name", "KR").exit_code == 0
    several = balance(uri, "--check", "--name", "KR", "-m", "kr", "-m", "ice")
    assert "--name is for a single method." in several.stderr
    with pytest.raises(ConfigError, match="--stdout prints one column"):
        raise balance(mcool, "--stdout").exception
    unfit = balance(uri, "-o", mcool.with_name("out.cool"), "-m", "kr", "--min-nnz", 100_000)
    assert 'out.cool: KR, weight. 1 of 1 verdicts are "not for use".' in unfit.stderr
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
        ["--in-place", "--check"],
        ["--check", "--json"],
        ["--cis-only", "--trans-only"],
        ["--tol", "1", "--tolerance", "1"],
        ["--tol", "1", "-m", "kr"],
        ["-m", "kr", "-m", "kr"],
        ["-m", "kr", "-m", "vc", "--name", "x"],
    ],
)
def test_options_that_contradict_each_other(cool: Path, arguments: list[str]) -> None:
    assert balance(cool, *arguments).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["-m", "vc", "--tolerance", "1"], "vc takes no --tolerance; leave out the option or"),
        (["-m", "auto", "--max-iters", "3"], "auto takes no --max-iters; leave out the option or"),
        (["-m", "kr", "--max-iters", "3"], "or set max_products in a workflow or in Python"),
    ],
)
def test_limits_that_a_method_does_not_have(cool: Path, arguments: list[str], remedy: str) -> None:
    result = balance(cool, *arguments)
    assert result.exit_code == 2
    assert remedy in " ".join(result.output.split())


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


@pytest.mark.parametrize(
    ("distance", "filters", "kr", "ice"), [(0, 2, 0, 2), (1000, 2, 1, 2), (3500, 4, 4, 4)]
)
def test_a_distance_leaves_out_at_least_the_method_s_own_diagonals(
    distance: int, filters: int, kr: int, ice: int
) -> None:
    options = {**DEFAULTS, "names": ("kr", "ice"), "ignore_dist": distance}
    balancing = BalancingOptions.from_options(options)
    assert balancing.mask(1000).ignore_diags == filters
    assert [run.settings["ignore_diags"] for run in balancing.runs(1000)] == [kr, ice]


def test_names_that_no_column_can_have(cool: Path) -> None:
    before = cool.read_bytes()
    with pytest.raises(ConfigError, match="'start', which no column of weights can have"):
        raise balance(cool, "--in-place", "--name", "start", "--force").exception
    assert cool.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--name", "KR"], "name is 'KR', the column of kr, and these weights are of ice; choose"),
        (["-m", "ice", "--name", "GW_VC_SQRT"], "choose another name, or balance with vc_sqrt"),
        (
            ["--name", "SQRT_VC"],
            "name is 'SQRT_VC', and HiCExplorer divides by a column of this name",
        ),
        (["-m", "kr", "--name", "KR_se"], "names that end with _se"),
    ],
)
def test_names_that_say_something_else(cool: Path, arguments: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        raise balance(cool, "--in-place", *arguments).exception
    assert "weight" not in cooler.Cooler(str(cool)).bins().columns


@pytest.mark.parametrize(
    "arguments",
    [["-m", "kr", "--name", "KR"], ["-m", "vc_sqrt", "--name", "VC_SQRT"], ["--name", "GW_ICE"]],
)
def test_a_name_that_is_the_method_s_own(cool: Path, arguments: list[str]) -> None:
    assert balance(cool, "--in-place", *arguments).exit_code == 0
    assert arguments[-1] in cooler.Cooler(str(cool)).bins().columns


@pytest.mark.peers
def test_methods_that_do_not_balance_a_hic_file(shared_data: Path, tmp_path: Path) -> None:
    source, output = shared_data / "straw_test.hic", tmp_path / "out.mcool"
    few = ["--max-iters", 1, "--convergence-policy", "discard"]
    assert balance(source, "-o", output, *few).exit_code == 1
    table = cooler.Cooler(f"{output}::/resolutions/2500000").bins()
    assert sorted(table.columns) == ["chrom", "end", "start"]


class Pointers:
    """A reader of files that are no coolers: each names the cooler that has its contacts."""

    def inspect(self, uri: str, engine: str, *, quick: bool = False) -> SourceInfo:
        return SourceInfo(uri, "pointer", (Level(1000),))

    def open_level(self, uri: str, level: Level, engine: str) -> AbstractContextManager[OpenLevel]:
        source = Path(uri).read_text().removeprefix("MAP")
        return cooler_reader.open_level(source, level, engine)


def test_columns_are_written_into_coolers_only(
    cool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An added format is converted, as .hic files are, and its columns are no weights."""
    added = Format(("pointer",), b"MAP", (".pointer",), Pointers)
    monkeypatch.setattr(formats, "FORMATS", (added, *FORMATS))
    source, output = tmp_path / "map.pointer", tmp_path / "out.mcool"
    source.write_text(f"MAP{cool}")
    assert balance(source, "-m", "kr", "-o", output).exit_code == 0
    assert balance(cool, "-m", "kr", "--in-place").exit_code == 0
    uri = f"{output}::/resolutions/1000"
    np.testing.assert_array_equal(bin_column(uri, "KR"), bin_column(cool, "KR"))
    assert "no column of weights" in CliRunner().invoke(group, ["check", str(source)]).output
    with pytest.raises(InputError, match=r"is a \.pointer file, which stays as it is"):
        raise balance(source, "--in-place").exception
    with pytest.raises(InputError, match=r"has no column 'KR' \(it has none\)"):
        find_columns(formats.inspect_source(str(source)), ["KR"])
    with pytest.raises(InputError, match=r"is a \.pointer file, and weights are written into"):
        cp.balance(cool, "vc").to_cooler(source)


def test_the_sum_of_single_cells_is_converted(cool: Path, tmp_path: Path) -> None:
    source, output = cooler.Cooler(str(cool)), tmp_path / "out.mcool"
    bins, pixels = source.bins()[["chrom", "start", "end"]][:], source.pixels()[:]
    halves = {"even": pixels[::2], "odd": pixels[1::2]}
    cooler.create_scool(str(tmp_path / "cells.scool"), bins, halves)
    assert balance(cool, "-m", "vc", "--in-place").exit_code == 0
    cells = f"{tmp_path}/cells.scool::/cells/*"
    assert balance(cells, "-m", "vc", "-o", output).exit_code == 0
    with pytest.raises(InputError, match=r"is a \.scool file, and --check looks for columns"):
        raise balance(cells, "--check").exception
    uri = f"{output}::/resolutions/1000"
    np.testing.assert_array_equal(bin_column(uri), bin_column(cool))


def test_single_cells_with_bins_of_several_sizes_are_not_converted(tmp_path: Path) -> None:
    bins = pd.DataFrame({"chrom": "chr1", "start": [0, 10, 30], "end": [10, 30, 35]})
    pixels = pd.DataFrame({"bin1_id": [0, 1], "bin2_id": [1, 2], "count": [4, 5]})
    cooler.create_scool(str(tmp_path / "cells.scool"), bins, {"a": pixels, "b": pixels})
    result = balance(f"{tmp_path}/cells.scool::/cells/*", "-m", "vc", "-o", tmp_path / "out.mcool")
    assert "has bins of several sizes, which are not converted" in str(result.exception)


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
