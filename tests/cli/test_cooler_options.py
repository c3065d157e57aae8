"""The tables of cooler's options in the documentation, held against cooler itself."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import cooler
import numpy as np
import pytest
from click.testing import CliRunner
from cooler.cli import cli
from numpy.typing import NDArray

from counterpoise.cli.main import group
from tests.support import REPOSITORY
from tests.support.coolers import write_genome

PAGES = {
    name: (REPOSITORY / "docs" / name).read_text(encoding="utf-8")
    for name in ("coming-from/cooler.md", "coming-from/hictk.md", "reference/command-line.md")
}
BLACKLIST = "blacklist.bed"
EXAMPLES = {
    "COOL_PATH": [[]],
    "--cis-only": [["--cis-only"], ["--cis-only", "--ignore-diags", "0"]],
    "--trans-only": [["--trans-only"], ["--trans-only", "--mad-max", "2"]],
    "--ignore-diags": [["--ignore-diags", number] for number in "013"],
    "--ignore-dist": [["--ignore-dist", "3500"], ["--ignore-dist", "3500", "--ignore-diags", "5"]],
    "--mad-max": [["--mad-max", "2"], ["--mad-max", "0"]],
    "--min-nnz": [["--min-nnz", "30"]],
    "--min-count": [["--min-count", "40"]],
    "--blacklist": [["--blacklist", BLACKLIST]],
    "-p": [["-p", "1"], ["--nproc", "2"]],
    "-c": [["-c", "500"]],
    "--tol": [["--tol", "1e-2"], ["--tol", "1e-9"]],
    "--max-iters": [["--max-iters", "3"]],
    "--name": [["--name", "mine"]],
    "-f": [["--force"]],
    "--convergence-policy": [
        ["--max-iters", "3", "--convergence-policy", policy]
        for policy in ("store_final", "store_nan", "discard", "error")
    ],
}


def rows(table: tuple[str, str]) -> dict[str, list[str]]:
    """Return the options of each row of the first table of a section, and its other cells."""
    page, heading = table
    section = PAGES[page].partition(f"\n{heading}\n")[2].partition("\n#")[0]
    cells = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return {row[0]: [cell.strip() for cell in row[1:]] for row in cells[2:]}


def named(table: tuple[str, str]) -> set[str]:
    return {name for options in rows(table) for name in re.findall(r"`([^`]+)`", options)}


BALANCE = ("coming-from/cooler.md", "### Options of cooler balance")
ZOOMIFY = ("reference/command-line.md", "## zoomify")
SAME = [
    re.findall(r"`([^`]+)`", options)[0]
    for options, cells in rows(BALANCE).items()
    if cells[0] == "yes"
]


@pytest.mark.parametrize(("command", "table"), [("balance", BALANCE), ("zoomify", ZOOMIFY)])
def test_every_option_of_cooler_is_in_the_table(command: str, table: tuple[str, str]) -> None:
    options = {name for each in cli.commands[command].params for name in each.opts}
    assert options - {"cool_uri", "cool_path"} <= named(table)


def test_options_of_the_same_weights_have_examples() -> None:
    assert set(SAME) == set(EXAMPLES)
    assert {cells[0] for cells in rows(BALANCE).values()} == {"yes", "\u2013"}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("options")
    regions = "track name=gaps\nchr1\t10000\t13000\nchr2\t500\t700\n# none\nchr3\t39600\t39700\n"
    (folder / BLACKLIST).write_text(regions)
    return write_genome(folder / "map.cool")


def column(path: Path, name: str) -> NDArray[np.float64] | None:
    table = cooler.Cooler(str(path)).bins()
    return table[name][:].to_numpy() if name in table.columns else None


@pytest.mark.parametrize("arguments", [case for name in SAME for case in EXAMPLES[name]], ids=str)
@pytest.mark.filterwarnings("ignore::cooler._balance.ConvergenceWarning")
def test_the_same_weights_as_cooler(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(source.parent)
    theirs, ours = (tmp_path / name for name in ("theirs.cool", "ours.cool"))
    name = "mine" if "--name" in arguments else "weight"
    for path in (theirs, ours):
        shutil.copyfile(source, path)
        if "--force" in arguments:
            assert CliRunner().invoke(group, ["balance", "--in-place", "-m", "vc", str(path)])
            assert column(path, name) is not None
    # cooler obeys the last -p. With more processes it would fork this one.
    peer = CliRunner().invoke(cli, ["balance", *arguments, "-p", "1", str(theirs)])
    assert peer.exit_code == ("error" in arguments), repr(peer.exception)
    done = CliRunner().invoke(group, ["balance", "--in-place", *arguments, str(ours)])
    assert done.exit_code == (1 if "--max-iters" in arguments else 0), done.output
    expected, actual = column(theirs, name), column(ours, name)
    if {"discard", "error"} & set(arguments):
        assert expected is None
        assert actual is None
        return
    assert expected is not None
    assert actual is not None
    assert np.isfinite(expected).any() == ("store_nan" not in arguments)
    np.testing.assert_allclose(actual, expected, rtol=1e-10)
